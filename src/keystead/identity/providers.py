"""Identity providers as the directory keeps them, and how they are read."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from keystead import arn
from keystead.identity.transaction import Tx
from keystead.store import oidc_providers, saml_providers

SAML_PREFIX = "saml-provider/"
OIDC_PREFIX = "oidc-provider/"


@dataclass(frozen=True, slots=True)
class SamlProvider:
    """A SAML provider.  metadata: the document as it was uploaded."""

    id: str
    account_id: str
    name: str
    metadata: bytes

    @property
    def arn(self) -> str:
        """`acs:ram::<account>:saml-provider/<name>`."""
        return arn.ram(self.account_id, SAML_PREFIX + self.name)


@dataclass(frozen=True, slots=True)
class OidcProvider:
    """An OIDC provider.  fingerprints: of the certificates that may stand in its TLS chain; none for any.

    issuance_limit: seconds that a token may be old.
    """

    id: str
    account_id: str
    name: str
    issuer: str
    client_ids: tuple[str, ...]
    fingerprints: tuple[str, ...]
    issuance_limit: int

    @property
    def arn(self) -> str:
        """`acs:ram::<account>:oidc-provider/<name>`."""
        return arn.ram(self.account_id, OIDC_PREFIX + self.name)


Provider = SamlProvider | OidcProvider


def split(text: str) -> tuple[str, ...]:
    """The members of a comma-separated text."""
    return tuple(member for member in text.split(",") if member)


def load(tx: Tx, provider_id: str) -> Provider | None:
    """The provider with that ID, of either kind."""
    saml = saml_providers.by_id(tx, provider_id)
    if saml is not None:
        return SamlProvider(saml.id, saml.account_id, saml.name, base64.b64decode(saml.metadata))
    oidc = oidc_providers.by_id(tx, provider_id)
    if oidc is None:
        return None
    return OidcProvider(
        id=oidc.id,
        account_id=oidc.account_id,
        name=oidc.name,
        issuer=oidc.issuer_url,
        client_ids=split(oidc.client_ids),
        fingerprints=split(oidc.fingerprints),
        issuance_limit=oidc.issuance_limit_hours * 3600,
    )


def id_of(tx: Tx, account_id: str, relative: str) -> str | None:
    """The ID of the provider that an ARN's last part names: `saml-provider/<name>` or `oidc-provider/<name>`."""
    kind, _, name = relative.partition("/")
    store = {"saml-provider": saml_providers, "oidc-provider": oidc_providers}.get(kind)
    row = store.get(tx, name, account_id) if store is not None and account_id else None
    return str(row.id) if row else None
