"""OIDC providers: their shapes and limits, and create, get, update, list, delete.

Client IDs and fingerprints one by one are in `oidc_members`.  Source: reference/ram-behaviour.md sections 2, 4, 5.11.
"""

from __future__ import annotations

import re
from typing import Annotated, Any

import sqlalchemy as sa
from msgspec import UNSET, UnsetType

from keystead import arn
from keystead.clock import iso
from keystead.faults import FaultKind
from keystead.identity import issuers
from keystead.identity.callers import Caller
from keystead.identity.providers import split
from keystead.identity.transaction import Tx
from keystead.products import pages
from keystead.products.action import Context
from keystead.products.faults import absent, exists
from keystead.products.ims.identity_providers import (
    TOO_MANY_OIDC_PROVIDERS,
    ProviderDescription,
    ProviderInput,
    ProviderMarker,
    ProviderName,
    ProviderOutput,
    ProvidersOnPage,
    check_count,
    provider_id,
)
from keystead.products.ims.product import IMS
from keystead.store import oidc_providers
from keystead.wire.answers import Done
from keystead.wire.parameters import Text, Whole

OIDC_PROVIDER_NOT_FOUND = absent("OIDCProvider", "OIDC provider")
OIDC_PROVIDER_EXISTS = exists("OIDCProvider", "OIDC provider, or one with this issuer,")
ISSUER_INVALID = FaultKind(
    "InvalidParameter.IssuerUrl.Format",
    400,
    "The parameter IssuerUrl cannot be used: {why}.",
    "Send the iss of the provider's tokens, https:// and a host; the operator may allow http:// on loopback.",
)
CLIENT_ID_INVALID = FaultKind(
    "InvalidParameter.ClientIds.InvalidChars",
    400,
    "A client ID of ClientIds is not 1 to 128 of letters, digits and '._:/-', with a letter or digit first.",
    "Correct it; client IDs are separated by commas.",
)
FINGERPRINT_INVALID = FaultKind(
    "InvalidParameter.Fingerprints.Format",
    400,
    "A fingerprint is not the SHA-1 (40) or SHA-256 (64 hexadecimal digits) of a certificate: {shown}.",
    "Send the fingerprint of a certificate in the issuer's TLS chain, with or without colons.",
)
TOO_MANY_CLIENT_IDS = FaultKind(
    "LimitExceeded.OIDCProvider.ClientId",
    409,
    "An OIDC provider may have {limit} client IDs; {asked} were asked for.",
    "Remove client IDs that are not used any more, or make another provider.",
)
TOO_MANY_FINGERPRINTS = FaultKind(
    "LimitExceeded.OIDCProvider.Fingerprint",
    409,
    "An OIDC provider may have {limit} fingerprints; {asked} were asked for.",
    "Remove the fingerprints of certificates that are not used any more.",
)

PROVIDER = "acs:ram::{account}:oidc-provider/{oidc_provider_name}"
PROVIDERS = "acs:ram::{account}:oidc-provider/*"
_CLIENT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}")
_HEXADECIMAL = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")

Listed = Annotated[str, Text(0, 16384, doc="with commas between them")]
IssuanceLimit = Annotated[int, Whole(1, 168, doc="hours that a token may be old")]


class OidcProvider(ProviderOutput, frozen=True):
    """A provider as every answer shows it; `GmtCreate` and `GmtModified` are milliseconds since 1970, as text."""

    oidc_provider_name: str
    arn: str
    issuer_url: str
    description: str
    client_ids: str
    fingerprints: str
    issuance_limit_time: int
    create_date: str
    update_date: str
    gmt_create: str
    gmt_modified: str


class OidcProviderAnswer(ProviderOutput, frozen=True):
    oidc_provider: OidcProvider


class OidcProviderList(ProviderOutput, frozen=True):
    oidc_provider: list[OidcProvider]


class OidcProvidersPage(ProviderOutput, frozen=True):
    oidc_providers: OidcProviderList
    is_truncated: bool
    marker: str | UnsetType = UNSET


class OidcProviderInput(ProviderInput, frozen=True):
    oidc_provider_name: ProviderName


class CreateOidcProviderInput(OidcProviderInput, frozen=True):
    issuer_url: Annotated[str, Text(1, 255, doc="the iss of the provider's tokens")]
    client_ids: Listed | None = None
    fingerprints: Listed | None = None
    issuance_limit_time: IssuanceLimit = 12
    description: ProviderDescription | None = None


class UpdateOidcProviderInput(OidcProviderInput, frozen=True):
    new_description: ProviderDescription | None = None
    client_ids: Listed | None = None
    issuance_limit_time: IssuanceLimit | None = None


class ListOidcProvidersInput(ProviderInput, frozen=True):
    marker: ProviderMarker | None = None
    max_items: ProvidersOnPage = 100


def show(row: sa.Row[Any]) -> OidcProvider:
    """A row of the table as the vendor shapes it."""
    return OidcProvider(
        oidc_provider_name=row.name,
        arn=arn.ram(row.account_id, f"oidc-provider/{row.name}"),
        issuer_url=row.issuer_url,
        description=row.description,
        client_ids=row.client_ids,
        fingerprints=row.fingerprints,
        issuance_limit_time=row.issuance_limit_hours,
        create_date=iso(row.created_at),
        update_date=iso(row.updated_at),
        gmt_create=str(row.created_at * 1000),
        gmt_modified=str(row.updated_at * 1000),
    )


def find(tx: Tx, name: str) -> sa.Row[Any]:
    """The provider of that name.  Raises `EntityNotExist.OIDCProvider`."""
    row = oidc_providers.get(tx, name)
    if row is None:
        raise OIDC_PROVIDER_NOT_FOUND(name=name)
    return row


def issuer_of(tx: Tx, wanted: OidcProviderInput) -> str | None:
    """The issuer of the provider that is acted on, for policies that ask for `ram:OidcIssuerUrl`."""
    row = oidc_providers.get(tx, wanted.oidc_provider_name)
    return str(row.issuer_url) if row is not None else None


ISSUER_FACT = ("ram:OidcIssuerUrl", issuer_of)


def changed(tx: Tx, row: sa.Row[Any], values: dict[str, object]) -> OidcProviderAnswer:
    """Write the changed columns and show the provider."""
    oidc_providers.update(tx, row.id, values)
    return OidcProviderAnswer(oidc_provider=show(find(tx, row.name)))


def client_ids(tx: Tx, text: str) -> str:
    """Client IDs as they are kept.  Raises `InvalidParameter.ClientIds.…` and `LimitExceeded.…`."""
    members = tuple(dict.fromkeys(split(text)))
    if not all(_CLIENT_ID.fullmatch(member) for member in members):
        raise CLIENT_ID_INVALID()
    if len(members) > tx.quotas.client_ids_per_provider:
        raise TOO_MANY_CLIENT_IDS(limit=tx.quotas.client_ids_per_provider, asked=len(members))
    return ",".join(members)


def fingerprints(tx: Tx, text: str) -> str:
    """Fingerprints as they are kept, each once however it is written.  Raises `InvalidParameter.Fingerprints.…`."""
    members = {issuers.plain_fingerprint(member): member for member in reversed(split(text))}
    for plain, member in members.items():
        if _HEXADECIMAL.fullmatch(plain) is None:
            raise FINGERPRINT_INVALID(shown=repr(member[:128]))
    if len(members) > tx.quotas.fingerprints_per_provider:
        raise TOO_MANY_FINGERPRINTS(limit=tx.quotas.fingerprints_per_provider, asked=len(members))
    return ",".join(reversed(members.values()))


def _issuer_fact(wanted: CreateOidcProviderInput) -> Context:
    return {"ram:OidcIssuerUrl": wanted.issuer_url}


@IMS.action(
    "CreateOIDCProvider",
    resource=(PROVIDER, PROVIDERS),
    writes=True,
    context=_issuer_fact,
    faults=(
        OIDC_PROVIDER_EXISTS,
        TOO_MANY_OIDC_PROVIDERS,
        TOO_MANY_CLIENT_IDS,
        TOO_MANY_FINGERPRINTS,
        ISSUER_INVALID,
        CLIENT_ID_INVALID,
        FINGERPRINT_INVALID,
    ),
)
def create_oidc_provider(tx: Tx, _caller: Caller, wanted: CreateOidcProviderInput) -> OidcProviderAnswer:
    """Make an issuer known whose tokens may take on roles; it is first asked for its keys when a token comes."""
    reason = issuers.unfit(wanted.issuer_url, loopback_http=tx.loopback_issuers)
    if reason is not None:
        raise ISSUER_INVALID(why=reason)
    values: dict[str, object] = {
        "issuer_url": wanted.issuer_url,
        "description": wanted.description or "",
        "client_ids": client_ids(tx, wanted.client_ids or ""),
        "fingerprints": fingerprints(tx, wanted.fingerprints or ""),
        "issuance_limit_hours": wanted.issuance_limit_time,
    }
    for taken in (oidc_providers.get(tx, wanted.oidc_provider_name), oidc_providers.of_issuer(tx, wanted.issuer_url)):
        if taken is not None:
            raise OIDC_PROVIDER_EXISTS(name=taken.name)
    check_count(tx, TOO_MANY_OIDC_PROVIDERS)
    oidc_providers.insert(tx, provider_id(), wanted.oidc_provider_name, values)
    return OidcProviderAnswer(oidc_provider=show(find(tx, wanted.oidc_provider_name)))


@IMS.action("GetOIDCProvider", resource=PROVIDER, target_fact=ISSUER_FACT, faults=(OIDC_PROVIDER_NOT_FOUND,))
def get_oidc_provider(tx: Tx, _caller: Caller, wanted: OidcProviderInput) -> OidcProviderAnswer:
    """Show an OIDC provider."""
    return OidcProviderAnswer(oidc_provider=show(find(tx, wanted.oidc_provider_name)))


@IMS.action(
    "UpdateOIDCProvider",
    resource=PROVIDER,
    writes=True,
    target_fact=ISSUER_FACT,
    faults=(OIDC_PROVIDER_NOT_FOUND, TOO_MANY_CLIENT_IDS, CLIENT_ID_INVALID),
)
def update_oidc_provider(tx: Tx, _caller: Caller, wanted: UpdateOidcProviderInput) -> OidcProviderAnswer:
    """Change an OIDC provider; what is left out stays, an empty description is cleared."""
    values: dict[str, object] = {}
    if wanted.client_ids is not None:
        values["client_ids"] = client_ids(tx, wanted.client_ids)
    if wanted.new_description is not None:
        values["description"] = wanted.new_description
    if wanted.issuance_limit_time is not None:
        values["issuance_limit_hours"] = wanted.issuance_limit_time
    return changed(tx, find(tx, wanted.oidc_provider_name), values)


@IMS.action("ListOIDCProviders", resource=PROVIDERS)
def list_oidc_providers(tx: Tx, _caller: Caller, wanted: ListOidcProvidersInput) -> OidcProvidersPage:
    """List the account's OIDC providers, a page at a time."""
    found = oidc_providers.page(tx, pages.after(wanted.marker), wanted.max_items + 1)
    rows, marker = pages.cut(found, wanted.max_items, "name_key")
    return OidcProvidersPage(
        oidc_providers=OidcProviderList(oidc_provider=[show(row) for row in rows]),
        is_truncated=marker is not None,
        marker=marker or UNSET,
    )


@IMS.action(
    "DeleteOIDCProvider", resource=PROVIDER, writes=True, target_fact=ISSUER_FACT, faults=(OIDC_PROVIDER_NOT_FOUND,)
)
def delete_oidc_provider(tx: Tx, _caller: Caller, wanted: OidcProviderInput) -> Done:
    """Delete an OIDC provider; the sessions that came by it end at once."""
    oidc_providers.delete(tx, find(tx, wanted.oidc_provider_name).id)
    return Done()
