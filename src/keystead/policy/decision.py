"""May it be done?  The rule on one page.  Source: reference/ram-policy-language.md section 8.

    control policies   each must allow     ┐
    session policies   each must allow     ├ the first that does not ends it
    identity policies  account scope, then ┘
                       resource groups     ┐ together with the trust policies, where there are any:
    trust policies     each must allow     ┘ both sides must allow, an explicit deny on either is reported first

No layer, no permission.  The account owner is not asked here, and that a resource belongs to the caller's own
account is checked by whoever builds the query.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from keystead.policy.layers import Decision, Layer, LayerKind, Match, Query

_NOTHING: Final = Decision(False, False, None)


def decide(query: Query, layers: Sequence[Layer]) -> Decision:
    """Whether every layer allows the query and none denies it.  The order of `layers` does not matter.

    Where a call needs two resources, ask for each of them.
    """
    if len(layers) == 1:
        return layers[0].judge(query)
    matched: tuple[Match, ...] = ()
    last = _NOTHING
    for last in _steps(query, layers):
        if not last.allowed:
            return last
        matched += last.matched
    return Decision(last.allowed, last.explicit_deny, last.layer, matched)


def _steps(query: Query, layers: Sequence[Layer]) -> Iterator[Decision]:
    """One decision per layer or pair of layers, in the documented order."""
    by_kind: dict[LayerKind, list[Layer]] = {}
    for layer in layers:
        by_kind.setdefault(layer.kind, []).append(layer)
    for kind in (LayerKind.CONTROL, LayerKind.SESSION):
        for layer in by_kind.get(kind, ()):
            yield layer.judge(query)
    scopes = [by_kind[kind] for kind in (LayerKind.ACCOUNT, LayerKind.RESOURCE_GROUP) if kind in by_kind]
    identity = [_by_identity(query, scopes)] if scopes else []
    trust = [layer.judge(query) for layer in by_kind.get(LayerKind.TRUST, ())]
    # Where both refuse, an explicit deny of either is the answer, else the identity side is.
    yield from sorted(identity + trust, key=lambda each: not each.explicit_deny)


def _by_identity(query: Query, scopes: list[list[Layer]]) -> Decision:
    """Account scope, then resource groups: a Deny ends it, an Allow ends it, else the next scope is asked.

    An Allow in the account scope is final: a Deny in the scope of a resource group is then not read, as the vendor
    documents it.
    """
    last = _NOTHING
    for scope in scopes:
        found = [layer.judge(query) for layer in scope]
        last = min(found, key=lambda each: (not each.explicit_deny, not each.allowed))
        if last.explicit_deny or last.allowed:
            return last
    return last
