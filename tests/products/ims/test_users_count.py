"""An account knows how many users it has without counting them."""

from __future__ import annotations

import sqlalchemy as sa

from keystead.store import accounts, tables
from products.plane import Plane


def check(plane: Plane, expected: int) -> None:
    with plane.database.reading(plane.now, plane.account_id) as tx:
        assert accounts.users(tx) == expected
        counted = sa.select(sa.func.count()).where(tables.users.c.account_id == plane.account_id)
        assert tx.connection.execute(counted).scalar_one() == expected
    assert plane.ims.call("GetAccountSummary")["SummaryMap"]["Users"] == expected


def test_follows_every_way_in_and_out(plane: Plane) -> None:
    plane.call("CreateUser", UserName="ann")
    plane.ims.call("CreateUser", UserPrincipalName="bob", DisplayName="Bob")
    check(plane, 2)
    assert plane.refused("CreateUser", UserName="Ann") == "EntityAlreadyExists.User"
    check(plane, 2)
    ann = plane.call("GetUser", UserName="ann")["User"]["UserId"]
    plane.call("DeleteUser", UserName="ann")
    plane.ims.call("DeleteUser", UserPrincipalName="bob")
    check(plane, 0)
    plane.ims.call("RestoreUserFromRecycleBin", UserId=ann)
    check(plane, 1)
