"""The two messages that clients cut apart, word for word (section 10.4), and what becomes of odd bytes in them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from keystead import signing
from keystead.faults import Fault
from signing.messages import SIGNED, Request, request_of

WRONG = "wrongDummySecret"


def mismatch(request: Request, secret: str = WRONG) -> Fault:
    claim = signing.read_claim(request)
    assert claim is not None
    with pytest.raises(Fault) as refused:
        signing.verify(claim, request, secret)
    return refused.value


@pytest.mark.parametrize("name", ["rpcv1-get-simple-core21333", "rpcv1-go-post-form-special", "roav1-tea-delete"])
def test_v1_ends_with_the_string_to_sign(name: str) -> None:
    vector = SIGNED[name]
    fault = mismatch(request_of(vector))
    claim = signing.read_claim(request_of(vector))
    assert claim is not None
    expected = vector["expected"].get("string_to_sign") or next(signing.forms(claim, request_of(vector))).string_to_sign
    assert fault.message == (
        f"Specified signature is not matched with our calculation. server string to sign is:{expected}"
    )


def test_what_the_old_python_sdk_cuts_out_is_its_own_string() -> None:
    vector = SIGNED["rpcv1-get-simple-core21333"]
    assert mismatch(request_of(vector)).message.split(":")[1] == vector["expected"]["string_to_sign"]


def test_acs_shows_both_texts() -> None:
    vector = SIGNED["v3-rpc-py-list-users"]
    expected = vector["expected"]
    assert mismatch(request_of(vector)).message == (
        "Specified signature does not match our calculation. "
        f"server StringToSign is [{expected['string_to_sign']}] "
        f"server CanonicalRequest is [{expected['canonical_request']}]"
    )


def test_incomplete_ends_with_the_string_to_sign() -> None:
    vector = SIGNED["rpcv1-get-simple-core21333"]
    request = request_of(vector)
    query = request.raw_query.partition("&Signature=")[0] + "&Signature=not*base64"
    with pytest.raises(Fault) as refused:
        signing.read_claim(replace(request, raw_query=query))
    assert refused.value.code == "IncompleteSignature"
    assert refused.value.message == (
        "The request signature does not conform to Aliyun standards. "
        f"server string to sign is:{vector['expected']['string_to_sign']}"
    )


def test_incomplete_of_roa_ends_with_the_string_to_sign() -> None:
    vector = SIGNED["roav1-tea-delete"]
    request = request_of(vector)
    with pytest.raises(Fault) as refused:
        signing.read_claim(replace(request, headers={**request.headers, "authorization": "acs key:not*base64"}))
    assert refused.value.code == "IncompleteSignature"
    assert refused.value.message.endswith(f"server string to sign is:{vector['expected']['string_to_sign']}")


def test_a_known_reason_stands_in_the_next_step() -> None:
    request = request_of(SIGNED["v3-rpc-py-list-users"])
    unsigned = replace(request, headers={**request.headers, "x-acs-extra": "1"})
    assert "x-acs-extra" in mismatch(unsigned).next_step
    assert "x-acs-content-sha256" in mismatch(replace(request, body=b"more")).next_step


def test_braces_in_a_request_are_text() -> None:
    request = request_of(SIGNED["rpcv1-get-simple-core21333"])
    fault = mismatch(replace(request, raw_query=request.raw_query + "&x={string_to_sign}{0}{"))
    assert fault.code == "SignatureDoesNotMatch"
    headers = {**request_of(SIGNED["v3-rpc-py-list-users"]).headers, "accept": "{canonical_request}{0}{"}
    assert "accept:{canonical_request}{0}{" in mismatch(Request("POST", "/", "", headers)).message


def test_stray_bytes_in_a_header_can_be_answered() -> None:
    request = request_of(SIGNED["v3-rpc-py-list-users"])
    fault = mismatch(replace(request, headers={**request.headers, "accept": "\xff\xfe"}))
    assert fault.message.encode("utf-8")


@pytest.mark.parametrize("name", ["rpcv1-get-simple-core21333", "v3-rpc-py-list-users", "v4-rpc-py-list-users"])
def test_no_refusal_holds_the_secret(name: str) -> None:
    fault = mismatch(request_of(SIGNED[name]), "veryWrongDummySecret")
    assert "veryWrongDummySecret" not in f"{fault} {fault.message} {fault.next_step}"
