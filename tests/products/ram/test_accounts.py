"""The account's alias."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from products.plane import Plane


def test_the_default_is_the_account_id(plane: Plane) -> None:
    assert plane.call("GetAccountAlias") == {"AccountAlias": plane.account_id}
    assert plane.call("ClearAccountAlias") == {}
    assert plane.call("GetAccountAlias") == {"AccountAlias": plane.account_id}


def test_set_and_clear(plane: Plane) -> None:
    alias = f"acme-{plane.account_id}"
    plane.call("SetAccountAlias", AccountAlias=alias)
    assert plane.touched == {("account", plane.account_id)}
    assert plane.call("GetAccountAlias") == {"AccountAlias": alias}
    plane.call("SetAccountAlias", AccountAlias=alias)
    plane.call("ClearAccountAlias")
    assert plane.call("GetAccountAlias") == {"AccountAlias": plane.account_id}


@pytest.mark.parametrize("alias", ["ab", "a" * 33, "Acme", "-acme", "acme-", "ac--me", "ac_me", "acmé"])
def test_format(plane: Plane, alias: str) -> None:
    assert plane.refused("SetAccountAlias", AccountAlias=alias) == "InvalidParameter.AccountAlias.Format"


def test_it_must_be_given(plane: Plane) -> None:
    assert plane.refused("SetAccountAlias") == "MissingAccountAlias"


def test_aliases_are_unique_over_accounts(make_plane: Callable[..., Plane]) -> None:
    one, other = make_plane(), make_plane()
    alias = f"a-{one.account_id}"
    one.call("SetAccountAlias", AccountAlias=alias)
    assert other.refused("SetAccountAlias", AccountAlias=alias) == "EntityAlreadyExists.AccountAlias"
    # Its ID stays the first account's too: clearing the alias must always succeed.
    assert other.refused("SetAccountAlias", AccountAlias=one.account_id) == "EntityAlreadyExists.AccountAlias"
    one.call("ClearAccountAlias")
    other.call("SetAccountAlias", AccountAlias=alias)
    one.call("SetAccountAlias", AccountAlias=one.account_id)
