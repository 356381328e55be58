"""GetAccountOverview: what is counted, and how the score follows from the checks."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from keystead import ids
from keystead.clock import iso
from keystead.store import keys, login_profiles, tables, user_access
from products.modelstudio.studio import OURS, RAM, STUDIO, Studio

DAY = 86_400


def overview(studio: Studio, by: str = "") -> Any:
    return studio.call(OURS, "GetAccountOverview", by)


def checks(studio: Studio) -> dict[str, tuple[str, int]]:
    return {each["CheckId"]: (each["State"], each["Concerned"]) for each in overview(studio)["Checks"]["Check"]}


def strong(studio: Studio) -> None:
    given = dict.fromkeys(("RequireLowercaseCharacters", "RequireUppercaseCharacters", "RequireNumbers"), "true")
    studio.call(RAM, "SetPasswordPolicy", MinimumPasswordLength="12", **given)


def bind(studio: Studio, user: str = "") -> None:
    """Bind an MFA device to a user, or to the account."""
    made = ids.user_id()
    with studio.write() as tx:
        tx.run(
            sa.insert(tables.mfa_devices),
            id=made,
            account_id=studio.account_id,
            name=made,
            name_key=made,
            sealed_seed=b"",
            created_by="",
            created_at=studio.now,
            user_id=user or None,
            of_account=not user,
            bound_at=studio.now,
            last_counter=0,
            drift=0,
        )
        user_access.refresh(tx, user or None)


def logs_on(studio: Studio, name: str) -> str:
    """Give a user a console logon; returns its ID."""
    user_id = str(studio.call(RAM, "GetUser", UserName=name)["User"]["UserId"])
    values = {"password_hash": "", "password_set_at": 0, "password_initial": False, "password_reset_required": False}
    with studio.write() as tx:
        login_profiles.insert(tx, user_id, {"status": "Active", "mfa_bind_required": False, **values})
    return user_id


def test_a_well_kept_account_scores_100_and_each_fault_costs_its_weight(studio: Studio) -> None:
    strong(studio)
    bind(studio)
    whole = overview(studio)
    assert whole["SecurityScore"] == 100
    assert {each["State"] for each in whole["Checks"]["Check"]} == {"ok"}
    assert sum(each["Weight"] for each in whole["Checks"]["Check"]) == 100
    studio.call(RAM, "CreateAccessKey")
    assert overview(studio)["SecurityScore"] == 85
    first = overview(studio)["Checks"]["Check"][0]
    assert (first["CheckId"], first["State"], first["Concerned"]) == ("account-access-keys", "bad", 1)
    assert "Earned" in whole["ScoreFormula"]


def test_the_score_follows_from_the_checks_by_the_formula(studio: Studio) -> None:
    for name in ("ann", "bob", "cyd"):
        studio.user(name)
    bind(studio, logs_on(studio, "ann"))
    logs_on(studio, "bob")
    whole = overview(studio)
    earned = 0.0
    for each in whole["Checks"]["Check"]:
        if each["State"] == "ok":
            share = 1.0
        elif each["Of"]:
            share = 1 - each["Concerned"] / each["Of"]
        else:
            share = 0.5 if each["State"] == "warning" else 0.0
        earned += each["Weight"] * share
    assert whole["SecurityScore"] == round(earned)
    assert [each["State"] for each in whole["Checks"]["Check"]] == sorted(
        (each["State"] for each in whole["Checks"]["Check"]), key=("bad", "warning", "ok").index
    )


def test_what_each_check_counts(studio: Studio) -> None:
    for name in ("ann", "bob", "cyd"):
        studio.user(name)
    ann = logs_on(studio, "ann")
    logs_on(studio, "bob")
    assert checks(studio)["account-mfa"] == ("bad", 1)
    assert checks(studio)["password-policy"][0] != "ok"
    assert checks(studio)["users-without-mfa"] == ("bad", 2)
    assert checks(studio)["users-with-console-and-access-keys"] == ("bad", 2)
    bind(studio, ann)
    assert checks(studio)["users-without-mfa"] == ("bad", 1)
    studio.call(OURS, "SetUserStatus", UserName="bob", Status="freeze")
    assert checks(studio)["users-without-mfa"] == ("ok", 0)
    assert checks(studio)["unused-access-keys"] == ("ok", 0)
    studio.now += 91 * DAY
    assert checks(studio)["unused-access-keys"] == ("bad", 3)
    assert checks(studio)["old-access-keys"] == ("bad", 3)
    assert checks(studio)["idle-users"] == ("bad", 3)
    with studio.write() as tx:
        keys.note_use(tx, {studio.pair("cyd"): keys.Use(studio.now, "Ram", "192.0.2.1", "GetUser")})
    assert checks(studio)["unused-access-keys"] == ("bad", 2)
    assert checks(studio)["idle-users"] == ("bad", 2)
    given = {"UserName": "cyd", "UserAccessKeyId": studio.pair("cyd")}
    studio.call(OURS, "UpdateAccessKeyPair", **given, ExpireDate="2026-04-10T00:00:00Z")
    assert checks(studio)["expiring-access-keys"] == ("warning", 1)
    studio.call(RAM, "UpdateAccessKey", **given, Status="Inactive")
    assert checks(studio)["old-access-keys"] == ("bad", 2)
    assert checks(studio)["expiring-access-keys"] == ("ok", 0)


def test_api_keys_without_an_expiry_and_those_that_end_soon(studio: Studio) -> None:
    def made(days: int = 0) -> str:
        given = {"ExpireDate": iso(studio.now + days * DAY)} if days else {}
        return str(studio.call(OURS, "CreateExpiringApiKey", **given)["ApiKey"]["ApiKeyId"])

    made(100)
    assert checks(studio)["api-keys-without-expiry"] == checks(studio)["expiring-api-keys"] == ("ok", 0)
    endless, soon = made(), made(14)
    assert checks(studio)["api-keys-without-expiry"] == ("bad", 1)
    assert checks(studio)["expiring-api-keys"] == ("warning", 1)
    of = {each["CheckId"]: each["Of"] for each in overview(studio)["Checks"]["Check"]}
    assert of["api-keys-without-expiry"] == of["expiring-api-keys"] == 3
    for key in (endless, soon):
        studio.call(STUDIO, "DisableApiKey", apiKeyId=key)
    assert checks(studio)["api-keys-without-expiry"] == checks(studio)["expiring-api-keys"] == ("ok", 0)
    studio.call(STUDIO, "EnableApiKey", apiKeyId=soon)
    studio.now += 14 * DAY
    assert checks(studio)["expiring-api-keys"] == ("ok", 0)
    of = {each["CheckId"]: each["Of"] for each in overview(studio)["Checks"]["Check"]}
    assert of["api-keys-without-expiry"] == 1


def test_administrators_count_once_by_themselves_or_by_a_group(studio: Studio) -> None:
    for name in ("ann", "bob", "cyd", "dan"):
        studio.call(RAM, "CreateUser", UserName=name)
    admin = {"PolicyName": "AdministratorAccess", "PolicyType": "System"}
    studio.call(RAM, "CreateGroup", GroupName="admins")
    studio.call(RAM, "AttachPolicyToGroup", GroupName="admins", **admin)
    for name in ("ann", "bob", "cyd"):
        studio.call(RAM, "AddUserToGroup", UserName=name, GroupName="admins")
    studio.call(RAM, "AttachPolicyToUser", UserName="ann", **admin)
    assert checks(studio)["administrators"] == ("ok", 3)
    studio.call(RAM, "AttachPolicyToUser", UserName="dan", **admin)
    assert checks(studio)["administrators"] == ("warning", 4)


def test_counts_and_names(studio: Studio) -> None:
    studio.user("ann", "AliyunBailianFullAccess")
    studio.call(STUDIO, "CreateApiKey", "ann")
    whole = overview(studio)
    assert whole["Account"]["AccountId"] == studio.account_id
    assert whole["Account"]["LogonSuffix"] == f"@{studio.account_id}.onaliyun.com"
    assert whole["Counts"] == {
        "Users": 1,
        "Groups": 0,
        "Roles": 0,
        "Policies": 0,
        "AccessKeys": 1,
        "Workspaces": 1,
        "Applications": 0,
        "ApiKeys": 1,
    }


def test_who_may_not_read_the_report_may_not_read_this(studio: Studio) -> None:
    assert studio.refused(OURS, "GetAccountOverview", studio.user("outsider")) == "NoPermission"
    assert overview(studio, studio.user("auditor", "AliyunRAMReadOnlyAccess"))["Counts"]["Users"] == 2
