"""Sockets stay on this machine: free ports, a clean environment for child processes, and a guard for this process."""

from __future__ import annotations

import ipaddress
import os
import socket
import sys
from collections.abc import Mapping

LOOPBACK = "127.0.0.1"
_WATCHED = frozenset({"socket.connect", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname"})
_PROXIES = frozenset({"http_proxy", "https_proxy", "all_proxy", "no_proxy", "ftp_proxy"})


class LeftTheMachineError(RuntimeError):
    """A test tried to reach an address that is not on this machine."""


def is_loopback(host: object) -> bool:
    """Is it an address or a name of this machine? A name counts only when it is `localhost`: no name is looked up."""
    if isinstance(host, bytes):
        host = host.decode("ascii", "replace")
    if host is None or host in ("", "localhost"):
        return True
    try:
        return ipaddress.ip_address(str(host)).is_loopback
    except ValueError:
        return False


def _refuse_elsewhere(event: str, arguments: tuple[object, ...]) -> None:
    if event not in _WATCHED:
        return
    target = arguments[1] if event in ("socket.connect", "socket.sendto") else arguments[0]
    host = target[0] if isinstance(target, tuple) else target
    if isinstance(target, str | bytes) and event in ("socket.connect", "socket.sendto"):
        return  # the path of a unix socket
    if not is_loopback(host):
        raise LeftTheMachineError(f"{event} to {host}: tests reach this machine only")


def guard() -> None:
    """Refuse every connection and look-up of this process that leaves the machine, for the rest of its life.

    An audit hook sees all sockets made through Python, whichever library makes them. It cannot be taken out again.
    """
    sys.addaudithook(_refuse_elsewhere)


def free_port() -> int:
    """Return a loopback port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def child_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment for a child process: no proxies, no credentials or settings of the person who tests.

    `KEYSTEAD_TEST_*` stay: they are switches of the tests, and the program passes them over.
    """
    foreign = ("KEYSTEAD_", "ALIBABA_CLOUD_", "ALIBABACLOUD_", "PG")
    own = {
        name: value
        for name, value in os.environ.items()
        if name.startswith("KEYSTEAD_TEST_") or (name.lower() not in _PROXIES and not name.startswith(foreign))
    }
    return own | {
        "ALIBABA_CLOUD_ECS_METADATA_DISABLED": "true",  # SDKs ask the cloud's metadata address when they miss a key
        "PYTHONUNBUFFERED": "1",
        **(extra or {}),
    }
