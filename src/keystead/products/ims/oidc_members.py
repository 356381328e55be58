"""Client IDs and fingerprints of an OIDC provider, one by one.  Source: reference/ram-behaviour.md 5.11.

Adding what is there, or removing what is not, changes nothing and succeeds: the vendor documents no fault for it.
"""

from __future__ import annotations

from typing import Annotated

from keystead.identity.callers import Caller
from keystead.identity.issuers import plain_fingerprint
from keystead.identity.providers import split
from keystead.identity.transaction import Tx
from keystead.products.ims import oidc_providers as providers
from keystead.products.ims.oidc_providers import (
    CLIENT_ID_INVALID,
    FINGERPRINT_INVALID,
    ISSUER_FACT,
    OIDC_PROVIDER_NOT_FOUND,
    PROVIDER,
    TOO_MANY_CLIENT_IDS,
    TOO_MANY_FINGERPRINTS,
    OidcProviderAnswer,
    OidcProviderInput,
)
from keystead.products.ims.product import IMS
from keystead.wire.parameters import Text


class ClientIdInput(OidcProviderInput, frozen=True):
    client_id: Annotated[str, Text(1, 128, r"[A-Za-z0-9][A-Za-z0-9._:/-]*", doc="an audience of the issuer's tokens")]


class FingerprintInput(OidcProviderInput, frozen=True):
    fingerprint: Annotated[
        str, Text(1, 128, r"[0-9A-Fa-f:]+", wrong="Format", doc="of a certificate in the issuer's TLS chain")
    ]


@IMS.action(
    "AddClientIdToOIDCProvider",
    resource=PROVIDER,
    writes=True,
    target_fact=ISSUER_FACT,
    faults=(OIDC_PROVIDER_NOT_FOUND, TOO_MANY_CLIENT_IDS, CLIENT_ID_INVALID),
)
def add_client_id(tx: Tx, _caller: Caller, wanted: ClientIdInput) -> OidcProviderAnswer:
    """Let tokens for one more audience in."""
    row = providers.find(tx, wanted.oidc_provider_name)
    members = providers.client_ids(tx, f"{row.client_ids},{wanted.client_id}")
    return providers.changed(tx, row, {"client_ids": members})


@IMS.action(
    "RemoveClientIdFromOIDCProvider",
    resource=PROVIDER,
    writes=True,
    target_fact=ISSUER_FACT,
    faults=(OIDC_PROVIDER_NOT_FOUND,),
)
def remove_client_id(tx: Tx, _caller: Caller, wanted: ClientIdInput) -> OidcProviderAnswer:
    """Let tokens for an audience in no more; without a client ID left, no token passes."""
    row = providers.find(tx, wanted.oidc_provider_name)
    members = [member for member in split(row.client_ids) if member != wanted.client_id]
    return providers.changed(tx, row, {"client_ids": ",".join(members)})


@IMS.action(
    "AddFingerprintToOIDCProvider",
    resource=PROVIDER,
    writes=True,
    target_fact=ISSUER_FACT,
    faults=(OIDC_PROVIDER_NOT_FOUND, TOO_MANY_FINGERPRINTS, FINGERPRINT_INVALID),
)
def add_fingerprint(tx: Tx, _caller: Caller, wanted: FingerprintInput) -> OidcProviderAnswer:
    """Pin one more certificate of the issuer's TLS chain."""
    row = providers.find(tx, wanted.oidc_provider_name)
    members = providers.fingerprints(tx, f"{row.fingerprints},{wanted.fingerprint}")
    return providers.changed(tx, row, {"fingerprints": members})


@IMS.action(
    "RemoveFingerprintFromOIDCProvider",
    resource=PROVIDER,
    writes=True,
    target_fact=ISSUER_FACT,
    faults=(OIDC_PROVIDER_NOT_FOUND,),
)
def remove_fingerprint(tx: Tx, _caller: Caller, wanted: FingerprintInput) -> OidcProviderAnswer:
    """Pin a certificate no more; without a fingerprint left, any chain that this machine trusts will do."""
    row = providers.find(tx, wanted.oidc_provider_name)
    gone = plain_fingerprint(wanted.fingerprint)
    members = [member for member in split(row.fingerprints) if plain_fingerprint(member) != gone]
    return providers.changed(tx, row, {"fingerprints": ",".join(members)})
