"""API keys: what they are, who they end with, and what ends at once.  Source: model-studio.md b.2, b.10, d.4."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from keystead.identity import model_keys
from keystead.identity.model_keys import INVOKE_MODEL, ModelKey, invocation, model_arn
from keystead.policy import decide
from products.modelstudio.studio import CONTROL, LEGACY, OURS, RAM, STUDIO, Studio


def may_call(key: ModelKey | None, model: str) -> bool:
    """Whether a key may call a model."""
    assert key is not None
    return decide(invocation(INVOKE_MODEL, model_arn(key.account_id, model), {}), key.layers).allowed


def made(studio: Studio, by: str = "", **given: str) -> tuple[str, str]:
    """A new key: its ID and its value."""
    answer = studio.call(STUDIO, "CreateApiKey", by, **given)["apiKey"]
    return str(answer["apiKeyId"]), answer["apiKeyValue"]


def token(studio: Studio, by: str = "", **given: str) -> str:
    """A temporary key of a person."""
    return str(studio.call(OURS, "CreateTemporaryModelKey", by, **given)["Token"])


def test_a_value_checks_itself(studio: Studio) -> None:
    _, value = made(studio)
    assert model_keys.is_well_formed(value)
    assert len(value) == 35
    for at in range(3, 35):
        typo = value[:at] + ("0" if value[at] != "0" else "1") + value[at + 1 :]
        assert not model_keys.is_well_formed(typo)
    assert studio.works(value)
    assert studio.key(model_keys.make_value()) is None


def test_the_value_is_shown_once_and_lists_mask_it(studio: Studio) -> None:
    key_id, value = made(studio, description="first")
    shown = studio.call(STUDIO, "GetApiKey", apiKeyId=key_id)["apiKey"]
    assert shown["apiKeyValue"] == f"sk-****{value[-4:]}"
    listed = studio.call(STUDIO, "ListApiKeys", description="irs")
    assert [each["apiKeyId"] for each in listed["apiKeys"]] == [int(key_id)]
    for answer in (shown, listed, studio.call(CONTROL, "GetApiKey", apiKeyId=key_id)):
        assert value not in json.dumps(answer)
    assert studio.call(CONTROL, "ListApiKeys", uid=studio.account_id)["totalCount"] == 1
    assert studio.call(CONTROL, "ListApiKeys", uid="1")["totalCount"] == 0


def test_a_scope_narrows_models_and_addresses(studio: Studio) -> None:
    scope = {
        "auth__type": "Custom",
        "auth__accessIps__1": "10.0.0.0/8",
        "auth__accessIps__2": "::1/128",
        "auth__modelAccessScope__allowAllModels": "False",
        "auth__modelAccessScope__accessibleModels__1": "qwen-plus",
    }
    key_id, value = made(studio, **scope)
    found = studio.key(value)
    assert found is not None
    assert found.permits("10.1.2.3")
    assert found.permits("::ffff:10.1.2.3")
    assert not found.permits("192.0.2.1")
    assert may_call(found, "qwen-plus")
    assert not may_call(found, "qwen-max")
    studio.call(STUDIO, "UpdateApiKey", apiKeyId=key_id, description="only this")
    assert not may_call(studio.key(value), "qwen-max")
    studio.call(STUDIO, "UpdateApiKey", apiKeyId=key_id, auth__type="All")
    assert may_call(studio.key(value), "qwen-max")
    assert studio.call(STUDIO, "GetApiKey", apiKeyId=key_id)["apiKey"]["description"] == "only this"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"auth__type": "Custom", "auth__accessIps__1": "10.0.0.1/8"}, "InvalidParameter.auth.accessIps"),
        ({"auth__type": "Custom", "auth__accessIps__1": "everywhere"}, "InvalidParameter.auth.accessIps"),
        (
            {"auth__type": "Custom", "auth__modelAccessScope__accessibleModels__1": "qwen-*"},
            "InvalidParameter.auth.modelAccessScope.accessibleModels",
        ),
        ({"auth__type": "All", "auth__accessIps__1": "10.0.0.0/8"}, "InvalidParameter.auth.type"),
        (
            {"auth__type": "Custom", **{f"auth__accessIps__{n}": f"10.0.0.{n}" for n in range(1, 22)}},
            "InvalidParameter.accessIps.Length",
        ),
    ],
)
def test_a_scope_that_cannot_be_kept_is_refused(studio: Studio, given: dict[str, str], code: str) -> None:
    assert studio.refused(STUDIO, "CreateApiKey", **given) == code


def test_a_scope_is_never_wider_than_its_workspace(studio: Studio) -> None:
    studio.model("qwen-plus", "qwen-max")
    place = studio.workspace("small")
    named = {"auth__type": "Custom", "auth__modelAccessScope__accessibleModels__1": "qwen-max"}
    code = "InvalidParameter.auth.modelAccessScope.accessibleModels"
    assert studio.refused(STUDIO, "CreateApiKey", workspaceId=place, **named) == code
    _, value = made(studio, workspaceId=place)
    assert not may_call(studio.key(value), "qwen-plus")
    rights = {"models__1__model": "qwen-plus", "models__1__inference": "True"}
    studio.call(STUDIO, "UpdateModelPermissions", workspaceId=place, **rights)
    assert may_call(studio.key(value), "qwen-plus")
    assert not may_call(studio.key(value), "qwen-max")
    studio.call(STUDIO, "UpdateModelPermissions", workspaceId=place, accessAllEntities="OPEN")
    assert may_call(studio.key(value), "added-later")
    studio.call(STUDIO, "UpdateModelPermissions", workspaceId=place, accessAllEntities="CLOSE")
    assert not may_call(studio.key(value), "qwen-max")


def test_disabling_resetting_and_deleting_hold_at_once(studio: Studio) -> None:
    key_id, value = made(studio)
    studio.call(STUDIO, "DisableApiKey", apiKeyId=key_id)
    assert not studio.works(value)
    assert studio.refused(STUDIO, "DisableApiKey", apiKeyId=key_id) == "InvalidApiKey.Status"
    studio.call(STUDIO, "EnableApiKey", apiKeyId=key_id)
    assert studio.works(value)
    assert studio.refused(STUDIO, "EnableApiKey", apiKeyId=key_id) == "InvalidApiKey.Status"
    again = studio.call(STUDIO, "ResetApiKey", apiKeyId=key_id)["apiKey"]
    assert again["apiKeyId"] == int(key_id)
    assert studio.key(value) is None
    assert studio.works(again["apiKeyValue"])
    studio.call(STUDIO, "DeleteApiKey", apiKeyId=key_id)
    assert studio.key(again["apiKeyValue"]) is None
    assert studio.refused(STUDIO, "GetApiKey", apiKeyId=key_id) == "ApiKeyNotFound"


def test_a_rotation_lets_both_values_count_for_a_while(studio: Studio) -> None:
    key_id, value = made(studio, auth__type="Custom", auth__accessIps__1="10.0.0.0/8")
    studio.call(OURS, "SetUsageLimit", Scope="key", ScopeId=key_id, Measure="requests", Period="60", Amount="5")
    answer = studio.call(OURS, "RotateApiKey", ApiKeyId=key_id, OverlapHours="2")
    assert answer["ApiKeyId"] == int(key_id)
    for each in (value, answer["ApiKeyValue"]):
        found = studio.key(each)
        assert found is not None
        assert (found.id, [limit.amount for limit in found.limits]) == (int(key_id), [5])
        assert not found.permits("192.0.2.1")
    studio.now += 2 * 3600
    assert studio.key(value) is None
    assert studio.works(answer["ApiKeyValue"])
    second = studio.call(OURS, "RotateApiKey", ApiKeyId=key_id, OverlapHours="0")
    assert studio.key(answer["ApiKeyValue"]) is None
    assert studio.works(second["ApiKeyValue"])


def test_membership_rules_a_members_keys(studio: Studio) -> None:
    place = studio.workspace("team")
    studio.user("alice")
    studio.call(OURS, "AddWorkspaceMember", WorkspaceId=place, UserName="alice")
    key_id, value = made(studio, "alice", workspaceId=place)
    temporary = token(studio, "alice", WorkspaceId=place)
    assert studio.works(value)
    assert studio.works(temporary)
    studio.call(OURS, "RemoveWorkspaceMember", WorkspaceId=place, UserName="alice")
    assert not studio.works(value)
    assert not studio.works(temporary)
    assert studio.refused(STUDIO, "GetApiKey", "alice", apiKeyId=key_id) == "ApiKeyNotFound"
    studio.now += 1
    studio.call(OURS, "AddWorkspaceMember", WorkspaceId=place, UserName="alice")
    assert studio.works(value)
    assert not studio.works(temporary), "what was revoked stays revoked"


def test_deleting_the_user_ends_the_keys_for_good(studio: Studio) -> None:
    studio.user("bob")
    studio.call(OURS, "AddWorkspaceMember", UserName="bob")
    key_id, value = made(studio, "bob")
    studio.call(RAM, "DetachPolicyFromUser", UserName="bob", PolicyName="workspaces", PolicyType="Custom")
    studio.call(RAM, "DeleteAccessKey", UserName="bob", UserAccessKeyId=studio.pair("bob"))
    studio.call(RAM, "DeleteUser", UserName="bob")
    assert studio.key(value) is None
    assert studio.refused(STUDIO, "GetApiKey", apiKeyId=key_id) == "ApiKeyNotFound"
    assert studio.call(OURS, "ListWorkspaceMembers")["Members"]["Member"] == []


def test_a_key_of_a_super_administrator_ends_with_the_policy(studio: Studio) -> None:
    studio.user("boss", "AliyunBailianFullAccess")
    _, value = made(studio, "boss")
    assert studio.works(value)
    policy = {"PolicyName": "AliyunBailianFullAccess", "PolicyType": "System"}
    studio.call(RAM, "DetachPolicyFromUser", UserName="boss", **policy)
    assert not studio.works(value)


def test_temporary_keys_expire_narrow_and_are_revoked(studio: Studio) -> None:
    studio.user("carol")
    studio.call(OURS, "AddWorkspaceMember", UserName="carol")
    wide = token(studio, "carol", Person="c.smith")
    narrow = token(studio, "carol", Models='["qwen-plus"]')
    found = studio.key(wide)
    assert found is not None
    assert (found.person, found.kind, found.owner.user_name) == ("c.smith", "temporary", "carol")
    assert may_call(found, "qwen-max")
    assert not may_call(studio.key(narrow), "qwen-max")
    assert may_call(studio.key(narrow), "qwen-plus")
    studio.call(OURS, "RevokeTemporaryModelKeys", "carol", UserName="carol")
    assert not studio.works(wide)
    fresh = token(studio, "carol", ExpireInSeconds="60")
    assert studio.works(fresh)
    studio.now += 60
    assert not studio.works(fresh)
    assert studio.key(fresh[:-2] + "AA") is None
    assert studio.refused(OURS, "RevokeTemporaryModelKeys", "carol") == "NoPermission.WorkspaceRole"


def test_legacy_tokens_are_bound_to_workspace_and_pair(studio: Studio) -> None:
    place = studio.workspace("legacy")
    studio.user("dave")
    studio.call(OURS, "AddWorkspaceMember", WorkspaceId=place, UserName="dave")
    agent_key = studio.call(OURS, "GetWorkspaceDetails", "dave", WorkspaceId=place)["Workspace"]["AgentKey"]
    answer = studio.call(LEGACY, "CreateToken", "dave", AgentKey=agent_key)
    assert answer["Data"]["ExpiredTime"] == studio.now + 24 * 3600
    value = answer["Data"]["Token"]
    found = studio.key(value)
    assert found is not None
    assert (found.workspace_id, found.kind, found.active) == (place, "agent", True)
    unknown = "0" * 32 + "_p_efm"
    for given in (unknown, place, "x", agent_key[:-1]):
        assert studio.refused(LEGACY, "CreateToken", "dave", AgentKey=given) == "InvalidAgentKey.NotFound"
    assert studio.refused(LEGACY, "CreateToken", "dave") == "InvalidAgentKey.NotFound", "he is not in the default one"
    studio.user("eve")
    assert studio.refused(LEGACY, "CreateToken", "eve", AgentKey=agent_key) == "InvalidAgentKey.NotFound"
    studio.user("boss", "AliyunBailianFullAccess")
    by_default = studio.key(studio.call(LEGACY, "CreateToken", "boss")["Data"]["Token"])
    assert by_default is not None
    assert by_default.workspace_is_default
    pair = {"UserName": "dave", "UserAccessKeyId": studio.pair("dave")}
    studio.call(RAM, "UpdateAccessKey", Status="Inactive", **pair)
    assert not studio.works(value)
    studio.call(RAM, "UpdateAccessKey", Status="Active", **pair)
    assert studio.works(value)
    studio.call(OURS, "ResetAgentKey", WorkspaceId=place)
    assert not studio.works(value)
    assert studio.refused(LEGACY, "CreateToken", "dave", AgentKey=agent_key) == "InvalidAgentKey.NotFound"


def test_lists_are_paged_and_ordered(make_studio: Callable[..., Studio]) -> None:
    studio = make_studio(api_keys=5)
    for _ in range(5):
        made(studio)
        studio.now += 1
    assert studio.refused(STUDIO, "CreateApiKey") == "LimitExceeded.ApiKey"
    for order_by in ("apiKeyId", "gmtCreate"):
        for order in ("ASC", "DESC"):
            given = {"orderBy": order_by, "order": order, "maxResults": "2"}
            found: list[int] = []
            next_token = ""
            while True:
                page = studio.call(STUDIO, "ListApiKeys", nextToken=next_token, **given)
                assert page["totalCount"] == 5
                found += [each[order_by] for each in page["apiKeys"]]
                next_token = page["nextToken"]
                if not next_token:
                    break
            assert len(found) == 5
            assert found == sorted(found, reverse=order == "DESC")
    assert studio.refused(STUDIO, "ListApiKeys", nextToken="bm9uc2Vuc2U=") == "InvalidParameter.nextToken"
    assert studio.refused(STUDIO, "ListApiKeys", maxResults="101") == "InvalidParameter.maxResults"


def test_a_value_that_was_found_is_told_whose_it_is(studio: Studio) -> None:
    place = studio.workspace("found")
    key_id, value = made(studio, workspaceId=place, description="lost")

    def verify(text: str) -> tuple[str, bool, str]:
        answer = studio.call(OURS, "VerifyApiKey", ApiKeyValue=text)
        shown = answer["ApiKey"]
        assert (str(shown["ApiKeyId"]), shown["Name"], shown["WorkspaceId"]) == (key_id, "lost", place)
        assert value not in json.dumps(answer)
        return answer["ValueStatus"], answer["Works"], shown["Status"]

    assert verify(f" {value}\n") == ("Current", True, "Active")
    renewed = studio.call(OURS, "RotateApiKey", ApiKeyId=key_id, OverlapHours="1")["ApiKeyValue"]
    assert verify(renewed) == ("Current", True, "Rotating")
    assert verify(value) == ("Old", True, "Rotating")
    studio.now += 3601
    assert verify(value) == ("Ended", False, "Active")
    studio.call(STUDIO, "DisableApiKey", apiKeyId=key_id)
    assert verify(renewed) == ("Current", False, "Disabled")


def test_a_value_tells_nothing_to_who_may_not_see_its_key(studio: Studio) -> None:
    _, value = made(studio, workspaceId=studio.workspace("hidden"))
    studio.user("outsider")
    studio.user("powerless", "AliyunRAMReadOnlyAccess")
    assert studio.refused(OURS, "VerifyApiKey", "powerless", ApiKeyValue=value) == "NoPermission"
    assert studio.refused(OURS, "VerifyApiKey", "outsider", ApiKeyValue=value) == "ApiKeyNotFound.Value"
    assert studio.refused(OURS, "VerifyApiKey", ApiKeyValue=model_keys.make_value()) == "ApiKeyNotFound.Value"
    mistyped = value[:-1] + ("0" if value[-1] != "0" else "1")
    for wrong in ("LTAI0000000000000000", mistyped, value[:-1]):
        assert studio.refused(OURS, "VerifyApiKey", ApiKeyValue=wrong) == "InvalidParameter.ApiKeyValue"
