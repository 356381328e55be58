"""Tags of users."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from products.plane import Plane


@pytest.fixture
def ready(plane: Plane) -> Plane:
    """With users `Ann` and `bob`."""
    plane.call("CreateUser", UserName="Ann")
    plane.call("CreateUser", UserName="bob")
    return plane


def user_id(plane: Plane, name: str) -> str:
    return str(plane.call("GetUser", UserName=name)["User"]["UserId"])


def tag(plane: Plane, name: str, **tags: str) -> None:
    given = {f"Tag__{number}__Key": key for number, key in enumerate(tags, 1)}
    given |= {f"Tag__{number}__Value": value for number, value in enumerate(tags.values(), 1)}
    plane.ims.call("TagResources", ResourceType="user", ResourcePrincipalName__1=name, **given)


def listed(plane: Plane, **given: str) -> list[tuple[str, str, str]]:
    found = plane.ims.call("ListTagResources", **given)["TagResources"]["TagResource"]
    assert {entry["ResourceType"] for entry in found} <= {"user"}
    return [(entry["ResourceId"], entry["TagKey"], entry["TagValue"]) for entry in found]


def test_by_name_and_by_id(ready: Plane) -> None:
    ann, bob = user_id(ready, "Ann"), user_id(ready, "bob")
    tag(ready, f"ann@{ready.account_id}.onaliyun.com", team="blue", tier="1")
    assert ready.touched == {("user", ann)}
    ready.ims.call("TagResources", ResourceId__1=ann, ResourceId__2=bob, Tag__1__Key="team", Tag__1__Value="red")
    assert listed(ready) == [(ann, "team", "red"), (ann, "tier", "1"), (bob, "team", "red")]
    assert listed(ready, ResourceId__1=bob) == listed(ready, ResourcePrincipalName__1="BOB") == [(bob, "team", "red")]
    assert listed(ready, Tag__1__Key="tier") == [(ann, "tier", "1")]
    assert listed(ready, ResourceId__1="2" * 18) == listed(ready, ResourcePrincipalName__1="zoe") == []
    assert listed(ready, ResourcePrincipalName__1="ann@other.onaliyun.com") == []
    assert [each["TagValue"] for each in ready.ims.call("GetUser", UserId=bob)["User"]["Tags"]["Tag"]] == ["red"]


def test_untag(ready: Plane) -> None:
    ann = user_id(ready, "Ann")
    tag(ready, "Ann", a="1", b="2", c="3")
    ready.ims.call("UntagResources", ResourceId__1=ann, TagKey__1="a", TagKey__2="x", All="true")
    assert [key for _, key, _ in listed(ready)] == ["b", "c"]
    assert ready.ims.refused("UntagResources", ResourceId__1=ann) == "MissingTagKey"
    ready.ims.call("UntagResources", ResourcePrincipalName__1="ann", All="true")
    assert listed(ready) == []


def test_pages(ready: Plane) -> None:
    tag(ready, "Ann", a="1", b="2")
    tag(ready, "bob", a="1")
    first = ready.ims.call("ListTagResources", PageSize="2")
    assert first["IsTruncated"] is True
    assert [key for _, key, _ in listed(ready, NextToken=first["NextToken"])] == ["a"]
    assert ready.ims.call("ListTagResources")["IsTruncated"] is False
    assert ready.ims.refused("ListTagResources", NextToken="abc") == "InvalidParameter.NextToken"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"Tag__1__Key": "k"}, "MissingResourceId"),
        ({"ResourceId__1": "2" * 18, "Tag__1__Key": "k"}, "EntityNotExist.User"),
        ({"ResourcePrincipalName__1": "zoe", "Tag__1__Key": "k"}, "EntityNotExist.User"),
        ({"ResourcePrincipalName__1": "ann@other.x", "Tag__1__Key": "k"}, "EntityNotExist.User"),
        (
            {"ResourcePrincipalName__1": "a*", "Tag__1__Key": "k"},
            "InvalidParameter.ResourcePrincipalName.InvalidChars",
        ),
        (
            {"ResourcePrincipalName__1": "ann", "ResourceId__1": "2", "Tag__1__Key": "k"},
            "InvalidParameter.ResourceId.Conflict",
        ),
        ({"ResourcePrincipalName__1": "ann"}, "MissingTag"),
        ({"ResourcePrincipalName__1": "ann", "ResourceType": "role"}, "InvalidParameter.ResourceType.Format"),
        (
            {"ResourcePrincipalName__1": "ann", "Tag__1__Key": "k", "Tag__2__Key": "k"},
            "InvalidParameter.Tag.Key",
        ),
    ],
)
def test_what_cannot_be_tagged(ready: Plane, given: dict[str, str], code: str) -> None:
    assert ready.ims.refused("TagResources", **given) == code


def test_tags_per_user_are_bounded(ready: Plane) -> None:
    tag(ready, "Ann", **{f"k{number}": "" for number in range(20)})
    one_more = {"ResourcePrincipalName__1": "bob", "ResourcePrincipalName__2": "Ann", "Tag__1__Key": "more"}
    assert ready.ims.refused("TagResources", **one_more) == "LimitExceeded.Tag"
    assert listed(ready, ResourcePrincipalName__1="bob") == []  # all or nothing


def test_accounts_do_not_see_each_other(ready: Plane, make_plane: Callable[..., Plane]) -> None:
    tag(ready, "Ann", k="v")
    other = make_plane()
    assert listed(other) == []
    given = {"ResourceId__1": user_id(ready, "Ann"), "All": "true"}
    assert other.ims.refused("UntagResources", **given) == "EntityNotExist.User"
