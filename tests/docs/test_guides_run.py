"""The shell blocks of the guides, run from top to bottom against a real server as the administrator."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from docs.reading import ROOT, fenced
from keystead.console.help.here import Here, fill
from services import rpc
from services.process import missing
from services.rpc import ApiError, Key
from services.server import Server, running


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server of this test: guides make users of the same name."""
    if not shutil.which("bash"):
        missing("bash", "apt-get install bash, or 'make test' as root")
    with running(tmp_path / "server") as started:
        yield started


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path) -> None:
    (tmp_path / "server").mkdir()


Run = Callable[..., str]


@pytest.fixture
def run(server: Server, tmp_path: Path) -> Run:
    """Run the blocks of a guide, one shell for all, with what the reader has in the place of the ellipses."""

    def run(guide: str, pair: Key, *, without: str = "\0", api_key: str = "", **variables: str) -> str:
        text = (ROOT / f"docs/guides/{guide}.md").read_text("utf-8")
        blocks = [block for block in fenced(text, "bash") if without not in block]
        assert blocks
        script = fill("\n".join(blocks), Here(server.url))
        script = script.replace("LTAI…", pair.id).replace('"…"', f'"{pair.secret}"')
        script = script.replace("--api-key-id 1 ", f"--api-key-id {api_key} ")
        environment = {**server.environment, **variables}
        environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=tmp_path,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        return done.stdout

    return run


def new_pair(server: Server, name: str, *, user: bool = True) -> Key:
    """A pair, of a new user unless it is there."""
    if user:
        rpc.call(server.url, server.admin, "ram", "CreateUser", UserName=name)
    made = rpc.call(server.url, server.admin, "ram", "CreateAccessKey", UserName=name)["AccessKey"]
    return Key(made["AccessKeyId"], made["AccessKeySecret"])


def test_access_keys(server: Server, run: Run) -> None:
    """All but the account's own pair, whose command asks; other tests make one."""
    said = run("access-keys", new_pair(server, "bob"), without="keystead account")
    assert '"AccessKeySecret"' in said
    assert f"acs:ram::{server.account_id}:user/bob" in said


def test_workspaces(server: Server, run: Run) -> None:
    said = run("workspaces", new_pair(server, "alice"))
    assert '"WorkspaceId": "llm-' in said
    assert "_p_efm" in said


def test_rotation(server: Server, run: Run) -> None:
    old = new_pair(server, "alice")
    rpc.call(server.url, old, "sts", "GetCallerIdentity")
    new_pair(server, "bob")
    everything = {"PolicyName": "AliyunBailianFullAccess", "PolicyType": "System"}
    rpc.call(server.url, server.admin, "ram", "AttachPolicyToUser", UserName="bob", **everything)
    rpc.call(server.url, server.admin, "keystead", "AddWorkspaceMember", UserName="alice")
    said = run("rotation", old, api_key=_api_key(server))
    assert '"LastUsedDate"' in said
    with pytest.raises(ApiError, match=r"InvalidAccessKeyId\.NotFound"):
        rpc.call(server.url, old, "sts", "GetCallerIdentity")


def test_leaked_key(server: Server, run: Run, tmp_path: Path) -> None:
    """The pair is dead, gone from the recycle bin too, and the other one may be used from the named network only."""
    leaked, new = new_pair(server, "alice"), new_pair(server, "alice", user=False)
    run("leaked-key", leaked, NEW_KEY=new.id)
    with pytest.raises(ApiError, match=r"InvalidAccessKeyId\.NotFound"):
        rpc.call(server.url, leaked, "sts", "GetCallerIdentity")
    with pytest.raises(ApiError, match=r"NoPermission\.AccessKeyPolicy"):
        rpc.call(server.url, new, "sts", "GetCallerIdentity")
    user = rpc.call(server.url, server.admin, "ram", "GetUser", UserName="alice")["User"]["UserId"]
    bin_ = rpc.call(server.url, server.admin, "ims", "ListAccessKeysInRecycleBin", UserId=user)
    assert leaked.id not in json.dumps(bin_)


def _api_key(server: Server) -> str:
    done = server.cli("modelstudio", "create-api-key", "--description", "guide", "--output", "json")
    return str(json.loads(done.stdout)["apiKey"]["apiKeyId"])
