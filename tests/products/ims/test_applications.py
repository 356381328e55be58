"""OAuth applications, their secrets, and where they are installed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from keystead.store import tables
from products.plane import Plane


def create(plane: Plane, name: str = "shop", kind: str = "WebApp", **more: str) -> Any:
    """Create an application."""
    given = {"AppName": name, "DisplayName": "Shop", "AppType": kind, "SecretRequired": "true", **more}
    return plane.ims.call("CreateApplication", **given)["Application"]


def refused(plane: Plane, kind: str, **more: str) -> str:
    """The code that creating one is refused with."""
    given = {"AppName": "x", "DisplayName": "X", "AppType": kind, "SecretRequired": "true", **more}
    return plane.ims.refused("CreateApplication", **given)


def scope_names(shown: Any) -> dict[str, bool]:
    """Name → required."""
    return {each["Name"]: each["Required"] for each in shown["DelegatedScope"]["PredefinedScopes"]["PredefinedScope"]}


@pytest.mark.parametrize(
    ("kind", "tenants", "refresh", "names"),
    [
        ("WebApp", False, 7_776_000, {"openid": True}),
        ("NativeApp", True, 2_592_000, {"openid": True}),
        ("ServerApp", True, 2_592_000, {}),
    ],
)
def test_defaults_of_each_type(plane: Plane, kind: str, tenants: bool, refresh: int, names: dict[str, bool]) -> None:
    made = create(plane, kind=kind)
    assert (made["IsMultiTenant"], made["RefreshTokenValidity"]) == (tenants, refresh)
    assert (made["AccessTokenValidity"], made["ProtocolVersion"]) == (3600, "2.0")
    assert scope_names(made) == names
    assert made["AccountId"] == plane.account_id
    assert plane.ims.call("GetApplication", AppId=made["AppId"])["Application"] == made


def test_only_native_applications_may_go_without_a_secret(plane: Plane) -> None:
    assert create(plane, "web", SecretRequired="false")["SecretRequired"] is True
    native = create(plane, "native", "NativeApp", SecretRequired="false")
    assert native["SecretRequired"] is False
    changed = plane.ims.call("UpdateApplication", AppId=native["AppId"], NewSecretRequired="true")["Application"]
    assert changed["SecretRequired"] is True


def test_change_list_delete(plane: Plane) -> None:
    made = create(
        plane, PredefinedScopes="aliuid;profile", RequiredScopes="profile;nonsense", RedirectUris="https://a.b/c"
    )
    assert scope_names(made) == {"openid": True, "aliuid": False, "profile": True}
    plane.now += 10
    changed = plane.ims.call(
        "UpdateApplication",
        AppId=made["AppId"],
        NewDisplayName="Market",
        NewRedirectUris="https://a.b/c;http://127.0.0.1:8080/d",
        NewPredefinedScopes="aliuid",
        NewAccessTokenValidity="900",
        NewRefreshTokenValidity="7200",
        NewIsMultiTenant="true",
    )["Application"]
    assert changed["DisplayName"] == "Market"
    assert changed["RedirectUris"]["RedirectUri"] == ["https://a.b/c", "http://127.0.0.1:8080/d"]
    assert scope_names(changed) == {"openid": True, "aliuid": False}
    assert (changed["AccessTokenValidity"], changed["RefreshTokenValidity"]) == (900, 7200)
    assert changed["UpdateDate"] > changed["CreateDate"]
    assert plane.ims.call("ListApplications")["Applications"]["Application"] == [changed]
    plane.ims.call("DeleteApplication", AppId=made["AppId"])
    assert plane.ims.call("ListApplications")["Applications"]["Application"] == []
    assert plane.ims.refused("GetApplication", AppId=made["AppId"]) == "EntityNotExist.Application"


@pytest.mark.parametrize(
    ("kind", "uri", "good"),
    [
        ("WebApp", "https://example.com/done?x=1", True),
        ("WebApp", "http://localhost:3000/", True),
        ("WebApp", "http://[::1]:3000/", True),
        ("WebApp", "http://example.com/", False),
        ("WebApp", "https:///done", False),
        ("WebApp", "https://a@example.com/", False),
        ("WebApp", "https://example.com/#part", False),
        ("WebApp", "https://example.com/a b", False),
        ("WebApp", "https://example.com:port/", False),
        ("WebApp", "com.example.app:/done", False),
        ("WebApp", "javascript:alert(1)", False),
        ("WebApp", "/done", False),
        ("WebApp", "https://example.com/" + "a" * 500, False),
        ("NativeApp", "com.example.app:/done", True),
        ("NativeApp", "myapp:/done", False),
        ("NativeApp", "http://127.0.0.1:9/", True),
        ("ServerApp", "https://example.com/", False),
    ],
)
def test_redirect_uris(plane: Plane, kind: str, uri: str, good: bool) -> None:
    if good:
        assert create(plane, kind=kind, RedirectUris=uri)["RedirectUris"]["RedirectUri"] == [uri]
    else:
        assert refused(plane, kind, RedirectUris=uri) == "InvalidParameter.RedirectUris.Format"


def test_refusals(plane: Plane, make_plane: Callable[..., Plane]) -> None:
    create(plane)
    again = {"AppName": "SHOP", "DisplayName": "X", "AppType": "WebApp", "SecretRequired": "true"}
    assert plane.ims.refused("CreateApplication", **again) == "EntityAlreadyExists.Application"
    assert refused(plane, "WebApp", PredefinedScopes="/acs/scim") == "InvalidParameter.PredefinedScopes"
    assert refused(plane, "WebApp", AccessTokenValidity="899") == "InvalidParameter.AccessTokenValidity.Range"
    assert refused(plane, "WebApp", RefreshTokenValidity="31536001") == "InvalidParameter.RefreshTokenValidity.Range"
    assert refused(plane, "WebApp", ProtocolVersion="1.0") == "InvalidParameter.ProtocolVersion.Format"
    assert refused(plane, "Other") == "InvalidParameter.AppType.Format"
    small = make_plane(applications=1)
    create(small)
    assert refused(small, "WebApp") == "LimitExceeded.Application"


def test_predefined_scopes_of_each_type(plane: Plane) -> None:
    def names(**given: str) -> set[str]:
        found = plane.ims.call("ListPredefinedScopes", **given)["PredefinedScopes"]["PredefinedScope"]
        return {each["Name"] for each in found}

    assert names(AppType="WebApp") == names(AppType="NativeApp") == {"openid", "aliuid", "profile"}
    assert names(AppType="ServerApp") == {"/acs/scim"}
    assert names() == names(AppType="WebApp") | names(AppType="ServerApp")


def test_secrets_are_shown_once(plane: Plane) -> None:
    app = create(plane)["AppId"]
    made = plane.ims.call("CreateAppSecret", AppId=app)["AppSecret"]
    secret = made["AppSecretValue"]
    named = {"AppId": app, "AppSecretId": made["AppSecretId"]}
    shown = plane.ims.call("GetAppSecret", **named)["AppSecret"]
    assert shown["AppSecretValue"] == "********" + secret[-4:]
    listed = plane.ims.call("ListAppSecretIds", AppId=app)["AppSecrets"]["AppSecret"]
    assert [each["AppSecretId"] for each in listed] == [made["AppSecretId"]]
    with plane.database.reading(plane.now) as tx:
        kept = tx.rows(sa.select(tables.application_secrets))
    assert secret not in repr(kept)
    plane.ims.call("CreateAppSecret", AppId=app)
    assert plane.ims.refused("CreateAppSecret", AppId=app) == "LimitExceeded.Application.AppSecret"
    plane.ims.call("DeleteAppSecret", **named)
    assert plane.ims.refused("GetAppSecret", **named) == "EntityNotExist.Application.AppSecret"
    plane.ims.call("DeleteApplication", AppId=app)
    assert plane.ims.refused("ListAppSecretIds", AppId=app) == "EntityNotExist.Application"


def test_installing_an_own_application(plane: Plane) -> None:
    app = create(plane, PredefinedScopes="aliuid")["AppId"]
    made = plane.ims.call("ProvisionApplication", AppId=app, Scopes="aliuid")["ApplicationProvisionInfo"]
    assert made["AppPrincipalName"] == f"shop@app.{plane.account_id}.onaliyun.com"
    assert plane.ims.refused("ProvisionApplication", AppId=app) == "EntityAlreadyExists.ApplicationProvisionInfo"
    shown = plane.ims.call("GetApplicationProvisionInfo", AppId=app)["ApplicationProvisionInfo"]
    assert shown["NeedPrincipalConsent"] is False

    def listed(**given: str) -> list[str]:
        found = plane.ims.call("ListApplicationProvisionInfos", **given)["ApplicationProvisionInfos"]
        return [each["AppId"] for each in found["ApplicationProvisionInfo"]]

    assert listed() == listed(SourceType="inner") == [app]
    assert listed(SourceType="external") == []
    plane.ims.call("DeprovisionApplication", AppId=app)
    assert plane.ims.refused("DeprovisionApplication", AppId=app) == "EntityNotExist.ApplicationProvisionInfo"


def test_installing_an_application_of_another_account(plane: Plane, make_plane: Callable[..., Plane]) -> None:
    maker = make_plane()
    open_to_all, closed = create(maker, IsMultiTenant="true")["AppId"], create(maker, "closed")["AppId"]
    assert plane.ims.refused("ProvisionExternalApplication", AppId=closed) == "EntityNotExist.ExternalApplication"
    assert plane.ims.refused("ProvisionApplication", AppId=open_to_all) == "EntityNotExist.Application"
    assert plane.ims.refused("GetApplication", AppId=open_to_all) == "EntityNotExist.Application"
    wrong = plane.ims.refused("ProvisionExternalApplication", AppId=open_to_all, Scopes="profile")
    assert wrong == "InvalidParameter.Scopes"
    made = plane.ims.call("ProvisionExternalApplication", AppId=open_to_all)["ExternalApplication"]
    assert (made["ForeignAppId"], made["TenantId"]) == (open_to_all, plane.account_id)
    assert plane.ims.call("GetExternalApplication", AppId=open_to_all)["ExternalApplication"] == made
    listed = plane.ims.call("ListExternalApplications")
    assert listed["ExternalApplications"]["ExternalApplication"] == [made]
    assert listed["IsTruncated"] is False
    assert maker.ims.call("ListExternalApplications")["ExternalApplications"]["ExternalApplication"] == []
    plane.ims.call("DeprovisionExternalApplication", AppId=open_to_all)
    plane.ims.call("ProvisionExternalApplication", AppId=open_to_all)
    maker.ims.call("DeleteApplication", AppId=open_to_all)
    assert plane.ims.refused("GetExternalApplication", AppId=open_to_all) == "EntityNotExist.ExternalApplication"
