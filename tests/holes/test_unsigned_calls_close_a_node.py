"""Nonces of unsigned calls went into the window that signed calls need: anybody could fill it and close the node."""

from __future__ import annotations

import time
from collections.abc import Callable

import httpx
import pytest

from keystead.faults import Fault
from keystead.identity.replay import UnsignedNonces, digest
from services import rpc
from services.server import Server


def test_unsigned_nonces_are_refused_on_reuse_and_the_oldest_give_way() -> None:
    nonces = UnsignedNonces(limit=3)
    marks = [digest("192.0.2.1", str(number)) for number in range(5)]
    for mark in marks:
        nonces.accept(mark, 1000.0, 100.0)
    assert len(nonces) == 3
    with pytest.raises(Fault, match="SignatureNonceUsed"):
        nonces.accept(marks[-1], 1000.0, 100.0)
    nonces.accept(marks[0], 1000.0, 100.0)  # it gave way
    nonces.accept(marks[0], 2000.0, 1000.0)  # its time has passed


def test_a_signed_call_is_answered_after_a_flood_of_unsigned_ones(start_server: Callable[..., Server]) -> None:
    server = start_server(options=("--nonce-limit", "1000", "--sts-per-second", "0"))
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    common = {"Action": "AssumeRoleWithOIDC", "Version": "2015-04-01", "Format": "JSON", "Timestamp": stamp}
    with httpx.Client(base_url=server.url, trust_env=False) as client:
        for number in range(1100):
            answer = client.get("/", params={**common, "SignatureNonce": f"nonce-{number}"})
            assert answer.status_code == 400
            assert answer.json()["Code"].startswith("Missing")
    assert rpc.call(server.url, server.admin, "sts", "GetCallerIdentity")["IdentityType"] == "RAMUser"
