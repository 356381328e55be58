"""May the caller do it?  What a request is judged by, and the refusal when policies say no.

Memory only: the tags of resources have been read before.  Source: reference/ram-policy-language.md sections 4 and 6,
reference/ram-behaviour.md section 3.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from keystead.clock import iso
from keystead.faults import Fault
from keystead.identity import denial
from keystead.identity.callers import Caller
from keystead.identity.keyring import Keyring
from keystead.identity.transaction import Tx
from keystead.policy import Decision, Query, context_key, decide
from keystead.products.action import Action
from keystead.products.people.tagging import of_resource
from keystead.server.call import Call

Facts = Mapping[str, str | tuple[str, ...]]
_TAG = "acs:resourcetag/"


class Judged(NamedTuple):
    """One resource that must be allowed, as its alternatives, and the facts that it is judged by."""

    alternatives: tuple[str, ...]
    facts: Facts


def facts(call: Call, wanted: Any) -> dict[str, str | tuple[str, ...]]:
    """The condition keys of a request (reference/ram-policy-language.md 4.2), and those of its parameters."""
    action, caller = call.action, call.caller
    found: dict[str, str | tuple[str, ...]] = {
        "acs:currenttime": iso(call.now),
        "acs:securetransport": "true" if call.origin.secure else "false",
        "acs:sourceip": call.origin.address,
        "acs:mfapresent": "true" if caller.mfa else "false",
        "acs:principalarn": caller.principal_arn,
    }
    if action.context is not None:
        found |= {context_key(name): value for name, value in action.context(wanted).items()}
    return found


def asks_for_tags(caller: Caller) -> bool:
    """Whether any policy of the caller looks at the tags of resources."""
    return any(key.startswith(_TAG) for layer in caller.layers for key in layer.keys)


def tag_facts(tags: Mapping[str, str]) -> Facts:
    """The condition keys `acs:ResourceTag/<key>` of a resource with these tags."""
    return {_TAG + key: value for key, value in tags.items()}


@dataclass(frozen=True, slots=True)
class CallersRights:
    """What else the caller of a call may do, while it runs; `known` are the facts of the request."""

    call: Call
    known: Facts
    keyring: Keyring
    tx: Tx

    def may(self, permission: str, resource: str) -> bool:
        """Whether policies allow the permission on the resource."""
        return self.call.caller.is_account or decide(self._query(permission, resource), self.call.caller.layers).allowed

    def must(self, permission: str, resource: str) -> None:
        """Raise `NoPermission` unless policies allow the permission on the resource."""
        caller = self.call.caller
        if caller.is_account:
            return
        query = self._query(permission, resource)
        decision = decide(query, caller.layers)
        if not decision.allowed:
            raise denial.by_layers(decision, query, caller, self.keyring, self.call.now)

    def _query(self, permission: str, resource: str) -> Query:
        tags = of_resource(self.tx, resource) if asks_for_tags(self.call.caller) else {}
        return Query(permission, resource, {**self.known, **tag_facts(tags)})


class _Anything:
    """Stands for an input that nobody has filled in yet: whatever is asked of it is `*`."""

    def __getattr__(self, _name: str) -> str:
        return "*"


def foreseen(call: Call, keyring: Keyring) -> str:
    """The permission that the caller lacks for a call that has not been made, or "" when nothing speaks against it.

    For pages that show what can be done: tags and what only the database tells are not asked, and a parameter that is
    still missing counts as any.  The call itself is judged again when it is made.
    """
    action, caller = call.action, call.caller
    if action.permission is None or caller.is_account:
        return ""
    wanted: Any = _Anything()
    known: Facts = {}
    try:
        wanted = action.complete(action.read(call.given), caller)
        known = facts(call, wanted)
    except Fault:  # not all is filled in
        wanted = _Anything()
    judged = [Judged(alternatives, known) for alternatives in action.resource_names(wanted, caller)]
    try:
        check(call, wanted, wanted, judged, known, keyring)
    except Fault:
        return action.permission
    return ""


def check(call: Call, asked: Any, wanted: Any, judged: list[Judged], known: Facts, keyring: Keyring) -> None:
    """Raise `NoPermission` unless each of the resources is allowed, or the caller may do this to itself.

    `asked` is what was sent, with `*` for a name that only an ID tells; `wanted` the same, resolved.  `known`: the
    facts of the request without those of a resource.
    """
    if _may_on_itself(call, wanted, judged):
        return
    permission = call.action.permission_for(wanted, call.caller)
    try:
        for each in judged:
            _check_one(call, permission, each, keyring)
    except Fault:
        unresolved = call.action.resource_names(asked, call.caller)
        resolved = [each.alternatives for each in judged]
        if unresolved != resolved and all(one[0].endswith("/*") for one in unresolved):
            # INVARIANT: an ID that exists is refused in the words of one that does not, name and reason unsaid.
            for alternatives in unresolved:
                _check_one(call, permission, Judged(alternatives, known), keyring)
        raise


def _may_on_itself(call: Call, wanted: Any, judged: list[Judged]) -> bool:
    """Whether the account lets its users do this to themselves; a Deny that applies still wins."""
    action, caller = call.action, call.caller
    if not action.self_service or action.self_service not in caller.self_service:
        return False
    if not action.concerns_itself(wanted, caller):
        return False
    queries = [
        Query(action.permission_for(wanted, caller), name, its, alias_action=_alias(action))
        for names, its in judged
        for name in names
    ]
    return not any(decide(query, caller.layers).explicit_deny for query in queries)


def _check_one(call: Call, permission: str, judged: Judged, keyring: Keyring) -> None:
    """Raise `NoPermission` unless one of the alternative resources is allowed and none is denied."""
    action, layers = call.action, call.caller.layers
    refused: tuple[Decision, Query] | None = None
    allowed = False
    for resource in judged.alternatives:
        query = Query(permission, resource, judged.facts, alias_action=_alias(action))
        decision = decide(query, layers)
        allowed = allowed or decision.allowed
        if not decision.allowed and (refused is None or decision.explicit_deny):
            refused = (decision, query)
    if refused is None or (allowed and not refused[0].explicit_deny):
        return
    raise denial.by_layers(*refused, call.caller, keyring, call.now)


def _alias(action: Action) -> str | None:
    """IMS is judged by `ram:` names; older policies write `ims:` (reference/ram-policy-language.md section 2)."""
    return f"ims:{action.name}" if action.product == "Ims" else None
