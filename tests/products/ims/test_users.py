"""Users as IMS shows them: the same people as in RAM, under their logon names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from keystead.identity.records import load_key
from keystead.policy import context_key
from keystead.products.ims.product import IMS
from keystead.store import tables
from products.plane import Plane, trust


def upn(plane: Plane, name: str) -> str:
    return f"{name}@{plane.account_id}.onaliyun.com"


def create(plane: Plane, name: str, **given: str) -> Any:
    return plane.ims.call("CreateUser", UserPrincipalName=upn(plane, name), DisplayName=name.title(), **given)["User"]


def names(plane: Plane, **given: str) -> list[str]:
    return [user["UserPrincipalName"].split("@")[0] for user in plane.ims.call("ListUsers", **given)["Users"]["User"]]


def test_one_face_sees_what_the_other_made(plane: Plane) -> None:
    made = create(plane, "Ann", Comments="hello", Email="ann@example.com", MobilePhone="86-13800000000")
    assert made["UserPrincipalName"] == upn(plane, "Ann")
    assert (made["ProvisionType"], made["Comments"], made["Tags"]) == ("Manual", "hello", {"Tag": []})
    assert plane.touched == {("user", made["UserId"])}
    seen = plane.call("GetUser", UserName="ann")["User"]
    assert (seen["UserId"], seen["DisplayName"], seen["Email"]) == (made["UserId"], "Ann", "ann@example.com")
    plane.call("CreateUser", UserName="bob")
    bob = plane.ims.call("GetUser", UserPrincipalName=upn(plane, "BOB"))["User"]
    assert (bob["UserName"], bob["UserPrincipalName"], bob["DisplayName"]) == ("bob", upn(plane, "bob"), "bob")
    plane.call("UpdateUser", UserName="bob", NewUserName="rob", NewComments="x")
    assert plane.ims.call("GetUser", UserPrincipalName="rob")["User"]["Comments"] == "x"
    assert names(plane) == ["Ann", "rob"]


def test_every_way_to_name_a_user(plane: Plane) -> None:
    ann = create(plane, "Ann")
    key = plane.call("CreateAccessKey", UserName="Ann")["AccessKey"]["AccessKeyId"]
    for given in (
        {"UserPrincipalName": upn(plane, "ann")},
        {"UserPrincipalName": upn(plane, "ann").upper()},
        {"UserPrincipalName": "ann"},
        {"UserId": ann["UserId"]},
        {"UserAccessKeyId": key},
    ):
        assert plane.ims.call("GetUser", **given)["User"]["UserId"] == ann["UserId"]
    assert plane.ims.refused("GetUser") == "MissingUserPrincipalName"
    both = {"UserPrincipalName": "ann", "UserId": ann["UserId"]}
    assert plane.ims.refused("GetUser", **both) == "InvalidParameter.UserPrincipalName.Conflict"
    for action in ("GetUser", "UpdateUser", "DeleteUser"):
        assert plane.ims.refused(action, UserId="2" * 18) == "EntityNotExist.User"
        assert plane.ims.refused(action, UserPrincipalName="ann@other.onaliyun.com") == "EntityNotExist.User"
        assert plane.ims.refused(action, UserPrincipalName="*") == "InvalidParameter.UserPrincipalName.InvalidChars"
    assert plane.ims.refused("GetUser", UserAccessKeyId="LTAI" + "9" * 20) == "EntityNotExist.User"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"UserPrincipalName": "a b@x"}, "InvalidParameter.UserPrincipalName.InvalidChars"),
        ({"UserPrincipalName": "a@b@c"}, "InvalidParameter.UserPrincipalName.InvalidChars"),
        ({"UserPrincipalName": "a" * 65}, "InvalidParameter.UserPrincipalName.InvalidChars"),
        ({"UserPrincipalName": "a@" + "b" * 127}, "InvalidParameter.UserPrincipalName.Length"),
        ({"UserPrincipalName": "a@other.onaliyun.com"}, "InvalidParameter.UserPrincipalName.Domain"),
        ({"DisplayName": ""}, "MissingDisplayName"),
        ({"DisplayName": "d" * 129}, "InvalidParameter.DisplayName.Length"),
        ({"MobilePhone": "call me"}, "InvalidParameter.MobilePhone.Format"),
        ({"Email": "nobody"}, "InvalidParameter.Email.Format"),
        ({"Comments": "c" * 129}, "InvalidParameter.Comments.Length"),
        ({"Tag__1__Key": "aliyun"}, "InvalidParameter.Tag.Key"),
        ({"Tag__1__Key": "k", "Tag__1__Value": "v" * 129}, "InvalidParameter.Tag.Value"),
    ],
)
def test_what_cannot_be_created(plane: Plane, given: dict[str, str], code: str) -> None:
    assert plane.ims.refused("CreateUser", **{"UserPrincipalName": "ann", "DisplayName": "Ann", **given}) == code


def test_conflict_and_quota(make_plane: Callable[..., Plane]) -> None:
    plane = make_plane(users=2)
    plane.call("CreateUser", UserName="ann")
    again = {"UserPrincipalName": "ANN", "DisplayName": "x"}
    assert plane.ims.refused("CreateUser", **again) == "EntityAlreadyExists.User"
    create(plane, "bob")
    assert plane.ims.refused("CreateUser", UserPrincipalName="c", DisplayName="c") == "LimitExceeded.User"


def test_update(plane: Plane) -> None:
    ann = create(plane, "Ann", Comments="old", Email="a@b")
    plane.now += 60
    changed = plane.ims.call("UpdateUser", UserId=ann["UserId"], NewComments="", NewDisplayName="Annabel")["User"]
    assert (changed["Comments"], changed["DisplayName"], changed["Email"]) == ("", "Annabel", "a@b")
    assert (changed["CreateDate"], changed["UpdateDate"]) == ("2026-01-02T03:04:05Z", "2026-01-02T03:05:05Z")
    moved = plane.ims.call("UpdateUser", UserPrincipalName="ann", NewUserPrincipalName=upn(plane, "anna"))["User"]
    assert (moved["UserPrincipalName"], moved["UserId"]) == (upn(plane, "anna"), ann["UserId"])
    elsewhere = {"UserPrincipalName": "anna", "NewUserPrincipalName": "anna@other.onaliyun.com"}
    assert plane.ims.refused("UpdateUser", **elsewhere) == "InvalidParameter.NewUserPrincipalName.Domain"
    create(plane, "bob")
    taken = {"UserPrincipalName": "bob", "NewUserPrincipalName": "Anna"}
    assert plane.ims.refused("UpdateUser", **taken) == "EntityAlreadyExists.User"


def test_lists_are_paged_filtered_and_tagged(plane: Plane) -> None:
    for name in ("c", "A", "b"):
        create(plane, name, Tag__1__Key="team", Tag__1__Value=name.lower())
    first = plane.ims.call("ListUsers", MaxItems="2")
    assert [user["UserPrincipalName"] for user in first["Users"]["User"]] == [upn(plane, "A"), upn(plane, "b")]
    assert first["Users"]["User"][0]["Tags"] == {"Tag": [{"TagKey": "team", "TagValue": "a"}]}
    assert first["IsTruncated"] is True
    assert names(plane, Marker=first["Marker"]) == ["c"]
    assert names(plane, Tag__1__Key="team", Tag__1__Value="b") == ["b"]
    basic = plane.ims.call("ListUserBasicInfos", MaxItems="1")
    assert [info["Status"] for info in basic["UserBasicInfos"]["UserBasicInfo"]] == ["active"]
    assert basic["IsTruncated"] is True
    assert plane.ims.refused("ListUsers", Status="gone") == "InvalidParameter.Status.Format"
    assert plane.ims.refused("ListUsers", MaxItems="1001") == "InvalidParameter.MaxItems.Range"


def test_frozen_users_are_listed_when_asked_for(plane: Plane) -> None:
    ann = create(plane, "ann")
    create(plane, "bob")
    with plane.database.writing(plane.now, plane.account_id) as tx:
        tx.run(sa.update(tables.users).where(tables.users.c.id == ann["UserId"]).values(status="freeze"))
    assert names(plane) == ["bob"]
    assert names(plane, Status="freeze") == ["ann"]
    assert names(plane, Status="active,freeze") == ["ann", "bob"]


def test_a_frozen_user_s_pairs_are_dead(plane: Plane) -> None:
    ann = create(plane, "ann")
    pair = plane.call("CreateAccessKey", UserName="ann")["AccessKey"]["AccessKeyId"]
    with plane.database.writing(plane.now, plane.account_id) as tx:
        loaded = load_key(tx, pair)
        assert loaded.value is not None
        assert loaded.value.active
        assert ("user", ann["UserId"]) in loaded.depends
        tx.run(sa.update(tables.users).where(tables.users.c.id == ann["UserId"]).values(status="freeze"))
        frozen = load_key(tx, pair).value
        assert frozen is not None
        assert not frozen.active


def test_a_login_that_never_was_is_left_out(plane: Plane) -> None:
    ann = create(plane, "ann")
    assert "LastLoginDate" not in plane.ims.call("GetUser", UserPrincipalName="ann")["User"]
    with plane.database.writing(plane.now, plane.account_id) as tx:
        tx.run(sa.update(tables.users).where(tables.users.c.id == ann["UserId"]).values(last_login_at=plane.now))
    assert plane.ims.call("ListUsers")["Users"]["User"][0]["LastLoginDate"] == "2026-01-02T03:04:05Z"


def test_a_session_and_the_account_must_name_a_user(plane: Plane) -> None:
    plane.call("CreateRole", RoleName="r", AssumeRolePolicyDocument=trust("acs:ram::1:root"))
    assert plane.ims.refused("GetUser", plane.session("r")) == "MissingUserPrincipalName"


def test_resources_carry_the_bare_name(plane: Plane) -> None:
    ann = create(plane, "Ann")
    action = IMS.actions["GetUser"]
    assert action.resolve is not None
    with plane.database.reading(plane.now, plane.account_id) as tx:
        for given in ({"UserPrincipalName": upn(plane, "Ann")}, {"UserId": ann["UserId"]}):
            wanted = action.resolve(tx, action.read(given))
            assert action.resource_names(wanted, plane.account) == [(f"acs:ram:*:{plane.account_id}:user/Ann",)]
        nobody = action.resolve(tx, action.read({"UserId": "2" * 18}))
    assert action.resource_names(nobody, plane.account) == [(f"acs:ram:*:{plane.account_id}:user/*",)]


def test_a_user_renamed_since_it_was_judged_is_not_found(plane: Plane) -> None:
    ann = create(plane, "Ann")
    action = IMS.actions["DeleteUser"]
    assert action.resolve is not None
    with plane.database.writing(plane.now, plane.account_id) as tx:
        wanted = action.resolve(tx, action.read({"UserId": ann["UserId"]}))
        tx.run(sa.update(tables.users).where(tables.users.c.id == ann["UserId"]).values(name="x", name_key="x"))
        with pytest.raises(Exception, match="does not exist"):
            action.handler(tx, plane.account, wanted)


def test_tags_of_the_request_are_facts(plane: Plane) -> None:
    action = IMS.actions["CreateUser"]
    assert action.context is not None
    given = {"UserPrincipalName": "a", "DisplayName": "A", "Tag.1.Key": "Team", "Tag.1.Value": "blue"}
    assert {context_key(key): value for key, value in action.context(action.read(given)).items()} == {
        "acs:requesttag/Team": "blue"
    }


def test_accounts_do_not_see_each_other(plane: Plane, make_plane: Callable[..., Plane]) -> None:
    ann = create(plane, "ann")
    key = plane.call("CreateAccessKey", UserName="ann")["AccessKey"]["AccessKeyId"]
    other = make_plane()
    assert names(other) == []
    assert other.ims.refused("GetUser", UserId=ann["UserId"]) == "EntityNotExist.User"
    assert other.ims.refused("GetUser", UserAccessKeyId=key) == "EntityNotExist.User"
    assert other.ims.refused("DeleteUser", UserPrincipalName=upn(plane, "ann")) == "EntityNotExist.User"
