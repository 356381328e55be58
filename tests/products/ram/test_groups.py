"""Groups and their members."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from products.plane import ALLOW_ALL, Plane


def names(page: dict[str, dict[str, list[dict[str, str]]]]) -> list[str]:
    return [group["GroupName"] for group in page["Groups"]["Group"]]


def test_create_and_get(plane: Plane) -> None:
    made = plane.call("CreateGroup", GroupName="Devs", Comments="who build")["Group"]
    assert made == {
        "GroupId": made["GroupId"],
        "GroupName": "Devs",
        "Comments": "who build",
        "CreateDate": "2026-01-02T03:04:05Z",
    }
    assert plane.touched == {("group", made["GroupId"])}
    found = plane.call("GetGroup", GroupName="dEVS")["Group"]
    assert found == {**made, "UpdateDate": made["CreateDate"]}


def test_comments_may_be_left_out_or_empty(plane: Plane) -> None:
    assert plane.call("CreateGroup", GroupName="a")["Group"]["Comments"] == ""
    assert plane.call("CreateGroup", GroupName="b", Comments="")["Group"]["Comments"] == ""


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({}, "MissingGroupName"),
        ({"GroupName": "a b"}, "InvalidParameter.GroupName.InvalidChars"),
        ({"GroupName": "a" * 65}, "InvalidParameter.GroupName.Length"),
        ({"GroupName": "a", "Comments": "a" * 129}, "InvalidParameter.Comments.Length"),
    ],
)
def test_what_cannot_be_created(plane: Plane, given: dict[str, str], code: str) -> None:
    assert plane.refused("CreateGroup", **given) == code


def test_names_are_unique_without_regard_to_case(plane: Plane) -> None:
    plane.call("CreateGroup", GroupName="Devs")
    assert plane.refused("CreateGroup", GroupName="devs") == "EntityAlreadyExists.Group"


def test_quota(make_plane: Callable[..., Plane]) -> None:
    plane = make_plane(groups=2)
    plane.call("CreateGroup", GroupName="a")
    plane.call("CreateGroup", GroupName="b")
    fault = plane.refusal("CreateGroup", GroupName="c")
    assert fault.code == "LimitExceeded.Group"
    assert "2" in fault.message
    assert plane.refused("CreateGroup", GroupName="A") == "EntityAlreadyExists.Group"  # conflict before quota
    plane.call("DeleteGroup", GroupName="a")
    plane.call("CreateGroup", GroupName="c")


def test_update(plane: Plane) -> None:
    made = plane.call("CreateGroup", GroupName="Devs", Comments="old")["Group"]
    plane.now += 60
    changed = plane.call("UpdateGroup", GroupName="devs", NewGroupName="Builders")["Group"]
    assert changed == {
        "GroupId": made["GroupId"],
        "GroupName": "Builders",
        "Comments": "old",
        "CreateDate": made["CreateDate"],
        "UpdateDate": "2026-01-02T03:05:05Z",
    }
    assert plane.touched == {("group", made["GroupId"])}
    assert plane.refused("GetGroup", GroupName="Devs") == "EntityNotExist.Group"
    assert plane.call("UpdateGroup", GroupName="Builders", NewComments="")["Group"]["Comments"] == ""
    assert plane.call("UpdateGroup", GroupName="Builders", NewGroupName="BUILDERS")["Group"]["GroupName"] == "BUILDERS"


def test_update_refusals(plane: Plane) -> None:
    plane.call("CreateGroup", GroupName="a")
    plane.call("CreateGroup", GroupName="b")
    assert plane.refused("UpdateGroup", GroupName="a", NewGroupName="B") == "EntityAlreadyExists.Group"
    assert plane.refused("UpdateGroup", GroupName="c", NewGroupName="d") == "EntityNotExist.Group"
    long = plane.refused("UpdateGroup", GroupName="a", NewComments="x" * 129)
    assert long == "InvalidParameter.NewComments.Length"
    bad = plane.refused("UpdateGroup", GroupName="a", NewGroupName="é")
    assert bad == "InvalidParameter.NewGroupName.InvalidChars"


def test_pages_survive_inserts_and_deletes(plane: Plane) -> None:
    for name in ("b", "D", "f", "h"):
        plane.call("CreateGroup", GroupName=name)
    first = plane.call("ListGroups", MaxItems="2")
    assert names(first) == ["b", "D"]
    assert first["IsTruncated"] is True
    plane.call("DeleteGroup", GroupName="D")
    plane.call("CreateGroup", GroupName="a")
    plane.call("CreateGroup", GroupName="e")
    second = plane.call("ListGroups", MaxItems="2", Marker=first["Marker"])
    assert names(second) == ["e", "f"]
    last = plane.call("ListGroups", MaxItems="2", Marker=second["Marker"])
    assert names(last) == ["h"]
    assert last["IsTruncated"] is False
    assert "Marker" not in last


def test_an_empty_list_and_the_clamp(plane: Plane) -> None:
    assert plane.call("ListGroups") == {"Groups": {"Group": []}, "IsTruncated": False}
    for number in range(101):
        plane.call("CreateGroup", GroupName=f"g{number:03}")
    page = plane.call("ListGroups", MaxItems="1000")
    assert len(names(page)) == 100
    assert page["IsTruncated"] is True
    assert plane.refused("ListGroups", MaxItems="0") == "InvalidParameter.MaxItems.Range"
    assert plane.refused("ListGroups", Marker="abc") == "InvalidParameter.Marker"


def test_members(plane: Plane) -> None:
    user = plane.call("CreateUser", UserName="Ann", DisplayName="Ann A.")["User"]
    group = plane.call("CreateGroup", GroupName="devs", Comments="c")["Group"]
    plane.now += 1
    assert plane.call("AddUserToGroup", UserName="ann", GroupName="DEVS") == {}
    assert plane.touched == {("user", user["UserId"])}
    assert plane.call("ListGroupsForUser", UserName="Ann")["Groups"]["Group"] == [
        {
            "GroupId": group["GroupId"],
            "GroupName": "devs",
            "Comments": "c",
            "JoinDate": "2026-01-02T03:04:06Z",
        }
    ]
    assert plane.call("ListUsersForGroup", GroupName="devs") == {
        "Users": {"User": [{"UserName": "Ann", "DisplayName": "Ann A.", "JoinDate": "2026-01-02T03:04:06Z"}]},
        "IsTruncated": False,
    }
    assert plane.refused("AddUserToGroup", UserName="Ann", GroupName="devs") == "EntityAlreadyExists.User.Group"
    plane.call("RemoveUserFromGroup", UserName="Ann", GroupName="devs")
    assert plane.touched == {("user", user["UserId"])}
    assert plane.refused("RemoveUserFromGroup", UserName="Ann", GroupName="devs") == "EntityNotExist.User.Group"
    assert plane.call("ListGroupsForUser", UserName="Ann")["Groups"]["Group"] == []


def test_members_page_by_page(plane: Plane) -> None:
    plane.call("CreateGroup", GroupName="g")
    for name in ("a", "B", "c"):
        plane.call("CreateUser", UserName=name)
        plane.call("AddUserToGroup", UserName=name, GroupName="g")
    first = plane.call("ListUsersForGroup", GroupName="g", MaxItems="2")
    assert [user["UserName"] for user in first["Users"]["User"]] == ["a", "B"]
    rest = plane.call("ListUsersForGroup", GroupName="g", MaxItems="2", Marker=first["Marker"])
    assert [user["UserName"] for user in rest["Users"]["User"]] == ["c"]
    assert rest["IsTruncated"] is False


def test_membership_needs_both(plane: Plane) -> None:
    plane.call("CreateUser", UserName="u")
    plane.call("CreateGroup", GroupName="g")
    for action in ("AddUserToGroup", "RemoveUserFromGroup"):
        assert plane.refused(action, UserName="x", GroupName="g") == "EntityNotExist.User"
        assert plane.refused(action, UserName="u", GroupName="x") == "EntityNotExist.Group"
        assert plane.refused(action, UserName="u") == "MissingGroupName"
    assert plane.refused("ListGroupsForUser", UserName="x") == "EntityNotExist.User"
    assert plane.refused("ListUsersForGroup", GroupName="x") == "EntityNotExist.Group"


def test_groups_per_user(make_plane: Callable[..., Plane]) -> None:
    plane = make_plane(groups_per_user=1)
    plane.call("CreateUser", UserName="u")
    for name in ("g", "h"):
        plane.call("CreateGroup", GroupName=name)
    plane.call("AddUserToGroup", UserName="u", GroupName="g")
    assert plane.refused("AddUserToGroup", UserName="u", GroupName="h") == "LimitExceeded.User.Group"
    assert plane.refused("AddUserToGroup", UserName="u", GroupName="g") == "EntityAlreadyExists.User.Group"


def test_delete_conflicts_in_order(plane: Plane) -> None:
    group = plane.call("CreateGroup", GroupName="g")["Group"]
    plane.call("CreateUser", UserName="u")
    plane.call("CreatePolicy", PolicyName="p", PolicyDocument=ALLOW_ALL)
    plane.call("AddUserToGroup", UserName="u", GroupName="g")
    plane.call("AttachPolicyToGroup", PolicyType="Custom", PolicyName="p", GroupName="g")
    assert plane.refused("DeleteUser", UserName="u") == "DeleteConflict.User.Group"
    assert plane.refused("DeleteGroup", GroupName="g") == "DeleteConflict.Group.User"
    plane.call("RemoveUserFromGroup", UserName="u", GroupName="g")
    assert plane.refused("DeleteGroup", GroupName="g") == "DeleteConflict.Group.Policy"
    plane.call("DetachPolicyFromGroup", PolicyType="Custom", PolicyName="p", GroupName="g")
    plane.call("DeleteGroup", GroupName="G")
    assert plane.touched == {("group", group["GroupId"])}
    assert plane.refused("DeleteGroup", GroupName="g") == "EntityNotExist.Group"


def test_accounts_do_not_see_each_other(make_plane: Callable[..., Plane]) -> None:
    one, other = make_plane(), make_plane()
    one.call("CreateGroup", GroupName="g")
    assert other.refused("GetGroup", GroupName="g") == "EntityNotExist.Group"
    assert other.refused("DeleteGroup", GroupName="g") == "EntityNotExist.Group"
    assert names(other.call("ListGroups")) == []
    other.call("CreateGroup", GroupName="g")
