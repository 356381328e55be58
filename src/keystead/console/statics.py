"""Style sheets and scripts: read once, named with a mark of what they hold, kept by browsers until that changes."""

from __future__ import annotations

import hashlib
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response

_TYPES = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}
_YEAR = 31_536_000


class Statics:
    """The files of `static/` in memory.  marks: from a file's name to what its content is known by."""

    def __init__(self) -> None:
        folder = files("keystead.console").joinpath("static")
        self._held = {each.name: each.read_bytes() for each in folder.iterdir() if each.is_file()}
        self.marks = {name: hashlib.sha256(held).hexdigest()[:12] for name, held in self._held.items()}

    async def answer(self, request: Request) -> Response:
        """A file by its name; for ever where the address carries the mark of what it holds."""
        name = request.path_params["name"]
        held = self._held.get(name)
        if held is None:
            return Response("There is no such file.", 404, media_type="text/plain")
        lasting = request.query_params.get("v") == self.marks[name]
        headers = {
            "cache-control": f"public, max-age={_YEAR}, immutable" if lasting else "no-cache",
            "x-content-type-options": "nosniff",
            "content-security-policy": "default-src 'none'",
        }
        return Response(held, headers=headers, media_type=_TYPES.get(name.rpartition(".")[2], "text/plain"))
