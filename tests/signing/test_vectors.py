"""Requests of unmodified vendor SDKs, stage by stage: the first stage that differs is the one that fails."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest

from keystead import signing
from keystead.faults import Fault
from keystead.signing import digests
from keystead.signing.times import parse_iso
from signing.messages import SIGNED, VECTORS, Request, request_of, secret_of

PLUS = "space as + (quote_plus)"  # a defect of one client, accepted only where asked for


def matching_form(vector: dict[str, Any]) -> tuple[Request, signing.Claim, signing.Form]:
    """The request of a vector, its claim, and the form in which the SDK signed it."""
    request = request_of(vector)
    claim = signing.read_claim(request)
    assert claim is not None
    name = vector["server_form"]
    forms = {form.name: form for form in signing.forms(claim, request, space_as_plus=name == PLUS)}
    assert name in forms
    return request, claim, forms[name]


@pytest.mark.parametrize("name", SIGNED)
def test_1_claim(name: str) -> None:
    vector = SIGNED[name]
    claim = signing.read_claim(request_of(vector))
    assert claim is not None
    assert claim.scheme == vector["scheme"]
    assert claim.access_key_id == vector["credential"]["access_key_id"]
    assert claim.security_token == vector["credential"].get("security_token")
    assert claim.timestamp == parse_iso(vector["clock"])
    if claim.nonce is not None:
        assert claim.nonce == vector["nonce"]
    rsa_or_v1 = not claim.scheme.startswith("ACS")
    written = b64encode(claim.signature).decode() if rsa_or_v1 else claim.signature.hex()
    assert written == vector["expected"]["signature"]


@pytest.mark.parametrize("name", [name for name, v in SIGNED.items() if "canonical_request" in v["expected"]])
def test_2_canonical_request(name: str) -> None:
    _, _, form = matching_form(SIGNED[name])
    assert form.canonical_request == SIGNED[name]["expected"]["canonical_request"]


@pytest.mark.parametrize("name", [name for name, v in SIGNED.items() if "string_to_sign" in v["expected"]])
def test_3_string_to_sign(name: str) -> None:
    _, _, form = matching_form(SIGNED[name])
    assert form.string_to_sign == SIGNED[name]["expected"]["string_to_sign"]


@pytest.mark.parametrize("name", SIGNED)
def test_4_signature(name: str) -> None:
    vector = SIGNED[name]
    request, claim, form = matching_form(vector)
    covered = signing.verify(claim, request, secret_of(vector), space_as_plus=vector["server_form"] == PLUS)
    assert covered == form.parameters
    assert "Signature" not in dict(covered)


@pytest.mark.parametrize("name", [name for name, v in SIGNED.items() if "mac_key" in v["expected"]])
def test_5_mac_of_the_sdk(name: str) -> None:
    """Independent of `verify`: key and input as the SDK had them."""
    expected = SIGNED[name]["expected"]
    mac = digests.sha1_mac(expected["mac_key"].encode(), expected["string_to_sign"].encode())
    assert b64encode(mac).decode() == expected["signature"]


@pytest.mark.parametrize("name", SIGNED)
def test_another_secret_is_refused(name: str) -> None:
    vector = SIGNED[name]
    request = request_of(vector)
    claim = signing.read_claim(request)
    assert claim is not None
    if "public_key_pem" in vector["credential"]:
        other = next(v for n, v in SIGNED.items() if n != name and "public_key_pem" in v["credential"])
        secret = secret_of(other)
    else:
        secret = secret_of(vector) + "x"
    with pytest.raises(Fault) as refused:
        signing.verify(claim, request, secret, space_as_plus=True)
    assert (refused.value.code, refused.value.status) == ("SignatureDoesNotMatch", 400)


def test_space_as_plus_is_off_by_default() -> None:
    vector = SIGNED["rpcv1-cred-policy-with-space"]
    request = request_of(vector)
    claim = signing.read_claim(request)
    assert claim is not None
    with pytest.raises(Fault, match="SignatureDoesNotMatch"):
        signing.verify(claim, request, secret_of(vector))


@pytest.mark.parametrize("name", [name for name, v in VECTORS.items() if v["scheme"] == "BEARER"])
def test_bearer(name: str) -> None:
    vector = VECTORS[name]
    request = request_of(vector)
    claim = signing.read_claim(request)
    assert claim is not None
    assert claim.scheme == (signing.BEARER if vector["style"] in {"RPC", "ROA"} else signing.MODEL_BEARER)
    assert claim.bearer == vector["credential"]["bearer_token"]
    assert claim.access_key_id == ""
    if vector["style"] in {"RPC", "ROA"}:
        action, version = signing.operation(request, claim)
        assert action
        assert version
    with pytest.raises(TypeError):
        signing.verify(claim, request, "anything")


@pytest.mark.parametrize("name", [name for name, v in VECTORS.items() if v["scheme"] == "ANONYMOUS"])
def test_anonymous(name: str) -> None:
    vector = VECTORS[name]
    request = request_of(vector)
    assert signing.read_claim(request) is None
    action, version = signing.operation(request, None)
    assert action in {"AssumeRoleWithOIDC", "AssumeRoleWithSAML"}
    assert version == "2015-04-01"
    claim = signing.read_anonymous(request)
    assert claim.timestamp == parse_iso(vector["clock"])
    assert claim.nonce in {vector["nonce"], None}


def test_what_has_no_signature_cannot_be_verified() -> None:
    """A mistake of ours, not the caller's: it must not pass for a refusal, and never for an acceptance."""
    claim = signing.read_anonymous(request_of(VECTORS["anon-cred-oidc-get"]))
    assert claim.scheme == signing.ANONYMOUS
    with pytest.raises(TypeError, match="ANONYMOUS"):
        signing.verify(claim, request_of(VECTORS["anon-cred-oidc-get"]), "")
    assert list(signing.forms(claim, request_of(VECTORS["anon-cred-oidc-get"]))) == []


def test_the_tally_of_the_file_is_met() -> None:
    assert len(VECTORS) == 128
    assert len(SIGNED) == 118
