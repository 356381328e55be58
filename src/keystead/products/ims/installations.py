"""OAuth applications that are installed: the account's own, and those of other accounts.

Source: reference/ram-behaviour.md 5.14.  An application of another account can be installed when it is multi-tenant;
one that is not answers as one that does not exist.
"""

from __future__ import annotations

import json
from typing import Annotated, Any

import sqlalchemy as sa
from msgspec import UNSET, UnsetType

from keystead.clock import iso
from keystead.identity.callers import Caller
from keystead.identity.transaction import Tx
from keystead.products.faults import absent, exists, too_many
from keystead.products.ims import scopes
from keystead.products.ims.applications import (
    APPLICATION,
    APPLICATION_NOT_FOUND,
    APPLICATIONS,
    AppInput,
    Listed,
    PredefinedScopeList,
    find,
)
from keystead.products.ims.product import IMS
from keystead.products.people import principals
from keystead.store import accounts, applications
from keystead.wire.answers import Done, Output
from keystead.wire.parameters import Choice, Input, Nothing

EXTERNAL_NOT_FOUND = absent("ExternalApplication", "application of another account")
NOT_INSTALLED = absent("ApplicationProvisionInfo", "installed application")
INSTALLED = exists("ApplicationProvisionInfo", "installed application")
TOO_MANY_INSTALLED = too_many("ApplicationProvisionInfo", "installed applications")


class DelegatedScope(Output, frozen=True):
    predefined_scopes: PredefinedScopeList


class ProvisionInfo(Output, frozen=True):
    """An installed application of any account."""

    account_id: str
    app_id: str
    app_name: str
    app_category: str
    assignment_type: str
    need_principal_consent: bool
    display_name: str
    delegated_scope: DelegatedScope
    create_date: str
    update_date: str


class NewProvisionInfo(Output, frozen=True):
    """An application of the account itself, as ProvisionApplication answers it."""

    account_id: str
    app_id: str
    app_name: str
    app_principal_name: str
    tenant_id: str
    display_name: str
    delegated_scope: DelegatedScope
    create_date: str
    update_date: str


class ExternalApplication(Output, frozen=True):
    """An installed application of another account.  tenant_id: where it is installed."""

    foreign_app_id: str
    tenant_id: str
    app_principal_name: str
    display_name: str
    delegated_scope: DelegatedScope
    create_date: str
    update_date: str


class NewProvisionAnswer(Output, frozen=True):
    application_provision_info: NewProvisionInfo


class ProvisionAnswer(Output, frozen=True):
    application_provision_info: ProvisionInfo


class ProvisionList(Output, frozen=True):
    application_provision_info: list[ProvisionInfo]


class Provisions(Output, frozen=True):
    application_provision_infos: ProvisionList


class ExternalAnswer(Output, frozen=True):
    external_application: ExternalApplication


class ExternalList(Output, frozen=True):
    external_application: list[ExternalApplication]


class Externals(Output, frozen=True):
    external_applications: ExternalList
    is_truncated: bool = False
    marker: str | UnsetType = UNSET


class ProvisionInput(AppInput, frozen=True):
    scopes: Listed | None = None


class ListProvisionsInput(Input, frozen=True):
    source_type: Annotated[str, Choice(("inner", "external"))] | None = None


def _principal(tx: Tx, row: sa.Row[Any]) -> str:
    """The name that an installed application goes by in the account."""
    return f"{row.name}@app.{accounts.alias(tx)}{principals.DOMAIN}"


def _scope(row: sa.Row[Any]) -> DelegatedScope:
    return DelegatedScope(predefined_scopes=PredefinedScopeList(predefined_scope=scopes.show_granted(row.scopes)))


def _show(row: sa.Row[Any], account_id: str) -> ProvisionInfo:
    return ProvisionInfo(
        account_id=row.owner,
        app_id=row.application_id,
        app_name=row.name,
        app_category="ThirdParty",
        assignment_type="AllowAll",
        need_principal_consent=row.owner != account_id,
        display_name=row.display_name,
        delegated_scope=_scope(row),
        create_date=iso(row.created_at),
        update_date=iso(row.updated_at),
    )


def _show_external(tx: Tx, row: sa.Row[Any]) -> ExternalApplication:
    return ExternalApplication(
        foreign_app_id=row.application_id,
        tenant_id=tx.account_id,
        app_principal_name=_principal(tx, row),
        display_name=row.display_name,
        delegated_scope=_scope(row),
        create_date=iso(row.created_at),
        update_date=iso(row.updated_at),
    )


def _installed(tx: Tx, application_id: str) -> sa.Row[Any]:
    """Raises `EntityNotExist.ApplicationProvisionInfo`."""
    for row in applications.installed(tx):
        if row.application_id == application_id:
            return row
    raise NOT_INSTALLED(name=application_id)


def _external(tx: Tx, application_id: str) -> sa.Row[Any]:
    """Raises `EntityNotExist.ExternalApplication`."""
    for row in applications.installed(tx):
        if row.application_id == application_id and row.owner != tx.account_id:
            return row
    raise EXTERNAL_NOT_FOUND(name=application_id)


def _install(tx: Tx, application: sa.Row[Any], text: str | None) -> sa.Row[Any]:
    granted = json.dumps(scopes.granted(text, scopes.stored(application.scopes)))
    there = applications.installed(tx)
    if any(row.application_id == application.id for row in there):
        raise INSTALLED(name=application.name)
    if len(there) >= tx.quotas.applications:
        raise TOO_MANY_INSTALLED(limit=tx.quotas.applications)
    applications.install(tx, application.id, granted)
    return _installed(tx, application.id)


@IMS.action(
    "ProvisionApplication",
    resource=APPLICATION,
    writes=True,
    faults=(APPLICATION_NOT_FOUND, INSTALLED, TOO_MANY_INSTALLED, scopes.SCOPE_NOT_ASKED),
)
def provision_application(tx: Tx, _caller: Caller, wanted: ProvisionInput) -> NewProvisionAnswer:
    """Install an application of the account in the account itself."""
    row = _install(tx, find(tx, wanted.app_id), wanted.scopes)
    return NewProvisionAnswer(
        application_provision_info=NewProvisionInfo(
            account_id=row.owner,
            app_id=row.application_id,
            app_name=row.name,
            app_principal_name=_principal(tx, row),
            tenant_id=tx.account_id,
            display_name=row.display_name,
            delegated_scope=_scope(row),
            create_date=iso(row.created_at),
            update_date=iso(row.updated_at),
        )
    )


@IMS.action("DeprovisionApplication", resource=APPLICATION, writes=True, faults=(APPLICATION_NOT_FOUND, NOT_INSTALLED))
def deprovision_application(tx: Tx, _caller: Caller, wanted: AppInput) -> Done:
    """Take an application of the account out of the account."""
    applications.uninstall(tx, _installed(tx, find(tx, wanted.app_id).id).application_id)
    return Done()


@IMS.action(
    "ProvisionExternalApplication",
    resource=APPLICATION,
    writes=True,
    faults=(EXTERNAL_NOT_FOUND, INSTALLED, TOO_MANY_INSTALLED, scopes.SCOPE_NOT_ASKED),
)
def provision_external_application(tx: Tx, _caller: Caller, wanted: ProvisionInput) -> ExternalAnswer:
    """Install an application that another account made for several accounts."""
    row = applications.of_any_account(tx, wanted.app_id)
    if row is None or row.account_id == tx.account_id or not row.multi_tenant:
        raise EXTERNAL_NOT_FOUND(name=wanted.app_id)
    return ExternalAnswer(external_application=_show_external(tx, _install(tx, row, wanted.scopes)))


@IMS.action("DeprovisionExternalApplication", resource=APPLICATION, writes=True, faults=(EXTERNAL_NOT_FOUND,))
def deprovision_external_application(tx: Tx, _caller: Caller, wanted: AppInput) -> Done:
    """Take an application of another account out of the account."""
    applications.uninstall(tx, _external(tx, wanted.app_id).application_id)
    return Done()


@IMS.action("GetExternalApplication", resource=APPLICATION, faults=(EXTERNAL_NOT_FOUND,))
def get_external_application(tx: Tx, _caller: Caller, wanted: AppInput) -> ExternalAnswer:
    """Show an installed application of another account."""
    return ExternalAnswer(external_application=_show_external(tx, _external(tx, wanted.app_id)))


@IMS.action("ListExternalApplications", resource=APPLICATIONS)
def list_external_applications(tx: Tx, _caller: Caller, _wanted: Nothing) -> Externals:
    """List the installed applications of other accounts."""
    found = [_show_external(tx, row) for row in applications.installed(tx) if row.owner != tx.account_id]
    return Externals(external_applications=ExternalList(external_application=found))


@IMS.action("GetApplicationProvisionInfo", resource=APPLICATION, faults=(NOT_INSTALLED,))
def get_application_provision_info(tx: Tx, _caller: Caller, wanted: AppInput) -> ProvisionAnswer:
    """Show an installed application, the account's own or another's."""
    return ProvisionAnswer(application_provision_info=_show(_installed(tx, wanted.app_id), tx.account_id))


@IMS.action("ListApplicationProvisionInfos", resource=APPLICATIONS)
def list_application_provision_infos(tx: Tx, _caller: Caller, wanted: ListProvisionsInput) -> Provisions:
    """List the installed applications; inner ones are the account's own."""
    inner = {"inner": (True,), "external": (False,)}.get(wanted.source_type or "", (True, False))
    found = [_show(row, tx.account_id) for row in applications.installed(tx) if (row.owner == tx.account_id) in inner]
    return Provisions(application_provision_infos=ProvisionList(application_provision_info=found))
