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

from collections.abc import Sequence
from typing import Final

from keystead.policy.layers import Decision, Layer, LayerKind, Match, Query
from keystead.policy.patterns import fold
from keystead.policy.resources import target
from keystead.policy.statements import Policy

_NOTHING: Final = Decision(False, False, None)
_KINDS: Final = len(LayerKind)


def decide(query: Query, layers: Sequence[Layer]) -> Decision:
    """Whether every layer allows the query and none denies it.  The order of `layers` does not matter.

    Where a call needs two resources, ask for each of them.
    """
    if len(layers) == 1:
        return layers[0].judge(query)
    said: list[Decision | None] = [None] * _KINDS
    for layer in layers:
        found, before = layer.judge(query), said[layer.rank]
        said[layer.rank] = found if before is None else _together(layer.kind, before, found)
    control, session, account, group, trust = said
    # An Allow in the account scope is final: a Deny in the scope of a resource group is then not read, as the
    # vendor documents it.
    settled = account is not None and (account.allowed or account.explicit_deny)
    sides = [account if settled or group is None else group, trust]
    if trust is not None and trust.explicit_deny:
        sides.sort(key=lambda side: side is not None and not side.explicit_deny)
    matched: tuple[Match, ...] = ()
    last = _NOTHING
    for each in (control, session, *sides):
        if each is not None:
            if not each.allowed:
                return each
            matched += each.matched
            last = each
    return Decision(last.allowed, False, last.layer, matched)


def could_allow(policy: Policy, query: Query) -> bool:
    """Whether an Allow statement covers action and resource; its conditions and what others deny are not asked."""
    action, resource = fold(query.action), target(query.resource or "")
    alias = None if query.alias_action is None else fold(query.alias_action)
    return any(
        not each.deny and each.covers_action(action, alias) and each.covers_resource(resource)
        for each in policy.statements
    )


def _together(kind: LayerKind, one: Decision, other: Decision) -> Decision:
    """Two layers of one kind: those of identity add up, of the others each must allow; an explicit deny comes first."""
    adds_up = kind in (LayerKind.ACCOUNT, LayerKind.RESOURCE_GROUP)
    return min(one, other, key=lambda each: (not each.explicit_deny, each.allowed is not adds_up))
