"""SearchGroups, SearchRoles, SearchPolicies and SearchGrants."""

from __future__ import annotations

import json
from typing import Any

import pytest

from products.modelstudio.studio import OURS, RAM, Studio
from products.plane import ALLOW_ALL, trust

DAY = 86_400


@pytest.fixture
def house(studio: Studio) -> Studio:
    """Two groups, two roles, two custom policies, and some of them attached."""
    studio.call(RAM, "CreateUser", UserName="ann")
    for name in ("writers", "Readers"):
        studio.call(RAM, "CreateGroup", GroupName=name, Comments=f"all {name}")
        studio.now += 1
    studio.call(RAM, "AddUserToGroup", UserName="ann", GroupName="writers")
    root = f"acs:ram::{studio.account_id}:root"
    for name, kind, principal in (("deploy", "RAM", root), ("Backup", "Service", "ecs.aliyuncs.com")):
        studio.call(RAM, "CreateRole", RoleName=name, AssumeRolePolicyDocument=trust(principal, kind=kind))
        studio.now += 1
    for name in ("zoo", "All-of-it"):
        studio.call(RAM, "CreatePolicy", PolicyName=name, PolicyDocument=ALLOW_ALL, Description=f"the {name}")
        studio.now += 1
    for action, given in (
        ("AttachPolicyToUser", {"UserName": "ann", "PolicyName": "zoo", "PolicyType": "Custom"}),
        ("AttachPolicyToGroup", {"GroupName": "writers", "PolicyName": "zoo", "PolicyType": "Custom"}),
        ("AttachPolicyToRole", {"RoleName": "deploy", "PolicyName": "ReadOnlyAccess", "PolicyType": "System"}),
    ):
        studio.call(RAM, action, **given)
        studio.now += 1
    return studio


def search(studio: Studio, what: str, one: str, by: str = "", /, **given: str) -> list[Any]:
    answer = studio.call(OURS, f"Search{what}", by, **given)
    rows: list[Any] = answer[what][one]
    if "Page" not in given:
        assert answer["TotalCount"] == len(rows) or answer["TotalCount"] > answer["PageSize"]
    return rows


def names(studio: Studio, what: str, one: str, **given: str) -> list[str]:
    return [each[f"{one}Name"] for each in search(studio, what, one, **given)]


def test_groups(house: Studio) -> None:
    first, second = search(house, "Groups", "Group")
    assert (first["GroupName"], first["MemberCount"], first["PolicyCount"]) == ("Readers", 0, 0)
    assert (second["GroupName"], second["MemberCount"], second["PolicyCount"]) == ("writers", 1, 1)
    assert second["Comments"] == "all writers"
    assert names(house, "Groups", "Group", Sort="-GroupName") == ["writers", "Readers"]
    assert names(house, "Groups", "Group", Sort="CreateDate") == ["writers", "Readers"]
    assert names(house, "Groups", "Group", Query="WRIT") == ["writers"]
    assert names(house, "Groups", "Group", Page="2", PageSize="1") == ["writers"]


def test_roles(house: Studio) -> None:
    backup, deploy = search(house, "Roles", "Role")
    assert backup["TrustedBy"] == {"Trusted": [{"Type": "service", "Principal": "ecs.aliyuncs.com"}]}
    assert deploy["TrustedBy"]["Trusted"][0]["Type"] == "account"
    assert (deploy["PolicyCount"], deploy["MaxSessionDuration"], deploy["IsServiceLinked"]) == (1, 3600, False)
    shown = house.call(RAM, "GetRole", RoleName="deploy")["Role"]
    assert (deploy["Arn"], deploy["RoleId"]) == (shown["Arn"], shown["RoleId"])
    assert names(house, "Roles", "Role", Sort="-RoleName", Query="e") == ["deploy"]


def test_policies_of_both_types(house: Studio) -> None:
    everything = names(house, "Policies", "Policy", PageSize="100")
    assert everything == sorted(everything, key=str.lower)
    assert {"zoo", "All-of-it", "AdministratorAccess"} <= set(everything)
    assert names(house, "Policies", "Policy", PolicyType="Custom") == ["All-of-it", "zoo"]
    assert names(house, "Policies", "Policy", PolicyType="Custom", Sort="-UpdateDate") == ["All-of-it", "zoo"]
    assert names(house, "Policies", "Policy", PolicyType="Custom", Page="2", PageSize="1") == ["zoo"]
    assert names(house, "Policies", "Policy", Query="THE ZOO") == ["zoo"]
    (zoo,) = search(house, "Policies", "Policy", Query="zoo")
    assert (zoo["AttachmentCount"], zoo["DefaultVersion"], zoo["Description"]) == (2, "v1", "the zoo")
    (read,) = search(house, "Policies", "Policy", Query="ReadOnlyAccess", PolicyType="System", PageSize="1", Page="1")
    assert read["PolicyType"] == "System"


def test_grants(house: Studio) -> None:
    role, group, user = search(house, "Grants", "Grant")
    assert (role["PrincipalType"], role["PrincipalName"], role["PolicyName"]) == ("Role", "deploy", "ReadOnlyAccess")
    assert (role["PolicyType"], role["Scope"]) == ("System", "Account")
    assert role["AttachedBy"] == f"acs:ram::{house.account_id}:root"
    assert (group["PrincipalType"], group["PolicyName"]) == ("Group", "zoo")
    assert (user["PrincipalType"], user["PrincipalName"]) == ("User", "ann")

    def whose(**given: str) -> list[str]:
        return [each["PrincipalName"] for each in search(house, "Grants", "Grant", **given)]

    assert whose(Sort="AttachDate") == ["ann", "writers", "deploy"]
    assert whose(PrincipalType="Group") == ["writers"]
    assert whose(PrincipalType="User", PrincipalName="ANN") == ["ann"]
    assert whose(PolicyType="Custom") == ["writers", "ann"]
    assert whose(PolicyType="Custom", PolicyName="ZOO") == ["writers", "ann"]
    assert whose(PolicyType="System", PolicyName="readonlyaccess") == ["deploy"]
    assert whose(Query="readonly") == ["deploy"]
    assert whose(Query="zo") == ["writers", "ann"]
    assert whose(Query="Writ") == ["writers"]
    assert whose(Query="nothing") == []


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"PrincipalName": "ann"}, "MissingPrincipalType"),
        ({"PolicyName": "zoo"}, "MissingPolicyType"),
        ({"PrincipalType": "User", "PrincipalName": "nobody"}, "EntityNotExist.User"),
        ({"PrincipalType": "Group", "PrincipalName": "nobody"}, "EntityNotExist.Group"),
        ({"PrincipalType": "Role", "PrincipalName": "nobody"}, "EntityNotExist.Role"),
        ({"PolicyType": "Custom", "PolicyName": "none"}, "EntityNotExist.Policy"),
        ({"PolicyType": "System", "PolicyName": "none"}, "EntityNotExist.Policy"),
    ],
)
def test_what_does_not_exist_is_refused(studio: Studio, given: dict[str, str], code: str) -> None:
    assert studio.refused(OURS, "SearchGrants", **given) == code


def test_the_rights_are_those_of_the_vendors_lists(house: Studio) -> None:
    reader, outsider = house.user("reader", "AliyunRAMReadOnlyAccess"), house.user("outsider")
    document = {"Effect": "Allow", "Action": "ram:List*", "Resource": f"acs:ram:*:{house.account_id}:*"}
    policy = json.dumps({"Version": "1", "Statement": [document]})
    house.call(RAM, "CreatePolicy", PolicyName="own", PolicyDocument=policy)
    half = house.user("half", "AliyunSTSAssumeRoleAccess")
    house.call(RAM, "AttachPolicyToUser", UserName="half", PolicyName="own", PolicyType="Custom")
    for what, one in (("Groups", "Group"), ("Roles", "Role"), ("Policies", "Policy"), ("Grants", "Grant")):
        assert search(house, what, one, reader)
        assert house.refused(OURS, f"Search{what}", outsider) == "NoPermission"
    assert search(house, "Groups", "Group", half)
    assert house.refused(OURS, "SearchGrants", half) == "NoPermission"  # nothing on system policies
