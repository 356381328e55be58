"""The product Bailian 2023-06-01.  Its actions are judged as `sfm:<Action>` (reference/model-studio.md b.11)."""

from __future__ import annotations

from keystead.products.action import Product

BAILIAN_LEGACY = Product("BailianLegacy", "2023-06-01", "sfm")
