"""What is installed is pinned by version and hash; from where it comes is each machine's own matter."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKED = sorted((ROOT / "requirements").glob("*.txt"))
NODE_LOCK = ROOT / "tests" / "journeys" / "node" / "package-lock.json"


@pytest.mark.parametrize("locked", LOCKED, ids=lambda path: path.name)
def test_python_packages_are_pinned(locked: Path) -> None:
    requirements = re.sub(r"\\\n", " ", locked.read_text()).splitlines()
    assert requirements
    for each in requirements:
        assert re.match(r"[a-z0-9-]+(\[[a-z,-]+\])?==[^ ]+ ", each), each
        assert "--hash=sha256:" in each, each
        assert "://" not in each, each


def test_node_packages_are_pinned() -> None:
    text = NODE_LOCK.read_text()
    assert "://" not in text
    packages = {name: entry for name, entry in json.loads(text)["packages"].items() if name}
    assert packages
    for name, entry in packages.items():
        assert entry["integrity"].startswith("sha512-"), name
        assert "resolved" not in entry, name
