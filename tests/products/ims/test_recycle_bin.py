"""The recycle bin: what is deleted is gone for everything but the bin, and comes back once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from keystead.store import recycle_bin, tables
from products.plane import ALLOW_ALL, START, Plane

DAYS_30 = 30 * 86_400


@pytest.fixture
def ready(plane: Plane) -> Plane:
    """With the user `Ann`, in a group, with policies, a tag and a pair."""
    plane.call("CreateUser", UserName="Ann", DisplayName="Ann A.", Comments="kept")
    plane.call("CreateGroup", GroupName="g")
    plane.call("AddUserToGroup", UserName="Ann", GroupName="g")
    plane.call("CreatePolicy", PolicyName="p", PolicyDocument=ALLOW_ALL)
    plane.call("AttachPolicyToUser", UserName="Ann", PolicyName="p", PolicyType="Custom")
    plane.call("AttachPolicyToUser", UserName="Ann", PolicyName="ReadOnlyAccess", PolicyType="System")
    plane.ims.call("TagResources", ResourcePrincipalName__1="Ann", Tag__1__Key="team", Tag__1__Value="blue")
    return plane


def user_id(plane: Plane, name: str = "Ann") -> str:
    return str(plane.call("GetUser", UserName=name)["User"]["UserId"])


def key(plane: Plane, name: str = "Ann") -> str:
    return str(plane.call("CreateAccessKey", UserName=name)["AccessKey"]["AccessKeyId"])


def in_bin(plane: Plane, **given: str) -> list[str]:
    found = plane.ims.call("ListUsersInRecycleBin", **given)["Users"]["User"]
    return [user["UserPrincipalName"].split("@")[0] for user in found]


def keys_in_bin(plane: Plane, owner: str) -> list[str]:
    found = plane.ims.call("ListAccessKeysInRecycleBin", UserId=owner)["AccessKeys"]["AccessKey"]
    return [entry["AccessKeyId"] for entry in found]


def test_ims_moves_everything_to_the_bin(ready: Plane) -> None:
    ann, pair = user_id(ready), key(ready)
    ready.call("CreateLoginProfile", UserName="Ann", Password="Correct-horse-7")
    ready.now += 10
    ready.ims.call("DeleteUser", UserPrincipalName="ann")
    assert {("user", ann), ("key", pair)} <= ready.touched
    assert ready.refused("GetUser", UserName="Ann") == "EntityNotExist.User"
    assert ready.ims.refused("GetUser", UserAccessKeyId=pair) == "EntityNotExist.User"
    assert ready.ims.call("ListTagResources")["TagResources"]["TagResource"] == []
    assert ready.call("ListUsersForGroup", GroupName="g")["Users"]["User"] == []
    entities = ready.call("ListEntitiesForPolicy", PolicyName="p", PolicyType="Custom")
    assert entities["Users"]["User"] == []
    shown = ready.ims.call("GetUserInRecycleBin", UserId=ann)["User"]
    assert shown == {
        "UserId": ann,
        "UserPrincipalName": f"Ann@{ready.account_id}.onaliyun.com",
        "DisplayName": "Ann A.",
        "CreateDate": "2026-01-02T03:04:05Z",
        "RecycleDate": "2026-01-02T03:04:15Z",
        "DeleteDate": "2026-02-01T03:04:15Z",
    }
    assert ready.ims.call("GetUserInRecycleBin", UserAccessKeyId=pair)["User"] == shown
    info = ready.ims.call("GetAccessKeyInfoInRecycleBin", UserAccessKeyId=pair)["AccessKey"]
    assert (info["UserId"], info["UserRecycled"], info["DeleteDate"]) == (ann, True, "2026-02-01T03:04:15Z")


def test_restoring_brings_back_what_still_exists(ready: Plane) -> None:
    ann = user_id(ready)
    before = ready.call("GetUser", UserName="Ann")["User"]
    ready.call("CreateLoginProfile", UserName="Ann", Password="Correct-horse-7")
    ready.ims.call("DeleteUser", UserId=ann)
    ready.call("DeletePolicy", PolicyName="p")  # nothing in the bin stands in its way
    ready.ims.call("RestoreUserFromRecycleBin", UserId=ann)
    assert ready.touched == {("user", ann)}
    assert ready.call("GetUser", UserName="Ann")["User"] == before
    groups = ready.call("ListGroupsForUser", UserName="Ann")["Groups"]["Group"]
    assert [(group["GroupName"], group["JoinDate"]) for group in groups] == [("g", "2026-01-02T03:04:05Z")]
    policies = ready.call("ListPoliciesForUser", UserName="Ann")["Policies"]["Policy"]
    assert [policy["PolicyName"] for policy in policies] == ["ReadOnlyAccess"]
    tags = ready.ims.call("GetUser", UserId=ann)["User"]["Tags"]["Tag"]
    assert tags == [{"TagKey": "team", "TagValue": "blue"}]
    assert ready.refused("GetLoginProfile", UserName="Ann") == "EntityNotExist.User.LoginProfile"
    assert in_bin(ready) == []
    assert ready.ims.refused("RestoreUserFromRecycleBin", UserId=ann) == "EntityNotExist.User"


def test_a_group_may_go_meanwhile(ready: Plane) -> None:
    ann = user_id(ready)
    ready.ims.call("DeleteUser", UserId=ann)
    ready.call("DeleteGroup", GroupName="g")
    ready.call("CreateGroup", GroupName="g")  # another group of that name is not the one that was left
    ready.ims.call("RestoreUserFromRecycleBin", UserId=ann)
    assert ready.call("ListGroupsForUser", UserName="Ann")["Groups"]["Group"] == []


def test_ram_refuses_while_anything_hangs_on_the_user_and_then_uses_the_bin(ready: Plane) -> None:
    ann = user_id(ready)
    pair = key(ready)
    assert ready.refused("DeleteUser", UserName="Ann") == "DeleteConflict.User.AccessKey"
    ready.call("DeleteAccessKey", UserName="Ann", UserAccessKeyId=pair)
    assert ready.refused("DeleteUser", UserName="Ann") == "DeleteConflict.User.Group"
    ready.call("RemoveUserFromGroup", UserName="Ann", GroupName="g")
    assert ready.refused("DeleteUser", UserName="Ann") == "DeleteConflict.User.Policy"
    for name, kind in (("p", "Custom"), ("ReadOnlyAccess", "System")):
        ready.call("DetachPolicyFromUser", UserName="Ann", PolicyName=name, PolicyType=kind)
    ready.call("DeleteUser", UserName="Ann")
    assert in_bin(ready) == ["Ann"]
    assert keys_in_bin(ready, ann) == [pair]


def test_names_are_free_and_a_taken_name_stops_restoring(ready: Plane) -> None:
    ann = user_id(ready)
    ready.ims.call("DeleteUser", UserPrincipalName="Ann")
    ready.call("CreateUser", UserName="ann")
    assert ready.ims.refused("RestoreUserFromRecycleBin", UserId=ann) == "EntityAlreadyExists.User"
    ready.call("UpdateUser", UserName="ann", NewUserName="anna")
    ready.ims.call("RestoreUserFromRecycleBin", UserId=ann)
    assert user_id(ready) == ann


def test_a_full_account_stops_restoring(make_plane: Callable[..., Plane]) -> None:
    plane = make_plane(users=1)
    plane.call("CreateUser", UserName="ann")
    ann = user_id(plane, "ann")
    plane.call("DeleteUser", UserName="ann")
    plane.call("CreateUser", UserName="bob")
    assert plane.ims.refused("RestoreUserFromRecycleBin", UserId=ann) == "LimitExceeded.User"


def test_purging_a_user_takes_its_pairs(ready: Plane) -> None:
    ann, pair = user_id(ready), key(ready)
    assert ready.ims.refused("DeleteUserInRecycleBin", UserId=ann) == "EntityNotExist.User"  # it is not in the bin
    ready.ims.call("DeleteUser", UserId=ann)
    ready.ims.call("DeleteUserInRecycleBin", UserId=ann)
    assert in_bin(ready) == keys_in_bin(ready, ann) == []
    assert ready.ims.refused("RestoreUserFromRecycleBin", UserId=ann) == "EntityNotExist.User"
    gone = {"UserAccessKeyId": pair}
    assert ready.ims.refused("GetAccessKeyInfoInRecycleBin", **gone) == "EntityNotExist.User.AccessKey"
    assert ready.ims.refused("GetUserInRecycleBin", **gone) == "EntityNotExist.User"


def test_a_deleted_pair_is_dead_counts_no_more_and_comes_back_inactive(ready: Plane) -> None:
    ann, first, second = user_id(ready), key(ready), key(ready)
    with ready.database.writing(ready.now, ready.account_id) as tx:
        mine = tables.access_keys.c.id == first
        tx.run(sa.update(tables.access_keys).where(mine).values(network_policy="{}"))
    ready.now += 5
    ready.ims.call("DeleteAccessKey", UserPrincipalName="Ann", UserAccessKeyId=first)
    known = {"UserAccessKeyId": first, "UserId": ann}
    info = ready.ims.call("GetAccessKeyInfoInRecycleBin", UserAccessKeyId=first)["AccessKey"]
    assert (info["UserRecycled"], info["RecycleDate"]) == (False, "2026-01-02T03:04:10Z")
    third = key(ready)
    assert ready.ims.refused("RestoreAccessKeyFromRecycleBin", **known) == "LimitExceeded.User.AccessKey"
    ready.call("DeleteAccessKey", UserName="Ann", UserAccessKeyId=third)
    ready.ims.call("RestoreAccessKeyFromRecycleBin", **known)
    assert ready.touched == {("key", first)}
    listed = ready.ims.call("ListAccessKeys", UserPrincipalName="Ann")["AccessKeys"]["AccessKey"]
    assert {each["AccessKeyId"]: each["Status"] for each in listed} == {first: "Inactive", second: "Active"}
    with ready.database.reading(ready.now, ready.account_id) as tx:
        row = tx.row(sa.select(tables.access_keys).where(tables.access_keys.c.id == first))
        assert row is not None
        assert len(tx.keyring.open(row.sealed_secret, f"access-key:{first}")) == 30  # the same secret signs again
        assert row.network_policy == "{}"  # and from nowhere else than before


def test_a_pair_waits_for_its_user(ready: Plane) -> None:
    ann, pair = user_id(ready), key(ready)
    ready.ims.call("DeleteUser", UserId=ann)
    known = {"UserAccessKeyId": pair, "UserId": ann}
    refusal = ready.ims.refusal("RestoreAccessKeyFromRecycleBin", **known)
    assert (refusal.code, "RestoreUserFromRecycleBin" in refusal.next_step) == ("EntityNotExist.User", True)
    ready.ims.call("RestoreUserFromRecycleBin", UserId=ann)
    assert ready.call("ListAccessKeys", UserName="Ann")["AccessKeys"]["AccessKey"] == []
    ready.ims.call("RestoreAccessKeyFromRecycleBin", **known)


def test_whose_pairs_are_meant(ready: Plane) -> None:
    pair = key(ready)
    ann = ready.user("Ann")
    ready.call("DeleteAccessKey", UserName="Ann", UserAccessKeyId=pair)
    assert ready.ims.refused("ListAccessKeysInRecycleBin") == "MissingUserId"
    for action in ("RestoreAccessKeyFromRecycleBin", "DeleteAccessKeyInRecycleBin"):
        assert ready.ims.refused(action, UserAccessKeyId=pair) == "MissingUserId"
        other = {"UserAccessKeyId": pair, "UserId": "2" * 18}
        assert ready.ims.refused(action, **other) == "EntityNotExist.User.AccessKey"
    assert len(ready.ims.call("ListAccessKeysInRecycleBin", ann)["AccessKeys"]["AccessKey"]) == 1
    ready.ims.call("DeleteAccessKeyInRecycleBin", ann, UserAccessKeyId=pair)
    assert keys_in_bin(ready, ann.user_id) == keys_in_bin(ready, "2" * 18) == []


def test_the_account_s_own_pairs_are_deleted_for_good(plane: Plane) -> None:
    own = plane.call("CreateAccessKey")["AccessKey"]["AccessKeyId"]
    plane.call("DeleteAccessKey", UserAccessKeyId=own)
    assert plane.ims.refused("GetAccessKeyInfoInRecycleBin", UserAccessKeyId=own) == "EntityNotExist.User.AccessKey"


def test_the_oldest_pairs_of_a_user_are_purged(ready: Plane) -> None:
    made = []
    for _ in range(4):
        ready.now += 1
        made.append(key(ready))
        ready.call("DeleteAccessKey", UserName="Ann", UserAccessKeyId=made[-1])
    assert keys_in_bin(ready, user_id(ready)) == made[1:]


def test_the_oldest_users_are_purged(make_plane: Callable[..., Plane]) -> None:
    plane = make_plane(recycled_users=2)
    for name in ("a", "b", "c"):
        plane.now += 1
        plane.call("CreateUser", UserName=name)
        key(plane, name)
        plane.ims.call("DeleteUser", UserPrincipalName=name)
    assert in_bin(plane) == ["c", "b"]
    with plane.database.reading(plane.now, plane.account_id) as tx:
        mine = tables.recycled_keys.c.account_id == plane.account_id
        assert len(tx.rows(sa.select(tables.recycled_keys.c.id).where(mine))) == 2


def test_pages_and_filter(plane: Plane) -> None:
    for name in ("a", "b", "a"):
        plane.now += 1
        plane.call("CreateUser", UserName=name)
        plane.call("DeleteUser", UserName=name)
    first = plane.ims.call("ListUsersInRecycleBin", MaxItems="2")
    assert [user["RecycleDate"][-3:-1] for user in first["Users"]["User"]] == ["08", "07"]
    assert in_bin(plane, Marker=first["Marker"]) == ["a"]
    domain = f"{plane.account_id}.onaliyun.com"
    assert in_bin(plane, Filter=f"UserPrincipalName eq A@{domain}") == ["a", "a"]
    assert in_bin(plane, Filter=f'UserPrincipalName eq "b@{domain}"') == ["b"]
    assert in_bin(plane, Filter="UserPrincipalName eq a@other.onaliyun.com") == []
    assert plane.ims.refused("ListUsersInRecycleBin", Filter="UserId eq 2") == "InvalidParameter.Filter"


def test_what_has_expired_is_forgotten(ready: Plane) -> None:
    ann, pair = user_id(ready), key(ready)
    ready.ims.call("DeleteUser", UserId=ann)
    with ready.database.writing(START + DAYS_30 - 1, "") as tx:
        recycle_bin.forget(tx)
    assert in_bin(ready) == ["Ann"]
    with ready.database.writing(START + DAYS_30, "") as tx:
        assert recycle_bin.forget(tx) >= 2
    assert in_bin(ready) == []
    gone: dict[str, Any] = {"UserAccessKeyId": pair}
    assert ready.ims.refused("GetAccessKeyInfoInRecycleBin", **gone) == "EntityNotExist.User.AccessKey"


def test_accounts_do_not_see_each_other(ready: Plane, make_plane: Callable[..., Plane]) -> None:
    ann, pair = user_id(ready), key(ready)
    ready.ims.call("DeleteUser", UserId=ann)
    other = make_plane()
    assert in_bin(other) == keys_in_bin(other, ann) == []
    assert other.ims.refused("GetUserInRecycleBin", UserId=ann) == "EntityNotExist.User"
    assert other.ims.refused("RestoreUserFromRecycleBin", UserId=ann) == "EntityNotExist.User"
    known = {"UserAccessKeyId": pair, "UserId": ann}
    assert other.ims.refused("DeleteAccessKeyInRecycleBin", **known) == "EntityNotExist.User.AccessKey"


def test_one_way_to_name_a_user(ready: Plane) -> None:
    both = {"UserId": "2" * 18, "UserAccessKeyId": "L" * 24}
    assert ready.ims.refused("GetUserInRecycleBin", **both) == "InvalidParameter.UserId.Conflict"
    assert ready.ims.refused("GetUserInRecycleBin") == "MissingUserId"
