"""What the scenarios of the catalogue test ask for by name, made on a running server when first asked."""

from __future__ import annotations

import base64
import itertools
import json
import re
import secrets
import time
from collections.abc import Callable, Mapping
from typing import Any

import pyotp

from contracts.scenarios import ALLOW, TAGS, TRUST, Step
from journeys.client import ApiError, Key
from journeys.current_sdk import CurrentSdk
from services.idp import IdP
from services.server import Server

_NAME = re.compile(r"<([a-z_0-9]+)>")
_count = itertools.count()


def attempt(call: Callable[[], dict[str, Any]]) -> tuple[dict[str, Any], ApiError | None]:
    """The answer of a call, or its refusal."""
    try:
        return call(), None
    except ApiError as refusal:
        return {}, refusal


class World:
    """One server for all scenarios: its SDK, an identity provider, an application of another account."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.sdk = CurrentSdk(server)
        self.metadata = base64.b64encode(IdP().metadata()).decode()
        self.foreign = self._other_account()
        given = {"AppName": "foreign", "DisplayName": "Foreign", "AppType": "NativeApp", "SecretRequired": False}
        made = self.sdk.call(self.foreign, "ims", "CreateApplication", given)  # type: ignore[arg-type]
        self.foreign_app = made["Application"]["AppId"]

    def _other_account(self) -> Key:
        """The pair of the administrator of one more account."""
        server = self.server
        wanted = ["account", "create", "--alias", f"other-{secrets.token_hex(4)}", "--data-dir", str(server.data_dir)]
        before = {each["name"] for each in json.loads(server.profile_file.read_text())["profiles"]}
        done = server.cli(*wanted, *(("--database", server.database) if server.database else ()))
        assert done.returncode == 0, done.stderr
        profiles = json.loads(server.profile_file.read_text())["profiles"]
        (made,) = [each for each in profiles if each["name"] not in before]
        return Key(made["access_key_id"], made["access_key_secret"])


class Stage:
    """The things of one scenario.  `fresh` is new each time, everything else is made once."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.made: dict[str, Any] = {}
        self.secrets: dict[str, str] = {}

    def run(self, step: Step, by: Key | None = None) -> dict[str, Any]:
        """One call, its placeholders filled."""
        product, action, given = step
        key = by or self.world.server.admin
        return self.world.sdk.call(key, product, action, self.fill({k: v for k, v in given.items() if v is not None}))

    def caller(self, by: str) -> Key:
        """Whose pair calls: the administrator's, or one that is made."""
        if by == "admin":
            return self.world.server.admin
        access_key_id = str(self.fill(by))
        return Key(access_key_id, self.secrets[access_key_id])

    def fill(self, value: Any) -> Any:
        """The value with everything made that it names."""
        if isinstance(value, str):
            return _NAME.sub(lambda found: str(self[found[1]]), value)
        if isinstance(value, Mapping):
            return {name: self.fill(each) for name, each in value.items()}
        return [self.fill(each) for each in value] if isinstance(value, list) else value

    def __getitem__(self, name: str) -> Any:
        if name == "fresh":
            return f"n{next(_count)}{secrets.token_hex(3)}"
        if name not in self.made:
            self.made[name] = getattr(self, "_" + name)()
        return self.made[name]

    def _call(self, product: str, action: str, **given: Any) -> Any:
        return self.run((product, action, given))

    def _user(self) -> str:
        return str(self._call("ram", "CreateUser", UserName=self["fresh"])["User"]["UserName"])

    def _user_id(self) -> str:
        return str(self._call("ram", "GetUser", UserName="<user>")["User"]["UserId"])

    def _domain(self) -> str:
        return str(self._call("ims", "GetDefaultDomain")["DefaultDomainName"])

    def _upn(self) -> str:
        return f"{self['user']}@{self['domain']}"

    def _key(self) -> str:
        made = self._call("ram", "CreateAccessKey", UserName="<user>")["AccessKey"]
        self.secrets[made["AccessKeyId"]] = made["AccessKeySecret"]
        self["user_id"]  # what a pair in the bin is found by is read before it goes there
        return str(made["AccessKeyId"])

    def _group(self) -> str:
        return str(self._call("ram", "CreateGroup", GroupName=self["fresh"])["Group"]["GroupName"])

    def _root(self) -> str:
        return f"acs:ram::{self.world.server.account_id}:root"

    def _role(self) -> str:
        given = {"RoleName": self["fresh"], "AssumeRolePolicyDocument": TRUST, "Tag": TAGS}
        return str(self._call("ram", "CreateRole", **given)["Role"]["RoleName"])

    def _role_arn(self) -> str:
        return f"acs:ram::{self.world.server.account_id}:role/{self['role']}"

    def _policy(self) -> str:
        given = {"PolicyName": self["fresh"], "PolicyDocument": ALLOW, "Tag": TAGS}
        return str(self._call("ram", "CreatePolicy", **given)["Policy"]["PolicyName"])

    def _alias(self) -> str:
        return f"a{secrets.token_hex(6)}"

    def _device(self) -> str:
        made = self._call("ram", "CreateVirtualMFADevice", VirtualMFADeviceName=self["fresh"])["VirtualMFADevice"]
        now = int(time.time())
        codes = pyotp.TOTP(made["Base32StringSeed"])
        self.made |= {"code1": codes.at(now - 30), "code2": codes.at(now)}
        return str(made["SerialNumber"])

    def _diagnostic(self) -> str:
        _, refusal = attempt(lambda: self.run(("ram", "ListUsers", {}), self.caller("<key>")))
        assert refusal is not None
        assert refusal.detail is not None
        return refusal.detail["EncodedDiagnosticMessage"]

    def _app(self) -> str:
        given = {"AppName": self["fresh"], "DisplayName": "App", "AppType": "WebApp", "SecretRequired": True}
        return str(self._call("ims", "CreateApplication", **given)["Application"]["AppId"])

    def _app_secret(self) -> str:
        return str(self._call("ims", "CreateAppSecret", AppId="<app>")["AppSecret"]["AppSecretId"])

    def _foreign_app(self) -> str:
        # One for all scenarios: taken out where the one before installed it.
        app = self.world.foreign_app
        attempt(lambda: self.run(("ims", "DeprovisionExternalApplication", {"AppId": app})))
        return str(self.world.foreign_app)

    def _metadata(self) -> str:
        return self.world.metadata

    def _saml(self) -> str:
        given = {"SAMLProviderName": self["fresh"], "EncodedSAMLMetadataDocument": self.world.metadata}
        return str(self._call("ims", "CreateSAMLProvider", **given)["SAMLProvider"]["SAMLProviderName"])

    def _saml_arn(self) -> str:
        return f"acs:ram::{self.world.server.account_id}:saml-provider/{self['saml']}"

    def _oidc(self) -> str:
        name = self["fresh"]
        given = {"OIDCProviderName": name, "IssuerUrl": f"https://{name}.example.com", "ClientIds": "a,b"}
        self._call("ims", "CreateOIDCProvider", **given, Fingerprints="0" * 40)
        return str(name)

    def _oidc_arn(self) -> str:
        return f"acs:ram::{self.world.server.account_id}:oidc-provider/{self['oidc']}"

    def _credential(self) -> str:
        given = {"UserPrincipalName": "<upn>", "ServiceCredentialName": "c", "ServiceName": "bailian"}
        return str(self._call("ims", "CreateServiceCredential", **given)["ServiceCredential"]["ServiceCredentialId"])
