"""A new account with a workspace and people in it, for each test."""

from __future__ import annotations

import pytest

from keystead.identity.transaction import Tx
from keystead.store.database import Database
from products.bailian.house import House


@pytest.fixture
def house(database: Database[Tx]) -> House:
    """A new account."""
    return House(database)
