"""HandOverApiKeys: keys go on under another owner, who could have made them; nobody else gets them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from keystead.faults import Fault
from keystead.identity import model_tokens
from keystead.identity.model_keys import Scope
from products.modelstudio.studio import OURS, RAM, STUDIO, Studio

DAY = 86_400


@pytest.fixture
def team(studio: Studio) -> Studio:
    """ann administers the default workspace, bob and cyd are members, dan may look only, eve is outside."""
    for name in ("ann", "bob", "cyd", "dan", "eve"):
        studio.user(name)
    for name, level in (("ann", "administrator"), ("bob", "member"), ("cyd", "member")):
        studio.call(OURS, "AddWorkspaceMember", UserName=name, Level=level)
    page = {"Pages__1__Page": "api-keys", "Pages__1__Operation": "view"}
    studio.call(OURS, "AddWorkspaceMember", UserName="dan", Level="custom", **page)
    return studio


def made(studio: Studio, by: str, **given: str) -> dict[str, Any]:
    return dict(studio.call(OURS, "CreateExpiringApiKey", by, **given)["ApiKey"])


def owner(studio: Studio, key: dict[str, Any]) -> str:
    """The name of a key's owner, as lists show it."""
    (row,) = studio.call(OURS, "SearchApiKeys", Query=str(key["ApiKeyId"]))["ApiKeys"]["ApiKey"]
    return str(row["OwnerName"])


def test_keys_go_on_under_the_new_owner_and_their_temporary_keys_end(team: Studio) -> None:
    lab = team.workspace("lab")
    team.call(OURS, "AddWorkspaceMember", WorkspaceId=lab, UserName="bob")
    keys = [made(team, "bob", ExpireDate="2030-01-01T00:00:00Z"), made(team, "bob")]
    elsewhere, others = made(team, "bob", WorkspaceId=lab), made(team, "cyd")
    whole = team.key(keys[0]["ApiKeyValue"])
    assert whole is not None
    temporary, _ = model_tokens.issue_from_key(
        team.keyring, whole, now=team.now, seconds=600, narrowed=Scope(), person=""
    )
    answer = team.call(OURS, "HandOverApiKeys", "ann", UserName="bob", NewUserName="cyd")
    assert answer["ApiKeys"]["ApiKeyId"] == sorted(each["ApiKeyId"] for each in keys)
    assert [owner(team, each) for each in (*keys, elsewhere, others)] == ["cyd", "cyd", "bob", "cyd"]
    assert all(team.works(each["ApiKeyValue"]) for each in (*keys, elsewhere, others))
    assert not team.works(temporary)
    (row,) = team.call(OURS, "SearchApiKeys", Query=str(keys[0]["ApiKeyId"]))["ApiKeys"]["ApiKey"]
    assert row["ExpireDate"] == "2030-01-01T00:00:00Z"
    team.call(OURS, "RemoveWorkspaceMember", "ann", UserName="bob")
    assert all(team.works(each["ApiKeyValue"]) for each in keys)
    listed = team.call(STUDIO, "ListApiKeys", "cyd")["apiKeys"]
    assert {each["ApiKeyId"] for each in keys} < {each["apiKeyId"] for each in listed}
    assert json.dumps(answer).find("sk-") < 0


def test_a_member_is_removed_and_his_keys_are_handed_over_in_one_act(team: Studio) -> None:
    key = made(team, "bob")
    given = {"UserName": "bob", "NewUserName": "dan"}
    assert team.refused(OURS, "RemoveWorkspaceMember", "ann", **given) == "InvalidParameter.NewOwner"
    assert owner(team, key) == "bob"
    assert team.works(key["ApiKeyValue"])  # he is a member still: nothing was done by half
    team.call(OURS, "RemoveWorkspaceMember", "ann", UserName="bob", NewUserName="cyd")
    assert owner(team, key) == "cyd"
    assert team.works(key["ApiKeyValue"])
    other = made(team, "cyd")
    team.call(OURS, "RemoveWorkspaceMember", "ann", UserName="cyd")
    assert not team.works(other["ApiKeyValue"])


@pytest.mark.parametrize(
    ("heir", "why"),
    [
        ("dan", "pages do not let"),
        ("eve", "is not a member"),
        ("frozen", "is disabled"),
        ("powerless", "no policy allows it modelstudio:CreateApiKey"),
    ],
)
def test_who_could_not_make_such_keys_does_not_get_them(team: Studio, heir: str, why: str) -> None:
    key = made(team, "bob")
    if heir == "frozen":
        team.user("frozen")
        team.call(OURS, "AddWorkspaceMember", UserName="frozen")
        team.call(OURS, "SetUserStatus", UserName="frozen", Status="freeze")
    if heir == "powerless":
        team.call(RAM, "CreateUser", UserName="powerless")
        team.call(OURS, "AddWorkspaceMember", UserName="powerless")
    with pytest.raises(Fault) as refused:
        team.call(OURS, "HandOverApiKeys", "ann", UserName="bob", NewUserName=heir)
    assert refused.value.code == "InvalidParameter.NewOwner"
    assert why in refused.value.message
    assert owner(team, key) == "bob"


def test_who_may_not_manage_members_hands_nothing_over(team: Studio) -> None:
    key = made(team, "bob")
    given = {"UserName": "bob", "NewUserName": "cyd"}
    assert team.refused(OURS, "HandOverApiKeys", "cyd", **given) == "NoPermission.WorkspaceRole"
    assert team.refused(OURS, "HandOverApiKeys", "eve", **given) == "WorkSpaceNotFound"
    team.user("reader", "AliyunRAMReadOnlyAccess")
    assert team.refused(OURS, "HandOverApiKeys", "reader", **given) == "NoPermission"
    # Removing is another right: who has that alone does not give keys away by it.
    document = {"Effect": "Allow", "Action": "modelstudio:RemoveWorkspaceMember", "Resource": "*"}
    text = json.dumps({"Version": "1", "Statement": [document]})
    team.call(RAM, "CreatePolicy", PolicyName="remover", PolicyDocument=text)
    team.call(RAM, "DetachPolicyFromUser", UserName="ann", PolicyName="workspaces", PolicyType="Custom")
    team.call(RAM, "AttachPolicyToUser", UserName="ann", PolicyName="remover", PolicyType="Custom")
    assert team.refused(OURS, "RemoveWorkspaceMember", "ann", **given) == "NoPermission"
    assert owner(team, key) == "bob"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"UserName": "bob", "NewUserName": "bob"}, "InvalidParameter.NewOwner.Same"),
        ({"UserName": "bob"}, "InvalidParameter.NewUserName"),
        ({"UserName": "bob", "NewUserName": "cyd", "NewRoleName": "x"}, "InvalidParameter.NewUserName"),
        ({"NewUserName": "cyd"}, "InvalidParameter.UserName"),
        ({"UserName": "bob", "NewUserName": "nobody"}, "EntityNotExist.User"),
        ({"UserName": "bob", "NewRoleName": "nobody"}, "EntityNotExist.Role"),
    ],
)
def test_what_makes_no_sense_is_refused(team: Studio, given: dict[str, str], code: str) -> None:
    assert team.refused(OURS, "HandOverApiKeys", **given) == code
