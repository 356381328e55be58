"""Hostile requests in volume: plausible calls of every action, bent in one to four places, most of them signed anew.

A signature over the bent content is what gets a request past the door, so half of them are bent before signing.
Everything comes from one seeded generator: a failure names the seed and the number of the request.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, quote_from_bytes
from xml.etree import ElementTree as ET

from keystead import signing
from keystead.percent import MALFORMED
from keystead.products.action import Action
from keystead.products.catalogue import PRODUCTS
from keystead.wire.parameters import Choice, Flag, Items, Parameter, Whole

ACTIONS: tuple[Action, ...] = tuple(action for product in PRODUCTS for action in product.actions.values())
SLOW = frozenset({"CreateLoginProfile", "UpdateLoginProfile", "ChangePassword"})  # argon2, by design
NAMES = (
    "alice",
    "Bob",
    "carol.d",
    "admin",
    "readers",
    "AdministratorAccess",
    "ReadOnlyAccess",
    "robot",
    "p-1",
    "nobody",
)
ALLOW = '{"Version":"1","Statement":[{"Effect":"Allow","Action":["ram:*"],"Resource":"*","Condition":%s}]}'
TRUST = (
    '{"Version":"1","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",'
    '"Principal":{"RAM":["acs:ram::1234567890123456:root"]}}]}'
)

Mutation = Callable[[random.Random, str], str]


@dataclass(frozen=True)
class Pair:
    """What a request is signed with."""

    id: str
    secret: str = field(repr=False)
    token: str | None = field(default=None, repr=False)


@dataclass
class Wire:
    """A request as bytes: what an ASGI scope or a socket takes."""

    method: str
    path: bytes
    query: bytes
    headers: list[tuple[bytes, bytes]]
    body: bytes

    def on_socket(self) -> bytes:
        """Its bytes under HTTP/1.1, with the length that its headers give, or the true one where they give none."""
        target = self.path + (b"?" + self.query if self.query else b"")
        head = self.method.encode("latin-1") + b" " + (target or b"/") + b" HTTP/1.1\r\n"
        lines = self.headers
        if not any(name == b"content-length" for name, _ in lines):
            lines = [*lines, (b"content-length", str(len(self.body)).encode())]
        return head + b"".join(name + b": " + value + b"\r\n" for name, value in lines) + b"\r\n" + self.body


def _nested(chance: random.Random) -> str:
    depth = chance.choice((5, 5, 100, 100, 1000, 8000))
    opened, closed = chance.choice((("[", "]"), ('{"a":', "}"), ('{"Statement":[', "]}")))
    return opened * depth + "1" + closed * (depth if chance.random() < 0.7 else 0)


def _document(chance: random.Random) -> str:
    """A policy, of which something may be wrong."""
    operator = chance.choice(
        ("StringEquals", "IpAddress", "DateLessThan", "NumericEquals", "Bool", "Null", "StringLike")
    )
    value = chance.choice(('"*"', "1", "true", "null", "[]", '["a","b"]', '"10.0.0.0/8"', '"\\u0000"', "1e999", "{}"))
    condition = f'{{"{operator}":{{"{chance.choice(("acs:SourceIp", "acs:CurrentTime", "x", ""))}":{value}}}}}'
    text = chance.choice((ALLOW % condition, ALLOW % "{}", TRUST, "{}", "[]", "null", '""', _nested(chance)))
    return text if chance.random() < 0.6 else _bent(chance, text)


def _bent(chance: random.Random, text: str) -> str:
    """The text with a piece cut out, doubled, or replaced."""
    at = chance.randrange(len(text) + 1)
    end = min(len(text), at + chance.randrange(1, 20))
    piece = chance.choice(
        ("", text[at:end] * 2, "\x00", "\ud800", "é", "\U0001f511", "*" * 50, '"', "\\", "\n", "%", "-")
    )
    return text[:at] + piece + text[end:]


VALUES: tuple[Mutation, ...] = (
    _bent,
    _bent,
    _bent,
    lambda chance, _: "",
    lambda chance, text: (text * chance.choice((2, 50, 3000)))[: chance.choice((200, 3000, 140_000))],
    lambda chance, _: chance.choice("aé\U0001f511\x00*") * chance.choice((1, 64, 65, 129, 1025, 7000, 70_000)),
    lambda chance, _: str(
        chance.choice((-1, 0, 10**12, 10**13, 2**63, 10**400, 1e308, "NaN", "0x10", "١٢", "²", "1_0"))
    ),
    lambda chance, _: _nested(chance),
    lambda chance, _: _document(chance),
    lambda chance, _: json.dumps(
        chance.choice(([], {}, [[]], [None], [{"Key": None}], [{"Key": {}}], ["a"] * 2000, "a", 1))
    ),
    lambda chance, _: chance.choice(
        ("True", "FALSE", "null", "undefined", "../../etc/passwd", "${a}", "{user_name}", "%s")
    ),
    lambda chance, _: chance.choice(
        ("' OR 1=1 --", "<a>&amp;</a>", "a\r\nx-evil: 1", "\ufeff", "\u202e", "a\x0bb", "\x85")
    ),
    lambda chance, _: "acs:ram::" + chance.choice(("1:role/", "*:user/", ":role/", "1234567890123456:role/robot", "a")),
)


def _value(chance: random.Random, parameter: Parameter) -> str:
    name, rule = parameter.name, parameter.rule
    if "Document" in name or name == "Policy":
        return _document(chance)
    if name == "PolicyType":
        return chance.choice(("Custom", "System"))
    if isinstance(rule, Choice):
        return chance.choice(rule.of)
    if isinstance(rule, Flag):
        return chance.choice(("true", "false", "True"))
    if isinstance(rule, Whole):
        return str(chance.choice((rule.min, rule.max, 1, 10)))
    return chance.choice(NAMES)


def _parameters(chance: random.Random, action: Action) -> dict[str, str]:
    given: dict[str, str] = {}
    for parameter in action.parameters:
        if not parameter.required and chance.random() < 0.5:
            continue
        if isinstance(parameter.rule, Items):
            given |= _members(chance, parameter)
        else:
            given[parameter.name] = _value(chance, parameter)
    return given


def _members(chance: random.Random, parameter: Parameter) -> dict[str, str]:
    name, count = parameter.name, chance.choice((0, 1, 2, 30))
    if chance.random() < 0.3:
        members: list[Any] = [{m.name: _value(chance, m) for m in parameter.members} or "a" for _ in range(count)]
        return {name: json.dumps(members)}
    flat = {}
    for index in range(1, count + 1):
        for member in parameter.members:
            flat[f"{name}.{index}.{member.name}"] = _value(chance, member)
        if not parameter.members:
            flat[f"{name}.{index}"] = chance.choice(NAMES)
    return flat


def _bend_parameters(chance: random.Random, given: dict[str, str]) -> None:
    if given and chance.random() < 0.7:
        name = chance.choice(list(given))
        given[name] = chance.choice(VALUES)(chance, given[name])
        return
    name = chance.choice([*given, "Tag", "Format", "Version", "Action", "Marker", "ResourceId", "NextToken"])
    extra = chance.choice(
        ("", ".0", ".1", ".1.Key", ".1.", "..", ".x", ".-1", ".99999", ".1.Key.Key", "[]", "\x00", "é", "=", "&", "%")
    )
    given[name + extra] = chance.choice((*NAMES, "", "1"))
    if chance.random() < 0.05:
        given |= {f"P{number}": "x" for number in range(chance.choice((900, 1100, 2500)))}
    if chance.random() < 0.2:
        given.pop(chance.choice(list(given)))


def _encoded(chance: random.Random, given: dict[str, str]) -> str:
    """A query; canonical, or with one of the habits and mistakes of encoders."""
    safe = chance.choice(("~", "~", "", ":/,", "~*'()!", '{}[]"|'))
    text = "&".join(f"{_quoted(name, safe)}={_quoted(value, safe)}" for name, value in given.items())
    if chance.random() < 0.1:
        text = text.replace("%20", "+") + chance.choice(
            ("&", "&&", "&=", "=", "&a", "&%", "&%zz", "&%ff", "&%c0%80", "&a=1&a=2")
        )
    return text.lower() if chance.random() < 0.01 else text


def _quoted(text: str, safe: str) -> str:
    return quote_from_bytes(text.encode("utf-8", "surrogatepass"), safe)


HEADER_NAMES = (
    *("authorization", "x-acs-action", "x-acs-version", "x-acs-date", "x-acs-signature-nonce", "x-acs-content-sha256"),
    *("content-type", "accept", "host", "user-agent", "x-acs-security-token", "content-md5", "date", "x-forwarded-for"),
    *("x-acs-signature-method", "x-acs-bearer-token", "cookie", "x-acs-", "content-encoding", "expect"),
)
HEADER_VALUES: tuple[Mutation, ...] = (
    *VALUES[:5],
    lambda chance, _: chance.choice(
        ("gzip", "100-continue", "application/json", "text/xml", "*/*", "Bearer x", "Basic eDp5")
    ),
    lambda chance, _: chance.choice(
        ("2026-13-45T99:99:99Z", "9999999999999", "Thu, 01 Jan 1970 00:00:00 GMT", "1e9", "²")
    ),
    lambda chance, _: chance.choice(
        (
            "ACS3-HMAC-SHA256",
            "ACS3-X Credential=",
            "ACS4-HMAC-SHA256 Credential=a/b/c,SignedHeaders=;,Signature=zz",
            "acs a:b",
            "acs :",
            "ACS3-HMAC-SHA256 Credential=é,SignedHeaders=host,Signature=00",
        )
    ),
    lambda chance, _: "a" * chance.choice((129, 9000, 60_000)),
)


def _bend_headers(chance: random.Random, headers: dict[str, str]) -> None:
    name = chance.choice([*headers, *HEADER_NAMES])
    if chance.random() < 0.2:
        headers.pop(name, None)
    else:
        headers[name] = chance.choice(HEADER_VALUES)(chance, headers.get(name, "text/plain"))
    if chance.random() < 0.01:
        headers |= {f"x-{number}": "" for number in range(120)}


def hostile(seed: int, pairs: list[Pair], now: Callable[[], float]) -> Iterator[Wire]:
    """Requests without end.  pairs: looked at for every request, so the caller may change them."""
    chance = random.Random(seed)
    number = 0
    while True:
        number += 1
        yield _one(chance, chance.choice(pairs), now(), f"{seed}-{number}")


def _one(chance: random.Random, pair: Pair, now: float, nonce: str) -> Wire:
    action = chance.choice(ACTIONS)
    while action.name in SLOW and chance.random() < 0.95:
        action = chance.choice(ACTIONS)
    given = _parameters(chance, action)
    for _ in range(chance.choice((0, 0, 0, 1, 1, 2))):
        _bend_parameters(chance, given)
    method = chance.choice(("GET",) * 12 + ("POST",) * 12 + ("PUT", "DELETE", "HEAD", "get"))
    make = chance.choice((_acs3,) * 5 + (_rpc,) * 5 + (_roa, _unsigned))
    try:
        wire = make(chance, action, given, method, pair, now, nonce)
    except (UnicodeError, ValueError, type(MALFORMED(where=""))):  # our own signer refuses it: then without a proof
        wire = _unsigned(chance, action, given, method, pair, now, nonce)
    if chance.random() < 0.15:
        _bend_wire(chance, wire)
    return wire


def _stamp(chance: random.Random, now: float) -> float:
    return now + chance.choice((0,) * 30 + (-800, 800, 2000, -(10**9), 10**9))


def _place(chance: random.Random, given: dict[str, str]) -> tuple[str, bytes, str]:
    """Query, body and content type that carry the parameters."""
    where = chance.random()
    if where < 0.5:
        return _encoded(chance, given), b"", ""
    if where < 0.75:
        return "", _encoded(chance, given).encode(), "application/x-www-form-urlencoded"
    if where < 0.95:
        body = json.dumps(given, ensure_ascii=chance.random() < 0.5).encode("utf-8", "surrogatepass")
        if chance.random() < 0.3:
            body = _bent(chance, body.decode("latin-1")).encode("utf-8", "surrogatepass")
        return "", body, chance.choice(("application/json", "application/json; charset=utf-8", "text/plain"))
    return _encoded(chance, given), chance.randbytes(chance.choice((1, 100, 70_000))), "application/octet-stream"


def _acs3(
    chance: random.Random, action: Action, given: dict[str, str], method: str, pair: Pair, now: float, nonce: str
) -> Wire:
    query, body, kind = _place(chance, given)
    headers = {"host": "ram.test", "x-acs-action": action.name, "x-acs-version": action.version}
    if kind:
        headers["content-type"] = kind
    bent_before = chance.random()
    if bent_before < 0.1:
        _bend_headers(chance, headers)
    path = chance.choice(("/",) * 60 + ("", "//", "/a/../b", "/%2e", "/%ff", "/é", "/" + "a" * 5000))
    algorithm = chance.choice(("ACS3-HMAC-SHA256",) * 8 + ("ACS3-HMAC-SM3",))
    signed = signing.sign_acs3(
        *(method, path, query, headers, body),
        access_key_id=pair.id,
        secret=pair.secret,
        security_token=pair.token,
        timestamp=_stamp(chance, now),
        nonce=nonce,
        algorithm=algorithm,
    )
    if 0.1 < bent_before < 0.2:
        _bend_headers(chance, signed)
    return _wire(method, path, query, signed, body)


def _rpc(
    chance: random.Random, action: Action, given: dict[str, str], method: str, pair: Pair, now: float, nonce: str
) -> Wire:
    form = chance.choice(("JSON", "XML", "XML", "None", "yaml", ""))
    given = {"Action": action.name, "Version": action.version, "Format": form, **given}
    pairs = signing.sign_rpc_v1(
        method,
        tuple(given.items()),
        access_key_id=pair.id,
        secret=pair.secret,
        security_token=pair.token,
        timestamp=_stamp(chance, now),
        nonce=nonce,
    )
    text = "&".join(f"{quote(name, safe='~')}={quote(value, safe='~')}" for name, value in pairs)
    headers = {"host": "ram.test"}
    if chance.random() < 0.2:
        _bend_headers(chance, headers)
    if method == "POST" and chance.random() < 0.5:
        return _wire(method, "/", "", {"content-type": "application/x-www-form-urlencoded", **headers}, text.encode())
    return _wire(method, "/", text, headers, b"")


def _roa(
    chance: random.Random, action: Action, given: dict[str, str], method: str, pair: Pair, now: float, nonce: str
) -> Wire:
    query, body, kind = _place(chance, given)
    headers = {"host": "ram.test", "x-acs-action": action.name, "x-acs-version": action.version}
    headers["accept"] = chance.choice(("application/json", "*/*", "application/xml", ""))
    if kind:
        headers["content-type"] = kind
    signed = signing.sign_roa_v1(
        *(method, "/", query, headers, body),
        access_key_id=pair.id,
        secret=pair.secret,
        timestamp=_stamp(chance, now),
        nonce=nonce,
    )
    return _wire(method, "/", query, signed, body)


def _unsigned(
    chance: random.Random, action: Action, given: dict[str, str], method: str, pair: Pair, now: float, nonce: str
) -> Wire:
    form = chance.choice(("JSON", "XML", ""))
    given = {"Action": action.name, "Version": action.version, "Format": form, **given}
    query, body, kind = _place(chance, given)
    headers = {"host": "ram.test", **({"content-type": kind} if kind else {})}
    _bend_headers(chance, headers)
    return _wire(method, "/", query, headers, body)


def _wire(method: str, path: str, query: str, headers: dict[str, str], body: bytes) -> Wire:
    lines = [(_raw(name).lower(), _raw(value)) for name, value in headers.items()]
    return Wire(method, _raw(path), _raw(query), lines, body)


def _raw(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _bend_wire(chance: random.Random, wire: Wire) -> None:
    """After signing: what a proxy, a broken client or an attacker does to bytes."""
    match chance.randrange(6):
        case 0 if wire.headers:
            name, value = chance.choice(wire.headers)
            wire.headers.append((name, value if chance.random() < 0.5 else chance.randbytes(10)))
        case 1:
            wire.query = _bytes_bent(chance, wire.query)
        case 2:
            wire.body = _bytes_bent(chance, wire.body)
        case 3 if wire.headers:
            at = chance.randrange(len(wire.headers))
            name, value = wire.headers[at]
            wire.headers[at] = (name, _bytes_bent(chance, value))
        case 4:
            wire.headers.append(
                (b"content-length", chance.choice((b"0", b"-1", b"9" * 30, b"\xb2", b"5,5", b"99999999")))
            )
        case _:
            wire.path = _bytes_bent(chance, wire.path)


def _bytes_bent(chance: random.Random, data: bytes) -> bytes:
    at = chance.randrange(len(data) + 1)
    end = min(len(data), at + chance.choice((0, 1, 8)))
    return (
        data[:at]
        + chance.choice((b"", b"%", b"%ff", b"&", b"\x00", b"\xff\xfe", b"=", chance.randbytes(4)))
        + data[end:]
    )


def wrong_with(status: int, headers: dict[str, str], body: bytes, *, head: bool = False) -> str:
    """Why an answer is not one that a client could read, or ""."""
    if status >= 500:
        return f"status {status}: {body[:300]!r}"
    if not headers.get("x-acs-request-id"):
        return f"status {status} without x-acs-request-id"
    if head:
        return ""
    if int(headers.get("content-length", "-1")) != len(body):
        return "content-length is not the body's"
    try:
        if "xml" in headers.get("content-type", ""):
            root = ET.fromstring(body)  # noqa: S314  it is our own server's answer
            members = {child.tag: child.text or "" for child in root}
        else:
            members = json.loads(body)
    except (ET.ParseError, ValueError) as error:
        return f"the answer cannot be parsed ({error}): {body[:300]!r}"
    if members.get("RequestId") != headers["x-acs-request-id"]:
        return "the request ID differs between header and body"
    if status >= 400 and not (members.get("Code") and members.get("Message")):
        return f"a refusal without code or message: {body[:300]!r}"
    refused = status < 400 and members.get("Code", "200") not in ("200", 200, "OK", "Success")
    return f"status {status} and the code of a refusal: {body[:300]!r}" if refused else ""
