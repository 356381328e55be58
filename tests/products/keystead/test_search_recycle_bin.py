"""SearchRecycledUsers and SearchRecycledAccessKeys: who deleted what, and when it goes for good."""

from __future__ import annotations

from keystead.clock import iso
from products.modelstudio.studio import OURS, RAM, Studio

DAY = 86_400


def test_deleted_users_and_pairs_are_found_with_who_deleted_them(studio: Studio) -> None:
    admin = studio.user("boss", "AdministratorAccess")
    for name in ("ann", "bob"):
        studio.user(name, "ReadOnlyAccess")
    given = {"UserName": "ann", "UserAccessKeyId": studio.pair("ann")}
    studio.call(OURS, "UpdateAccessKeyPair", **given, Note="build server")
    studio.call(RAM, "DeleteAccessKey", admin, **given)
    studio.now += DAY
    studio.call(RAM, "DeleteAccessKey", UserName="bob", UserAccessKeyId=studio.pair("bob"))
    studio.call(RAM, "DetachPolicyFromUser", UserName="bob", PolicyName="ReadOnlyAccess", PolicyType="System")
    studio.call(RAM, "DeleteUser", admin, UserName="bob")
    answer = studio.call(OURS, "SearchRecycledUsers")
    (bob,) = answer["Users"]["User"]
    assert answer["TotalCount"] == 1
    assert bob["UserPrincipalName"] == f"bob@{studio.account_id}.onaliyun.com"
    assert bob["RecycledBy"] == f"acs:ram::{studio.account_id}:user/boss"
    assert (bob["RecycleDate"], bob["DeleteDate"]) == (iso(studio.now), iso(studio.now + 30 * DAY))
    second, first = studio.call(OURS, "SearchRecycledAccessKeys")["AccessKeys"]["AccessKey"]
    assert (second["UserName"], second["UserRecycled"]) == ("bob", True)
    assert second["RecycledBy"] == f"acs:ram::{studio.account_id}:root"
    assert (first["UserName"], first["UserRecycled"], first["Note"]) == ("ann", False, "build server")
    assert first["RecycledBy"].endswith("user/boss")

    def pairs(**given: str) -> list[str]:
        return [
            each["UserName"]
            for each in studio.call(OURS, "SearchRecycledAccessKeys", **given)["AccessKeys"]["AccessKey"]
        ]

    assert pairs(Sort="RecycleDate") == ["ann", "bob"]
    assert pairs(Query="BOB") == ["bob"]
    assert pairs(Query="build") == ["ann"]
    assert pairs(Query=studio.pair("ann")[:14]) == ["ann"]
    assert pairs(Query="nothing") == []
    assert pairs(PageSize="1", Page="2") == ["ann"]
    assert studio.call(OURS, "SearchRecycledUsers", Query="x")["TotalCount"] == 0


def test_the_rights_are_those_of_the_vendors_lists(studio: Studio) -> None:
    outsider, reader = studio.user("outsider"), studio.user("reader", "AliyunRAMReadOnlyAccess")
    for action in ("SearchRecycledUsers", "SearchRecycledAccessKeys"):
        assert studio.refused(OURS, action, outsider) == "NoPermission"
        studio.call(OURS, action, reader)
