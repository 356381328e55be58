"""The settings of this very server, put where the guides show the default ones.

A guide is written with the values of a fresh start (`http://127.0.0.1:8420`), so that it is right wherever it is read.
In the console they give way, in code only, to the address that the reader came by.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

HOST, PORT, TLS_PORT = "127.0.0.1", "8420", "8443"
ACCOUNT, WORKSPACE = "1234567890123456", "llm-0123456789abcdef"

# A host name or address with or without a port.  Whatever else a Host header holds is not shown to anybody.
_NETLOC = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")


@dataclass(frozen=True, slots=True)
class Here:
    """Where the reader is.  endpoint: scheme, host, perhaps a port.  account, workspace: "" when nobody signed in."""

    endpoint: str = f"http://{HOST}:{PORT}"
    account: str = ""
    workspace: str = ""

    @property
    def protocol(self) -> str:
        """`http` or `https`."""
        return urlsplit(self.endpoint).scheme

    @property
    def netloc(self) -> str:
        """The host with its port, if the address has one."""
        return urlsplit(self.endpoint).netloc

    @property
    def host(self) -> str:
        """The host without a port, as it is written in an address."""
        return self.netloc if self.netloc.endswith("]") else self.netloc.rpartition(":")[0] or self.netloc

    @property
    def port(self) -> str:
        """The port, also where the address leaves it out."""
        return str(urlsplit(self.endpoint).port or {"https": 443}.get(self.protocol, 80))


def here(public_url: str, scheme: str, host: str, *, account: str = "", workspace: str = "") -> Here:
    """Where somebody is who asked for `host` (a Host header: hostile); the operator's `public_url` counts more."""
    endpoint = public_url.rstrip("/")
    if not endpoint and _NETLOC.fullmatch(host):
        endpoint = f"{'https' if scheme == 'https' else 'http'}://{host}"
    return Here(endpoint, account, workspace) if endpoint else Here(account=account, workspace=workspace)


def fill(code: str, where: Here) -> str:
    """A piece of code or a command, with the values of a fresh start replaced by those of this server."""
    for pattern, value in _VALUES:
        code = pattern.sub(lambda found, value=value: value(where, found), code)  # type: ignore[misc]
    return code


def _or(attribute: str) -> Callable[[Here, re.Match[str]], str]:
    return lambda where, found: getattr(where, attribute) or found[0]


_VALUES: tuple[tuple[re.Pattern[str], Callable[[Here, re.Match[str]], str]], ...] = (
    (re.compile(rf"http://{re.escape(HOST)}:{PORT}\b"), _or("endpoint")),
    (re.compile(rf"{re.escape(HOST)}:{PORT}\b"), _or("netloc")),
    # The TLS listener has a port of its own, unless the reader came by https: then that is the one.
    (
        re.compile(rf"{re.escape(HOST)}:{TLS_PORT}\b"),
        lambda where, found: where.netloc if where.protocol == "https" else found[0].replace(HOST, where.host),
    ),
    (re.compile(rf'(set_endpoint\(")({re.escape(HOST)})("\))'), lambda where, found: found[1] + where.host + found[3]),
    (re.compile(rf"\bport={PORT}\b"), lambda where, _: f"port={where.port}"),
    (
        re.compile(r"""(protocol(?:_type)?\s*[=:(]\s*["'])http(["'])"""),
        lambda where, found: found[1] + where.protocol + found[2],
    ),
    (
        re.compile(r'(protocol\s*=\s*")HTTP(")'),
        lambda where, found: found[1] + where.protocol.upper() + found[2],
    ),
    (re.compile(rf"\b{ACCOUNT}\b"), _or("account")),
    (re.compile(rf"\b{WORKSPACE}\b"), _or("workspace")),
)
