"""Files that come as multipart forms, read from the body that the edge has bounded."""

from __future__ import annotations

import asyncio
from email.message import Message
from typing import NamedTuple

from keystead.gateway import faults
from keystead.wire.request import WireRequest

_MOST_PARTS = 16
_MOST_FIELD = 1024
_NO_FORM = "A file is sent as multipart/form-data: {why}."


class Sent(NamedTuple):
    """One file of a form."""

    name: str
    content: bytes


async def read(request: WireRequest) -> tuple[dict[str, str], list[Sent]]:
    """The fields and the files of a form.  Raises `InvalidParameter`."""
    from aiohttp import BodyPartReader, MultipartReader  # where it is used: every start would pay for it
    from aiohttp.base_protocol import BaseProtocol
    from aiohttp.streams import StreamReader

    kind, body = request.headers.get("content-type", ""), request.body
    declared = Message()
    declared["content-type"] = kind
    if declared.get_content_type() != "multipart/form-data":
        raise faults.PARAMETER(problem=_NO_FORM.format(why="the content type is another one"))
    boundary = declared.get_boundary("")
    if not boundary or not body.startswith(f"--{boundary}".encode()):
        # What else stands in front is a preamble: no client sends one, and the reader takes it line by line.
        raise faults.PARAMETER(problem=_NO_FORM.format(why="the body does not begin with the boundary"))
    loop = asyncio.get_running_loop()
    stream = StreamReader(BaseProtocol(loop), limit=len(body) + 1, loop=loop)
    stream.feed_data(body)
    stream.feed_eof()
    fields: dict[str, str] = {}
    files: list[Sent] = []
    why = f"it has more than {_MOST_PARTS} parts"
    try:
        reader = MultipartReader({"Content-Type": kind}, stream)
        for _ in range(_MOST_PARTS):
            part = await reader.next()
            if part is None:
                return fields, files
            if not isinstance(part, BodyPartReader):
                why = "a part is a form itself"
                break
            value = bytes(await part.read(decode=False))
            if part.filename is not None:
                files.append(Sent(part.filename, value))
            else:
                fields[part.name or ""] = value[:_MOST_FIELD].decode("utf-8", "replace")
    except Exception as error:  # noqa: BLE001 - a parser of hostile bytes may raise anything
        why = next(iter(str(error).splitlines()), "")[:120] or "it is broken"
    raise faults.PARAMETER(problem=_NO_FORM.format(why=why))
