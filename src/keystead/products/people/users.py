"""The rules of users.  Source: reference/ram-behaviour.md 5.2."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import sqlalchemy as sa

from keystead import ids
from keystead.identity.transaction import Tx
from keystead.products.faults import USER_NOT_FOUND, exists, in_use, too_many
from keystead.products.people.principals import named
from keystead.store import accounts, recycle_bin, users
from keystead.wire.parameters import Text

USER_EXISTS = exists("User", "user")
TOO_MANY_USERS = too_many("User", "users")
HAS_ACCESS_KEYS = in_use("User.AccessKey", "user", "AccessKey pairs", "Delete its AccessKey pairs first.")
IS_IN_GROUPS = in_use("User.Group", "user", "groups", "Remove it from its groups first.")
HAS_POLICIES = in_use("User.Policy", "user", "policies attached", "Detach its policies first.")
HAS_LOGIN_PROFILE = in_use("User.LoginProfile", "user", "a login profile", "Delete its login profile first.")
HAS_MFA_DEVICE = in_use("User.MFADevice", "user", "an MFA device", "Unbind its MFA device first.")

CONFLICTS = (
    ("access_keys", HAS_ACCESS_KEYS),
    ("groups", IS_IN_GROUPS),
    ("policies", HAS_POLICIES),
    ("login_profiles", HAS_LOGIN_PROFILE),
    ("mfa_devices", HAS_MFA_DEVICE),
)
"""What must not hang on a user that RAM deletes, in the order in which it is asked for: a count of
`store.users.dependants`, and the fault."""

MobilePhone = Annotated[
    str, Text(0, 64, r"(?:[0-9]{1,8}-)?[0-9]{4,20}", wrong="Format", doc="country code, '-', number")
]
Email = Annotated[str, Text(0, 128, r"[^@\s]{1,64}@[^@\s]{1,128}", wrong="Format", doc="an e-mail address")]


def check_new(tx: Tx, name: str) -> None:
    """Raise `EntityAlreadyExists.User` or `LimitExceeded.User` unless one more user of that name fits."""
    if users.get(tx, name) is not None:
        raise USER_EXISTS(name=name)
    if accounts.count(tx, "users") >= tx.quotas.users:
        raise TOO_MANY_USERS(limit=tx.quotas.users)


def create(tx: Tx, name: str, texts: Mapping[str, str | None]) -> sa.Row[Any]:
    """Create a user; `texts` may hold display_name (else its name), mobile_phone, email, comments.

    Raises what `check_new` does.
    """
    check_new(tx, name)
    given = {column: texts.get(column) or "" for column in ("display_name", "mobile_phone", "email", "comments")}
    users.insert(tx, ids.user_id(), name, {**given, "display_name": given["display_name"] or name})
    return named(tx, name)


def change(tx: Tx, row: sa.Row[Any], new_name: str | None, texts: Mapping[str, str | None]) -> sa.Row[Any]:
    """Change a user's name or texts: None stays, an empty text is cleared, an empty name stays.

    Raises `EntityAlreadyExists.User`.
    """
    values = {column: value for column, value in texts.items() if value is not None}
    if new_name:
        other = users.get(tx, new_name)
        if other is not None and other.id != row.id:
            raise USER_EXISTS(name=new_name)
        values["name"] = new_name
    users.update(tx, row.id, values)
    return named(tx, values.get("name", row.name))


def delete(tx: Tx, row: sa.Row[Any]) -> None:
    """Move a user that nothing hangs on to the recycle bin.  Raises `DeleteConflict.User.…`."""
    hanging = users.dependants(tx, row.id)
    for counted, fault in CONFLICTS:
        count = getattr(hanging, counted)
        if count:
            raise fault(name=row.name, count=count)
    recycle(tx, row)


def recycle(tx: Tx, row: sa.Row[Any]) -> None:
    """Move a user to the recycle bin with all that hangs on it: its pairs are dead at once, the console is off."""
    recycle_bin.put_user(tx, row.id, most_users=tx.quotas.recycled_users, most_keys=tx.quotas.recycled_access_keys)


def by_id(tx: Tx, user_id: str) -> sa.Row[Any]:
    """The user of that ID.  Raises `EntityNotExist.User`."""
    row = users.by_id(tx, user_id)
    if row is None:
        raise USER_NOT_FOUND(name=user_id)
    return row
