"""Policies that ask for tags: of what is acted on, and of what is asked for; and IDs that give nothing away."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from typing import Any

import pytest

from services import rpc
from services.rpc import ApiError, Key
from services.server import Server

BLUE = {"StringEquals": {"acs:ResourceTag/team": "blue"}}
SOME = '{"Version": "1", "Statement": [{"Effect": "Allow", "Action": "oss:GetObject", "Resource": "*"}]}'
OPEN_TRUST = {"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": {"RAM": ["acs:ram::1:root"]}}


@dataclass
class Stage:
    """A server with a user `clerk`, whose policy each test writes, and people tagged blue, red and not at all."""

    server: Server
    mark: str = field(default_factory=lambda: secrets.token_hex(4))
    clerk: Key = field(init=False)

    def __post_init__(self) -> None:
        self.may("ram:None", {}, first=True)
        self.do("CreateUser", UserName=self.name("clerk"))
        pair: Any = self.do("CreateAccessKey", UserName=self.name("clerk"))["AccessKey"]
        self.clerk = Key(pair["AccessKeyId"], pair["AccessKeySecret"])
        self.do("AttachPolicyToUser", UserName=self.name("clerk"), PolicyType="Custom", PolicyName=self.name("p"))
        for team in ("blue", "red", "plain"):
            given = {"UserPrincipalName": self.name(team), "DisplayName": team}
            if team != "plain":
                given |= {"Tag.1.Key": "team", "Tag.1.Value": team}
            self.do("CreateUser", "ims", **given)

    def name(self, word: str) -> str:
        return f"{word}-{self.mark}"

    def do(self, action: str, product: str = "ram", key: Key | None = None, **given: str) -> dict[str, Any]:
        """Call an action, as the administrator when no pair is given."""
        return rpc.call(self.server.url, key or self.server.admin, product, action, **given)

    def refused(self, action: str, product: str = "ram", **given: str) -> ApiError:
        """The refusal that the clerk gets."""
        with pytest.raises(ApiError) as caught:
            self.do(action, product, self.clerk, **given)
        return caught.value

    def may(self, action: str, condition: dict[str, Any], *, deny: str = "", first: bool = False) -> None:
        """Let the clerk do this under the condition, to whatever resource; `deny`: and never that."""
        statements = [{"Effect": "Allow", "Action": action, "Resource": "*", "Condition": condition}]
        if deny:
            statements = [
                {"Effect": "Allow", "Action": action, "Resource": "*"},
                {"Effect": "Deny", "Action": deny, "Resource": "*", "Condition": condition},
            ]
        document = json.dumps({"Version": "1", "Statement": statements})
        if first:
            self.do("CreatePolicy", PolicyName=self.name("p"), PolicyDocument=document)
            return
        rotate = "DeleteOldestNonDefaultVersionWhenLimitExceeded"
        given = {"PolicyName": self.name("p"), "SetAsDefault": "true", "RotateStrategy": rotate}
        self.do("CreatePolicyVersion", **given, PolicyDocument=document)

    def user_id(self, word: str) -> str:
        return str(self.do("GetUser", UserName=self.name(word))["User"]["UserId"])


@pytest.fixture
def stage(shared_server: Server) -> Stage:
    """A stage of this test's own on a shared server."""
    return Stage(shared_server)


def test_users_by_their_tags_through_both_faces(stage: Stage) -> None:
    stage.may("ram:*", BLUE)
    stage.do("GetUser", key=stage.clerk, UserName=stage.name("blue"))
    stage.do("GetUser", "ims", stage.clerk, UserPrincipalName=stage.name("blue"))
    stage.do("GetUser", "ims", stage.clerk, UserId=stage.user_id("blue"))
    stage.do("CreateAccessKey", "ims", stage.clerk, UserPrincipalName=stage.name("blue"))
    for word in ("red", "plain"):
        assert stage.refused("GetUser", UserName=stage.name(word)).code == "NoPermission"
        assert stage.refused("DeleteUser", "ims", UserPrincipalName=stage.name(word)).code == "NoPermission"
    # A tag that is taken off holds for the very next call.
    stage.do("UntagResources", "ims", **{"ResourcePrincipalName.1": stage.name("blue"), "TagKey.1": "team"})
    assert stage.refused("GetUser", UserName=stage.name("blue")).code == "NoPermission"


def test_each_of_several_resources_is_judged_by_its_own_tags(stage: Stage) -> None:
    stage.may("ram:*", BLUE)
    both = {"ResourcePrincipalName.1": stage.name("blue"), "ResourcePrincipalName.2": stage.name("plain")}
    assert stage.refused("TagResources", "ims", **both, **{"Tag.1.Key": "k"}).code == "NoPermission"
    stage.do("CreateGroup", GroupName=stage.name("g"))
    joined = {"UserName": stage.name("blue"), "GroupName": stage.name("g")}
    assert stage.refused("AddUserToGroup", **joined).code == "NoPermission"  # the group carries no tag
    stage.may("ram:*", BLUE, deny="ram:TagResources")
    backwards = {"ResourcePrincipalName.1": stage.name("plain"), "ResourcePrincipalName.2": stage.name("blue")}
    assert stage.refused("TagResources", "ims", **backwards, **{"Tag.1.Key": "k"}).code == "NoPermission"
    alone = {"ResourcePrincipalName.1": stage.name("plain"), "Tag.1.Key": "k"}
    stage.do("TagResources", "ims", stage.clerk, **alone)


def test_roles_and_policies_by_their_tags(stage: Stage) -> None:
    trust = json.dumps({"Version": "1", "Statement": [OPEN_TRUST]})
    tags = json.dumps([{"Key": "team", "Value": "blue"}])
    for word, more in (("blue", {"Tag": tags}), ("plain", {})):
        stage.do("CreateRole", RoleName=stage.name(word), AssumeRolePolicyDocument=trust, **more)
        stage.do("CreatePolicy", PolicyName=stage.name(word), PolicyDocument=SOME, **more)
    stage.may("ram:*", BLUE)
    stage.do("GetRole", key=stage.clerk, RoleName=stage.name("blue"))
    stage.do("GetPolicy", key=stage.clerk, PolicyName=stage.name("blue"), PolicyType="Custom")
    assert stage.refused("GetRole", RoleName=stage.name("plain")).code == "NoPermission"
    assert stage.refused("DeletePolicy", PolicyName=stage.name("plain")).code == "NoPermission"
    attached = {"RoleName": stage.name("blue"), "PolicyType": "Custom"}
    stage.do("AttachPolicyToRole", key=stage.clerk, **attached, PolicyName=stage.name("blue"))
    assert stage.refused("AttachPolicyToRole", **attached, PolicyName=stage.name("plain")).code == "NoPermission"


def test_what_is_created_must_carry_the_tag(stage: Stage) -> None:
    stage.may("ram:CreateUser", {"StringEquals": {"acs:RequestTag/team": "blue"}})
    new = {"UserPrincipalName": stage.name("new"), "DisplayName": "New"}
    assert stage.refused("CreateUser", "ims", **new).code == "NoPermission"
    assert stage.refused("CreateUser", "ims", **new, **{"Tag.1.Key": "team", "Tag.1.Value": "red"}).status == 403
    stage.do("CreateUser", "ims", stage.clerk, **new, **{"Tag.1.Key": "team", "Tag.1.Value": "blue"})


def test_an_id_says_nothing_to_who_may_not_ask(stage: Stage) -> None:
    stage.may("ram:GetUser", BLUE)
    pair: Any = stage.do("CreateAccessKey", UserName=stage.name("red"))["AccessKey"]
    there = {"UserId": stage.user_id("red")}, {"UserAccessKeyId": pair["AccessKeyId"]}
    not_there = {"UserId": "2" * 18}, {"UserAccessKeyId": "LTAI" + "9" * 20}
    for known, unknown in zip(there, not_there, strict=True):
        seen, unseen = stage.refused("GetUser", "ims", **known), stage.refused("GetUser", "ims", **unknown)
        assert (seen.code, seen.status) == ("NoPermission", 403)
        assert (seen.message, unseen.status) == (unseen.message, 403)
        assert stage.name("red") not in str(seen)
    # Who may look at every user learns that there is none of that ID.
    stage.may("ram:GetUser", {})
    assert stage.refused("GetUser", "ims", UserId="2" * 18).code == "EntityNotExist.User"
