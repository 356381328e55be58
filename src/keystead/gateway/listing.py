"""The lists of models: only those that the caller may call are in them.  Source: reference/model-studio.md d.2, d.5."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote

from keystead.gateway import faults, reading
from keystead.gateway.catalogue import Model
from keystead.gateway.writers import encode
from keystead.wire.request import WireRequest

_LARGEST_PAGE = 100


def compatible(models: Sequence[Model]) -> bytes:
    """OpenAI's list."""
    return encode({"object": "list", "data": [_entry(each) for each in models]})


def one(models: Sequence[Model], name: str) -> bytes:
    """One model.  Raises `ModelNotFound` for one that the caller may not call, too."""
    wanted = unquote(name)
    found = next((each for each in models if each.name == wanted), None)
    if found is None:
        raise faults.MODEL_UNKNOWN(model=wanted[:128])
    return encode(_entry(found))


def native(models: Sequence[Model], request: WireRequest) -> bytes:
    """The vendor's list, in pages."""
    given = dict(request.query)
    number, size = reading.whole(given, "page_no", 1), min(_LARGEST_PAGE, reading.whole(given, "page_size", 10))
    found = [each for each in models if not given.get("model") or given["model"] == each.name]
    page = found[(number - 1) * size : number * size]
    shown = [{"model": each.name, "name": each.details.get("name") or each.name, **_facts(each)} for each in page]
    return encode({"output": {"total": len(found), "page_no": number, "page_size": size, "models": shown}})


def _entry(model: Model) -> dict[str, Any]:
    owner = str(model.details.get("provider") or "keystead")
    return {"id": model.name, "object": "model", "created": model.created_at, "owned_by": owner}


def _facts(model: Model) -> dict[str, Any]:
    return {"description": model.details.get("description") or "", "provider": model.details.get("provider") or ""}
