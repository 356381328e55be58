"""A test per setting proves that it binds: the design's first law.

`proves` names the settings that a test here holds; `ELSEWHERE` names the file that holds a setting beside its own
subject.  The contract at the end refuses a setting that neither names.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
import sqlalchemy as sa

from keystead import app, signing
from keystead.identity.mail import Mailer
from keystead.instance import KEY_FILE, quotas_of
from keystead.server.listen import address, bind
from keystead.settings import SETTINGS, Settings
from services.loopback import free_port

TESTS = Path(__file__).parents[1]
RAM, STS = "2015-05-01", "2015-04-01"
PROVEN: set[str] = set()
Test = TypeVar("Test", bound=Callable[..., Any])

ELSEWHERE = {
    **dict.fromkeys(("tls", "tls_port"), "journeys/test_tls.py"),
    **dict.fromkeys(("tls_cert", "tls_key", "tls_names"), "server/test_tls.py"),
    **dict.fromkeys(("database", "port", "data_dir"), "services/server.py"),
    **dict.fromkeys(
        ("console", "console_idle_minutes", "environment_label", "environment_colour"), "console/test_settings.py"
    ),
    **dict.fromkeys(("expiry_warning_days", "expiry_webhook_url"), "server/test_expiry_warnings.py"),
    "webhook_secret_file": "server/test_expiry_warnings.py",
    "smtp_url": "products/people/test_verification.py",
    "proxy_header": "server/test_peers.py",
    "proxy_protocol": "server/test_proxied.py",
    "groups_per_user": "products/ram/test_groups.py",
    "policy_versions": "products/ram/test_policy_versions.py",
    "policies_quota": "products/ram/test_policies.py",
    **dict.fromkeys(
        ("network_policy_statements", "network_policy_addresses"), "products/ims/test_access_key_policies.py"
    ),
    **dict.fromkeys(("applications_quota", "application_secrets"), "products/ims/test_applications.py"),
    "service_credentials_per_service": "products/ims/test_service_credentials.py",
    "oidc_loopback_http": "journeys/test_federation.py",
    **dict.fromkeys(
        ("saml_recipients", "saml_audiences", "identity_providers_quota", "client_ids_per_provider"),
        "journeys/test_federation_settings.py",
    ),
    **dict.fromkeys(("fingerprints_per_provider", "public_url"), "journeys/test_federation_settings.py"),
    "credential_report_hours": "products/ims/test_reports.py",
    "embedded_model": "gateway/test_models.py",
    "embedding_model": "gateway/test_knowledge.py",
    **dict.fromkeys(
        ("model_call_seconds", "reserve_output_tokens", "upstream_body_bytes", "upstream_connect_seconds"),
        "gateway/test_bounds.py",
    ),
    **dict.fromkeys(("upstream_idle_seconds", "upstream_line_bytes"), "gateway/test_bounds.py"),
    **dict.fromkeys(("recycled_users", "recycled_access_keys"), "products/ims/test_recycle_bin.py"),
}


def proves(*names: str) -> Callable[[Test], Test]:
    """Mark a test as the proof of settings."""

    def mark(test: Test) -> Test:
        PROVEN.update(names)
        return test

    return mark


class Node:
    """A node in this process under the given settings; `now` is its clock, which stands still."""

    def __init__(self, home: Path, **settings: Any) -> None:
        given = {"reads_per_second": 0, "writes_per_second": 0, "sts_per_second": 0, **settings}
        self.settings = Settings(data_dir=home, **given)
        self.now = time.time()
        made = app.initialise(self.settings)
        self.account = made.account_id
        self.admin = (made.admin_access_key_id, made.admin_access_key_secret, None)
        self._stack = contextlib.ExitStack()
        self._runner = self._stack.enter_context(asyncio.Runner())
        self._instance = self._stack.enter_context(app.opened(self.settings, lambda: self.now))
        self._assembled = app.assembled(self._instance)
        self._edge = self._runner.run(self._assembled.__aenter__()).edge

    def close(self) -> None:
        """Let go of everything."""
        self._runner.run(self._assembled.__aexit__(None, None, None))
        self._stack.close()

    def send(
        self, target: str, headers: dict[str, str], body: bytes = b"", *, peer: str = "127.0.0.1", secure: bool = False
    ) -> tuple[int, str]:
        """Status and text of the answer to a POST."""
        path, _, query = target.partition("?")
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {
            "type": "http",
            "method": "POST",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "client": (peer, 1),
            "scheme": "https" if secure else "http",
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        }
        self._runner.run(self._edge(scope, receive, send))
        return sent[0]["status"], sent[1]["body"].decode()

    def signed(self, action: str, pair: Any = None, *, ago: float = 0, **given: str) -> tuple[dict[str, str], bytes]:
        """Headers and JSON body of a call under ACS3."""
        key, secret, token = pair or self.admin
        version = STS if action in ("GetCallerIdentity", "AssumeRole") else RAM
        headers = {"host": "t", "x-acs-action": action, "x-acs-version": version, "content-type": "application/json"}
        body = json.dumps(given).encode()
        proof = {"access_key_id": key, "secret": secret, "security_token": token}
        when: dict[str, Any] = {"timestamp": self.now - ago, "nonce": uuid.uuid4().hex}
        return signing.sign_acs3("POST", "/", "", headers, body, **proof, **when), body

    def call(self, action: str, pair: Any = None, *, ago: float = 0, **given: str) -> dict[str, Any]:
        """The answer to a call, a refusal as well."""
        _, text = self.send("/", *self.signed(action, pair, ago=ago, **given))
        found: dict[str, Any] = json.loads(text)
        return found

    def code(self, action: str, pair: Any = None, *, ago: float = 0, **given: str) -> str:
        """The refusal's code, or OK."""
        return str(self.call(action, pair, ago=ago, **given).get("Code", "OK"))

    def gauge(self, name: str) -> float:
        """A value of /metrics."""
        lines = self.send("/metrics", {})[1].splitlines()
        return float(next(line.split()[-1] for line in lines if line.startswith(f"keystead_{name} ")))

    def trust(self) -> str:
        """A trust policy for the account."""
        principal = {"RAM": [f"acs:ram::{self.account}:root"]}
        statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal}
        return json.dumps({"Version": "1", "Statement": [statement]})


Start = Callable[..., Node]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """A function that starts nodes; `beside` shares the data of another one."""
    nodes: list[Node] = []

    def begin(*, beside: Node | None = None, **settings: Any) -> Node:
        home = tmp_path / f"node-{len(nodes)}"
        if beside:
            home.mkdir(mode=0o700)
            shutil.copy(beside.settings.data_dir / KEY_FILE, home)
            settings["database"] = app.database_url(beside.settings)
        nodes.append(Node(home, **settings))
        if beside:
            nodes[-1].admin = beside.admin
        return nodes[-1]

    yield begin
    for node in nodes:
        node.close()


@proves("host")
def test_host() -> None:
    with contextlib.closing(bind(app._listeners(Settings(host="127.0.0.2", port=0))[0])) as bound:
        assert bound.getsockname()[0] == "127.0.0.2"
        assert address(app._listeners(Settings(host="127.0.0.2"))[0], bound).startswith("http://127.0.0.2:")


@proves("account_alias")
def test_account_alias(tmp_path: Path) -> None:
    assert app.initialise(Settings(data_dir=tmp_path, account_alias="harbour")).alias == "harbour"


@proves(
    *("workspaces_quota", "api_keys_quota", "virtual_mfa_devices"),
    *("access_key_max_age_days", "api_key_max_age_days", "api_key_max_idle_days"),
)
@pytest.mark.parametrize(
    ("setting", "quota"),
    [
        ("workspaces_quota", "workspaces"),
        ("api_keys_quota", "api_keys"),
        ("virtual_mfa_devices", "virtual_mfa_devices"),
        ("access_key_max_age_days", "access_key_max_age_days"),
        ("api_key_max_age_days", "api_key_max_age_days"),
        ("api_key_max_idle_days", "api_key_max_idle_days"),
    ],
)
def test_a_setting_is_the_quota_that_its_rule_reads(setting: str, quota: str) -> None:
    """Held in products/: modelstudio/test_models.py, test_keys.py, test_api_key_expiry.py, people/test_mfa.py,
    ims/test_reports.py."""
    assert getattr(quotas_of(Settings(**{setting: 7})), quota) == 7


@proves("smtp_from")
def test_smtp_from() -> None:
    mailer = Mailer.to("smtp://127.0.0.1:2525", "keys@example.com")
    assert mailer is not None
    assert mailer._server.sender == "keys@example.com"
    assert Mailer.to("smtp://127.0.0.1:2525", None) is None


@proves("log_format", "log_level")
@pytest.mark.parametrize(("style", "first"), [("json", "{"), ("human", "2"), ("auto", "{")])
def test_log_format_and_level(style: str, first: str) -> None:
    program = (
        "import logging; from keystead.server import logs\n"
        f"logs.configure({style!r}, 'warning')\n"
        "logging.getLogger('keystead').info('quiet'); logging.getLogger('keystead').warning('loud')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stderr.startswith(first)
    assert "loud" in done.stderr
    assert "quiet" not in done.stderr


@proves("max_body_bytes")
def test_max_body_bytes(start: Start) -> None:
    node = start(max_body_bytes=65_536)
    assert node.code("ListUsers", Padding="x" * 60_000) == "OK"
    assert node.code("ListUsers", Padding="x" * 66_000) == "RequestTooLarge"
    headers, body = node.signed("ListUsers")
    assert "max_body_bytes" in node.send("/", {**headers, "content-length": "65537"}, body)[1]


@proves("max_headers")
def test_max_headers(start: Start) -> None:
    node = start(max_headers=20)
    headers, body = node.signed("ListUsers")
    fitting = {**headers, **{f"a-{n}": "" for n in range(20 - len(headers))}}
    assert node.send("/", fitting, body)[0] == 200
    assert node.send("/", {**fitting, "one-more": ""}, body)[0] == 413


@proves("max_parameters")
@pytest.mark.parametrize("most", [50, 2000])
def test_max_parameters(start: Start, most: int) -> None:
    node = start(max_parameters=most)
    form = {"content-type": "application/x-www-form-urlencoded"}
    for count, refused in ((most, False), (most + 1, True)):
        assert (node.code("ListUsers", **{f"p{n}": "" for n in range(count)}) == "RequestTooLarge") == refused
        pairs = "&".join(f"p{n}=" for n in range(count))
        assert (node.send(f"/?{pairs}", {})[0] == 413) == refused
        assert (node.send("/", form, pairs.encode())[0] == 413) == refused


@proves("replay_window")
def test_replay_window(start: Start) -> None:
    node = start(replay_window=60)
    assert [node.code("GetCallerIdentity", ago=ago) for ago in (55, -55)] == ["OK", "OK"]
    assert {node.code("GetCallerIdentity", ago=ago) for ago in (65, -65)} == {"InvalidTimeStamp.Expired"}


@proves("nonce_limit")
def test_nonce_limit(start: Start) -> None:
    node = start(nonce_limit=1000)
    codes = [node.code("GetCallerIdentity") for _ in range(1001)]
    assert set(codes[:1000]) == {"OK"}
    assert codes[1000] == "Throttling"
    node.now += 1000  # they have left the window: there is room again
    assert node.code("GetCallerIdentity") in ("OK", "ServiceUnavailable")


@proves("directory_size")
def test_directory_size(start: Start) -> None:
    node = start(directory_size=100, access_keys_per_user=100)
    pairs = []
    for name in ("a1", "a2"):
        node.call("CreateUser", UserName=name)
        for _ in range(60):
            key = node.call("CreateAccessKey", UserName=name)["AccessKey"]
            pairs.append((key["AccessKeyId"], key["AccessKeySecret"], None))
    assert {node.code("GetCallerIdentity", pair) for pair in pairs} == {"OK"}
    assert node.gauge("callers") == 100
    assert node.code("GetCallerIdentity", pairs[0]) == "OK"  # one that had to leave


@proves("audit_queue")
def test_audit_queue(start: Start) -> None:
    """While another transaction holds the write lock nothing is flushed: what does not fit is counted."""
    node = start(audit_queue=100)
    assert node.code("GetCallerIdentity") == "OK"
    engine = sa.create_engine(app.database_url(node.settings))
    with engine.connect() as holder:
        holder.exec_driver_sql("BEGIN IMMEDIATE")
        assert {node.code("GetCallerIdentity") for _ in range(300)} == {"OK"}
        assert node.gauge("audit_queued") <= 100
        assert node.gauge("audit_dropped") >= 199
        holder.rollback()
    engine.dispose()


@proves("require_tls")
def test_require_tls(start: Start) -> None:
    node = start(require_tls=True)
    assert node.code("GetCallerIdentity") == "InvalidProtocol.NeedSsl"
    assert node.send("/", *node.signed("GetCallerIdentity"), secure=True)[0] == 200


@proves("sign_v1")
def test_sign_v1(start: Start) -> None:
    for allowed in (True, False):
        node = start(sign_v1=allowed)
        key, secret, _ = node.admin
        given = (("Action", "GetCallerIdentity"), ("Version", STS), ("Format", "JSON"))
        proof: dict[str, Any] = {"access_key_id": key, "secret": secret, "timestamp": node.now, "nonce": "n"}
        pairs = signing.sign_rpc_v1("POST", given, **proof)
        query = "&".join(f"{signing_escape(name)}={signing_escape(value)}" for name, value in pairs)
        status, text = node.send(f"/?{query}", {})
        assert (status == 200) == allowed, text
        assert allowed or "InvalidSignatureMethod" in text
        assert node.code("GetCallerIdentity") == "OK"


def signing_escape(text: str) -> str:
    """Percent-encoded."""
    from urllib.parse import quote

    return quote(text, safe="~")


@proves("policy_extensions")
def test_policy_extensions(start: Start) -> None:
    statement = {"Effect": "Allow", "Action": "ram:GetUser", "Resource": "*", "Condition": {"Null": {"x:y": "true"}}}
    document = json.dumps({"Version": "1", "Statement": [statement]})
    codes = [
        start(policy_extensions=on).code("CreatePolicy", PolicyName="p", PolicyDocument=document)
        for on in (True, False)
    ]
    assert codes[0] == "OK"
    assert codes[1] != "OK"


@proves("trusted_proxies")
def test_trusted_proxies(start: Start) -> None:
    node = start(trusted_proxies=("10.0.0.0/8",), require_tls=True)
    forwarded = {"x-forwarded-proto": "https", "x-forwarded-for": "192.0.2.1"}
    for peer, status in (("10.1.1.1", 200), ("127.0.0.1", 400)):
        headers, body = node.signed("GetCallerIdentity")
        assert node.send("/", {**headers, **forwarded}, body, peer=peer)[0] == status


@proves("metrics_from")
def test_metrics_from(start: Start) -> None:
    node = start(metrics_from=("192.0.2.0/24",))
    assert [node.send("/metrics", {}, peer=peer)[0] for peer in ("192.0.2.9", "127.0.0.1")] == [200, 403]


@proves("reads_per_second", "writes_per_second", "sts_per_second")
@pytest.mark.parametrize(
    ("name", "action", "given"),
    [
        ("reads_per_second", "ListUsers", {}),
        ("writes_per_second", "DeleteUser", {"UserName": "nobody"}),
        ("sts_per_second", "GetCallerIdentity", {}),
    ],
)
def test_rates(start: Start, name: str, action: str, given: dict[str, str]) -> None:
    node = start(**{name: 5})
    codes = [node.code(action, **given) for _ in range(7)]
    assert "Throttling.User" not in codes[:5]
    assert set(codes[5:]) == {"Throttling.User"}
    assert name in node.call(action, **given)["Recommend"]
    node.now += 1
    assert node.code(action, **given) != "Throttling.User"


@proves("redis_url")
def test_redis_url(start: Start, redis_url: str) -> None:
    here = start(redis_url=redis_url, reads_per_second=5)
    there = start(redis_url=redis_url, reads_per_second=5, beside=here)
    there.now = here.now
    request = here.signed("GetCallerIdentity")
    assert here.send("/", *request)[0] == 200
    assert "SignatureNonceUsed" in there.send("/", *request)[1]
    codes = [node.code("ListUsers") for node in (here, there) * 4]
    assert codes.count("Throttling.User") == 3


@proves("redis_url")
def test_without_redis_a_read_passes_at_the_other_node(start: Start) -> None:
    """What the setting changes; writes are refused by the database either way."""
    here = start()
    there = start(beside=here)
    request = here.signed("GetCallerIdentity")
    assert [node.send("/", *request)[0] for node in (here, there)] == [200, 200]


@proves("redis_url")
def test_a_redis_that_does_not_answer_refuses_every_call(start: Start) -> None:
    node = start(redis_url=f"redis://127.0.0.1:{free_port()}/0")
    assert node.code("GetCallerIdentity") == "ServiceUnavailable"


def _quota(node: Node, action: str, name: str, **given: str) -> list[str]:
    """The codes of two creations."""
    return [node.code(action, **{name: f"thing-{number}"}, **given) for number in range(2)]


@proves("users_quota", "groups_quota", "roles_quota", "access_keys_per_user", "account_access_keys")
def test_quotas(start: Start) -> None:
    node = start(users_quota=2, groups_quota=1, roles_quota=1, access_keys_per_user=1, account_access_keys=1)
    assert _quota(node, "CreateUser", "UserName") == ["OK", "LimitExceeded.User"]  # admin is the other one
    assert _quota(node, "CreateGroup", "GroupName") == ["OK", "LimitExceeded.Group"]
    roles = _quota(node, "CreateRole", "RoleName", AssumeRolePolicyDocument=node.trust())
    assert roles == ["OK", "LimitExceeded.Role"]
    assert node.code("CreateAccessKey", UserName="admin").startswith("LimitExceeded")
    app.create_account_access_key(node.settings)
    with pytest.raises(Exception, match="LimitExceeded"):
        app.create_account_access_key(node.settings)


@proves("policy_size", "trust_policy_size", "session_policy_size")
def test_sizes(start: Start) -> None:
    node = start(policy_size=300, trust_policy_size=300, session_policy_size=300)
    for size, fits in ((250, True), (400, False)):
        statement = {"Effect": "Allow", "Action": "ram:GetUser", "Resource": f"acs:ram:*:*:user/{'a' * (size - 90)}"}
        document = json.dumps({"Version": "1", "Statement": [statement]})
        name = f"n{size}"
        assert (node.code("CreatePolicy", PolicyName=name, PolicyDocument=document) == "OK") == fits
        trust = node.trust().replace("{", "{" + " " * (size - 150), 1)
        assert (node.code("CreateRole", RoleName=name, AssumeRolePolicyDocument=trust) == "OK") == fits
        role = f"acs:ram::{node.account}:role/n250"
        given = {"RoleArn": role, "RoleSessionName": "test", "Policy": document}
        assert (node.code("AssumeRole", **given) == "OK") == fits


@proves(*(f"attached_{kind}_per_{holder}" for kind in ("custom", "system") for holder in ("user", "group", "role")))
@pytest.mark.parametrize("holder", ["User", "Group", "Role"])
@pytest.mark.parametrize("kind", ["Custom", "System"])
def test_attachments(start: Start, holder: str, kind: str) -> None:
    node = start(**{f"attached_{kind.lower()}_per_{holder.lower()}": 1})
    trust = {"AssumeRolePolicyDocument": node.trust()} if holder == "Role" else {}
    named = {f"{holder}Name": "it"}
    assert node.code(f"Create{holder}", **named, **trust) == "OK"
    names = ("ReadOnlyAccess", "AliyunRAMReadOnlyAccess") if kind == "System" else ("p1", "p2")
    codes = []
    for name in names:
        if kind == "Custom":
            statement = {"Effect": "Allow", "Action": "ram:GetUser", "Resource": "*"}
            document = json.dumps({"Version": "1", "Statement": [statement]})
            assert node.code("CreatePolicy", PolicyName=name, PolicyDocument=document) == "OK"
        codes.append(node.code(f"AttachPolicyTo{holder}", PolicyName=name, PolicyType=kind, **named))
    assert codes[0] == "OK"
    assert codes[1].startswith("LimitExceeded")


def test_every_setting_has_its_proof() -> None:
    """A new setting needs a test: here with `proves`, or in a file that `ELSEWHERE` names."""
    assert set(SETTINGS) - PROVEN - set(ELSEWHERE) == set()
    assert not PROVEN & set(ELSEWHERE)
    for name, file in ELSEWHERE.items():
        assert (TESTS / file).is_file(), name
    assert dataclasses.is_dataclass(Settings)
