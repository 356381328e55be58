"""A running node purges what has been in the recycle bin for 30 days, unasked."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import sqlalchemy as sa

from keystead import app, ids
from keystead.identity.replay import ReplayWindow
from keystead.products.people import users
from keystead.settings import Settings
from keystead.store import recycle_bin, tables

START = 1_767_323_045


def test_housekeeping_empties_the_bin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "HOUSEKEEPING_SECONDS", 0.02)
    now = START + 10.0
    with app.opened(Settings(data_dir=tmp_path / "data"), lambda: now) as instance:
        account = ids.account_id()
        for name, at in (("old", START), ("young", START + 5)):
            with instance.database.writing(at, account) as tx:
                if name == "old":
                    tx.run(sa.insert(tables.accounts), id=account, alias=account, created_at=at)
                users.recycle(tx, users.create(tx, name, {}))
        now = START + recycle_bin.KEPT_SECONDS + 1.0
        window = ReplayWindow(tmp_path / "nonces", 1000, now)
        try:
            asyncio.run(_for_a_moment(instance, window))
        finally:
            window.close()
        with instance.database.reading(now, account) as tx:
            assert [row.name for row in recycle_bin.page(tx, "", 10)] == ["young"]


async def _for_a_moment(instance: app.Instance, window: ReplayWindow) -> None:
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(app._housekeeping(instance.database, window, instance.clock), 0.5)
