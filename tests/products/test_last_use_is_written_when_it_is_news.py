"""The last use of a pair is written at once when it says something new, and else at most once in five minutes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy.exc import OperationalError

from keystead.products.catalogue import PRODUCTS
from keystead.server import audit
from keystead.server.audit import USE_STEP, Auditor
from keystead.server.call import Call, Origin
from keystead.store import access_keys, keys
from products.plane import Plane

ACTIONS = {
    name: each for product in PRODUCTS if product.name in ("Ram", "Sts") for name, each in product.actions.items()
}
THEN = 1_800_000_000


class Uses:
    """A pair of a new user, and calls by it, their times in seconds after `THEN`."""

    def __init__(self, plane: Plane) -> None:
        self.plane = plane
        plane.call("CreateUser", UserName="alice")
        self.key = plane.call("CreateAccessKey", UserName="alice")["AccessKey"]["AccessKeyId"]
        self.caller = replace(plane.user("alice"), access_key_id=self.key)
        self.auditor = Auditor(plane.database, lambda: 0.0, 1000)

    def note(self, at: int, action: str = "GetCallerIdentity", address: str = "192.0.2.1", key: str = "") -> None:
        """Call at a time, and flush."""
        origin = Origin(f"request-{at}", address, True, "test")
        self.auditor.used(key or self.key, Call(ACTIONS[action], self.caller, {}, origin, float(THEN + at)))
        self.auditor.flush()

    @property
    def stored(self) -> tuple[int, str]:
        """When and for which product the pair was last used, as every list reads it."""
        with self.plane.database.reading(0, self.caller.account_id) as tx:
            row = access_keys.get(tx, self.key, self.caller.user_id)
        assert row is not None
        return row.used_at - THEN, row.used_service


@pytest.fixture
def uses(plane: Plane) -> Uses:
    return Uses(plane)


def test_a_repeated_use_is_written_after_five_minutes(uses: Uses) -> None:
    uses.note(0)
    assert uses.stored == (0, "Sts")
    uses.note(USE_STEP - 1)
    assert uses.stored == (0, "Sts")
    uses.note(USE_STEP)
    assert uses.stored == (USE_STEP, "Sts")


def test_another_action_or_address_is_written_at_once(uses: Uses) -> None:
    uses.note(0)
    uses.note(1, "GetUser")
    assert uses.stored == (1, "Ram")
    uses.note(2, "GetUser", "192.0.2.2")
    assert uses.stored == (2, "Ram")
    uses.note(3, "GetUser", "192.0.2.2")
    assert uses.stored == (2, "Ram")


def test_what_a_failing_database_did_not_take_is_written_later(uses: Uses, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OperationalError("", {}, Exception("the disk is full"))

    with monkeypatch.context() as patched:
        patched.setattr(keys, "note_use", fail)
        uses.note(0)
    uses.auditor.flush()
    assert uses.stored == (0, "Sts")


def test_what_is_remembered_of_uses_is_bounded(uses: Uses, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is forgotten is written again, which is exact."""
    monkeypatch.setattr(audit, "MOST_KEPT", 2)
    for at, key in enumerate((uses.key, "LTAI5tSomebodyElse", "LTAI5tAThirdOne", uses.key)):
        uses.note(at, key=key)
        assert len(uses.auditor._written) <= 2
    assert uses.stored == (3, "Sts")
