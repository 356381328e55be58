"""The product STS."""

from __future__ import annotations

from keystead.products.action import Product

STS = Product("Sts", "2015-04-01", "sts")
