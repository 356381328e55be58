"""AccessKey pairs: shown once, sealed, and each its owner's."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from keystead.products.ram import access_keys
from keystead.store import tables
from products.plane import Plane, trust


@pytest.fixture
def ready(plane: Plane) -> Plane:
    """With users `Ann` and `bob`."""
    plane.call("CreateUser", UserName="Ann")
    plane.call("CreateUser", UserName="bob")
    return plane


def create(plane: Plane, **given: Any) -> Any:
    return plane.call("CreateAccessKey", **given)["AccessKey"]


def key_ids(plane: Plane, **given: Any) -> list[str]:
    found = plane.call("ListAccessKeys", **given)["AccessKeys"]["AccessKey"]
    return [key["AccessKeyId"] for key in found]


def test_create_and_list(ready: Plane) -> None:
    made = create(ready, UserName="ann")
    assert re.fullmatch(r"LTAI[A-Za-z0-9]{20}", made["AccessKeyId"])
    assert re.fullmatch(r"[A-Za-z0-9]{30}", made["AccessKeySecret"])
    assert (made["Status"], made["CreateDate"]) == ("Active", "2026-01-02T03:04:05Z")
    assert ready.touched == {("key", made["AccessKeyId"])}
    found = ready.call("ListAccessKeys", UserName="ANN")["AccessKeys"]["AccessKey"]
    assert found == [{name: made[name] for name in ("AccessKeyId", "Status", "CreateDate")}]
    assert ready.call("ListAccessKeys", UserName="bob") == {"AccessKeys": {"AccessKey": []}}


def test_the_secret_is_sealed_for_its_own_id(ready: Plane) -> None:
    made = create(ready, UserName="Ann")
    with ready.database.reading(ready.now, ready.account_id) as tx:
        row = tx.row(sa.select(tables.access_keys).where(tables.access_keys.c.id == made["AccessKeyId"]))
        assert row is not None
        assert made["AccessKeySecret"].encode() not in row.sealed_secret
        opened = tx.keyring.open(row.sealed_secret, f"access-key:{made['AccessKeyId']}")
    assert opened.decode() == made["AccessKeySecret"]


def test_status(ready: Plane) -> None:
    made = create(ready, UserName="Ann")
    for status in ("Inactive", "Active"):
        known = {"UserName": "Ann", "UserAccessKeyId": made["AccessKeyId"]}
        assert ready.call("UpdateAccessKey", **known, Status=status) == {}
        assert ready.touched == {("key", made["AccessKeyId"])}
        found = ready.call("ListAccessKeys", UserName="Ann")["AccessKeys"]["AccessKey"]
        assert [key["Status"] for key in found] == [status]
    assert ready.refused("UpdateAccessKey", **known, Status="active") == "InvalidParameter.Status.Format"
    assert ready.refused("UpdateAccessKey", **known) == "MissingStatus"


def test_quota_counts_inactive_pairs(ready: Plane) -> None:
    made = [create(ready, UserName="Ann")["AccessKeyId"] for _ in range(2)]
    ready.call("UpdateAccessKey", UserName="Ann", UserAccessKeyId=made[0], Status="Inactive")
    assert ready.refused("CreateAccessKey", UserName="Ann") == "LimitExceeded.User.AccessKey"
    create(ready, UserName="bob")
    ready.call("DeleteAccessKey", UserName="Ann", UserAccessKeyId=made[0])
    assert ready.touched == {("key", made[0])}
    create(ready, UserName="Ann")


def test_deleting_works_on_active_pairs(ready: Plane) -> None:
    made = create(ready, UserName="Ann")
    known = {"UserName": "Ann", "UserAccessKeyId": made["AccessKeyId"]}
    assert ready.refused("DeleteUser", UserName="Ann") == "DeleteConflict.User.AccessKey"
    ready.call("DeleteAccessKey", **known)
    assert ready.refused("DeleteAccessKey", **known) == "EntityNotExist.User.AccessKey"
    assert key_ids(ready, UserName="Ann") == []
    ready.call("DeleteUser", UserName="Ann")


CALLS: tuple[tuple[str, dict[str, str]], ...] = (
    ("UpdateAccessKey", {"Status": "Inactive"}),
    ("DeleteAccessKey", {}),
    ("GetAccessKeyLastUsed", {}),
)


@pytest.mark.parametrize(("action", "more"), CALLS)
def test_a_pair_is_its_owner_s(ready: Plane, action: str, more: dict[str, str]) -> None:
    anns, own = create(ready, UserName="Ann"), create(ready)
    for owner, key in (("bob", anns), ("bob", own), ("Ann", own)):
        given = {"UserName": owner, "UserAccessKeyId": key["AccessKeyId"]}
        assert ready.refused(action, **given, **more) == "EntityNotExist.User.AccessKey"
    assert ready.refused(action, UserAccessKeyId=anns["AccessKeyId"], **more) == "EntityNotExist.User.AccessKey"
    assert ready.refused(action, UserName="zoe", UserAccessKeyId=anns["AccessKeyId"], **more) == "EntityNotExist.User"
    assert ready.refused(action, UserName="Ann", **more) == "MissingUserAccessKeyId"
    bob = ready.user("bob")
    given = {"UserAccessKeyId": anns["AccessKeyId"], **more}
    assert ready.refused(action, bob, **given) == "EntityNotExist.User.AccessKey"


@pytest.mark.parametrize("action", ["CreateAccessKey", "ListAccessKeys"])
def test_an_unknown_owner(ready: Plane, action: str) -> None:
    assert ready.refused(action, UserName="zoe") == "EntityNotExist.User"
    assert ready.refused(action, UserName="a b") == "InvalidParameter.UserName.InvalidChars"


def test_an_omitted_user_is_the_caller(ready: Plane) -> None:
    ann = ready.user("Ann")
    made = create(ready, by=ann)
    assert key_ids(ready, by=ann) == key_ids(ready, UserName="Ann") == [made["AccessKeyId"]]
    ready.call("UpdateAccessKey", ann, UserAccessKeyId=made["AccessKeyId"], Status="Inactive")
    ready.call("DeleteAccessKey", ann, UserAccessKeyId=made["AccessKeyId"])
    assert key_ids(ready, by=ann) == []


def test_a_session_has_no_user(ready: Plane) -> None:
    ready.call("CreateRole", RoleName="r", AssumeRolePolicyDocument=trust("acs:ram::1:root"))
    session = ready.session("r")
    assert ready.refused("ListAccessKeys", session) == "EntityNotExist.User"
    assert ready.refused("CreateAccessKey", session) == "EntityNotExist.User"
    assert ready.call("ListAccessKeys", session, UserName="Ann") == {"AccessKeys": {"AccessKey": []}}


def test_the_account_s_own_pairs(make_plane: Callable[..., Plane]) -> None:
    plane = make_plane(account_access_keys=1)
    plane.call("CreateUser", UserName="Ann")
    create(plane, UserName="Ann")
    assert key_ids(plane) == []
    own = create(plane)
    assert key_ids(plane) == [own["AccessKeyId"]]
    assert plane.refused("CreateAccessKey") == "LimitExceeded.User.AccessKey"
    plane.call("UpdateAccessKey", UserAccessKeyId=own["AccessKeyId"], Status="Inactive")
    plane.call("DeleteAccessKey", UserAccessKeyId=own["AccessKeyId"])
    with plane.database.writing(plane.now, plane.account_id) as tx:
        tx.quotas = plane.quotas
        key_id, secret = access_keys.create_for_account(tx)
    assert key_ids(plane) == [key_id]
    assert len(secret) == 30


def test_last_use(ready: Plane) -> None:
    made = create(ready, UserName="Ann")
    known = {"UserName": "Ann", "UserAccessKeyId": made["AccessKeyId"]}
    assert ready.call("GetAccessKeyLastUsed", **known) == {"AccessKeyLastUsed": {}}
    used = sa.update(tables.access_keys).where(tables.access_keys.c.id == made["AccessKeyId"])
    with ready.database.writing(ready.now, ready.account_id) as tx:
        tx.run(used.values(used_at=ready.now + 60))
    found = ready.call("GetAccessKeyLastUsed", **known)
    assert found == {"AccessKeyLastUsed": {"LastUsedDate": "2026-01-02T03:05:05Z"}}


def test_accounts_do_not_see_each_other(make_plane: Callable[..., Plane]) -> None:
    one, other = make_plane(), make_plane()
    own = create(one)
    assert key_ids(other) == []
    refused = other.refused("DeleteAccessKey", UserAccessKeyId=own["AccessKeyId"])
    assert refused == "EntityNotExist.User.AccessKey"
    assert key_ids(one) == [own["AccessKeyId"]]
