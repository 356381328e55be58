"""Guesses for ACS3 and ACS4.  Source: reference/request-signing.md sections 5 and 6."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from urllib.parse import unquote

from keystead.signing import acs, acs3, acs4
from keystead.signing.acs import Algorithm
from keystead.signing.canonical import header_text
from keystead.signing.diagnosis import causes
from keystead.signing.diagnosis.causes import Cause
from keystead.signing.diagnosis.guesses import METHODS, MOST_LEFT_OUT, Guess, joined, paths, spellings
from keystead.signing.diagnosis.guesses_v1 import ACCEPTS, CONTENT_TYPES
from keystead.signing.message import Claim, Form, Message, merge

ALGORITHMS: dict[str, Algorithm] = acs3.ALGORITHMS | acs4.ALGORITHMS


@dataclass(frozen=True, slots=True)
class _Parts:
    """The six parts of a canonical request, before they are joined."""

    method: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...]
    listed: str
    digest: str

    def text(self, between: str = ":") -> str:
        lines = header_text("".join(f"{name}{between}{value}\n" for name, value in self.headers))
        return acs.canonical_request(self.method, self.path, self.query, lines, self.listed, self.digest)


def guesses(claim: Claim, message: Message, form: Form) -> Iterator[Guess]:
    """Of ACS3 and ACS4: what one fault makes of a form that is accepted."""
    algorithm = ALGORITHMS[claim.scheme]
    names = acs.split_signed_headers(claim.signed_headers).names
    _, path, query, _ = form.canonical_request.split("\n", 3)
    right = _Parts(
        message.method,
        path,
        query,
        tuple((name, message.headers.get(name, "")) for name in names),
        claim.signed_headers,
        algorithm.digest(message.body),
    )

    def made(cause: Cause, parts: _Parts) -> Guess:
        request = parts.text()
        return Guess(cause, acs.string_to_sign(algorithm, request), request)

    for verb in (*METHODS, message.method.lower()):
        yield made(causes.METHOD(client=verb, server=message.method), replace(right, method=verb))
    yield from _bodies(algorithm, message, right, made)
    yield from _queries(algorithm, message, right, made)
    for cause, other in paths(path):
        yield made(cause, replace(right, path=other))
    yield from _headers(message, right, made)
    yield from _layouts(algorithm, right)


_Made = Callable[[Cause, _Parts], Guess]


def _bodies(algorithm: Algorithm, message: Message, right: _Parts, made: _Made) -> Iterator[Guess]:
    body, length = message.body, len(message.body)
    sent = message.headers.get(algorithm.body_header, "")
    stated = causes.BODY(length=length, what=f"{algorithm.body_header} says [{sent[:64]}], they have {right.digest}")
    if sent != right.digest:
        yield made(stated, replace(right, digest=sent))
    for other, what in (
        (b"", "nothing was digested"),
        (body + b"\n", "a line feed was digested with it"),
        (body.rstrip(b"\r\n"), "it was digested without its last line feed"),
        (body.replace(b"\r\n", b"\n"), "line ends were changed"),
    ):
        cause = causes.BODY(length=length, what=what)
        digest = algorithm.digest(other)
        yield made(cause, replace(right, digest=digest))
        with_header = tuple((n, digest if n == algorithm.body_header else v) for n, v in right.headers)
        yield made(cause, replace(right, digest=digest, headers=with_header))
    yield made(
        causes.BODY(length=length, what="it was written in capitals"), replace(right, digest=right.digest.upper())
    )
    yield made(causes.BODY(length=length, what="none was signed"), replace(right, digest=""))


def _queries(algorithm: Algorithm, message: Message, right: _Parts, made: _Made) -> Iterator[Guess]:
    if message.query:
        if len(message.query) > 1:
            yield made(causes.QUERY_NOT_SIGNED(), replace(right, query=""))
        pieces = right.query.split("&")
        for index, piece in enumerate(pieces[:MOST_LEFT_OUT]):
            cause = causes.PARAMETER_NOT_SIGNED(name=unquote(piece.partition("=")[0])[:128])
            yield made(cause, replace(right, query="&".join(pieces[:index] + pieces[index + 1 :])))
        for each in spellings(message.query):
            yield made(each.cause, replace(right, query=each.query))
        yield made(causes.SPECIAL_CHARACTERS(client="the query as it was sent", server="its canonical form", where=""),
                   replace(right, query=message.raw_query))  # fmt: skip
    if message.form:
        everything = joined(tuple(sorted(merge(message.query, message.form))))
        yield made(causes.FORM_IN_QUERY(), replace(right, query=everything))
        alone = replace(right, query=everything, digest=algorithm.digest(b""))
        yield made(causes.FORM_IN_QUERY(), alone)


def _headers(message: Message, right: _Parts, made: _Made) -> Iterator[Guess]:
    for index, (name, value) in enumerate(right.headers):
        for cause, other in _values(name, value, message):
            changed = (*right.headers[:index], (name, other), *right.headers[index + 1 :])
            yield made(cause, replace(right, headers=changed))
        rest = (*right.headers[:index], *right.headers[index + 1 :])
        listed = ";".join(each for each, _ in rest)
        yield made(causes.HEADER_NOT_SIGNED(name=name[:64]), replace(right, headers=rest))
        yield made(causes.HEADER_NOT_SIGNED(name=name[:64]), replace(right, headers=rest, listed=listed))
    by_name = tuple(sorted(right.headers))
    order = ";".join(name for name, _ in by_name)
    yield made(causes.HEADER_ORDER(order="SignedHeaders has"), replace(right, headers=by_name))
    yield made(causes.HEADER_ORDER(order="SignedHeaders has"), replace(right, headers=by_name, listed=order))


def _values(name: str, value: str, message: Message) -> Iterator[tuple[Cause, str]]:
    """What the value of a header may have been."""
    for other in (value + " ", " " + value):
        yield causes.HEADER_VALUE_BLANK(name=name[:64], what="a blank at an end"), other
    if name == "host":
        bare, _, port = value.partition(":")
        others = [bare, f"{bare}:80", f"{bare}:443", value.lower(), f"http://{value}", f"https://{value}"]
        others += [
            message.headers.get("x-forwarded-host", ""),
            f"{bare}:{message.headers.get('x-forwarded-port', port)}",
        ]
        for other in others:
            if other and other != value:
                yield causes.HOST(client=other[:200], server=value[:200]), other
    for known, candidates in (("accept", ACCEPTS), ("content-type", CONTENT_TYPES)):
        if name == known:
            for other in candidates:
                if other != value:
                    yield causes.HEADER_CHANGED(name=name, client=other, server=value[:200]), other
    if name == "user-agent":
        yield causes.HEADER_CHANGED(name=name, client="", server=value[:200]), ""


def _layouts(algorithm: Algorithm, right: _Parts) -> Iterator[Guess]:
    """The parts joined in another way, or hashed in another way."""
    request = right.text()
    head = f"{algorithm.name}\n"
    yield Guess(causes.NOT_HASHED(), request, request)
    yield Guess(causes.NOT_HASHED(), head + request, request)
    for text, what in (
        (right.text(between=": "), "a blank stands behind the colon of each header"),
        (request.replace(f"\n\n{right.listed}", f"\n{right.listed}"), "the empty line behind the headers is missing"),
        (request + "\n", "a line feed stands at the end of the canonical request"),
        (request.replace("\n", "\r\n"), "lines end in carriage return and line feed"),
        (f"{right.method}\n{right.path}{request[len(right.method) + len(right.path) + 2 + len(right.query) :]}",
         "the line of the query is missing"),
    ):  # fmt: skip
        yield Guess(causes.LAYOUT(what=what), acs.string_to_sign(algorithm, text), text)
    digest = acs.string_to_sign(algorithm, request).removeprefix(head)
    yield Guess(causes.LAYOUT(what="the algorithm's name is not before the digest"), digest, request)
    yield Guess(causes.LAYOUT(what="the digest was written in capitals"), head + digest.upper(), request)
    yield Guess(causes.LAYOUT(what="a line feed stands at the end"), head + digest + "\n", request)
