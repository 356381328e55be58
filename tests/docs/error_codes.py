"""The table of error codes in docs/guides/errors.md, made from the declared faults.

python tests/docs/error_codes.py          writes it
python tests/docs/error_codes.py --check  compares, with exit code 1 where it is stale
"""

from __future__ import annotations

import ast
import gc
import importlib
import pkgutil
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import keystead
from keystead.faults import FaultKind

PAGE = Path(__file__).parents[2] / "docs/guides/errors.md"
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


def table() -> str:
    """One line per code: status, causes, next steps."""
    lines: dict[str, tuple[set[int], list[str], list[str]]] = {}
    for each in sorted(kinds(), key=lambda kind: (kind.code, kind.status, kind.message)):
        statuses, causes, steps = lines.setdefault(each.code, (set(), [], []))
        statuses.add(each.status)
        for text, into in ((each.message, causes), (each.next_step, steps)):
            if text and text not in into:
                into.append(text)
    rows = ["| Code | HTTP | Cause | Next step |", "|---|---|---|---|"]
    for code, (statuses, causes, steps) in lines.items():
        cells = ["<br>".join(_cell(one) for one in some) for some in (causes, steps)]
        rows.append(f"| `{code}` | {', '.join(map(str, sorted(statuses)))} | {cells[0]} | {cells[1]} |")
    return "\n".join(rows)


def _cell(text: str) -> str:
    shown = re.sub(r"\{(\w+)[^}]*\}", r"*\1*", text)
    return shown.replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")


def page(text: str) -> str:
    """The page with the table of today."""
    head, _, rest = text.partition(BEGIN)
    tail = rest.partition(END)[2]
    return f"{head}{BEGIN}\n\n{table()}\n\n{END}{tail}"


def main() -> int:
    """Write the page, or compare; returns the exit code."""
    before = PAGE.read_text("utf-8")
    wanted = page(before)
    unnamed = [f"{code} ({status})" for code, status in computed() if f"`{code}`" not in before]
    for each in sorted(set(unnamed)):
        sys.stdout.write(f"errors.md does not name {each}\n")
    if before != wanted:
        if "--check" not in sys.argv:
            PAGE.write_text(wanted, "utf-8")
        sys.stdout.write("errors.md is stale\n" if "--check" in sys.argv else "errors.md is written\n")
    return 1 if unnamed or (before != wanted and "--check" in sys.argv) else 0


if __name__ == "__main__":
    sys.exit(main())
