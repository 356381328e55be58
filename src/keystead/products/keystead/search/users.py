"""Users with how they sign in, their pairs, groups and tags.  Judged as `ram:ListUsers`."""

from __future__ import annotations

from typing import Annotated, Any

import sqlalchemy as sa
from msgspec import UNSET, UnsetType

from keystead.clock import iso
from keystead.identity.callers import Caller
from keystead.identity.transaction import Tx
from keystead.products.faults import GROUP_NOT_FOUND
from keystead.products.keystead.product import KEYSTEAD
from keystead.products.keystead.search.shapes import (
    DAY,
    Days,
    SearchInput,
    SearchOutput,
    TagList,
    by,
    shown_tags,
)
from keystead.products.people import principals
from keystead.store import groups, tags
from keystead.store.search import users as store
from keystead.wire.answers import Output
from keystead.wire.parameters import Choice, Flag, Text

Access = Annotated[str, Choice(("console", "accesskey", "both", "none"), doc="console: the console alone")]


class SearchUsersInput(SearchInput, frozen=True):
    status: Annotated[str, Choice(("active", "freeze"))] | None = None
    access: Access | None = None
    mfa: Annotated[bool, Flag(doc="whether an MFA device is bound")] | None = None
    group_name: Annotated[str, Text(1, 64, r"[A-Za-z0-9._-]+", doc="members of this group")] | None = None
    tag_key: Annotated[str, Text(1, 128, doc="users with this tag")] | None = None
    tag_value: Annotated[str, Text(0, 128, doc="with TagKey: and this value of it")] | None = None
    unused_days: Days | None = None
    sort: Annotated[str, by(*store.ORDERS)] = "UserName"


class NameList(Output, frozen=True):
    group: list[str]


class FoundUser(Output, frozen=True):
    """A user.  last_activity_date: the later of console logon and use of a pair; left out where there was none."""

    user_id: str
    user_name: str
    user_principal_name: str
    display_name: str
    comments: str
    status: str
    console_access: bool
    active_access_keys: int
    inactive_access_keys: int
    mfa_bound: bool
    groups: NameList
    tags: TagList
    create_date: str
    last_activity_date: str | UnsetType = UNSET


class FoundUserList(Output, frozen=True):
    user: list[FoundUser]


class SearchUsersOutput(SearchOutput, frozen=True, kw_only=True):
    users: FoundUserList


@KEYSTEAD.action(
    "SearchUsers", permission="ram:ListUsers", resource="acs:ram:*:{account}:user/*", faults=(GROUP_NOT_FOUND,)
)
def search_users(tx: Tx, _caller: Caller, wanted: SearchUsersInput) -> SearchUsersOutput:
    """Find users by name, status, ways to sign in, MFA, group, tag and time since they were last active."""
    found = store.search(tx, _wanted(tx, wanted), wanted.cut(wanted.sort))
    return SearchUsersOutput(
        total_count=found.total,
        page=wanted.page,
        page_size=wanted.page_size,
        users=FoundUserList(user=_shown(tx, found.ids) if found.ids else []),
    )


def _wanted(tx: Tx, wanted: SearchUsersInput) -> store.Wanted:
    group_id = ""
    if wanted.group_name:
        group = groups.get(tx, wanted.group_name)
        if group is None:
            raise GROUP_NOT_FOUND(name=wanted.group_name)
        group_id = group.id
    return store.Wanted(
        query=wanted.query,
        status=wanted.status or "",
        access=wanted.access or "",
        mfa=wanted.mfa,
        group_id=group_id,
        tag_key=wanted.tag_key or "",
        tag_value=wanted.tag_value,
        idle_since=None if wanted.unused_days is None else tx.now - wanted.unused_days * DAY,
    )


def _shown(tx: Tx, ids: list[str]) -> list[FoundUser]:
    keys, joined, tagged = store.keys_of(tx, ids), store.groups_of(tx, ids), tags.of(tx, ids)
    domain = principals.domain(tx)
    return [
        _user(tx, row, domain, keys.get(row.id, []), [each.name for each in joined.get(row.id, [])], tagged)
        for row in store.rows(tx, ids)
    ]


def _user(
    tx: Tx,
    row: sa.Row[Any],
    domain: str,
    keys: list[sa.Row[Any]],
    joined: list[str],
    tagged: dict[str, list[tuple[str, str]]],
) -> FoundUser:
    live = sum(each.status == "Active" and (each.expires_at or tx.now + 1) > tx.now for each in keys)
    active_at = row.active_at if row.active_at > row.created_at else 0
    last = max(row.last_login_at or 0, active_at, *(each.used_at or 0 for each in keys), 0)
    return FoundUser(
        user_id=row.id,
        user_name=row.name,
        user_principal_name=f"{row.name}@{domain}",
        display_name=row.display_name,
        comments=row.comments,
        status=row.status,
        console_access=row.profile == "Active",
        active_access_keys=live,
        inactive_access_keys=len(keys) - live,
        mfa_bound=row.device is not None,
        groups=NameList(group=joined),
        tags=shown_tags(tagged.get(row.id, [])),
        create_date=iso(row.created_at),
        last_activity_date=iso(last) if last else UNSET,
    )
