"""A request as it came off the socket, bounded before anything is parsed.

The edge builds a `WireRequest`; everything behind it reads this one value.  Headers keep their raw text, the path
and the query are not decoded, so that signatures are checked over what was really sent.
Source: reference/request-signing.md sections 2 and 5.5.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NoReturn

from keystead.faults import FaultKind
from keystead.percent import Pairs, decode_pairs
from keystead.wire.parameters import json_parameters

FORM = "application/x-www-form-urlencoded"

TOO_LARGE = FaultKind(
    "RequestTooLarge",
    413,
    "The request's {what} is {actual}, the limit is {limit}.",
    "Send less in one request, or ask the operator to raise the setting {setting}.",
)


class WireRequest:
    """One HTTP request: method in upper case, raw path and query, headers by lower-case name, body bytes.

    `headers` holds one text per name; a name that came more than once has its sorted values joined with `,`.
    `secure` is true when it came over TLS; `peer` is the address of the other end of the connection.
    Raises `RequestTooLarge` beyond `max_parameters` in query and form together, before any of them is decoded.
    """

    __slots__ = (
        *("_form", "_is_form", "_named", "_query"),
        *("body", "headers", "max_parameters", "method", "peer", "raw_path", "raw_query", "secure"),
    )

    def __init__(
        self,
        method: str,
        raw_path: str,
        raw_query: str,
        headers: Mapping[str, str],
        body: bytes = b"",
        secure: bool = False,
        peer: str = "",
        max_parameters: int = 1000,
    ) -> None:
        self.method = method
        self.raw_path = raw_path
        self.raw_query = raw_query
        self.headers = headers
        self.body = body
        self.secure = secure
        self.peer = peer
        self.max_parameters = max_parameters
        self._is_form = bool(body) and headers.get("content-type", "").lower().startswith(FORM)
        if raw_query or body:
            found = raw_query.count("&") + (body.count(b"&") if self._is_form else 0)
            if found >= max_parameters:
                self._refuse(found + 1)
        self._query: Pairs | None = None if raw_query else ()
        self._form: Pairs | None = None if self._is_form else ()
        self._named: dict[str, str] | None = None

    @property
    def query(self) -> Pairs:
        """The decoded query; raises `RequestParameterMalformed`."""
        if self._query is None:
            self._query = decode_pairs(self.raw_query)
        return self._query

    @property
    def form(self) -> Pairs:
        """The decoded form body, empty unless the content type says form; raises `RequestParameterMalformed`."""
        if self._form is None:
            self._form = decode_pairs(self.body.decode("utf-8", "surrogateescape"), where="form")
        return self._form

    @property
    def named(self) -> Mapping[str, str]:
        """Query and form by name; where a name is in both places the form's value wins."""
        if self._named is None:
            self._named = dict(self.query + self.form)
        return self._named

    @property
    def members(self) -> dict[str, str]:
        """The members of a JSON body as parameters; raises `InvalidParameter.Format` and `RequestTooLarge`."""
        found = json_parameters(self.body)
        if len(found) > self.max_parameters:
            self._refuse(len(found))
        return found

    def with_body(self, body: bytes) -> WireRequest:
        """The same request with another body."""
        return WireRequest(
            self.method,
            self.raw_path,
            self.raw_query,
            self.headers,
            body,
            secure=self.secure,
            peer=self.peer,
            max_parameters=self.max_parameters,
        )

    def _refuse(self, found: int) -> NoReturn:
        what = "number of parameters"
        raise TOO_LARGE(what=what, actual=found, limit=self.max_parameters, setting="max_parameters")


def join_headers(pairs: list[tuple[bytes, bytes]], limit: int) -> dict[str, str]:
    """Read header pairs into one text per name, in lower case; raises `RequestTooLarge` beyond `limit` of them."""
    if len(pairs) > limit:
        raise TOO_LARGE(what="number of headers", actual=len(pairs), limit=limit, setting="max_headers")
    known = _NAMES.get
    names = [known(name) or name.lower().decode("latin-1") for name, _ in pairs]
    # All values at once: to decode and strip each by itself costs twice as much.
    text = b"\n".join([b"", *[value for _, value in pairs], b""]).decode("latin-1")
    values = text.split("\n")[1:-1]
    if len(values) != len(pairs) or " \n" in text or "\n " in text or "\t" in text:
        values = [value.decode("latin-1").strip(" \t") for _, value in pairs]
    headers = dict(zip(names, values, strict=True))
    if len(headers) != len(pairs):
        every: dict[str, list[str]] = {}
        for name, value in zip(names, values, strict=True):
            every.setdefault(name, []).append(value)
        headers = {name: ",".join(sorted(values)) for name, values in every.items()}
    return headers


_USUAL = (
    *("accept", "accept-encoding", "authorization", "connection", "content-length", "content-type", "host"),
    *("user-agent", "x-acs-accesskey-id", "x-acs-action", "x-acs-content-sha256", "x-acs-date"),
    *("x-acs-security-token", "x-acs-signature-nonce", "x-acs-version"),
)
_NAMES = {written.encode(): name for name in _USUAL for written in (name, name.title())}
"""The names that nearly every request has: to look one up costs less than to decode it, and its hash is known."""
