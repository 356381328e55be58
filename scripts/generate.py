"""Write what is derived from declarations: the CLI's catalogue and the reference pages.  `--check` only compares.

A test in tests/contracts runs it with `--check`, so none of the files can be stale.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from keystead.products import description
from keystead.products.catalogue import PRODUCTS
from keystead.settings_page import page as settings_page

ROOT = Path(__file__).parents[1]


def derived() -> dict[Path, str]:
    """Every derived file and what it must hold."""
    published = {
        name: product
        for file in ("ram-actions.json", "model-studio-actions.json")
        for name, product in json.loads((ROOT / "tests/vectors" / file).read_text("utf-8"))["products"].items()
    }
    catalogue = json.dumps(description.catalogue(PRODUCTS), indent=1, ensure_ascii=False, sort_keys=True)
    return {
        ROOT / "src/keystead/commands/catalogue.json": catalogue + "\n",
        ROOT / "docs/reference/actions.md": description.page(PRODUCTS),
        ROOT / "docs/reference/coverage.md": description.coverage(PRODUCTS, published),
        ROOT / "docs/reference/settings.md": settings_page(),
    }


def main() -> int:
    """Write the files, or with `--check` name those that differ; returns the exit code."""
    stale = [path for path, text in derived().items() if not path.exists() or path.read_text("utf-8") != text]
    for path in stale:
        if "--check" not in sys.argv:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(derived()[path], "utf-8")
        print(f"{'stale' if '--check' in sys.argv else 'written'}: {path.relative_to(ROOT)}")
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
