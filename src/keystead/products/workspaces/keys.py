"""API keys: what is kept of them, who sees which, and what a scope may be.  Source: reference/model-studio.md b.2."""

from __future__ import annotations

import ipaddress
import json
import re
import secrets
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar, cast

import sqlalchemy as sa

from keystead.clock import iso
from keystead.faults import Fault, FaultKind
from keystead.identity import model_keys
from keystead.identity.callers import Caller
from keystead.identity.model_keys import MODEL_NAME, Scope
from keystead.identity.studio import decode_scope, is_super_administrator, last_moment
from keystead.identity.transaction import Tx
from keystead.products import pages
from keystead.products.faults import EXPIRY_INVALID
from keystead.products.workspaces.access import Place, Standing, enter, principal_of, visible
from keystead.store import accounts, api_keys, model_catalogue, workspaces
from keystead.wire.parameters import Input

InputT = TypeVar("InputT", bound=Input)

API_KEY_NOT_FOUND = FaultKind(
    "ApiKeyNotFound",
    404,
    "The API key {id} does not exist, or you may not see it.",
    "ListApiKeys shows the keys that you may see: your own, and those of workspaces that you administer.",
)
NOT_YOUR_KEY = FaultKind(
    "NoPermission.WorkspaceRole",
    403,
    "The API key {id} belongs to somebody else. Its new value would be shown to you, but act in the owner's name.",
    "Let the owner do it, or delete the key and create one of your own.",
)
TOO_MANY_KEYS = FaultKind(
    "LimitExceeded.ApiKey",
    409,
    "The number of API keys of the account is beyond the current limit of {limit}.",
    "Delete what is no longer needed, or ask the operator to raise api_keys_quota.",
)
WRONG_STATUS = FaultKind(
    "InvalidApiKey.Status", 409, "The API key {id} is {status} already.", "Nothing has to be done; GetApiKey shows it."
)
KEY_EXPIRED = FaultKind(
    "NotSupport.ApiKeyExpired",
    400,
    "The API key {id} has expired: it counted until {until}.",
    "Give it more time with SetApiKeyExpiry first, or create a new key and move its users over.",
)
WRONG_ADDRESS = FaultKind(
    "InvalidParameter.auth.accessIps",
    400,
    "The parameter auth.accessIps holds {text!r}, which is neither an address nor a network: {why}.",
    "Write addresses such as 203.0.113.7, or networks such as 10.0.0.0/8 and 2001:db8::/32.",
)
WRONG_MODEL = FaultKind(
    "InvalidParameter.auth.modelAccessScope.accessibleModels",
    400,
    "The parameter auth.modelAccessScope.accessibleModels names {model!r}, {why}.",
    "Name models that ListModelPermissions shows as authorized in the workspace.",
)
NOT_CUSTOM = FaultKind(
    "InvalidParameter.auth.type",
    400,
    "The parameter auth.type is All, but addresses or models are named beside it: they would narrow nothing.",
    "Send auth.type=Custom, or leave auth.accessIps and auth.modelAccessScope out.",
)


class ScopeFaults(NamedTuple):
    """What refuses an address, and a model, of a scope: each names the parameter that it came in."""

    address: FaultKind
    model: FaultKind


OF_AUTH = ScopeFaults(WRONG_ADDRESS, WRONG_MODEL)

ANYWHERE = ("0.0.0.0/0", "::/0")
MOST_ADDRESSES = 20


@dataclass(frozen=True, slots=True)
class KeyPlace:
    """An API key, and the caller's place in its workspace."""

    row: sa.Row[Any]
    place: Place
    is_own: bool

    def must_operate(self) -> None:
        """Raise `NoPermission.WorkspaceRole` unless the caller may change keys there."""
        self.place.must("api-keys", "operate")

    def must_hold(self) -> None:
        """Raise unless the caller may be shown a new value: the owner, and who stands in every workspace."""
        self.must_operate()
        if not self.is_own and self.place.standing is not Standing.SUPER:
            raise NOT_YOUR_KEY(id=self.row.id)


def placed(tx: Tx, wanted: InputT) -> InputT:
    """The input with the workspace of its key, which authorization is asked about; unchanged where there is no key.

    For `resolve`: a key is asked for by its ID alone, and a policy on one workspace rules the keys in it.
    """
    row = api_keys.get(tx, getattr(wanted, "api_key_id", 0))
    return wanted if row is None else in_place(wanted, row.workspace_id)


def in_place(wanted: InputT, workspace_id: str) -> InputT:
    """The input, and the workspace that its key turned out to be in."""
    return cast(InputT, _InPlace(wanted, workspace_id))


class _InPlace:
    """An input, and the workspace that its key turned out to be in."""

    __slots__ = ("_wanted", "workspace_id")

    def __init__(self, wanted: Input, workspace_id: str) -> None:
        self._wanted = wanted
        self.workspace_id = workspace_id

    def __getattr__(self, name: str) -> Any:
        return getattr(self._wanted, name)


def place(row: sa.Row[Any]) -> str:
    """Where a key stands in a list: when it was made, and its ID."""
    return f"{row.created_at}/{row.id}"


def after(token: str, invalid: FaultKind) -> tuple[int, int] | None:
    """The `place` where the last page ended, None for the first.  Raises `invalid`."""
    last = pages.after(token, invalid)
    made, _, key_id = last.partition("/")
    if not last:
        return None
    if not (made.isdecimal() and key_id.isdecimal() and last.isascii() and len(last) <= 32):
        raise invalid()
    return int(made), int(key_id)


def find(tx: Tx, caller: Caller, key_id: int) -> KeyPlace:
    """The key of that ID.  Raises `ApiKeyNotFound`, alike for what is not there and what the caller may not see."""
    row = api_keys.get(tx, key_id)
    within = visible(tx, caller)
    if row is not None and (within is None or row.workspace_id in within):
        place = enter(tx, caller, row.workspace_id)
        is_own = row.owner_id == principal_of(caller)[1]
        if place.may("api-keys", "view") and (is_own or place.standing >= Standing.ADMINISTRATOR):
            return KeyPlace(row, place, is_own)
    raise API_KEY_NOT_FOUND(id=key_id)


def may_see(tx: Tx, caller: Caller, key_id: int) -> bool:
    """Whether the caller may see the key of that ID."""
    try:
        find(tx, caller, key_id)
    except Fault:
        return False
    return True


def conditions(
    tx: Tx, caller: Caller, *, workspace_id: str, key_id: int | None, description: str, owner_id: str = ""
) -> list[sa.ColumnElement[bool]]:
    """The keys that a list shows its caller.  Raises `WorkSpaceNotFound` for a workspace that he is not in.

    A user sees the keys that he made, and in workspaces that he administers all (b.10); owner_id narrows to one owner.
    """
    if workspace_id:
        enter(tx, caller, workspace_id).must("api-keys", "view")
    found = [] if not owner_id else [api_keys.owned_by(owner_id)]
    if is_super_administrator(caller):
        return found + api_keys.matching(workspace_id, key_id=key_id, description=description)
    me = principal_of(caller)[1]
    places = [enter(tx, caller, each) for each in workspaces.joined(tx, me)]
    return found + api_keys.matching(
        workspace_id,
        [each.row.id for each in places if each.may("api-keys", "view")],
        [each.row.id for each in places if each.standing >= Standing.ADMINISTRATOR],
        me,
        key_id,
        description,
    )


def create(
    tx: Tx, caller: Caller, place: Place, description: str, scope_text: str, until: int | None = None
) -> tuple[sa.Row[Any], str]:
    """A new key of the caller in a workspace: its row, and its value, which is shown this once.

    until: when it is to expire (seconds); None as late as it may.  Raises `LimitExceeded.ApiKey`,
    `NoPermission.WorkspaceRole` and `InvalidParameter.ExpireDate`.
    """
    place.must("api-keys", "operate")
    if accounts.count(tx, "api_keys") >= tx.quotas.api_keys:
        raise TOO_MANY_KEYS(limit=tx.quotas.api_keys)
    key_id = _free_id(tx)
    kind, owner_id = principal_of(caller)
    value = model_keys.make_value()
    api_keys.insert(
        tx,
        key_id,
        workspace_id=place.row.id,
        owner_kind=kind,
        owner_id=owner_id,
        description=description,
        scope=scope_text,
        expires_at=expiry(tx, until, tx.now),
        **_marks(value),
    )
    row = api_keys.get(tx, key_id)
    assert row is not None  # noqa: S101 - inserted above
    return row, value


def renew(tx: Tx, row: sa.Row[Any], keep_until: int | None = None) -> str:
    """A new value for a key that keeps its ID, scope and limits; returns it.

    The old value counts until `keep_until` (seconds), by default no longer.  Without overlap, temporary keys made from
    the old value end too.  Raises `NotSupport.ApiKeyExpired`: a new value would be refused like the old one.
    """
    must_count(tx, row)
    value = model_keys.make_value()
    kept = (
        {"old_digest": row.digest, "old_until": keep_until} if keep_until else {"old_digest": None, "old_until": None}
    )
    generation = row.generation if keep_until else row.generation + 1
    api_keys.update(tx, row.id, generation=generation, **kept, **_marks(value))
    return value


def switch(tx: Tx, row: sa.Row[Any], *, disabled: bool) -> None:
    """Disable or enable a key.  Disabling ends its temporary keys for good.

    Raises `InvalidApiKey.Status`, and `NotSupport.ApiKeyExpired` where enabling would let nobody in.
    """
    if not disabled:
        must_count(tx, row)
    if bool(row.disabled) is disabled:
        raise WRONG_STATUS(id=row.id, status="disabled" if disabled else "enabled")
    api_keys.update(tx, row.id, disabled=disabled, disabled_reason="", generation=row.generation + disabled)


def end_temporary(tx: Tx, row: sa.Row[Any]) -> None:
    """End the temporary keys that were made from a key, which itself stays."""
    api_keys.update(tx, row.id, generation=row.generation + 1)


def expiry(tx: Tx, wanted: int | None, created_at: int) -> int:
    """When a key made at `created_at` is to expire (seconds), `NEVER` for not at all.

    The greatest age that keys have here bounds it, and is meant where nothing is wanted.  Raises
    `InvalidParameter.ExpireDate` for what is over, and for what is beyond the bound.
    """
    days = tx.quotas.api_key_max_age_days
    last = last_moment(created_at, days)
    if wanted is not None and wanted <= tx.now:
        raise EXPIRY_INVALID(date=iso(wanted), why=f"is not after now, {iso(tx.now)}")
    if wanted is not None and wanted > last:
        why = f"is after {iso(last)}; API keys here may be used for {days} days (api_key_max_age_days)"
        raise EXPIRY_INVALID(date=iso(wanted), why=why)
    return last if wanted is None else wanted


def must_count(tx: Tx, row: sa.Row[Any]) -> None:
    """Raise `NotSupport.ApiKeyExpired` if a key's time is over."""
    if row.expires_at <= tx.now:
        raise KEY_EXPIRED(id=row.id, until=iso(row.expires_at))


def mask(row: sa.Row[Any]) -> str:
    """What is shown of a value afterwards: prefix and last four."""
    return f"{row.prefix}****{row.last_four}"


def scope_of(row: sa.Row[Any]) -> Scope:
    """What a key narrows its workspace to."""
    return decode_scope(row.scope)


def is_custom(row: sa.Row[Any]) -> bool:
    """Whether a key was given a scope of its own."""
    return bool(json.loads(row.scope).get("custom"))


def scope_text(
    tx: Tx,
    place: Place,
    *,
    custom: bool,
    addresses: tuple[str, ...],
    models: tuple[str, ...] | None,
    faults: ScopeFaults = OF_AUTH,
) -> str:
    """A scope as it is stored, checked.

    Raises `InvalidParameter.auth.…` for what is no network, for a model that the workspace may not call, and for a
    narrowing that the type All would not apply.
    """
    if not custom and (addresses or models is not None):
        raise NOT_CUSTOM()
    for each in addresses:
        try:
            ipaddress.ip_network(each)
        except ValueError as error:
            raise faults.address(text=each[:60], why=error) from None
    _check_models(tx, place, models or (), faults.model)
    return json.dumps({"custom": custom, "addresses": addresses, "models": models})


def _check_models(tx: Tx, place: Place, models: tuple[str, ...], wrong: FaultKind) -> None:
    """A scope is never wider than its workspace."""
    everything = place.row.is_default or place.row.all_models
    granted = {} if everything else model_catalogue.grants(tx, place.row.id)
    for model in models:
        if not re.fullmatch(MODEL_NAME, model):
            raise wrong(model=model[:60], why="which no model can be called")
        if not everything and not (model in granted and granted[model].inference):
            raise wrong(model=model, why=f"which the workspace {place.row.id} may not call")


def _marks(value: str) -> dict[str, Any]:
    """The columns that stand for a value."""
    return {"digest": model_keys.digest(value), "prefix": value[:3], "last_four": value[-4:]}


def _free_id(tx: Tx) -> int:
    """A random ID that no key has."""
    while True:
        key_id = 100_000_000 + secrets.randbelow(900_000_000_000 - 100_000_000)
        if not api_keys.is_taken(tx, key_id):
            return key_id
