"""OAuth applications that an account makes.  Source: reference/ram-behaviour.md 5.14."""

from __future__ import annotations

import json
from typing import Annotated, Any

import sqlalchemy as sa

from keystead import ids
from keystead.clock import iso
from keystead.identity.callers import Caller
from keystead.identity.transaction import Tx
from keystead.products.faults import absent, exists, too_many
from keystead.products.ims import scopes
from keystead.products.ims.product import IMS
from keystead.store import applications
from keystead.wire.answers import Done, Output
from keystead.wire.parameters import Choice, Input, Nothing, Text, Whole

APPLICATION_NOT_FOUND = absent("Application", "application")
APPLICATION_EXISTS = exists("Application", "application")
TOO_MANY_APPLICATIONS = too_many("Application", "applications")

APPLICATION = "acs:ram:*:{account}:application/{app_id}"
APPLICATIONS = "acs:ram:*:{account}:application/*"

_ACCESS_SECONDS = 3600
_REFRESH_SECONDS = {"WebApp": 7_776_000, "NativeApp": 2_592_000, "ServerApp": 2_592_000}

AppId = Annotated[str, Text(1, 64, r"[0-9]+", doc="the ID of an application")]
AppType = Annotated[str, Choice(scopes.TYPES)]
AppName = Annotated[str, Text(1, 64, r"[A-Za-z0-9._-]+", doc="letters, digits, '.', '_' and '-'")]
DisplayName = Annotated[str, Text(1, 24, doc="free text")]
Listed = Annotated[str, Text(0, 8192, doc="several are separated by semicolons")]
AccessValidity = Annotated[int, Whole(900, 10800, doc="seconds")]
RefreshValidity = Annotated[int, Whole(7200, 31536000, doc="seconds")]


class ScopeList(Output, frozen=True):
    predefined_scope: list[scopes.ApplicationScope]


class DelegatedScope(Output, frozen=True):
    predefined_scopes: ScopeList


class RedirectUriList(Output, frozen=True):
    redirect_uri: list[str]


class Application(Output, frozen=True):
    """An application as it is shown: never a secret of it."""

    app_id: str
    app_name: str
    app_type: str
    account_id: str
    display_name: str
    protocol_version: str
    is_multi_tenant: bool
    secret_required: bool
    access_token_validity: int
    refresh_token_validity: int
    redirect_uris: RedirectUriList
    delegated_scope: DelegatedScope
    create_date: str
    update_date: str


class ApplicationAnswer(Output, frozen=True):
    application: Application


class ApplicationList(Output, frozen=True):
    application: list[Application]


class Applications(Output, frozen=True):
    applications: ApplicationList


class PredefinedScopeList(Output, frozen=True):
    predefined_scope: list[scopes.PredefinedScope]


class PredefinedScopes(Output, frozen=True):
    predefined_scopes: PredefinedScopeList


class AppInput(Input, frozen=True):
    app_id: AppId


class CreateApplicationInput(Input, frozen=True):
    app_name: AppName
    display_name: DisplayName
    app_type: AppType
    secret_required: bool
    is_multi_tenant: bool | None = None
    protocol_version: Annotated[str, Choice(("2.0", "2.1"))] = "2.0"
    access_token_validity: AccessValidity = _ACCESS_SECONDS
    refresh_token_validity: RefreshValidity | None = None
    redirect_uris: Listed | None = None
    predefined_scopes: Listed | None = None
    required_scopes: Listed | None = None


class UpdateApplicationInput(AppInput, frozen=True):
    new_display_name: DisplayName | None = None
    new_is_multi_tenant: bool | None = None
    new_secret_required: bool | None = None
    new_access_token_validity: AccessValidity | None = None
    new_refresh_token_validity: RefreshValidity | None = None
    new_redirect_uris: Listed | None = None
    new_predefined_scopes: Listed | None = None
    new_required_scopes: Listed | None = None


class ListPredefinedScopesInput(Input, frozen=True):
    app_type: AppType | None = None


def find(tx: Tx, application_id: str) -> sa.Row[Any]:
    """The account's own application.  Raises `EntityNotExist.Application`."""
    row = applications.get(tx, application_id)
    if row is None:
        raise APPLICATION_NOT_FOUND(name=application_id)
    return row


def show(row: sa.Row[Any]) -> Application:
    """A row of the applications table as IMS shows it."""
    shown = scopes.show(scopes.stored(row.scopes), scopes.stored(row.required_scopes))
    return Application(
        app_id=row.id,
        app_name=row.name,
        app_type=row.type,
        account_id=row.account_id,
        display_name=row.display_name,
        protocol_version=row.protocol_version,
        is_multi_tenant=row.multi_tenant,
        secret_required=row.secret_required,
        access_token_validity=row.access_validity,
        refresh_token_validity=row.refresh_validity,
        redirect_uris=RedirectUriList(redirect_uri=scopes.stored(row.redirect_uris)),
        delegated_scope=DelegatedScope(predefined_scopes=ScopeList(predefined_scope=shown)),
        create_date=iso(row.created_at),
        update_date=iso(row.updated_at),
    )


@IMS.action(
    "CreateApplication",
    resource=APPLICATIONS,
    writes=True,
    faults=(APPLICATION_EXISTS, TOO_MANY_APPLICATIONS, scopes.SCOPE_UNKNOWN, scopes.REDIRECT_INVALID),
)
def create_application(tx: Tx, _caller: Caller, wanted: CreateApplicationInput) -> ApplicationAnswer:
    """Create an OAuth application; web and server applications always need a secret."""
    kind = wanted.app_type
    uris = scopes.redirects(wanted.redirect_uris, kind)
    asked = scopes.asked(wanted.predefined_scopes, kind)
    if applications.named(tx, wanted.app_name) is not None:
        raise APPLICATION_EXISTS(name=wanted.app_name)
    if len(applications.all_of(tx)) >= tx.quotas.applications:
        raise TOO_MANY_APPLICATIONS(limit=tx.quotas.applications)
    tenants = kind != "WebApp" if wanted.is_multi_tenant is None else wanted.is_multi_tenant
    values: dict[str, object] = {
        "display_name": wanted.display_name,
        "type": kind,
        "protocol_version": wanted.protocol_version,
        "multi_tenant": tenants,
        "secret_required": wanted.secret_required or kind != "NativeApp",
        "access_validity": wanted.access_token_validity,
        "refresh_validity": wanted.refresh_token_validity or _REFRESH_SECONDS[kind],
        "redirect_uris": json.dumps(uris),
        "scopes": json.dumps(asked),
        "required_scopes": json.dumps(scopes.required(wanted.required_scopes, asked)),
    }
    application_id = ids.application_id()
    applications.insert(tx, application_id, wanted.app_name, values)
    return ApplicationAnswer(application=show(find(tx, application_id)))


@IMS.action("GetApplication", resource=APPLICATION, faults=(APPLICATION_NOT_FOUND,))
def get_application(tx: Tx, _caller: Caller, wanted: AppInput) -> ApplicationAnswer:
    """Show an application."""
    return ApplicationAnswer(application=show(find(tx, wanted.app_id)))


@IMS.action("ListApplications", resource=APPLICATIONS)
def list_applications(tx: Tx, _caller: Caller, _wanted: Nothing) -> Applications:
    """List the applications that the account made."""
    found = [show(row) for row in applications.all_of(tx)]
    return Applications(applications=ApplicationList(application=found))


@IMS.action(
    "UpdateApplication",
    resource=APPLICATION,
    writes=True,
    faults=(APPLICATION_NOT_FOUND, scopes.SCOPE_UNKNOWN, scopes.REDIRECT_INVALID),
)
def update_application(tx: Tx, _caller: Caller, wanted: UpdateApplicationInput) -> ApplicationAnswer:
    """Change an application; what is left out stays, scopes and redirect URIs are replaced whole."""
    row = find(tx, wanted.app_id)
    values: dict[str, object] = {
        "display_name": wanted.new_display_name or None,
        "multi_tenant": wanted.new_is_multi_tenant,
        "access_validity": wanted.new_access_token_validity,
        "refresh_validity": wanted.new_refresh_token_validity,
    }
    if wanted.new_secret_required is not None and row.type == "NativeApp":
        values["secret_required"] = wanted.new_secret_required
    if wanted.new_redirect_uris is not None:
        values["redirect_uris"] = json.dumps(scopes.redirects(wanted.new_redirect_uris, row.type))
    asked, needed = scopes.stored(row.scopes), scopes.stored(row.required_scopes)
    if wanted.new_predefined_scopes is not None:
        asked = scopes.asked(wanted.new_predefined_scopes, row.type)
    if wanted.new_required_scopes is not None:
        needed = scopes.required(wanted.new_required_scopes, asked)
    values |= {"scopes": json.dumps(asked), "required_scopes": json.dumps([one for one in needed if one in asked])}
    applications.update(tx, row.id, {name: value for name, value in values.items() if value is not None})
    return ApplicationAnswer(application=show(find(tx, row.id)))


@IMS.action("DeleteApplication", resource=APPLICATION, writes=True, faults=(APPLICATION_NOT_FOUND,))
def delete_application(tx: Tx, _caller: Caller, wanted: AppInput) -> Done:
    """Delete an application with its secrets; wherever it was installed it is gone too."""
    applications.delete(tx, find(tx, wanted.app_id).id)
    return Done()


@IMS.action("ListPredefinedScopes")
def list_predefined_scopes(_tx: Tx, _caller: Caller, wanted: ListPredefinedScopesInput) -> PredefinedScopes:
    """List the scopes that applications of a type may ask for."""
    found = scopes.predefined(wanted.app_type)
    return PredefinedScopes(predefined_scopes=PredefinedScopeList(predefined_scope=found))
