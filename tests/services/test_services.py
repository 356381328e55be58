"""The test services themselves: each starts, is fresh, and stays on this machine."""

from __future__ import annotations

import socket

import httpx
import psycopg
import pytest

from services.loopback import LeftTheMachineError, child_environment
from services.postgres import Cluster
from services.process import missing


@pytest.mark.parametrize(
    "address", ["http://198.51.100.7/", "http://ram.example.com/", "http://100.100.100.200/latest"]
)
def test_no_connection_leaves_the_machine(address: str) -> None:
    with pytest.raises(LeftTheMachineError, match="tests reach this machine only"):
        httpx.get(address, timeout=1)


def test_loopback_is_reached() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        socket.create_connection(listener.getsockname()[:2], timeout=5).close()


def test_child_processes_get_no_credentials_of_the_person_who_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", "LTAIsomeone")
    monkeypatch.setenv("https_proxy", "http://proxy.example.com")
    monkeypatch.setenv("KEYSTEAD_MASTER_KEY", "secret")
    environment = child_environment()
    assert not {"ALIBABA_CLOUD_ACCESS_KEY_ID", "https_proxy", "KEYSTEAD_MASTER_KEY"} & set(environment)
    assert environment["ALIBABA_CLOUD_ECS_METADATA_DISABLED"] == "true"


def test_what_is_missing_is_skipped_by_name_and_fails_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="Redis is not installed: install it"):
        missing("Redis", "install it")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="Redis is not installed: install it"):
        missing("Redis", "install it")


@pytest.mark.parametrize("time", [1, 2])
def test_postgres_database_is_fresh(postgres_url: str, time: int) -> None:
    with psycopg.connect(postgres_url.replace("+psycopg", "")) as connection:
        connection.execute("CREATE TABLE only_here (n int)")


def test_postgres_keeps_what_it_acknowledges(postgres_cluster: Cluster) -> None:
    with psycopg.connect(postgres_cluster.address("postgres")) as connection:
        assert connection.execute("SHOW fsync").fetchone() == ("on",)


def test_redis_answers(redis_url: str) -> None:
    port = int(redis_url.rsplit(":", 1)[1].split("/")[0])
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(b"SET only here\r\n")
        assert connection.recv(16) == b"+OK\r\n"
