"""A policy with the actions that were used, out of policies that allow more: nothing new is allowed.

Each Allow statement keeps its resources and conditions and names, of its actions, those that were used; each Deny stays
as it is.  So the outcome decides a request for a used action as the policies did, and allows no other one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from keystead.policy.patterns import fold
from keystead.policy.reader import PolicyError
from keystead.policy.shortening import shortened
from keystead.policy.statements import Statement, compile_policy
from keystead.policy.validation import DocumentKind


def narrowed(documents: Sequence[str], used: Mapping[str, str | None], *, extensions: bool = False) -> str:
    """The document; "" where nothing was used that the policies allow.

    documents: of one identity.  used: each action, and the name that it has in another product.
    Raises `PolicyError` where one of the documents cannot be read.
    """
    found: list[dict[str, Any]] = []
    for text in documents:
        written = json.loads(text, parse_float=str, parse_int=str)["Statement"]
        listed = written if isinstance(written, list) else [written]
        for raw, statement in zip(listed, compile_policy(text).statements, strict=True):
            if statement.deny:
                found.append(raw)
                continue
            names = _covered(statement, used.items())
            if names:
                kept = {("Action" if key == "NotAction" else key): each for key, each in raw.items() if key != "Sid"}
                found.append({**kept, "Action": names})
    if not any(each["Effect"] == "Allow" for each in found):
        return ""
    text = json.dumps({"Version": "1", "Statement": found}, indent=2, ensure_ascii=False)
    try:
        return shortened(text, DocumentKind.IDENTITY, extensions=extensions)
    except PolicyError:  # what is stored and read, but may no longer be written
        return text


def _covered(statement: Statement, used: Iterable[tuple[str, str | None]]) -> list[str]:
    """The used actions that a statement covers, by the name that it covers them by."""
    names = set()
    for action, alias in used:
        plain = statement.covers_action(fold(action), None)
        if alias is None:
            names.update([action] if plain else [])
        elif statement.covers_action(fold(action), fold(alias)):
            # INVARIANT: the action's own name means calls by either name, so it is written where both are meant.
            names.add(action if plain else alias)
    return sorted(names)
