"""Answers in the envelope of the RPC family: JSON or XML, success or fault.

Source: reference/request-signing.md sections 10 and 12.  Every answer carries `x-acs-request-id`; error keys are
capitalised for every product, because two of the vendor's clients take lower-case ones for a success.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import escape

import msgspec

from keystead.faults import Fault
from keystead.wire.request import WireRequest

JSON_TYPE = b"application/json;charset=utf-8"
XML_TYPE = b"text/xml;charset=utf-8"

_encode = msgspec.json.Encoder().encode


class Output(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    """Base of every action's output; a member that is UNSET is left out, every other one is always there."""


class Done(Output, frozen=True):
    """The output of an action that answers `RequestId` only."""


class Answer(msgspec.Struct, frozen=True, gc=False):
    """What goes back: HTTP status, header pairs, body."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


def wants_xml(request: WireRequest) -> bool:
    """Whether the caller reads XML: `Format` under RPC, `Accept` under ROA V1, never under V3 and bearer."""
    authorization = request.headers.get("authorization", "")
    if authorization.startswith("acs "):
        accept = request.headers.get("accept", "")
        return "json" not in accept
    if authorization:
        return False
    given = request.named
    if "Signature" in given or "AccessKeyId" in given or "Action" in given:
        # "None" is what one client's low-level call sends when it means to send nothing; it reads JSON.
        return given.get("Format", "XML").lower() not in ("json", "none")
    return False


def success(output: Output, action: str, request_id: str, *, xml: bool, member: str = "RequestId") -> Answer:
    """HTTP 200 with the request ID first, as `member`, and the members of `output` behind it."""
    if xml:
        members = {member: request_id, **msgspec.to_builtins(output)}
        return _answer(200, _xml(action + "Response", members), request_id, XML_TYPE)
    body = _encode(output)
    head = f'{{"{member}":"{request_id}"{"," if len(body) > 2 else ""}'.encode()
    return _answer(200, head + body[1:], request_id, JSON_TYPE)


def failure(fault: Fault, host: str, request_id: str, *, xml: bool, help_at: str = "") -> Answer:
    """The fault's status with the error envelope; `AccessDeniedDetail` is an object or absent.

    help_at: where the pages of the error codes are, with a slash at its end; "" where no client can reach them.
    """
    members: dict[str, Any] = {
        "RequestId": request_id,
        "HostId": host,
        "Code": fault.code,
        "Message": fault.message,
    }
    if recommend := " ".join(filter(None, (fault.next_step, help_page(help_at, fault.code)))):
        members["Recommend"] = recommend
    if fault.detail:
        members["AccessDeniedDetail"] = dict(fault.detail)
    if xml:
        answer = _answer(fault.status, _xml("Error", members), request_id, XML_TYPE)
    else:
        answer = _answer(fault.status, _encode(members), request_id, JSON_TYPE)
    answer.headers.extend((name.encode("latin-1"), value.encode("latin-1")) for name, value in fault.headers)
    return answer


def help_page(help_at: str, code: str) -> str:
    """The address of an error code's page; "" where there is none to be told."""
    return help_at and help_at + quote(code)


def _answer(status: int, body: bytes, request_id: str, content_type: bytes) -> Answer:
    headers = [
        (b"content-type", content_type),
        (b"content-length", b"%d" % len(body)),
        (b"x-acs-request-id", request_id.encode()),
    ]
    return Answer(status, headers, body)


def _xml(root: str, members: dict[str, Any]) -> bytes:
    inside = "".join(_xml_member(name, value) for name, value in members.items())
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<{root}>{inside}</{root}>'.encode()


def _xml_member(name: str, value: Any) -> str:
    if not _is_xml_name(name):  # a key that a caller chose, as in the parameters of an audit event
        name = _NOT_IN_XML_NAME.sub("_", name) if _is_xml_name(name[:1]) else "_" + _NOT_IN_XML_NAME.sub("_", name)
    if isinstance(value, list | tuple):
        return "".join(_xml_member(name, member) for member in value)
    if isinstance(value, dict):
        inside = "".join(_xml_member(key, member) for key, member in value.items())
    elif isinstance(value, bool):
        inside = "true" if value else "false"
    else:
        inside = escape(_xml_text(str(value)))
    return f"<{name}>{inside}</{name}>"


_NOT_IN_XML_NAME = re.compile(r"[^A-Za-z0-9_.-]")
_is_xml_name = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*").fullmatch


def _xml_text(text: str) -> str:
    """Drop what XML 1.0 cannot hold at all; a control character in a comment must not make the answer unreadable."""
    return "".join(
        char
        for char in text
        if char in "\t\n\r" or "\x20" <= char <= "\ud7ff" or "\ue000" <= char <= "\ufffd" or char > "\uffff"
    )
