"""SearchUsers: every filter, every order, every column, and who may call it."""

from __future__ import annotations

from typing import Any

import pytest

from keystead.store import keys, login_profiles
from products.modelstudio.studio import OURS, RAM, Studio

IMS = "2019-08-15"
DAY = 86_400


@pytest.fixture
def people(studio: Studio) -> Studio:
    """Ann: console and a pair, in a group, tagged.  Bob: a pair.  cyd: nothing, disabled.  All made a day apart."""
    for name, shown in (("Ann", "Zoë Ann"), ("Bob", "Älf"), ("cyd", "Mia")):
        studio.call(RAM, "CreateUser", UserName=name, DisplayName=shown, Comments=f"about {name}")
        studio.now += DAY
    logon = {"password_hash": "", "password_set_at": 0, "password_initial": False, "password_reset_required": False}
    ann = studio.call(RAM, "GetUser", UserName="Ann")["User"]["UserId"]
    with studio.write() as tx:
        login_profiles.insert(tx, ann, {"status": "Active", "mfa_bind_required": False, **logon})
    for name in ("Ann", "Bob"):
        made = studio.call(RAM, "CreateAccessKey", UserName=name)
        studio._pairs[name] = made["AccessKey"]["AccessKeyId"]
    second = studio.call(RAM, "CreateAccessKey", UserName="Bob")["AccessKey"]["AccessKeyId"]
    studio.call(RAM, "UpdateAccessKey", UserName="Bob", UserAccessKeyId=second, Status="Inactive")
    for group in ("writers", "authors"):
        studio.call(RAM, "CreateGroup", GroupName=group)
        studio.call(RAM, "AddUserToGroup", UserName="Ann", GroupName=group)
    tag = {"ResourceType": "user", "ResourcePrincipalName__1": "Ann", "Tag__1__Key": "team", "Tag__1__Value": "blue"}
    studio.call(IMS, "TagResources", **tag)
    studio.call(OURS, "SetUserStatus", UserName="cyd", Status="freeze")
    return studio


def found(studio: Studio, by: str = "", /, **given: str) -> list[str]:
    """The names that are found, in their order."""
    return [each["UserName"] for each in answer(studio, by, **given)["Users"]["User"]]


def answer(studio: Studio, by: str = "", /, **given: str) -> Any:
    """The whole answer."""
    return studio.call(OURS, "SearchUsers", by, **given)


def test_a_row_has_what_the_page_shows(people: Studio) -> None:
    whole = answer(people)
    assert (whole["TotalCount"], whole["Page"], whole["PageSize"]) == (3, 1, 20)
    ann, bob, _ = whole["Users"]["User"]
    assert ann["UserPrincipalName"] == f"Ann@{people.account_id}.onaliyun.com"
    assert ann["DisplayName"] == "Zoë Ann"
    assert ann["Comments"] == "about Ann"
    assert ann["Groups"] == {"Group": ["authors", "writers"]}
    assert ann["Tags"] == {"Tag": [{"TagKey": "team", "TagValue": "blue"}]}
    assert ann["ConsoleAccess"] is True
    assert ann["MfaBound"] is False
    assert "LastActivityDate" not in ann
    assert (bob["ActiveAccessKeys"], bob["InactiveAccessKeys"]) == (1, 1)
    assert bob["ConsoleAccess"] is False


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ({"Query": "N"}, ["Ann"]),
        ({"Query": "zoë"}, ["Ann"]),
        ({"Query": "Älf"}, ["Bob"]),
        ({"Query": "%"}, []),
        ({"Query": "_"}, []),
        ({"Status": "freeze"}, ["cyd"]),
        ({"Access": "both"}, ["Ann"]),
        ({"Access": "accesskey"}, ["Bob"]),
        ({"Access": "none"}, ["cyd"]),
        ({"Access": "console"}, []),
        ({"Mfa": "true"}, []),
        ({"Mfa": "false", "Status": "active"}, ["Ann", "Bob"]),
        ({"GroupName": "WRITERS"}, ["Ann"]),
        ({"TagKey": "team"}, ["Ann"]),
        ({"TagKey": "team", "TagValue": "red"}, []),
        ({"Sort": "-UserName"}, ["cyd", "Bob", "Ann"]),
        ({"Sort": "CreateDate"}, ["Ann", "Bob", "cyd"]),
        ({"Sort": "-CreateDate", "PageSize": "1", "Page": "2"}, ["Bob"]),
        ({"PageSize": "2", "Page": "2"}, ["cyd"]),
        ({"PageSize": "2", "Page": "3"}, []),
    ],
)
def test_filters_and_orders(people: Studio, given: dict[str, str], names: list[str]) -> None:
    assert found(people, **given) == names
    total = answer(people, **{**given, "Page": "1", "PageSize": "100"})["TotalCount"]
    assert answer(people, **given)["TotalCount"] == total


def test_an_id_is_found_by_its_beginning(people: Studio) -> None:
    user_id = answer(people, Query="bob")["Users"]["User"][0]["UserId"]
    assert found(people, Query=user_id[:12]) == ["Bob"]


def test_the_later_of_logon_and_call_is_the_last_activity(people: Studio) -> None:
    ann = answer(people, Query="Ann")["Users"]["User"][0]["UserId"]
    with people.write() as tx:
        login_profiles.logged_on(tx, ann, "192.0.2.1")
    people.now += 100 * DAY
    with people.write() as tx:
        keys.note_use(tx, {people.pair("Bob"): keys.Use(people.now, "Ram", "192.0.2.2", "GetUser")})
    assert found(people, UnusedDays="90") == ["Ann", "cyd"]
    assert found(people, Sort="-LastActivityDate")[0] == "Bob"
    assert answer(people, Query="Bob")["Users"]["User"][0]["LastActivityDate"] == "2026-04-15T03:04:05Z"
    with people.write() as tx:
        keys.note_use(tx, {people.pair("Ann"): keys.Use(people.now + 5, "Ram", "192.0.2.2", "GetUser")})
    assert found(people, UnusedDays="90") == ["cyd"]
    assert answer(people, Query="Ann")["Users"]["User"][0]["LastActivityDate"] == "2026-04-15T03:04:10Z"


def test_a_use_moments_later_is_shown_and_costs_no_second_write(people: Studio) -> None:
    people.now += DAY
    for later in (0, 30):
        with people.write() as tx:
            keys.note_use(tx, {people.pair("Bob"): keys.Use(people.now + later, "Ram", "192.0.2.2", "GetUser")})
    shown = answer(people, Query="Bob")["Users"]["User"][0]
    assert shown["LastActivityDate"].endswith("T03:04:35Z")


def test_an_unknown_group_is_refused(people: Studio) -> None:
    assert people.refused(OURS, "SearchUsers", GroupName="nobody") == "EntityNotExist.Group"
    assert people.refused(OURS, "SearchUsers", Sort="Password").startswith("InvalidParameter.Sort")


def test_the_right_is_that_of_the_vendors_list(people: Studio) -> None:
    reader = people.user("reader", "AliyunRAMReadOnlyAccess")
    outsider = people.user("outsider")
    assert "Ann" in found(people, reader)
    assert people.refused(OURS, "SearchUsers", outsider) == "NoPermission"


def test_other_accounts_are_not_seen(people: Studio, make_studio: Any) -> None:
    other = make_studio()
    other.call(RAM, "CreateUser", UserName="Ann")
    assert answer(other)["TotalCount"] == 1
    assert answer(people)["TotalCount"] == 3
