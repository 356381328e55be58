"""A model server's stream, cut at line ends and bounded; and what one event of it may look like.

Every event is decoded once, by a schema that skips what it does not name: garbage is found where it stands, and usage
and the end are known without a second pass.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import msgspec

from keystead.gateway import faults


class Tokens(msgspec.Struct, frozen=True):
    """The usage member of an answer."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0


class Delta(msgspec.Struct, frozen=True):
    """What a chunk or a message adds."""

    role: str | None = None
    content: str | list[Any] | None = None
    reasoning_content: str | None = None
    tool_calls: list[dict[str, Any]] | None = None


class Choice(msgspec.Struct, frozen=True):
    """One choice of a chunk (`delta`), an answer (`message`) or a plain completion (`text`)."""

    index: int = 0
    delta: Delta | None = None
    message: Delta | None = None
    text: str | None = None
    finish_reason: str | None = None


class Chunk(msgspec.Struct, frozen=True):
    """One event of a stream, or a whole answer."""

    choices: list[Choice] = []
    usage: Tokens | None = None
    error: Any = None
    data: list[Any] | None = None
    results: list[Any] | None = None
    model: Any = None  # what the server calls it, whatever it was asked by


_decode = msgspec.json.Decoder(Chunk).decode


def chunk(text: bytes) -> Chunk:
    """Read one event or answer.  Raises `ModelServingError` for what is not one."""
    try:
        found = _decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise faults.SERVING(why=f"it answered what is not a model's answer ({str(error)[:80]})") from None
    if found.error is not None:
        raise faults.SERVING(why=f"it said {said(found.error)}")
    return found


def said(error: Any) -> str:
    """The words of a model server's own error, bounded and printable."""
    text = error.get("message", error) if isinstance(error, dict) else error
    return "".join(char for char in str(text)[:300] if char.isprintable()) or "nothing"


async def blocks(chunks: AsyncIterator[bytes], most: int) -> AsyncIterator[bytes]:
    """Whole lines as they come, several together when they came together.

    Raises `ModelServingError` for a line longer than `most` bytes: nothing grows with what a server sends.
    """
    pending = b""
    async for data in chunks:
        cut = data.rfind(b"\n") + 1
        if cut == 0:
            pending += data
        else:
            block = pending + data[:cut] if pending else data[:cut]
            pending = data[cut:]
            if len(block) > most and max(map(len, block.split(b"\n"))) > most:
                raise faults.SERVING(why=f"it sent a line of more than {most} bytes")
            yield block
        if len(pending) > most:
            raise faults.SERVING(why=f"it sent a line of more than {most} bytes")
    if pending:
        yield pending
