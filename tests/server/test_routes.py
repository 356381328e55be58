"""Routing: RPC by version and name; ROA by version, method and path, with and without the slash at the end."""

from __future__ import annotations

from typing import Annotated

import pytest

from keystead.faults import Fault
from keystead.identity.callers import Caller
from keystead.products.action import Product
from keystead.products.desk import Desk
from keystead.server.routes import Routes
from keystead.wire.answers import Done
from keystead.wire.parameters import Input, Nothing, Text
from keystead.wire.request import WireRequest

ROA = Product("Studio", "2026-02-10", "modelstudio", roa=True, request_id="requestId")
RPC = Product("Ram", "2015-05-01", "ram")


class InPath(Input, frozen=True, rename="camel"):
    workspace_id: Annotated[str, Text(1, 64)]


@ROA.action("DeleteThing", memory=True, method="DELETE", path="/{workspaceId}/things/{thingId}/")
def delete_thing(_desk: Desk, _caller: Caller, _wanted: InPath) -> Done:
    """Delete."""
    return Done()


@ROA.action("ListAll", memory=True, method="GET", path="/things/all")
def list_all(_desk: Desk, _caller: Caller, _wanted: Nothing) -> Done:
    """List."""
    return Done()


@ROA.action("ListThings", memory=True, method="GET", path="/{workspaceId}/all")
def list_things(_desk: Desk, _caller: Caller, _wanted: InPath) -> Done:
    """List."""
    return Done()


@RPC.action("GetThing", memory=True)
def get_thing(_desk: Desk, _caller: Caller, _wanted: Nothing) -> Done:
    """Get."""
    return Done()


ROUTES = Routes([ROA, RPC])


def find(method: str, path: str, action: str | None, version: str | None) -> tuple[str, dict[str, str]]:
    found, given = ROUTES.find(WireRequest(method, path, "", {}), action, version)
    return found.name, given


@pytest.mark.parametrize("path", ["/llm-1/things/a%2Fb", "/llm-1/things/a%2Fb/"])
@pytest.mark.parametrize("action", ["DeleteThing", None])
def test_a_path_is_matched_raw_and_its_arguments_are_decoded(path: str, action: str | None) -> None:
    given = {"workspaceId": "llm-1", "thingId": "a/b"}
    assert find("DELETE", path, action, "2026-02-10") == ("DeleteThing", given)


def test_a_literal_segment_is_asked_before_a_variable_one() -> None:
    assert find("GET", "/things/all", None, "2026-02-10") == ("ListAll", {})
    assert find("GET", "/llm-1/all", None, "2026-02-10") == ("ListThings", {"workspaceId": "llm-1"})


@pytest.mark.parametrize(
    ("method", "path", "action", "version", "code"),
    [
        ("GET", "/", "GetThing", None, "MissingVersion"),
        ("GET", "/", "GetThing", "1999-01-01", "InvalidVersion"),
        ("GET", "/", None, "2015-05-01", "MissingAction"),
        ("GET", "/", "Nothing", "2015-05-01", "InvalidAction.NotFound"),
        ("GET", "/elsewhere", "GetThing", "2015-05-01", "InvalidAction.NotFound"),
        ("PUT", "/", "GetThing", "2015-05-01", "UnsupportedHTTPMethod"),
        ("DELETE", "/llm-1/things/a", "ListThings", "2026-02-10", "InvalidAction.NotFound"),  # header and path disagree
        ("GET", "/llm-1/things/a", None, "2026-02-10", "InvalidAction.NotFound"),
        ("DELETE", "/llm-1/things/%FF", None, "2026-02-10", "RequestParameterMalformed"),
    ],
)
def test_what_is_not_found(method: str, path: str, action: str | None, version: str | None, code: str) -> None:
    with pytest.raises(Fault) as caught:
        find(method, path, action, version)
    assert caught.value.code == code
