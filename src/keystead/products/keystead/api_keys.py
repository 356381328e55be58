"""API keys with an expiry, which the vendor's do not have.  Judged as `modelstudio:CreateApiKey` and `UpdateApiKey`.

Source: reference/console.md 4.5.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import UNSET, UnsetType

from keystead.clock import iso
from keystead.faults import FaultKind
from keystead.identity.callers import Caller
from keystead.identity.transaction import Tx
from keystead.products.faults import EXPIRY_INVALID
from keystead.products.keystead.product import KEYSTEAD
from keystead.products.keystead.times import Instant, seconds
from keystead.products.workspaces import access, keys
from keystead.products.workspaces.access import PAGE_NOT_YOURS, WORKSPACE, WORKSPACE_NOT_FOUND
from keystead.products.workspaces.keys import API_KEY_NOT_FOUND, TOO_MANY_KEYS, ScopeFaults
from keystead.store import api_keys
from keystead.store.tables import NEVER
from keystead.wire.answers import Output
from keystead.wire.parameters import Input, Items, Text, Whole

WRONG_ADDRESS = FaultKind(
    "InvalidParameter.AccessIps",
    400,
    "The parameter AccessIps holds {text!r}, which is neither an address nor a network: {why}.",
    "Write addresses such as 203.0.113.7, or networks such as 10.0.0.0/8 and 2001:db8::/32.",
)
WRONG_MODEL = FaultKind(
    "InvalidParameter.AccessibleModels",
    400,
    "The parameter AccessibleModels names {model!r}, {why}.",
    "Name models that ListModelPermissions shows as authorized in the workspace.",
)

KeyId = Annotated[int, Whole(1, 999_999_999_999, doc="the ID of an API key")]


class CreateExpiringApiKeyInput(Input, frozen=True):
    """expire_date: left out, as late as the operator allows.  access_ips, accessible_models: left out, any."""

    workspace_id: access.WorkspaceId = ""
    description: Annotated[str, Text(0, 512, doc="free text")] = ""
    expire_date: Instant | None = None
    access_ips: Annotated[tuple[str, ...], Items(keys.MOST_ADDRESSES, doc="addresses and networks")] = ()
    accessible_models: Annotated[tuple[str, ...], Items(200, doc="only these models")] | None = None


class SetApiKeyExpiryInput(Input, frozen=True):
    """expire_date: left out or empty, as late as the operator allows."""

    workspace_id: ClassVar[str] = "*"
    api_key_id: KeyId
    expire_date: Instant | None = None


class NewExpiringApiKey(Output, frozen=True):
    """A key with its value, shown this once.  expire_date: left out where it does not expire."""

    api_key_id: int
    api_key_value: str
    workspace_id: str
    description: str
    create_date: str
    expire_date: str | UnsetType = UNSET


class NewExpiringApiKeyAnswer(Output, frozen=True):
    api_key: NewExpiringApiKey


class ApiKeyExpiry(Output, frozen=True):
    """Until when a key counts from now on; left out where it does not expire."""

    api_key_id: int
    expire_date: str | UnsetType = UNSET


@KEYSTEAD.action(
    "CreateExpiringApiKey",
    resource=WORKSPACE,
    permission="modelstudio:CreateApiKey",
    resolve=access.in_default,
    writes=True,
    faults=(WORKSPACE_NOT_FOUND, PAGE_NOT_YOURS, TOO_MANY_KEYS, WRONG_ADDRESS, WRONG_MODEL, EXPIRY_INVALID),
)
def create_expiring_api_key(tx: Tx, caller: Caller, wanted: CreateExpiringApiKeyInput) -> NewExpiringApiKeyAnswer:
    """Create an API key of the caller in a workspace that counts until a time; its value is shown this once."""
    place = access.enter(tx, caller, wanted.workspace_id)
    scope = keys.scope_text(
        tx,
        place,
        custom=bool(wanted.access_ips) or wanted.accessible_models is not None,
        addresses=wanted.access_ips,
        models=wanted.accessible_models,
        faults=ScopeFaults(WRONG_ADDRESS, WRONG_MODEL),
    )
    row, value = keys.create(tx, caller, place, wanted.description, scope, _until(wanted.expire_date))
    return NewExpiringApiKeyAnswer(
        api_key=NewExpiringApiKey(
            api_key_id=row.id,
            api_key_value=value,
            workspace_id=row.workspace_id,
            description=row.description,
            create_date=iso(row.created_at),
            expire_date=_told(row.expires_at),
        )
    )


@KEYSTEAD.action(
    "SetApiKeyExpiry",
    resource=WORKSPACE,
    permission="modelstudio:UpdateApiKey",
    resolve=keys.placed,
    writes=True,
    faults=(API_KEY_NOT_FOUND, PAGE_NOT_YOURS, EXPIRY_INVALID),
)
def set_api_key_expiry(tx: Tx, caller: Caller, wanted: SetApiKeyExpiryInput) -> ApiKeyExpiry:
    """Say until when an API key counts; one that has expired counts again with a later time.

    Temporary keys that were made of it end with it at the latest.
    """
    found = keys.find(tx, caller, wanted.api_key_id)
    found.must_operate()
    expires_at = keys.expiry(tx, _until(wanted.expire_date), found.row.created_at)
    api_keys.update(tx, found.row.id, expires_at=expires_at)
    return ApiKeyExpiry(api_key_id=found.row.id, expire_date=_told(expires_at))


def _until(text: str | None) -> int | None:
    """A time that was given, in seconds.  Raises `InvalidParameter.ExpireDate.Format`."""
    return seconds("ExpireDate", text) if text else None


def _told(expires_at: int) -> str | UnsetType:
    return UNSET if expires_at == NEVER else iso(expires_at)
