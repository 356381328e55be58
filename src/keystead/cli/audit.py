"""`keystead audit`: who did what, through the same call as `keystead keystead lookup-events`."""

from __future__ import annotations

from typing import Any

import typer

from keystead.cli.options import ClientOptions, client_options, option, with_options
from keystead.commands.parameters import Given

FILTERS = (
    ("start", "StartTime", "TIME", "Events from this time on, 2026-01-31T00:00:00Z."),
    ("end", "EndTime", "TIME", "Events before this time."),
    ("user", "Identity", "NAME", "By callers whose ARN holds this text."),
    ("access_key_id", "EventAccessKeyId", "ID", "By this AccessKey."),
    ("action", "EventAction", "ACTION", "Of this action, CreateUser."),
    ("product", "EventProduct", "PRODUCT", "Of this product, Ram."),
    ("kind", "Kind", "KIND", "Only read or only write."),
    ("resource", "Resource", "ARN", "On resources whose ARN holds this text."),
    ("outcome", "Outcome", "OUTCOME", "Success, Failure, or an error code."),
    ("request_id", "EventRequestId", "ID", "Of this request."),
    ("limit", "MaxItems", "N", "At most this many, up to 1000."),
)
"""Option, wire name of the parameter, metavar, help."""


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    filters = [
        option(name, str, "--" + name.replace("_", "-"), text=doc, panel="Filters", metavar=metavar)
        for name, _, metavar, doc in FILTERS
    ]
    options = [each.replace(default="table") if each.name == "output" else each for each in client_options()]
    app.command("audit")(with_options(audit, [*filters, *options]))


def audit(**given: Any) -> None:
    """Look up who did what.  The table shows the main columns; --output json shows everything."""
    from keystead.cli.calls import run
    from keystead.commands.catalogue import product

    options = ClientOptions.take(given)
    typed: list[Given] = [(wire, given[name]) for name, wire, _, _ in FILTERS if given[name] is not None]
    run(product("keystead").action("LookupEvents"), typed, options, table=brief)


def brief(answer: Any) -> Any:
    """The events in columns that fit 80 characters; the caller without the account, which all of them share."""
    return [
        {
            "Time": str(event.get("EventTime", ""))[:19],
            "By": str(event.get("Principal", "")).rpartition(":")[2],
            "Action": event.get("Action"),
            "Outcome": event.get("Outcome"),
        }
        for event in answer.get("Events", {}).get("Event", [])
    ]
