"""What a user's row says of how it gets in is what its profile, its device and its pairs say, after every act."""

from __future__ import annotations

import random
from typing import Any

import pytest
import sqlalchemy as sa

from keystead import ids
from keystead.clock import iso
from keystead.faults import Fault
from keystead.store import login_profiles, mfa_devices, tables, users
from keystead.store.user_access import FOREVER
from products.modelstudio.studio import OURS, RAM, Studio

IMS = "2019-08-15"

NAMES = ("ann", "bob")


def kept(studio: Studio) -> dict[str, tuple[bool, bool, int]]:
    columns = tables.users.c
    query = sa.select(columns.name, columns.console_access, columns.mfa_bound, columns.pairs_until)
    with studio.write() as tx:
        return {row.name: tuple(row[1:]) for row in tx.rows(query.where(columns.account_id == studio.account_id))}


def meant(studio: Studio) -> dict[str, tuple[bool, bool, int]]:
    found = {}
    pairs = tables.access_keys.c
    with studio.write() as tx:
        for user in tx.rows(sa.select(tables.users).where(tables.users.c.account_id == studio.account_id)):
            profile = login_profiles.get(tx, user.id)
            active = (pairs.user_id == user.id, pairs.status == "Active")
            until = [row.expires_at or FOREVER for row in tx.rows(sa.select(pairs.expires_at).where(*active))]
            console = profile is not None and profile.status == "Active"
            found[user.name] = (console, mfa_devices.of_user(tx, user.id) is not None, max(until, default=0))
    return found


def acts(studio: Studio, chance: random.Random) -> list[tuple[str, str, dict[str, Any]]]:
    """One of everything that changes how users get in, of a user and a pair by chance; some are refused."""
    name = chance.choice(NAMES)
    principal = {"UserPrincipalName": name}
    with studio.write() as tx:
        mine = tables.users.c.account_id == studio.account_id
        users = [row.id for row in tx.rows(sa.select(tables.recycled_users.c.id))]
        pairs = [row.id for row in tx.rows(sa.select(tables.access_keys.c.id).join(tables.users).where(mine))]
        binned = [row.id for row in tx.rows(sa.select(tables.recycled_keys.c.id))]
    user, pair = chance.choice(users or ["0" * 18]), {"UserAccessKeyId": chance.choice(pairs or ["none"])}
    word, day = chance.choice(("Active", "Inactive")), chance.choice((5, 50))
    return [
        (RAM, "CreateUser", {"UserName": name}),
        (IMS, "CreateLoginProfile", {**principal, "Password": "Correct-Horse-7", "Status": word}),
        (IMS, "UpdateLoginProfile", {**principal, "Status": word}),
        (IMS, "DeleteLoginProfile", principal),
        (RAM, "CreateAccessKey", {"UserName": name}),
        (RAM, "UpdateAccessKey", {"UserName": name, **pair, "Status": word}),
        (OURS, "UpdateAccessKeyPair", {"UserName": name, **pair, "ExpireDate": iso(studio.now + day * 86_400)}),
        (IMS, "DeleteAccessKey", {**principal, **pair}),
        (IMS, "RestoreAccessKeyFromRecycleBin", {"UserAccessKeyId": chance.choice(binned or ["none"])}),
        (IMS, "DeleteUser", principal),
        (IMS, "RestoreUserFromRecycleBin", {"UserId": user}),
    ]


@pytest.mark.parametrize("seed", range(3))
def test_the_row_follows_every_act(studio: Studio, seed: int) -> None:
    chance = random.Random(seed)
    done = set()
    for name in NAMES:
        studio.call(RAM, "CreateUser", UserName=name)
    for _ in range(120):
        product, action, given = chance.choice(acts(studio, chance))
        try:
            studio.call(product, action, **given)
        except Fault:
            continue
        done.add(action)
        assert kept(studio) == meant(studio), (action, given)
    assert len(done) >= 5, done  # which pairs an act meets follows from their random IDs


def test_a_bound_device_shows_until_it_is_unbound_or_gone(studio: Studio) -> None:
    user = studio.call(RAM, "CreateUser", UserName="ann")["User"]["UserId"]
    seen = []
    with studio.write() as tx:
        for device, last in (("one", mfa_devices.unbind), ("two", mfa_devices.delete)):
            made = ids.user_id()
            mfa_devices.insert(tx, made, device, b"", "")
            mfa_devices.bind(tx, made, user)
            seen.append(users.get(tx, "ann").mfa_bound)
            last(tx, made)
            seen.append(users.get(tx, "ann").mfa_bound)
    assert seen == [True, False, True, False]
