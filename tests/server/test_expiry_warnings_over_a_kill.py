"""Warnings before expiry at a server that runs: its secret is checked at the start, and a kill loses nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from keystead import app
from keystead.products.people import access_keys
from keystead.settings import OperatorError, Settings
from keystead.store import tables
from services.server import Server
from services.webhook import SECRET, Receiver

DAY = 86_400


@pytest.mark.parametrize(
    ("secret", "why"), [("", "does not begin"), ("whsec_s3cret", "not Base64"), ("\xff", "not text"), (None, "No such")]
)
def test_a_secret_that_cannot_be_used_ends_the_start(tmp_path: Path, secret: str | None, why: str) -> None:
    file = tmp_path / "secret"
    if secret is not None:
        file.write_text(secret)
    given: dict[str, Any] = {"expiry_webhook_url": "https://h.example/", "webhook_secret_file": file}
    with pytest.raises(OperatorError, match=why) as caught, app.opened(Settings(data_dir=tmp_path / "data", **given)):
        pass
    assert "webhook_secret_file" in caught.value.message
    assert "s3cret" not in caught.value.message


def _eventually(holds: Callable[[], bool], seconds: float = 120) -> None:
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.05)


def test_a_server_that_is_killed_between_row_and_delivery_tells_when_it_is_back(
    backend: str, request: pytest.FixtureRequest, hook: Receiver, tmp_path: Path
) -> None:
    """`kill -9` while the receiver has the call in its hands and has not answered."""
    database = request.getfixturevalue("postgres_url") if backend == "postgres" else None
    settings = Settings(data_dir=tmp_path / "data", database=database)
    made = app.initialise(settings)
    with app.opened(settings) as instance, instance.database.writing(time.time(), made.account_id) as tx:
        row, secret = access_keys.create(tx, None, expires_at=int(time.time()) + 2 * DAY)
    secret_file = hook.secret_file(tmp_path)
    options = ("--expiry-webhook-url", hook.url, "--webhook-secret-file", str(secret_file))
    server = Server(tmp_path, database=database, options=options)
    engine = sa.create_engine(app.database_url(settings))

    def waiting() -> list[Any]:
        with engine.begin() as connection:
            return list(connection.execute(sa.select(tables.expiry_warnings)).all())

    try:
        hook.go.clear()
        server.start()
        first = hook.taken.get(timeout=120)
        server.kill9()
        hook.go.set()
        assert [(each.key_id, each.channel, each.tries) for each in waiting()] == [(row.id, "webhook", 1)]
        with engine.begin() as connection:
            connection.execute(sa.update(tables.expiry_warnings).values(due_at=0))  # as if its try were lost by now
        server.start()
        again = hook.taken.get(timeout=120)
        assert again.is_genuine()
        assert again.headers["webhook-id"] == first.headers["webhook-id"]
        assert again.warnings == first.warnings
        _eventually(lambda: waiting() == [])
        server.stop()
        assert hook.taken.empty()
        assert secret not in server.log()
        assert SECRET not in server.log()
        assert "t0ken" not in server.log()
        server.check_log()
    finally:
        server.kill9()
        engine.dispose()
