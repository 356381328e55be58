"""Tags of roles and policies, in both encodings."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from products.plane import ALLOW_ALL, Plane, trust


@pytest.fixture
def ready(plane: Plane) -> Plane:
    """With the roles `R1`, `r2` and the policy `p`."""
    for name in ("R1", "r2"):
        plane.call("CreateRole", RoleName=name, AssumeRolePolicyDocument=trust("acs:ram::1:root"))
    plane.call("CreatePolicy", PolicyName="p", PolicyDocument=ALLOW_ALL)
    return plane


def tag(plane: Plane, kind: str, names: list[str], tags: dict[str, str]) -> None:
    pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
    plane.call("TagResources", ResourceType=kind, ResourceNames=json.dumps(names), Tag=json.dumps(pairs))


def listed(plane: Plane, kind: str, **given: str) -> list[tuple[str, str, str]]:
    page: dict[str, Any] = plane.call("ListTagResources", ResourceType=kind, **given)
    assert all(each["ResourceType"] == kind for each in page["TagResources"])
    return [(each["ResourceName"], each["TagKey"], each["TagValue"]) for each in page["TagResources"]]


def test_tag_list_untag(ready: Plane) -> None:
    assert ready.call("ListTagResources", ResourceType="role") == {"TagResources": []}
    tag(ready, "role", ["r1", "r2"], {"env": "prod", "Team": ""})
    assert {kind for kind, _ in ready.touched} == {"role"}
    assert sorted(listed(ready, "role")) == [
        ("R1", "Team", ""),
        ("R1", "env", "prod"),
        ("r2", "Team", ""),
        ("r2", "env", "prod"),
    ]
    assert listed(ready, "policy") == []
    tag(ready, "role", ["R1"], {"env": "test"})
    assert listed(ready, "role", ResourceNames='["R1"]', Tag='[{"Key":"env"}]') == [("R1", "env", "test")]
    ready.call("UntagResources", ResourceType="role", ResourceNames='["r2"]', TagKeys='["env","none"]')
    assert listed(ready, "role", ResourceNames='["r2"]') == [("r2", "Team", "")]
    ready.call("UntagResources", ResourceType="role", ResourceNames='["R1"]', All="true")
    assert listed(ready, "role") == [("r2", "Team", "")]


def test_both_encodings(ready: Plane) -> None:
    ready.call(
        "TagResources",
        ResourceType="policy",
        ResourceNames__1="p",
        Tag__1__Key="a",
        Tag__1__Value="1",
        Tag__2__Key="b",
    )
    assert listed(ready, "policy", ResourceNames__1="p") == [("p", "a", "1"), ("p", "b", "")]
    # Terraform sends both spellings of the keys in one call.
    ready.call("UntagResources", ResourceType="policy", ResourceNames='["p"]', TagKeys='["a"]', TagKey__1="a")
    ready.call("UntagResources", ResourceType="policy", ResourceNames__1="p", TagKeys__1="b")
    assert listed(ready, "policy") == []


def test_all_counts_only_without_keys(ready: Plane) -> None:
    tag(ready, "policy", ["p"], {"a": "1", "b": "2"})
    ready.call("UntagResources", ResourceType="policy", ResourceNames='["p"]', TagKeys='["a"]', All="true")
    assert listed(ready, "policy") == [("p", "b", "2")]


def test_pages(ready: Plane) -> None:
    tag(ready, "role", ["R1", "r2"], {"a/b": "1", "c": "2", "ü": "3"})
    everything = listed(ready, "role")
    assert len(everything) == 6
    for size in (1, 2, 4):
        collected: list[tuple[str, str, str]] = []
        token: dict[str, str] = {}
        while True:
            page = ready.call("ListTagResources", ResourceType="role", PageSize=str(size), **token)
            collected += [(each["ResourceName"], each["TagKey"], each["TagValue"]) for each in page["TagResources"]]
            if "NextToken" not in page:
                break
            token = {"NextToken": page["NextToken"]}
        assert collected == everything
    assert ready.refused("ListTagResources", ResourceType="role", NextToken="abc") == "InvalidParameter.NextToken"
    assert ready.refused("ListTagResources", ResourceType="role", NextToken="Zm9v") == "InvalidParameter.NextToken"
    assert ready.refused("ListTagResources", ResourceType="role", PageSize="101") == "InvalidParameter.PageSize.Range"


def test_filters_are_alternatives(ready: Plane) -> None:
    tag(ready, "role", ["R1"], {"a": "1", "b": "2", "c": "3"})
    wanted = '[{"Key":"a","Value":"1"},{"Key":"b","Value":"x"},{"Key":"c"}]'
    assert listed(ready, "role", Tag=wanted) == [("R1", "a", "1"), ("R1", "c", "3")]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"ResourceNames": '["p"]', "Tag": '[{"Key":"k"}]'}, "MissingResourceType"),
        ({"ResourceType": "user", "ResourceNames": '["p"]'}, "InvalidParameter.ResourceType.Format"),
        ({"ResourceType": "policy", "Tag": '[{"Key":"k"}]'}, "MissingResourceNames"),
        ({"ResourceType": "policy", "ResourceNames": '["p"]'}, "MissingTag"),
        ({"ResourceType": "policy", "ResourceNames": '["p"]', "Tag": '[{"Value":"k"}]'}, "MissingTag.Key"),
        ({"ResourceType": "policy", "ResourceNames": '["x"]', "Tag": '[{"Key":"k"}]'}, "EntityNotExist.Policy"),
        ({"ResourceType": "role", "ResourceNames": '["p"]', "Tag": '[{"Key":"k"}]'}, "EntityNotExist.Role"),
        (
            {"ResourceType": "policy", "ResourceNames": '["ReadOnlyAccess"]', "Tag": '[{"Key":"k"}]'},
            "EntityNotExist.Policy",
        ),
        (
            {"ResourceType": "policy", "ResourceNames": '["a\\u0000"]', "Tag": '[{"Key":"k"}]'},
            "InvalidParameter.ResourceNames.InvalidChars",
        ),
        (
            {"ResourceType": "policy", "ResourceNames": '["p"]', "Tag": '[{"Key":"aliyunx"}]'},
            "InvalidParameter.Tag.Key",
        ),
        (
            {"ResourceType": "policy", "ResourceNames": '["p"]', "Tag": '[{"Key":"see http://x"}]'},
            "InvalidParameter.Tag.Key",
        ),
        (
            {"ResourceType": "policy", "ResourceNames": json.dumps(["p"] * 51), "Tag": '[{"Key":"k"}]'},
            "InvalidParameter.ResourceNames.Length",
        ),
        (
            {
                "ResourceType": "policy",
                "ResourceNames": '["p"]',
                "Tag": json.dumps([{"Key": f"k{number}"} for number in range(21)]),
            },
            "InvalidParameter.Tag.Length",
        ),
    ],
)
def test_what_cannot_be_tagged(ready: Plane, given: dict[str, str], code: str) -> None:
    assert ready.refused("TagResources", **given) == code


def test_untag_refusals(ready: Plane) -> None:
    known = {"ResourceType": "role", "ResourceNames": '["R1"]'}
    assert ready.refused("UntagResources", **known) == "MissingTagKeys"
    assert ready.refused("UntagResources", **known, All="false") == "MissingTagKeys"
    assert ready.refused("UntagResources", ResourceType="role", All="true") == "MissingResourceNames"
    assert ready.refused("UntagResources", **known, TagKeys='["\\u0000"]') == "InvalidParameter.TagKeys.InvalidChars"
    unknown = ready.refused("UntagResources", ResourceType="role", ResourceNames='["x"]', All="true")
    assert unknown == "EntityNotExist.Role"


def test_unknown_names_have_no_tags(ready: Plane) -> None:
    assert listed(ready, "role", ResourceNames='["x"]') == []


def test_one_name_in_two_spellings_is_one(ready: Plane) -> None:
    tag(ready, "role", ["r1", "R1"], {"k": "v"})
    assert listed(ready, "role") == [("R1", "k", "v")]


def test_tags_per_entity_are_bounded(ready: Plane) -> None:
    tag(ready, "role", ["R1"], {f"k{number}": "" for number in range(20)})
    tag(ready, "role", ["R1"], {"k7": "changed"})
    refused = ready.refused(
        "TagResources", ResourceType="role", ResourceNames='["r2","R1"]', Tag='[{"Key":"one-more"}]'
    )
    assert refused == "LimitExceeded.Tag"
    assert listed(ready, "role", ResourceNames='["r2"]') == []  # all or nothing


def test_accounts_do_not_see_each_other(ready: Plane, make_plane: Callable[..., Plane]) -> None:
    tag(ready, "policy", ["p"], {"k": "v"})
    other = make_plane()
    assert listed(other, "policy") == []
    assert other.refused("UntagResources", ResourceType="policy", ResourceNames='["p"]', All="true") == (
        "EntityNotExist.Policy"
    )
