"""`keystead status`: is the server there, is it ready, which one is it, and as whom are we known."""

from __future__ import annotations

import http.client
import json
import os
from typing import Any

import typer

from keystead.cli import exits
from keystead.cli.exits import CommandError
from keystead.cli.options import client_options, load_settings, settings_options, with_options

READY_PATH = "/readyz"
_OPTIONS = ("profile", "endpoint", "output", "timeout")


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    options = [each for each in client_options() if each.name in _OPTIONS]
    options = [each.replace(default="table") if each.name == "output" else each for each in options]
    location = settings_options(("data_dir", "database"))
    app.command("status")(with_options(status, [*options, *location]))


def status(**given: Any) -> None:
    """Say whether the server is reachable and ready, its version, and the account of the instance here.

    Exit code 0 ready; 3 not reachable; 4 reachable, but not ready.
    """
    from keystead.cli import output, profiles

    form = output.check_format(given["output"])
    endpoint = profiles.endpoint(os.environ, given["endpoint"], given["profile"])
    told: dict[str, Any] = {"endpoint": endpoint}
    ready, remote = _ready(endpoint, given["timeout"])
    told |= {"reachable": True, "ready": ready, **remote}
    if ready:
        told["caller"] = _caller(endpoint, given)
    told |= _local(given)
    output.show(told, form)
    if not ready:
        raise CommandError(
            exits.SERVER_ERROR,
            f"{endpoint} answers, but is not ready.",
            next_step="Read the server's log: it names what it waits for.",
        )


def _ready(endpoint: str, timeout: float) -> tuple[bool, dict[str, Any]]:
    from keystead.cli.client import send, unreachable

    try:
        answer = send(endpoint, "GET", READY_PATH, {"accept": "application/json"}, b"", timeout)
    except (OSError, http.client.HTTPException) as error:
        raise unreachable(endpoint, error) from None
    try:
        body = json.loads(answer.body)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise CommandError(
            exits.SERVER_ERROR,
            f"{endpoint} is not a Keystead server: {READY_PATH} gave HTTP {answer.status} and no JSON.",
            next_step="Name Keystead's own address with --endpoint.",
        )
    return answer.status == 200, {str(name): value for name, value in body.items() if name != "ready"}


def _caller(endpoint: str, given: dict[str, Any]) -> str:
    """The caller's ARN, or why there is none; a status is worth printing without it."""
    from keystead.cli import profiles
    from keystead.cli.catalogue import product
    from keystead.cli.client import Client
    from keystead.cli.request import prepare

    try:
        client = Client(endpoint, profiles.credentials(os.environ, given["profile"]), given["timeout"])
        answer = client.call(prepare(product("sts").action("GetCallerIdentity"), ()))
    except CommandError as error:
        return f"unknown: {error.message}"
    return str(answer.get("Arn") or answer)


def _local(given: dict[str, Any]) -> dict[str, Any]:
    """What is known of the instance in the data directory, where there is one."""
    settings = load_settings({name: given[name] for name in ("config", "data_dir", "database")}).settings
    if not settings.data_dir.is_dir():
        return {}
    from keystead import app

    return {"data_dir": str(settings.data_dir), **app.describe(settings)}
