"""Policies, layers and queries from plain values, as tests and corpus files write them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from keystead.policy import Attached, Layer, LayerKind, Principal, Query, compile_policy, context_key


def text_of(*statements: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "1", "Statement": list(statements)})


def attached(name: str, text: str) -> Attached:
    return Attached(name, "Custom", "v1", "RamUser", "Account", compile_policy(text))


def layer(kind: str, texts: Iterable[str]) -> Layer:
    return Layer.of(LayerKind(kind), (attached(f"p{number}", text) for number, text in enumerate(texts)))


def account(*statements: Mapping[str, Any]) -> list[Layer]:
    """One account-level identity layer that holds one policy."""
    return [layer(LayerKind.ACCOUNT.value, [text_of(*statements)])]


def allow(action: Any = "*", resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: Any = "*", resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {**allow(action, resource, **more), "Effect": "Deny"}


def query(wanted: Mapping[str, Any]) -> Query:
    """A query from its fields; lists become tuples, and context keys what `context_key` makes of them."""
    caller = wanted.get("principal")
    if caller is not None:
        caller = Principal(**{**caller, "arns": tuple(caller.get("arns", ()))})
    context = {
        context_key(key): value if isinstance(value, str) else tuple(value)
        for key, value in wanted.get("context", {}).items()
    }
    return Query(wanted["action"], wanted.get("resource"), context, caller, wanted.get("alias_action"))
