"""People through the vendor's IMS SDK: made, grouped, tagged, keyed, thrown away and brought back."""

from __future__ import annotations

import secrets
from typing import Any

import pytest

from journeys.client import ApiError, Key
from journeys.current_sdk import CurrentSdk
from services.server import Server

SIGNATURES = {"ACS3": None, "RPC 1.0": "v2"}


class People:
    """IMS and RAM through the SDK, as the administrator when no pair is given."""

    def __init__(self, server: Server, algorithm: str | None) -> None:
        self.sdk, self.admin = CurrentSdk(server, algorithm), server.admin

    def ims(self, action: str, /, key: Key | None = None, **given: Any) -> dict[str, Any]:
        return self.sdk.call(key or self.admin, "ims", action, given)

    def ram(self, action: str, /, key: Key | None = None, **given: Any) -> dict[str, Any]:
        return self.sdk.call(key or self.admin, "ram", action, given)

    def refused(self, action: str, /, key: Key | None = None, **given: Any) -> tuple[str, int | None]:
        with pytest.raises(ApiError) as caught:
            self.ims(action, key, **given)
        return caught.value.code, caught.value.status


@pytest.mark.parametrize("algorithm", SIGNATURES.values(), ids=SIGNATURES)
def test_people(shared_server: Server, algorithm: str | None) -> None:
    people, mark = People(shared_server, algorithm), secrets.token_hex(4)
    domain = people.ims("GetDefaultDomain")["DefaultDomainName"]
    alice, readers = f"alice-{mark}", f"readers-{mark}"
    full = {"UserPrincipalName": f"{alice}@{domain}"}

    before = people.ims("GetAccountSummary")["SummaryMap"]
    made = people.ims("CreateUser", **full, DisplayName="Alice", Tag=[{"Key": "team", "Value": "blue"}])["User"]
    assert made["Tags"] == {"Tag": [{"TagKey": "team", "TagValue": "blue"}]}
    assert people.refused("CreateUser", **full, DisplayName="Alice") == ("EntityAlreadyExists.User", 409)
    assert people.ims("GetAccountSummary")["SummaryMap"]["Users"] == before["Users"] + 1
    assert people.ram("GetUser", UserName=alice)["User"]["UserId"] == made["UserId"]
    people.ims("UpdateUser", UserId=made["UserId"], NewComments="seen by both")
    assert people.ram("GetUser", UserName=alice)["User"]["Comments"] == "seen by both"
    listed = people.ims("ListUsers", Tag=[{"Key": "team", "Value": "blue"}])["Users"]["User"]
    assert full["UserPrincipalName"] in [user["UserPrincipalName"] for user in listed]

    people.ims("CreateGroup", GroupName=readers, DisplayName="Readers")
    people.ims("AddUserToGroup", **full, GroupName=readers)
    members = people.ims("ListUsersForGroup", GroupName=readers)["Users"]["User"]
    assert [member["UserId"] for member in members] == [made["UserId"]]
    people.ram("AttachPolicyToGroup", GroupName=readers, PolicyName="AliyunRAMReadOnlyAccess", PolicyType="System")

    people.ims("TagResources", ResourceType="user", ResourceId=[made["UserId"]], Tag=[{"Key": "tier", "Value": "1"}])
    tags = people.ims("ListTagResources", ResourceType="user", ResourceId=[made["UserId"]])
    assert [tag["TagKey"] for tag in tags["TagResources"]["TagResource"]] == ["team", "tier"]
    people.ims("UntagResources", ResourceType="user", ResourcePrincipalName=list(full.values()), TagKey=["tier"])

    pair = people.ims("CreateAccessKey", **full)["AccessKey"]
    key = Key(pair["AccessKeyId"], pair["AccessKeySecret"])
    assert people.ims("GetUser", key, **full)["User"]["UserName"] == alice  # by the group's policy
    assert people.refused("DeleteUser", key, **full) == ("NoPermission", 403)

    people.ims("DeleteUser", **full)
    assert people.refused("GetUser", key, **full)[0] == "InvalidAccessKeyId.NotFound"
    assert people.refused("GetUser", **full) == ("EntityNotExist.User", 404)
    binned = people.ims("ListUsersInRecycleBin", Filter=f"UserPrincipalName eq {full['UserPrincipalName']}")
    assert [user["UserId"] for user in binned["Users"]["User"]] == [made["UserId"]]
    own = {"UserId": made["UserId"], "UserAccessKeyId": key.id}
    assert people.refused("RestoreAccessKeyFromRecycleBin", **own) == ("EntityNotExist.User", 404)
    people.ims("RestoreUserFromRecycleBin", UserId=made["UserId"])
    assert people.refused("GetUser", key, **full)[0] == "InvalidAccessKeyId.NotFound"
    people.ims("RestoreAccessKeyFromRecycleBin", **own)
    assert people.refused("GetUser", key, **full)[0] == "InvalidAccessKeyId.Inactive"
    people.ims("UpdateAccessKey", **full, UserAccessKeyId=key.id, Status="Active")
    assert people.ims("GetUser", key, **full)["User"]["UserId"] == made["UserId"]  # group and policy are back too

    people.ims("DeleteUser", UserId=made["UserId"])
    people.ims("DeleteUserInRecycleBin", UserId=made["UserId"])
    assert people.refused("GetUserInRecycleBin", UserId=made["UserId"]) == ("EntityNotExist.User", 404)
    assert people.refused("GetAccessKeyInfoInRecycleBin", UserAccessKeyId=key.id) == (
        "EntityNotExist.User.AccessKey",
        404,
    )
    people.ram("DetachPolicyFromGroup", GroupName=readers, PolicyName="AliyunRAMReadOnlyAccess", PolicyType="System")
    people.ims("DeleteGroup", GroupName=readers)
