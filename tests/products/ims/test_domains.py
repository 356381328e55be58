"""The default domain is the account's alias."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from products.plane import Plane


def domain(plane: Plane) -> str:
    return str(plane.ims.call("GetDefaultDomain")["DefaultDomainName"])


def test_alias_and_domain_are_one(plane: Plane) -> None:
    mark = plane.account_id
    assert domain(plane) == f"{mark}.onaliyun.com"
    set_to = plane.ims.call("SetDefaultDomain", DefaultDomainName=f"co-{mark}.onaliyun.com")
    assert set_to == {"DefaultDomainName": f"co-{mark}.onaliyun.com"}
    assert plane.touched == {("account", plane.account_id)}
    assert plane.call("GetAccountAlias") == {"AccountAlias": f"co-{mark}"}
    plane.call("SetAccountAlias", AccountAlias=f"in-{mark}")
    assert domain(plane) == f"in-{mark}.onaliyun.com"
    plane.call("ClearAccountAlias")
    assert domain(plane) == f"{mark}.onaliyun.com"


def test_logon_names_follow(plane: Plane) -> None:
    old = f"ann@{plane.account_id}.onaliyun.com"
    plane.ims.call("CreateUser", UserPrincipalName=old, DisplayName="Ann")
    alias = f"co-{plane.account_id}"
    plane.call("SetAccountAlias", AccountAlias=alias)
    found = plane.ims.call("GetUser", UserPrincipalName=f"ann@{alias}.onaliyun.com")["User"]
    assert found["UserPrincipalName"] == f"ann@{alias}.onaliyun.com"
    assert plane.ims.call("GetUser", UserPrincipalName=old)["User"] == found  # the account's ID stays good


@pytest.mark.parametrize(
    "name",
    ["company", "company.example.com", "co.onaliyun.com", "-ab.onaliyun.com", "a--b.onaliyun.com", "Abc.onaliyun.com"],
)
def test_what_is_no_domain(plane: Plane, name: str) -> None:
    assert plane.ims.refused("SetDefaultDomain", DefaultDomainName=name) == "InvalidParameter.DefaultDomainName.Format"


def test_lengths(plane: Plane) -> None:
    long = f"{'a' * 33}.onaliyun.com"
    assert plane.ims.refused("SetDefaultDomain", DefaultDomainName=long) == "InvalidParameter.DefaultDomainName.Format"
    assert plane.ims.refused("SetDefaultDomain") == "MissingDefaultDomainName"


def test_another_account_s_domain_is_taken(plane: Plane, make_plane: Callable[..., Plane]) -> None:
    other = make_plane()
    for name in (f"co-{plane.account_id}", other.account_id):
        if name != other.account_id:
            other.call("SetAccountAlias", AccountAlias=name)
        refused = plane.ims.refused("SetDefaultDomain", DefaultDomainName=f"{name}.onaliyun.com")
        assert refused == "EntityAlreadyExists.AccountAlias"
