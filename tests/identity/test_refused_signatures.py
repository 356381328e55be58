"""Refused requests are kept for a while, sealed, and in bounds that nobody can use against another."""

from __future__ import annotations

from keystead.identity import refused_signatures
from keystead.identity.keyring import Keyring
from keystead.identity.refused_signatures import RefusedSignatures
from keystead.wire.request import WireRequest


def kept(ring: RefusedSignatures, request_id: str, key: str, *, sure: bool = True, body: bytes = b"b") -> None:
    request = WireRequest("POST", "/", "Password=secret-word", {"host": "h"}, body)
    ring.add(request_id, key, request, now=1.0, code="SignatureDoesNotMatch", secrets=frozenset(), sure=sure)


def test_a_request_comes_back_as_it_was_and_lies_sealed() -> None:
    ring = RefusedSignatures(Keyring([b"k" * 32]))
    kept(ring, "1", "LTAI1")
    refusal = ring.get("1")
    assert refusal is not None
    assert b"secret-word" not in refusal.sealed
    request = ring.request(refusal)
    assert (request.method, request.raw_query, request.body) == ("POST", "Password=secret-word", b"b")
    assert ring.get("2") is None


def test_one_pair_pushes_out_only_its_own() -> None:
    ring = RefusedSignatures(Keyring([b"k" * 32]))
    kept(ring, "first", "LTAI1")
    for number in range(100):
        kept(ring, f"n{number}", "LTAI2")
    assert ring.get("first") is not None
    assert len(ring) == 1 + refused_signatures.MOST_OF_A_PAIR
    assert ring.get("n99") is not None


def test_pairs_that_may_not_exist_push_out_none_that_do() -> None:
    ring = RefusedSignatures(Keyring([b"k" * 32]))
    kept(ring, "first", "LTAI1")
    for number in range(2000):
        kept(ring, f"n{number}", f"made-up-{number}", sure=False)
    assert ring.get("first") is not None
    assert len(ring) == 1 + refused_signatures.MOST_UNSURE
    for number in range(2000):
        kept(ring, f"s{number}", f"LTAI-{number}")
    assert len(ring) == refused_signatures.MOST + refused_signatures.MOST_UNSURE
    assert len(ring._of_pair) == len(ring)


def test_a_large_request_is_not_kept() -> None:
    ring = RefusedSignatures(Keyring([b"k" * 32]))
    kept(ring, "large", "LTAI1", body=b"x" * refused_signatures.LARGEST)
    assert (ring.get("large"), len(ring)) == (None, 0)
