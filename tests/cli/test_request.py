"""Where parameters go, for both styles of API, and what is sent of nested values."""

from __future__ import annotations

from typing import Any

import pytest

from keystead.cli.request import prepare, shown
from keystead.commands.catalogue import Action, Product
from keystead.commands.errors import CommandError
from keystead.commands.parameters import split_tokens, to_pairs
from keystead.wire.names import kebab


def parameter(name: str, kind: str = "string", *, required: bool = False, **more: Any) -> dict[str, Any]:
    return {"name": name, "type": kind, "required": required, "doc": "", "enum": [], "json": False, **more}


def action(style: str, method: str, path: str, *parameters: dict[str, Any]) -> Action:
    raw = {"summary": "s", "writes": True, "method": method, "path": path, "params": list(parameters)}
    return Product("p", "2026-01-01", style, {"DoIt": raw}).action("DoIt")


CATEGORY = action(
    "ROA",
    "POST",
    "/{WorkspaceId}/datacenter/category/",
    parameter("WorkspaceId", required=True),
    parameter("Lang"),
    parameter("Name", **{"in": "body"}),
    parameter("Tags", "array", **{"in": "body"}),
    parameter("auth", "object", **{"in": "body"}),
)


def test_a_roa_action_has_path_query_and_form() -> None:
    typed = ["--workspace-id", "ws/1 é", "--lang=en", "--name", "a&b", "--tags", "x", "--tags", "y"]
    typed += ["--auth", '{"accessIps": ["10.0.0.1"], "all": true, "none": null}']
    prepared = prepare(CATEGORY, to_pairs(CATEGORY, split_tokens(CATEGORY, typed)))
    assert prepared.target == "/ws%2F1%20%C3%A9/datacenter/category/?Lang=en"
    assert prepared.body == b"Name=a%26b&Tags.1=x&Tags.2=y&auth.accessIps.1=10.0.0.1&auth.all=true"
    assert dict(prepared.headers)["content-type"] == "application/x-www-form-urlencoded"


def test_a_part_of_the_path_cannot_be_empty() -> None:
    with pytest.raises(CommandError, match="not empty"):
        to_pairs(CATEGORY, [("WorkspaceId", "")])


def test_a_roa_read_sends_no_body() -> None:
    read = action("ROA", "GET", "/keys/{id}/", parameter("id"), parameter("b"), parameter("a"))
    prepared = prepare(read, (("id", "1"), ("b", "2"), ("a", "*~")))
    assert (prepared.method, prepared.target, prepared.body) == ("GET", "/keys/1/?a=%2A~&b=2", b"")
    assert "content-type" not in dict(prepared.headers)


def test_an_rpc_get_has_its_parameters_in_the_query() -> None:
    prepared = prepare(action("RPC", "GET", "/", parameter("A")), (("A", "1"),))
    assert (prepared.target, prepared.body) == ("/?A=1", b"")


def test_secrets_are_masked_when_a_request_is_shown() -> None:
    names = ("NewPassword", "SecurityToken", "AgentKey", "AuthenticationCode1", "SAMLAssertion")
    wanted = action("RPC", "POST", "/", *(parameter(name) for name in names))
    text = shown(prepare(wanted, tuple((name, "geheim") for name in names)), "http://h")
    assert "geheim" not in text
    assert text.count("***") == 3 * len(names)


@pytest.mark.parametrize(
    ("wire", "typed"),
    [
        ("CreateAccessKey", "create-access-key"),
        ("MFABindRequired", "mfa-bind-required"),
        ("GetUserMFAInfo", "get-user-mfa-info"),
        ("AssumeRoleWithOIDC", "assume-role-with-oidc"),
        ("apiKeyId", "api-key-id"),
        ("AuthenticationCode1", "authentication-code1"),
    ],
)
def test_kebab_names(wire: str, typed: str) -> None:
    assert kebab(wire) == typed
