"""Every text of the console has its Chinese, in one place; no translation is left over."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
from collections import Counter
from importlib.resources import files
from pathlib import Path

import pytest
from babel.messages import pofile
from jinja2.ext import babel_extract

from keystead.console import pages
from keystead.console.causes import TEMPLATES as CAUSES
from keystead.console.menu import SECTIONS
from keystead.console.tables import Table
from keystead.console.texts import LANGUAGES, accepted, language
from keystead.policy.findings import TEXTS as FINDINGS

CONSOLE = Path(str(files("keystead.console")))
SHOWING = {"text": 1, "count": 2, "mark": 1}
"""Functions whose first arguments are shown, and how many of them.  `mark` says so of a text that is shown later."""


def _python_texts(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            for each in node.args[: SHOWING.get(name, 0)]:
                for constant in ast.walk(each):  # also both arms of `a if b else c`
                    if isinstance(constant, ast.Constant) and isinstance(constant.value, str):
                        found.add(constant.value)
    return found


def _declared_texts() -> dict[str, set[str]]:
    """What the menu and the tables say, read from the values themselves."""
    found = {label: {"menu"} for section in SECTIONS for label in (section.label, *(e.label for e in section.entries))}
    for each in pkgutil.iter_modules(pages.__path__, pages.__name__ + "."):
        for table in vars(importlib.import_module(each.name)).values():
            if isinstance(table, Table):
                labels = [column.label for column in table.columns]
                for one in table.filters:
                    labels += [one.label, *(label for _, label in one.choices)]
                for text in (table.title, table.query, table.empty, *labels):
                    found.setdefault(text, set()).add(each.name)
    return {text: where for text, where in found.items() if text}


def _template_texts(path: Path) -> set[str]:
    found = set()
    with path.open("rb") as opened:
        for _, function, text, _ in babel_extract(opened, ["_", "n_"], [], {"silent": "false"}):
            texts = text if isinstance(text, tuple) else (text,)
            found |= {each for each in texts[: 2 if function == "n_" else 1] if each}
    return found


def texts_in_use() -> dict[str, set[str]]:
    """Every English text, and the files that use it."""
    found = _declared_texts()
    for path in sorted(CONSOLE.rglob("*")):
        if path.suffix == ".py":
            texts = _python_texts(path)
        elif path.suffix == ".html":
            texts = _template_texts(path)
        else:
            continue
        for each in texts:
            found.setdefault(each, set()).add(path.name)
    for each in CAUSES:
        found.setdefault(each, set()).add("causes.py")
    for _, message, next_step in FINDINGS.values():
        found.setdefault(message, set()).add("findings.py")
        found.setdefault(next_step, set()).add("findings.py")
    return found


def test_every_text_is_translated() -> None:
    table = language("zh").table
    missing = {text: sorted(where) for text, where in texts_in_use().items() if text not in table}
    assert not missing, "\n".join(f"{where}: {text}" for text, where in missing.items())


def test_each_text_is_translated_once_and_keeps_its_fields() -> None:
    counted: Counter[str] = Counter()
    for path in sorted((CONSOLE / "texts" / "zh").glob("*.po")):
        with path.open("rb") as opened:
            for message in pofile.read_po(opened, locale="zh"):
                if message.id:
                    counted[str(message.id)] += 1
                    fields = [sorted(set(re.findall(r"\{(\w+)\}", text))) for text in (message.id, message.string)]
                    assert fields[0] == fields[1] or set(fields[1]) <= set(fields[0]), (path.name, message.id)
                    assert message.string, (path.name, message.id)
    assert [text for text, count in counted.items() if count > 1] == []


@pytest.mark.parametrize(
    ("header", "code"),
    [("zh-CN,zh;q=0.9,en;q=0.8", "zh"), ("en-GB,zh;q=0.5", "en"), ("fr", "en"), ("", "en"), ("de,zh", "zh")],
)
def test_the_browsers_language_is_taken_where_it_is_known(header: str, code: str) -> None:
    assert accepted(header) == code
    assert code in LANGUAGES
