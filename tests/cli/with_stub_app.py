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
NEW = {
    "created": True,
    "admin_access_key_id": PAIR[0],
    "admin_access_key_secret": PAIR[1],
    "setup_token": "SETUP-TOKEN",
}


def initialise(settings: Settings) -> Any:
    if settings.account_alias == "broken":
        raise OperatorError("The database cannot be opened.", "Mend it.")
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    state = settings.data_dir / "app.json"
    created = not state.exists()
    state.write_text(json.dumps({"account_id": "1234567890123456"}))
    made = SimpleNamespace(
        account_id="1234567890123456",
        alias=settings.account_alias or "1234567890123456",
        created=created,
        admin_access_key_id="",
        admin_access_key_secret="",
        setup_token="",
        data_dir=settings.data_dir,
        database_url=settings.database or f"sqlite:///{settings.data_dir}/keystead.db",
    )
    if created:
        vars(made).update(NEW)
    return made


def create_account(settings: Settings, alias: str | None) -> Any:
    return SimpleNamespace(**{**vars(initialise(settings)), **NEW, "account_id": "1999999999999999", "alias": alias})


def check_addresses(settings: Settings) -> None:
    if settings.port == 2:
        raise OperatorError("Cannot listen on port 2.", "Name a free port.")


def serve(settings: Settings, on_ready: Callable[..., None]) -> None:
    if settings.port == 1:
        raise OperatorError("Cannot listen on port 1.", "Name a free port.")
    on_ready(
        f"http://127.0.0.1:{settings.port or 4321}", *(["https://127.0.0.1:8443"] if settings.tls != "off" else [])
    )


def create_account_access_key(_settings: Settings, account_id: str | None = None) -> tuple[str, str]:
    return f"LTAI5tAccountAccount{account_id or 'Acco'}", "accountAccountAccountAccountAc"


def describe(settings: Settings) -> dict[str, Any]:
    return {**json.loads((settings.data_dir / "app.json").read_text()), "alias": None, "schema": "0001", "users": 1}


if __name__ == "__main__":
    stub = ModuleType("keystead.app")
    for each in (initialise, create_account, check_addresses, serve, create_account_access_key, describe):
        setattr(stub, each.__name__, each)
    sys.modules["keystead.app"] = stub
    main()
