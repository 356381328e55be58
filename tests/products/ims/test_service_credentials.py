"""Service credentials: shown once, kept as a digest, two of a user for a service."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from keystead.store import tables
from products.plane import Plane


@pytest.fixture
def plane(plane: Plane) -> Plane:
    """An account with the user alice."""
    plane.call("CreateUser", UserName="alice")
    return plane


def create(plane: Plane, name: str = "first", service: str = "bailian", **more: str) -> Any:
    """Create a credential of alice."""
    given = {"UserPrincipalName": "alice", "ServiceCredentialName": name, "ServiceName": service, **more}
    return plane.ims.call("CreateServiceCredential", **given)["ServiceCredential"]


def test_its_life(plane: Plane) -> None:
    made = create(plane)
    secret = made.pop("ServiceCredentialSecret")
    assert made["ServiceCredentialId"].startswith("SC")
    assert made["UserPrincipalName"] == f"alice@{plane.account_id}.onaliyun.com"
    assert "ExpirationTime" not in made
    named = {"UserPrincipalName": "alice", "ServiceCredentialId": made["ServiceCredentialId"]}
    assert plane.ims.call("GetServiceCredential", **named)["ServiceCredential"] == made
    plane.ims.call("UpdateServiceCredential", **named, Status="Inactive", ServiceCredentialName="second")
    shown = plane.ims.call("GetServiceCredential", **named)["ServiceCredential"]
    assert (shown["Status"], shown["ServiceCredentialName"]) == ("Inactive", "second")
    with plane.database.reading(plane.now) as tx:
        kept = tx.row(
            sa.select(tables.service_credentials).where(tables.service_credentials.c.id == shown["ServiceCredentialId"])
        )
    assert kept is not None
    assert secret.encode() not in repr(tuple(kept)).encode()
    plane.ims.call("DeleteServiceCredential", **named)
    assert plane.ims.refused("GetServiceCredential", **named) == "EntityNotExist.User.ServiceCredential"


def test_it_expires(plane: Plane) -> None:
    made = create(plane, CredentialAgeDays="1")
    assert made["ExpirationTime"] == "2026-01-03T03:04:05Z"
    named = {"UserPrincipalName": "alice", "ServiceCredentialId": made["ServiceCredentialId"]}
    plane.now += 86_399
    assert plane.ims.call("GetServiceCredential", **named)["ServiceCredential"]["Status"] == "Active"
    plane.now += 1
    assert plane.ims.call("GetServiceCredential", **named)["ServiceCredential"]["Status"] == "Expired"


def test_the_quota_counts_each_service_alone(plane: Plane) -> None:
    create(plane, "a")
    create(plane, "b")
    given = {"UserPrincipalName": "alice", "ServiceCredentialName": "c", "ServiceName": "bailian"}
    assert plane.ims.refused("CreateServiceCredential", **given) == "LimitExceeded.User.ServiceCredential"
    create(plane, "c", "fc")


def test_pages(plane: Plane) -> None:
    plane.call("CreateUser", UserName="bob")
    wanted = {create(plane, name, service)["ServiceCredentialId"] for name in "ab" for service in ("x", "y", "z")}
    given = {"UserPrincipalName": "bob", "ServiceCredentialName": "b", "ServiceName": "x"}
    bobs = plane.ims.call("CreateServiceCredential", **given)["ServiceCredential"]["ServiceCredentialId"]

    def pages(**given: str) -> list[str]:
        found: list[str] = []
        token: dict[str, str] = {}
        while True:
            page = plane.ims.call("ListServiceCredentials", MaxResults="2", **given, **token)
            assert page["MaxResults"] == 2
            found += [each["ServiceCredentialId"] for each in page["ServiceCredentials"]]
            if not page["IsTruncated"]:
                return found
            token = {"NextToken": page["NextToken"]}

    assert set(pages(UserPrincipalName="alice")) == wanted
    assert pages(UserPrincipalName="bob") == [bobs]
    assert set(pages(AllUsers="true")) == wanted | {bobs}
    assert len(pages(UserPrincipalName="alice", ServiceName="x")) == 2
    refused = plane.ims.refused("ListServiceCredentials", UserPrincipalName="alice", NextToken="?")
    assert refused == "InvalidParameter.NextToken"


def test_own_credentials_need_no_name_and_all_users_are_not_oneself(plane: Plane) -> None:
    alice = plane.user("alice")
    made = plane.ims.call("CreateServiceCredential", alice, ServiceCredentialName="n", ServiceName="s")
    listed = plane.ims.call("ListServiceCredentials", alice)["ServiceCredentials"]
    assert [each["ServiceCredentialId"] for each in listed] == [made["ServiceCredential"]["ServiceCredentialId"]]
    action = plane.ims.product.actions["ListServiceCredentials"]
    everybody = action.complete(action.read({"AllUsers": "true"}), alice)
    assert action.resource_names(everybody, alice) == [(f"acs:ram:*:{plane.account_id}:user/*",)]
    assert not action.concerns_itself(everybody, alice)


def test_refusals(plane: Plane) -> None:
    both = {"AllUsers": "true", "UserPrincipalName": "alice"}
    assert plane.ims.refused("ListServiceCredentials", **both) == "InvalidParameter.AllUsers"
    nameless = {"ServiceCredentialName": "n", "ServiceName": "s"}
    assert plane.ims.refused("CreateServiceCredential", **nameless) == "MissingUserPrincipalName"
    made = create(plane)["ServiceCredentialId"]
    named = {"UserPrincipalName": "alice", "ServiceCredentialId": made}
    assert plane.ims.refused("UpdateServiceCredential", **named) == "MissingStatus"
    assert plane.ims.refused("UpdateServiceCredential", **named, Status="Expired") == "InvalidParameter.Status.Format"
    plane.call("CreateUser", UserName="bob")
    others = {**named, "UserPrincipalName": "bob"}
    assert plane.ims.refused("DeleteServiceCredential", **others) == "EntityNotExist.User.ServiceCredential"


def test_they_go_with_the_user(plane: Plane) -> None:
    create(plane)
    plane.ims.call("DeleteUser", UserPrincipalName="alice")
    assert plane.ims.call("ListServiceCredentials", AllUsers="true")["ServiceCredentials"] == []
