"""Credential reports, governance figures and the security score, held against what the account holds."""

from __future__ import annotations

import base64
import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from keystead.products.people import credential_report
from keystead.server import upkeep
from keystead.store import tables
from products.plane import Plane

DAY = 86_400


def generate(plane: Plane) -> list[str]:
    """Ask until the report is whole; returns the states."""
    states = []
    while not states or states[-1] != "COMPLETED":
        states.append(plane.ims.call("GenerateCredentialReport")["State"])
    return states


def read(plane: Plane, size: int = 3501) -> list[dict[str, str]]:
    """The whole report, page by page."""
    text, token = "", {}
    while True:
        page = plane.ims.call("GetCredentialReport", MaxItems=str(size), **token)
        text += base64.b64decode(page["Content"]).decode()
        if page["IsTruncated"] == "false":
            return list(csv.DictReader(io.StringIO(text)))
        token = {"NextToken": page["NextToken"]}


def test_a_report_says_what_there_is(plane: Plane) -> None:
    plane.call("CreateUser", UserName="alice")
    plane.call("CreateUser", UserName="bob")
    pair = plane.call("CreateAccessKey", UserName="alice")["AccessKey"]["AccessKeyId"]
    plane.call("UpdateAccessKey", UserName="alice", UserAccessKeyId=pair, Status="Inactive")
    plane.call("CreateLoginProfile", UserName="bob", Password="Corr3ct-Horse-Battery")
    plane.call("CreateAccessKey")
    assert generate(plane) == ["STARTED", "COMPLETED"]
    root, alice, bob = read(plane)
    assert (root["user"], root["access_key_1_exist"], root["access_key_1_active"]) == ("<root>", "TRUE", "TRUE")
    assert alice["user"] == f"alice@{plane.account_id}.onaliyun.com"
    assert alice["user_creation_time"] == "2026-01-02T03:04:05Z"
    assert (alice["password_exist"], alice["password_active"], alice["user_last_logon"]) == ("FALSE", "N/A", "-")
    assert (alice["access_key_1_exist"], alice["access_key_1_active"]) == ("TRUE", "FALSE")
    assert (alice["access_key_1_last_rotated"], alice["access_key_1_last_used"]) == ("2026-01-02T03:04:05Z", "-")
    assert (alice["access_key_2_exist"], alice["access_key_2_active"]) == ("FALSE", "N/A")
    assert (bob["password_exist"], bob["password_active"], bob["mfa_active"]) == ("TRUE", "TRUE", "FALSE")
    assert (bob["password_last_changed"], bob["password_next_rotation"]) == ("2026-01-02T03:04:05Z", "-")


def test_one_report_within_the_hours(plane: Plane) -> None:
    plane.call("CreateUser", UserName="alice")
    generate(plane)
    plane.call("CreateUser", UserName="bob")
    plane.now += 4 * 3600 - 1
    assert generate(plane) == ["COMPLETED"]
    assert len(read(plane)) == 2
    plane.now += 1
    assert generate(plane) == ["STARTED", "COMPLETED"]
    assert len(read(plane)) == 3


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7])
def test_pages_join_to_the_whole(plane: Plane, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(credential_report, "PIECE", 2)
    names = [f"user{number}" for number in range(5)]
    for name in names:
        plane.call("CreateUser", UserName=name)
    assert generate(plane) == ["STARTED", "INPROGRESS", "COMPLETED"]
    assert [row["user"].partition("@")[0] for row in read(plane, size)] == ["<root>", *names]


def test_the_report_before_stays_readable_and_its_token_ends_with_it(
    plane: Plane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(credential_report, "PIECE", 2)
    for number in range(5):
        plane.call("CreateUser", UserName=f"user{number}")
    assert plane.ims.refused("GetCredentialReport") == "EntityNotExist.CredentialReport"
    generate(plane)
    page = plane.ims.call("GetCredentialReport", MaxItems="3")
    plane.now += DAY
    assert plane.ims.call("GenerateCredentialReport")["State"] == "STARTED"
    assert len(read(plane)) == 6
    assert plane.ims.call("GetCredentialReport", MaxItems="3", NextToken=page["NextToken"])["IsTruncated"] == "true"
    upkeep.finish_reports(plane.database, plane.now)
    assert generate(plane) == ["COMPLETED"]
    refused = plane.ims.refused("GetCredentialReport", NextToken=page["NextToken"])
    assert refused == "InvalidParameter.NextToken"
    with plane.database.reading(plane.now) as tx:
        lines = tables.credential_report_lines
        kept = tx.rows(sa.select(lines.c.edition).where(lines.c.account_id == plane.account_id).distinct())
    assert [row.edition for row in kept] == [2]


def test_limits_of_a_page(plane: Plane) -> None:
    generate(plane)
    for size in ("0", "3502", "many"):
        assert plane.ims.refused("GetCredentialReport", MaxItems=size).startswith("InvalidParameter.MaxItems")


def test_governance(plane: Plane) -> None:
    for action in ("GetGovernanceReportStatus", "ListRecentGovernanceMetrics"):
        assert plane.ims.refused(action) == "EntityNotExist.GovernanceReport"
    for name in ("alice", "bob", "carol"):
        plane.call("CreateUser", UserName=name)
        plane.call("CreateAccessKey", UserName=name)
    plane.call("CreateLoginProfile", UserName="bob", Password="Corr3ct-Horse-Battery")
    plane.call("AttachPolicyToUser", UserName="carol", PolicyType="System", PolicyName="AdministratorAccess")
    plane.now += 91 * DAY
    assert plane.ims.call("GenerateGovernanceReport") == {"State": "Completed"}
    assert plane.ims.call("GetGovernanceReportStatus")["WholeReportStatus"] == "Completed"
    metrics = plane.ims.call("ListRecentGovernanceMetrics")["GovernanceMetrics"]["GovernanceMetric"]
    values = {each["GovernanceItem"]: each["MetricValue"] for each in metrics}
    assert values == {
        "RecentAccountLoginTimes": 0,
        "SSOLoginEnabled": False,
        "AccountAccessKeys": 0,
        "UsersWithoutMFA": 1,
        "IdleUsers": 1,
        "OldAccessKeys": 3,
        "UnusedAccessKeys": 3,
        "UsersWithAdministratorAccess": 1,
        "UsersWithAttachedPolicies": 1,
    }
    for item in values:
        shown = plane.ims.call("GetGovernanceItemReport", GovernanceItemType=item)
        rows = shown["ColumnsValue"]["ColumnRow"]
        assert shown["MetricValue"] == values[item]
        assert len(rows) == (values[item] or 0)
        assert all(len(row["ColumnValue"]) == len(shown["ColumnsSchema"]["ColumnSchema"]) for row in rows)


def test_pages_of_a_governance_item(plane: Plane) -> None:
    for name in ("alice", "bob", "carol"):
        plane.call("CreateUser", UserName=name)
        plane.call("AttachPolicyToUser", UserName=name, PolicyType="System", PolicyName="ReadOnlyAccess")
    plane.ims.call("GenerateGovernanceReport")
    given = {"GovernanceItemType": "UsersWithAttachedPolicies", "MaxItems": "2"}
    page = plane.ims.call("GetGovernanceItemReport", **given)
    assert (len(page["ColumnsValue"]["ColumnRow"]), page["IsTruncated"]) == (2, True)
    rest = plane.ims.call("GetGovernanceItemReport", **given, Marker=page["Marker"])
    assert [row["ColumnValue"] for row in rest["ColumnsValue"]["ColumnRow"]] == [
        [f"carol@{plane.account_id}.onaliyun.com"]
    ]
    unknown = plane.ims.refused("GetGovernanceItemReport", GovernanceItemType="Nonsense")
    assert unknown == "InvalidParameter.GovernanceItemType.Format"


def practice(plane: Plane) -> tuple[int, dict[str, object]]:
    """The score, and the counts."""
    found = plane.ims.call("GetAccountSecurityPracticeReport")["AccountSecurityPracticeInfo"]
    return found["Score"], found["AccountSecurityPracticeUserInfo"]


def test_the_score_falls_with_what_is_wrong(plane: Plane) -> None:
    clean, counts = practice(plane)
    assert counts["SubUserPwdLevel"] == "low"
    plane.call("CreateAccessKey")
    with_root_key, counts = practice(plane)
    assert counts["RootWithAccessKey"] == 1
    plane.call("CreateUser", UserName="alice")
    plane.call("CreateAccessKey", UserName="alice")
    plane.now += 91 * DAY
    worst, counts = practice(plane)
    assert counts["SubUser"] == counts["SubUserWithOldAccessKey"] == counts["SubUserWithUnusedAccessKey"] == 1
    assert counts["OldAkNum"] == counts["UnusedAkNum"] == 1
    assert 100 >= clean > with_root_key > worst >= 0


def test_idle_pairs_and_log_ons_are_disabled(plane: Plane, make_plane: Callable[..., Plane]) -> None:
    for name in ("alice", "bob"):
        plane.call("CreateUser", UserName=name)
        plane.call("CreateLoginProfile", UserName=name, Password="Corr3ct-Horse-Battery")
    idle = plane.call("CreateAccessKey", UserName="alice")["AccessKey"]["AccessKeyId"]
    used = plane.call("CreateAccessKey", UserName="bob")["AccessKey"]["AccessKeyId"]
    plane.ims.call("SetSecurityPreference", MaxIdleDaysForAccessKeys="90", MaxIdleDaysForUsers="90")
    other = make_plane()  # keeps the default of 730 days
    theirs = other.call("CreateAccessKey")["AccessKey"]["AccessKeyId"]
    with plane.database.writing(plane.now, plane.account_id) as tx:
        tx.run(
            sa.update(tables.access_keys).where(tables.access_keys.c.id == used).values(used_at=plane.now + 60 * DAY)
        )
        tx.run(sa.update(tables.users).where(tables.users.c.name == "bob").values(last_login_at=plane.now + 60 * DAY))

    def statuses() -> dict[str, str]:
        with plane.database.reading(plane.now) as tx:
            keys = tx.rows(sa.select(tables.access_keys.c.id, tables.access_keys.c.status))
        return {row.id: row.status for row in keys}

    upkeep.disable_idle(plane.database, plane.now + 90 * DAY)
    assert statuses()[idle] == "Active"
    upkeep.disable_idle(plane.database, plane.now + 91 * DAY)
    assert (statuses()[idle], statuses()[used], statuses()[theirs]) == ("Inactive", "Active", "Active")
    assert plane.ims.call("GetLoginProfile", UserPrincipalName="alice")["LoginProfile"]["Status"] == "Inactive"
    assert plane.ims.call("GetLoginProfile", UserPrincipalName="bob")["LoginProfile"]["Status"] == "Active"
    with plane.database.reading(plane.now) as tx:
        mine = tables.audit.c.account_id == plane.account_id
        actions = [row.action for row in tx.rows(sa.select(tables.audit.c.action).where(mine))]
        changed = tx.rows(sa.select(tables.changes.c.kind).where(tables.changes.c.entity_id == idle))
    assert sorted(actions) == ["DisableIdleAccessKey", "DisableIdleLogon"]
    assert [row.kind for row in changed][-1:] == ["key"]
    # What was enabled again is in use from then on.
    plane.now += 92 * DAY
    plane.call("UpdateAccessKey", UserName="alice", UserAccessKeyId=idle, Status="Active")
    upkeep.disable_idle(plane.database, plane.now + DAY)
    assert statuses()[idle] == "Active"


def test_pairs_that_are_too_old_are_disabled_and_stay_so(make_plane: Callable[..., Plane]) -> None:
    plane = make_plane(access_key_max_age_days=90)
    plane.call("CreateUser", UserName="alice")
    key = plane.call("CreateAccessKey", UserName="alice")["AccessKey"]["AccessKeyId"]

    def status() -> str:
        return plane.call("ListAccessKeys", UserName="alice")["AccessKeys"]["AccessKey"][0]["Status"]

    def limited(days: int) -> int:
        quotas = plane.quotas
        make_tx = plane.database._make_tx

        def with_quotas(*given: Any) -> Any:
            tx = make_tx(*given)
            tx.quotas = quotas
            return tx

        plane.database._make_tx = with_quotas
        try:
            return upkeep.disable_idle(plane.database, plane.now + days * DAY)
        finally:
            plane.database._make_tx = make_tx

    limited(89)
    assert status() == "Active"
    limited(90)
    assert status() == "Inactive"
    plane.now += 90 * DAY
    refused = plane.refusal("UpdateAccessKey", UserName="alice", UserAccessKeyId=key, Status="Active")
    assert (refused.code, refused.status) == ("NotSupport.AccessKeyAge", 400)
    assert "90 days" in refused.message
