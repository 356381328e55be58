"""Roles for whoever an identity provider vouches for, by the vendor's own clients: providers, tokens, assertions."""

from __future__ import annotations

import base64
import calendar
import contextlib
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from alibabacloud_credentials.client import Client as CredentialClient
from alibabacloud_credentials.models import Config as CredentialConfig
from alibabacloud_ims20190815 import models as ims
from alibabacloud_ims20190815.client import Client as ImsClient
from alibabacloud_ram20150501.client import Client as RamClient
from alibabacloud_ram20150501.models import GetUserRequest
from alibabacloud_sts20150401 import models as sts
from alibabacloud_sts20150401.client import Client as StsClient
from alibabacloud_tea_openapi.exceptions import AlibabaCloudException
from alibabacloud_tea_openapi.models import Config

from journeys.story import READ_ONLY
from services import rpc
from services.idp import RECIPIENT, Claim, IdP
from services.issuer import Issuer, issuer
from services.loopback import free_port
from services.rpc import ApiError, Key
from services.server import Server, running


@dataclass
class Plant:
    """A server that trusts an issuer and an identity provider of this test's own."""

    server: Server
    tls_port: int
    issuer: Issuer
    idp: IdP

    @property
    def endpoint(self) -> str:
        return f"{self.server.host}:{self.server.port}"

    def arn(self, relative: str) -> str:
        return f"acs:ram::{self.server.account_id}:{relative}"

    def admin(self, product: str, action: str, **parameters: str) -> dict[str, Any]:
        return rpc.call(self.server.url, self.server.admin, product, action, **parameters)

    def role(self, name: str, provider: str, condition: dict[str, Any] | None = None) -> None:
        """A role with read access that the provider's people may take on."""
        statement = {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"Federated": [self.arn(provider)]},
            **({"Condition": condition} if condition else {}),
        }
        trust = json.dumps({"Version": "1", "Statement": [statement]})
        self.drop(name)
        self.admin("ram", "CreateRole", RoleName=name, AssumeRolePolicyDocument=trust)
        self.admin("ram", "AttachPolicyToRole", **READ_ONLY, RoleName=name)

    def drop(self, name: str) -> None:
        """Delete a role that a test before may have left."""
        with contextlib.suppress(ApiError):
            self.admin("ram", "DetachPolicyFromRole", **READ_ONLY, RoleName=name)
            self.admin("ram", "DeleteRole", RoleName=name)

    def anonymous(self, action: str, **parameters: str) -> tuple[int, dict[str, Any]]:
        """Call STS without a signature, as the vendor's Go library does."""
        query = {"Action": action, "Version": "2015-04-01", "Format": "JSON"}
        answer = httpx.post(self.server.url, params=query, data=parameters, timeout=30, trust_env=False)
        return answer.status_code, answer.json()

    def with_token(self, token: str, role: str = "pod", **more: str) -> tuple[int, dict[str, Any]]:
        given = {"OIDCProviderArn": self.arn("oidc-provider/k8s"), "RoleArn": self.arn(f"role/{role}"), **more}
        return self.anonymous("AssumeRoleWithOIDC", **{"OIDCToken": token, "RoleSessionName": "pod-1", **given})

    def claim(self, role: str = "person", **changes: Any) -> Claim:
        provider = self.arn("saml-provider/corp")
        return Claim(**{"role": self.arn(f"role/{role}"), "provider": provider, "now": time.time(), **changes})

    def with_assertion(self, assertion: str, role: str = "person", **more: str) -> tuple[int, dict[str, Any]]:
        given = {"SAMLProviderArn": self.arn("saml-provider/corp"), "RoleArn": self.arn(f"role/{role}"), **more}
        return self.anonymous("AssumeRoleWithSAML", SAMLAssertion=assertion, **given)

    def whoami(self, answer: dict[str, Any]) -> dict[str, Any]:
        return rpc.call(self.server.url, key_of(answer), "sts", "GetCallerIdentity")


def key_of(answer: dict[str, Any]) -> Key:
    found = answer["Credentials"]
    return Key(found["AccessKeyId"], found["AccessKeySecret"], found["SecurityToken"])


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plant]:
    """One server for all tests here: each makes its roles anew."""
    tls_port = free_port()
    options = ("--tls", "auto", "--tls-port", str(tls_port), "--oidc-loopback-http")
    with running(tmp_path_factory.mktemp("federation"), options=options) as server, issuer() as at:
        made = Plant(server, tls_port, at, IdP())
        register(made)
        yield made


def register(plant: Plant) -> None:
    """Make both providers known, by the vendor's IMS client."""
    admin = plant.server.admin
    client = ImsClient(Config(admin.id, admin.secret, endpoint=plant.endpoint, protocol="http"))
    provider = ims.CreateOIDCProviderRequest(
        oidcprovider_name="k8s", issuer_url=plant.issuer.url, client_ids="app", description="cluster"
    )
    shown = client.create_oidcprovider(provider).body.oidcprovider
    assert (shown.issuance_limit_time, shown.client_ids, shown.arn) == (12, "app", plant.arn("oidc-provider/k8s"))
    document = base64.b64encode(plant.idp.metadata()).decode()
    corp = ims.CreateSAMLProviderRequest(samlprovider_name="corp", encoded_samlmetadata_document=document)
    assert client.create_samlprovider(corp).body.samlprovider.arn == plant.arn("saml-provider/corp")
    same = client.get_samlprovider(ims.GetSAMLProviderRequest(samlprovider_name="corp")).body.samlprovider
    assert same.encoded_samlmetadata_document == document


def test_a_pod_borrows_a_role_by_its_token(plant: Plant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """alibabacloud-credentials with a token file, over TLS; its session then calls RAM."""
    sub = "system:serviceaccount:team:app"
    plant.role(
        "pod",
        "oidc-provider/k8s",
        {"StringEquals": {"oidc:iss": plant.issuer.url, "oidc:aud": ["app"], "oidc:sub": sub}},
    )
    monkeypatch.setenv("SSL_CERT_FILE", str(plant.server.data_dir / "tls" / "ca.pem"))
    file = tmp_path / "token"
    file.write_text(plant.issuer.token())
    borrowed = CredentialClient(
        CredentialConfig(
            type="oidc_role_arn",
            role_arn=plant.arn("role/pod"),
            oidc_provider_arn=plant.arn("oidc-provider/k8s"),
            oidc_token_file_path=str(file),
            role_session_name="pod-1",
            sts_endpoint=f"{plant.server.host}:{plant.tls_port}",
        )
    )
    assert borrowed.get_credential().access_key_id.startswith("STS.")
    ram = RamClient(Config(credential=borrowed, endpoint=plant.endpoint, protocol="http"))
    assert ram.get_user(GetUserRequest(user_name="admin")).body.user.user_name == "admin"


def test_the_sdk_gets_a_session_by_token(plant: Plant) -> None:
    plant.role("pod", "oidc-provider/k8s")
    client = StsClient(Config(endpoint=plant.endpoint, protocol="http"))
    request = sts.AssumeRoleWithOIDCRequest(
        oidcprovider_arn=plant.arn("oidc-provider/k8s"),
        role_arn=plant.arn("role/pod"),
        oidctoken=plant.issuer.token(aud=["app", "more"]),
        role_session_name="pod-1",
    )
    body = client.assume_role_with_oidc(request).body
    info = body.oidctoken_info
    assert (info.issuer, info.client_ids, info.verification_info) == (plant.issuer.url, "app,more", "Success")
    assert body.assumed_role_user.arn == plant.arn("role/pod/pod-1")
    me = plant.whoami(body.to_map())
    assert me["IdentityType"] == "AssumedRoleUser"
    assert me["Arn"] == plant.arn("assumed-role/pod/pod-1")
    request.oidctoken = plant.issuer.token(aud="elsewhere")
    with pytest.raises(AlibabaCloudException) as caught:
        client.assume_role_with_oidc(request)
    assert (caught.value.status_code, caught.value.code) == (401, "AuthenticationFail.OIDCToken.AudienceNotMatch")


def test_the_sdk_gets_a_session_by_assertion(plant: Plant) -> None:
    plant.role("person", "saml-provider/corp", {"StringEquals": {"saml:recipient": RECIPIENT}})
    client = StsClient(Config(endpoint=plant.endpoint, protocol="http"))
    request = sts.AssumeRoleWithSAMLRequest(
        samlprovider_arn=plant.arn("saml-provider/corp"),
        role_arn=plant.arn("role/person"),
        samlassertion=plant.idp.encoded(plant.claim()),
    )
    body = client.assume_role_with_saml(request).body
    info = body.samlassertion_info
    assert (info.subject, info.subject_type) == ("alice@example.com", "persistent")
    assert (info.issuer, info.recipient) == (plant.idp.entity_id, RECIPIENT)
    assert plant.whoami(body.to_map())["Arn"] == plant.arn("assumed-role/person/alice")


def test_each_refusal_of_a_token_has_its_code(plant: Plant) -> None:
    plant.role("pod", "oidc-provider/k8s", {"StringEquals": {"oidc:sub": "another"}})
    status, said = plant.with_token(plant.issuer.token())
    assert (status, said["Code"]) == (401, "AuthenticationFail.NoPermission")
    detail = said["AccessDeniedDetail"]
    assert (detail["AuthPrincipalType"], detail["PolicyType"]) == ("Federated", "AssumeRolePolicy")
    assert detail["AuthPrincipalDisplayName"] == "system:serviceaccount:team:app"
    assert plant.with_token(plant.issuer.token(sub="another"))[0] == 200
    code = {
        "Expired": plant.issuer.token(exp=1),
        "Invalid": plant.issuer.token(iss="https://evil.example.com"),
        "InvalidSignature": plant.issuer.token(key=other_key(plant.issuer)),
    }
    for part, token in code.items():
        status, said = plant.with_token(token)
        assert (status, said["Code"]) == (401, f"AuthenticationFail.OIDCToken.{part}")
        assert token not in json.dumps(said)
    good = plant.issuer.token(sub="another")
    assert plant.with_token(good, "none")[1]["Code"] == "EntityNotExist.RoleArn"
    unknown = {"OIDCProviderArn": plant.arn("oidc-provider/none")}
    assert plant.with_token(good, **unknown)[1]["Code"] == "EntityNotExist.OIDCProvider"
    assert plant.with_token(good, DurationSeconds="7200")[1]["Code"] == "InvalidParameter.DurationSeconds"
    assert plant.with_token(good, Policy="{")[1]["Code"] == "InvalidParameter.PolicyGrammar"
    assert plant.with_token(good, RoleSessionName="a b")[1]["Code"] == "InvalidParameter.RoleSessionName"
    assert plant.with_token("")[1]["Code"] == "MissingOIDCToken"


def other_key(at: Issuer) -> Any:
    """A key that the issuer does not have, under the ID of one that it has."""
    mine = at.keys
    at.rotate()
    stranger, at.keys = at.keys[0], mine
    return type(stranger).import_key({**stranger.as_dict(private=True), "kid": mine[0].kid})


def test_each_refusal_of_an_assertion_has_its_code(plant: Plant) -> None:
    plant.role("person", "saml-provider/corp")
    plant.role("other", "saml-provider/corp")
    plant.role("closed", "saml-provider/none")
    invalid = "AuthenticationFail.SAMLAssertion.Invalid"

    def said(claim: Claim, role: str = "person", **more: str) -> str:
        status, answer = plant.with_assertion(plant.idp.encoded(claim), role, **more)
        assert status == {"Auth": 401, "Enti": 404, "NoPe": 403}.get(answer["Code"][:4], 400)
        return str(answer["Code"])

    assert said(plant.claim(ends=-60)) == "AuthenticationFail.SAMLAssertion.Expired"
    assert said(plant.claim(audience="urn:other")) == invalid
    assert said(plant.claim(recipient="https://evil.example.com/saml-role/sso")) == invalid
    assert said(plant.claim(), "other") == invalid
    assert said(plant.claim(session_name="")) == "InvalidParameter.RoleSessionName"
    assert said(plant.claim(extra={"SessionDuration": "60"})) == invalid
    assert said(plant.claim("closed"), "closed") == "NoPermission"
    assert said(plant.claim("none"), "none") == "EntityNotExist.RoleArn"
    assert said(plant.claim(), SAMLProviderArn="x") == "EntityNotExist.SAMLProvider"
    assert said(plant.claim(), DurationSeconds="7200") == "InvalidParameter.DurationSeconds"
    assert plant.with_assertion("%%%%")[1]["Code"] == invalid
    for name in ("SAMLProviderArn", "RoleArn", "SAMLAssertion"):
        given = {"SAMLProviderArn": "x", "RoleArn": "x", "SAMLAssertion": "xxxx", name: ""}
        assert plant.anonymous("AssumeRoleWithSAML", **given)[1]["Code"] == f"MissingParameter.{name}"


def test_an_assertion_limits_its_session(plant: Plant) -> None:
    plant.role("person", "saml-provider/corp")

    def seconds(claim: Claim, **more: str) -> float:
        status, answer = plant.with_assertion(plant.idp.encoded(claim), **more)
        assert status == 200, answer
        ends = time.strptime(answer["Credentials"]["Expiration"], "%Y-%m-%dT%H:%M:%SZ")
        return calendar.timegm(ends) - time.time()

    assert 3590 < seconds(plant.claim()) <= 3601
    assert 890 < seconds(plant.claim(extra={"SessionDuration": "900"})) <= 901
    assert 890 < seconds(plant.claim(extra={"SessionDuration": "900"}), DurationSeconds="3600") <= 901
    assert 90 < seconds(plant.claim(session_end=100)) <= 101


def test_sessions_end_with_their_provider_and_their_role(plant: Plant) -> None:
    plant.role("pod", "oidc-provider/k8s")
    plant.role("person", "saml-provider/corp")
    by_token = plant.with_token(plant.issuer.token())[1]
    by_assertion = plant.with_assertion(plant.idp.encoded(plant.claim()))[1]
    assert plant.whoami(by_token)["RoleId"] == by_token["AssumedRoleUser"]["AssumedRoleId"].split(":")[0]
    assert plant.whoami(by_assertion)
    for name, kind in (("k8s", "OIDC"), ("corp", "SAML")):
        plant.admin("ims", f"Delete{kind}Provider", **{f"{kind}ProviderName": name})
    plant.drop("person")
    register(plant)  # providers of the same names are others
    for gone in (by_token, by_assertion):
        with pytest.raises(ApiError) as caught:
            plant.whoami(gone)
        assert caught.value.code == "InvalidSecurityToken.Expired"


def test_an_account_hears_of_what_is_tried_at_its_providers(plant: Plant) -> None:
    plant.role("pod", "oidc-provider/k8s")
    plant.with_token(plant.issuer.token())
    token = plant.issuer.token(aud="elsewhere")
    plant.with_token(token)
    waited = ("--outcome", "Failure", "--wait", "Events.Event[0]", "--wait-timeout", "10")
    shown = plant.server.cli("audit", "--action", "AssumeRoleWithOIDC", "--output", "json", *waited).stdout
    assert "AuthenticationFail.OIDCToken.AudienceNotMatch" in shown
    assert plant.arn("oidc-provider/k8s") in shown
    assert token not in shown


def test_a_policy_may_name_issuers_and_services(plant: Plant) -> None:
    """`ram:OidcIssuerUrl` of what is made and of what is there; `ram:ServiceName` likewise."""
    plant.admin("ram", "CreateUser", UserName="federator")
    pair = plant.admin("ram", "CreateAccessKey", UserName="federator")["AccessKey"]
    user = Key(pair["AccessKeyId"], pair["AccessKeySecret"])
    service = "fnf.aliyuncs.com"
    allowed = {
        "ram:*OIDCProvider": {"ram:OidcIssuerUrl": "https://mine.example.com"},
        "ram:*ServiceLinkedRole": {"ram:ServiceName": service},
    }
    statements = [
        {"Effect": "Allow", "Action": action, "Resource": "*", "Condition": {"StringEquals": condition}}
        for action, condition in allowed.items()
    ]
    document = json.dumps({"Version": "1", "Statement": statements})
    plant.admin("ram", "CreatePolicy", PolicyName="federator", PolicyDocument=document)
    attached = {"PolicyName": "federator", "PolicyType": "Custom", "UserName": "federator"}
    plant.admin("ram", "AttachPolicyToUser", **attached)

    def may(product: str, action: str, **given: str) -> bool:
        try:
            rpc.call(plant.server.url, user, product, action, **given)
        except ApiError as refusal:
            if refusal.code != "NoPermission":
                raise
            return False
        return True

    mine = {"OIDCProviderName": "mine"}
    assert not may("ims", "CreateOIDCProvider", IssuerUrl="https://other.example.com", **mine)
    assert may("ims", "CreateOIDCProvider", IssuerUrl="https://mine.example.com", **mine)
    assert may("ims", "AddClientIdToOIDCProvider", ClientId="a", **mine)
    assert not may("ims", "AddClientIdToOIDCProvider", ClientId="a", OIDCProviderName="k8s")
    assert not may("ims", "DeleteOIDCProvider", OIDCProviderName="k8s")
    assert not may("ims", "DeleteOIDCProvider", OIDCProviderName="none")
    assert may("ims", "DeleteOIDCProvider", **mine)
    assert not may("ram", "CreateServiceLinkedRole", ServiceName="datahub.sfm.aliyuncs.com")
    assert may("ram", "CreateServiceLinkedRole", ServiceName=service)
    plant.admin("ram", "CreateServiceLinkedRole", ServiceName="datahub.sfm.aliyuncs.com")
    assert not may("ram", "DeleteServiceLinkedRole", RoleName="AliyunServiceRoleForSFMDataHubOSSImport")
    assert may("ram", "DeleteServiceLinkedRole", RoleName="AliyunServiceRoleForFnF")


def test_a_signature_that_comes_along_must_be_right(plant: Plant) -> None:
    """Older clients sign these calls too; whose signature it is then counts for nothing."""
    plant.role("pod", "oidc-provider/k8s")
    given = {
        "OIDCProviderArn": plant.arn("oidc-provider/k8s"),
        "RoleArn": plant.arn("role/pod"),
        "OIDCToken": plant.issuer.token(),
        "RoleSessionName": "pod-1",
    }
    answer = plant.admin("sts", "AssumeRoleWithOIDC", **given)
    assert plant.whoami(answer)["Arn"] == plant.arn("assumed-role/pod/pod-1")
    wrong = Key(plant.server.admin.id, "x" * 30)
    with pytest.raises(ApiError) as caught:
        rpc.call(plant.server.url, wrong, "sts", "AssumeRoleWithOIDC", **given)
    assert caught.value.code == "SignatureDoesNotMatch"
