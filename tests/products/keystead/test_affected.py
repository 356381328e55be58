"""PreviewSettings: whom a stricter setting would concern, held against what the setting does once it is set."""

from __future__ import annotations

import json
from typing import Any

import pytest
import sqlalchemy as sa

from keystead.identity import preferences
from keystead.products.keystead import affected
from keystead.server import upkeep
from keystead.store import login_profiles, tables, user_access
from products.modelstudio.studio import OURS, RAM, Studio

DAY = 86_400
IMS = "2019-08-15"


def preview(studio: Studio, by: str = "", **wanted: str) -> dict[str, list[str]]:
    found = studio.call(OURS, "PreviewSettings", by, **wanted)["Effects"]["Effect"]
    assert all(each["Count"] == len(each["Names"]["Name"]) and not each["IsMore"] for each in found)
    return {each["Effect"]: each["Names"]["Name"] for each in found}


def person(studio: Studio, name: str, *, days: int = 0, address: str = "192.0.2.1", has_password: bool = True) -> str:
    """A user who signs in and did so last some days ago, with the password of that day."""
    user_id = str(studio.call(RAM, "CreateUser", UserName=name)["User"]["UserId"])
    at = studio.now - days * DAY
    values = {"password_initial": False, "password_reset_required": False, "mfa_bind_required": False}
    with studio.write() as tx:
        login_profiles.insert(
            tx,
            user_id,
            {"status": "Active", "password_hash": "x" if has_password else "", "password_set_at": at, **values},
        )
        own = tables.login_profiles.c.user_id == user_id
        tx.run(sa.update(tables.login_profiles).where(own).values(updated_at=at, last_login_address=address))
        tx.run(sa.update(tables.users).where(tables.users.c.id == user_id).values(last_login_at=at))
        user_access.refresh(tx, user_id)
    return user_id


def pair(studio: Studio, name: str, *, days: int = 0, address: str | None = "192.0.2.1") -> str:
    """A pair that was last used some days ago."""
    key = str(studio.call(RAM, "CreateAccessKey", UserName=name)["AccessKey"]["AccessKeyId"])
    at = studio.now - days * DAY
    keys = tables.access_keys
    with studio.write() as tx:
        tx.run(
            sa.update(keys)
            .where(keys.c.id == key)
            .values(updated_at=at, used_at=at if address else None, used_address=address, active_at=at)
        )
    return key


def network(*listed: str, status: str = "Active") -> str:
    return json.dumps({"Version": 1, "Status": status, "Statements": [{"Type": "ClassicWhiteList", "IPList": listed}]})


def test_idle_days_tell_exactly_what_the_upkeep_then_ends(studio: Studio) -> None:
    person(studio, "ann", days=100)
    person(studio, "bob", days=10)
    old, _new = pair(studio, "ann", days=95), pair(studio, "bob", days=80)
    assert preview(studio, MaxIdleDaysForUsers="180", MaxIdleDaysForAccessKeys="180") == {}
    told = preview(studio, MaxIdleDaysForUsers="90", MaxIdleDaysForAccessKeys="90")
    assert told == {"ConsoleAccessEnds": ["ann"], "AccessKeysAreDisabled": [old]}
    with studio.write() as tx:
        assert preferences.get(tx).max_idle_days_for_users == 730, "nothing is set by asking"
    studio.call(IMS, "SetSecurityPreference", MaxIdleDaysForUsers="90", MaxIdleDaysForAccessKeys="90")
    upkeep.disable_idle(studio.database, studio.now)
    assert preview(studio, MaxIdleDaysForUsers="90", MaxIdleDaysForAccessKeys="90") == {}, "they have ended"
    assert studio.call(RAM, "ListAccessKeys", UserName="ann")["AccessKeys"]["AccessKey"][0]["Status"] == "Inactive"
    assert studio.call(RAM, "ListAccessKeys", UserName="bob")["AccessKeys"]["AccessKey"][0]["Status"] == "Active"


def test_mfa_for_all_names_who_has_none(studio: Studio) -> None:
    person(studio, "ann")
    studio.call(RAM, "CreateUser", UserName="robot")
    assert preview(studio, MFAOperationForLogin="mandatory") == {"MfaMustBeBound": ["ann"]}
    assert preview(studio, MFAOperationForLogin="adaptive") == {}
    studio.call(IMS, "SetSecurityPreference", MFAOperationForLogin="mandatory")
    assert preview(studio, MFAOperationForLogin="mandatory") == {}, "it is asked of all already"


def test_a_shorter_life_of_passwords_names_whose_is_older(studio: Studio) -> None:
    person(studio, "ann", days=40)
    person(studio, "bob", days=20)
    person(studio, "key-only", days=400, has_password=False)
    assert preview(studio, MaxPasswordAge="30") == {"PasswordIsTooOld": ["ann"]}
    assert preview(studio, MaxPasswordAge="0") == {}
    studio.call(RAM, "SetPasswordPolicy", MaxPasswordAge="25")
    assert preview(studio, MaxPasswordAge="30") == {}, "longer than now concerns nobody"


def test_networks_name_who_came_from_elsewhere(studio: Studio) -> None:
    person(studio, "ann", address="192.0.2.1")
    person(studio, "bob", address="198.51.100.7")
    person(studio, "never", address="")
    assert preview(studio, LoginNetworkMasks="192.0.2.0/24") == {"SignInIsRefused": ["bob"]}
    assert preview(studio, LoginNetworkMasks="") == {}
    studio.call(IMS, "SetSecurityPreference", LoginNetworkMasks="192.0.2.0/24")
    assert preview(studio, LoginNetworkMasks="192.0.2.0/24;203.0.113.1") == {}, "bob is shut out already"


def test_the_account_s_list_names_pairs_called_from_elsewhere(studio: Studio) -> None:
    for name in ("ann", "bob", "own", "off", "long-ago", "never"):
        studio.call(RAM, "CreateUser", UserName=name)
    pair(studio, "ann")
    bob, own, off = (pair(studio, name, address="198.51.100.7") for name in ("bob", "own", "off"))
    pair(studio, "long-ago", address="198.51.100.7", days=100)
    pair(studio, "never", address=None)
    for name, key, status in (("own", own, "Active"), ("off", off, "Inactive")):
        text = network("198.51.100.0/24", status=status)
        studio.call(IMS, "SetAccessKeyPolicy", UserPrincipalName=name, UserAccessKeyId=key, AccessKeyPolicy=text)
    told = preview(studio, AccessKeyPolicy=network("192.0.2.0/24"))
    assert told == {"CallsAreRefused": sorted([bob, off])}
    assert preview(studio, AccessKeyPolicy=network("192.0.2.0/24", status="Inactive")) == {}
    assert preview(studio, AccessKeyPolicy=network("0.0.0.0/0")) == {}


def test_more_than_it_names_is_said(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(affected, "MOST", 2)
    for name in ("ann", "bob", "cem"):
        person(studio, name)
    found: Any = studio.call(OURS, "PreviewSettings", MFAOperationForLogin="mandatory")["Effects"]["Effect"]
    assert [(each["Count"], each["IsMore"], each["Names"]["Name"]) for each in found] == [(2, True, ["ann", "bob"])]


def test_what_could_not_be_set_is_refused(studio: Studio) -> None:
    assert (
        studio.refused(OURS, "PreviewSettings", LoginNetworkMasks="10.0.0.0/33") == "InvalidParameter.LoginNetworkMasks"
    )
    code = studio.refused(OURS, "PreviewSettings", AccessKeyPolicy="{}")
    assert code == "InvalidParameter.AccessKeyPolicy.Format"


def test_it_names_users_so_it_needs_their_list(studio: Studio) -> None:
    studio.user("reader")
    assert studio.refused(OURS, "PreviewSettings", "reader", MaxPasswordAge="30") == "NoPermission"
