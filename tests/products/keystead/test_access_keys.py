"""CreateAccessKeyPair, UpdateAccessKeyPair, SearchAccessKeys and GetAccessKeyActivity."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from msgspec import structs

from keystead.clock import iso
from keystead.store import access_keys, audit, keys
from products.keystead.test_overview import checks
from products.modelstudio.studio import OURS, RAM, Studio

DAY = 86_400
OPEN = json.dumps(
    {"Status": "Active", "Statements": [{"Type": "ClassicWhiteList", "Value": "", "IPList": ["192.0.2.0/24"]}]}
)


def make(studio: Studio, by: str = "", /, **given: str) -> Any:
    return studio.call(OURS, "CreateAccessKeyPair", by, **given)["AccessKey"]


def found(studio: Studio, by: str = "", /, **given: str) -> list[Any]:
    return list(studio.call(OURS, "SearchAccessKeys", by, **given)["AccessKeys"]["AccessKey"])


def ids(studio: Studio, **given: str) -> list[str]:
    return [each["AccessKeyId"] for each in found(studio, **given)]


def test_note_expiry_and_network_policy_are_made_in_one_act(studio: Studio) -> None:
    studio.call(RAM, "CreateUser", UserName="ann")
    until = iso(studio.now + 30 * DAY)
    made = make(studio, UserName="ann", Note="build server", ExpireDate=until, AccessKeyPolicy=OPEN)
    assert len(made["AccessKeySecret"]) == 30
    assert (made["Note"], made["ExpireDate"], made["Status"]) == ("build server", until, "Active")
    (row,) = found(studio, UserName="ann")
    assert row["NetworkRestricted"] is True
    assert (row["Owner"], row["UserName"], row["ExpireDate"]) == ("user", "ann", until)
    assert made["AccessKeySecret"] not in json.dumps(row)
    studio.now += 30 * DAY
    assert found(studio)[0]["Status"] == "Expired"
    assert studio.call(RAM, "ListAccessKeys", UserName="ann")["AccessKeys"]["AccessKey"][0]["Status"] == "Inactive"
    given = {"UserName": "ann", "UserAccessKeyId": made["AccessKeyId"]}
    assert studio.refused(RAM, "UpdateAccessKey", **given, Status="Active") == "NotSupport.AccessKeyExpired"
    studio.call(OURS, "UpdateAccessKeyPair", **given, ExpireDate="", Note="moved")
    assert "ExpireDate" not in found(studio)[0]
    assert (found(studio)[0]["Status"], found(studio)[0]["Note"]) == ("Active", "moved")


def test_a_pair_comes_back_from_the_recycle_bin_as_it_was(studio: Studio) -> None:
    studio.call(RAM, "CreateUser", UserName="ann")
    until = iso(studio.now + 30 * DAY)
    made = make(studio, UserName="ann", Note="kept", ExpireDate=until)
    user_id = studio.call(RAM, "GetUser", UserName="ann")["User"]["UserId"]
    studio.call(RAM, "DeleteAccessKey", UserName="ann", UserAccessKeyId=made["AccessKeyId"])
    given = {"UserAccessKeyId": made["AccessKeyId"], "UserId": user_id}
    studio.call("2019-08-15", "RestoreAccessKeyFromRecycleBin", **given)
    (row,) = found(studio)
    assert (row["Note"], row["ExpireDate"], row["Status"]) == ("kept", until, "Inactive")


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"ExpireDate": "2020-01-01T00:00:00Z"}, "InvalidParameter.ExpireDate"),
        ({"ExpireDate": "soon-ish-now"}, "InvalidParameter.ExpireDate.Format"),
        ({"ExpireDate": "2026-99-99T00:00:00Z"}, "InvalidParameter.ExpireDate.Format"),
        ({"Note": "x" * 129}, "InvalidParameter.Note.Length"),
        ({"AccessKeyPolicy": "[]"}, "InvalidParameter.AccessKeyPolicy.Format"),
        ({"UserName": "nobody"}, "EntityNotExist.User"),
    ],
)
def test_what_cannot_be_kept_is_refused_and_leaves_no_pair(studio: Studio, given: dict[str, str], code: str) -> None:
    studio.call(RAM, "CreateUser", UserName="ann")
    assert studio.refused(OURS, "CreateAccessKeyPair", **{"UserName": "ann", **given}) == code
    assert found(studio) == []


def test_the_greatest_age_of_pairs_bounds_the_expiry(make_studio: Callable[..., Studio]) -> None:
    studio = make_studio(access_key_max_age_days=90)
    studio.call(RAM, "CreateUser", UserName="ann")
    late = iso(studio.now + 91 * DAY)
    refused = studio.refused(OURS, "CreateAccessKeyPair", UserName="ann", ExpireDate=late)
    assert refused == "InvalidParameter.ExpireDate"
    made = make(studio, UserName="ann")
    assert made["ExpireDate"] == iso(studio.now + 90 * DAY)
    studio.now += 10 * DAY
    given = {"UserName": "ann", "UserAccessKeyId": made["AccessKeyId"]}
    assert studio.refused(OURS, "UpdateAccessKeyPair", **given, ExpireDate=late) == "InvalidParameter.ExpireDate"


def test_lists_are_filtered_and_sorted(studio: Studio) -> None:
    for name in ("ann", "bob"):
        studio.call(RAM, "CreateUser", UserName=name)
    old = make(studio, UserName="ann", Note="Old one")["AccessKeyId"]
    studio.now += 100 * DAY
    off = make(studio, UserName="bob")["AccessKeyId"]
    studio.call(RAM, "UpdateAccessKey", UserName="bob", UserAccessKeyId=off, Status="Inactive")
    studio.now += 1
    over = make(studio, UserName="bob", ExpireDate=iso(studio.now + 10))["AccessKeyId"]
    studio.now += 10
    own = make(studio)["AccessKeyId"]
    assert ids(studio) == [own, over, off, old]
    assert ids(studio, Sort="CreateDate", PageSize="1", Page="2") == [off]
    assert ids(studio, Status="Active") == [own, old]
    assert ids(studio, Status="Inactive") == [off]
    assert ids(studio, Status="Expired") == [over]
    assert ids(studio, UserName="bob") == [over, off]
    assert ids(studio, Owner="account") == [own]
    assert ids(studio, Owner="user", OlderThanDays="90") == [old]
    assert ids(studio, Query=off[:14]) == [off]
    assert ids(studio, Query="old") == [old]
    assert ids(studio, Query="nothing") == []
    assert ids(studio, UnusedDays="90") == [old]
    with studio.write() as tx:
        keys.note_use(tx, {old: keys.Use(studio.now, "Ram", "192.0.2.9", "GetUser")})
    assert ids(studio, UnusedDays="90") == []
    studio.now += 100
    with studio.write() as tx:
        keys.note_use(tx, {off: keys.Use(studio.now, "Ims", "192.0.2.8", "GetUser")})
    assert ids(studio, Sort="-LastUsedDate")[0] == off
    row = found(studio, Query=off)[0]
    assert (row["LastUsedService"], row["LastUsedAddress"]) == ("Ims", "192.0.2.8")
    assert studio.refused(OURS, "SearchAccessKeys", UserName="nobody") == "EntityNotExist.User"


def test_the_rights_are_those_of_the_vendors_actions(studio: Studio) -> None:
    reader = studio.user("reader", "AliyunRAMReadOnlyAccess")
    outsider = studio.user("outsider")
    assert len(found(studio, reader)) == 2
    for action, given in (
        ("SearchAccessKeys", {}),
        ("SearchAccessKeys", {"UserName": "reader"}),
        ("CreateAccessKeyPair", {"UserName": "outsider"}),
        ("UpdateAccessKeyPair", {"UserName": "outsider", "UserAccessKeyId": studio.pair(outsider)}),
        ("GetAccessKeyActivity", {"UserName": "outsider", "UserAccessKeyId": studio.pair(outsider)}),
    ):
        assert studio.refused(OURS, action, outsider, **given) == "NoPermission"


def event(studio: Studio, at: int, key: str, **given: str) -> audit.Event:
    """A successful read by a pair."""
    read = audit.Event(
        account_id=studio.account_id,
        at=at * 1000,
        request_id=f"{at}",
        product="Ram",
        action="GetUser",
        kind="read",
        identity_type="RAMUser",
        principal="",
        access_key_id=key,
        resource="",
        outcome="Success",
        address="192.0.2.1",
        agent="curl",
        parameters="{}",
    )
    return structs.replace(read, **given)


@pytest.mark.parametrize("fewest", [1, 64])
def test_activity_is_told_by_day_caller_and_error(studio: Studio, monkeypatch: pytest.MonkeyPatch, fewest: int) -> None:
    """Whether the trail keeps the reads as rows or in a block."""
    monkeypatch.setattr(audit, "FEWEST_IN_BLOCK", fewest)
    name = studio.user("ann")
    key = studio.pair(name)
    now = studio.now
    rows = [event(studio, now - DAY, key), event(studio, now - 50, key), event(studio, now - 100 * DAY, key)]
    rows += [event(studio, now - 20, key, address="192.0.2.2", outcome="NoPermission") for _ in range(2)]
    rows.append(event(studio, now, "LTAI5tsomebodyelse"))
    with studio.write() as tx:
        audit.insert_compactly(tx, rows)
        keys.note_use(tx, {key: keys.Use(now, "Ram", "192.0.2.1", "GetUser")})
    asked = {"UserName": name, "UserAccessKeyId": key}
    answer = studio.call(OURS, "GetAccessKeyActivity", **asked)
    assert answer["Days"]["Day"] == [{"Date": "2026-01-02", "Calls": 3}, {"Date": "2026-01-01", "Calls": 1}]
    first, second = answer["Callers"]["Caller"]
    assert (first["SourceIpAddress"], first["UserAgent"], first["Calls"]) == ("192.0.2.1", "curl", 2)
    assert second["SourceIpAddress"] == "192.0.2.2"
    assert second["LastDate"] == iso(now - 20)
    assert answer["Errors"] == {"Error": [{"Code": "NoPermission", "Calls": 2}]}
    assert answer["DaysSince"] == answer["CallersSince"] == iso(now - 90 * DAY)
    assert found(studio, UserName=name)[0]["LastUsedAction"] == "Ram:GetUser"
    recent = studio.call(OURS, "GetAccessKeyActivity", **asked, Hours="1")
    assert [each["Calls"] for each in recent["Days"]["Day"]] == [3]
    if fewest == 1:
        return  # what is below bounds rows
    monkeypatch.setattr("keystead.store.search.access_keys.MOST_CALLS", 3)
    monkeypatch.setattr("keystead.store.search.access_keys.MOST_READ", 2)
    bounded = studio.call(OURS, "GetAccessKeyActivity", **asked)
    assert bounded["DaysSince"] == "2026-01-03T00:00:00Z"
    assert bounded["CallersSince"] == iso(now - 20)
    assert [each["Calls"] for each in bounded["Callers"]["Caller"]] == [2]
    assert studio.refused(OURS, "GetAccessKeyActivity", UserName=name, UserAccessKeyId="LTAI5t0123456789")


def test_a_leaked_pair_is_restricted_and_stays_so_wherever_it_goes(studio: Studio) -> None:
    user_id = str(studio.call(RAM, "CreateUser", UserName="ann")["User"]["UserId"])
    key = make(studio, UserName="ann", ExpireDate=iso(studio.now + DAY))["AccessKeyId"]
    given = {"UserName": "ann", "UserAccessKeyId": key}
    studio.call(OURS, "ReportAccessKeyLeaked", **given)
    (row,) = found(studio)
    assert row["Status"] == "Restricted"
    assert ids(studio, Status="Restricted") == [key]
    assert ids(studio, Status="Inactive") == ids(studio, Status="Active") == []
    vendors = studio.call(RAM, "ListAccessKeys", UserName="ann")["AccessKeys"]["AccessKey"]
    assert [each["Status"] for each in vendors] == ["Inactive"]
    assert checks(studio)["restricted-access-keys"] == ("warning", 1)
    for status, code in (("Active", "NotSupport.AccessKeyRestricted"), ("Inactive", "")):
        if code:
            assert studio.refused(RAM, "UpdateAccessKey", **given, Status=status) == code
        else:
            studio.call(RAM, "UpdateAccessKey", **given, Status=status)
        assert found(studio)[0]["Status"] == "Restricted"
    ims = {"UserPrincipalName": "ann", "UserAccessKeyId": key}
    assert studio.refused("2019-08-15", "UpdateAccessKey", **ims, Status="Active") == "NotSupport.AccessKeyRestricted"
    studio.now += DAY
    assert ids(studio, Status="Restricted") == [key]  # also when its time is over
    assert ids(studio, Status="Expired") == []
    studio.call(RAM, "DeleteAccessKey", **given)
    studio.call("2019-08-15", "RestoreAccessKeyFromRecycleBin", UserAccessKeyId=key, UserId=user_id)
    assert found(studio)[0]["Status"] == "Restricted"
    assert studio.refused(RAM, "UpdateAccessKey", **given, Status="Active") == "NotSupport.AccessKeyRestricted"


def test_lists_say_why_a_pair_is_inactive_until_somebody_enables_it(studio: Studio) -> None:
    studio.call(RAM, "CreateUser", UserName="ann")
    idle, old = (make(studio, UserName="ann")["AccessKeyId"] for _ in range(2))
    with studio.write() as tx:
        access_keys.set_status(tx, idle, "Inactive", "Idle")
        access_keys.set_status(tx, old, "Inactive", "Old")
    assert ids(studio, Status="IdleDisabled") == [idle]
    assert ids(studio, Status="TooOld") == [old]
    assert ids(studio, Status="Inactive") == []
    for key in (idle, old):
        studio.call(RAM, "UpdateAccessKey", UserName="ann", UserAccessKeyId=key, Status="Active")
    assert sorted(ids(studio, Status="Active")) == sorted([idle, old])
    studio.call(RAM, "UpdateAccessKey", UserName="ann", UserAccessKeyId=idle, Status="Inactive")
    assert ids(studio, Status="Inactive") == [idle]


def test_who_may_not_change_pairs_may_not_report_them(studio: Studio) -> None:
    studio.call(RAM, "CreateUser", UserName="ann")
    key = make(studio, UserName="ann")["AccessKeyId"]
    reader = studio.user("reader", "AliyunRAMReadOnlyAccess")
    given = {"UserName": "ann", "UserAccessKeyId": key}
    assert studio.refused(OURS, "ReportAccessKeyLeaked", reader, **given) == "NoPermission"
    assert found(studio, UserName="ann")[0]["Status"] == "Active"
