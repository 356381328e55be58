"""SAML providers and user SSO: shapes, limits, and what a change touches."""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest

from products.plane import Plane
from services.idp import IdP


@pytest.fixture(scope="module")
def document() -> str:
    return base64.b64encode(IdP().metadata()).decode()


def test_a_provider_is_made_shown_changed_and_deleted(plane: Plane, document: str) -> None:
    ims = plane.ims
    made = ims.call("CreateSAMLProvider", SAMLProviderName="Corp", EncodedSAMLMetadataDocument=document)
    assert made["SAMLProvider"] == {
        "SAMLProviderName": "Corp",
        "Arn": f"acs:ram::{plane.account_id}:saml-provider/Corp",
        "Description": "",
        "AuthnSignAlgo": "rsa-sha1",
        "CreateDate": "2026-01-02T03:04:05Z",
        "UpdateDate": "2026-01-02T03:04:05Z",
    }
    plane.now += 60
    changed = ims.call("UpdateSAMLProvider", SAMLProviderName="corp", NewDescription="new", AuthnSignAlgo="rsa-sha256")[
        "SAMLProvider"
    ]
    assert (changed["Description"], changed["AuthnSignAlgo"]) == ("new", "rsa-sha256")
    assert changed["UpdateDate"] == "2026-01-02T03:05:05Z"
    (touched,) = plane.touched
    assert touched[0] == "provider"
    ims.call("UpdateSAMLProvider", SAMLProviderName="corp", NewDescription="")
    found = ims.call("GetSAMLProvider", SAMLProviderName="CORP")["SAMLProvider"]
    assert found["EncodedSAMLMetadataDocument"] == document
    assert found["Description"] == ""
    ims.call("DeleteSAMLProvider", SAMLProviderName="corp")
    assert plane.touched == {touched}
    for action in ("GetSAMLProvider", "UpdateSAMLProvider", "DeleteSAMLProvider"):
        assert ims.refused(action, SAMLProviderName="corp") == "EntityNotExist.SAMLProvider"


def test_names_are_taken_once_and_providers_counted(make_plane: Callable[..., Plane], document: str) -> None:
    plane = make_plane(identity_providers=2)
    for name in ("a", "b"):
        plane.ims.call("CreateSAMLProvider", SAMLProviderName=name, EncodedSAMLMetadataDocument=document)
    again = {"EncodedSAMLMetadataDocument": document}
    assert plane.ims.refused("CreateSAMLProvider", SAMLProviderName="A", **again) == "EntityAlreadyExists.SAMLProvider"
    assert plane.ims.refused("CreateSAMLProvider", SAMLProviderName="c", **again) == "LimitExceeded.SAMLProvider"


def test_lists_are_paged_and_do_not_show_documents(plane: Plane, document: str) -> None:
    for name in ("c", "a", "b"):
        plane.ims.call("CreateSAMLProvider", SAMLProviderName=name, EncodedSAMLMetadataDocument=document)
    page = plane.ims.call("ListSAMLProviders", MaxItems="2")
    assert [each["SAMLProviderName"] for each in page["SAMLProviders"]["SAMLProvider"]] == ["a", "b"]
    assert page["IsTruncated"] is True
    rest = plane.ims.call("ListSAMLProviders", Marker=page["Marker"])
    assert [each["SAMLProviderName"] for each in rest["SAMLProviders"]["SAMLProvider"]] == ["c"]
    assert rest["IsTruncated"] is False


@pytest.mark.parametrize("name", ["-a", "a-", "a b", "é", "a/b"])
def test_a_name_has_letters_or_digits_at_its_ends(plane: Plane, document: str, name: str) -> None:
    given = {"SAMLProviderName": name, "EncodedSAMLMetadataDocument": document}
    assert plane.ims.refused("CreateSAMLProvider", **given) == "InvalidParameter.SAMLProviderName.InvalidChars"


@pytest.mark.parametrize("text", ["not base64!", base64.b64encode(b"<a/>").decode()])
def test_a_document_that_no_assertion_could_be_checked_with_is_refused(plane: Plane, text: str) -> None:
    given = {"SAMLProviderName": "a", "EncodedSAMLMetadataDocument": text}
    assert plane.ims.refused("CreateSAMLProvider", **given) == "InvalidParameter.EncodedSAMLMetadataDocument"
    assert plane.ims.refused("SetUserSsoSettings", MetadataDocument=text) == "InvalidParameter.MetadataDocument"


def test_two_certificates_are_the_most(plane: Plane) -> None:
    document = base64.b64encode(IdP().metadata(IdP(), IdP())).decode()
    fault = plane.ims.refusal("CreateSAMLProvider", SAMLProviderName="a", EncodedSAMLMetadataDocument=document)
    assert "3 signing certificates" in fault.message


def test_user_sso_is_off_until_it_is_set(plane: Plane, document: str) -> None:
    before = plane.ims.call("GetUserSsoSettings")["UserSsoSettings"]
    assert before == {
        "MetadataDocument": "",
        "SsoEnabled": False,
        "AuxiliaryDomain": "",
        "SsoLoginWithDomain": True,
        "AuthnSignAlgo": "rsa-sha1",
    }
    assert plane.ims.refused("SetUserSsoSettings", SsoEnabled="true") == "InvalidParameter.MetadataDocument"
    plane.ims.call("SetUserSsoSettings", SsoEnabled="true", MetadataDocument=document, AuxiliaryDomain="example.com")
    plane.ims.call("SetUserSsoSettings", SsoLoginWithDomain="false", AuxiliaryDomain="")
    after = plane.ims.call("GetUserSsoSettings")["UserSsoSettings"]
    assert after == {**before, "SsoEnabled": True, "SsoLoginWithDomain": False, "MetadataDocument": document}


def test_accounts_do_not_see_each_others_providers(make_plane: Callable[..., Plane], document: str) -> None:
    one, other = make_plane(), make_plane()
    one.ims.call("CreateSAMLProvider", SAMLProviderName="a", EncodedSAMLMetadataDocument=document)
    assert other.ims.refused("GetSAMLProvider", SAMLProviderName="a") == "EntityNotExist.SAMLProvider"
    assert other.ims.call("ListSAMLProviders")["SAMLProviders"]["SAMLProvider"] == []
