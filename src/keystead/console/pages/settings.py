"""Settings of the account: the pages of the cards in `setting_cards`.  Source: reference/console.md 3.13.

Each card shows what holds now, and who changed it when; each form says whom a change concerns.  Only what the server
enforces can be set.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Sequence
from typing import Any

from starlette.responses import Response

from keystead.console.asking import Given, Refusal, RefusedError, refusal_of
from keystead.console.routing import Pages
from keystead.console.setting_cards import CARDS, EFFECTS, PREVIEWED, Card
from keystead.console.visit import Visit
from keystead.faults import Fault, FaultKind

PAGES = Pages()

LOCKED_OUT = FaultKind(
    "Conflict.OwnAddress",
    409,
    "Your own address {address} is in none of these networks: you could not sign in again. Nothing was changed.",
    "Add your network, or tick that you mean it.",
)
NO_CARD = FaultKind("PageNotFound", 404, "There are no such settings.", "Choose a card of the settings page.")
ADDRESS_INVALID = FaultKind(
    "InvalidParameter.IPList", 400, "{text} is no address or network.", "Write one such as 203.0.113.0/24 on each line."
)


@PAGES.get("/settings")
async def settings(visit: Visit) -> Response:
    """Every card with what holds now.  Raises `RefusedError` where nothing of it may be read."""
    cards = []
    answers: dict[str, dict[str, Any] | None] = {}
    await visit.ask("ims", "GetSecurityPreference")
    visit.asked.clear()
    for card in CARDS.values():
        if card.reads not in answers:
            answers[card.reads] = await visit.try_ask("ims", card.reads)
        answer = answers[card.reads]
        values = _values(card, answer) if answer is not None else None
        cards.append({"card": card, "values": values, "changed": await _changed(visit, card)})
    warnings = await visit.try_ask("keystead", "GetExpiryWarningSettings")
    return visit.render("settings.html", cards=cards, warnings=warnings)


def _values(card: Card, answer: dict[str, Any]) -> dict[str, Any]:
    """What holds now, by parameter."""
    if card.key == "access-keys":
        policy = json.loads(answer["AccessKeyPolicy"])
        listed = [each for statement in policy.get("Statements", ()) for each in statement.get("IPList", ())]
        return {"Active": policy.get("Status") == "Active", "IPList": "\n".join(listed)}
    leaves: dict[str, Any] = {}
    for part in answer["SecurityPreference"].values() if "SecurityPreference" in answer else [answer["PasswordPolicy"]]:
        leaves |= part
    found = {each.name: leaves[each.name] for each in card.settings}
    if "LoginNetworkMasks" in found:
        found["LoginNetworkMasks"] = "\n".join(found["LoginNetworkMasks"].replace(" ", "").strip(";").split(";"))
    return found


async def _changed(visit: Visit, card: Card) -> dict[str, Any] | None:
    """The newest change of what the card shows, where the person may look into the audit trail."""
    if visit.lacks("keystead", "LookupEvents"):
        return None
    answer = await visit.try_ask(
        "keystead", "LookupEvents", EventAction=card.writes, Kind="write", Outcome="Success", MaxItems=20
    )
    visit.asked.clear()
    names = {each.name for each in card.settings} | {"AccessKeyPolicy"}
    events: list[dict[str, Any]] = answer["Events"]["Event"] if answer else []
    return next((each for each in events if names & set(each["Parameters"])), None)


def _card(visit: Visit) -> Card:
    """The card in the address.  Raises `PageNotFound`."""
    card = CARDS.get(visit.path["card"])
    if card is None:
        raise NO_CARD()
    return card


@PAGES.get("/settings/{card}")
async def modify(visit: Visit) -> Response:
    """The form of one card."""
    return await _form(visit, _card(visit))


_SHOWN = 10


async def _affected(visit: Visit, given: dict[str, Given]) -> list[dict[str, Any]]:
    """Whom the new values concern, if that was not shown with the form yet; nothing where it may not be known."""
    wanted = {name: value for name, value in given.items() if name in PREVIEWED}
    answer = await visit.try_ask("keystead", "PreviewSettings", **wanted) if wanted else None
    visit.asked.clear()
    effects: list[dict[str, Any]] = answer["Effects"]["Effect"] if answer else []
    seen = visit.form.get("seen", "").split()
    return effects if any(each["Effect"] not in seen for each in effects) else []


async def _form(
    visit: Visit,
    card: Card,
    refusal: Refusal | None = None,
    *,
    locks_out: bool = False,
    affected: Sequence[dict[str, Any]] = (),
) -> Response:
    answer = await visit.ask("ims", card.reads)
    concerned = await _concerned(visit, card)
    return visit.render(
        "settings_card.html",
        refusal.fault.status if refusal else 200,
        card=card,
        values=_values(card, answer),
        concerned=concerned,
        refusal=refusal,
        locks_out=locks_out,
        affected=[_shown(each) for each in affected],
        address=visit.request.peer,
    )


def _shown(effect: dict[str, Any]) -> dict[str, Any]:
    return {**effect, "Text": EFFECTS[effect["Effect"]], "Shown": effect["Names"]["Name"][:_SHOWN]}


async def _concerned(visit: Visit, card: Card) -> list[str]:
    """Whom a change of the card concerns now, in sentences."""
    console = await _count(visit, Access="console")
    both = await _count(visit, Access="both")
    keys = await _count(visit, Access="accesskey")
    if console is None or both is None or keys is None:
        return []
    people, count = console + both, visit.language.count
    sentences = []
    if card.key != "access-keys":
        sentences.append(count("{n} user has Console Access.", "{n} users have Console Access.", people))
    if card.key == "mfa":
        without = sum([await _count(visit, Access=each, Mfa="false") or 0 for each in ("console", "both")])
        sentences.append(
            count(
                "{n} of them has no MFA device; if it is asked of all, it is bound at the next sign-in.",
                "{n} of them have no MFA device; if it is asked of all, it is bound at the next sign-in.",
                without,
            )
        )
    if card.key in ("security", "access-keys"):
        sentences.append(count("{n} user has AccessKey pairs.", "{n} users have AccessKey pairs.", keys + both))
    return sentences


async def _count(visit: Visit, **filters: str) -> int | None:
    answer = await visit.try_ask("keystead", "SearchUsers", PageSize=1, **filters)
    visit.asked.clear()
    return answer["TotalCount"] if answer else None


@PAGES.post("/settings/{card}", proof=True)
async def save(visit: Visit) -> Response:
    """Change what the card holds."""
    card = _card(visit)
    try:
        given = _given(visit, card)
        if affected := await _affected(visit, given):
            return await _form(visit, card, affected=affected)
        await visit.ask("ims", card.writes, **given)
    except Fault as fault:
        return await _form(visit, card, refusal_of(fault), locks_out=fault.code == LOCKED_OUT.code)
    except RefusedError as refused:
        return await _form(visit, card, refused.refusal)
    return visit.redirect("/settings", visit.text("The settings are changed. They count from now on."))


def _given(visit: Visit, card: Card) -> dict[str, Given]:
    """The form as the action takes it.  Raises a fault."""
    if card.key == "access-keys":
        return {"AccessKeyPolicy": _network_policy(visit)}
    if card.key == "network":
        return {"LoginNetworkMasks": _masks(visit)}
    return {each.name: visit.form[each.name] for each in card.settings if each.name in visit.form}


def _listed(text: str) -> list[str]:
    return text.replace(",", " ").replace(";", " ").split()


def _masks(visit: Visit) -> str:
    """The networks of the form as the API takes them.  Raises a fault where they would lock the person out."""
    listed = _listed(visit.form.get("LoginNetworkMasks", ""))
    if listed and visit.form.get("locks_out") != "yes" and not _inside(visit.request.peer, listed):
        raise LOCKED_OUT(address=visit.request.peer)
    return ";".join(listed)


def _inside(address: str, listed: list[str]) -> bool:
    """Whether an address is in one of the networks.  Raises `InvalidParameter.IPList` for what is none."""
    found = ipaddress.ip_address(address)
    networks = []
    for each in listed:
        try:
            networks.append(ipaddress.ip_network(each))
        except ValueError:
            raise ADDRESS_INVALID(text=each[:64]) from None
    return any(found in network for network in networks)


def _network_policy(visit: Visit) -> str:
    listed = _listed(visit.form.get("IPList", ""))
    statements = [{"Type": "ClassicWhiteList", "IPList": listed}] if listed else []
    status = "Active" if visit.form.get("Active") == "true" else "Inactive"
    return json.dumps({"Version": 1, "Status": status, "Statements": statements})
