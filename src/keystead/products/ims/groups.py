"""Groups and their members as IMS shows them.  Source: reference/ram-behaviour.md 5.7."""

from __future__ import annotations

from typing import Annotated, Any

import sqlalchemy as sa
from msgspec import UNSET, UnsetType, field

from keystead.clock import iso
from keystead.identity.callers import Caller
from keystead.identity.transaction import Tx
from keystead.products import pages
from keystead.products.faults import GROUP_NOT_FOUND, USER_NOT_FOUND
from keystead.products.ims.owner import LogonName, bare
from keystead.products.ims.product import IMS, Marker, MaxItems
from keystead.products.people import groups as rules
from keystead.products.people import principals
from keystead.products.people.groups import (
    ALREADY_MEMBER,
    GROUP_EXISTS,
    HAS_POLICIES,
    HAS_USERS,
    IN_TOO_MANY_GROUPS,
    NOT_A_MEMBER,
    TOO_MANY_GROUPS,
)
from keystead.store import groups
from keystead.wire.answers import Done, Output
from keystead.wire.parameters import Input, Text

USER = "acs:ram:*:{account}:user/{user_name}"
GROUP = "acs:ram:*:{account}:group/{group_name}"
GROUPS = "acs:ram:*:{account}:group/*"

GroupName = Annotated[str, Text(1, 64, r"[A-Za-z0-9._-]+", doc="letters, digits, '.', '_' and '-'")]
DisplayName = Annotated[str, Text(0, 24, doc="free text")]
Comments = Annotated[str, Text(0, 128, doc="free text")]


class Group(Output, frozen=True):
    """A group as IMS answers it."""

    group_id: str
    group_name: str
    display_name: str
    comments: str
    create_date: str
    update_date: str


class GroupAnswer(Output, frozen=True):
    group: Group


class GroupList(Output, frozen=True):
    group: list[Group]


class GroupsPage(Output, frozen=True):
    groups: GroupList
    is_truncated: bool
    marker: str | UnsetType = UNSET


class JoinedGroup(Output, frozen=True):
    """A group as ListGroupsForUser shows it."""

    group_id: str
    group_name: str
    display_name: str
    comments: str
    join_date: str


class JoinedGroupList(Output, frozen=True):
    group: list[JoinedGroup]


class JoinedGroups(Output, frozen=True):
    groups: JoinedGroupList


class Member(Output, frozen=True):
    """A user as ListUsersForGroup shows it."""

    user_id: str
    user_principal_name: str
    display_name: str
    join_date: str


class MemberList(Output, frozen=True):
    user: list[Member]


class MembersPage(Output, frozen=True):
    users: MemberList
    is_truncated: bool
    marker: str | UnsetType = UNSET


class CreateGroupInput(Input, frozen=True):
    group_name: GroupName
    display_name: DisplayName | None = None
    comments: Comments | None = None


class GroupNameInput(Input, frozen=True):
    group_name: GroupName


class UpdateGroupInput(Input, frozen=True):
    group_name: GroupName
    new_group_name: GroupName | None = None
    new_display_name: DisplayName | None = None
    new_comments: Comments | None = None


class ListGroupsInput(Input, frozen=True):
    marker: Marker | None = None
    max_items: MaxItems = 100


class ListUsersForGroupInput(Input, frozen=True):
    group_name: GroupName
    marker: Marker | None = None
    max_items: MaxItems = 100


class MembershipInput(Input, frozen=True):
    user_name: LogonName = field(name="UserPrincipalName")
    group_name: GroupName


class MemberInput(Input, frozen=True):
    user_name: LogonName = field(name="UserPrincipalName")


def show(row: sa.Row[Any]) -> Group:
    """A row of the groups table as IMS shows it."""
    return Group(
        group_id=row.id,
        group_name=row.name,
        display_name=row.display_name,
        comments=row.comments,
        create_date=iso(row.created_at),
        update_date=iso(row.updated_at),
    )


@IMS.action("CreateGroup", resource=GROUPS, writes=True, faults=(GROUP_EXISTS, TOO_MANY_GROUPS))
def create_group(tx: Tx, _caller: Caller, wanted: CreateGroupInput) -> GroupAnswer:
    """Create a group in the caller's account."""
    texts = {"display_name": wanted.display_name, "comments": wanted.comments}
    return GroupAnswer(group=show(rules.create(tx, wanted.group_name, texts)))


@IMS.action("GetGroup", resource=GROUP, faults=(GROUP_NOT_FOUND,))
def get_group(tx: Tx, _caller: Caller, wanted: GroupNameInput) -> GroupAnswer:
    """Show a group."""
    return GroupAnswer(group=show(rules.find(tx, wanted.group_name)))


@IMS.action("UpdateGroup", resource=GROUP, writes=True, faults=(GROUP_NOT_FOUND, GROUP_EXISTS))
def update_group(tx: Tx, _caller: Caller, wanted: UpdateGroupInput) -> GroupAnswer:
    """Change a group's name or texts; what is left out stays, what is empty is cleared."""
    texts = {"display_name": wanted.new_display_name, "comments": wanted.new_comments}
    row = rules.change(tx, rules.find(tx, wanted.group_name), wanted.new_group_name, texts)
    return GroupAnswer(group=show(row))


@IMS.action("ListGroups", resource=GROUPS)
def list_groups(tx: Tx, _caller: Caller, wanted: ListGroupsInput) -> GroupsPage:
    """List the account's groups, a page at a time."""
    found = groups.page(tx, pages.after(wanted.marker), wanted.max_items + 1)
    rows, marker = pages.cut(found, wanted.max_items, "name_key")
    return GroupsPage(
        groups=GroupList(group=[show(row) for row in rows]),
        is_truncated=marker is not None,
        marker=marker or UNSET,
    )


@IMS.action("DeleteGroup", resource=GROUP, writes=True, faults=(GROUP_NOT_FOUND, HAS_USERS, HAS_POLICIES))
def delete_group(tx: Tx, _caller: Caller, wanted: GroupNameInput) -> Done:
    """Delete a group that has no users and no policies any more."""
    rules.delete(tx, rules.find(tx, wanted.group_name))
    return Done()


@IMS.action(
    "AddUserToGroup",
    resource=[USER, GROUP],
    writes=True,
    resolve=bare,
    faults=(USER_NOT_FOUND, GROUP_NOT_FOUND, ALREADY_MEMBER, IN_TOO_MANY_GROUPS),
)
def add_user_to_group(tx: Tx, _caller: Caller, wanted: MembershipInput) -> Done:
    """Put a user into a group, whose policies then speak for it."""
    user, group = principals.found(tx, wanted.user_name), rules.find(tx, wanted.group_name)
    rules.join(tx, group, user)
    return Done()


@IMS.action(
    "RemoveUserFromGroup",
    resource=[USER, GROUP],
    writes=True,
    resolve=bare,
    faults=(USER_NOT_FOUND, GROUP_NOT_FOUND, NOT_A_MEMBER),
)
def remove_user_from_group(tx: Tx, _caller: Caller, wanted: MembershipInput) -> Done:
    """Take a user out of a group."""
    user, group = principals.found(tx, wanted.user_name), rules.find(tx, wanted.group_name)
    rules.leave(tx, group, user)
    return Done()


@IMS.action("ListGroupsForUser", resource=USER, resolve=bare, faults=(USER_NOT_FOUND,))
def list_groups_for_user(tx: Tx, _caller: Caller, wanted: MemberInput) -> JoinedGroups:
    """List the groups that a user is in."""
    found = [
        JoinedGroup(
            group_id=row.id,
            group_name=row.name,
            display_name=row.display_name,
            comments=row.comments,
            join_date=iso(row.joined_at),
        )
        for row in groups.of_user(tx, principals.found(tx, wanted.user_name).id)
    ]
    return JoinedGroups(groups=JoinedGroupList(group=found))


@IMS.action("ListUsersForGroup", resource=GROUP, faults=(GROUP_NOT_FOUND,))
def list_users_for_group(tx: Tx, _caller: Caller, wanted: ListUsersForGroupInput) -> MembersPage:
    """List the users of a group, a page at a time."""
    group = rules.find(tx, wanted.group_name)
    found = groups.members(tx, group.id, pages.after(wanted.marker), wanted.max_items + 1)
    rows, marker = pages.cut(found, wanted.max_items, "name_key")
    domain = principals.domain(tx)
    members = [
        Member(
            user_id=row.id,
            user_principal_name=f"{row.name}@{domain}",
            display_name=row.display_name,
            join_date=iso(row.joined_at),
        )
        for row in rows
    ]
    return MembersPage(users=MemberList(user=members), is_truncated=marker is not None, marker=marker or UNSET)
