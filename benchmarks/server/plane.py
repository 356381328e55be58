"""Servers to measure: the real program on a core of its own, filled by SQL, and requests signed beforehand."""

from __future__ import annotations

import compileall
import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import sqlalchemy as sa

import keystead as keystead_package
from keystead import app, bootstrap, ids, signing
from keystead.clock import system_clock
from keystead.settings import Settings
from keystead.store import tables

SERVER_CORE, LOAD_CORE = 0, (os.cpu_count() or 1) - 1
PROGRAM = Path(sys.executable).with_name("keystead")
LIMITS = {
    "KEYSTEAD_STS_PER_SECOND": "0",
    "KEYSTEAD_READS_PER_SECOND": "0",
    "KEYSTEAD_WRITES_PER_SECOND": "0",
    "KEYSTEAD_USERS_QUOTA": "1000000",
    "KEYSTEAD_DIRECTORY_SIZE": "500000",
    "KEYSTEAD_NONCE_LIMIT": "10000000",
}
VERSIONS = {"GetCallerIdentity": "2015-04-01", "AssumeRole": "2015-04-01"}
ON_ITSELF = "AliyunRAMReadOnlyAccess"


@dataclass(frozen=True)
class Pair:
    """What a request is signed with, and whose it is."""

    id: str
    secret: str = field(repr=False)
    user: str = ""
    token: str | None = field(default=None, repr=False)


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def started(command: list[str], port: int, *, path: str = "/readyz", **environment: str) -> Iterator[tuple[int, float]]:
    """Run a program on the server's core.  Yields its process ID and the seconds until its first answer.

    The modules are compiled beforehand, as those of every installed program are.
    """
    compileall.compile_dir(Path(keystead_package.__file__).parent, quiet=1)
    os.sched_setaffinity(0, {LOAD_CORE})
    foreign = ("KEYSTEAD_", "PYTHONDONTWRITEBYTECODE")
    env = {name: value for name, value in os.environ.items() if not name.startswith(foreign)} | environment
    began = time.perf_counter()
    process = subprocess.Popen(
        command,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        preexec_fn=lambda: os.sched_setaffinity(0, {SERVER_CORE}),
    )
    try:
        while not _answers(port, path):
            if process.poll() is not None or time.perf_counter() - began > 120:
                raise SystemExit(f"{command} did not start")
            time.sleep(0.001)
        yield process.pid, time.perf_counter() - began
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def _answers(port: int, path: str) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(f"GET {path} HTTP/1.1\r\nhost: bench\r\nconnection: close\r\n\r\n".encode())
            return b" 200 " in connection.recv(64)
    except OSError:
        return False


def keystead(home: Path, port: int, database: str = "") -> contextlib.AbstractContextManager[tuple[int, float]]:
    """The program with its data in `home`, without rate limits."""
    command = [str(PROGRAM), "serve", "--data-dir", str(home / "data"), "--port", str(port)]
    if database:
        command += ["--database", database]
    return started(command, port, KEYSTEAD_PROFILE_FILE=str(home / "profile.json"), **LIMITS)


def empty(port: int) -> contextlib.AbstractContextManager[tuple[int, float]]:
    """The same listener with an empty handler."""
    return started([sys.executable, str(Path(__file__).with_name("empty.py")), str(port)], port)


@contextlib.contextmanager
def home() -> Iterator[Path]:
    """A folder that goes away."""
    with tempfile.TemporaryDirectory(prefix="keystead-bench-") as folder:
        yield Path(folder)


@contextlib.contextmanager
def databases(count: int = 1) -> Iterator[list[str]]:
    """The addresses of so many new databases on a PostgreSQL of their own; none where it is not installed."""
    sys.path.append(str(Path(__file__).parents[2] / "tests"))
    try:
        from services.postgres import cluster, programs

        programs()
    except (pytest.skip.Exception, pytest.fail.Exception) as error:  # as the test helper says it
        print(f"PostgreSQL is not installed ({type(error).__name__})")
        yield []
        return
    with contextlib.ExitStack() as stack:
        running = stack.enter_context(cluster())
        yield [stack.enter_context(running.database()) for _ in range(count)]


def fill(folder: Path, users: int, database: str = "") -> list[Pair]:
    """Make the account with `users` users, two pairs and a policy each, by SQL; their secrets are sealed as ever."""
    settings = Settings(data_dir=folder / "data", database=database or None)
    app.initialise(settings)
    pairs: list[Pair] = []
    with app.opened(settings) as instance:
        now = int(system_clock())
        with instance.database.reading(now) as tx:
            account = bootstrap.find_account(tx, None).id
        rows: dict[sa.Table, list[dict[str, Any]]] = {tables.users: [], tables.access_keys: [], tables.attachments: []}
        times = {"created_at": now, "updated_at": now}
        texts = dict.fromkeys(("display_name", "mobile_phone", "email", "comments"), "")
        for number in range(users):
            user, name = ids.user_id(), f"user-{number:06d}"
            owned = {"account_id": account, **times}
            rows[tables.users].append({"id": user, "name": name, "name_key": name, **texts, **owned})
            for _ in range(2):
                pair = Pair(ids.access_key_id(), ids.access_key_secret(), name)
                sealed = instance.keyring.seal(pair.secret.encode(), f"access-key:{pair.id}")
                key = {"id": pair.id, "user_id": user, "sealed_secret": sealed, "status": "Active", **owned}
                rows[tables.access_keys].append(key)
                pairs.append(pair)
            policy = {"policy_type": "System", "policy_id": ON_ITSELF, "resource_group_id": ""}
            entity = {"entity_id": user, "entity_kind": "user", "account_id": account, "attached_at": now}
            rows[tables.attachments].append({**policy, **entity})
        with instance.database.writing(now, "") as tx:
            for table, values in rows.items():
                for start in range(0, len(values), 10_000):
                    tx.connection.execute(sa.insert(table), values[start : start + 10_000])
    return pairs


def grant_admin(folder: Path, database: str = "") -> Pair:
    """A pair of the account itself, for preparations."""
    settings = Settings(data_dir=folder / "data", database=database or None)
    return Pair(*app.create_account_access_key(settings))


def acs3(pair: Pair, action: str, given: dict[str, str] | None = None) -> bytes:
    """A POST signed with ACS3, its parameters in the query, as the vendor's current SDKs send it."""
    query = urlencode(given or {})
    version = VERSIONS.get(action, "2015-05-01")
    headers = {
        "host": "127.0.0.1:8420",
        "accept": "application/json",
        "user-agent": "AlibabaCloud (Linux; x86_64) Python/3.11.7 Core/0.4.3 TeaDSL/2",
        "x-acs-action": action,
        "x-acs-version": version,
    }
    proof: dict[str, Any] = {"access_key_id": pair.id, "secret": pair.secret, "security_token": pair.token}
    signed = signing.sign_acs3("POST", "/", query, headers, b"", timestamp=time.time(), nonce=uuid.uuid4().hex, **proof)
    lines = "".join(f"{name}: {value}\r\n" for name, value in signed.items())
    return f"POST /{'?' + query if query else ''} HTTP/1.1\r\n{lines}content-length: 0\r\n\r\n".encode()


def rpc(pair: Pair, action: str, given: dict[str, str] | None = None) -> bytes:
    """A GET signed with RPC 1.0, as the CLI and the older SDKs send it."""
    named = {"Action": action, "Version": VERSIONS.get(action, "2015-05-01"), "Format": "JSON", **(given or {})}
    proof: dict[str, Any] = {"access_key_id": pair.id, "secret": pair.secret, "security_token": pair.token}
    pairs = signing.sign_rpc_v1("GET", tuple(named.items()), timestamp=time.time(), nonce=uuid.uuid4().hex, **proof)
    head = "host: 127.0.0.1:8420\r\naccept: */*\r\nuser-agent: aliyun-cli/3.0\r\n"
    return f"GET /?{urlencode(pairs)} HTTP/1.1\r\n{head}\r\n".encode()


Maker = Callable[[Pair, str, dict[str, str] | None], bytes]


def one(port: int, request: bytes) -> dict[str, Any]:
    """The answer to one request; it must be 200."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(request)
        received = b""
        while b"\r\n\r\n" not in received or not received.endswith(b"}"):
            received += connection.recv(65_536)
    head, _, body = received.partition(b"\r\n\r\n")
    assert b" 200 " in head[:20], body
    found: dict[str, Any] = json.loads(body)
    return found


def session(port: int, by: Pair) -> Pair:
    """Make a role that may read, and borrow it by a user that may do anything; the account itself may not borrow."""
    arn = one(port, acs3(by, "GetCallerIdentity"))["Arn"]
    account = arn.split(":")[3]
    principal = {"RAM": [f"acs:ram::{account}:root"]}
    trust = {"Version": "1", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal}]}
    name = f"role-{secrets.token_hex(4)}"
    role = {"RoleName": name, "AssumeRolePolicyDocument": json.dumps(trust)}
    made = one(port, acs3(by, "CreateRole", role))["Role"]
    policy = {"RoleName": name, "PolicyType": "System", "PolicyName": ON_ITSELF}
    one(port, acs3(by, "AttachPolicyToRole", policy))
    user = {"UserName": name}
    one(port, acs3(by, "CreateUser", user))
    everything = {"PolicyType": "System", "PolicyName": "AdministratorAccess"}
    one(port, acs3(by, "AttachPolicyToUser", {**user, **everything}))
    key = one(port, acs3(by, "CreateAccessKey", user))["AccessKey"]
    wanted = {"RoleArn": made["Arn"], "RoleSessionName": "bench"}
    given = one(port, acs3(Pair(key["AccessKeyId"], key["AccessKeySecret"]), "AssumeRole", wanted))["Credentials"]
    return Pair(given["AccessKeyId"], given["AccessKeySecret"], name, given["SecurityToken"])


def gauge(port: int, name: str) -> float:
    """One value from /metrics."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        lines = answer.read().decode().splitlines()
    return float(next(line.split()[-1] for line in lines if line.startswith(f"keystead_{name} ")))
