"""Two canonical texts, the client's and the server's: where they part, in which part of the request, and why."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import unquote

from keystead.signing.diagnosis import causes
from keystead.signing.diagnosis.causes import Cause

_AROUND = 32


class Difference(NamedTuple):
    """The first byte that differs.

    offset: in bytes of UTF-8, from 0.  line: from 1.  part: of the request, in words.  client, server: a piece of
    either text from there on, empty at its end.
    """

    offset: int
    line: int
    part: str
    client: str
    server: str
    cause: Cause | None


def first_difference(client: str, server: str) -> int | None:
    """The index of the first character that differs, None where none does."""
    if client == server:
        return None
    shorter = min(len(client), len(server))
    low, high = 0, shorter
    while low < high:  # by halves: comparing slices runs at the speed of memory
        middle = (low + high + 1) // 2
        if client[:middle] == server[:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _located(client: str, server: str, part: str, cause: Cause | None) -> Difference | None:
    at = first_difference(client, server)
    if at is None:
        return None
    return Difference(
        offset=len(server[:at].encode("utf-8", "surrogatepass")),
        line=server.count("\n", 0, at) + 1,
        part=part,
        client=client[at : at + _AROUND],
        server=server[at : at + _AROUND],
        cause=cause,
    )


def in_canonical_request(client: str, server: str) -> Difference | None:
    """Of ACS3 and ACS4: method, path, query, header lines, an empty line, their names, the body's digest."""
    theirs, ours = client.split("\n"), server.split("\n")
    if theirs[0] != ours[0]:
        return _located(client, server, "method", _method(theirs[0], ours[0]))
    for index, (one, other) in enumerate(zip(theirs, ours, strict=False)):
        if one == other:
            continue
        if index == 1:
            return _located(client, server, "path", _path(one, other))
        if index == 2:
            return _located(client, server, "query", pairs_cause(one, other))
        if index == len(ours) - 1:
            cause = causes.BODY(length="(unknown number of)", what=f"[{one[:64]}] was signed, [{other}] arrived")
            return _located(client, server, "digest of the body", cause)
        if index == len(ours) - 2:
            return _located(client, server, "SignedHeaders", _names(one.split(";"), other.split(";")))
        return _located(client, server, "headers", header_cause(theirs[index:], ours[index:]))
    return _located(client, server, "end of the text", causes.LAYOUT(what="one of them has more lines"))


def in_roa_string(client: str, server: str) -> Difference | None:
    """Of ROA 1.0: method, accept, content-md5, content-type, date, x-acs- lines, path and query."""
    theirs, ours = client.split("\n"), server.split("\n")
    fixed = ("method", "accept", "content-md5", "content-type", "date")
    for index, (one, other) in enumerate(zip(theirs, ours, strict=False)):
        if one == other:
            continue
        if index == 0:
            return _located(client, server, "method", _method(one, other))
        if index < len(fixed):
            return _located(client, server, fixed[index], _value(fixed[index], one, other))
        if index < len(ours) - 1:
            return _located(client, server, "headers", header_cause(theirs[index:], ours[index:]))
        path, _, query = one.partition("?")
        our_path, _, our_query = other.partition("?")
        if path != our_path:
            return _located(client, server, "path", _path(path, our_path))
        return _located(client, server, "query", pairs_cause(query, our_query))
    return _located(client, server, "end of the text", causes.LAYOUT(what="one of them has more lines"))


def in_rpc_string(client: str, server: str) -> Difference | None:
    """Of RPC 1.0: `METHOD&%2F&` and the encoded parameters."""
    theirs, ours = client.split("&", 2), server.split("&", 2)
    if len(theirs) < 3:
        return _located(client, server, "the whole", causes.LAYOUT(what="METHOD&%2F&<encoded parameters> is wanted"))
    if theirs[0] != ours[0]:
        return _located(client, server, "method", _method(theirs[0], ours[0]))
    if theirs[1] != ours[1]:
        return _located(client, server, "path", causes.PATH_IN_RPC(client=theirs[1][:80]))
    if "=" in theirs[2]:
        return _located(client, server, "parameters", causes.NOT_ENCODED_AGAIN())
    one, other = unquote(theirs[2], errors="surrogateescape"), unquote(ours[2], errors="surrogateescape")
    if one == other:
        return _located(client, server, "parameters", _spelling(theirs[2], ours[2], "") or causes.HEX_CASE(where=""))
    return _located(client, server, "parameters", pairs_cause(one, other))


def _method(client: str, server: str) -> Cause:
    return causes.METHOD(client=client[:20], server=server)


def _path(client: str, server: str) -> Cause:
    return _spelling(client, server, " in the path") or causes.PATH(client=client[:200], server=server[:200])


def pairs_cause(client: str, server: str) -> Cause | None:
    """Why two joined queries differ."""
    if client == server:
        return None
    if not client and "&" in server:
        return causes.QUERY_NOT_SIGNED()
    theirs, ours = client.split("&") if client else [], server.split("&") if server else []
    if sorted(theirs) == sorted(ours):
        at = next(index for index, pair in enumerate(theirs) if pair != ours[index])
        return causes.PARAMETER_ORDER(client=_name(theirs[at]), server=_name(ours[at]))
    names, our_names = [_decoded(_name(pair)) for pair in theirs], [_decoded(_name(pair)) for pair in ours]
    for pair, name in zip(ours, our_names, strict=True):
        if pair in theirs:
            continue
        if name not in names:
            return causes.PARAMETER_NOT_SIGNED(name=name[:128])
        return _pair_cause(theirs[names.index(name)], pair, name)
    extra = next((name for name in names if name not in our_names), None)
    return causes.PARAMETER_LOST(name=extra[:128]) if extra is not None else None


def _pair_cause(client: str, server: str, name: str) -> Cause:
    if client == name and server == f"{name}=":
        return causes.EMPTY_VALUE(client=client[:80], server=server[:80])
    return _spelling(client, server, f" in the parameter {name[:128]}") or causes.VALUE_CHANGED(name=name[:128])


def _spelling(client: str, server: str, where: str) -> Cause | None:
    """The cause where two texts spell the same characters, None where they say different things."""
    if client.replace("+", "%20") == server:
        return causes.PLUS_FOR_SPACE(where=where)
    if client.lower() == server.lower() and _decoded(client) == _decoded(server):
        return causes.HEX_CASE(where=where)
    if _decoded(client) == server:
        return causes.DOUBLE_ENCODING(where=where)
    if client == _decoded(server):
        return causes.NOT_ENCODED(where=where)
    if _decoded(client) == _decoded(server) or _decoded(client.replace("+", "%20")) == _decoded(server):
        at = first_difference(client, server) or 0
        return causes.SPECIAL_CHARACTERS(client=_one(client, at), server=_one(server, at), where=where)
    return None


def _one(text: str, at: int) -> str:
    """The character or escape that stands at an index; of an escape that begins before, the whole."""
    start = max(text.rfind("%", max(0, at - 2), at + 1), -1)
    return text[start : start + 3] if start >= 0 else text[at : at + 1] or "nothing"


def header_cause(theirs: list[str], ours: list[str]) -> Cause:
    """Why the header lines from here on differ."""
    one, other = theirs[0], ours[0]
    (name, _, value), (our_name, _, our_value) = one.partition(":"), other.partition(":")
    if name == our_name:
        return _value(name, value, our_value)
    if name.lower() == our_name:
        return causes.LAYOUT(what=f"the name of the header {our_name} must be written in small letters")
    known, our_known = {line.partition(":")[0] for line in theirs}, {line.partition(":")[0] for line in ours}
    if our_name not in known and ":" in other:
        return causes.HEADER_NOT_SIGNED(name=our_name[:64])
    if name not in our_known and ":" in one:
        return causes.HEADER_LOST(name=name[:64])
    if ":" in one and ":" in other:
        return causes.HEADER_ORDER(order=f"the server's: {name[:64]} stands where {our_name[:64]} belongs")
    return causes.LAYOUT(what="an empty line belongs behind the header lines")


def _value(name: str, client: str, server: str) -> Cause:
    """Why the value of one header differs."""
    if client.strip() == server.strip():
        return causes.HEADER_VALUE_BLANK(name=name, what="a blank at an end")
    if name == "host":
        return causes.HOST(client=client[:200], server=server[:200])
    if name in ("date", "x-acs-date"):
        return causes.DATE(client=client[:64], server=server[:64])
    if name in ("x-acs-content-sha256", "x-acs-content-sm3", "content-md5"):
        return causes.BODY(length="(unknown number of)", what=f"[{client[:64]}] was signed, [{server[:64]}] arrived")
    return causes.HEADER_CHANGED(name=name, client=client[:200], server=server[:200])


def _names(client: list[str], server: list[str]) -> Cause:
    """Why two SignedHeaders lists differ."""
    extra, lacking = sorted(set(client) - set(server)), sorted(set(server) - set(client))
    if extra:
        return causes.HEADER_LOST(name=extra[0][:64])
    if lacking:
        return causes.HEADER_NOT_SIGNED(name=lacking[0][:64])
    return causes.HEADER_ORDER(order="SignedHeaders has")


def _name(pair: str) -> str:
    return pair.partition("=")[0]


def _decoded(text: str) -> str:
    return unquote(text, errors="surrogateescape")


def in_digest(client: str, server: str) -> Difference | None:
    """Of the string to sign of ACS3 and ACS4, which says no more than that the canonical requests differ."""
    return _located(client, server, "digest of the canonical request", causes.ONLY_THE_DIGEST())
