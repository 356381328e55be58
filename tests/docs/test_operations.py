"""What docs/guides/running-in-production.md and SECURITY.md tell operators to do works as they say."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Sequence

import httpx
import pytest

from docs.reading import ROOT
from journeys.test_endurance import new_pair
from services import rpc
from services.loopback import LOOPBACK, free_port
from services.rpc import ApiError
from services.server import Server

GUIDE = (ROOT / "docs/guides/running-in-production.md").read_text("utf-8")
BACKUP = re.search(r'^python3 -c "(import sqlite3.*)"$', GUIDE, flags=re.MULTILINE)


def test_a_copy_of_a_running_database_is_restored(start_server: Callable[..., Server]) -> None:
    """What was there when it was copied is there again; what came later is not."""
    assert BACKUP
    server = start_server()
    alice = new_pair(server, "alice")
    database, copy = server.data_dir / "keystead.db", server.data_dir.parent / "copy.db"
    command = BACKUP[1].replace("/var/lib/keystead/keystead.db", str(database))
    subprocess.run([sys.executable, "-c", command.replace("/backup/keystead.db", str(copy))], check=True, timeout=60)
    bob = new_pair(server, "bob")
    server.stop()
    copy.replace(database)
    for name in ("keystead.db-wal", "keystead.db-shm"):
        (server.data_dir / name).unlink(missing_ok=True)
    server.start()
    assert rpc.call(server.url, alice, "sts", "GetCallerIdentity")["IdentityType"] == "RAMUser"
    with pytest.raises(ApiError, match=r"InvalidAccessKeyId\.NotFound"):
        rpc.call(server.url, bob, "sts", "GetCallerIdentity")


def test_master_keys_are_rotated_by_a_new_one_in_front(start_server: Callable[..., Server]) -> None:
    """Old secrets open, new ones are sealed with the new key: without it they do not open, and the rest does."""
    server = start_server()
    alice = new_pair(server, "alice")
    path = server.data_dir / "master.keys"
    old = path.read_text()
    document = json.loads(old)
    fresh = base64.b64encode(os.urandom(32)).decode()  # what `openssl rand -base64 32` prints
    document["keys"].insert(0, {"id": "2026-12", "created": "2026-12-01T00:00:00Z", "key": fresh})
    path.write_text(json.dumps(document))
    server.restart()
    bob = new_pair(server, "bob")
    for pair in (alice, bob):
        assert rpc.call(server.url, pair, "sts", "GetCallerIdentity")["IdentityType"] == "RAMUser"
    server.stop()
    path.write_text(old)
    server.start()
    assert rpc.call(server.url, alice, "sts", "GetCallerIdentity")["IdentityType"] == "RAMUser"
    with pytest.raises(ApiError, match=r"InternalError|ServiceUnavailable"):
        rpc.call(server.url, bob, "sts", "GetCallerIdentity")
    server.stop()
    server.log_file.write_text("")  # a secret that no key opens is logged with its traceback, as it should be


def test_metrics_are_named_as_the_guide_names_them(start_server: Callable[..., Server]) -> None:
    server = start_server()
    rpc.call(server.url, server.admin, "sts", "GetCallerIdentity")
    text = httpx.get(f"{server.url}/metrics", trust_env=False).text
    given = set(re.findall(r"^(?:# TYPE )?(keystead_\w+)", text, re.MULTILINE))
    assert set(re.findall(r"`(keystead_\w+)", GUIDE)) <= given


@pytest.fixture
def replayed(start_server: Callable[..., Server], postgres_url: str) -> Callable[[Sequence[str]], httpx.Response]:
    """Send one signed read to a node, and the same bytes to another; returns the second answer."""

    def replay(options: Sequence[str]) -> httpx.Response:
        here = start_server(database=postgres_url, options=options)
        there = start_server(database=postgres_url, options=options, beside=here)
        query = rpc.signed(here.admin, "GET", {"Action": "ListUsers", "Version": "2015-05-01"})
        assert httpx.get(f"{here.url}/?{query}", trust_env=False).status_code == 200
        return httpx.get(f"{there.url}/?{query}", trust_env=False)

    return replay


def test_with_redis_a_read_is_not_answered_again_by_another_node(
    replayed: Callable[[Sequence[str]], httpx.Response], redis_url: str
) -> None:
    assert replayed(["--redis-url", redis_url]).json()["Code"] == "SignatureNonceUsed"


def test_without_redis_it_is_as_the_guide_says(replayed: Callable[[Sequence[str]], httpx.Response]) -> None:
    """A stated limit: should this fail, strike it from SECURITY.md and the guide."""
    assert replayed([]).status_code == 200


def test_a_redis_that_does_not_answer_refuses_calls(start_server: Callable[..., Server]) -> None:
    server = start_server(options=["--redis-url", f"redis://{LOOPBACK}:{free_port()}/0"])
    with pytest.raises(ApiError, match="ServiceUnavailable"):
        rpc.call(server.url, server.admin, "sts", "GetCallerIdentity")
