"""One action and its parameters as an HTTP request, signed with ACS3.

Parameters that the vendor's SDKs put into the query of a POST go into a form body here: a password or a token
does not belong in a URL, where logs keep it, and the server reads both.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from keystead.cli.profiles import Credentials
from keystead.commands.catalogue import Action
from keystead.commands.parameters import Pairs
from keystead.percent import encode
from keystead.wire.names import kebab

_FORM = "application/x-www-form-urlencoded"
_SECRET_WORDS = ("password", "secret", "token", "privatekey", "agentkey", "authenticationcode", "assertion")


@dataclass(frozen=True, slots=True)
class Prepared:
    """A request that still has no time, nonce and signature: those are new for each attempt."""

    action: Action
    pairs: Pairs
    method: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def target(self) -> str:
        """The request target of the request line."""
        return f"{self.path}?{self.query}" if self.query else self.path


def prepare(action: Action, pairs: Pairs) -> Prepared:
    """Put each parameter where the action wants it.  `pairs` come from `parameters.to_pairs`."""
    places = {each.name: each.place for each in action.parameters}
    path = action.path
    query: list[tuple[str, str]] = []
    form: list[tuple[str, str]] = []
    for name, value in pairs:
        place = places.get(name) or places.get(name.partition(".")[0], "query")
        if place == "path":
            path = path.replace("{" + name + "}", encode(value))
        elif place == "body" or (action.style.upper() == "RPC" and action.method == "POST"):
            form.append((name, value))
        else:
            query.append((name, value))
    headers = [("accept", "application/json"), ("x-acs-action", action.name), ("x-acs-version", action.version)]
    if form:
        headers.append(("content-type", _FORM))
    return Prepared(
        action, pairs, action.method, path, _joined(sorted(query)), tuple(headers), _joined(sorted(form)).encode()
    )


def _joined(pairs: list[tuple[str, str]]) -> str:
    return "&".join(f"{encode(name)}={encode(value)}" for name, value in pairs)


def signed_headers(prepared: Prepared, host: str, credentials: Credentials, now: float) -> dict[str, str]:
    """The complete headers of one attempt.  host: as it goes on the wire, with the port if it is not the usual one."""
    from keystead.signing import sign_acs3

    plain = {"host": host, **dict(prepared.headers)}
    return sign_acs3(
        prepared.method,
        prepared.path,
        prepared.query,
        plain,
        prepared.body,
        access_key_id=credentials.access_key_id,
        secret=credentials.secret,
        security_token=credentials.security_token,
        timestamp=now,
        nonce=uuid.uuid4().hex,
    )


def shown(prepared: Prepared, endpoint: str) -> str:
    """The request for human eyes: nothing secret, no signature; and the same call as commands."""
    pairs = [(name, "***" if _is_secret(name) else value) for name, value in prepared.pairs]
    masked = prepare(prepared.action, tuple(pairs))
    lines = [f"{masked.method} {endpoint}{masked.target}"]
    lines += [f"{name}: {value}" for name, value in masked.headers]
    lines += ["authorization: ACS3-HMAC-SHA256 (added when sent)"]
    if masked.body:
        lines += ["", *(f"{name}={value}" for name, value in pairs if f"{encode(name)}=" in masked.body.decode())]
    action = prepared.action
    wire = " ".join(f"--{name} {_quoted(value)}" for name, value in pairs)
    ours = " ".join(f"--{_flag(action, name)} {_quoted(value)}" for name, value in pairs)
    lines += [
        "",
        "The same call as commands:",
        f"  keystead {action.product} {kebab(action.name)} {ours}".rstrip(),
        f"  keystead call {action.product} {action.name} {wire}".rstrip(),
    ]
    return "\n".join(lines)


def _flag(action: Action, name: str) -> str:
    return kebab(name) if any(each.name == name for each in action.parameters) else name


def _is_secret(name: str) -> bool:
    return any(word in name.lower() for word in _SECRET_WORDS)


def _quoted(text: str) -> str:
    import shlex

    return shlex.quote(text)
