"""Groups as IMS shows them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from products.plane import Plane


@pytest.fixture
def ready(plane: Plane) -> Plane:
    """With the user `ann`, and the group `Devs` made by IMS."""
    plane.call("CreateUser", UserName="ann")
    plane.ims.call("CreateGroup", GroupName="Devs", DisplayName="Developers", Comments="build")
    return plane


def test_one_face_sees_what_the_other_made(ready: Plane) -> None:
    devs = ready.ims.call("GetGroup", GroupName="devs")["Group"]
    assert (devs["GroupName"], devs["DisplayName"], devs["Comments"]) == ("Devs", "Developers", "build")
    assert ready.call("GetGroup", GroupName="Devs")["Group"]["GroupId"] == devs["GroupId"]
    ready.call("CreateGroup", GroupName="ops")
    assert ready.ims.call("GetGroup", GroupName="ops")["Group"]["DisplayName"] == ""
    listed = ready.ims.call("ListGroups")["Groups"]["Group"]
    assert [group["GroupName"] for group in listed] == ["Devs", "ops"]


def test_update_and_delete(ready: Plane) -> None:
    known = {"GroupName": "Devs"}
    changed = ready.ims.call("UpdateGroup", **known, NewDisplayName="", NewGroupName="builders")["Group"]
    assert (changed["GroupName"], changed["DisplayName"], changed["Comments"]) == ("builders", "", "build")
    assert ready.ims.refused("UpdateGroup", **known) == "EntityNotExist.Group"
    ready.call("CreateGroup", GroupName="ops")
    taken = {"GroupName": "ops", "NewGroupName": "BUILDERS"}
    assert ready.ims.refused("UpdateGroup", **taken) == "EntityAlreadyExists.Group"
    long = {"GroupName": "ops", "NewDisplayName": "d" * 25}
    assert ready.ims.refused("UpdateGroup", **long) == "InvalidParameter.NewDisplayName.Length"
    ready.ims.call("DeleteGroup", GroupName="builders")
    assert ready.refused("GetGroup", GroupName="builders") == "EntityNotExist.Group"


def test_members(ready: Plane) -> None:
    member = {"UserPrincipalName": f"ann@{ready.account_id}.onaliyun.com", "GroupName": "Devs"}
    ready.ims.call("AddUserToGroup", **member)
    assert ready.ims.refused("AddUserToGroup", **member) == "EntityAlreadyExists.User.Group"
    assert ready.ims.refused("DeleteGroup", GroupName="Devs") == "DeleteConflict.Group.User"
    users = ready.ims.call("ListUsersForGroup", GroupName="Devs")["Users"]["User"]
    assert [user["UserPrincipalName"] for user in users] == [member["UserPrincipalName"]]
    assert ready.call("ListUsersForGroup", GroupName="Devs")["Users"]["User"][0]["UserName"] == "ann"
    joined = ready.ims.call("ListGroupsForUser", UserPrincipalName="ann")["Groups"]["Group"]
    assert [(group["GroupName"], group["DisplayName"]) for group in joined] == [("Devs", "Developers")]
    ready.ims.call("RemoveUserFromGroup", **member)
    assert ready.ims.refused("RemoveUserFromGroup", **member) == "EntityNotExist.User.Group"
    assert ready.ims.refused("ListGroupsForUser", UserPrincipalName="bob") == "EntityNotExist.User"
    assert ready.ims.refused("AddUserToGroup", **{**member, "GroupName": "x"}) == "EntityNotExist.Group"


def test_quotas(make_plane: Callable[..., Plane]) -> None:
    plane = make_plane(groups=2, groups_per_user=1)
    plane.call("CreateUser", UserName="ann")
    plane.call("CreateGroup", GroupName="a")
    plane.ims.call("CreateGroup", GroupName="b")
    assert plane.ims.refused("CreateGroup", GroupName="B") == "EntityAlreadyExists.Group"
    assert plane.ims.refused("CreateGroup", GroupName="c") == "LimitExceeded.Group"
    plane.ims.call("AddUserToGroup", UserPrincipalName="ann", GroupName="a")
    again = {"UserPrincipalName": "ann", "GroupName": "b"}
    assert plane.ims.refused("AddUserToGroup", **again) == "LimitExceeded.User.Group"


def test_pages(ready: Plane) -> None:
    ready.call("CreateGroup", GroupName="ops")
    first = ready.ims.call("ListGroups", MaxItems="1")
    assert first["IsTruncated"] is True
    rest = ready.ims.call("ListGroups", Marker=first["Marker"])
    assert [group["GroupName"] for group in rest["Groups"]["Group"]] == ["ops"]
    assert ready.ims.refused("ListGroups", MaxItems="101") == "InvalidParameter.MaxItems.Range"
    for name in ("bob", "cid"):
        ready.call("CreateUser", UserName=name)
        ready.call("AddUserToGroup", UserName=name, GroupName="ops")
    page = ready.ims.call("ListUsersForGroup", GroupName="ops", MaxItems="1")
    rest = ready.ims.call("ListUsersForGroup", GroupName="ops", Marker=page["Marker"])
    assert [user["DisplayName"] for user in rest["Users"]["User"]] == ["cid"]
