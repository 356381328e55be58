"""Members of workspaces.  Judged as `modelstudio:<Action>` on the workspace.

Who is removed keeps his API keys, but they do not work; who is added again has them back.  Source: issue 4;
reference/model-studio.md b.10.
"""

from __future__ import annotations

import json
from typing import Annotated, Any

import sqlalchemy as sa
from msgspec import UNSET, UnsetType

from keystead.clock import iso
from keystead.identity import model_keys
from keystead.identity.callers import Caller
from keystead.identity.transaction import Tx
from keystead.products import pages
from keystead.products.faults import ROLE_NOT_FOUND, USER_NOT_FOUND
from keystead.products.keystead.product import KEYSTEAD
from keystead.products.workspaces import access, people
from keystead.products.workspaces.access import PAGE_NOT_YOURS, WORKSPACE, WORKSPACE_NOT_FOUND
from keystead.products.workspaces.handing_over import (
    HAND_OVER,
    HEIR_IS_OWNER,
    HEIR_UNFIT,
    ONE_HEIR,
    hand_over,
    heir_of,
)
from keystead.products.workspaces.people import (
    MEMBER_EXISTS,
    MEMBER_NOT_FOUND,
    ONE_PRINCIPAL,
    WRONG_PAGES,
    Principal,
)
from keystead.store import workspaces
from keystead.wire.answers import Done, Output
from keystead.wire.parameters import Choice, Input, Items, Text, Whole

UserName = Annotated[str, Text(1, 64, r"[A-Za-z0-9._-]+", doc="the RAM user who is meant")]
RoleName = Annotated[str, Text(1, 64, r"[A-Za-z0-9.-]+", doc="the role that is meant")]
Level = Annotated[str, Choice(("administrator", "member", "custom"), doc="what the member may do")]
DisplayName = Annotated[str, Text(0, 128, doc="shown in lists")]


class PageInput(Input, frozen=True):
    """One page that a custom member is given."""

    page: Annotated[str, Text(1, 32, doc=", ".join(access.PAGES))]
    operation: Annotated[str, Choice(("view", "operate"))] = "view"


Pages = Annotated[tuple[PageInput, ...], Items(20, doc="the pages of a custom member")]


class AddMemberInput(Input, frozen=True):
    workspace_id: access.WorkspaceId = ""
    user_name: UserName | None = None
    role_name: RoleName | None = None
    level: Level = "member"
    pages: Pages = ()
    display_name: DisplayName | None = None


class UpdateMemberInput(Input, frozen=True):
    workspace_id: access.WorkspaceId = ""
    user_name: UserName | None = None
    role_name: RoleName | None = None
    level: Level | None = None
    pages: Pages | None = None
    display_name: DisplayName | None = None


class HandOverApiKeysInput(Input, frozen=True):
    """user_name, role_name: whose keys.  new_user_name, new_role_name: who gets them."""

    workspace_id: access.WorkspaceId = ""
    user_name: UserName | None = None
    role_name: RoleName | None = None
    new_user_name: UserName | None = None
    new_role_name: RoleName | None = None


class RemoveMemberInput(HandOverApiKeysInput, frozen=True):
    """new_user_name, new_role_name: who gets the member's API keys; left out, they stop working."""


class ListMembersInput(Input, frozen=True):
    workspace_id: access.WorkspaceId = ""
    marker: Annotated[str, Text(1, 512, doc="what the page before answered")] | None = None
    max_items: Annotated[int, Whole(1, 1000, doc="how many on a page")] = 100


class Page(Output, frozen=True):
    page: str
    operation: str


class PageList(Output, frozen=True):
    page: list[Page]


class Member(Output, frozen=True):
    """A member; `principal_name` is empty where the user or role is gone."""

    principal_type: str
    principal_id: str
    principal_name: str
    display_name: str
    level: str
    pages: PageList
    create_date: str
    update_date: str


class MemberAnswer(Output, frozen=True):
    member: Member


class HandedOver(Output, frozen=True):
    """The keys that have another owner now."""

    api_key_id: list[int]


class HandedOverAnswer(Output, frozen=True):
    api_keys: HandedOver


class MemberList(Output, frozen=True):
    member: list[Member]


class MembersPage(Output, frozen=True):
    members: MemberList
    is_truncated: bool
    marker: str | UnsetType = UNSET


def _show(row: sa.Row[Any], name: str) -> Member:
    given = [Page(page=page, operation=word) for page, word in sorted(json.loads(row.pages).items())]
    return Member(
        principal_type="User" if row.principal_kind == "user" else "Role",
        principal_id=row.principal_id,
        principal_name=name,
        display_name=row.display_name,
        level=row.level,
        pages=PageList(page=given),
        create_date=iso(row.created_at),
        update_date=iso(row.updated_at),
    )


def _answer(tx: Tx, workspace_id: str, who: Principal) -> MemberAnswer:
    return MemberAnswer(member=_show(people.found(tx, workspace_id, who), who.name))


def _pages(level: str, given: tuple[PageInput, ...]) -> str:
    return people.pages_text(level, {each.page: each.operation for each in given}, len(given))


@KEYSTEAD.action(
    "AddWorkspaceMember",
    resource=WORKSPACE,
    permission="modelstudio:AddWorkspaceMember",
    resolve=access.in_default,
    writes=True,
    faults=(
        WORKSPACE_NOT_FOUND,
        PAGE_NOT_YOURS,
        ONE_PRINCIPAL,
        USER_NOT_FOUND,
        ROLE_NOT_FOUND,
        MEMBER_EXISTS,
        WRONG_PAGES,
    ),
)
def add_workspace_member(tx: Tx, caller: Caller, wanted: AddMemberInput) -> MemberAnswer:
    """Add a user or role to a workspace; API keys that it has there from before work again."""
    place = access.enter(tx, caller, wanted.workspace_id)
    place.must("members", "operate")
    text = _pages(wanted.level, wanted.pages)
    who = people.principal(tx, wanted.user_name, wanted.role_name)
    there = workspaces.member(tx, place.row.id, who.id)
    if there is not None:
        raise MEMBER_EXISTS(name=who.name, workspace=place.row.id, level=there.level)
    workspaces.add_member(
        tx,
        place.row.id,
        who.id,
        principal_kind=who.kind,
        level=wanted.level,
        pages=text,
        display_name=wanted.display_name or who.name,
    )
    return _answer(tx, place.row.id, who)


@KEYSTEAD.action(
    "UpdateWorkspaceMember",
    resource=WORKSPACE,
    permission="modelstudio:UpdateWorkspaceMember",
    resolve=access.in_default,
    writes=True,
    faults=(
        WORKSPACE_NOT_FOUND,
        PAGE_NOT_YOURS,
        ONE_PRINCIPAL,
        USER_NOT_FOUND,
        ROLE_NOT_FOUND,
        MEMBER_NOT_FOUND,
        WRONG_PAGES,
    ),
)
def update_workspace_member(tx: Tx, caller: Caller, wanted: UpdateMemberInput) -> MemberAnswer:
    """Change what a member may do; what is left out stays, but a new level begins without pages."""
    place = access.enter(tx, caller, wanted.workspace_id)
    place.must("members", "operate")
    who = people.principal(tx, wanted.user_name, wanted.role_name)
    row = people.found(tx, place.row.id, who)
    level = wanted.level or row.level
    values: dict[str, object] = {"level": level}
    if wanted.pages is not None or level != row.level:
        values["pages"] = _pages(level, wanted.pages or ())
    if wanted.display_name is not None:
        values["display_name"] = wanted.display_name
    workspaces.update_member(tx, place.row.id, who.id, **values)
    return _answer(tx, place.row.id, who)


_HANDING_OVER = (
    *(WORKSPACE_NOT_FOUND, PAGE_NOT_YOURS, ONE_PRINCIPAL, USER_NOT_FOUND, ROLE_NOT_FOUND),
    *(HEIR_UNFIT, HEIR_IS_OWNER, ONE_HEIR),
)


@KEYSTEAD.action(
    "HandOverApiKeys",
    resource=WORKSPACE,
    permission=HAND_OVER,
    resolve=access.in_default,
    writes=True,
    faults=_HANDING_OVER,
)
def hand_over_api_keys(tx: Tx, caller: Caller, wanted: HandOverApiKeysInput) -> HandedOverAnswer:
    """Give the API keys of a user or role in a workspace to another owner, who could make such keys there.

    Values, scopes, limits and expiry stay, so that programs go on; temporary keys made of them end.
    """
    place = access.enter(tx, caller, wanted.workspace_id)
    place.must("members", "operate")
    owner = people.principal(tx, wanted.user_name, wanted.role_name)
    heir = heir_of(tx, wanted.new_user_name, wanted.new_role_name)
    return HandedOverAnswer(api_keys=HandedOver(api_key_id=hand_over(tx, place, owner, heir)))


@KEYSTEAD.action(
    "RemoveWorkspaceMember",
    resource=WORKSPACE,
    permission="modelstudio:RemoveWorkspaceMember",
    resolve=access.in_default,
    writes=True,
    faults=(*_HANDING_OVER, MEMBER_NOT_FOUND),
)
def remove_workspace_member(tx: Tx, caller: Caller, wanted: RemoveMemberInput) -> Done:
    """Remove a user or role from a workspace: its API keys there stop working, its temporary keys and tokens end.

    With NewUserName or NewRoleName its API keys go to that owner first, as by HandOverApiKeys, whose permission that
    needs too; either both is done or nothing.
    """
    place = access.enter(tx, caller, wanted.workspace_id)
    place.must("members", "operate")
    who = people.principal(tx, wanted.user_name, wanted.role_name)
    people.found(tx, place.row.id, who)
    if wanted.new_user_name is not None or wanted.new_role_name is not None:
        tx.rights.must(HAND_OVER, model_keys.workspace_arn(tx.account_id, place.row.id))
        hand_over(tx, place, who, heir_of(tx, wanted.new_user_name, wanted.new_role_name))
    workspaces.remove_member(tx, place.row.id, who.id)
    return Done()


@KEYSTEAD.action(
    "ListWorkspaceMembers",
    resource=WORKSPACE,
    permission="modelstudio:ListWorkspaceMembers",
    resolve=access.in_default,
    faults=(WORKSPACE_NOT_FOUND, PAGE_NOT_YOURS, pages.MARKER_INVALID),
)
def list_workspace_members(tx: Tx, caller: Caller, wanted: ListMembersInput) -> MembersPage:
    """List the users and roles in a workspace, a page at a time."""
    place = access.enter(tx, caller, wanted.workspace_id)
    place.must("members", "view")
    rows, marker = pages.cut(
        workspaces.members(tx, place.row.id, pages.after(wanted.marker), wanted.max_items + 1),
        wanted.max_items,
        "principal_id",
    )
    return MembersPage(
        members=MemberList(member=[_show(row, row.principal_name or "") for row in rows]),
        is_truncated=marker is not None,
        marker=marker or UNSET,
    )
