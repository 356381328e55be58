"""A SAML identity provider of our own: keys, metadata, and assertions signed as real ones are."""

from __future__ import annotations

import base64
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from lxml import etree
from signxml import XMLSigner
from signxml.algorithms import CanonicalizationMethod

A = "{urn:oasis:names:tc:SAML:2.0:assertion}"
P = "{urn:oasis:names:tc:SAML:2.0:protocol}"
DS = "{http://www.w3.org/2000/09/xmldsig#}"
AUDIENCE = "urn:alibaba:cloudcomputing:international"
RECIPIENT = "https://signin.alibabacloud.com/saml-role/sso"
ATTRIBUTES = "https://www.aliyun.com/SAML-Role/Attributes/"

_RESPONSE = """<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="{response_id}" Version="2.0"
 IssueInstant="{begins}"><saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">{issuer}</saml:Issuer>
<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:{status}"/></samlp:Status></samlp:Response>"""

_ASSERTION = """<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="{id}" Version="2.0"
 IssueInstant="{begins}"><saml:Issuer>{issuer}</saml:Issuer>
<saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">{subject}</saml:NameID>
<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">
<saml:SubjectConfirmationData NotOnOrAfter="{confirmed_until}" Recipient="{recipient}"/></saml:SubjectConfirmation>
</saml:Subject>
<saml:Conditions NotBefore="{begins}" NotOnOrAfter="{ends}"><saml:AudienceRestriction>
<saml:Audience>{audience}</saml:Audience></saml:AudienceRestriction></saml:Conditions>
<saml:AuthnStatement AuthnInstant="{begins}"{session_end}/>
<saml:AttributeStatement>{attributes}</saml:AttributeStatement></saml:Assertion>"""


def stamp(seconds: float) -> str:
    """A time as SAML writes it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


@dataclass
class Claim:
    """What an assertion says; every field can be made wrong."""

    role: str = ""
    provider: str = ""
    now: float = 0
    subject: str = "alice@example.com"
    audience: str = AUDIENCE
    recipient: str = RECIPIENT
    issuer: str = ""
    status: str = "Success"
    begins: float = -60
    ends: float = 300
    confirmed_until: float = 300
    session_name: str = "alice"
    extra: dict[str, str] = field(default_factory=dict)
    session_end: float | None = None
    id: str = ""


class IdP:
    """One identity provider."""

    def __init__(self, entity_id: str = "https://idp.example.com/saml", *, from_now: float = 0, bits: int = 2048):
        """`from_now`: seconds since 1970 around which its certificate is valid."""
        self.entity_id = entity_id
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
        at = datetime.fromtimestamp(from_now, UTC) if from_now else datetime.now(UTC)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "idp.example.com")])
        self.certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(at - timedelta(days=1))
            .not_valid_after(at + timedelta(days=30))
            .sign(self.key, hashes.SHA256())
        )

    def metadata(self, *others: IdP) -> bytes:
        """The metadata document, with the certificates of `others` beside its own."""
        keys = "".join(
            '<md:KeyDescriptor use="signing"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>'
            f"{base64.b64encode(each.certificate.public_bytes(Encoding.DER)).decode()}"
            "</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
            for each in (self, *others)
        )
        return (
            '<?xml version="1.0"?>\n<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" '
            f'xmlns:ds="http://www.w3.org/2000/09/xmldsig#" entityID="{self.entity_id}">'
            '<md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">'
            f"{keys}</md:IDPSSODescriptor></md:EntityDescriptor>"
        ).encode()

    def assertion(self, claim: Claim) -> Any:
        """An assertion, unsigned."""
        now = claim.now
        values = {ATTRIBUTES + "Role": f"{claim.role},{claim.provider}"}
        if claim.session_name:
            values[ATTRIBUTES + "RoleSessionName"] = claim.session_name
        values |= {ATTRIBUTES + name: value for name, value in claim.extra.items()}
        attributes = "".join(
            f'<saml:Attribute Name="{name}"><saml:AttributeValue>{value}</saml:AttributeValue></saml:Attribute>'
            for name, value in values.items()
        )
        return etree.fromstring(
            _ASSERTION.format(
                id=claim.id or f"_{uuid.uuid4().hex}",
                issuer=claim.issuer or self.entity_id,
                subject=claim.subject,
                audience=claim.audience,
                recipient=claim.recipient,
                begins=stamp(now + claim.begins),
                ends=stamp(now + claim.ends),
                confirmed_until=stamp(now + claim.confirmed_until),
                session_end=""
                if claim.session_end is None
                else f' SessionNotOnOrAfter="{stamp(now + claim.session_end)}"',
                attributes=attributes,
            )
        )

    def sign(self, element: Any, algorithm: str = "rsa-sha256", digest: str = "sha256") -> Any:
        """The element with an enveloped signature over it."""
        signer = XMLSigner(
            signature_algorithm=algorithm,
            digest_algorithm=digest,
            c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
        )
        pem = self.certificate.public_bytes(Encoding.PEM)
        return signer.sign(element, key=self.key, cert=pem, reference_uri=element.get("ID"), id_attribute="ID")

    def response(self, claim: Claim, *, over: str = "assertion", signer: IdP | None = None) -> Any:
        """A response; `over` says what is signed: assertion, response, both or nothing."""
        signer = signer or self
        response = etree.fromstring(
            _RESPONSE.format(
                response_id=f"_{uuid.uuid4().hex}",
                begins=stamp(claim.now),
                issuer=claim.issuer or self.entity_id,
                status=claim.status,
            )
        )
        assertion = self.assertion(claim)
        response.append(signer.sign(assertion) if over in ("assertion", "both") else assertion)
        return signer.sign(response) if over in ("response", "both") else response

    def encoded(self, claim: Claim, **how: Any) -> str:
        """A response as it travels."""
        return base64.b64encode(etree.tostring(self.response(claim, **how))).decode()
