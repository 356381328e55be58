"""The short way of signed calls answers as uvicorn's does, however the requests come."""

from __future__ import annotations

import asyncio
import socket
from http.client import HTTPResponse
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

import pytest
import uvicorn
from uvicorn.server import ServerState

from keystead.server.connection import MOST_BODY, Connection, _resumed
from keystead.wire.answers import Answer
from services import rpc
from services.server import Server


def query(server: Server, action: str, method: str = "GET", **own: str) -> str:
    version = rpc.VERSIONS["sts" if action == "GetCallerIdentity" else "ram"]
    return rpc.signed(server.admin, method, {"Action": action, "Version": version, **own})


def get(server: Server, action: str, *lines: str, version: str = "1.1", **own: str) -> bytes:
    head = [f"GET /?{query(server, action, **own)} HTTP/{version}", "Host: h", *lines]
    return "\r\n".join([*head, "", ""]).encode()


def post(server: Server, *lines: str, body: bytes, chunks: int = 0) -> bytes:
    length = "Transfer-Encoding: chunked" if chunks else f"Content-Length: {len(body)}"
    head = ["POST / HTTP/1.1", "Host: h", "Content-Type: application/x-www-form-urlencoded", length, *lines]
    if chunks:
        pieces = [body[at : at + chunks] for at in range(0, len(body), chunks)]
        body = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
    return "\r\n".join([*head, "", ""]).encode() + body


class Line:
    """One connection."""

    def __init__(self, server: Server) -> None:
        self.socket = socket.create_connection((server.host, server.port), timeout=30)

    def send(self, data: bytes, *, piece: int = 0) -> None:
        for at in range(0, len(data), piece or len(data)):
            self.socket.sendall(data[at : at + (piece or len(data))])

    def answer(self, method: str = "GET") -> tuple[int, str, bytes]:
        """Status, the header Connection, and body of the next answer."""
        response = HTTPResponse(self.socket, method=method)
        response.begin()
        return response.status, response.headers.get("connection", ""), response.read()


def test_calls_sent_at_once_are_answered_in_order(shared_server: Server) -> None:
    """The second waits for the database, and the third must not overtake it."""
    line = Line(shared_server)
    reader = line.socket.makefile("rb")
    with line.socket, reader:
        line.send(
            get(shared_server, "GetCallerIdentity")
            + get(shared_server, "GetUser", UserName="admin")
            + get(shared_server, "GetCallerIdentity", "Connection: close")
        )
        whole = reader.read()
    bodies = [piece.partition(b"\r\n\r\n")[2] for piece in whole.split(b"HTTP/1.1 ")[1:]]
    assert [b'"IdentityType"' in body for body in bodies] == [True, False, True]
    assert [b'"UserName":"admin"' in body for body in bodies] == [False, True, False]


@pytest.mark.parametrize("piece", [0, 1, 7])
@pytest.mark.parametrize("chunks", [0, 50])
def test_a_form_is_read_however_it_is_cut(shared_server: Server, piece: int, chunks: int) -> None:
    line = Line(shared_server)
    with line.socket:
        body = query(shared_server, "GetCallerIdentity", "POST").encode()
        line.send(post(shared_server, body=body, chunks=chunks), piece=piece)
        assert line.answer()[0] == 200


@pytest.mark.parametrize("chunks", [0, 4096])
def test_a_large_body_is_bounded_by_the_same_rules(shared_server: Server, chunks: int) -> None:
    line = Line(shared_server)
    with line.socket:
        body = query(shared_server, "GetCallerIdentity", "POST", Note="x" * (MOST_BODY + 1)).encode()
        line.send(post(shared_server, body=body, chunks=chunks))
        assert line.answer()[0] == 200
        line.send(get(shared_server, "GetCallerIdentity"))
        assert line.answer()[0] == 200


def test_a_body_beyond_a_small_limit_is_refused(shared_server: Server) -> None:
    line = Line(shared_server)
    with line.socket:
        many = urlencode([(f"P{n}", "") for n in range(2000)]).encode()
        line.send(post(shared_server, body=many))
        status, _, body = line.answer()
        assert (status, b"RequestTooLarge" in body) == (413, True)


def test_a_connection_ends_when_the_client_says_so(shared_server: Server) -> None:
    for request in (
        get(shared_server, "GetCallerIdentity", "Connection: close"),
        get(shared_server, "GetUser", "Connection: close", UserName="admin"),
        get(shared_server, "GetCallerIdentity", version="1.0"),
    ):
        line = Line(shared_server)
        with line.socket:
            line.send(request)
            status, connection, _ = line.answer()
            assert (status, connection) == (200, "close")
            assert line.socket.recv(1) == b""


def test_what_is_asked_by_head_has_no_body(shared_server: Server) -> None:
    line = Line(shared_server)
    with line.socket:
        line.send(get(shared_server, "GetCallerIdentity").replace(b"GET", b"HEAD", 1))
        assert line.answer("HEAD")[2] == b""
        line.send(get(shared_server, "GetCallerIdentity"))
        assert line.answer()[0] == 200


def test_a_body_that_is_announced_waits_for_the_word(shared_server: Server) -> None:
    line = Line(shared_server)
    with line.socket:
        body = query(shared_server, "GetCallerIdentity", "POST").encode()
        whole = post(shared_server, "Expect: 100-continue", body=body)
        line.send(whole.removesuffix(body))
        assert line.socket.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        line.send(body)
        assert line.answer()[0] == 200


def test_a_client_that_leaves_harms_nobody(shared_server: Server) -> None:
    for _ in range(20):
        line = Line(shared_server)
        line.send(get(shared_server, "GetUser", UserName="admin") * 3)
        line.socket.close()
    line = Line(shared_server)
    with line.socket:
        line.send(get(shared_server, "GetCallerIdentity"))
        assert line.answer()[0] == 200


class Transport(asyncio.Transport):
    """Keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.closed = False

    def write(self, data: Any) -> None:
        self.written += data

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize("value", [b"a\r\nb: c", b"a\nb", b"a\rb"])
def test_no_header_of_an_answer_holds_a_line_break(value: bytes) -> None:
    async def write() -> Transport:
        config = uvicorn.Config(SimpleNamespace(), http=Connection, ws="none", lifespan="off", log_config=None)
        connection = Connection(config=config, server_state=ServerState(), app_state={})
        connection.transport = transport = Transport()
        connection._write(Answer(200, [(b"x", value)], b"body"))
        return transport

    transport = asyncio.run(write())
    assert transport.written == b""
    assert transport.closed


def idle_connection(seconds: float) -> tuple[Connection, Transport]:
    """A connection that is closed after so many seconds without a request."""
    config = uvicorn.Config(
        SimpleNamespace(), http=Connection, ws="none", lifespan="off", log_config=None, timeout_keep_alive=seconds
    )
    connection = Connection(config=config, server_state=ServerState(), app_state={})
    connection.transport = transport = Transport()
    connection.flow = SimpleNamespace(resume_reading=lambda: None, resume_writing=lambda: None)
    return connection, transport


def test_a_connection_that_stays_idle_is_closed() -> None:
    async def wait() -> None:
        connection, transport = idle_connection(0.05)
        connection._write(Answer(200, [(b"x", b"y")], b"body"))
        async with asyncio.timeout(30):
            while not transport.closed:
                await asyncio.sleep(0.01)

    asyncio.run(wait())


def test_a_connection_is_not_idle_while_a_request_is_under_way() -> None:
    """The one timer of a connection looks several times, and closes only what waits for a request."""
    looked = 0

    async def wait() -> Transport:
        nonlocal looked
        connection, transport = idle_connection(0.02)
        connection._write(Answer(200, [(b"x", b"y")], b"body"))
        connection.on_message_begin()
        first = connection._watch
        async with asyncio.timeout(30):
            while connection._watch is first or looked < 5:
                looked += connection._watch is not first
                await asyncio.sleep(0.02)
        assert not transport.closed
        connection.connection_lost(None)
        assert connection._watch is None
        return transport

    assert asyncio.run(wait()).written.endswith(b"body")


def test_a_call_that_began_outside_of_a_task_is_finished_in_one() -> None:
    """What it waits for is handed in, and so are errors; what it answers or raises comes out."""

    async def call(waits: list[asyncio.Future[int]]) -> Answer:
        total = 0
        for each in waits:
            try:
                total += await each
            except KeyError:
                total += 100
        if total > 150:
            raise ValueError(total)
        return Answer(total, [], b"")

    async def run(*results: int | Exception) -> Answer:
        loop = asyncio.get_running_loop()
        waits = [loop.create_future() for _ in results]
        begun = call(waits)
        awaited = begun.send(None)
        for wait, result in zip(waits, results, strict=True):
            if isinstance(result, int):
                loop.call_soon(wait.set_result, result)
            else:
                loop.call_soon(wait.set_exception, result)
        return await asyncio.ensure_future(_finished(begun, awaited))

    async def _finished(begun: Any, awaited: Any) -> Answer:
        return await _resumed(begun, awaited)

    assert asyncio.run(run(1, 2, 3)).status == 6
    assert asyncio.run(run(1, KeyError("x"))).status == 101
    with pytest.raises(ValueError, match="200"):
        asyncio.run(run(100, KeyError("x")))
