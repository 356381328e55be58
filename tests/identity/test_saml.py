"""Assertions of our own identity provider: what passes, and why each of the others does not."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from lxml import etree

from keystead.identity import saml
from keystead.identity.saml import AssertionRefusedError, MetadataError
from services.idp import AUDIENCE, RECIPIENT, Claim, IdP

NOW = 1_767_323_045.0
CLAIM = Claim(role="acs:ram::1:role/r", provider="acs:ram::1:saml-provider/p", now=NOW)


@pytest.fixture(scope="module")
def idp() -> IdP:
    return IdP(from_now=NOW)


def verified(idp: IdP, text: bytes, now: float = NOW, audiences: tuple[str, ...] = (AUDIENCE,)) -> saml.Assertion:
    return saml.verify(text, saml.read_metadata(idp.metadata()), audiences, now)


def refused(idp: IdP, text: bytes, now: float = NOW) -> AssertionRefusedError:
    with pytest.raises(AssertionRefusedError) as caught:
        verified(idp, text, now)
    return caught.value


def sent(idp: IdP, over: str = "assertion", **changes: Any) -> bytes:
    return bytes(etree.tostring(idp.response(dataclasses.replace(CLAIM, **changes), over=over)))


@pytest.mark.parametrize("over", ["assertion", "response", "both"])
def test_a_signed_assertion_says_who_it_is_for(idp: IdP, over: str) -> None:
    found = verified(idp, sent(idp, over))
    assert (found.subject, found.issuer, found.recipient) == ("alice@example.com", idp.entity_id, RECIPIENT)
    assert found.subject_format.endswith(":persistent")
    assert found.ends_at == NOW + 300 // 1 + saml.SKEW_SECONDS
    assert found.session_ends_at is None
    name = "https://www.aliyun.com/SAML-Role/Attributes/Role"
    assert found.attributes[name] == ("acs:ram::1:role/r,acs:ram::1:saml-provider/p",)


def test_either_of_two_certificates_will_do(idp: IdP) -> None:
    other = IdP(from_now=NOW)
    known = saml.read_metadata(other.metadata(idp))
    text = etree.tostring(idp.response(CLAIM))
    assert saml.verify(text, known, (AUDIENCE,), NOW).subject == "alice@example.com"


@pytest.mark.parametrize(
    ("changes", "why", "expired"),
    [
        ({"audience": "urn:other"}, "Audience is 'urn:other'", False),
        ({"issuer": "https://evil.example.com"}, "Issuer is 'https://evil.example.com'", False),
        ({"ends": -31}, "ended 31 seconds ago", True),
        ({"confirmed_until": -31}, "ended 31 seconds ago", True),
        ({"begins": 31}, "counts in 31 seconds only", False),
        ({"ends": 90_000, "confirmed_until": 90_000}, "longer than a day", False),
        ({"session_end": -1}, "session has ended", True),
        ({"subject": ""}, "NameID is empty", False),
    ],
)
def test_a_claim_that_does_not_hold_is_refused(idp: IdP, changes: dict[str, Any], why: str, expired: bool) -> None:
    fault = refused(idp, sent(idp, **changes))
    assert why in str(fault)
    assert fault.expired is expired


def test_a_clock_may_differ_by_half_a_minute(idp: IdP) -> None:
    assert verified(idp, sent(idp, ends=-29, confirmed_until=-29))
    assert verified(idp, sent(idp, begins=29))


def test_a_response_that_says_failure_is_refused(idp: IdP) -> None:
    assert "status is not Success" in str(refused(idp, sent(idp, "response", status="Requester")))


def test_an_expired_certificate_signs_nothing(idp: IdP) -> None:
    old = IdP(from_now=NOW - 40 * 86_400)
    text = etree.tostring(old.response(CLAIM))
    with pytest.raises(AssertionRefusedError, match="expired"):
        saml.verify(text, saml.read_metadata(old.metadata()), (AUDIENCE,), NOW)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"", "not well-formed"),
        (b"<a", "not well-formed"),
        (b"<a/>", "not a SAML 2.0 Response"),
        (b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "document type"),
        ("<!DOCTYPE a><a/>".encode("utf-16"), "document type"),
        (b"<a>" * 5000 + b"</a>" * 5000, "not well-formed"),
        (b"<a>" + b"x" * saml.MAX_RESPONSE + b"</a>", "at most"),
    ],
)
def test_what_is_no_response_is_refused(idp: IdP, text: bytes, why: str) -> None:
    assert why in str(refused(idp, text))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda text: text.replace(b"IDPSSODescriptor", b"SPSSODescriptor"), "0 IDPSSODescriptor"),
        (lambda text: text.replace(b"entityID", b"other"), "no entityID"),
        (lambda text: text.replace(b'use="signing"', b'use="encryption"'), "0 signing certificates"),
        (lambda text: text.replace(b"MII", b"!!!"), "cannot be read"),
        (lambda text: b"<!DOCTYPE a><a/>", "document type"),
        (lambda text: b"x" * (saml.MAX_METADATA + 1), "at most"),
    ],
)
def test_metadata_that_cannot_be_used_is_refused(idp: IdP, change: Any, why: str) -> None:
    with pytest.raises(MetadataError, match=why):
        saml.read_metadata(change(idp.metadata()))


def test_metadata_has_two_certificates_at_most_and_no_short_key(idp: IdP) -> None:
    with pytest.raises(MetadataError, match="3 signing certificates"):
        saml.read_metadata(idp.metadata(IdP(from_now=NOW), IdP(from_now=NOW)))
    with pytest.raises(MetadataError, match="1024 bits"):
        saml.read_metadata(IdP(from_now=NOW, bits=1024).metadata())
