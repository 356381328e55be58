"""Keystead as an operator runs it: the real program in a child process."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

import httpx
import pytest

from services import rpc
from services.loopback import LOOPBACK, child_environment, free_port
from services.process import stop, wait_until
from services.rpc import Key

READY_SECONDS = 120
PROGRAM = Path(sys.executable).with_name("keystead")


class Server:
    """A running `keystead serve`, its data folder and its first user.

    The log of all its runs is one file; `check_log()` fails the test when a traceback stands in what is new.
    """

    def __init__(self, home: Path, *, database: str | None = None, options: Sequence[str] = ()) -> None:
        self.host = LOOPBACK
        self.port = free_port()
        self.data_dir = home / "data"
        self.database = database
        self.profile_file = home / "config.json"
        self.log_file = home / "keystead.log"
        self._options = tuple(options)
        self._checked = 0
        self._process: subprocess.Popen[bytes] | None = None
        self.log_file.touch()

    @property
    def url(self) -> str:
        """The address of the plain HTTP listener, without a slash at the end."""
        return f"http://{self.host}:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """What the program and our CLI are started with: the profile file that the first start writes."""
        return child_environment({"KEYSTEAD_PROFILE_FILE": str(self.profile_file)})

    @property
    def pid(self) -> int:
        """The process id of the run that is going on."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start the program and wait until it says that it is ready."""
        process = self.spawn()
        wait_until(self.ready, process, seconds=READY_SECONDS, log=self.log)

    def spawn(self) -> subprocess.Popen[bytes]:
        """Start the program and do not wait for it."""
        command = ["serve", "--host", self.host, "--port", str(self.port), "--data-dir", str(self.data_dir)]
        if self.database:
            command += ["--database", self.database]
        with self.log_file.open("ab") as output:
            process = subprocess.Popen(
                [str(PROGRAM), *command, *self._options],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=self.environment,
            )
        self._process = process
        return process

    def ready(self) -> bool:
        """Does `/readyz` answer with 200?"""
        try:
            return httpx.get(f"{self.url}/readyz", timeout=5, trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False

    def stop(self) -> None:
        """Stop it as a service manager does, and expect a clean end."""
        if self._process is not None:
            code = stop(self._process)
            self._process = None
            assert code in (0, -signal.SIGTERM), f"keystead ended with {code} when it was stopped:\n{self.tail()}"

    def kill9(self) -> None:
        """End it without a chance to tidy up."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def restart(self) -> None:
        """Stop it when it runs, and start it again on the same port and data."""
        self.stop()
        self.start()

    def log(self) -> str:
        """Return everything that it has printed in all its runs."""
        return self.log_file.read_text(errors="replace")

    def tail(self, lines: int = 60) -> str:
        """Return the end of its log."""
        return "\n".join(self.log().splitlines()[-lines:])

    def check_log(self) -> None:
        """Fail when a traceback stands in what was printed since the last check."""
        log = self.log()
        new, self._checked = log[self._checked :], len(log)
        if "Traceback (most recent call last)" in new:
            pytest.fail(f"the server's log holds a traceback:\n{new}", pytrace=False)

    def cli(self, *arguments: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Run our own CLI with this server's profile file; the caller looks at the exit code."""
        return subprocess.run(
            [str(PROGRAM), *arguments],
            env={**self.environment, **(environment or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    @cached_property
    def admin(self) -> Key:
        """The pair of the RAM user `admin`, which the first start leaves in the profile file."""
        profiles = json.loads(self.profile_file.read_text())
        current = next(each for each in profiles["profiles"] if each["name"] == profiles["current"])
        assert current["mode"] == "AK"
        return Key(current["access_key_id"], current["access_key_secret"])

    @cached_property
    def account_id(self) -> str:
        """The 16 digits of the account that the first start made."""
        return str(rpc.call(self.url, self.admin, "sts", "GetCallerIdentity")["AccountId"])

    def account_key(self) -> Key:
        """Make a pair of the account itself, as the CLI does behind its warning. An account has two at most."""
        wanted = ["account", "create-access-key", "--yes-i-understand", "--output", "json"]
        wanted += ["--data-dir", str(self.data_dir), *(("--database", self.database) if self.database else ())]
        done = self.cli(*wanted)
        assert done.returncode == 0, done.stderr
        pair = json.loads(done.stdout)
        pair = pair.get("AccessKey", pair)
        return Key(pair["AccessKeyId"], pair["AccessKeySecret"])


@contextmanager
def running(home: Path, *, database: str | None = None, options: Sequence[str] = ()) -> Iterator[Server]:
    """Start a server in `home`, yield it, stop it and look through its log."""
    server = Server(home, database=database, options=options)
    try:
        server.start()
        yield server
        server.stop()
    finally:
        server.kill9()
    server.check_log()
