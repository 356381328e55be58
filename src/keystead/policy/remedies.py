"""What would allow a refused query: per layer that refuses, the smallest statement to add or the statements to change.

Pure, and proven by asking `decide` again: a test adds what is named here and expects an Allow.
Source: reference/ram-policy-language.md sections 1, 7 and 8.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from keystead.policy.decision import decide
from keystead.policy.layers import Layer, LayerKind, Match, Query


@dataclass(frozen=True, slots=True)
class Remedy:
    """One change that is needed; all of them together allow the query.

    document: a policy with the statement to add to this layer; empty where a Deny must be changed first.
    denies: the statements that deny.
    """

    layer: LayerKind
    document: str
    denies: tuple[Match, ...] = ()


def remedies(query: Query, layers: Sequence[Layer]) -> tuple[Remedy, ...]:
    """What to change so that the query is allowed, in the order in which layers decide; nothing where it is."""
    if decide(query, layers).allowed:
        return ()
    found: list[Remedy] = []
    for kind in LayerKind:
        asked = [layer for layer in layers if layer.kind is kind]
        if not asked or (kind is LayerKind.RESOURCE_GROUP and any(each.kind is LayerKind.ACCOUNT for each in layers)):
            continue  # an Allow for the whole account is enough where both are asked
        said = decide(query, asked)
        if said.explicit_deny:
            found.append(Remedy(kind, "", said.matched))
        if not said.allowed and not _allows(query, asked):
            found.append(Remedy(kind, _document(query, kind)))
    if not layers:
        found.append(Remedy(LayerKind.ACCOUNT, _document(query, LayerKind.ACCOUNT)))
    return tuple(found)


def _allows(query: Query, asked: Sequence[Layer]) -> bool:
    """Whether the layers would allow the query if no Deny were in them."""
    bare = [Layer(layer.kind, tuple(each for each in layer.bound if not each.statement.deny)) for layer in asked]
    return decide(query, bare).allowed


def _document(query: Query, kind: LayerKind) -> str:
    """A policy with the one statement that covers this query and as little else as can be written."""
    statement: dict[str, object] = {"Effect": "Allow", "Action": query.action}
    if kind is not LayerKind.TRUST:
        statement["Resource"] = query.resource or "*"
    elif query.principal is not None:
        statement["Principal"] = _principal(query)
    document = {"Version": "1", "Statement": [statement]}
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode()


def _principal(query: Query) -> dict[str, list[str]]:
    asked = query.principal
    if asked is None:
        return {}
    if asked.federated is not None:
        return {"Federated": [asked.federated]}
    if asked.service is not None:
        return {"Service": [asked.service]}
    return {"RAM": list(asked.arns)}
