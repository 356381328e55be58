"""OIDC providers: shapes, limits, members one by one, and what a change touches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from products.plane import Plane

SHA1 = "9e99a48a9960b14926bb7f3b02e22da2b0ab7280"
ISSUER = "https://issuer.example.com/realms/a"


def create(plane: Plane, name: str = "K8s", issuer: str = ISSUER, **given: str) -> Any:
    return plane.ims.call("CreateOIDCProvider", OIDCProviderName=name, IssuerUrl=issuer, **given)["OIDCProvider"]


def refused(plane: Plane, **given: str) -> str:
    given = {"OIDCProviderName": "new", "IssuerUrl": "https://new.example.com", **given}
    return plane.ims.refused("CreateOIDCProvider", **given)


def test_every_answer_shows_the_provider(plane: Plane) -> None:
    made = create(plane, ClientIds="app,app,https://api.example.com/", Fingerprints=SHA1, Description="d")
    assert made == {
        "OIDCProviderName": "K8s",
        "Arn": f"acs:ram::{plane.account_id}:oidc-provider/K8s",
        "IssuerUrl": ISSUER,
        "Description": "d",
        "ClientIds": "app,https://api.example.com/",
        "Fingerprints": SHA1,
        "IssuanceLimitTime": 12,
        "CreateDate": "2026-01-02T03:04:05Z",
        "UpdateDate": "2026-01-02T03:04:05Z",
        "GmtCreate": "1767323045000",
        "GmtModified": "1767323045000",
    }
    assert plane.ims.call("GetOIDCProvider", OIDCProviderName="k8s")["OIDCProvider"] == made
    plane.now += 1
    changed = plane.ims.call("UpdateOIDCProvider", OIDCProviderName="k8s", NewDescription="", IssuanceLimitTime="168")
    assert changed["OIDCProvider"] == {
        **made,
        "Description": "",
        "IssuanceLimitTime": 168,
        "UpdateDate": "2026-01-02T03:04:06Z",
        "GmtModified": "1767323046000",
    }
    assert {kind for kind, _ in plane.touched} == {"provider"}
    plane.ims.call("DeleteOIDCProvider", OIDCProviderName="k8s")
    assert {kind for kind, _ in plane.touched} == {"provider"}
    assert plane.ims.refused("GetOIDCProvider", OIDCProviderName="k8s") == "EntityNotExist.OIDCProvider"


def test_members_come_and_go_one_by_one(plane: Plane) -> None:
    create(plane)
    colons = ":".join(SHA1[place : place + 2] for place in range(0, 40, 2)).upper()

    def call(action: str, **given: str) -> tuple[str, str]:
        found = plane.ims.call(action, OIDCProviderName="K8s", **given)["OIDCProvider"]
        return found["ClientIds"], found["Fingerprints"]

    assert call("AddClientIdToOIDCProvider", ClientId="a") == ("a", "")
    assert call("AddClientIdToOIDCProvider", ClientId="b") == ("a,b", "")
    assert call("AddClientIdToOIDCProvider", ClientId="a") == ("a,b", "")
    assert call("RemoveClientIdFromOIDCProvider", ClientId="a") == ("b", "")
    assert call("RemoveClientIdFromOIDCProvider", ClientId="a") == ("b", "")
    assert call("AddFingerprintToOIDCProvider", Fingerprint=SHA1) == ("b", SHA1)
    assert call("AddFingerprintToOIDCProvider", Fingerprint=colons) == ("b", SHA1)
    assert call("RemoveFingerprintFromOIDCProvider", Fingerprint=colons) == ("b", "")


def test_members_are_counted(make_plane: Callable[..., Plane]) -> None:
    plane = make_plane(client_ids_per_provider=2, fingerprints_per_provider=1)
    create(plane, ClientIds="a,b", Fingerprints=SHA1)
    name = {"OIDCProviderName": "K8s"}
    ims = plane.ims
    assert ims.refused("AddClientIdToOIDCProvider", ClientId="c", **name) == "LimitExceeded.OIDCProvider.ClientId"
    assert ims.refused("UpdateOIDCProvider", ClientIds="a,b,c", **name) == "LimitExceeded.OIDCProvider.ClientId"
    other = SHA1.replace("9", "8")
    over = "LimitExceeded.OIDCProvider.Fingerprint"
    assert ims.refused("AddFingerprintToOIDCProvider", Fingerprint=other, **name) == over
    assert refused(plane, ClientIds="a,b,c") == "LimitExceeded.OIDCProvider.ClientId"
    assert refused(plane, Fingerprints=f"{SHA1},{other}") == over


def test_a_name_and_an_issuer_are_taken_once_and_providers_counted(make_plane: Callable[..., Plane]) -> None:
    plane = make_plane(identity_providers=1)
    create(plane)
    assert refused(plane, OIDCProviderName="k8S") == "EntityAlreadyExists.OIDCProvider"
    assert refused(plane, IssuerUrl=ISSUER) == "EntityAlreadyExists.OIDCProvider"
    assert refused(plane) == "LimitExceeded.OIDCProvider"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"IssuerUrl": "http://issuer.example.com"}, "InvalidParameter.IssuerUrl.Format"),
        ({"IssuerUrl": "http://127.0.0.1:80"}, "InvalidParameter.IssuerUrl.Format"),
        ({"IssuerUrl": "https://" + "a" * 250}, "InvalidParameter.IssuerUrl.Length"),
        ({"ClientIds": "a b"}, "InvalidParameter.ClientIds.InvalidChars"),
        ({"ClientIds": "a" * 129}, "InvalidParameter.ClientIds.InvalidChars"),
        ({"Fingerprints": "abc"}, "InvalidParameter.Fingerprints.Format"),
        ({"IssuanceLimitTime": "0"}, "InvalidParameter.IssuanceLimitTime.Range"),
        ({"IssuanceLimitTime": "169"}, "InvalidParameter.IssuanceLimitTime.Range"),
        ({"Description": "x" * 257}, "InvalidParameter.Description.Length"),
    ],
)
def test_what_could_not_be_enforced_is_refused(plane: Plane, given: dict[str, str], code: str) -> None:
    assert refused(plane, **given) == code


def test_lists_are_paged_as_both_terraform_and_the_sdk_ask(plane: Plane) -> None:
    for name in ("b", "a"):
        create(plane, name, f"https://{name}.example.com")
    page = plane.ims.call("ListOIDCProviders", MaxItems="1")
    assert [each["OIDCProviderName"] for each in page["OIDCProviders"]["OIDCProvider"]] == ["a"]
    rest = plane.ims.call("ListOIDCProviders", Marker=page["Marker"], MaxItems="1000")
    assert [each["OIDCProviderName"] for each in rest["OIDCProviders"]["OIDCProvider"]] == ["b"]
