"""The product Keystead.  Its version is its own; it may grow, and changes meaning only with a new version."""

from __future__ import annotations

from keystead.products.action import Product

KEYSTEAD = Product("Keystead", "2026-11-01", "keystead")
