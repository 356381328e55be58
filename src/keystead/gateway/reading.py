"""Reading the JSON body of a data-plane request: bounded, typed where it matters, the rest handed on as it came."""

from __future__ import annotations

from typing import Any

import msgspec

from keystead.faults import FaultKind
from keystead.gateway import faults
from keystead.wire.request import WireRequest

MODEL_LENGTH = 128
_BYTES_PER_TOKEN = 3
_PER_MESSAGE = 4

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


def most_output(body: dict[str, Any]) -> int | None:
    """The most tokens that an answer may have, where the caller bounds it.  Raises `InvalidParameter`."""
    bound = body.get("max_completion_tokens")
    if bound is None:
        bound = body.get("max_tokens")
    if bound is None:
        return None
    if not isinstance(bound, int) or isinstance(bound, bool) or not 1 <= bound <= 10_000_000:
        raise faults.PARAMETER(problem=f"'max_tokens' must be a whole number from 1 to 10000000, it is {bound!r}"[:200])
    choices = body.get("n") or 1
    return bound * (choices if isinstance(choices, int) else 1)


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


def estimate(value: Any) -> int:
    """Tokens in the texts of a request: one for three bytes, rounded up, and a few for each message.

    Above what tokenizers count for prose, so that a reservation covers the call.  What is sent in place (`data:`) and
    addresses count nothing.
    """
    return _text_bytes(value) // _BYTES_PER_TOKEN + 1


def _text_bytes(value: Any) -> int:
    total = 0
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, str):
            if not each.startswith(("data:", "http://", "https://")):
                total += len(each) if each.isascii() else len(each.encode("utf-8", "replace"))
        elif isinstance(each, dict):
            total += _PER_MESSAGE * _BYTES_PER_TOKEN
            waiting.extend(each.values())
        elif isinstance(each, list):
            waiting.extend(each)
        elif each is not None:
            total += 1
    return total
