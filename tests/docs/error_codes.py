"""What is derived from the declared faults: the tables of error codes in the guides, and the console's errors.json.

python tests/docs/error_codes.py          writes them
python tests/docs/error_codes.py --check  compares, with exit code 1 where one is stale
"""

from __future__ import annotations

import ast
import gc
import importlib
import json
import pkgutil
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from string import Formatter
from typing import Any

import keystead
from keystead.console.texts import language
from keystead.faults import FaultKind
from keystead.products.catalogue import PRODUCTS

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/guides/errors.md"
CHINESE = ROOT / "docs/guides/zh/errors.md"
CODES = ROOT / "src/keystead/console/help/errors.json"
BEGIN, END = "<!-- made by tests/docs/error_codes.py -->", "<!-- end -->"
_NOT_FOR_IMPORT = ("keystead.store.migrations", "keystead.__main__")


def kinds() -> list[FaultKind]:
    """Every fault that is declared in the package, wherever it is kept."""
    for found in pkgutil.walk_packages(keystead.__path__, "keystead."):
        if not found.name.startswith(_NOT_FOR_IMPORT):
            importlib.import_module(found.name)
    return [each for each in gc.get_objects() if isinstance(each, FaultKind)]


def computed() -> Iterator[tuple[str, int]]:
    """Codes of faults that are made where they are raised, `{…}` for the part that is filled in."""
    for path in Path(keystead.__path__[0]).rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "Fault":
                code, status = call.args[0], call.args[1]
                text = ast.unparse(code)
                if isinstance(code, ast.Constant | ast.JoinedStr) and isinstance(status, ast.Constant):
                    yield re.sub(r"\{[^}]*\}", "<Name>", text.removeprefix("f").strip("'\"")), int(str(status.value))


def codes() -> str:
    """What the console knows of each code: its statuses, what is said with it, and which actions list it."""
    found: dict[str, dict[str, list[Any]]] = {}
    for each in sorted(kinds(), key=lambda kind: (kind.code, kind.status, kind.message)):
        entry = found.setdefault(each.code, {"statuses": [], "said": [], "actions": []})
        said = [each.message, each.next_step]
        entry["statuses"] += [each.status] if each.status not in entry["statuses"] else []
        entry["said"] += [said] if said not in entry["said"] else []
    for product in PRODUCTS:
        for action in product.actions.values():
            for fault in action.faults:
                name = f"{product.name}:{action.name}"
                actions = found[fault.code]["actions"]
                actions += [name] if name not in actions else []
    lines = (f"{json.dumps(code)}: {json.dumps(entry, ensure_ascii=False)}" for code, entry in found.items())
    return "{\n" + ",\n".join(lines) + "\n}\n"


def untranslated() -> list[str]:
    """Messages and next steps that texts/zh/errors.po lacks, or says with other fields."""
    known = language("zh").table
    texts = {text for kind in kinds() for text in (kind.message, kind.next_step) if text}
    return sorted(text for text in texts if fields(known.get(text, "")) != fields(text))


def fields(template: str) -> list[tuple[str, str, str]]:
    """What is filled in, in order of name; of a text that is no template a field of its own."""
    parts = Formatter().parse(template or "{untranslated}")
    return sorted((name, spec or "", how or "") for _, name, spec, how in parts if name is not None)


def table(words: Mapping[str, str], titles: str) -> str:
    """One line per code: status, causes, next steps, in the words of a language."""
    lines: dict[str, tuple[set[int], list[str], list[str]]] = {}
    for each in sorted(kinds(), key=lambda kind: (kind.code, kind.status, kind.message)):
        statuses, causes, steps = lines.setdefault(each.code, (set(), [], []))
        statuses.add(each.status)
        for text, into in ((each.message, causes), (each.next_step, steps)):
            if text and words.get(text, text) not in into:
                into.append(words.get(text, text))
    rows = [titles, "|---|---|---|---|"]
    for code, (statuses, causes, steps) in lines.items():
        cells = ["<br>".join(_cell(one) for one in some) for some in (causes, steps)]
        rows.append(f"| `{code}` | {', '.join(map(str, sorted(statuses)))} | {cells[0]} | {cells[1]} |")
    return "\n".join(rows)


def _cell(text: str) -> str:
    shown = re.sub(r"(?<!\{)\{(\w+)[^}]*\}", r"*\1*", text).replace("{{", "{").replace("}}", "}")
    return shown.replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")


def page(text: str, words: Mapping[str, str], titles: str) -> str:
    """The page with the table of today."""
    head, _, rest = text.partition(BEGIN)
    tail = rest.partition(END)[2]
    return f"{head}{BEGIN}\n\n{table(words, titles)}\n\n{END}{tail}"


def main() -> int:
    """Write the files, or compare; returns the exit code."""
    before = PAGE.read_text("utf-8")
    unnamed = [f"{code} ({status})" for code, status in computed() if f"`{code}`" not in before]
    for each in sorted(set(unnamed)):
        sys.stdout.write(f"errors.md does not name {each}\n")
    for each in untranslated():
        sys.stdout.write(f"src/keystead/console/texts/zh/errors.po lacks, or has other fields for: {each}\n")
    made = {
        PAGE: page(before, {}, "| Code | HTTP | Cause | Next step |"),
        CHINESE: page(CHINESE.read_text("utf-8"), language("zh").table, "| 错误码 | HTTP | 原因 | 处理方法 |"),
        CODES: codes(),
    }
    stale = {path: text for path, text in made.items() if not path.exists() or path.read_text("utf-8") != text}
    for path, wanted in stale.items():
        if "--check" not in sys.argv:
            path.write_text(wanted, "utf-8")
        sys.stdout.write(f"{path.relative_to(ROOT)} is {'stale' if '--check' in sys.argv else 'written'}\n")
    return 1 if unnamed or untranslated() or (stale and "--check" in sys.argv) else 0


if __name__ == "__main__":
    sys.exit(main())
