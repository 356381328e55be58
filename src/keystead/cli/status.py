"""`keystead status`: is the server there, is it ready, which one is it, and as whom are we known."""

from __future__ import annotations

import http.client
import os
from typing import TYPE_CHECKING, Any

import typer

from keystead.cli.options import client_options, load_settings, settings_options, with_options
from keystead.commands import errors
from keystead.commands.errors import CommandError

if TYPE_CHECKING:
    from keystead.cli.client import Answer

READY_PATH = "/readyz"
_OPTIONS = ("profile", "endpoint", "output", "timeout")


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    options = [each for each in client_options() if each.name in _OPTIONS]
    options = [each.replace(default="table") if each.name == "output" else each for each in options]
    location = settings_options(("data_dir", "database"))
    app.command("status")(with_options(status, [*options, *location]))


def status(**given: Any) -> None:
    """Say whether the server is reachable and ready, which one it is, and as whom the profile is known to it.

    Exit code 0 ready; 3 not reachable; 4 reachable, but not ready.
    """
    from keystead.cli import output, profiles

    form = output.check_format(given["output"])
    endpoint = profiles.endpoint(os.environ, given["endpoint"], given["profile"])
    answer = _asked(endpoint, given["timeout"])
    ready = answer.status == 200
    told: dict[str, Any] = {"endpoint": endpoint, "ready": ready}
    if not ready:
        told["reason"] = answer.body.decode("utf-8", "replace").strip().removeprefix("not ready: ")
    if "keystead" in answer.headers.get("server", "").lower():
        told["server"] = answer.headers["server"]
    if ready:
        told |= _caller(endpoint, given)
    told |= _local(given)
    output.show(told, form)
    if not ready:
        raise CommandError(
            errors.SERVER_ERROR,
            f"{endpoint} answers, but is not ready: {told['reason']}.",
            next_step="Read the server's log: it names what it waits for.",
        )


def _asked(endpoint: str, timeout: float) -> Answer:
    """The answer of `/readyz`: 200 `ready`, or 503 and why not."""
    from keystead.cli.client import send, unreachable

    try:
        answer = send(endpoint, "GET", READY_PATH, {"accept": "text/plain"}, b"", timeout)
    except (OSError, http.client.HTTPException) as error:
        raise unreachable(endpoint, error) from None
    ours = {200: b"ready", 503: b"not ready"}.get(answer.status)
    if ours is None or not answer.body.startswith(ours):
        raise CommandError(
            errors.SERVER_ERROR,
            f"{endpoint} is not a Keystead server: {READY_PATH} gave HTTP {answer.status}.",
            next_step="Name Keystead's own address with --endpoint.",
        )
    return answer


def _caller(endpoint: str, given: dict[str, Any]) -> dict[str, Any]:
    """The account and the caller's ARN, or why they are unknown: a status is worth printing without them."""
    from keystead.cli import profiles
    from keystead.cli.client import Client
    from keystead.cli.request import prepare
    from keystead.commands.catalogue import product

    try:
        client = Client(endpoint, profiles.credentials(os.environ, given["profile"]), given["timeout"])
        answer = client.call(prepare(product("sts").action("GetCallerIdentity"), ()))
    except CommandError as error:
        return {"caller": f"unknown: {error.message}"}
    return {"account": answer.get("AccountId"), "caller": answer.get("Arn")}


def _local(given: dict[str, Any]) -> dict[str, Any]:
    """What is known of the instance in the data directory, where one was named and there is one."""
    if given["data_dir"] is None and given["config"] is None:
        return {}
    settings = load_settings({name: given[name] for name in ("config", "data_dir", "database")}).settings
    if not settings.data_dir.is_dir():
        return {"data_dir": f"{settings.data_dir} does not exist"}
    from keystead import app

    return {"data_dir": str(settings.data_dir), **app.describe(settings)}
