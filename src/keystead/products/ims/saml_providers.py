"""SAML providers.  Source: reference/ram-behaviour.md 5.11.

`AuthnSignAlgo` says how requests to the provider are signed; which algorithms its assertions may use does not depend
on it: SHA-1 is never accepted.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from msgspec import UNSET, UnsetType

from keystead import arn
from keystead.clock import iso
from keystead.identity.callers import Caller
from keystead.identity.transaction import Tx
from keystead.products import pages
from keystead.products.faults import absent, exists
from keystead.products.ims.identity_providers import (
    TOO_MANY_SAML_PROVIDERS,
    Metadata,
    ProviderDescription,
    ProviderInput,
    ProviderMarker,
    ProviderName,
    ProviderOutput,
    ProvidersOnPage,
    SignAlgo,
    check_count,
    check_metadata,
    metadata_fault,
    provider_id,
)
from keystead.products.ims.product import IMS
from keystead.store import saml_providers
from keystead.wire.answers import Done

SAML_PROVIDER_NOT_FOUND = absent("SAMLProvider", "SAML provider")
SAML_PROVIDER_EXISTS = exists("SAMLProvider", "SAML provider")
DOCUMENT_INVALID = metadata_fault("EncodedSAMLMetadataDocument")
NEW_DOCUMENT_INVALID = metadata_fault("NewEncodedSAMLMetadataDocument")

PROVIDER = "acs:ram::{account}:saml-provider/{saml_provider_name}"
PROVIDERS = "acs:ram::{account}:saml-provider/*"


class ListedSamlProvider(ProviderOutput, frozen=True):
    """A provider as lists show it."""

    saml_provider_name: str
    arn: str
    description: str
    create_date: str
    update_date: str


class SamlProvider(ListedSamlProvider, frozen=True, kw_only=True):
    """A provider; only GetSAMLProvider shows its metadata document."""

    authn_sign_algo: str
    encoded_saml_metadata_document: str | UnsetType = UNSET


class SamlProviderAnswer(ProviderOutput, frozen=True):
    saml_provider: SamlProvider


class SamlProviderList(ProviderOutput, frozen=True):
    saml_provider: list[ListedSamlProvider]


class SamlProvidersPage(ProviderOutput, frozen=True):
    saml_providers: SamlProviderList
    is_truncated: bool
    marker: str | UnsetType = UNSET


class SamlProviderInput(ProviderInput, frozen=True):
    saml_provider_name: ProviderName


class CreateSamlProviderInput(SamlProviderInput, frozen=True):
    encoded_saml_metadata_document: Metadata
    description: ProviderDescription | None = None
    authn_sign_algo: SignAlgo = "rsa-sha1"


class UpdateSamlProviderInput(SamlProviderInput, frozen=True):
    new_encoded_saml_metadata_document: Metadata | None = None
    new_description: ProviderDescription | None = None
    authn_sign_algo: SignAlgo | None = None


class ListSamlProvidersInput(ProviderInput, frozen=True):
    marker: ProviderMarker | None = None
    max_items: ProvidersOnPage = 100


def _shape(row: sa.Row[Any]) -> dict[str, Any]:
    return {
        "saml_provider_name": row.name,
        "arn": arn.ram(row.account_id, f"saml-provider/{row.name}"),
        "description": row.description,
        "create_date": iso(row.created_at),
        "update_date": iso(row.updated_at),
    }


def _answer(row: sa.Row[Any], *, document: bool = False) -> SamlProviderAnswer:
    shown = SamlProvider(
        **_shape(row),
        authn_sign_algo=row.authn_sign_algo,
        encoded_saml_metadata_document=row.metadata if document else UNSET,
    )
    return SamlProviderAnswer(saml_provider=shown)


def _find(tx: Tx, name: str) -> sa.Row[Any]:
    row = saml_providers.get(tx, name)
    if row is None:
        raise SAML_PROVIDER_NOT_FOUND(name=name)
    return row


@IMS.action(
    "CreateSAMLProvider",
    resource=(PROVIDER, PROVIDERS),
    writes=True,
    faults=(SAML_PROVIDER_EXISTS, TOO_MANY_SAML_PROVIDERS, DOCUMENT_INVALID),
)
def create_saml_provider(tx: Tx, _caller: Caller, wanted: CreateSamlProviderInput) -> SamlProviderAnswer:
    """Make an identity provider known whose signed assertions may take on roles."""
    document = check_metadata(wanted.encoded_saml_metadata_document, DOCUMENT_INVALID)
    if saml_providers.get(tx, wanted.saml_provider_name) is not None:
        raise SAML_PROVIDER_EXISTS(name=wanted.saml_provider_name)
    check_count(tx, TOO_MANY_SAML_PROVIDERS)
    values: dict[str, object] = {
        "description": wanted.description or "",
        "metadata": document,
        "authn_sign_algo": wanted.authn_sign_algo,
    }
    saml_providers.insert(tx, provider_id(), wanted.saml_provider_name, values)
    return _answer(_find(tx, wanted.saml_provider_name))


@IMS.action("GetSAMLProvider", resource=PROVIDER, faults=(SAML_PROVIDER_NOT_FOUND,))
def get_saml_provider(tx: Tx, _caller: Caller, wanted: SamlProviderInput) -> SamlProviderAnswer:
    """Show a SAML provider with its metadata document."""
    return _answer(_find(tx, wanted.saml_provider_name), document=True)


@IMS.action(
    "UpdateSAMLProvider", resource=PROVIDER, writes=True, faults=(SAML_PROVIDER_NOT_FOUND, NEW_DOCUMENT_INVALID)
)
def update_saml_provider(tx: Tx, _caller: Caller, wanted: UpdateSamlProviderInput) -> SamlProviderAnswer:
    """Change a SAML provider; new metadata counts from the next assertion on, an empty description is cleared."""
    document = wanted.new_encoded_saml_metadata_document
    values: dict[str, object] = {}
    if document:
        values["metadata"] = check_metadata(document, NEW_DOCUMENT_INVALID)
    if wanted.new_description is not None:
        values["description"] = wanted.new_description
    if wanted.authn_sign_algo is not None:
        values["authn_sign_algo"] = wanted.authn_sign_algo
    row = _find(tx, wanted.saml_provider_name)
    saml_providers.update(tx, row.id, values)
    return _answer(_find(tx, row.name))


@IMS.action("ListSAMLProviders", resource=PROVIDERS)
def list_saml_providers(tx: Tx, _caller: Caller, wanted: ListSamlProvidersInput) -> SamlProvidersPage:
    """List the account's SAML providers, a page at a time."""
    found = saml_providers.page(tx, pages.after(wanted.marker), wanted.max_items + 1)
    rows, marker = pages.cut(found, wanted.max_items, "name_key")
    return SamlProvidersPage(
        saml_providers=SamlProviderList(saml_provider=[ListedSamlProvider(**_shape(row)) for row in rows]),
        is_truncated=marker is not None,
        marker=marker or UNSET,
    )


@IMS.action("DeleteSAMLProvider", resource=PROVIDER, writes=True, faults=(SAML_PROVIDER_NOT_FOUND,))
def delete_saml_provider(tx: Tx, _caller: Caller, wanted: SamlProviderInput) -> Done:
    """Delete a SAML provider; the sessions that came by it end at once."""
    saml_providers.delete(tx, _find(tx, wanted.saml_provider_name).id)
    return Done()
