"""The layers contract in pyproject.toml covers the whole package: a new part has to say where it stands.

Whether the contract holds is asked by `lint-imports`, a step of `make check`; it says nothing of a part that no
layer names.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "keystead"
NO_PART = {"__init__", "__main__"}


def test_every_part_stands_in_a_layer() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    contracts = settings["tool"]["importlinter"]["contracts"]
    layers = next(each["layers"] for each in contracts if each["type"] == "layers")
    named = {part for layer in layers for part in re.findall(r"keystead\.(\w+)", layer)}
    modules = {path.stem for path in PACKAGE.glob("*.py")} - NO_PART
    packages = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert modules | packages <= named, "name these in a layer of [tool.importlinter]"
