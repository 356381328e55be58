"""Secrets of OAuth applications.  Source: reference/ram-behaviour.md 5.14.

A secret is answered once, at creation, and kept as a digest; GetAppSecret shows its last characters, so that one can
be told from another.
"""

from __future__ import annotations

import hashlib
from typing import Annotated, Any

import sqlalchemy as sa

from keystead import ids
from keystead.clock import iso
from keystead.identity.callers import Caller
from keystead.identity.transaction import Tx
from keystead.products.faults import absent, too_many
from keystead.products.ims.applications import APPLICATION, APPLICATION_NOT_FOUND, AppInput, find
from keystead.products.ims.product import IMS
from keystead.store import applications
from keystead.wire.answers import Done, Output
from keystead.wire.parameters import Text

SECRET_NOT_FOUND = absent("Application.AppSecret", "application's secret")
TOO_MANY_SECRETS = too_many("Application.AppSecret", "secrets of an application")

_TAIL = 4


class AppSecretId(Output, frozen=True):
    """A secret as ListAppSecretIds shows it."""

    app_id: str
    app_secret_id: str
    create_date: str


class AppSecret(AppSecretId, frozen=True, kw_only=True):
    """A secret with its value, which is whole at creation only."""

    app_secret_value: str


class AppSecretAnswer(Output, frozen=True):
    app_secret: AppSecret


class AppSecretList(Output, frozen=True):
    app_secret: list[AppSecretId]


class AppSecrets(Output, frozen=True):
    app_secrets: AppSecretList


class AppSecretInput(AppInput, frozen=True):
    app_secret_id: Annotated[str, Text(1, 64, r"[A-Za-z0-9-]+", doc="the ID of a secret")]


def _find(tx: Tx, wanted: AppSecretInput) -> sa.Row[Any]:
    """Raises `EntityNotExist.Application`, `EntityNotExist.Application.AppSecret`."""
    for row in applications.secrets(tx, find(tx, wanted.app_id).id):
        if row.id == wanted.app_secret_id:
            return row
    raise SECRET_NOT_FOUND(name=wanted.app_secret_id)


@IMS.action("CreateAppSecret", resource=APPLICATION, writes=True, faults=(APPLICATION_NOT_FOUND, TOO_MANY_SECRETS))
def create_app_secret(tx: Tx, _caller: Caller, wanted: AppInput) -> AppSecretAnswer:
    """Create a secret of an application; it is shown this once."""
    application_id = find(tx, wanted.app_id).id
    if len(applications.secrets(tx, application_id)) >= tx.quotas.application_secrets:
        raise TOO_MANY_SECRETS(limit=tx.quotas.application_secrets)
    secret_id, secret = ids.application_secret()
    applications.add_secret(tx, application_id, secret_id, hashlib.sha256(secret.encode()).digest(), secret[-_TAIL:])
    return AppSecretAnswer(
        app_secret=AppSecret(
            app_id=application_id, app_secret_id=secret_id, app_secret_value=secret, create_date=iso(tx.now)
        )
    )


@IMS.action("GetAppSecret", resource=APPLICATION, faults=(APPLICATION_NOT_FOUND, SECRET_NOT_FOUND))
def get_app_secret(tx: Tx, _caller: Caller, wanted: AppSecretInput) -> AppSecretAnswer:
    """Show a secret of an application, masked but for its end."""
    row = _find(tx, wanted)
    return AppSecretAnswer(
        app_secret=AppSecret(
            app_id=wanted.app_id,
            app_secret_id=row.id,
            app_secret_value="*" * 8 + row.tail,
            create_date=iso(row.created_at),
        )
    )


@IMS.action("ListAppSecretIds", resource=APPLICATION, faults=(APPLICATION_NOT_FOUND,))
def list_app_secret_ids(tx: Tx, _caller: Caller, wanted: AppInput) -> AppSecrets:
    """List the secrets of an application, without their values."""
    rows = applications.secrets(tx, find(tx, wanted.app_id).id)
    found = [AppSecretId(app_id=wanted.app_id, app_secret_id=row.id, create_date=iso(row.created_at)) for row in rows]
    return AppSecrets(app_secrets=AppSecretList(app_secret=found))


@IMS.action("DeleteAppSecret", resource=APPLICATION, writes=True, faults=(APPLICATION_NOT_FOUND, SECRET_NOT_FOUND))
def delete_app_secret(tx: Tx, _caller: Caller, wanted: AppSecretInput) -> Done:
    """Delete a secret of an application for good."""
    applications.drop_secret(tx, wanted.app_id, _find(tx, wanted).id)
    return Done()
