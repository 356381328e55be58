"""Rules that need more than a type and a range: texts with a form of their own, and settings that go together."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from keystead.settings import OperatorError, Origin, flag

_HOST_NAME = re.compile(
    r"(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.IGNORECASE
)
_ALIAS = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")  # reference/ram-behaviour.md section 5.1
_SENDER = re.compile(r"[^@\s<>,]{1,64}@[^@\s<>,]{1,255}")
_DATABASES = ("sqlite", "postgresql")
_REDIS = ("redis", "rediss", "unix")


def check_together(values: dict[str, Any], origins: dict[str, Origin]) -> None:
    """Refuse values of the wrong form and combinations that could not be obeyed.

    Sets `tls` to `files` where a certificate is named and `tls` is not.  Raises OperatorError.
    """
    _check_forms(values, origins)
    _check_tls(values, origins)
    speaks_tls = values.get("tls", "off") != "off" or values.get("trusted_proxies")
    if values.get("proxy_protocol") and not values.get("trusted_proxies"):
        raise OperatorError(
            f"{origins['proxy_protocol'].where}: proxy_protocol is true, but trusted_proxies names nobody.",
            "Name the proxies in trusted_proxies.",
        )
    if values.get("require_tls") and not speaks_tls:
        raise OperatorError(
            f"{origins['require_tls'].where}: require_tls is true, but nothing speaks TLS: no call could pass.",
            "Set tls to auto, or name the proxy that terminates TLS in trusted_proxies.",
        )


def is_name_or_address(text: str) -> bool:
    """True for an IP address, a host name or `*.` and a host name."""
    return _is_address(text) or (len(text) <= 253 and _HOST_NAME.fullmatch(text) is not None)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        return False
    return True


def _check_forms(values: Mapping[str, Any], origins: Mapping[str, Origin]) -> None:
    def refuse(name: str, allowed: str, shown: str) -> None:
        raise OperatorError(f"{origins[name].where}: {name} is {shown}, but must be {allowed}.", "")

    host = values.get("host", "127.0.0.1")
    if not is_name_or_address(host) or host.startswith("*"):
        refuse("host", "an IP address or a host name", repr(host))
    for each in values.get("tls_names", ()):
        if not is_name_or_address(each):
            refuse("tls_names", "host names, `*.` and a host name, or IP addresses", repr(each))
    for name in ("trusted_proxies", "metrics_from"):
        for each in values.get(name, ()):
            if not _is_network(each):
                refuse(name, "IP addresses or networks such as 10.0.0.0/8", repr(each))
    for each in values.get("saml_recipients", ()):
        if not _is_web_address(each, with_path=True):
            refuse("saml_recipients", "addresses that begin with http:// or https://", repr(each))
    audiences = values.get("saml_audiences", ("any",))
    if not audiences or not all(audiences):
        refuse("saml_audiences", "a list of texts that are not empty", repr(audiences))
    alias = values.get("account_alias")
    if alias is not None and not (3 <= len(alias) <= 32 and _ALIAS.fullmatch(alias)):
        refuse("account_alias", "3 to 32 lower-case letters, digits and single inner hyphens", repr(alias))
    database = values.get("database")
    if database is not None and _scheme(database).partition("+")[0] not in _DATABASES:
        refuse("database", "a SQLAlchemy URL that begins with sqlite or postgresql", f"of kind {_scheme(database)!r}")
    redis = values.get("redis_url")
    if redis is not None and _scheme(redis) not in _REDIS:
        refuse("redis_url", "a URL that begins with redis://, rediss:// or unix://", f"of kind {_scheme(redis)!r}")
    _check_mail(values, origins, refuse)
    _check_webhook(values, origins, refuse)
    public = values.get("public_url")
    if public is not None and not _is_web_address(public):
        refuse("public_url", "http:// or https://, a host and perhaps a port, nothing more", repr(public))


def _check_mail(values: Mapping[str, Any], origins: Mapping[str, Origin], refuse: Callable[..., None]) -> None:
    url, sender = values.get("smtp_url"), values.get("smtp_from")
    if url is not None and not _is_mail_server(url):
        refuse("smtp_url", "smtp:// or smtps://, a host and perhaps a port and a user", f"of kind {_scheme(url)!r}")
    if sender is not None and _SENDER.fullmatch(sender) is None:
        refuse("smtp_from", "one mail address", repr(sender))
    _check_both(values, origins, "smtp_url", "smtp_from", "no mail could be sent")


def _check_webhook(values: Mapping[str, Any], origins: Mapping[str, Origin], refuse: Callable[..., None]) -> None:
    url = values.get("expiry_webhook_url")
    if url is not None and not _is_receiver(url):
        allowed = "https:// and a host, without user and fragment; http:// only for this machine"
        refuse("expiry_webhook_url", allowed, f"of kind {_scheme(url)!r}")
    _check_both(values, origins, "expiry_webhook_url", "webhook_secret_file", "nobody could verify the calls")


def _is_receiver(url: str) -> bool:
    if not _is_web_address(url.partition("?")[0], with_path=True) or "#" in url or not url.isascii() or " " in url:
        return False
    parts = urlsplit(url)
    host = parts.hostname or ""
    here = host == "localhost" or (_is_address(host) and ipaddress.ip_address(host).is_loopback)
    return is_name_or_address(host) and not host.startswith("*") and (parts.scheme == "https" or here)


def _check_both(values: Mapping[str, Any], origins: Mapping[str, Origin], one: str, two: str, why: str) -> None:
    """Refuse one of two settings that are of use together only."""
    for name, other in ((one, two), (two, one)):
        if values.get(name) is not None and values.get(other) is None:
            raise OperatorError(
                f"{origins[name].where}: {name} is set, but {other} is not, so {why}.", f"Set {flag(other)} too."
            )


def _is_mail_server(url: str) -> bool:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    plain = not (parts.query or parts.fragment) and parts.path in ("", "/")
    return parts.scheme in ("smtp", "smtps") and bool(parts.hostname) and plain


def _scheme(url: str) -> str:
    return url.partition(":")[0] if ":" in url else ""


def _is_web_address(url: str, *, with_path: bool = False) -> bool:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    plain = not (parts.query or parts.fragment or parts.username) and (with_path or parts.path in ("", "/"))
    return parts.scheme in ("http", "https") and bool(parts.hostname) and plain


def _check_tls(values: dict[str, Any], origins: dict[str, Origin]) -> None:
    cert, key = values.get("tls_cert"), values.get("tls_key")
    named = [name for name in ("tls_cert", "tls_key") if values.get(name) is not None]
    if named and origins["tls"].kind == "default":
        values["tls"], origins["tls"] = "files", origins[named[0]]
    mode = values.get("tls", "off")
    if mode == "files" and (cert is None or key is None):
        missing = "tls_cert" if cert is None else "tls_key"
        raise OperatorError(
            f"{origins['tls'].where}: TLS from files needs a certificate and its key; {missing} is not set.",
            f"Set {flag(missing)}, or tls to auto for a local certificate.",
        )
    if mode != "files" and named:
        raise OperatorError(
            f"{origins[named[0]].where}: {named[0]} is set, but tls is {mode}, so it would not be used.",
            "Set tls to files, or take the certificate away.",
        )
    unused = [name for name, needs in (("tls_names", ("auto",)), ("tls_port", ("auto", "files"))) if mode not in needs]
    for name in unused:
        if origins[name].kind != "default":
            raise OperatorError(
                f"{origins[name].where}: {name} is set, but tls is {mode}, so it would not be used.",
                "Set tls to auto.",
            )
    port, tls_port = values.get("port", 8420), values.get("tls_port", 8443)
    if mode != "off" and port == tls_port != 0:
        raise OperatorError(
            f"port and tls_port are both {port}; HTTP and HTTPS need a port each.", "Set --tls-port or --port."
        )
