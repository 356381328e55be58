"""The story by every client, on both databases; and what each client shows of a refusal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from journeys.client import ApiError, Client
from journeys.core_sdk import CoreCommonRequest, CoreSdk
from journeys.curl import Curl
from journeys.current_sdk import CurrentSdk
from journeys.node_sdk import NodeSdk
from journeys.our_cli import OurCli, OurCliByProduct
from journeys.story import REQUEST_ID, Story
from services.server import Server

CLIENTS: dict[str, Callable[[Server], Client]] = {
    "python-sdk": CurrentSdk,
    "python-sdk-v2": lambda server: CurrentSdk(server, signature_algorithm="v2"),
    "core-sdk": CoreSdk,
    "core-sdk-common-request": CoreCommonRequest,
    "pop-core-get": lambda server: NodeSdk(server, "pop-core-get"),
    "pop-core-post": lambda server: NodeSdk(server, "pop-core-post"),
    "node-sdk": lambda server: NodeSdk(server, "current"),
    "curl": Curl,
    "keystead-call": OurCli,
    "keystead-ram": OurCliByProduct,
}


@pytest.fixture(params=CLIENTS)
def client(request: pytest.FixtureRequest, shared_server: Server) -> Iterator[Client]:
    """Each client in turn."""
    made = CLIENTS[request.param](shared_server)
    yield made
    made.close()


def test_story(client: Client, shared_server: Server) -> None:
    """A user, a pair, a policy, a role, and the way back."""
    Story(client, shared_server.admin, shared_server.account_id).tell()


def test_wrong_secret(client: Client, shared_server: Server) -> None:
    """The client's user reads which thing is wrong, and the id to look it up by."""
    with pytest.raises(ApiError) as caught:
        client.call(replace(shared_server.admin, secret="x" * 30), "ram", "ListUsers", {"MaxItems": "10"})
    refusal = caught.value
    assert refusal.code == client.wrong_secret
    assert refusal.message
    assert REQUEST_ID.fullmatch(refusal.request_id or "")
    if client.shows_status:
        assert refusal.status == 400
    assert "x" * 30 not in refusal.message


def test_unknown_pair(client: Client, shared_server: Server) -> None:
    """A pair that Keystead never issued."""
    with pytest.raises(ApiError) as caught:
        client.call(replace(shared_server.admin, id="LTAI" + "9" * 20), "sts", "GetCallerIdentity", {})
    assert caught.value.code == "InvalidAccessKeyId.NotFound"
    assert REQUEST_ID.fullmatch(caught.value.request_id or "")


@pytest.mark.parametrize("client", [name for name in CLIENTS if not name.startswith("keystead")], indirect=True)
def test_parameter_that_is_missing(client: Client, shared_server: Server) -> None:
    """A required parameter that was left out is named in code and message. (Our own CLI refuses before it calls.)"""
    with pytest.raises(ApiError) as caught:
        client.call(shared_server.admin, "ram", "CreateUser", {"DisplayName": "Nobody"})
    assert caught.value.code == "MissingUserName", str(caught.value)
    assert "UserName" in caught.value.message
