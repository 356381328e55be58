"""Where a pair may be used from, over the wire: directly, through proxies, and at once on every node that matters."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from services import rpc
from services.rpc import ApiError, Key
from services.server import Server


def policy(*addresses: str, status: str = "Active") -> str:
    """A network policy."""
    statement = {"Type": "ClassicWhiteList", "IPList": list(addresses)}
    return json.dumps({"Status": status, "Statements": [statement]})


def make_user(server: Server, name: str) -> Key:
    """A user that may do everything, and its pair."""
    rpc.call(server.url, server.admin, "ram", "CreateUser", UserName=name)
    given = {"UserName": name, "PolicyType": "System", "PolicyName": "AdministratorAccess"}
    rpc.call(server.url, server.admin, "ram", "AttachPolicyToUser", **given)
    pair: Any = rpc.call(server.url, server.admin, "ram", "CreateAccessKey", UserName=name)["AccessKey"]
    return Key(pair["AccessKeyId"], pair["AccessKeySecret"])


def seen(server: Server, key: Key, headers: dict[str, str]) -> str:
    """The error code that a call with these headers gets, or "" where it passes."""
    query = rpc.signed(key, "GET", {"Action": "GetCallerIdentity", "Version": rpc.VERSIONS["sts"]})
    answer = httpx.get(f"{server.url}/?{query}", headers=headers, timeout=30, trust_env=False)
    return "" if answer.status_code == 200 else str(answer.json()["Code"])


def test_a_pair_is_refused_elsewhere_at_once_and_sessions_are_not(server: Server) -> None:
    alice = make_user(server, "alice")
    rpc.call(server.url, alice, "sts", "GetCallerIdentity")
    trust = {"Version": "1", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {
        "RAM": [f"acs:ram::{server.account_id}:root"]}}]}  # fmt: skip
    given = {"RoleName": "reader", "AssumeRolePolicyDocument": json.dumps(trust)}
    rpc.call(server.url, server.admin, "ram", "CreateRole", **given)
    arn = f"acs:ram::{server.account_id}:role/reader"
    taken: Any = rpc.call(server.url, alice, "sts", "AssumeRole", RoleArn=arn, RoleSessionName="net")
    session = taken["Credentials"]
    named = {"UserPrincipalName": "alice", "UserAccessKeyId": alice.id}
    rpc.call(server.url, server.admin, "ims", "SetAccessKeyPolicy", **named, AccessKeyPolicy=policy("192.0.2.0/24"))
    with pytest.raises(ApiError) as caught:
        rpc.call(server.url, alice, "sts", "GetCallerIdentity")
    assert (caught.value.status, caught.value.code) == (403, "NoPermission.AccessKeyPolicy")
    assert "127.0.0.1" in caught.value.message
    wrong = Key(alice.id, "x" * 30)  # who does not hold the secret learns nothing of the policy
    assert seen(server, wrong, {}) == "SignatureDoesNotMatch"
    temporary = Key(session["AccessKeyId"], session["AccessKeySecret"], session["SecurityToken"])
    assert seen(server, temporary, {}) == ""
    rpc.call(server.url, server.admin, "ims", "SetAccessKeyPolicy", **named, AccessKeyPolicy=policy("127.0.0.0/8"))
    assert seen(server, alice, {}) == ""


def test_the_accounts_policy_binds_pairs_without_their_own(server: Server) -> None:
    alice = make_user(server, "alice")
    mine = {"UserPrincipalName": "admin", "UserAccessKeyId": server.admin.id}
    here = policy("127.0.0.1")
    rpc.call(server.url, server.admin, "ims", "SetAccessKeyPolicy", **mine, AccessKeyPolicy=here)
    elsewhere = policy("192.0.2.1")
    rpc.call(server.url, server.admin, "ims", "SetAccessKeyPolicyForAccount", AccessKeyPolicy=elsewhere)
    assert seen(server, alice, {}) == "NoPermission.AccessKeyPolicy"
    assert seen(server, server.admin, {}) == ""
    off = policy("192.0.2.1", status="Inactive")
    rpc.call(server.url, server.admin, "ims", "SetAccessKeyPolicyForAccount", AccessKeyPolicy=off)
    assert seen(server, alice, {}) == ""


@pytest.fixture(params=["x-forwarded-for", "forwarded"])
def proxied(request: pytest.FixtureRequest, start_server: Callable[..., Server]) -> tuple[Server, str]:
    """A server behind a proxy on this machine, and the header that the proxy writes."""
    header: str = request.param
    return start_server(options=("--trusted-proxy", "127.0.0.1", "--proxy-header", header)), header


def test_behind_a_proxy_the_callers_own_address_counts(proxied: tuple[Server, str]) -> None:
    server, header = proxied
    other = "forwarded" if header == "x-forwarded-for" else "x-forwarded-for"
    alice = make_user(server, "alice")
    named = {"UserPrincipalName": "alice", "UserAccessKeyId": alice.id}
    rpc.call(server.url, server.admin, "ims", "SetAccessKeyPolicy", **named, AccessKeyPolicy=policy("192.0.2.0/24"))

    def from_(address: str, name: str) -> dict[str, str]:
        return {name: address if name == "x-forwarded-for" else f"for={address};proto=https"}

    assert seen(server, alice, from_("192.0.2.7", header)) == ""
    assert seen(server, alice, from_("203.0.113.7", header)) == "NoPermission.AccessKeyPolicy"
    assert seen(server, alice, from_("192.0.2.7", other)) == "NoPermission.AccessKeyPolicy"
    both = from_("203.0.113.7", header) | from_("192.0.2.7", other)
    assert seen(server, alice, both) == "NoPermission.AccessKeyPolicy"
