"""The shape of a policy document: JSON to statements that know their positions.

What both writing and reading need is here; what only writing asks stands in `validation`.  Every list is bounded
before anything is compiled.  Source: reference/ram-policy-language.md section 1.
"""

from __future__ import annotations

from typing import Final, NamedTuple, NoReturn

from keystead.policy import reader
from keystead.policy.reader import Bare, Node, PolicyError, join, quote

MAX_STATEMENTS: Final = 1_000
MAX_ITEMS: Final = 1_000
MAX_CLAUSES: Final = 100
MAX_PATTERN: Final = 1_024

_DOCUMENT_KEYS: Final = ("Version", "Statement", "Id")
_STATEMENT_KEYS: Final = (
    "Effect",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Principal",
    "Condition",
    "Sid",
)


class Item(NamedTuple):
    """A text of the document, where it stands, and the element that holds it."""

    text: str
    at: int
    path: str


class Clause(NamedTuple):
    """One key under one operator of a `Condition`."""

    operator: Item
    key: Item
    values: tuple[Item, ...]


class RawStatement(NamedTuple):
    """A statement as written.  principals: (kind, values); None where there is no `Principal`.
    principals_at: where its key stands.
    """

    path: str
    at: int
    deny: bool
    actions: tuple[Item, ...]
    not_action: bool
    resources: tuple[Item, ...]
    not_resource: bool
    principals: tuple[tuple[Item, tuple[Item, ...]], ...] | None
    principals_at: int
    conditions: tuple[Clause, ...]


class RawDocument(NamedTuple):
    """A document as written.  wrapped: `Statement` is a list, as the grammar has it, and not a lone object."""

    statements: tuple[RawStatement, ...]
    statement_at: int
    wrapped: bool


def parse(text: str) -> RawDocument:
    """Read a document.  Raises `PolicyError` where its shape is not that of a policy."""
    return _Parser(text).document(reader.read(text))


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text

    def fail(self, at: int, path: str, reason: str, next_step: str) -> NoReturn:
        raise PolicyError(self.text, at, path, reason, next_step)

    def members(self, node: Node, path: str, what: str, known: tuple[str, ...] = ()) -> dict[str, Node]:
        if not isinstance(node.value, dict):
            self.fail(node.at, path, f"{what} is not an object", "write it as { ... }")
        for key, member in node.value.items():
            if known and key not in known:
                hint = next((name for name in known if name.lower() == key.lower()), None)
                next_step = f'write "{hint}"' if hint else f"use only {', '.join(known)}"
                self.fail(member.key_at, join(path, key), f"{quote(key)} is not a key of {what}", next_step)
        return node.value

    def string(self, node: Node, path: str) -> Item:
        if not isinstance(node.value, str):
            self.fail(node.at, path, "the value is not a string", "put it in double quotes")
        if len(node.value) > MAX_PATTERN:
            self.fail(node.at, path, f"the value is longer than {MAX_PATTERN} characters", "shorten it")
        return Item(node.value, node.at, path)

    def strings(self, node: Node, path: str, *, bare: bool = False) -> tuple[Item, ...]:
        """A string or a list of them, which are the same thing; with `bare`, also numbers, true and false."""
        nodes = node.value if isinstance(node.value, list) else [node]
        if not nodes:
            self.fail(node.at, path, "the list is empty", "name at least one value")
        if len(nodes) > MAX_ITEMS:
            self.fail(node.at, path, f"the list has more than {MAX_ITEMS} values", "split the statement")
        out: list[Item] = []
        for index, each in enumerate(nodes):
            inner = f"{path}[{index}]" if nodes is node.value else path
            if bare and isinstance(each.value, Bare):
                each = Node(each.value.text, each.at)
            out.append(self.string(each, inner))
        return tuple(out)

    def document(self, node: Node) -> RawDocument:
        top = self.members(node, "", "a policy document", _DOCUMENT_KEYS)
        for key in ("Version", "Statement"):
            if key not in top:
                self.fail(node.at, "", f"the document has no {quote(key)}", f"add {quote(key)}")
        if top["Version"].value != "1":
            self.fail(top["Version"].at, "Version", 'the version is not the string "1"', 'write "Version": "1"')
        if "Id" in top:
            self.string(top["Id"], "Id")
        found = top["Statement"]
        wrapped = isinstance(found.value, list)
        nodes = found.value if isinstance(found.value, list) else [found]
        if not nodes:
            self.fail(found.at, "Statement", "the document has no statement", "add one")
        if len(nodes) > MAX_STATEMENTS:
            reason = f"the document has more than {MAX_STATEMENTS} statements"
            self.fail(found.at, "Statement", reason, "split it into several policies")
        paths = [f"Statement[{index}]" if wrapped else "Statement" for index in range(len(nodes))]
        statements = tuple(self.statement(each, path) for each, path in zip(nodes, paths, strict=True))
        return RawDocument(statements, found.at, wrapped)

    def statement(self, node: Node, path: str) -> RawStatement:
        members = self.members(node, path, "a statement", _STATEMENT_KEYS)
        if "Sid" in members:
            self.string(members["Sid"], f"{path}.Sid")
        not_action, actions = self.choice(node, members, path, "Action", "NotAction")
        if not actions:
            self.fail(node.at, path, "the statement has no Action", 'add "Action" or "NotAction"')
        not_resource, resources = self.choice(node, members, path, "Resource", "NotResource")
        named = members.get("Principal")
        return RawStatement(
            path,
            node.at,
            self.effect(node, members, path),
            actions,
            not_action,
            resources,
            not_resource,
            self.principals(named, f"{path}.Principal") if named else None,
            named.key_at if named else -1,
            self.conditions(members.get("Condition"), f"{path}.Condition"),
        )

    def effect(self, node: Node, members: dict[str, Node], path: str) -> bool:
        if "Effect" not in members:
            self.fail(node.at, path, "the statement has no Effect", 'add "Effect": "Allow" or "Deny"')
        found = members["Effect"]
        if found.value not in ("Allow", "Deny"):
            shown = quote(found.value) if isinstance(found.value, str) else "the value"
            self.fail(found.at, f"{path}.Effect", f"{shown} is not an effect", 'write "Allow" or "Deny"')
        return found.value == "Deny"

    def choice(
        self, node: Node, members: dict[str, Node], path: str, plain: str, negated: str
    ) -> tuple[bool, tuple[Item, ...]]:
        if plain in members and negated in members:
            self.fail(node.at, path, f"the statement has both {plain} and {negated}", "keep one of them")
        name = negated if negated in members else plain
        found = members.get(name)
        return negated in members, self.strings(found, f"{path}.{name}") if found else ()

    def principals(self, node: Node, path: str) -> tuple[tuple[Item, tuple[Item, ...]], ...]:
        members = self.members(node, path, "a Principal", ("RAM", "Service", "Federated"))
        if not members:
            self.fail(node.at, path, "the Principal names nobody", 'add "RAM", "Service" or "Federated"')
        return tuple(
            (Item(kind, each.key_at, f"{path}.{kind}"), self.strings(each, f"{path}.{kind}"))
            for kind, each in members.items()
        )

    def conditions(self, node: Node | None, path: str) -> tuple[Clause, ...]:
        clauses: list[Clause] = []
        operators = self.members(node, path, "a Condition") if node else {}
        for name, keys in operators.items():
            inner = join(path, name)
            operator = Item(name, keys.key_at, inner)
            for key, wanted in self.members(keys, inner, "an operator's value").items():
                item = Item(key, wanted.key_at, join(inner, key))
                clauses.append(Clause(operator, item, self.strings(wanted, item.path, bare=True)))
        if node and len(clauses) > MAX_CLAUSES:
            self.fail(node.at, path, f"there are more than {MAX_CLAUSES} conditions", "split the statement")
        return tuple(clauses)
