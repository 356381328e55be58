"""No signature, somebody else's, one made with SHA-1, or a text that comments split: none of these proves anything."""

from __future__ import annotations

import dataclasses

import pytest
from lxml import etree
from signxml import SignatureMethod, XMLSigner

from keystead.identity import saml
from keystead.identity.saml import AssertionRefusedError
from services.idp import AUDIENCE, DS, A, Claim, IdP

NOW = 1_767_323_045.0
CLAIM = Claim(role="acs:ram::1:role/r", provider="acs:ram::1:saml-provider/p", now=NOW)


@pytest.fixture(scope="module")
def idp() -> IdP:
    return IdP(from_now=NOW)


def refused(idp: IdP, text: bytes) -> str:
    with pytest.raises(AssertionRefusedError) as caught:
        saml.verify(text, saml.read_metadata(idp.metadata()), (AUDIENCE,), NOW)
    return str(caught.value)


def test_an_unsigned_assertion_is_refused(idp: IdP) -> None:
    assert "neither" in refused(idp, etree.tostring(idp.response(CLAIM, over="nothing")))


def test_a_signature_taken_away_is_missed(idp: IdP) -> None:
    response = idp.response(CLAIM)
    assertion = response.find(A + "Assertion")
    assertion.remove(assertion.find(DS + "Signature"))
    assert "neither" in refused(idp, etree.tostring(response))


def test_a_certificate_inside_the_signature_counts_for_nothing(idp: IdP) -> None:
    stranger = IdP(from_now=NOW)
    said = refused(idp, etree.tostring(idp.response(CLAIM, signer=stranger)))
    assert said == "its signature is not the provider's"


def test_a_broken_signature_on_the_response_is_not_passed_over_for_the_assertions(idp: IdP) -> None:
    response = idp.response(CLAIM, over="both")
    response.set("Destination", "https://elsewhere.example.com")
    assert "signature is not the provider's" in refused(idp, etree.tostring(response))


def test_sha1_is_never_accepted(idp: IdP) -> None:
    class OldSigner(XMLSigner):
        def check_deprecated_methods(self) -> None:
            """Sign with SHA-1, as an old identity provider does."""

    signer = OldSigner(signature_algorithm=SignatureMethod.RSA_SHA1, digest_algorithm="sha1")
    assertion = idp.assertion(CLAIM)
    response = idp.response(CLAIM, over="nothing")
    response.remove(response.find(A + "Assertion"))
    pem = idp.certificate.public_bytes(saml.Encoding.PEM)
    response.append(signer.sign(assertion, key=idp.key, cert=pem, reference_uri=assertion.get("ID"), id_attribute="ID"))
    assert "algorithm that is not allowed" in refused(idp, etree.tostring(response))


@pytest.mark.parametrize("hidden", ["<!---->", "<!-- x -->", "<?x y?>"])
def test_a_comment_does_not_cut_a_name(idp: IdP, hidden: str) -> None:
    """Canonical XML leaves comments out, so the signature holds; the name would be read up to the comment."""
    signed = idp.response(dataclasses.replace(CLAIM, subject="admin@example.com.evil.example.com"))
    text = etree.tostring(signed).replace(b"admin@example.com.evil", f"admin@example.com{hidden}.evil".encode())
    assert "comments" in refused(idp, text)


def test_an_entity_bomb_is_not_expanded(idp: IdP) -> None:
    bomb = b"<!DOCTYPE a [<!ENTITY a 'aaaaaaaaaa'>" + b"".join(
        b"<!ENTITY a%d '%s'>" % (level, b"&a%d;" % (level - 1) * 10 if level else b"&a;" * 10) for level in range(9)
    )
    assert "document type" in refused(idp, bomb + b"]><a>&a8;</a>")


def test_a_file_is_not_read(idp: IdP) -> None:
    text = b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'
    assert "document type" in refused(idp, text)
