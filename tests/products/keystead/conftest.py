"""A new account with workspaces, for each test."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from keystead.identity.transaction import Tx
from keystead.store.database import Database
from products.modelstudio.studio import Studio


@pytest.fixture
def make_studio(database: Database[Tx]) -> Callable[..., Studio]:
    """A function that opens a new account; keywords change quotas."""
    return partial(Studio, database)


@pytest.fixture
def studio(make_studio: Callable[..., Studio]) -> Studio:
    """A new account with the usual quotas."""
    return make_studio()
