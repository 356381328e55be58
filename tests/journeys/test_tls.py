"""TLS, for clients that insist on it: alibabacloud-credentials borrows a role, and the SDK signs with what it got."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Callable

import httpx
import pytest
from alibabacloud_credentials.client import Client as CredentialClient
from alibabacloud_credentials.models import Config as CredentialConfig
from alibabacloud_ram20150501.client import Client as RamClient
from alibabacloud_ram20150501.models import GetUserRequest, ListUsersRequest
from alibabacloud_tea_openapi.exceptions import ClientException
from alibabacloud_tea_openapi.models import Config

from journeys.story import READ_ONLY, policy
from services import rpc
from services.loopback import free_port
from services.server import Server


@pytest.fixture
def tls_port() -> int:
    """The port of the TLS listener."""
    return free_port()


@pytest.fixture
def tls_server(start_server: Callable[..., Server], tls_port: int, monkeypatch: pytest.MonkeyPatch) -> Server:
    """A server with a certificate of its own authority, which this process trusts."""
    server = start_server(options=("--tls", "auto", "--tls-port", str(tls_port)))
    monkeypatch.setenv("SSL_CERT_FILE", str(server.data_dir / "tls" / "ca.pem"))
    return server


def test_role_is_borrowed_over_tls_and_narrowed(tls_server: Server, tls_port: int) -> None:
    """Type ram_role_arn: an AssumeRole over https, a session narrowed by a policy, calls of the SDK with it."""
    server, admin = tls_server, tls_server.admin
    trust = policy(["sts:AssumeRole"], principal={"RAM": [f"acs:ram::{server.account_id}:root"]})
    rpc.call(server.url, admin, "ram", "CreateRole", RoleName="auditor", AssumeRolePolicyDocument=trust)
    rpc.call(server.url, admin, "ram", "AttachPolicyToRole", **READ_ONLY, RoleName="auditor")
    narrow = json.dumps(json.loads(policy(["ram:GetUser"], "*")), separators=(",", ":"))  # it signs a space as `+`
    borrowed = CredentialClient(
        CredentialConfig(
            type="ram_role_arn",
            access_key_id=admin.id,
            access_key_secret=admin.secret,
            role_arn=f"acs:ram::{server.account_id}:role/auditor",
            role_session_name="by-itself",
            policy=narrow,
            sts_endpoint=f"{server.host}:{tls_port}",
        )
    )
    got = borrowed.get_credential()
    assert got.access_key_id.startswith("STS.")

    endpoint = f"{server.host}:{server.port}"
    ram = RamClient(Config(credential=borrowed, endpoint=endpoint, protocol="http"))
    assert ram.get_user(GetUserRequest(user_name="admin")).body.user.user_name == "admin"
    with pytest.raises(ClientException) as caught:
        ram.list_users(ListUsersRequest())
    assert caught.value.code == "NoPermission"
    assert caught.value.access_denied_detail["PolicyType"] == "SessionPolicy"


def test_a_connection_that_is_kept_open_does_not_hold_up_the_stop(tls_server: Server, tls_port: int) -> None:
    """SDKs keep connections; a restart must not wait for them."""
    trust = ssl.create_default_context(cafile=tls_server.data_dir / "tls" / "ca.pem")
    with httpx.Client(verify=trust, trust_env=False) as client:
        assert client.get(f"https://{tls_server.host}:{tls_port}/readyz").status_code == 200
        began = time.monotonic()
        tls_server.stop()
        assert time.monotonic() - began < 5
