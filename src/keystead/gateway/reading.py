"""Reading the JSON body of a data-plane request: bounded, typed where it matters, the rest handed on as it came."""

from __future__ import annotations

from typing import Any

import msgspec

from keystead.faults import FaultKind
from keystead.gateway import faults
from keystead.wire.request import WireRequest

MODEL_LENGTH = 128
MOST_CHOICES = 128
_BYTES_PER_TOKEN = 3
_PER_MESSAGE = 4
_MOST_TOKENS = 10_000_000
_BOUNDS = ("max_completion_tokens", "max_tokens", "max_new_tokens", "n_predict", "num_predict")
"""What model servers call the most tokens of an answer; which of them counts is the server's choice."""
_CHOICES = ("n", "best_of")
_MEDIA = frozenset(("image_url", "video_url", "input_audio", "image", "video", "audio"))

_decode = msgspec.json.Decoder(dict[str, Any]).decode


def body_of(request: WireRequest) -> dict[str, Any]:
    """The body, an object.  Raises `InvalidParameter`."""
    try:
        return _decode(request.body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise faults.PARAMETER(problem=f"The body is not a JSON object ({str(error)[:120]}).") from None


def text(given: dict[str, Any], name: str, kind: FaultKind = faults.NO_INPUT) -> str:
    """A member that must be a text.  Raises `kind` where it is missing, `InvalidParameter` where it is none."""
    value = given.get(name)
    if value is None or value == "":
        raise kind(member=name)
    if not isinstance(value, str):
        raise faults.PARAMETER(problem=f"{name!r} must be a text, it is {type(value).__name__}.")
    return value


def model_of(given: dict[str, Any]) -> str:
    """The model that is asked for."""
    name = text(given, "model", faults.NO_MODEL)
    if len(name) > MODEL_LENGTH:
        raise faults.PARAMETER(problem=f"'model' has {len(name)} characters, the limit is {MODEL_LENGTH}.")
    return name


def member(given: dict[str, Any], name: str) -> dict[str, Any]:
    """A member that must be an object; an absent one is an empty object."""
    value = given.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise faults.PARAMETER(problem=f"{name!r} must be an object, it is {type(value).__name__}.")
    return value


def items(given: dict[str, Any], name: str) -> list[Any]:
    """A member that must be a list; an absent one is an empty list."""
    value = given.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise faults.PARAMETER(problem=f"{name!r} must be a list, it is {type(value).__name__}.")
    return value


def flag(given: dict[str, Any], name: str) -> bool:
    """A member that must be true or false; absent and null are false."""
    value = given.get(name)
    if value not in (None, True, False):
        raise faults.PARAMETER(problem=f"{name!r} must be true or false, it is {value!r}"[:200] + ".")
    return bool(value)


def whole(given: dict[str, str], name: str, default: int) -> int:
    """A parameter of the query, a whole number from 1.  Raises `InvalidParameter`."""
    text = given.get(name, "")
    if not text:
        return default
    if not text.isdecimal() or len(text) > 6 or int(text) < 1:
        raise faults.PARAMETER(problem=f"{name!r} must be a whole number from 1, it is {text[:20]!r}.")
    return int(text)


def most_output(body: dict[str, Any]) -> int | None:
    """The most tokens that an answer may have, where the caller bounds it.  Raises `InvalidParameter`.

    INVARIANT: never below what a server may make of the request: of several bounds the highest counts, and a number
    of answers multiplies it.
    """
    bounds = _numbers(body, _BOUNDS, _MOST_TOKENS)
    choices = max(_numbers(body, _CHOICES, MOST_CHOICES), default=1)
    return max(bounds) * choices if bounds else None


def _numbers(body: dict[str, Any], names: tuple[str, ...], most: int) -> list[int]:
    """The members of these names that are there, each from 1 to `most`."""
    found = []
    for name in names:
        value = body.get(name)
        if value is None:
            continue
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
            raise faults.PARAMETER(problem=f"{name!r} must be a whole number from 1 to {most}, it is {value!r}"[:200])
        found.append(value)
    return found


def messages_of(given: list[Any]) -> list[dict[str, Any]]:
    """Messages with a role each.  Raises `InvalidParameter`."""
    for number, each in enumerate(given):
        if not isinstance(each, dict) or not isinstance(each.get("role"), str):
            raise faults.PARAMETER(problem=f"'messages[{number}]' must be an object with a 'role'.")
    return given


def refuse_search(given: dict[str, Any]) -> None:
    """Nothing here searches the web, so who asks for it is told."""
    if given.get("enable_search"):
        raise faults.UNSUPPORTED(what="'enable_search'", next="Leave it out: no search engine is connected.")


def estimate(value: Any, messages: list[dict[str, Any]] | None = None) -> int:
    """Tokens in the texts of a request: one for three bytes, rounded up, one for a number, a few for each message.

    Above what tokenizers count for prose, so that a reservation covers the call.  Pictures, films and sounds in
    `messages` count nothing, in place or by address; the same text anywhere else counts.
    """
    told = _text_bytes([_without_media(each) for each in messages]) if messages else 0
    return (_text_bytes(value) + told) // _BYTES_PER_TOKEN + 1


def _without_media(message: dict[str, Any]) -> dict[str, Any]:
    content = message.get("content")
    if not isinstance(content, list):
        return message
    parts = [
        {name: each for name, each in part.items() if name not in _MEDIA} if isinstance(part, dict) else part
        for part in content
    ]
    return {**message, "content": parts}


def _text_bytes(value: Any) -> int:
    total = 0
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, str):
            total += len(each) if each.isascii() else len(each.encode("utf-8", "replace"))
        elif isinstance(each, dict):
            total += _PER_MESSAGE * _BYTES_PER_TOKEN
            waiting.extend(each.values())
        elif isinstance(each, list):
            waiting.extend(each)
        elif each is not None:
            total += _BYTES_PER_TOKEN  # a number may be a token's
    return total
