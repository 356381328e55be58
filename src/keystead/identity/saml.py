"""SAML 2.0: what an identity provider's metadata says, and whether an assertion is genuine.

Pure: bytes and a time in, values out.  Everything is read from what the signature check gave back, never from the
document that arrived, so that a signed part cannot vouch for an unsigned one (signature wrapping).

Source: reference/ram-behaviour.md 5.11 and 8.2; SAML 2.0 core and profiles; XML signature best practices.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from keystead.identity import xml
from keystead.identity.xml import Element, UnfitXmlError

if TYPE_CHECKING:
    from cryptography import x509

MAX_METADATA = 262_144
MAX_RESPONSE = 131_072
MAX_CERTIFICATES = 2
SKEW_SECONDS = 30
LONGEST_SECONDS = 86_400
"""An assertion that would be good for longer than a day is refused: it is remembered until its end."""

_MD = "{urn:oasis:names:tc:SAML:2.0:metadata}"
_DS = "{http://www.w3.org/2000/09/xmldsig#}"
_A = "{urn:oasis:names:tc:SAML:2.0:assertion}"
_P = "{urn:oasis:names:tc:SAML:2.0:protocol}"
_SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"
_BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
_SIGNATURES = ("RSA_SHA256", "RSA_SHA384", "RSA_SHA512", "ECDSA_SHA256", "ECDSA_SHA384", "ECDSA_SHA512")
_DIGESTS = ("SHA256", "SHA384", "SHA512")
_TRANSFORMS = frozenset(
    {
        "http://www.w3.org/2000/09/xmldsig#enveloped-signature",
        "http://www.w3.org/2001/10/xml-exc-c14n#",
        "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
        "http://www.w3.org/2006/12/xml-c14n11",
    }
)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)")
_LEAST_RSA_BITS, _MOST_RSA_BITS = 2048, 8192


class MetadataError(Exception):
    """The metadata document cannot be used; says why."""


class AssertionRefusedError(Exception):
    """The assertion proves nothing; says why.  expired: its time has passed."""

    def __init__(self, why: str, *, expired: bool = False) -> None:
        super().__init__(why)
        self.expired = expired


@dataclass(frozen=True, slots=True)
class IdentityProvider:
    """What metadata says: the issuer of assertions and the certificates that it signs with."""

    entity_id: str
    certificates: tuple[x509.Certificate, ...]


@dataclass(frozen=True, slots=True)
class Assertion:
    """A genuine assertion.  ends_at: seconds, from when on it counts no more; session_ends_at: or None.

    attributes: the texts of every attribute by name.
    """

    id: str
    issuer: str
    subject: str
    subject_format: str
    recipient: str
    ends_at: float
    session_ends_at: float | None
    attributes: dict[str, tuple[str, ...]]


def read_metadata(text: bytes) -> IdentityProvider:
    """Read a metadata document: exactly one IdP descriptor, of one or two signing certificates.

    Raises `MetadataError`.
    """
    try:
        root = xml.parse(text, MAX_METADATA)
        descriptors = list(root.iter(_MD + "IDPSSODescriptor"))
        if len(descriptors) != 1:
            raise MetadataError(f"it has {len(descriptors)} IDPSSODescriptor elements; exactly one is needed")
        entity = descriptors[0].getparent()
        entity_id = "" if entity is None or entity.tag != _MD + "EntityDescriptor" else entity.get("entityID", "")
        if not 1 <= len(entity_id) <= 1024:
            raise MetadataError("its EntityDescriptor has no entityID of 1 to 1024 characters")
        signing = [each for each in descriptors[0].findall(_MD + "KeyDescriptor") if each.get("use") != "encryption"]
        texts = dict.fromkeys(
            "".join(xml.text_of(found).split()) for key in signing for found in key.iter(_DS + "X509Certificate")
        )
    except UnfitXmlError as error:
        raise MetadataError(str(error)) from None
    if not 1 <= len(texts) <= MAX_CERTIFICATES:
        raise MetadataError(f"it has {len(texts)} signing certificates; one or {MAX_CERTIFICATES} are allowed")
    return IdentityProvider(entity_id, tuple(_certificate(text) for text in texts))


def _certificate(text: str) -> x509.Certificate:
    from cryptography import x509  # as signxml below

    try:
        found = x509.load_der_x509_certificate(base64.b64decode(text, validate=True))
        key = found.public_key()
    except (binascii.Error, ValueError, UnsupportedAlgorithm):
        raise MetadataError("one of its certificates cannot be read") from None
    if isinstance(key, rsa.RSAPublicKey):
        if not _LEAST_RSA_BITS <= key.key_size <= _MOST_RSA_BITS:
            raise MetadataError(f"a certificate's RSA key has {key.key_size} bits; 2048 to 8192 are allowed")
    elif not isinstance(key, ec.EllipticCurvePublicKey):
        raise MetadataError("a certificate's key is neither RSA nor of an elliptic curve")
    return found


def verify(text: bytes, provider: IdentityProvider, audiences: tuple[str, ...], now: float) -> Assertion:
    """The assertion of a SAML response, when it is genuine, for one of `audiences`, and in its time.

    The signature stands on the response or on the assertion; a signature on the response must hold when there is
    one.  Raises `AssertionRefusedError`.
    """
    try:
        root = xml.parse(text, MAX_RESPONSE)
        assertion = _signed_assertion(root, provider, now)
        return _judge(assertion, provider, audiences, now)
    except UnfitXmlError as error:
        raise AssertionRefusedError(str(error)) from None


def _signed_assertion(root: Element, provider: IdentityProvider, now: float) -> Element:
    """The one assertion, out of what a signature covers."""
    if root.tag != _P + "Response":
        raise AssertionRefusedError("its root element is not a SAML 2.0 Response")
    if next(root.iter(_A + "EncryptedAssertion"), None) is not None:
        raise AssertionRefusedError("its assertion is encrypted; send a signed one over TLS")
    assertions = list(root.iter(_A + "Assertion"))
    if len(assertions) != 1 or assertions[0].getparent() is not root:
        raise AssertionRefusedError("it must hold exactly one Assertion, as a child of Response")
    ids = [value for node in root.iter() for name, value in node.attrib.items() if _is_id(str(name))]
    if len(ids) != len(set(ids)):
        raise AssertionRefusedError("two of its elements have the same ID")
    if _signature_of(root) is not None:
        response = _verified(root, "./", root.get("ID", ""), provider, now)
        status = response.find(f"{_P}Status/{_P}StatusCode")
        if status is None or status.get("Value") != _SUCCESS:
            raise AssertionRefusedError("its status is not Success")
        inside = response.findall(_A + "Assertion")
        if response.tag != _P + "Response" or len(inside) != 1:
            raise AssertionRefusedError("what is signed is not a Response with one Assertion")
        return inside[0]
    if _signature_of(assertions[0]) is None:
        raise AssertionRefusedError("neither the Response nor the Assertion is signed")
    signed = _verified(root, f"./{_A}Assertion/", assertions[0].get("ID", ""), provider, now)
    if signed.tag != _A + "Assertion":
        raise AssertionRefusedError("what is signed is not the Assertion")
    return signed


def _is_id(name: str) -> bool:
    return name.rpartition("}")[2].lower() == "id"


def _signature_of(element: Element) -> Element | None:
    """The signature that is a child of `element`; more than one, or one over something else, is refused."""
    found = element.findall(_DS + "Signature")
    if not found:
        return None
    if len(found) > 1:
        raise AssertionRefusedError("an element has more than one signature")
    references = found[0].findall(f"{_DS}SignedInfo/{_DS}Reference")
    wanted = element.get("ID", "")
    if len(references) != 1 or not wanted or references[0].get("URI") != f"#{wanted}":
        raise AssertionRefusedError("a signature does not refer to the element it stands in")
    used = [each.get("Algorithm") for each in references[0].iter(_DS + "Transform")]
    if not set(used) <= _TRANSFORMS or len(used) > 2:
        raise AssertionRefusedError("a signature transforms what it signs in a way that is not allowed")
    if found[0].find(_DS + "Object") is not None:
        raise AssertionRefusedError("a signature carries an Object")
    return found[0]


def _verified(root: Element, location: str, wanted: str, provider: IdentityProvider, now: float) -> Element:
    """What the signature at `location` covers, parsed again from the bytes that were hashed."""
    # Imported where it is used: few nodes ever see an assertion, and every start would pay.
    from lxml import etree
    from signxml.algorithms import DigestAlgorithm, SignatureMethod
    from signxml.exceptions import InvalidCertificate, SignXMLException
    from signxml.verifier import SignatureConfiguration, XMLVerifier

    config = SignatureConfiguration(
        location=location,
        signature_methods=frozenset(SignatureMethod[name] for name in _SIGNATURES),
        digest_algorithms=frozenset(DigestAlgorithm[name] for name in _DIGESTS),
        verification_time=datetime.fromtimestamp(now, UTC),
    )
    why = "its signature is not the provider's"
    for certificate in provider.certificates:
        pem = certificate.public_bytes(Encoding.PEM).decode()
        try:
            result = XMLVerifier().verify(root, x509_cert=pem, id_attribute="ID", expect_config=config)
        except InvalidCertificate:
            why = "the certificate in the provider's metadata is expired or not valid yet"
            continue
        except (SignXMLException, etree.LxmlError, ValueError, TypeError, KeyError, NotImplementedError) as error:
            if isinstance(error, SignXMLException) and "forbidden by configuration" in str(error):
                why = "it is signed by an algorithm that is not allowed; rsa-sha256 is"
            continue
        signed = None if isinstance(result, list) else result.signed_xml
        if signed is None or signed.get("ID") != wanted or not wanted:
            raise AssertionRefusedError("its signature covers something else")
        return signed
    raise AssertionRefusedError(why)


def _judge(assertion: Element, provider: IdentityProvider, audiences: tuple[str, ...], now: float) -> Assertion:
    """Issuer, audience, subject and times of a signed assertion."""
    issuer = _one_text(assertion, f"./{_A}Issuer")
    if issuer != provider.entity_id:
        raise AssertionRefusedError(f"its Issuer is {issuer[:256]!r}; the metadata says {provider.entity_id!r}")
    conditions = _one(assertion, f"./{_A}Conditions")
    restrictions = conditions.findall(_A + "AudienceRestriction")
    for restriction in restrictions:
        named = [xml.text_of(each) for each in restriction.findall(_A + "Audience")]
        if not set(named) & set(audiences):
            raise AssertionRefusedError(
                f"its Audience is {', '.join(named)[:256]!r}; it must be one of {', '.join(audiences)}"
            )
    if not restrictions:
        raise AssertionRefusedError("it has no AudienceRestriction")
    subject = _one(assertion, f"./{_A}Subject")
    name = _one(subject, f"./{_A}NameID")
    confirmation = _confirmation(subject)
    ends = [end for end in (_within(conditions, now), _within(confirmation, now)) if end is not None]
    if confirmation.get("NotOnOrAfter") is None:
        raise AssertionRefusedError("its SubjectConfirmationData has no NotOnOrAfter")
    if min(ends) > now + LONGEST_SECONDS:
        raise AssertionRefusedError("it would be good for longer than a day")
    found = Assertion(
        id=assertion.get("ID", ""),
        issuer=issuer,
        subject=xml.text_of(name),
        subject_format=name.get("Format", "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"),
        recipient=confirmation.get("Recipient", ""),
        ends_at=min(ends) + SKEW_SECONDS,
        session_ends_at=_session_end(assertion, now),
        attributes=_attributes(assertion),
    )
    if not found.subject or len(found.subject) > 1024:
        raise AssertionRefusedError("its NameID is empty or longer than 1024 characters")
    return found


def _one(element: Element, path: str) -> Element:
    found = element.findall(path)
    if len(found) != 1:
        name = path.rpartition("}")[2]
        raise AssertionRefusedError(f"it has {len(found)} {name} elements where one is needed")
    return found[0]


def _one_text(element: Element, path: str) -> str:
    return xml.text_of(_one(element, path))


def _confirmation(subject: Element) -> Element:
    """The data of the one bearer confirmation."""
    confirmation = _one(subject, f"./{_A}SubjectConfirmation")
    if confirmation.get("Method") != _BEARER:
        raise AssertionRefusedError("its subject is not confirmed as a bearer")
    return _one(confirmation, f"./{_A}SubjectConfirmationData")


def _within(element: Element, now: float) -> float | None:
    """Check NotBefore and NotOnOrAfter; returns the latter in seconds, or None."""
    begins, ends = _instant(element, "NotBefore"), _instant(element, "NotOnOrAfter")
    if begins is not None and now + SKEW_SECONDS < begins:
        raise AssertionRefusedError(f"it counts in {int(begins - now)} seconds only")
    if ends is not None and now - SKEW_SECONDS >= ends:
        raise AssertionRefusedError(f"it ended {int(now - ends)} seconds ago", expired=True)
    return ends


def _instant(element: Element, name: str) -> float | None:
    text = element.get(name)
    if text is None:
        return None
    if _INSTANT.fullmatch(text) is None:
        raise AssertionRefusedError(f"its {name} is not a time")
    try:
        # More than six digits of a second are more than Python reads; whole seconds are all that counts here.
        return datetime.fromisoformat(re.sub(r"\.\d+", "", text)).timestamp()
    except (ValueError, OverflowError):
        raise AssertionRefusedError(f"its {name} is not a time") from None


def _session_end(assertion: Element, now: float) -> float | None:
    ends = [_instant(each, "SessionNotOnOrAfter") for each in assertion.findall(_A + "AuthnStatement")]
    known = [end for end in ends if end is not None]
    if known and min(known) <= now:
        raise AssertionRefusedError("its session has ended", expired=True)
    return min(known, default=None)


def _attributes(assertion: Element) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for attribute in assertion.findall(f"{_A}AttributeStatement/{_A}Attribute"):
        values = tuple(xml.text_of(value) for value in attribute.findall(_A + "AttributeValue") if not len(value))
        name = attribute.get("Name", "")
        found[name] = found.get(name, ()) + values
    return found
