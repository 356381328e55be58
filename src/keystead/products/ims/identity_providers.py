"""What SAML and OIDC providers share.  Source: reference/ram-behaviour.md 5.11."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated

from keystead import ids
from keystead.faults import FaultKind
from keystead.identity import saml
from keystead.identity.transaction import Tx
from keystead.products.faults import too_many
from keystead.store import oidc_providers, saml_providers
from keystead.wire.answers import Output
from keystead.wire.parameters import Choice, Input, Text, Whole


def wire_name(field: str) -> str:
    """The name on the wire of a field: `saml_provider_name` is `SAMLProviderName`."""
    return "".join(word.upper() if word in ("saml", "oidc") else word.capitalize() for word in field.split("_"))


class ProviderInput(Input, frozen=True, rename=wire_name):
    """Base of the inputs that name providers."""


class ProviderOutput(Output, frozen=True, rename=wire_name):
    """Base of the outputs that name providers."""


ProviderName = Annotated[
    str,
    Text(
        1, 128, r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?", doc="letters, digits, '.', '_' and '-', not at either end"
    ),
]
ProviderDescription = Annotated[str, Text(0, 256, doc="free text")]
ProviderMarker = Annotated[str, Text(1, 512, doc="what the page before answered")]
ProvidersOnPage = Annotated[int, Whole(1, 100, clamp=True, doc="how many on a page")]
SignAlgo = Annotated[str, Choice(("rsa-sha256", "rsa-sha1"))]
Metadata = Annotated[str, Text(4, saml.MAX_METADATA * 4 // 3 + 4, doc="a SAML metadata document, in base64")]

TOO_MANY_SAML_PROVIDERS = too_many("SAMLProvider", "SAML providers")
TOO_MANY_OIDC_PROVIDERS = too_many("OIDCProvider", "OIDC providers")


def provider_id() -> str:
    """A new ID, of no meaning to callers."""
    return ids.role_id()


def check_count(tx: Tx, kind: FaultKind) -> None:
    """Raise `kind` when the account has as many providers of that kind as it may."""
    store = saml_providers if kind is TOO_MANY_SAML_PROVIDERS else oidc_providers
    if store.count(tx) >= tx.quotas.identity_providers:
        raise kind(limit=tx.quotas.identity_providers)


def metadata_fault(parameter: str) -> FaultKind:
    """`InvalidParameter.<parameter>`, 400."""
    return FaultKind(
        f"InvalidParameter.{parameter}",
        400,
        "The metadata document cannot be used: {why}.",
        "Export the metadata of the identity provider again and send it in base64.",
    )


def check_metadata(text: str, fault: FaultKind) -> str:
    """The document as it is kept.  Raises `fault` for what no assertion could be checked with."""
    try:
        saml.read_metadata(base64.b64decode("".join(text.split()), validate=True))
    except (binascii.Error, ValueError):
        raise fault(why="it is not base64") from None
    except saml.MetadataError as error:
        raise fault(why=error) from None
    return "".join(text.split())
