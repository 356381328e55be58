"""An account knows how many users, AccessKey pairs and API keys it has without counting them."""

from __future__ import annotations

import sqlalchemy as sa

from keystead.store import accounts, tables
from keystead.store.database import Tx
from products.plane import Plane


def count(tx: Tx, table: sa.Table) -> int:
    counted = sa.select(sa.func.count()).where(table.c.account_id == tx.account_id)
    return int(tx.connection.execute(counted).scalar_one())


def check(plane: Plane, expected: int) -> None:
    with plane.database.reading(plane.now, plane.account_id) as tx:
        assert accounts.count(tx, "users") == expected
        assert count(tx, tables.users) == expected
        assert accounts.count(tx, "access_keys") == count(tx, tables.access_keys)
    assert plane.ims.call("GetAccountSummary")["SummaryMap"]["Users"] == expected


def test_follows_every_way_in_and_out(plane: Plane) -> None:
    plane.call("CreateUser", UserName="ann")
    plane.ims.call("CreateUser", UserPrincipalName="bob", DisplayName="Bob")
    check(plane, 2)
    assert plane.refused("CreateUser", UserName="Ann") == "EntityAlreadyExists.User"
    check(plane, 2)
    ann = plane.call("GetUser", UserName="ann")["User"]["UserId"]
    pairs = [plane.call("CreateAccessKey", UserName="ann")["AccessKey"]["AccessKeyId"] for _ in range(2)]
    check(plane, 2)
    plane.call("UpdateAccessKey", UserName="ann", UserAccessKeyId=pairs[0], Status="Inactive")
    for pair in pairs:
        plane.ims.call("DeleteAccessKey", UserPrincipalName="ann", UserAccessKeyId=pair)
    check(plane, 2)
    plane.call("DeleteUser", UserName="ann")
    plane.ims.call("DeleteUser", UserPrincipalName="bob")
    check(plane, 0)
    plane.ims.call("RestoreUserFromRecycleBin", UserId=ann)
    check(plane, 1)
    plane.ims.call("RestoreAccessKeyFromRecycleBin", UserId=ann, UserAccessKeyId=pairs[1])
    check(plane, 1)
    with plane.database.reading(plane.now, plane.account_id) as tx:
        assert count(tx, tables.access_keys) == 1
