"""The listener with nothing behind it: what any answer costs before Keystead does something.

python benchmarks/server/empty.py PORT
"""

from __future__ import annotations

import sys
from typing import Any

BODY = b'{"RequestId":"00000000-0000-4000-8000-000000000000"}'
HEADERS = [(b"content-type", b"application/json;charset=utf-8"), (b"content-length", str(len(BODY)).encode())]


async def empty(scope: Any, receive: Any, send: Any) -> None:
    """Read the request, answer the same to everybody."""
    if scope["type"] != "http":
        return
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": BODY})


def main() -> None:
    """Serve on our own listener until SIGTERM."""
    import uvloop

    from keystead.server import listen

    listener = listen.Listener("127.0.0.1", int(sys.argv[1]))
    uvloop.run(listen.serve(empty, [listener], [], lambda *_: None))  # type: ignore[arg-type]  # any ASGI application


if __name__ == "__main__":
    main()
