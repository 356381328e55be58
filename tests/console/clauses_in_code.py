"""The English that the program's rules put into refusals and answers, read from the code: what clauses.po must hold."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import keystead
from keystead.products.catalogue import PRODUCTS
from keystead.wire.parameters import Parameter, Text

ROOT = Path(keystead.__path__[0])
PARTS = (
    "products",
    "identity",
    "policy",
    "wire",
    "commands",
    "server/dispatch.py",
    "console/shell.py",
    "gateway/embedded.py",
)
"""Where refusals come from that a page or the Cloud Shell may show; model calls are refused on the wire alone."""

ELSEWHERE = (
    "products/applications/compose.py",  # what a model is told, and refusals of model calls
    "products/applications/running.py",
    "products/applications/prompts.py",
    "products/description.py",  # the reference
    "products/permissions.py",
    "products/people/governance.py",  # names of settings
    "products/people/logon.py",  # the sign-in page has texts of its own
    "products/keystead/overview.py",  # the formula, as it is
    "policy/findings.py",  # texts of their own
    "policy/explanation.py",  # pages show its parts
    "wire/answers.py",
)
DECLARING = {"FaultKind", "absent", "exists", "in_use", "too_many", "_refusal", "_missing", "_only"}
"""What makes a declared fault of its arguments: errors.po has it."""

LOGGING = {"debug", "info", "warning", "error", "exception", "TypeError", "AssertionError", "KeyFileError"}
OTHER = {
    "SealBrokenError", "Form", "ParserName", "embed", "hash", "open_challenge", "post", "Price", "WorkspaceDetails",
    "_load", "run_line", "_article", "compile", "_listed", "members", "unexpected",
}  # fmt: skip
PROSE = re.compile(r"[A-Za-z]{2,}[,;:']? [\"'(]?[A-Za-z]{2,}|^[a-z]+ [a-z]+")


def clauses() -> dict[str, str]:
    """Each clause, its fields numbered, and where it stands."""
    found = {}
    for path in sorted(ROOT.rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        if name.startswith(PARTS) and not name.startswith(ELSEWHERE):
            for line, text in _of(ast.parse(path.read_text("utf-8"))):
                found.setdefault(text, f"{name}:{line}")
    for product in PRODUCTS:
        for action in product.actions.values():
            for text in _patterned(action.parameters):
                found.setdefault(text, f"{product.name}:{action.name}")
    return found


def _patterned(parameters: tuple[Parameter, ...]) -> Iterator[str]:
    """What a text is for that breaks its pattern: the refusal says it."""
    for each in parameters:
        if isinstance(each.rule, Text) and each.rule.pattern and " " in each.rule.doc:
            yield each.rule.doc
        yield from _patterned(each.members)


def _of(tree: ast.Module) -> Iterator[tuple[int, str]]:
    above = {id(child): node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    for node in ast.walk(tree):
        text = _numbered(node)
        if text and PROSE.search(re.sub(r"\{\d+\}", "X", text)) and not _skipped(node, above):
            yield node.lineno, text


def _numbered(node: ast.AST) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value.replace("{", "{{").replace("}", "}}")
    if not isinstance(node, ast.JoinedStr):
        return ""
    number, pieces = 0, []
    for value in node.values:
        if isinstance(value, ast.Constant):
            pieces.append(str(value.value).replace("{", "{{").replace("}", "}}"))
        else:
            pieces.append("{" + str(number) + "}")
            number += 1
    return "".join(pieces)


def _skipped(node: ast.AST, above: dict[int, ast.AST]) -> bool:
    """Whether a text is a docstring, a piece of another, or said to nobody who reads pages."""
    parent = above.get(id(node))
    if isinstance(parent, ast.Expr | ast.JoinedStr | ast.FormattedValue):
        return True
    while parent is not None and not isinstance(parent, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        if isinstance(parent, ast.keyword) and parent.arg in ("doc", "deprecated", "help"):
            return True
        if isinstance(parent, ast.Call):
            name = str(getattr(parent.func, "attr", getattr(parent.func, "id", "")))
            if name in DECLARING | LOGGING | OTHER or name.endswith("action"):
                return True
        parent = above.get(id(parent))
    return False
