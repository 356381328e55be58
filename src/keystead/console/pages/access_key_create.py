"""Creating an AccessKey pair, for a user or for oneself.  Source: reference/console.md 3.6, 3.14, 2.7.

The secret stands in one answer only: that of the form that was sent, which can be sent once and asks for a proof.
"""

from __future__ import annotations

import json
from typing import Any

from starlette.responses import Response

from keystead.console import expiry
from keystead.console.asking import Refusal, RefusedError, refusal_of
from keystead.console.pairs import MOST_PAIRS, Owner, owner_of
from keystead.console.routing import Pages
from keystead.console.snippets import pair_snippets
from keystead.console.texts import mark
from keystead.console.visit import Visit
from keystead.faults import Fault, FaultKind

PAGES = Pages()

USES = (
    (
        "cli",
        mark("Command line on my machine"),
        mark("Better: borrow a role for an hour with AssumeRole. The pair then does one thing only: it asks for it."),
        "access-keys",
    ),
    (
        "server",
        mark("Program on a server"),
        mark("Better: a role session of one hour that the program renews. A copy of it is worth nothing tomorrow."),
        "access-keys",
    ),
    (
        "cluster",
        mark("Program in a cluster or pipeline"),
        mark("Better: no pair at all. The cluster's own token is exchanged for a role session (AssumeRoleWithOIDC)."),
        "access-keys",
    ),
    (
        "third-party",
        mark("Service of somebody else"),
        mark("Better: a role that trusts the other account. Nothing secret is handed over, and you can end it alone."),
        "access-keys",
    ),
    (
        "test",
        mark("Test"),
        mark("Better: let it expire by itself in a few days, and allow it from your own address only."),
        "access-keys",
    ),
)
"""How a pair will be used: word, label, the better way, the guide about it."""

NOT_CONFIRMED = FaultKind(
    "NotConfirmed",
    400,
    "A box that confirms what this pair means is not ticked; no pair was created.",
    "Tick it, if you are sure.",
)
NO_PAIRS_OF_ROLES = FaultKind(
    "NotSupport.Role",
    400,
    "You act as a role, and roles have no AccessKey pairs: their credentials are temporary.",
    "Go back to your own identity, or use AssumeRole.",
)


def own(visit: Visit) -> Owner:
    """Whose pair it will be.  Raises `NotSupport.Role`."""
    found = owner_of(visit)
    if found is None:
        raise NO_PAIRS_OF_ROLES()
    return found


@PAGES.get("/users/{name}/access-keys/new")
@PAGES.get("/access-keys/own/new")
async def new_pair(visit: Visit) -> Response:
    """The form."""
    return await _form(visit, own(visit), None)


@PAGES.post("/users/{name}/access-keys/new", proof=True, once=True)
@PAGES.post("/access-keys/own/new", proof=True, once=True)
async def creating_pair(visit: Visit) -> Response:
    """Create the pair, and show its secret this once."""
    owner = own(visit)
    try:
        _check_ticked(visit, owner)
        given = {
            "Note": visit.form.get("Note") or None,
            "ExpireDate": expiry.wanted(visit),
            "AccessKeyPolicy": _network(visit),
        }
        made = await visit.ask("keystead", "CreateAccessKeyPair", **owner.given, **given)
    except Fault as fault:
        return await _form(visit, owner, refusal_of(fault))
    except RefusedError as refused:
        return await _form(visit, owner, refused.refusal)
    return created(visit, owner, made["AccessKey"], visit.url(owner.back))


def created(visit: Visit, owner: Owner, pair: dict[str, Any], done: str) -> Response:
    """The page with the secret.  done: where the person goes once it is saved."""
    snippets = pair_snippets(visit, pair["AccessKeyId"], pair["AccessKeySecret"])
    return visit.render("access_key_created.html", owner=owner, pair=pair, done=done, snippets=snippets)


async def _form(visit: Visit, owner: Owner, refusal: Refusal | None) -> Response:
    """The form, with what was refused; above two pairs it is closed and shows those that there are."""
    pairs = await owner.pairs(visit)
    limit = await visit.house.keeper.read(lambda tx: tx.quotas.access_key_max_age_days)
    lacking = visit.lacks("keystead", "CreateAccessKeyPair", **owner.given)
    return visit.render(
        "access_key_create.html",
        refusal.fault.status if refusal else 200,
        owner=owner,
        pairs=pairs,
        full=len(pairs) >= MOST_PAIRS,
        uses=USES,
        expiry=expiry.choice(visit, limit),
        lacking=lacking,
        refusal=refusal,
    )


def _check_ticked(visit: Visit, owner: Owner) -> None:
    """Raise `NotConfirmed` unless every box that the form asks for is ticked."""
    wanted = ("necessary",) if owner.name else ("necessary", "full")
    if any(visit.form.get(name) != "yes" for name in wanted):
        raise NOT_CONFIRMED()


def _network(visit: Visit) -> str | None:
    """The allowed addresses as the network policy that the API takes; None where there are none."""
    return network_policy(visit.form.get("addresses", ""))


def network_policy(text: str, *, active: bool = True) -> str | None:
    """A list of addresses and networks, split at blanks and commas, as a network policy."""
    listed = text.replace(",", " ").split()
    if not listed and active:
        return None
    statements = [{"Type": "ClassicWhiteList", "IPList": listed}] if listed else []
    return json.dumps({"Version": 1, "Status": "Active" if active else "Inactive", "Statements": statements})
