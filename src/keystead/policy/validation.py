"""What a policy must be to be written.  Source: reference/ram-policy-language.md sections 1 to 4 and 7.

Nothing is accepted here that `decide` would not enforce, so nothing written is ever silently without effect.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import Final, NoReturn

from keystead import arn
from keystead.policy import conditions, grammar
from keystead.policy.grammar import Clause, Item, RawStatement
from keystead.policy.reader import PolicyError, quote


class DocumentKind(Enum):
    """Where a document is used, which decides what it may hold."""

    IDENTITY = "identity policy"
    TRUST = "trust policy"
    SESSION = "session policy"
    CONTROL = "control policy"


_ACTION: Final = re.compile(r"[^\s:\x00-\x1f]++:[^\s\x00-\x1f]++")
_TRUST_ACTIONS: Final = {"sts:assumerole": "sts:AssumeRole", "sts:setsourceidentity": "sts:SetSourceIdentity"}
_SERVICE: Final = re.compile(r"(?:[0-9]{1,32}@)?[A-Za-z0-9][A-Za-z0-9.-]{0,252}")
_FEDERATED: Final = ("saml-provider/", "oidc-provider/")
_CALLERS: Final = ("user/", "role/")


def validate(text: str, kind: DocumentKind, *, extensions: bool = False) -> None:
    """Check a document before it is stored.  Raises `PolicyError` with position, reason and next step.

    extensions: also accept `...IfExists`, `ForAnyValue:`, `ForAllValues:`, `Null` and `NotResource`, which the
    vendor does not document.  The document's length is the caller's rule.
    """
    _Validator(text, kind, extensions).document()


class _Validator:
    def __init__(self, text: str, kind: DocumentKind, extensions: bool) -> None:
        self.text = text
        self.kind = kind
        self.extensions = extensions

    def fail(self, at: int, path: str, reason: str, next_step: str) -> NoReturn:
        raise PolicyError(self.text, at, path, reason, next_step)

    def document(self) -> None:
        raw = grammar.parse(self.text)
        if not raw.wrapped:
            self.fail(raw.statement_at, "Statement", "Statement is not a list", "put the statement in [ ... ]")
        for statement in raw.statements:
            if self.kind is DocumentKind.TRUST:
                self.trust(statement)
            else:
                self.permission(statement)
            for clause in statement.conditions:
                self.clause(clause)

    def permission(self, statement: RawStatement) -> None:
        """Rules of the kinds that grant to whoever holds them."""
        if statement.principals is not None:
            kind = self.kind.value
            at, path = statement.principals_at, f"{statement.path}.Principal"
            self.fail(at, path, f"{_article(kind)} has no Principal", "remove it; only trust policies name one")
        if not statement.resources:
            self.fail(statement.at, statement.path, "the statement has no Resource", 'add "Resource": "*" or ARNs')
        if statement.not_resource and not self.extensions:
            item = statement.resources[0]
            path = f"{statement.path}.NotResource"
            self.fail(item.at, path, "NotResource is not part of the policy language", 'use "Resource"')
        for action in statement.actions:
            self.action(action)
        for resource in statement.resources:
            self.resource(resource)

    def trust(self, statement: RawStatement) -> None:
        """Rules of the kind that says who may take on a role.  Source: section 7."""
        path = statement.path
        if statement.principals is None:
            next_step = 'add "Principal" with "RAM", "Service" or "Federated"'
            self.fail(statement.at, path, "a trust policy's statement has no Principal", next_step)
        if statement.resources:
            item = statement.resources[0]
            self.fail(item.at, f"{path}.Resource", "a trust policy has no Resource", "remove it; the role is meant")
        if statement.not_action:
            item = statement.actions[0]
            self.fail(item.at, f"{path}.NotAction", "a trust policy has no NotAction", 'use "Action"')
        for action in statement.actions:
            if action.text.lower() not in _TRUST_ACTIONS:
                reason = f"{quote(action.text)} is not an action of trust policies"
                self.fail(action.at, action.path, reason, f"write {' or '.join(_TRUST_ACTIONS.values())}")
        for kind, values in statement.principals:
            for value in values:
                self.principal(kind.text, value)

    def principal(self, kind: str, value: Item) -> None:
        if kind == "Service":
            if not _SERVICE.fullmatch(value.text):
                reason = f"{quote(value.text)} is not a service name"
                self.fail(value.at, value.path, reason, 'write one such as "ecs.aliyuncs.com"')
            return
        name = arn.parse(value.text)
        wanted = _FEDERATED if kind == "Federated" else _CALLERS
        fits = name is not None and (
            name.service == "ram"
            and name.region in ("", "*")
            and name.account.isalnum()
            and not set(name.relative) & set("*?")
            and (
                any(name.relative.startswith(start) and name.relative != start for start in wanted)
                or (kind == "RAM" and name.relative == "root")
            )
        )
        if not fits:
            sample = "saml-provider/<name>" if kind == "Federated" else "root"
            reason = f"{quote(value.text)} is not a {kind} principal"
            self.fail(value.at, value.path, reason, f'write one such as "acs:ram::<account>:{sample}"')

    def action(self, item: Item) -> None:
        text = item.text
        if _ACTION.fullmatch(text) or (text and ":" not in text and "*" in text and not re.search(r"\s", text)):
            return
        reason = f"{quote(text)} is not an action"
        self.fail(item.at, item.path, reason, 'write "<service>:<name>" such as "ram:GetUser", or "*"')

    def resource(self, item: Item) -> None:
        text = item.text
        wild = "*" in text or "?" in text
        parts = text.split(":", 4)
        fits = arn.parse(text) is not None or (
            wild and (text[:1] in ("*", "?") or (parts[0] == "acs" and set(parts[-1]) & set("*?")))
        )
        if not fits or any(character < " " for character in text):
            reason = f"{quote(text)} is not a resource"
            next_step = 'write "acs:<service>:<region>:<account>:<resource>" or "*"'
            self.fail(item.at, item.path, reason, next_step)

    def clause(self, clause: Clause) -> None:
        written = clause.operator
        found = conditions.operator(written.text)
        if found is None or (found.extension and not self.extensions):
            reason = f"{quote(written.text)} is not a condition operator"
            self.fail(written.at, written.path, reason, f"use one of {', '.join(DOCUMENTED_OPERATORS)}")
        prefix, colon, name = clause.key.text.partition(":")
        if not (prefix and colon and name):
            reason = f"{quote(clause.key.text)} is not a condition key"
            self.fail(clause.key.at, clause.key.path, reason, 'write "<service>:<name>" such as "acs:SourceIp"')
        for value in clause.values:
            if not conditions.readable(found, value.text):
                reason = f"{written.text} cannot compare with {quote(value.text)}"
                self.fail(value.at, value.path, reason, f"write {conditions.wanted_values(found)}")


def _article(kind: str) -> str:
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"


DOCUMENTED_OPERATORS: Final = (
    "StringEquals",
    "StringNotEquals",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
    "StringLike",
    "StringNotLike",
    *(
        family + suffix
        for family in ("Numeric", "Date")
        for suffix in (
            "Equals",
            "NotEquals",
            "LessThan",
            "LessThanEquals",
            "GreaterThan",
            "GreaterThanEquals",
        )
    ),
    "Bool",
    "IpAddress",
    "NotIpAddress",
)
"""The operators of section 4.1, as the vendor spells them."""
