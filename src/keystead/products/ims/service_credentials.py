"""Service credentials of users.  Source: reference/ram-behaviour.md 5.14.

The secret is answered once, at creation, and kept as a digest.
"""

from __future__ import annotations

import hashlib
from typing import Annotated, Any

import msgspec
import sqlalchemy as sa
from msgspec import UNSET, UnsetType

from keystead import ids
from keystead.clock import iso
from keystead.faults import FaultKind
from keystead.identity.callers import Caller
from keystead.identity.transaction import Tx
from keystead.products import pages
from keystead.products.faults import USER_NOT_FOUND, absent, too_many
from keystead.products.ims.owner import OfUser, bare, named
from keystead.products.ims.product import IMS
from keystead.products.people import principals
from keystead.store import service_credentials
from keystead.wire.answers import Done, Output
from keystead.wire.parameters import Choice, Text, Whole, missing

CREDENTIAL_NOT_FOUND = absent("User.ServiceCredential", "service credential")
TOO_MANY_CREDENTIALS = too_many("User.ServiceCredential", "service credentials of a user for one service")
USER_AND_ALL = FaultKind(
    "InvalidParameter.AllUsers",
    400,
    "AllUsers is true, so UserPrincipalName may not be given: {name}.",
    "Leave out one of the two.",
)
TOKEN_INVALID = FaultKind(
    "InvalidParameter.NextToken",
    400,
    "The parameter NextToken was not answered by this server.",
    "Start again without NextToken, and pass on each answer's NextToken unchanged.",
)

_USER = "acs:ram:*:{account}:user/{user_name}"
_DAY = 86_400
_SELF = "AllowUserToManageServiceCredentials"
_EVERYBODY = "*"

CredentialName = Annotated[str, Text(1, 128, r"[A-Za-z0-9._-]+", doc="letters, digits, '.', '_' and '-'")]
CredentialId = Annotated[str, Text(1, 64, r"[A-Za-z0-9]+", doc="the ID of a service credential")]
ServiceName = Annotated[str, Text(1, 64, r"[A-Za-z0-9.-]+", doc="the name of a service")]


class ServiceCredential(Output, frozen=True, kw_only=True):
    """A credential as it is shown: never its secret."""

    service_credential_id: str
    service_credential_name: str
    service_name: str
    user_principal_name: str
    status: str
    create_time: str
    expiration_time: str | UnsetType = UNSET


class NewServiceCredential(ServiceCredential, frozen=True, kw_only=True):
    """A credential as CreateServiceCredential answers it, the only time that its secret is shown."""

    service_credential_secret: str


class ServiceCredentialAnswer(Output, frozen=True):
    service_credential: ServiceCredential


class NewServiceCredentialAnswer(Output, frozen=True):
    service_credential: NewServiceCredential


class ServiceCredentialsPage(Output, frozen=True):
    service_credentials: list[ServiceCredential]
    is_truncated: bool
    max_results: int
    next_token: str | UnsetType = UNSET


class CreateInput(OfUser, frozen=True, kw_only=True):
    service_credential_name: CredentialName
    service_name: ServiceName
    credential_age_days: Annotated[int, Whole(1, 36600, doc="days; left out, it never expires")] | None = None


class CredentialInput(OfUser, frozen=True, kw_only=True):
    service_credential_id: CredentialId


class UpdateInput(CredentialInput, frozen=True, kw_only=True):
    service_credential_name: CredentialName | None = None
    status: Annotated[str, Choice(("Active", "Inactive"))] | None = None


class ListInput(OfUser, frozen=True, kw_only=True):
    all_users: bool = False
    max_results: Annotated[int, Whole(1, 100, doc="how many on a page")] = 10
    next_token: Annotated[str, Text(1, 512, doc="what the page before answered")] | None = None
    service_name: ServiceName | None = None

    def __post_init__(self) -> None:
        # INVARIANT: asking for everybody is asking about `user/*`, never about oneself.
        if self.all_users and self.user_name != _EVERYBODY:
            if self.user_name is not None:
                raise USER_AND_ALL(name=self.user_name)
            msgspec.structs.force_setattr(self, "user_name", _EVERYBODY)


def _show(tx: Tx, row: sa.Row[Any]) -> dict[str, Any]:
    expired = row.expires_at is not None and row.expires_at <= tx.now
    return {
        "service_credential_id": row.id,
        "service_credential_name": row.name,
        "service_name": row.service,
        "user_principal_name": principals.principal_name(tx, row.user_name),
        "status": "Expired" if expired else row.status,
        "create_time": iso(row.created_at),
        "expiration_time": UNSET if row.expires_at is None else iso(row.expires_at),
    }


def _find(tx: Tx, wanted: CredentialInput) -> sa.Row[Any]:
    """Raises `EntityNotExist.User`, `EntityNotExist.User.ServiceCredential`."""
    row = service_credentials.get(tx, wanted.service_credential_id, named(tx, wanted.user_name).id)
    if row is None:
        raise CREDENTIAL_NOT_FOUND(name=wanted.service_credential_id)
    return row


@IMS.action(
    "CreateServiceCredential",
    resource=_USER,
    writes=True,
    own_user="user_name",
    resolve=bare,
    self_service=_SELF,
    faults=(USER_NOT_FOUND, TOO_MANY_CREDENTIALS),
)
def create_service_credential(tx: Tx, _caller: Caller, wanted: CreateInput) -> NewServiceCredentialAnswer:
    """Create a credential of a user for one service; its secret is shown this once."""
    user = named(tx, wanted.user_name)
    limit = tx.quotas.service_credentials_per_service
    if service_credentials.count(tx, user.id, wanted.service_name) >= limit:
        raise TOO_MANY_CREDENTIALS(limit=limit)
    credential_id, secret = ids.service_credential_id(), ids.service_credential_secret()
    days = wanted.credential_age_days
    values: dict[str, object] = {
        "service": wanted.service_name,
        "name": wanted.service_credential_name,
        "digest": hashlib.sha256(secret.encode()).digest(),
        "expires_at": None if days is None else tx.now + days * _DAY,
    }
    service_credentials.insert(tx, credential_id, user.id, values)
    row = service_credentials.get(tx, credential_id, user.id)
    assert row is not None  # noqa: S101 - it was just written
    return NewServiceCredentialAnswer(
        service_credential=NewServiceCredential(service_credential_secret=secret, **_show(tx, row))
    )


@IMS.action(
    "GetServiceCredential",
    resource=_USER,
    own_user="user_name",
    resolve=bare,
    self_service=_SELF,
    faults=(USER_NOT_FOUND, CREDENTIAL_NOT_FOUND),
)
def get_service_credential(tx: Tx, _caller: Caller, wanted: CredentialInput) -> ServiceCredentialAnswer:
    """Show a service credential, without its secret."""
    return ServiceCredentialAnswer(service_credential=ServiceCredential(**_show(tx, _find(tx, wanted))))


@IMS.action(
    "ListServiceCredentials",
    resource=_USER,
    own_user="user_name",
    resolve=bare,
    self_service=_SELF,
    faults=(USER_NOT_FOUND, USER_AND_ALL, TOKEN_INVALID),
)
def list_service_credentials(tx: Tx, _caller: Caller, wanted: ListInput) -> ServiceCredentialsPage:
    """List the service credentials of a user, or with AllUsers of every user, a page at a time."""
    user_id = None if wanted.all_users else named(tx, wanted.user_name).id
    rows, token = pages.cut(
        service_credentials.page(
            tx,
            pages.after(wanted.next_token, TOKEN_INVALID),
            wanted.max_results + 1,
            user_id=user_id,
            service=wanted.service_name,
        ),
        wanted.max_results,
        "id",
    )
    return ServiceCredentialsPage(
        service_credentials=[ServiceCredential(**_show(tx, row)) for row in rows],
        is_truncated=token is not None,
        max_results=wanted.max_results,
        next_token=token or UNSET,
    )


@IMS.action(
    "UpdateServiceCredential",
    resource=_USER,
    writes=True,
    own_user="user_name",
    resolve=bare,
    self_service=_SELF,
    faults=(USER_NOT_FOUND, CREDENTIAL_NOT_FOUND),
)
def update_service_credential(tx: Tx, _caller: Caller, wanted: UpdateInput) -> Done:
    """Rename a service credential, disable it, or enable it again."""
    if wanted.status is None and not wanted.service_credential_name:
        raise missing("Status")
    row = _find(tx, wanted)
    values = {"status": wanted.status, "name": wanted.service_credential_name or None}
    service_credentials.update(tx, row.id, {name: value for name, value in values.items() if value is not None})
    return Done()


@IMS.action(
    "DeleteServiceCredential",
    resource=_USER,
    writes=True,
    own_user="user_name",
    resolve=bare,
    self_service=_SELF,
    faults=(USER_NOT_FOUND, CREDENTIAL_NOT_FOUND),
)
def delete_service_credential(tx: Tx, _caller: Caller, wanted: CredentialInput) -> Done:
    """Delete a service credential for good, active or not."""
    service_credentials.delete(tx, _find(tx, wanted).id)
    return Done()
