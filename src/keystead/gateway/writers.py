"""What all planes' writers share: they read a server's events once and count what goes by."""

from __future__ import annotations

from typing import Any

import msgspec

from keystead.faults import Fault
from keystead.gateway import faults, lines
from keystead.gateway.lines import Chunk, Tokens

encode = msgspec.json.Encoder().encode


class Watcher:
    """Base of the writers.

    usage: what the server said it used.  tokens: events with content, an estimate where it says nothing.  finished:
    the server said that this is the end.  broken: the event at which the stream ends, for what came before it is still
    passed on.  texts: the answer's text, where `keeps` is set.
    """

    keeps = False

    def __init__(self) -> None:
        self.usage: Tokens | None = None
        self.tokens = 0
        self.finished = False
        self.broken: Fault | None = None
        self.texts: list[str] = []

    @property
    def text(self) -> str:
        """The answer's text so far."""
        return "".join(self.texts)

    def take(self, payload: bytes) -> Chunk | None:
        """One event, noted; None where it is not one: then `broken` says why."""
        try:
            found = lines.chunk(payload)
        except Fault as fault:
            self.broken = fault
            return None
        self.note(found)
        return found

    def note(self, chunk: Chunk) -> None:
        """Take from one event what is to be known of the call."""
        if chunk.usage is not None:
            self.usage = chunk.usage
        for choice in chunk.choices:
            delta = choice.delta or choice.message
            if choice.text or (delta is not None and (delta.content or delta.reasoning_content or delta.tool_calls)):
                self.tokens += 1
            if choice.finish_reason:
                self.finished = True
            if self.keeps and choice.index == 0 and delta is not None and isinstance(delta.content, str):
                self.texts.append(delta.content)

    def read(self, raw: bytes) -> Chunk:
        """Read a whole answer.  Raises `ModelServingError` for one without choices, data or results."""
        found = lines.chunk(raw)
        if not found.choices and found.data is None and found.results is None:
            raise faults.SERVING(why="its answer has no choices")
        self.note(found)
        self.finished = True
        if self.usage is None:  # an answer in one piece: three bytes a token, as for the input
            texts = [(each.message.content if each.message else each.text) or "" for each in found.choices]
            self.tokens = sum(len(str(each).encode()) // 3 + 1 for each in texts)
        return found

    def payloads(self, block: bytes) -> list[bytes]:
        """The data of each event in whole lines of a stream, without the end mark."""
        found = []
        for line in block.split(b"\n"):
            if line.startswith(b"data:"):
                payload = line[5:].strip()
                if payload == b"[DONE]":
                    self.finished = True
                elif payload:
                    found.append(payload)
            elif line.startswith(b"{"):  # an error object in place of an event
                found.append(line.strip())
        return found


def renamed(payload: bytes, theirs: str, ours: str) -> bytes:
    """The payload with the model called what the caller calls it.

    Inside a JSON text quotes are escaped, so what is replaced here is never part of an answer's words.
    """
    name, mine = encode(theirs), encode(ours)
    changed = payload.replace(b'"model":' + name, b'"model":' + mine, 1)
    if changed is payload or changed == payload:
        changed = payload.replace(b'"model": ' + name, b'"model": ' + mine, 1)
    return changed


def usage_of(writer: Any, inputs: int) -> tuple[int, int, bool]:
    """Tokens in and out of a call, and whether they are an estimate."""
    said = writer.usage
    if said is not None and (said.prompt_tokens or said.completion_tokens or said.total_tokens):
        output = said.completion_tokens
        given = said.prompt_tokens or max(0, said.total_tokens - output)
        return max(0, given), max(0, output), False
    return inputs, writer.tokens, True
