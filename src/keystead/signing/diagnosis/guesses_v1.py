"""Guesses for RPC 1.0 and ROA 1.0.  Source: reference/request-signing.md sections 3 and 4."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from keystead import percent
from keystead.percent import Pairs
from keystead.signing.canonical import header_text, plain_query
from keystead.signing.diagnosis import causes
from keystead.signing.diagnosis.guesses import METHODS, Guess, joined, paths, small_hex, spellings
from keystead.signing.message import Claim, Form, Message
from keystead.signing.roa_v1 import content_md5

ACCEPTS = ("application/json", "*/*", "application/octet-stream", "application/xml", "")
CONTENT_TYPES = (
    "",
    "application/json",
    "application/json; charset=utf-8",
    "application/json;charset=utf-8",
    "application/json; charset=UTF-8",
    "application/x-www-form-urlencoded",
    "application/x-www-form-urlencoded; charset=utf-8",
    "application/x-www-form-urlencoded;charset=utf-8",
    "application/octet-stream",
)


def rpc(claim: Claim, message: Message, form: Form) -> Iterator[Guess]:
    """Of RPC 1.0: what one fault makes of a form that is accepted."""
    covered = set(form.parameters)
    pairs = tuple(pair for pair in claim.unproven if pair in covered)
    right = joined(tuple(sorted(pairs)))
    method, again = message.method, percent.encode(right)
    for other in (*METHODS, method.lower()):
        yield Guess(causes.METHOD(client=other, server=method), f"{other}&%2F&{again}")
    for each in spellings(pairs):
        yield Guess(each.cause, f"{method}&%2F&{percent.encode(each.query)}")
    yield Guess(causes.NOT_ENCODED_AGAIN(), f"{method}&%2F&{right}")
    for inner in (right, small_hex(right)):
        yield Guess(causes.HEX_CASE(where=""), f"{method}&%2F&{small_hex(percent.encode(inner))}")
    for path in (message.raw_path or "/", percent.encode(message.raw_path or "/"), ""):
        yield Guess(causes.PATH_IN_RPC(client=path or "nothing"), f"{method}&{path}&{again}")
    yield from _one_place(message, method)


def _one_place(message: Message, method: str) -> Iterator[Guess]:
    """Only the query, or only the form, was signed."""
    if not (message.query and message.form):
        return
    for pairs, cause in (
        (message.form, causes.QUERY_NOT_SIGNED()),
        (message.query, causes.PARAMETER_NOT_SIGNED(name=message.form[0][0][:128])),
    ):
        kept = tuple(sorted(pair for pair in pairs if pair[0] != "Signature"))
        yield Guess(cause, f"{method}&%2F&{percent.encode(joined(kept))}")


def roa(_claim: Claim, message: Message, form: Form) -> Iterator[Guess]:
    """Of ROA 1.0: what one fault makes of a form that is accepted."""
    headers = message.headers
    method = message.method
    names = sorted(name for name in headers if name.startswith("x-acs-"))
    written = form.string_to_sign.split("\n", len(names) + 5)
    heads = dict(zip(("accept", "content-md5", "content-type", "date"), written[1:5], strict=True))
    right = written[-1]
    lines = "".join(f"{name}:{headers[name]}\n" for name in names)

    def text(*, method: str = method, lines: str = lines, resource: str = right, **other: str) -> str:
        head = "\n".join((heads | other).values())
        return f"{method}\n{header_text(head)}\n{header_text(lines)}{resource}"

    for verb in (*METHODS, method.lower()):
        yield Guess(causes.METHOD(client=verb, server=method), text(method=verb))
    yield from _fixed_lines(message, heads, text)
    unsorted_names = [name for name in headers if name.startswith("x-acs-")]
    yield Guess(
        causes.HEADER_ORDER(order="by name"),
        text(lines="".join(f"{name}:{headers[name]}\n" for name in unsorted_names)),
    )
    yield Guess(
        causes.HEADER_VALUE_BLANK(name="x-acs-…", what="a blank behind the colon"),
        text(lines="".join(f"{name}: {headers[name]}\n" for name in names)),
    )
    for name in names:
        rest = "".join(f"{each}:{headers[each]}\n" for each in names if each != name)
        yield Guess(causes.HEADER_NOT_SIGNED(name=name[:64]), text(lines=rest))
        for value in (headers[name] + " ", " " + headers[name]):
            blank = "".join(f"{each}:{value if each == name else headers[each]}\n" for each in names)
            cause = causes.HEADER_VALUE_BLANK(name=name[:64], what="a blank at an end")
            yield Guess(cause, text(lines=blank))
    yield from _resource_guesses(message, right.partition("?")[0], text)


def _resources(path: str, query: Pairs) -> list[str]:
    return [f"{path}?{plain_query(query, bare=bare)}" if query else path for bare in (True, False)]


def _fixed_lines(message: Message, heads: dict[str, str], text: Callable[..., str]) -> Iterator[Guess]:
    """The four lines behind the method, each with what is often there instead."""
    for name, others in (
        ("accept", ACCEPTS),
        ("content-type", CONTENT_TYPES),
        ("content-md5", ("", content_md5(message.body), content_md5(b""))),
        ("date", ("", message.headers.get("x-acs-date", ""))),
    ):
        for value in others:
            if value != heads[name]:
                cause = causes.HEADER_CHANGED(name=name, client=value, server=heads[name][:200])
                if name == "content-md5":
                    what = f"[{value}] was signed, [{heads[name][:64]}] arrived"
                    cause = causes.BODY(length=len(message.body), what=what)
                yield Guess(cause, text(**{name: value}))


def _resource_guesses(message: Message, wire: str, text: Callable[..., str]) -> Iterator[Guess]:
    query = message.query
    if query:
        yield Guess(causes.QUERY_NOT_SIGNED(), text(resource=wire))
        yield Guess(_encoded(), text(resource=f"{wire}?{joined(tuple(sorted(query)))}"))
        yield Guess(_encoded(), text(resource=f"{wire}?{message.raw_query}"))
        order = "&".join(f"{name}={value}" for name, value in query)
        right = sorted(query)
        at = next((index for index, pair in enumerate(query) if pair != right[index]), None)
        if at is not None:
            cause = causes.PARAMETER_ORDER(client=query[at][0][:128], server=right[at][0][:128])
            yield Guess(cause, text(resource=f"{wire}?{order}"))
        for name, _ in right[:60]:
            rest = tuple(pair for pair in query if pair[0] != name)
            cause = causes.PARAMETER_NOT_SIGNED(name=name[:128])
            yield Guess(cause, text(resource=_resources(wire, rest)[0]))
    for cause, path in paths(wire):
        yield Guess(cause, text(resource=_resources(path, query)[0]))


def _encoded() -> causes.Cause:
    return causes.LAYOUT(what="the query was signed encoded; ROA signature 1.0 signs its decoded names and values")
