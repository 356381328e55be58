"""A call as a command line and as a plain request, for "Show as command".  Secrets never stand in either."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from keystead.console.asking import Asked, action_of
from keystead.percent import encode
from keystead.wire.names import kebab


def command_of(asked: Asked, endpoint: str) -> str:
    """`keystead ram create-user --user-name alice`; a secret stands as a name in the environment."""
    words = ["keystead", asked.product, kebab(asked.action)]
    for name, value in asked.given.items():
        words += ["--" + kebab(name), f"${name.upper()}" if value == "(secret)" else shlex.quote(value)]
    return " ".join([*words, "--endpoint", endpoint])


def request_of(asked: Asked, host: str) -> str:
    """The request before it is signed: its line, the headers that name the action, its parameters."""
    action = action_of(asked.product, asked.action)
    path, given = _placed(action.path, asked.given)
    body = "&".join(f"{encode(name)}={encode(value)}" for name, value in given.items())
    lines = [
        f"{action.method} {path} HTTP/1.1",
        f"host: {host}",
        f"x-acs-action: {action.name}",
        f"x-acs-version: {action.version}",
        "x-acs-date: …",
        "x-acs-signature-nonce: …",
        "authorization: ACS3-HMAC-SHA256 …",
    ]
    if body:
        lines += ["content-type: application/x-www-form-urlencoded", "", body]
    return "\n".join(lines)


def _placed(path: str, given: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """The path with its parameters filled in, and the other ones."""
    left = dict(given)
    for name in given:
        if "{" + name + "}" in path:
            path = path.replace("{" + name + "}", encode(left.pop(name)))
    return path, left
