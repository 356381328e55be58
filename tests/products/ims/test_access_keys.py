"""AccessKey pairs as IMS shows them."""

from __future__ import annotations

from typing import Any

import pytest

from keystead.products.ims.product import IMS
from keystead.products.ram.product import RAM
from keystead.store import keys
from products.plane import Plane


@pytest.fixture
def ready(plane: Plane) -> Plane:
    """With users `ann` and `bob`."""
    plane.call("CreateUser", UserName="ann")
    plane.call("CreateUser", UserName="bob")
    return plane


def create(plane: Plane, **given: Any) -> Any:
    return plane.ims.call("CreateAccessKey", **given)["AccessKey"]


def test_one_face_sees_what_the_other_made(ready: Plane) -> None:
    made = create(ready, UserPrincipalName=f"ann@{ready.account_id}.onaliyun.com")
    assert made["AccessKeySecret"]
    seen = ready.call("ListAccessKeys", UserName="ann")["AccessKeys"]["AccessKey"]
    assert [key["AccessKeyId"] for key in seen] == [made["AccessKeyId"]]
    ready.now += 60
    known = {"UserPrincipalName": "ann", "UserAccessKeyId": made["AccessKeyId"]}
    ready.ims.call("UpdateAccessKey", **known, Status="Inactive")
    assert ready.touched == {("key", made["AccessKeyId"])}
    listed = ready.ims.call("ListAccessKeys", UserPrincipalName="ann")["AccessKeys"]["AccessKey"]
    assert [(key["Status"], key["CreateDate"], key["UpdateDate"]) for key in listed] == [
        ("Inactive", "2026-01-02T03:04:05Z", "2026-01-02T03:05:05Z")
    ]
    ready.ims.call("DeleteAccessKey", **known)
    assert ready.call("ListAccessKeys", UserName="ann") == {"AccessKeys": {"AccessKey": []}}
    assert ready.ims.refused("DeleteAccessKey", **known) == "EntityNotExist.User.AccessKey"


def test_quota_is_one_for_both_faces(ready: Plane) -> None:
    ready.call("CreateAccessKey", UserName="ann")
    create(ready, UserPrincipalName="ann")
    assert ready.ims.refused("CreateAccessKey", UserPrincipalName="ann") == "LimitExceeded.User.AccessKey"


def test_a_pair_is_its_owner_s(ready: Plane) -> None:
    anns = create(ready, UserPrincipalName="ann")["AccessKeyId"]
    for action, more in (("UpdateAccessKey", {"Status": "Active"}), ("DeleteAccessKey", {})):
        given = {"UserAccessKeyId": anns, **more}
        assert ready.ims.refused(action, UserPrincipalName="bob", **given) == "EntityNotExist.User.AccessKey"
        assert ready.ims.refused(action, **given) == "EntityNotExist.User.AccessKey"
        assert ready.ims.refused(action, UserPrincipalName="zoe", **given) == "EntityNotExist.User"


def test_an_omitted_user_is_the_caller(ready: Plane) -> None:
    ann = ready.user("ann")
    made = create(ready, by=ann)
    assert ready.ims.call("ListAccessKeys", ann) == ready.ims.call("ListAccessKeys", UserPrincipalName="ann")
    assert ready.ims.call("ListAccessKeys") == {"AccessKeys": {"AccessKey": []}}  # the account's own
    ready.ims.call("DeleteAccessKey", ann, UserAccessKeyId=made["AccessKeyId"])


def test_last_use_names_the_product(ready: Plane) -> None:
    made = create(ready, UserPrincipalName="ann")
    known = {"UserPrincipalName": "ann", "UserAccessKeyId": made["AccessKeyId"]}
    assert ready.ims.call("GetAccessKeyLastUsed", **known) == {"AccessKeyLastUsed": {}}
    with ready.database.writing(ready.now, ready.account_id) as tx:
        keys.note_use(tx, {made["AccessKeyId"]: keys.Use(ready.now, "Ims", "192.0.2.1", "GetUser")})
    used = ready.ims.call("GetAccessKeyLastUsed", **known)["AccessKeyLastUsed"]
    assert used == {"LastUsedDate": "2026-01-02T03:04:05Z", "ServiceName": "Ims"}


def test_both_faces_let_users_manage_their_own_pairs_where_the_account_does() -> None:
    actions = ("CreateAccessKey", "ListAccessKeys", "UpdateAccessKey", "DeleteAccessKey", "GetAccessKeyLastUsed")
    for product in (RAM, IMS):
        assert {product.actions[name].self_service for name in actions} == {"AllowUserToManageAccessKeys"}
