"""Two equal nodes on one PostgreSQL: what one is told, the other follows."""

from __future__ import annotations

import time
from collections.abc import Callable

import httpx
import pytest

from journeys.test_endurance import new_pair
from services import rpc
from services.rpc import ApiError
from services.server import Server

FOLLOWS_WITHIN = 1.0
"""Seconds in which a revocation holds on every node: the design's law 6."""


@pytest.fixture
def nodes(start_server: Callable[..., Server], postgres_url: str) -> tuple[Server, Server]:
    """The node that made the account, and one that joined."""
    first = start_server(database=postgres_url)
    return first, start_server(database=postgres_url, beside=first)


def test_a_revocation_holds_on_the_other_node_within_a_second(nodes: tuple[Server, Server]) -> None:
    """The pair is in the other node's memory when it is disabled."""
    here, there = nodes
    alice = new_pair(here, "alice")
    rpc.call(there.url, alice, "sts", "GetCallerIdentity")
    disable = {"UserName": "alice", "UserAccessKeyId": alice.id, "Status": "Inactive"}
    rpc.call(here.url, here.admin, "ram", "UpdateAccessKey", **disable)
    told = time.monotonic()
    refusal = None
    while refusal is None and time.monotonic() - told <= FOLLOWS_WITHIN:  # a call may end later than it was made
        refusal = _refusal_of(lambda: rpc.call(there.url, alice, "sts", "GetCallerIdentity"))
        time.sleep(0.02)
    assert refusal is not None, f"the other node still accepts the pair after {FOLLOWS_WITHIN} s"
    assert refusal.code == "InvalidAccessKeyId.Inactive"


def _refusal_of(call: Callable[[], object]) -> ApiError | None:
    try:
        call()
    except ApiError as refusal:
        return refusal
    return None


def test_a_write_cannot_be_sent_again_to_the_other_node(nodes: tuple[Server, Server]) -> None:
    """RPC 1.0 does not sign the host, so only the nonce tells that a request was here before."""
    here, there = nodes
    wanted = {"Action": "CreateGroup", "Version": "2015-05-01", "GroupName": "readers"}
    request = rpc.signed(here.admin, "GET", wanted)
    assert httpx.get(f"{here.url}/?{request}", trust_env=False).status_code == 200
    rpc.call(here.url, here.admin, "ram", "DeleteGroup", GroupName="readers")
    again = httpx.get(f"{there.url}/?{request}", trust_env=False)
    assert again.json()["Code"] == "SignatureNonceUsed"
    assert again.status_code == 400
