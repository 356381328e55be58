"""The product Bailian Control."""

from __future__ import annotations

from keystead.products.action import Product

BAILIAN_CONTROL = Product("BailianControl", "2024-08-16", "bailiancontrol", roa=True, request_id="requestId")
