"""Run `keystead` with a stand-in for `keystead.app`: what the command line does around it is the subject.

    python with_stub_app.py serve …

The stand-in keeps its state in `app.json` of the data directory, as the real one keeps a database.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

from keystead.cli.main import main
from keystead.settings import OperatorError, Settings

PAIR = ("LTAI5tAdminAdminAdminAdm", "adminAdminAdminAdminAdminAdmin")


def initialise(settings: Settings) -> Any:
    if settings.account_alias == "broken":
        raise OperatorError("The database cannot be opened.", "Mend it.")
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    state = settings.data_dir / "app.json"
    created = not state.exists()
    state.write_text(json.dumps({"account_id": "1234567890123456"}))
    return SimpleNamespace(
        account_id="1234567890123456",
        alias=settings.account_alias,
        created=created,
        admin_access_key_id=PAIR[0] if created else None,
        admin_access_key_secret=PAIR[1] if created else None,
        setup_token="SETUP-TOKEN" if created else None,
        data_dir=settings.data_dir,
        database_url=settings.database or f"sqlite:///{settings.data_dir}/keystead.db",
    )


def serve(_settings: Settings, on_ready: Callable[[], None]) -> None:
    on_ready()


def create_account_access_key(_settings: Settings) -> tuple[str, str]:
    return "LTAI5tAccountAccountAcco", "accountAccountAccountAccountAc"


def describe(settings: Settings) -> dict[str, Any]:
    return {**json.loads((settings.data_dir / "app.json").read_text()), "alias": None, "schema": "0001", "users": 1}


if __name__ == "__main__":
    stub = ModuleType("keystead.app")
    for each in (initialise, serve, create_account_access_key, describe):
        setattr(stub, each.__name__, each)
    sys.modules["keystead.app"] = stub
    main()
