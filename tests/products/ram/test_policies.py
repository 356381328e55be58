"""Policies, custom and system."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from keystead.policy import SYSTEM_POLICIES
from products.plane import ALLOW_ALL, Plane, trust

ADMIN = SYSTEM_POLICIES["AdministratorAccess"]


def names(page: dict[str, dict[str, list[dict[str, str]]]]) -> list[str]:
    return [policy["PolicyName"] for policy in page["Policies"]["Policy"]]


def make(plane: Plane, name: str, **given: str) -> None:
    plane.call("CreatePolicy", PolicyName=name, PolicyDocument=ALLOW_ALL, **given)


def test_create_and_get(plane: Plane) -> None:
    document = "\n " + ALLOW_ALL + "  "
    made = plane.call("CreatePolicy", PolicyName="Mine", PolicyDocument=document, Description="d")["Policy"]
    assert made == {
        "PolicyName": "Mine",
        "PolicyType": "Custom",
        "Description": "d",
        "DefaultVersion": "v1",
        "CreateDate": "2026-01-02T03:04:05Z",
    }
    assert plane.call("GetPolicy", PolicyName="mINE", PolicyType="Custom") == {
        "Policy": {
            **made,
            "UpdateDate": made["CreateDate"],
            "AttachmentCount": 0,
            "PolicyDocument": document,
        },
        "DefaultPolicyVersion": {
            "VersionId": "v1",
            "IsDefaultVersion": True,
            "PolicyDocument": document,
            "CreateDate": made["CreateDate"],
        },
    }


def test_a_system_policy(plane: Plane) -> None:
    found = plane.call("GetPolicy", PolicyName="administratoraccess", PolicyType="System")
    assert found["Policy"]["PolicyName"] == "AdministratorAccess"
    assert found["Policy"]["PolicyType"] == "System"
    assert found["Policy"]["Description"]
    assert found["DefaultPolicyVersion"]["PolicyDocument"] == ADMIN.document
    assert found["DefaultPolicyVersion"]["VersionId"] == found["Policy"]["DefaultVersion"] == ADMIN.version


def test_the_type_is_part_of_the_name(plane: Plane) -> None:
    make(plane, "mine")
    assert plane.refused("GetPolicy", PolicyName="mine", PolicyType="System") == "EntityNotExist.Policy"
    assert plane.refused("GetPolicy", PolicyName=ADMIN.name, PolicyType="Custom") == "EntityNotExist.Policy"
    assert plane.refused("GetPolicy", PolicyName="mine", PolicyType="custom") == "InvalidParameter.PolicyType"
    assert plane.refused("GetPolicy", PolicyName="mine") == "MissingPolicyType"
    assert plane.refused("ListPolicies", PolicyType="All") == "InvalidParameter.PolicyType"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"PolicyDocument": ALLOW_ALL}, "MissingPolicyName"),
        ({"PolicyName": "p"}, "MissingPolicyDocument"),
        ({"PolicyName": "p_p", "PolicyDocument": ALLOW_ALL}, "InvalidParameter.PolicyName.InvalidChars"),
        ({"PolicyName": "p" * 129, "PolicyDocument": ALLOW_ALL}, "InvalidParameter.PolicyName.Length"),
        (
            {"PolicyName": "p", "PolicyDocument": ALLOW_ALL, "Description": "d" * 1025},
            "InvalidParameter.Description.Length",
        ),
        ({"PolicyName": "p", "PolicyDocument": "x" * 6145}, "InvalidParameter.PolicyDocument.Length"),
        ({"PolicyName": "p", "PolicyDocument": "x" * 6144}, "MalformedPolicyDocument"),
        ({"PolicyName": "p", "PolicyDocument": trust("acs:ram::1:root")}, "MalformedPolicyDocument"),
        ({"PolicyName": "administratorACCESS", "PolicyDocument": ALLOW_ALL}, "EntityAlreadyExists.Policy"),
    ],
)
def test_what_cannot_be_created(plane: Plane, given: dict[str, str], code: str) -> None:
    assert plane.refused("CreatePolicy", **given) == code


def test_a_document_counts_characters(plane: Plane) -> None:
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"StringEquals": {"acs:a": "é"}}}
    text = json.dumps({"Version": "1", "Statement": [statement]}, ensure_ascii=False)
    full = text + " " * (6144 - len(text))
    plane.call("CreatePolicy", PolicyName="p", PolicyDocument=full)
    version = plane.refusal("CreatePolicyVersion", PolicyName="p", PolicyDocument=full)
    assert version.code == "InvalidParameter.PolicyDocument.Length"  # which counts bytes
    assert "6145 bytes" in version.message


def test_names_and_quota(make_plane: Callable[..., Plane]) -> None:
    plane = make_plane(policies=1, policy_size=len(ALLOW_ALL))
    make(plane, "Mine")
    again = plane.refused("CreatePolicy", PolicyName="mine", PolicyDocument=ALLOW_ALL)
    assert again == "EntityAlreadyExists.Policy"
    assert plane.refused("CreatePolicy", PolicyName="b", PolicyDocument=ALLOW_ALL) == "LimitExceeded.Policy"
    longer = plane.refused("CreatePolicy", PolicyName="b", PolicyDocument=ALLOW_ALL + " ")
    assert longer == "InvalidParameter.PolicyDocument.Length"


def test_one_list_of_both_types(plane: Plane) -> None:
    for name in ("b", "A", "c"):
        make(plane, name, Description=f"policy {name}")
    everything = plane.call("ListPolicies", MaxItems="1000")
    assert everything["IsTruncated"] is False
    assert names(everything)[:3] == ["A", "b", "c"]
    assert sorted(names(everything)[3:]) == sorted(SYSTEM_POLICIES)
    for size in ("1", "2", "3", "4", "7"):
        collected, marker = [], {}
        while True:
            page = plane.call("ListPolicies", MaxItems=size, **marker)
            collected += names(page)
            if not page["IsTruncated"]:
                break
            marker = {"Marker": page["Marker"]}
        assert collected == names(everything)
    assert names(plane.call("ListPolicies", PolicyType="Custom")) == ["A", "b", "c"]
    assert sorted(names(plane.call("ListPolicies", PolicyType="System"))) == sorted(SYSTEM_POLICIES)


def test_pages_survive_inserts_and_deletes(plane: Plane) -> None:
    for name in ("b", "d"):
        make(plane, name)
    first = plane.call("ListPolicies", MaxItems="1")
    plane.call("DeletePolicy", PolicyName="b")
    make(plane, "a")
    make(plane, "c")
    second = plane.call("ListPolicies", MaxItems="2", Marker=first["Marker"])
    assert names(second) == ["c", "d"]
    assert second["IsTruncated"] is True
    third = plane.call("ListPolicies", MaxItems="1", Marker=second["Marker"])
    assert third["Policies"]["Policy"][0]["PolicyType"] == "System"


def test_a_foreign_marker_is_refused(plane: Plane) -> None:
    assert plane.refused("ListPolicies", Marker="Zm9v") == "InvalidParameter.Marker"  # "foo"


def test_list_shows_tags_and_filters_by_them(plane: Plane) -> None:
    make(plane, "a", Tag='[{"Key":"env","Value":"prod"},{"Key":"b","Value":""}]')
    make(plane, "b")
    page = plane.call("ListPolicies", Tag='[{"Key":"env"}]')
    assert names(page) == ["a"]
    tags = page["Policies"]["Policy"][0]["Tags"]["Tag"]
    assert tags == [{"TagKey": "b", "TagValue": ""}, {"TagKey": "env", "TagValue": "prod"}]
    assert names(plane.call("ListPolicies", PolicyType="System", Tag='[{"Key":"env"}]')) == []
    assert plane.call("ListPolicies", PolicyType="Custom")["Policies"]["Policy"][1]["Tags"] == {"Tag": []}


def test_attachments_are_counted(plane: Plane) -> None:
    make(plane, "p")
    for name in ("u", "v"):
        plane.call("CreateUser", UserName=name)
        for kind, policy in (("Custom", "p"), ("System", ADMIN.name)):
            plane.call("AttachPolicyToUser", UserName=name, PolicyType=kind, PolicyName=policy)
    for kind, policy in (("Custom", "p"), ("System", ADMIN.name)):
        found = plane.call("GetPolicy", PolicyName=policy, PolicyType=kind)
        assert found["Policy"]["AttachmentCount"] == 2
        listed = plane.call("ListPolicies", PolicyType=kind)["Policies"]["Policy"]
        assert [each["AttachmentCount"] for each in listed if each["PolicyName"] == policy] == [2]


def test_update_description(plane: Plane) -> None:
    make(plane, "Mine", Description="old")
    plane.now += 60
    changed = plane.call("UpdatePolicyDescription", PolicyName="mine", NewDescription="new")["Policy"]
    assert (changed["PolicyName"], changed["Description"]) == ("Mine", "new")
    assert changed["UpdateDate"] == "2026-01-02T03:05:05Z"
    assert plane.touched == set()  # no caller depends on a description
    assert plane.refused("UpdatePolicyDescription", PolicyName="mine") == "MissingNewDescription"
    assert plane.refused("UpdatePolicyDescription", PolicyName="x", NewDescription="d") == "EntityNotExist.Policy"
    long = plane.refused("UpdatePolicyDescription", PolicyName="mine", NewDescription="d" * 1025)
    assert long == "InvalidParameter.NewDescription.Length"


def test_system_policies_are_read_only(plane: Plane) -> None:
    for action, given in (
        ("UpdatePolicyDescription", {"NewDescription": "d"}),
        ("DeletePolicy", {}),
        ("CreatePolicyVersion", {"PolicyDocument": ALLOW_ALL}),
        ("SetDefaultPolicyVersion", {"VersionId": "v1"}),
        ("DeletePolicyVersion", {"VersionId": "v1"}),
    ):
        assert plane.refused(action, PolicyName=ADMIN.name, **given) == "EntityNotExist.Policy"


def test_delete_conflicts_in_order(plane: Plane) -> None:
    make(plane, "p", Tag='[{"Key":"k"}]')
    plane.call("CreatePolicyVersion", PolicyName="p", PolicyDocument=ALLOW_ALL)
    plane.call("CreateUser", UserName="u")
    plane.call("CreateGroup", GroupName="g")
    plane.call("CreateRole", RoleName="r", AssumeRolePolicyDocument=trust("acs:ram::1:root"))
    targets = (("User", "u"), ("Group", "g"), ("Role", "r"))
    for word, name in targets:
        plane.call(f"AttachPolicyTo{word}", PolicyType="Custom", PolicyName="p", **{f"{word}Name": name})
    for word, name in targets:
        for cascade in ("false", "true"):  # which drops versions, never attachments
            fault = plane.refused("DeletePolicy", PolicyName="p", CascadingDelete=cascade)
            assert fault == f"DeleteConflict.Policy.{word}"
        plane.call(f"DetachPolicyFrom{word}", PolicyType="Custom", PolicyName="p", **{f"{word}Name": name})
    assert plane.refused("DeletePolicy", PolicyName="p") == "DeleteConflict.Policy.Version"
    plane.call("DeletePolicy", PolicyName="P", CascadingDelete="TRUE")
    assert {kind for kind, _ in plane.touched} == {"policy"}
    assert plane.refused("DeletePolicy", PolicyName="p") == "EntityNotExist.Policy"
    make(plane, "p")
    assert len(plane.call("ListPolicyVersions", PolicyName="p", PolicyType="Custom")["PolicyVersions"]) == 1
    assert plane.call("ListTagResources", ResourceType="policy")["TagResources"] == []


def test_accounts_do_not_see_each_other(make_plane: Callable[..., Plane]) -> None:
    one, other = make_plane(), make_plane()
    make(one, "p")
    one.call("CreateUser", UserName="u")
    one.call("AttachPolicyToUser", UserName="u", PolicyType="System", PolicyName=ADMIN.name)
    assert other.refused("GetPolicy", PolicyName="p", PolicyType="Custom") == "EntityNotExist.Policy"
    assert other.refused("DeletePolicy", PolicyName="p") == "EntityNotExist.Policy"
    assert names(other.call("ListPolicies", PolicyType="Custom")) == []
    shared = other.call("GetPolicy", PolicyName=ADMIN.name, PolicyType="System")
    assert shared["Policy"]["AttachmentCount"] == 0
