"""What is remarkable about a policy that is being written: what forbids to keep it, and what its author hardly means.

An error is what `validate` refuses.  The others are about a valid document: a warning where a statement gives more than
it seems to or has no effect, a hint where it may be meant.  Every finding is certain for what it says; patterns are
compared soundly, so that a doubtful case is left out rather than guessed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from keystead.policy import conditions, grammar
from keystead.policy.containment import covers
from keystead.policy.grammar import Clause, RawStatement
from keystead.policy.patterns import Glob, fold
from keystead.policy.reader import PolicyError
from keystead.policy.validation import DocumentKind, validate

_ALWAYS_SENT: Final = ("acs:currenttime", "acs:securetransport", "acs:sourceip", "acs:mfapresent", "acs:principalarn")
_SENT: Final = (*_ALWAYS_SENT, "acs:requesttag/", "acs:resourcetag/")
_RIGHTS: Final = ("*", "*:*", "ram:*")
_MOST_NAMES: Final = 500
_MOST_COMPARED: Final = 100
_MOST_COMPARISONS: Final = 20_000
"""Actions that are looked up, statements that are compared with one another, and patterns in doing so: what a document
may cost.  Of a longer one only the beginning is looked at."""

MUCH: Final = frozenset({"AllowsEverything", "GivesRights", "AllowsTheRest"})
"""Codes of what gives everything, or the means to take it."""


class Level(Enum):
    """How much a finding weighs.  ERROR: the document is not accepted."""

    ERROR = "Error"
    WARNING = "Warning"
    HINT = "Hint"


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding.  line, column: counted from 1.  path: the element.  subject: what it is about, as written."""

    level: Level
    code: str
    line: int
    column: int
    path: str
    subject: str
    message: str
    next_step: str


Known = Mapping[str, frozenset[str]]
"""Every action that is served, in small letters, and the services that its resources are named with (`*`: any)."""

TEXTS: Final = {
    "AllowsEverything": (
        Level.WARNING,
        "This allows everything.",
        "Name the actions and resources that are needed.",
    ),
    "GivesRights": (
        Level.WARNING,
        "This allows {subject} on everything, so whoever has it can take any right.",
        "Name the actions and resources that are needed, or add a condition.",
    ),
    "WholeService": (
        Level.HINT,
        "This allows every action of {subject}, on every resource and under every condition.",
        "Name resources if fewer are meant.",
    ),
    "AllowsTheRest": (
        Level.WARNING,
        "With {subject}, this allows everything that is not named, also what is added later.",
        "Name what is allowed, or use Deny for what is not.",
    ),
    "UnknownAction": (
        Level.WARNING,
        "No action is called {subject}.",
        "Check the spelling; the visual editor lists the actions.",
    ),
    "NothingMatches": (
        Level.HINT,
        "No action of this server matches {subject}.",
        "Leave it if the policy is used elsewhere too.",
    ),
    "UnknownService": (
        Level.HINT,
        "This server has no service {subject}.",
        "Leave it if the policy is used elsewhere too.",
    ),
    "NeverMatches.Resource": (
        Level.WARNING,
        "The statement never applies: none of its actions is on resources of {subject}.",
        "Correct it or remove the statement.",
    ),
    "NeverMatches.Key": (
        Level.WARNING,
        "The statement never applies: no request here has the key {subject}.",
        "Correct it or remove the statement.",
    ),
    "NeverMatches.Contradiction": (
        Level.WARNING,
        "The statement never applies: its conditions on {subject} contradict one another.",
        "Correct it or remove the statement.",
    ),
    "DenyWithoutEffect.Resource": (
        Level.WARNING,
        "This Deny forbids nothing: none of its actions is on resources of {subject}.",
        "Correct it or remove the statement.",
    ),
    "DenyWithoutEffect.Key": (
        Level.WARNING,
        "This Deny forbids nothing: no request here has the key {subject}.",
        "Correct it or remove the statement.",
    ),
    "DenyWithoutEffect.Contradiction": (
        Level.WARNING,
        "This Deny forbids nothing: its conditions on {subject} contradict one another.",
        "Correct it or remove the statement.",
    ),
    "AllowWithoutEffect": (
        Level.WARNING,
        "This Allow gives nothing: {subject} forbids all of it.",
        "Remove one of the two statements.",
    ),
    "Repeated": (Level.HINT, "{subject} says this already.", "Remove the statement."),
    "OnlyDenies": (
        Level.HINT,
        "The policy only forbids; it allows nothing by itself.",
        "Leave it if another policy allows.",
    ),
}
"""Of each code its level, message and next step; `{subject}` is what the finding is about."""


def findings(text: str, kind: DocumentKind, known: Known, *, extensions: bool = False) -> tuple[Finding, ...]:
    """What is remarkable about a document, in the order of the text; its first error alone where it is not valid."""
    try:
        validate(text, kind, extensions=extensions)
    except PolicyError as error:
        return (
            Finding(
                Level.ERROR,
                "MalformedPolicyDocument",
                error.line,
                error.column,
                error.path,
                "",
                error.reason[:1].upper() + error.reason[1:] + ".",
                error.next_step[:1].upper() + error.next_step[1:] + ".",
            ),
        )
    statements = grammar.parse(text).statements
    found = list(_Finder(text, kind, known).document(statements))
    return tuple(sorted(found, key=lambda each: (each.line, each.column)))


def gives_much(text: str) -> bool:
    """Whether a policy allows everything, or the means to take it; False for what is no policy."""
    try:
        statements = grammar.parse(text).statements
    except PolicyError:
        return False
    finder = _Finder(text, DocumentKind.IDENTITY, {})
    return any(found.code in MUCH for statement in statements for found in finder.breadth(statement))


class _Finder:
    def __init__(self, text: str, kind: DocumentKind, known: Known) -> None:
        self.looked_up = 0
        self.left = _MOST_COMPARISONS
        self.text = text
        self.trust = kind is DocumentKind.TRUST
        self.known = known
        self.services = {name.split(":", 1)[0] for name in known}

    def finding(self, code: str, at: int, path: str, subject: str = "") -> Finding:
        level, message, next_step = TEXTS[code]
        line = self.text.count("\n", 0, at) + 1
        column = at - (self.text.rfind("\n", 0, at) + 1) + 1
        shown = subject if len(subject) <= 200 else subject[:197] + "..."
        return Finding(level, code, line, column, path, shown, message.format(subject=shown), next_step)

    def document(self, statements: Sequence[RawStatement]) -> Iterator[Finding]:
        for statement in statements:
            yield from self.conditions(statement)
            if not self.trust:
                yield from self.breadth(statement)
                yield from self.names(statement)
        if not self.trust:
            yield from self.compared(statements[:_MOST_COMPARED])
            if all(each.deny for each in statements):
                yield self.finding("OnlyDenies", statements[0].at, "")

    def breadth(self, statement: RawStatement) -> Iterator[Finding]:
        """Whether an Allow gives more than anybody is likely to mean."""
        if statement.deny:
            return
        if statement.not_action or statement.not_resource:
            name, item = ("NotAction", statement.actions[0])
            if not statement.not_action:
                name, item = ("NotResource", statement.resources[0])
            yield self.finding("AllowsTheRest", item.at, f"{statement.path}.{name}", name)
            return
        if statement.conditions or not any(_is_all(each.text) for each in statement.resources):
            return
        for action in statement.actions:
            written = fold(action.text)
            if written in ("*", "*:*"):
                yield self.finding("AllowsEverything", action.at, action.path, action.text)
            elif written in _RIGHTS:
                yield self.finding("GivesRights", action.at, action.path, action.text)
            elif written.endswith(":*"):
                yield self.finding("WholeService", action.at, action.path, action.text)

    def names(self, statement: RawStatement) -> Iterator[Finding]:
        """Whether the actions exist, and whether any of them has resources such as those named."""
        matched: set[str] = set()
        open_ended = False  # something is named that this server does not know, so that nothing can be said
        for action in statement.actions:
            self.looked_up += 1
            if self.looked_up > _MOST_NAMES:
                return
            written = fold(action.text)
            service = written.split(":", 1)[0]
            pattern = Glob(written)
            hits = {name for name in self.known if pattern.matches(name)}
            matched |= hits
            if hits:
                continue
            open_ended = True
            if service in self.services:
                code = "NothingMatches" if set(written) & set("*?") else "UnknownAction"
                yield self.finding(code, action.at, action.path, action.text)
            elif not set(service) & set("*?"):
                yield self.finding("UnknownService", action.at, action.path, service)
        if statement.not_action or statement.not_resource or open_ended:
            return
        services = {service for name in matched for service in self.known[name]}
        named = [_service(each.text) for each in statement.resources]
        if "*" not in services and all(each and each not in services for each in named):
            first = statement.resources[0]
            yield self.finding(f"{_never(statement)}.Resource", first.at, f"{statement.path}.Resource", named[0])

    def conditions(self, statement: RawStatement) -> Iterator[Finding]:
        """Whether some condition can never be met."""
        equal: dict[str, tuple[frozenset[str], Clause]] = {}
        code = _never(statement)
        for clause in statement.conditions:
            operator = conditions.operator(clause.operator.text)
            if operator is None or operator.if_exists or operator.quantifier is not conditions.Quantifier.PLAIN:
                continue
            key = conditions.context_key(clause.key.text)
            if operator.base != "null" and not operator.negated and not _is_sent(key):
                yield self.finding(f"{code}.Key", clause.key.at, clause.key.path, clause.key.text)
            if operator.base != "stringequals" or operator.negated:
                continue
            wanted = frozenset(item.text for item in clause.values)
            before = equal.setdefault(key, (wanted, clause))[0]
            if not before & wanted:
                yield self.finding(f"{code}.Contradiction", clause.key.at, clause.key.path, clause.key.text)
        yield from self.contradictions(statement, equal)

    def contradictions(
        self, statement: RawStatement, equal: Mapping[str, tuple[frozenset[str], Clause]]
    ) -> Iterator[Finding]:
        """Whether a condition excludes what another one demands."""
        for clause in statement.conditions:
            operator = conditions.operator(clause.operator.text)
            key = conditions.context_key(clause.key.text)
            if operator is None or operator.base != "stringequals" or not operator.negated or key not in equal:
                continue
            if equal[key][0] <= {item.text for item in clause.values}:
                code = f"{_never(statement)}.Contradiction"
                yield self.finding(code, clause.key.at, clause.key.path, clause.key.text)

    def compared(self, statements: Sequence[RawStatement]) -> Iterator[Finding]:
        """Whether one statement leaves nothing for another to say."""
        for statement in statements:
            for other in statements:
                self.left -= len(other.actions) * len(statement.actions) + len(other.resources)
                if self.left < 0:
                    return
                if other is statement or not covers(other, statement):
                    continue
                if other.deny and not statement.deny:
                    yield self.finding("AllowWithoutEffect", statement.at, statement.path, other.path)
                    break
                earlier = other.at < statement.at or not covers(statement, other)
                if other.deny is statement.deny and earlier:
                    yield self.finding("Repeated", statement.at, statement.path, other.path)
                    break


def _never(statement: RawStatement) -> str:
    return "DenyWithoutEffect" if statement.deny else "NeverMatches"


def _is_all(resource: str) -> bool:
    return not resource.strip("*")


def _is_sent(key: str) -> bool:
    """Whether a request can have the key.  Only the keys of `acs:` are the same for every service."""
    return not key.startswith("acs:") or key in _ALWAYS_SENT or key.startswith(_SENT[len(_ALWAYS_SENT) :])


def _service(resource: str) -> str:
    """The service that a resource pattern names, "" where it may be any."""
    parts = resource.split(":", 2)
    return "" if len(parts) < 3 or parts[0] != "acs" or set(parts[1]) & set("*?") else parts[1].lower()
