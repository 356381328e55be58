"""What an OAuth application may ask for, and where it may send people back.

Source: reference/ram-behaviour.md 5.14; the comments of the vendor's SDK (lists are separated by ";"); RFC 6749 3.1.2,
RFC 8252 section 7 for redirect URIs.
"""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import urlsplit

from keystead.faults import FaultKind
from keystead.wire.answers import Output

TYPES = ("WebApp", "NativeApp", "ServerApp")
MOST_REDIRECTS = 20
_LONGEST_REDIRECT = 512
_MOST_SCOPES = 50
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_SCHEME = re.compile(r"[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+")
_CHARACTERS = re.compile(r"[A-Za-z0-9._~:/?\[\]@!$&'()*+,=%-]+")

_OPENID = "openid"
_PEOPLE = {
    _OPENID: "The OpenID of the user; always granted.",
    "aliuid": "The account ID and the user ID of the user.",
    "profile": "The names of the user.",
}
_SCOPES = {
    "WebApp": _PEOPLE,
    "NativeApp": _PEOPLE,
    "ServerApp": {"/acs/scim": "Provision users and groups by SCIM."},
}

SCOPE_UNKNOWN = FaultKind(
    "InvalidParameter.PredefinedScopes",
    400,
    "The scope {name!r} does not exist for applications of the type {type}; there are: {known}.",
    "ListPredefinedScopes shows the scopes of each type; separate several with semicolons.",
)
SCOPE_NOT_ASKED = FaultKind(
    "InvalidParameter.Scopes",
    400,
    "The scope {name!r} is not one that the application asks for; it asks for: {known}.",
    "Grant scopes of the application only, or leave Scopes out to grant all of them.",
)
REDIRECT_INVALID = FaultKind(
    "InvalidParameter.RedirectUris.Format",
    400,
    "{name!r} is not a redirect URI for an application of the type {type}: {why}.",
    "WebApp: https, or http on the loopback; NativeApp: also a private scheme such as com.example.app:/done; "
    "ServerApp: none. Separate several with semicolons.",
)


class PredefinedScope(Output, frozen=True):
    """A scope as ListPredefinedScopes and installations show it."""

    name: str
    description: str


class ApplicationScope(PredefinedScope, frozen=True, kw_only=True):
    """A scope as applications show it."""

    required: bool


def predefined(app_type: str | None) -> list[PredefinedScope]:
    """The scopes that applications of a type, or of any, may ask for."""
    kinds = TYPES if app_type is None else (app_type,)
    found = {name: text for kind in kinds for name, text in _SCOPES[kind].items()}
    return [PredefinedScope(name=name, description=text) for name, text in found.items()]


def asked(text: str | None, app_type: str) -> list[str]:
    """The scopes in a text, with `openid` where people log on.  Raises `InvalidParameter.PredefinedScopes`."""
    known = _SCOPES[app_type]
    found = ([_OPENID] if _OPENID in known else []) + listed(text)
    for name in found[: _MOST_SCOPES + 1]:
        if name not in known:
            raise SCOPE_UNKNOWN(name=name[:64], type=app_type, known=", ".join(known))
    return list(dict.fromkeys(found))


def granted(text: str | None, of_application: list[str]) -> list[str]:
    """The scopes that an account grants, all of the application's by default.  Raises `InvalidParameter.Scopes`."""
    wanted = listed(text) or of_application
    for name in wanted:
        if name not in of_application:
            raise SCOPE_NOT_ASKED(name=name[:64], known=", ".join(of_application) or "none")
    return list(dict.fromkeys(wanted + [name for name in of_application if name == _OPENID]))


def required(text: str | None, of_application: list[str]) -> list[str]:
    """The required ones among the application's scopes; others in the text do not count (the vendor's rule)."""
    named = listed(text)
    return [name for name in of_application if name in named or name == _OPENID]


def listed(text: str | None) -> list[str]:
    """The members of a text that separates them by semicolons."""
    return [each.strip() for each in (text or "").split(";") if each.strip()]


def show(names: list[str], required_names: list[str]) -> list[ApplicationScope]:
    """Scopes as an application shows them."""
    return [ApplicationScope(name=name, description=_describe(name), required=name in required_names) for name in names]


def show_granted(text: str) -> list[PredefinedScope]:
    """Scopes that are stored as JSON, as an installation shows them."""
    return [PredefinedScope(name=name, description=_describe(name)) for name in stored(text)]


def stored(text: str) -> list[str]:
    """A list as it stands in the database."""
    found: Any = json.loads(text)
    return [str(each) for each in found]


def _describe(name: str) -> str:
    return next((scopes[name] for scopes in _SCOPES.values() if name in scopes), "")


def redirects(text: str | None, app_type: str) -> list[str]:
    """The redirect URIs in a text, each checked.  Raises `InvalidParameter.RedirectUris.Format`."""
    found = listed(text)
    if len(found) > MOST_REDIRECTS:
        raise REDIRECT_INVALID(name=found[-1][:80], type=app_type, why=f"it is one of more than {MOST_REDIRECTS}")
    for each in found:
        why = _wrong(each, app_type)
        if why:
            raise REDIRECT_INVALID(name=each[:80], type=app_type, why=why)
    return list(dict.fromkeys(found))


def _wrong(uri: str, app_type: str) -> str:
    """Why a URI may not be one that people are sent back to; "" where it may."""
    if app_type == "ServerApp":
        return "nobody logs on to such an application"
    if len(uri) > _LONGEST_REDIRECT:
        return f"it has {len(uri)} characters, at most {_LONGEST_REDIRECT} are allowed"
    if not _CHARACTERS.fullmatch(uri):
        return "it has a fragment or a character that no URI may have"
    try:
        parts = urlsplit(uri)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "it is not a URI"
    if parts.username is not None:
        return "it names a user"
    if parts.scheme in ("http", "https"):
        if not host:
            return "it names no host"
        return "" if parts.scheme == "https" or host in _LOOPBACK else "http is for the loopback only"
    if app_type == "NativeApp" and _SCHEME.fullmatch(parts.scheme):
        return ""
    return f"the scheme {parts.scheme!r} is not allowed"
