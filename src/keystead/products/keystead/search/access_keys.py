"""AccessKey pairs of everybody, and what one of them was used for.  Judged as the vendor's actions on the user's pairs.

Source: reference/console.md 3.7.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import sqlalchemy as sa
from msgspec import UNSET, UnsetType

from keystead.clock import iso
from keystead.identity import network_policy
from keystead.identity.callers import Caller
from keystead.identity.transaction import Tx
from keystead.products.faults import USER_NOT_FOUND
from keystead.products.keystead.access_keys import USER, AccessKeyId, owner
from keystead.products.keystead.members import UserName
from keystead.products.keystead.product import KEYSTEAD
from keystead.products.keystead.search.shapes import DAY, Days, SearchInput, SearchOutput, by
from keystead.products.people import access_keys as rules
from keystead.products.people.access_keys import KEY_NOT_FOUND, SELF_SERVICE
from keystead.products.people.tagging import of_resource
from keystead.store import access_key_policies
from keystead.store.search import access_keys as store
from keystead.wire.answers import Output
from keystead.wire.parameters import Choice, Input, Whole

EVERYBODY = "*"
MOST_CALLERS = 50


class SearchAccessKeysInput(SearchInput, frozen=True):
    """user_name: pairs of this user; left out, those of all users and of the account."""

    user_name: UserName = EVERYBODY
    owner: Annotated[str, Choice(("account", "user"), doc="the account's own pairs, or those of users")] | None = None
    status: Annotated[str, Choice(rules.STATES, doc="Restricted: reported as leaked")] | None = None
    unused_days: Days | None = None
    older_than_days: Days | None = None
    sort: Annotated[str, by(*store.ORDERS)] = "-CreateDate"


class FoundAccessKey(Output, frozen=True):
    """A pair.  user_name: empty for the account's own.  network_restricted: by a policy of its own or the account's.
    last_used_action: of its last call."""

    access_key_id: str
    owner: str
    user_name: str
    note: str
    status: str
    network_restricted: bool
    create_date: str
    expire_date: str | UnsetType = UNSET
    last_used_date: str | UnsetType = UNSET
    last_used_service: str | UnsetType = UNSET
    last_used_action: str | UnsetType = UNSET
    last_used_address: str | UnsetType = UNSET


class FoundAccessKeyList(Output, frozen=True):
    access_key: list[FoundAccessKey]


class SearchAccessKeysOutput(SearchOutput, frozen=True, kw_only=True):
    access_keys: FoundAccessKeyList


class GetAccessKeyActivityInput(Input, frozen=True):
    user_access_key_id: AccessKeyId
    user_name: UserName | None = None
    hours: Annotated[int, Whole(1, 2160, doc="how far to look back, by default 90 days")] = 2160


class DayOfCalls(Output, frozen=True):
    date: str
    calls: int


class DayList(Output, frozen=True):
    day: list[DayOfCalls]


class KeyCaller(Output, frozen=True):
    source_ip_address: str
    user_agent: str
    calls: int
    last_date: str


class KeyCallerList(Output, frozen=True):
    caller: list[KeyCaller]


class RefusedCalls(Output, frozen=True):
    code: str
    calls: int


class RefusedCallsList(Output, frozen=True):
    error: list[RefusedCalls]


class AccessKeyActivity(Output, frozen=True):
    """Days without a call are left out.  days_since, callers_since: from when on the figures are whole; busy pairs are
    not counted back to the beginning."""

    access_key_id: str
    days: DayList
    days_since: str
    callers: KeyCallerList
    errors: RefusedCallsList
    callers_since: str


@KEYSTEAD.action(
    "SearchAccessKeys",
    permission="ram:ListAccessKeys",
    resource=USER,
    target_tags=of_resource,
    self_service=SELF_SERVICE,
    faults=(USER_NOT_FOUND,),
)
def search_access_keys(tx: Tx, _caller: Caller, wanted: SearchAccessKeysInput) -> SearchAccessKeysOutput:
    """Find AccessKey pairs by ID or note, owner, status, age and time since they were last used."""
    of = "" if wanted.user_name == EVERYBODY else str(owner(tx, wanted.user_name))
    asked = store.Wanted(
        query=wanted.query,
        of=of,
        owner=wanted.owner or "",
        status=wanted.status or "",
        idle_since=None if wanted.unused_days is None else tx.now - wanted.unused_days * DAY,
        made_before=None if wanted.older_than_days is None else tx.now - wanted.older_than_days * DAY,
    )
    found = store.search(tx, asked, wanted.cut(wanted.sort))
    of_account = access_key_policies.of_account(tx)
    rows = store.rows(tx, found.ids) if found.ids else []
    return SearchAccessKeysOutput(
        total_count=found.total,
        page=wanted.page,
        page_size=wanted.page_size,
        access_keys=FoundAccessKeyList(access_key=[_shown(tx, row, of_account) for row in rows]),
    )


def _shown(tx: Tx, row: sa.Row[Any], of_account: str | None) -> FoundAccessKey:
    return FoundAccessKey(
        access_key_id=row.id,
        owner="account" if row.user_id is None else "user",
        user_name=row.user_name or "",
        note=row.note,
        status=rules.state(tx, row),
        network_restricted=network_policy.effective(row.network_policy, of_account) is not None,
        create_date=iso(row.created_at),
        expire_date=UNSET if row.expires_at is None else iso(row.expires_at),
        last_used_date=UNSET if row.used_at is None else iso(row.used_at),
        last_used_service=row.used_service or UNSET,
        last_used_action=f"{row.used_service}:{row.used_action}" if row.used_action else UNSET,
        last_used_address=row.used_address or UNSET,
    )


@KEYSTEAD.action(
    "GetAccessKeyActivity",
    permission="ram:GetAccessKeyLastUsed",
    resource=USER,
    target_tags=of_resource,
    own_user="user_name",
    self_service=SELF_SERVICE,
    faults=(USER_NOT_FOUND, KEY_NOT_FOUND),
)
def get_access_key_activity(tx: Tx, _caller: Caller, wanted: GetAccessKeyActivityInput) -> AccessKeyActivity:
    """Show the calls of an AccessKey pair by day, from where it is used, and what it was refused, from the audit trail.

    At most the 200,000 last calls are counted by day, and the 20,000 last ones by caller and error.
    """
    row = rules.find(tx, wanted.user_access_key_id, owner(tx, wanted.user_name))
    since = (tx.now - wanted.hours * 3600) * 1000
    known = store.activity(tx, row.id, since, MOST_CALLERS)
    return AccessKeyActivity(
        access_key_id=row.id,
        days=DayList(day=[DayOfCalls(date=_date(each.day), calls=each.calls) for each in known.days]),
        days_since=iso(known.days_since // 1000),
        callers=KeyCallerList(
            caller=[
                KeyCaller(
                    source_ip_address=each.address,
                    user_agent=each.agent,
                    calls=each.calls,
                    last_date=iso(each.last // 1000),
                )
                for each in known.places
            ]
        ),
        errors=RefusedCallsList(error=[RefusedCalls(code=each.outcome, calls=each.calls) for each in known.errors]),
        callers_since=iso(known.places_since // 1000),
    )


def _date(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%d")
