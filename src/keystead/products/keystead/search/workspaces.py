"""Workspaces that the caller is in, and the members of one.  Who sees which: `products.workspaces.access`."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated, Any

import sqlalchemy as sa
from msgspec import UNSET, UnsetType

from keystead.clock import iso
from keystead.identity.callers import Caller
from keystead.identity.studio import is_super_administrator
from keystead.identity.transaction import Tx
from keystead.products.keystead.members import Page, PageList
from keystead.products.keystead.product import KEYSTEAD
from keystead.products.keystead.search.shapes import SearchInput, SearchOutput, by
from keystead.products.workspaces import access
from keystead.products.workspaces.access import PAGE_NOT_YOURS, WORKSPACE, WORKSPACE_NOT_FOUND, WORKSPACES
from keystead.store import workspaces
from keystead.store.search import workspaces as store
from keystead.wire.answers import Output
from keystead.wire.parameters import Choice, Flag


class SearchWorkspacesInput(SearchInput, frozen=True):
    figures: Annotated[bool, Flag(doc="also counts and spend, for super administrators; they take longer")] = False
    sort: Annotated[str, by(*store.ORDERS)] = "CreateDate"


class FoundWorkspace(Output, frozen=True):
    """A workspace.  The counts, and spend_this_month (UTC, in units of the currency), are for super administrators."""

    workspace_id: str
    workspace_name: str
    is_default: bool
    your_level: str
    create_date: str
    member_count: int | UnsetType = UNSET
    application_count: int | UnsetType = UNSET
    api_key_count: int | UnsetType = UNSET
    spend_this_month: str | UnsetType = UNSET


class FoundWorkspaceList(Output, frozen=True):
    workspace: list[FoundWorkspace]


class SearchWorkspacesOutput(SearchOutput, frozen=True, kw_only=True):
    workspaces: FoundWorkspaceList


class SearchMembersInput(SearchInput, frozen=True):
    workspace_id: access.WorkspaceId = ""
    level: Annotated[str, Choice(("administrator", "member", "custom"))] | None = None
    principal_type: Annotated[str, Choice(("User", "Role"))] | None = None
    sort: Annotated[str, by(*store.MEMBER_ORDERS)] = "DisplayName"


class FoundMember(Output, frozen=True):
    """A member.  api_key_count: keys that stop working when it is removed.  last_activity_date: of a user."""

    principal_type: str
    principal_id: str
    principal_name: str
    display_name: str
    level: str
    pages: PageList
    api_key_count: int
    join_date: str
    status: str | UnsetType = UNSET
    last_activity_date: str | UnsetType = UNSET


class FoundMemberList(Output, frozen=True):
    member: list[FoundMember]


class SearchMembersOutput(SearchOutput, frozen=True, kw_only=True):
    members: FoundMemberList


@KEYSTEAD.action("SearchWorkspaces", permission="modelstudio:ListWorkspaces", resource=WORKSPACES)
def search_workspaces(tx: Tx, caller: Caller, wanted: SearchWorkspacesInput) -> SearchWorkspacesOutput:
    """Find workspaces by name or ID among those that the caller is in; super administrators are in all."""
    found = store.search(tx, access.visible(tx, caller), wanted.query, wanted.cut(wanted.sort))
    everywhere = is_super_administrator(caller)
    levels = {} if everywhere else workspaces.levels(tx, access.principal_of(caller)[1])
    told = found.ids if everywhere and wanted.figures else []
    counts, spent = store.counts(tx, told), store.spent(tx, told, _month_began(tx.now))
    shown = [
        FoundWorkspace(
            workspace_id=row.id,
            workspace_name=row.name,
            is_default=row.is_default,
            your_level=levels.get(row.id, "super"),
            create_date=iso(row.created_at),
            member_count=counts[row.id].members if told else UNSET,
            application_count=counts[row.id].applications if told else UNSET,
            api_key_count=counts[row.id].api_keys if told else UNSET,
            spend_this_month=f"{spent.get(row.id, 0) / 1_000_000:.6f}" if told else UNSET,
        )
        for row in (store.rows(tx, found.ids) if found.ids else ())
    ]
    return SearchWorkspacesOutput(
        total_count=found.total,
        page=wanted.page,
        page_size=wanted.page_size,
        workspaces=FoundWorkspaceList(workspace=shown),
    )


def _month_began(now: int) -> int:
    """When the month of `now` began, UTC, in milliseconds."""
    day = datetime.fromtimestamp(now, UTC)
    return int(datetime(day.year, day.month, 1, tzinfo=UTC).timestamp() * 1000)


@KEYSTEAD.action(
    "SearchMembers",
    resource=WORKSPACE,
    permission="modelstudio:ListWorkspaceMembers",
    resolve=access.in_default,
    faults=(WORKSPACE_NOT_FOUND, PAGE_NOT_YOURS),
)
def search_members(tx: Tx, caller: Caller, wanted: SearchMembersInput) -> SearchMembersOutput:
    """Find members of a workspace by name, level and kind."""
    place = access.enter(tx, caller, wanted.workspace_id)
    place.must("members", "view")
    asked = store.WantedMembers(
        workspace_id=place.row.id,
        query=wanted.query,
        level=wanted.level or "",
        kind=(wanted.principal_type or "").lower(),
    )
    rows, total = store.members(tx, asked, wanted.cut(wanted.sort))
    return SearchMembersOutput(
        total_count=total,
        page=wanted.page,
        page_size=wanted.page_size,
        members=FoundMemberList(member=[_member(row) for row in rows]),
    )


def _member(row: sa.Row[Any]) -> FoundMember:
    given = [Page(page=page, operation=word) for page, word in sorted(json.loads(row.pages).items())]
    active = row.active_at is not None and row.active_at > row.user_created_at
    return FoundMember(
        principal_type="User" if row.principal_kind == "user" else "Role",
        principal_id=row.principal_id,
        principal_name=row.principal_name or "",
        display_name=row.display_name,
        level=row.level,
        pages=PageList(page=given),
        api_key_count=row.api_keys,
        join_date=iso(row.created_at),
        status=row.status or UNSET,
        last_activity_date=iso(row.active_at) if active else UNSET,
    )
