"""Prowler's checks of an Alibaba Cloud account, run to the end against seeded accounts of Keystead.

Prowler has no setting for its hosts, so its process alone resolves them to the TLS listener of the server, trusts the
server's own authority, and reaches nothing else. It is large and wants other versions than our tests do: it lives in
an environment of its own, made from `requirements/prowler.txt` and kept in pytest's cache folder. Sections 10 and 12
of `ram-behaviour.md` say what each check reads.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import subprocess
import sys
import time
import venv
from collections.abc import Callable
from pathlib import Path

import pytest

from journeys.story import policy
from services import rpc
from services.loopback import LOOPBACK, child_environment, free_port
from services.process import missing
from services.rpc import Key
from services.server import Server

LOCKED = Path(__file__).parents[2] / "requirements" / "prowler.txt"
HOSTS = ("ram.aliyuncs.com", "sts.cn-hangzhou.aliyuncs.com")
PASSWORD = "Keystead-4-prowler!"
DAY = 86_400
MANAGED = (
    "ram_password_policy_lowercase",
    "ram_password_policy_uppercase",
    "ram_password_policy_number",
    "ram_password_policy_symbol",
    "ram_password_policy_minimum_length",
    "ram_password_policy_max_login_attempts",
    "ram_password_policy_max_password_age",
    "ram_password_policy_password_reuse_prevention",
)

RESOLVER = '''
"""Loaded by the interpreter at its start: two names lead to the server, and nothing else leads anywhere."""

import os
import socket

_hosts, _port = os.environ["PROWLER_HOSTS"].split(","), int(os.environ["PROWLER_PORT"])
_look_up = socket.getaddrinfo


def _here(host, port, *arguments, **named):
    if isinstance(host, bytes):
        host = host.decode()
    if host in _hosts:
        return _look_up("127.0.0.1", _port, *arguments, **named)
    with open(os.environ["PROWLER_REFUSED"], "a") as refused:
        refused.write(f"{host}\\n")
    raise socket.gaierror(socket.EAI_NONAME, f"{host} is not known here")


socket.getaddrinfo = _here
'''


@pytest.fixture(scope="session")
def prowler(pytestconfig: pytest.Config) -> Path:
    """The folder of an environment that has Prowler in it; made once and kept as long as its pins stay the same."""
    assert pytestconfig.cache is not None
    home = pytestconfig.cache.mkdir("prowler")
    stamp, wanted = home / "stamp", hashlib.sha256(sys.version.encode() + LOCKED.read_bytes()).hexdigest()
    programs = home / "venv" / ("Scripts" if os.name == "nt" else "bin")
    if stamp.is_file() and stamp.read_text() == wanted:
        return programs
    venv.create(home / "venv", with_pip=True, clear=True)
    options = ["--disable-pip-version-check", "--no-input", "--quiet", "install", "--no-deps", "--require-hashes"]
    done = subprocess.run(
        [str(programs / "python"), "-m", "pip", *options, "-r", str(LOCKED)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        missing("prowler", f"pip could not install requirements/prowler.txt: {done.stderr.strip()[-600:]}")
    stamp.write_text(wanted)
    return programs


class Scan:
    """One run of Prowler: what each check said of each thing."""

    def __init__(self, programs: Path, server: Server, tls_port: int, key: Key, home: Path) -> None:
        home.mkdir()
        (home / "sitecustomize.py").write_text(RESOLVER)
        refused, authority = home / "refused", str(server.data_dir / "tls" / "ca.pem")
        refused.touch()
        environment = {
            "ALIBABA_CLOUD_ACCESS_KEY_ID": key.id,
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET": key.secret,
            "HOME": str(home),
            "PYTHONPATH": str(home),
            "PROWLER_HOSTS": ",".join(HOSTS),
            "PROWLER_PORT": str(tls_port),
            "PROWLER_REFUSED": str(refused),
            "SSL_CERT_FILE": authority,
            "REQUESTS_CA_BUNDLE": authority,
        }
        options = ["--services", "ram", "--region", "cn-hangzhou", "--output-formats", "csv", "json-ocsf"]
        options += ["--output-directory", str(home / "out"), "--output-filename", "said"]
        done = subprocess.run(
            [str(programs / "prowler"), "alibabacloud", *options, "--no-banner", "--no-color", "--ignore-exit-code-3"],
            env=child_environment(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=900,
            cwd=home,
            check=False,
        )
        self.printed = done.stdout + done.stderr
        assert done.returncode == 0, self.printed
        assert not refused.read_text()  # it asked for its two hosts and for nothing else
        report = json.loads((home / "out" / "said.ocsf.json").read_text())
        self.said = {
            (each["metadata"]["event_code"], each["resources"][0]["uid"]): each["status_code"] for each in report
        }
        assert len(self.said) == len(report)

    def of(self, check: str) -> dict[str, str]:
        """What the check said, by the name at the end of the thing's ARN."""
        return {arn.rpartition("/")[2]: status for (name, arn), status in self.said.items() if name == check}


class Account:
    """An account to be looked at."""

    def __init__(self, server: Server) -> None:
        self.server = server

    def ram(self, action: str, **parameters: str) -> dict[str, dict[str, str]]:
        """Call as the first user."""
        return rpc.call(self.server.url, self.server.admin, "ram", action, **parameters)  # type: ignore[return-value]

    def key(self, user: str) -> str:
        """Give the user a pair."""
        return self.ram("CreateAccessKey", UserName=user)["AccessKey"]["AccessKeyId"]

    def age(self, key: str, days: int) -> None:
        """Make a pair older than it is: in the database, with the server stopped."""
        self.server.stop()
        [file] = self.server.data_dir.glob("*.db")
        with sqlite3.connect(file) as database:
            [[made]] = database.execute("select created_at from access_keys where id = ?", (key,))
            unit = 1000 if made > 100 * time.time() else 1
            earlier = made - days * DAY * unit
            database.execute("update access_keys set created_at = ? where id = ?", (earlier, key))
        database.close()
        self.server.start()


@pytest.fixture
def tls_port() -> int:
    """The port of the TLS listener."""
    return free_port()


@pytest.fixture
def account(start_server: Callable[..., Server], tls_port: int) -> Account:
    """A new server whose certificate names Prowler's hosts."""
    names = [part for host in (*HOSTS, LOOPBACK) for part in ("--tls-name", host)]
    return Account(start_server(options=("--tls", "auto", "--tls-port", str(tls_port), *names)))


@pytest.mark.long
def test_an_account_that_is_left_open(account: Account, prowler: Path, tls_port: int, tmp_path: Path) -> None:
    """As a user: the default password policy, users with old pairs, direct policies and open consoles."""
    ram = account.ram
    for user in ("bare", "console", "guarded", "old-key", "held"):
        ram("CreateUser", UserName=user)
    ram("CreateLoginProfile", UserName="console", Password=PASSWORD)
    ram("CreateLoginProfile", UserName="guarded", Password=PASSWORD, MFABindRequired="true")
    ram("AttachPolicyToUser", UserName="held", PolicyName="AliyunRAMReadOnlyAccess", PolicyType="System")
    ram("CreateGroup", GroupName="readers")
    ram("AddUserToGroup", UserName="bare", GroupName="readers")  # a group's policies are not the user's own
    for name, actions in {"all-of-it": ["*"], "some-of-it": ["oss:*"], "idle": ["*"]}.items():
        ram("CreatePolicy", PolicyName=name, PolicyDocument=policy(actions, "*"))
    for name in ("all-of-it", "some-of-it"):
        ram("AttachPolicyToGroup", GroupName="readers", PolicyName=name, PolicyType="Custom")
    # the first version allowed all, the one in force does not: the default version is what counts
    ram("CreatePolicy", PolicyName="mended", PolicyDocument=policy(["*"], "*"))
    ram("CreatePolicyVersion", PolicyName="mended", PolicyDocument=policy(["oss:*"], "*"), SetAsDefault="true")
    ram("AttachPolicyToGroup", GroupName="readers", PolicyName="mended", PolicyType="Custom")
    ram("CreateVirtualMFADevice", VirtualMFADeviceName="spare")  # its listing loop trips over it, and it goes on
    new, old, sleeping = account.key("bare"), account.key("old-key"), account.key("old-key")
    ram("UpdateAccessKey", UserName="old-key", UserAccessKeyId=sleeping, Status="Inactive")
    account.age(old, 120)
    account.age(sleeping, 400)

    scan = Scan(prowler, account.server, tls_port, account.server.admin, tmp_path / "scan")
    weak = dict.fromkeys(MANAGED, "FAIL") | {"ram_password_policy_max_password_age": "PASS"}  # 0: never expires
    for check, wanted in weak.items():
        assert list(scan.of(check).values()) == [wanted], check
    assert list(scan.of("ram_no_root_access_key").values()) == ["MANUAL"]
    assert scan.of("ram_rotate_access_key_90_days") == {
        new: "PASS",
        old: "FAIL",
        account.server.admin.id: "PASS",
    }  # the inactive pair is passed over
    users = dict.fromkeys(("admin", "bare", "console", "guarded", "old-key", "held"), "PASS")
    assert scan.of("ram_policy_attached_only_to_group_or_roles") == {**users, "held": "FAIL", "admin": "FAIL"}
    assert scan.of("ram_policy_no_administrative_privileges") == {
        "all-of-it": "FAIL",
        "some-of-it": "PASS",
        "mended": "PASS",
    }
    assert scan.of("ram_user_console_access_unused") == {**users, "console": "FAIL", "guarded": "FAIL"}
    assert scan.of("ram_user_mfa_enabled_console_access") == {"console": "FAIL", "guarded": "PASS"}
    assert len({name for name, _ in scan.said}) == len(MANAGED) + 6  # all its RAM checks, and each said something


@pytest.mark.long
def test_an_account_that_is_looked_after(account: Account, prowler: Path, tls_port: int, tmp_path: Path) -> None:
    """As the account itself: a strict password policy and nothing on the users, but a pair of the account's own."""
    rules = {f"Require{each}": "true" for each in ("LowercaseCharacters", "UppercaseCharacters", "Numbers", "Symbols")}
    numbers = {"MinimumPasswordLength": "14", "MaxLoginAttemps": "5", "PasswordReusePrevention": "5"}
    account.ram("SetPasswordPolicy", **rules, **numbers, MaxPasswordAge="365")
    account.ram("CreateUser", UserName="bare")

    root = account.server.account_key()
    scan = Scan(prowler, account.server, tls_port, root, tmp_path / "scan")
    for check in MANAGED:
        assert list(scan.of(check).values()) == ["PASS"], check
    assert list(scan.of("ram_no_root_access_key").values()) == ["FAIL"]  # the pair that it runs with
    assert scan.of("ram_rotate_access_key_90_days") == {account.server.admin.id: "PASS"}
    assert scan.of("ram_policy_attached_only_to_group_or_roles")["bare"] == "PASS"
    assert scan.of("ram_user_console_access_unused") == {"admin": "PASS", "bare": "PASS"}
    for silent in ("ram_policy_no_administrative_privileges", "ram_user_mfa_enabled_console_access"):
        assert scan.of(silent) == {}  # no custom policy is attached, no user has a console
