"""A request as people paste it: raw HTTP, a curl command, JSON, or a URL.

What is pasted is read, never run, and bounded before it is taken apart.  What an editor or terminal does to a request
(line ends, a prompt, the marks of `curl -v`, a line feed at the end) is undone where it can be told.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, urlsplit

import msgspec

from keystead.faults import FaultKind
from keystead.wire.request import WireRequest

MAX_PASTED = 65_536
MAX_HEADERS = 100

UNREADABLE = FaultKind(
    "InvalidParameter.Request.Format",
    400,
    "The pasted request cannot be read: {why}.",
    "Paste raw HTTP (request line, headers, an empty line, body), a curl command, a URL, or JSON with method, url, "
    "headers and body.",
)

_METHOD = re.compile(r"[A-Za-z]{1,10}")
_REQUEST_LINE = re.compile(r"([A-Za-z]{1,10}) (\S{1,65536})(?: HTTP/[0-9.]{1,3})?\s?")


def read(text: str) -> WireRequest:
    """The request that a text describes.  Raises `InvalidParameter.Request.Format`."""
    if len(text) > MAX_PASTED:
        raise UNREADABLE(why=f"it has {len(text)} characters, the limit is {MAX_PASTED}")
    stripped = text.strip()
    if not stripped:
        raise UNREADABLE(why="it is empty")
    if stripped.startswith("{"):
        return _of_json(stripped)
    bare = stripped.removeprefix("$ ")
    if bare.startswith(("curl ", "curl\t")):
        return _of_curl(bare)
    if re.match(r"https?://\S+$", stripped):
        return _made("GET", stripped, [], b"")
    return _of_http(text)


def _made(method: str, target: str, headers: Iterable[tuple[str, str]], body: bytes) -> WireRequest:
    if not _METHOD.fullmatch(method):
        raise UNREADABLE(why=f"{method[:20]!r} is not a method")
    try:
        url = urlsplit(target)
    except ValueError:
        raise UNREADABLE(why="its address is not a URL") from None
    found: dict[str, list[str]] = {}
    for name, value in headers:
        found.setdefault(name.strip().lower(), []).append(value.strip())
    if len(found) > MAX_HEADERS:
        raise UNREADABLE(why=f"it has {len(found)} headers, the limit is {MAX_HEADERS}")
    if url.netloc:
        found.setdefault("host", [url.netloc])
    joined = {name: ",".join(sorted(values)) for name, values in found.items()}
    path, query = _wire(url.path or "/"), _wire(url.query)
    return WireRequest(method.upper(), path, query, joined, body)


def _wire(text: str) -> str:
    """What a client would have sent: beyond ASCII it is percent-encoded UTF-8."""
    return text if text.isascii() else quote(text, safe="%!$&'()*+,;=:@/?-._~[]")


def _of_http(text: str) -> WireRequest:
    text = text.lstrip("\r\n")
    lines = text.replace("\r\n", "\n").split("\n")
    if lines[0].startswith("> "):  # as `curl -v` shows it
        lines = [line[2:] if line.startswith("> ") else "" if line.rstrip() == ">" else line for line in lines]
    first = _REQUEST_LINE.fullmatch(lines[0].strip())
    if first is None:
        raise UNREADABLE(why="its first line is not METHOD and target")
    headers: list[tuple[str, str]] = []
    at = 1
    while at < len(lines) and lines[at].strip():
        name, colon, value = lines[at].partition(":")
        if not colon or not name.strip():
            raise UNREADABLE(why=f"line {at + 1} is not a header: {lines[at][:80]!r}")
        headers.append((name, value))
        at += 1
    # The body in the text as it was pasted: its own line ends count.
    ends = re.search(r"\r?\n[> ]{0,2}\r?\n", text)
    body = text[ends.end() :] if ends is not None and at < len(lines) else ""
    return _made(first[1], first[2], headers, _trimmed(body, headers))


def _trimmed(body: str, headers: list[tuple[str, str]]) -> bytes:
    """The body without what an editor put behind it, where Content-Length says how long it was."""
    raw = body.encode("utf-8", "surrogatepass")
    length = next((value.strip() for name, value in headers if name.strip().lower() == "content-length"), "")
    if length.isdecimal() and len(length) < 10:
        if len(raw) > int(length) and not raw[int(length) :].strip():
            return raw[: int(length)]
        return raw
    return raw.rstrip(b"\r\n") if not raw.strip() or raw.rstrip(b"\r\n") + b"\n" == raw else raw


def _of_json(text: str) -> WireRequest:
    try:
        given = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        raise UNREADABLE(why="it begins like JSON and is not") from None
    given = {str(key).lower(): value for key, value in given.items()}
    given = {str(key).lower(): value for key, value in given["request"].items()} if _is_map(given, "request") else given
    post = given.get("postdata")
    body = given.get("body", post.get("text", "") if isinstance(post, Mapping) else "")
    target = given.get("url") or given.get("target") or _target(given)
    if not isinstance(target, str) or not target:
        raise UNREADABLE(why="it has no url")
    if isinstance(body, Mapping | list):
        body = msgspec.json.encode(body).decode()
    method = str(given.get("method") or ("POST" if body else "GET"))
    return _made(method, target, _header_pairs(given.get("headers")), str(body or "").encode("utf-8", "surrogatepass"))


def _is_map(given: Mapping[str, Any], name: str) -> bool:
    return isinstance(given.get(name), Mapping)


def _target(given: Mapping[str, Any]) -> str:
    query = given.get("query") or ""
    if isinstance(query, Mapping):
        query = "&".join(f"{quote(str(name), safe='')}={quote(str(value), safe='')}" for name, value in query.items())
    path = given.get("path") or ("/" if query else "")
    return f"{path}?{query}" if query else str(path)


def _header_pairs(given: object) -> list[tuple[str, str]]:
    if isinstance(given, Mapping):
        return [(str(name), str(value)) for name, value in given.items()]
    found: list[tuple[str, str]] = []
    for each in given if isinstance(given, list) else ():
        if isinstance(each, Mapping):
            found.append((str(each.get("name", "")), str(each.get("value", ""))))
        elif isinstance(each, list) and len(each) == 2:
            found.append((str(each[0]), str(each[1])))
    return [pair for pair in found if pair[0]]


_WITH_VALUE = frozenset(
    {
        *("-X", "--request", "-H", "--header", "-A", "--user-agent", "--url"),
        *("-d", "--data", "--data-raw", "--data-binary", "--data-ascii", "--data-urlencode", "--json", "-F", "--form"),
        *("-e", "--referer", "-b", "--cookie", "-o", "--output", "-m", "--max-time", "--connect-timeout", "--retry"),
        *("-x", "--proxy", "-u", "--user", "--cacert", "--cert", "--key", "--resolve", "-w", "--write-out"),
    }
)
_DATA = frozenset({"-d", "--data", "--data-raw", "--data-binary", "--data-ascii", "--json"})


class _Curl:
    """What the options of a curl command come to."""

    def __init__(self) -> None:
        self.method = ""
        self.url = ""
        self.headers: list[tuple[str, str]] = []
        self.data: list[str] = []
        self.in_query = False

    def take(self, option: str, value: str) -> None:
        """Take one option and its value."""
        if option in ("-X", "--request"):
            self.method = value
        elif option in ("-H", "--header"):
            name, _, text = value.partition(":")
            self.headers.append((name, text))
        elif option in ("-A", "--user-agent"):
            self.headers.append(("user-agent", value))
        elif option == "--url":
            self.url = value
        elif option == "--data-urlencode":
            name, sign, text = value.partition("=")
            self.data.append(f"{name}={quote(text, safe='')}" if sign else quote(value, safe=""))
        elif option in _DATA:
            if value.startswith("@") and option != "--data-raw":
                raise UNREADABLE(why=f"{option} names a file; paste what is in it with --data-raw")
            self.data.append(value)
            if option == "--json":
                self.headers.append(("content-type", "application/json"))
        elif option in ("-F", "--form"):
            raise UNREADABLE(why="multipart forms have a boundary that curl chooses; paste the raw HTTP request")

    def request(self) -> WireRequest:
        """The request that curl would send."""
        if not self.url:
            raise UNREADABLE(why="the curl command names no URL")
        body = "&".join(self.data)
        url = self.url if "://" in self.url else f"http://{self.url}"
        if self.in_query and body:
            url += ("&" if "?" in url else "?") + body
            body = ""
        names = {name.strip().lower() for name, _ in self.headers}
        if body and "content-type" not in names:
            self.headers.append(("content-type", "application/x-www-form-urlencoded"))
        method = self.method or ("POST" if body else "GET")
        return _made(method, url, self.headers, body.encode("utf-8", "surrogatepass"))


def _of_curl(text: str) -> WireRequest:
    joined = re.sub(r"[\\^]\r?\n", " ", text)
    if "$'" in joined:
        raise UNREADABLE(why="it quotes with $'…', which only a shell reads; paste the raw HTTP request")
    try:
        words = shlex.split(joined)[1:]
    except ValueError:
        raise UNREADABLE(why="a quote of the curl command is not closed") from None
    curl = _Curl()
    at = 0
    while at < len(words):
        word = words[at]
        at += 1
        option, sign, value = word.partition("=") if word.startswith("--") else (word, "", "")
        if option in _WITH_VALUE:
            if not sign:
                value = words[at] if at < len(words) else ""
                at += 1
            curl.take(option, value)
        elif word[:2] in _WITH_VALUE and not word.startswith("--"):
            curl.take(word[:2], word[2:])
        elif word in ("-G", "--get"):
            curl.in_query = True
        elif word in ("-I", "--head"):
            curl.method = curl.method or "HEAD"
        elif not word.startswith("-"):
            curl.url = curl.url or word
    return curl.request()
