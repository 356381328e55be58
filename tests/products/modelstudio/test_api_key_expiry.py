"""The expiry of API keys: given, changed, bounded by the operator, told by lists, kept by a rotation."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa

from keystead.clock import iso
from keystead.identity import model_tokens
from keystead.identity.model_keys import ModelKey, Scope
from keystead.server import upkeep
from keystead.store import tables, usage
from products.keystead.test_search_studio import call
from products.modelstudio.studio import CONTROL, OURS, STUDIO, Studio

DAY = 86_400


def made(studio: Studio, by: str = "", /, days: float | None = None, **given: str) -> dict[str, Any]:
    """A new key that is to count for so many days."""
    if days is not None:
        given["ExpireDate"] = iso(int(studio.now + days * DAY))
    found: dict[str, Any] = studio.call(OURS, "CreateExpiringApiKey", by, **given)["ApiKey"]
    return found


def found(studio: Studio, by: str = "", /, **given: str) -> list[str]:
    """The names of the keys of a list."""
    return [each["Name"] for each in studio.call(OURS, "SearchApiKeys", by, **given)["ApiKeys"]["ApiKey"]]


def one(studio: Studio, key: dict[str, Any]) -> dict[str, Any]:
    """A key as lists show it."""
    rows = studio.call(OURS, "SearchApiKeys", Query=str(key["ApiKeyId"]))["ApiKeys"]["ApiKey"]
    return dict(rows[0])


def ended(studio: Studio, value: str) -> bool:
    """Whether a value is one whose key's time is over."""
    key = studio.key(value)
    return key is not None and key.has_ended(studio.now)


@contextmanager
def bounded(studio: Studio) -> Iterator[None]:
    """With the operator's settings in every transaction, those of directory and upkeep too."""
    make_tx = studio.database._make_tx

    def with_quotas(*given: Any) -> Any:
        tx = make_tx(*given)
        tx.quotas = studio.quotas
        return tx

    studio.database._make_tx = with_quotas  # type: ignore[method-assign]
    try:
        yield
    finally:
        studio.database._make_tx = make_tx  # type: ignore[method-assign]


def test_a_key_counts_until_its_time_and_again_with_a_later_one(studio: Studio) -> None:
    key = made(studio, days=30, Description="a month")
    assert key["ExpireDate"] == one(studio, key)["ExpireDate"] == iso(studio.now + 30 * DAY)
    assert not ended(studio, key["ApiKeyValue"])
    studio.now += 30 * DAY - 1
    assert not ended(studio, key["ApiKeyValue"])
    studio.now += 1
    assert ended(studio, key["ApiKeyValue"])
    later = studio.call(OURS, "SetApiKeyExpiry", ApiKeyId=str(key["ApiKeyId"]), ExpireDate=iso(studio.now + DAY))
    assert later["ExpireDate"] == iso(studio.now + DAY)
    assert not ended(studio, key["ApiKeyValue"])
    never = studio.call(OURS, "SetApiKeyExpiry", ApiKeyId=str(key["ApiKeyId"]))
    assert "ExpireDate" not in never
    studio.now += 3650 * DAY
    assert not ended(studio, key["ApiKeyValue"])


def test_old_value_and_temporary_keys_end_with_the_key(studio: Studio) -> None:
    key = made(studio, days=1)
    renewed = studio.call(OURS, "RotateApiKey", ApiKeyId=str(key["ApiKeyId"]), OverlapHours="720")
    assert renewed["OldValueUntil"] == key["ExpireDate"] == one(studio, key)["ExpireDate"]
    whole = studio.key(renewed["ApiKeyValue"])
    assert whole is not None
    temporary, until = model_tokens.issue_from_key(
        studio.keyring, whole, now=studio.now + DAY - 10, seconds=1800, narrowed=Scope(), person=""
    )
    assert until == studio.now + DAY
    early, _ = model_tokens.issue_from_key(
        studio.keyring, whole, now=studio.now, seconds=1800, narrowed=Scope(), person=""
    )
    studio.call(OURS, "SetApiKeyExpiry", ApiKeyId=str(key["ApiKeyId"]), ExpireDate=iso(studio.now + 60))
    studio.now += 60
    assert [ended(studio, value) for value in (renewed["ApiKeyValue"], key["ApiKeyValue"], temporary, early)] == [
        True
    ] * 4


def test_an_expired_key_is_neither_rotated_nor_reset_nor_enabled(studio: Studio) -> None:
    key = made(studio, days=1)
    given = {"apiKeyId": str(key["ApiKeyId"])}
    studio.call(STUDIO, "DisableApiKey", **given)
    studio.now += DAY
    assert studio.refused(STUDIO, "EnableApiKey", **given) == "NotSupport.ApiKeyExpired"
    assert studio.refused(STUDIO, "ResetApiKey", **given) == "NotSupport.ApiKeyExpired"
    assert studio.refused(OURS, "RotateApiKey", ApiKeyId=given["apiKeyId"]) == "NotSupport.ApiKeyExpired"
    studio.call(OURS, "SetApiKeyExpiry", ApiKeyId=given["apiKeyId"], ExpireDate=iso(studio.now + DAY))
    assert one(studio, key)["Status"] == "Disabled"
    studio.call(STUDIO, "EnableApiKey", **given)
    assert studio.works(key["ApiKeyValue"])


def test_lists_tell_the_states_apart_and_sort_by_the_end(studio: Studio) -> None:
    plain = made(studio, Description="plain")
    over = made(studio, days=1, Description="over")
    off = made(studio, days=100, Description="off")
    turning = made(studio, days=200, Description="turning")
    studio.now += DAY
    soon = made(studio, days=14, Description="soon")
    studio.call(STUDIO, "DisableApiKey", apiKeyId=str(off["ApiKeyId"]))
    for each in (turning, soon):
        studio.call(OURS, "RotateApiKey", ApiKeyId=str(each["ApiKeyId"]))
    states = {"Active": "plain", "Expired": "over", "Disabled": "off", "Rotating": "turning", "Expiring": "soon"}
    for state, name in states.items():
        assert found(studio, Status=state) == [name]
    for key, state in ((plain, "Active"), (over, "Expired"), (off, "Disabled"), (turning, "Rotating")):
        assert one(studio, key)["Status"] == state
    assert one(studio, soon)["Status"] == "Expiring"
    assert "OldValueUntil" in one(studio, soon)
    assert found(studio, Sort="Expires") == ["over", "soon", "off", "turning", "plain"]
    assert found(studio, Sort="-Expires", WorkspaceId=studio.default) == ["plain", "turning", "off", "soon", "over"]
    assert "ExpireDate" not in one(studio, plain)
    expires = {each["description"]: each["expireTime"] for each in listed_by_the_older_product(studio)}
    assert (expires["plain"], expires["soon"]) == (0, (studio.now + 14 * DAY) * 1000)


def listed_by_the_older_product(studio: Studio) -> list[dict[str, Any]]:
    return list(studio.call(CONTROL, "ListApiKeys")["apiKeys"])


def test_a_found_value_is_told_to_have_expired(studio: Studio) -> None:
    key = made(studio, days=1)
    assert studio.call(OURS, "VerifyApiKey", ApiKeyValue=key["ApiKeyValue"])["Works"] is True
    studio.now += DAY
    told = studio.call(OURS, "VerifyApiKey", ApiKeyValue=key["ApiKeyValue"])
    assert (told["Works"], told["ValueStatus"], told["ApiKey"]["Status"]) == (False, "Current", "Expired")


def test_ones_own_keys_are_found_whoever_one_is(studio: Studio) -> None:
    for name in ("ann", "bob"):
        studio.user(name)
        studio.call(OURS, "AddWorkspaceMember", UserName=name, Level="administrator")
        made(studio, name, Description=f"{name}'s")
    made(studio, Description="the account's")
    assert sorted(found(studio, "ann")) == ["ann's", "bob's", "the account's"]
    assert found(studio, "ann", Mine="true") == ["ann's"]
    assert found(studio, Mine="true") == ["the account's"]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"ExpireDate": "2020-01-01T00:00:00Z"}, "InvalidParameter.ExpireDate"),
        ({"ExpireDate": "2026-99-99T00:00:00Z"}, "InvalidParameter.ExpireDate.Format"),
        ({"AccessIps__1": "10.0.0.300"}, "InvalidParameter.AccessIps"),
        ({"AccessibleModels__1": "a*"}, "InvalidParameter.AccessibleModels"),
        ({"WorkspaceId": "llm-none"}, "WorkSpaceNotFound"),
    ],
)
def test_what_cannot_be_kept_is_refused_and_leaves_no_key(studio: Studio, given: dict[str, str], code: str) -> None:
    assert studio.refused(OURS, "CreateExpiringApiKey", **given) == code
    assert found(studio) == []


def test_the_scope_of_a_new_key_is_kept(studio: Studio) -> None:
    key = made(studio, AccessIps__1="10.0.0.0/8", AccessibleModels__1="qwen-plus")
    shown = studio.call(STUDIO, "GetApiKey", apiKeyId=str(key["ApiKeyId"]))["apiKey"]["auth"]
    assert (shown["type"], shown["accessIps"]) == ("Custom", ["10.0.0.0/8"])
    assert shown["modelAccessScope"] == {"allowAllModels": False, "accessibleModels": ["qwen-plus"]}
    plain = studio.call(STUDIO, "GetApiKey", apiKeyId=str(made(studio)["ApiKeyId"]))["apiKey"]["auth"]
    assert (plain["type"], plain["modelAccessScope"]["allowAllModels"]) == ("All", True)


def test_others_keys_are_changed_by_who_administers_the_workspace_only(studio: Studio) -> None:
    for name, level in (("ann", "administrator"), ("bob", "member"), ("cyd", "member")):
        studio.user(name)
        studio.call(OURS, "AddWorkspaceMember", UserName=name, Level=level)
    key = made(studio, "bob")
    later = {"ApiKeyId": str(key["ApiKeyId"]), "ExpireDate": iso(studio.now + DAY)}
    assert studio.refused(OURS, "SetApiKeyExpiry", "cyd", **later) == "ApiKeyNotFound"
    studio.user("outsider", "AliyunRAMReadOnlyAccess")
    assert studio.refused(OURS, "SetApiKeyExpiry", "outsider", **later) == "NoPermission"
    for name in ("ann", "bob"):
        assert studio.call(OURS, "SetApiKeyExpiry", name, **later)["ExpireDate"] == later["ExpireDate"]


def test_the_greatest_age_of_api_keys_bounds_every_expiry(make_studio: Callable[..., Studio]) -> None:
    studio = make_studio(api_key_max_age_days=90)
    late = iso(studio.now + 91 * DAY)
    assert studio.refused(OURS, "CreateExpiringApiKey", ExpireDate=late) == "InvalidParameter.ExpireDate"
    last = iso(studio.now + 90 * DAY)
    key = made(studio)
    assert key["ExpireDate"] == last
    vendors = studio.call(STUDIO, "CreateApiKey")["apiKey"]
    assert one(studio, {"ApiKeyId": vendors["apiKeyId"]})["ExpireDate"] == last
    studio.now += 10 * DAY
    given = {"ApiKeyId": str(key["ApiKeyId"])}
    assert studio.refused(OURS, "SetApiKeyExpiry", **given, ExpireDate=late) == "InvalidParameter.ExpireDate"
    assert studio.call(OURS, "SetApiKeyExpiry", **given)["ExpireDate"] == last


def test_a_bound_that_is_set_later_binds_keys_that_are_there(studio: Studio) -> None:
    key, short = made(studio, Description="long"), made(studio, days=10, Description="short")
    last = iso(studio.now + 90 * DAY)
    studio.quotas = studio.quotas.__class__(api_key_max_age_days=90)
    studio.now += 90 * DAY
    with bounded(studio):
        studio.directory.clear()
        assert ended(studio, key["ApiKeyValue"])
        assert upkeep.disable_idle(studio.database, studio.now) > 0  # other accounts are in the database, too
        assert upkeep.disable_idle(studio.database, studio.now) == 0
    assert one(studio, key)["ExpireDate"] == last
    assert one(studio, short)["ExpireDate"] == short["ExpireDate"]
    with studio.database.reading(studio.now, studio.account_id) as tx:
        of_it = sa.select(tables.audit).where(tables.audit.c.action == "BoundApiKeyExpiry")
        (event,) = (row for row in tx.rows(of_it) if row.account_id == studio.account_id)
    assert json.loads(event.parameters) == {"ApiKeyId": str(key["ApiKeyId"])}


def test_a_key_without_an_end_gives_temporary_keys_their_whole_time(studio: Studio) -> None:
    key = studio.key(made(studio)["ApiKeyValue"])
    assert key is not None
    _, until = model_tokens.issue_from_key(studio.keyring, key, now=studio.now, seconds=60, narrowed=Scope(), person="")
    assert until == studio.now + 60


def test_an_api_key_that_nobody_calls_with_is_disabled_and_says_why(studio: Studio) -> None:
    studio.workspace("lab")
    idle, used, changed = (made(studio, Description=name) for name in ("idle", "used", "changed"))
    temporary, _ = model_tokens.issue_from_key(
        studio.keyring, key_of(studio, idle), now=studio.now + 30 * DAY, seconds=1800, narrowed=Scope(), person=""
    )
    studio.quotas = studio.quotas.__class__(api_key_max_idle_days=30)
    studio.now += 30 * DAY + 1
    with studio.write() as tx:
        usage.insert(tx, [call(studio, int(used["ApiKeyId"]))])
    studio.call(OURS, "SetApiKeyExpiry", ApiKeyId=str(changed["ApiKeyId"]))
    with bounded(studio):
        assert upkeep.disable_idle(studio.database, studio.now) > 0
    studio.directory.clear()
    assert [studio.works(each) for each in (idle["ApiKeyValue"], temporary)] == [False, False]
    assert studio.works(used["ApiKeyValue"])
    assert studio.works(changed["ApiKeyValue"])
    assert (one(studio, idle)["Status"], one(studio, idle)["DisabledBecause"]) == ("Disabled", "Idle")
    assert one(studio, used)["DisabledBecause"] == ""
    with studio.database.reading(studio.now, studio.account_id) as tx:
        of_it = sa.select(tables.audit).where(
            tables.audit.c.account_id == studio.account_id, tables.audit.c.action == "DisableIdleApiKey"
        )
        (event,) = tx.rows(of_it)
    assert json.loads(event.parameters) == {"ApiKeyId": str(idle["ApiKeyId"]), "LastUsed": "never"}
    assert event.resource.endswith(f":workspace/{studio.default}")
    # What was enabled by hand is in use from then on, and nothing remembers why it was disabled.
    studio.call(STUDIO, "EnableApiKey", apiKeyId=str(idle["ApiKeyId"]))
    assert (one(studio, idle)["Status"], one(studio, idle)["DisabledBecause"]) == ("Active", "")
    with bounded(studio):
        upkeep.disable_idle(studio.database, studio.now + DAY)
    studio.directory.clear()
    assert studio.works(idle["ApiKeyValue"])
    studio.call(STUDIO, "DisableApiKey", apiKeyId=str(idle["ApiKeyId"]))
    assert one(studio, idle)["DisabledBecause"] == ""


def key_of(studio: Studio, made_key: dict[str, Any]) -> ModelKey:
    """A key as the gateway knows it."""
    key = studio.key(made_key["ApiKeyValue"])
    assert key is not None
    return key
