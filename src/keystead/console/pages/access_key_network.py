"""From which addresses a pair may be used, and whether one of them is among them.  Source: reference/console.md 3.7."""

from __future__ import annotations

import ipaddress
import json
from typing import Any

from starlette.responses import Response

from keystead.console.asking import Refusal, RefusedError, refusal_of
from keystead.console.pages.access_key_create import network_policy
from keystead.console.pages.access_keys import found
from keystead.console.routing import Pages
from keystead.console.stale import Value, meanwhile
from keystead.console.texts import mark
from keystead.console.visit import Visit
from keystead.faults import FaultKind
from keystead.identity import network_policy as rules

PAGES = Pages()

NO_ADDRESS = FaultKind(
    "MissingAddresses",
    400,
    "The list is empty; in force it would refuse every call of {name}. Nothing was changed.",
    "Write an address or a network, or disable the pair.",
)


@PAGES.get("/users/{name}/access-keys/{key}/network")
@PAGES.get("/access-keys/own/{key}/network")
async def network(visit: Visit) -> Response:
    """The account's rule, the pair's own list, and the test of an address."""
    return await _network(visit, None)


async def _network(visit: Visit, refusal: Refusal | None) -> Response:
    owner, pair = await found(visit)
    given = {**owner.given_ims, "UserAccessKeyId": pair["AccessKeyId"]}
    own = (await visit.ask("ims", "GetAccessKeyPolicy", **given))["AccessKeyPolicy"]
    answer = await visit.try_ask("ims", "GetAccessKeyPolicyForAccount")
    of_account = answer["AccessKeyPolicy"] if answer else None
    seen = await visit.try_ask(
        "keystead", "GetAccessKeyActivity", **owner.given, UserAccessKeyId=pair["AccessKeyId"], Hours=168
    )
    return visit.render(
        "access_key_network.html",
        refusal.fault.status if refusal else 200,
        owner=owner,
        pair=pair,
        own=listed(own),
        edited=_edited(own),
        of_account=listed(of_account) if of_account is not None else None,
        known=of_account is not None,
        callers=sorted({each["SourceIpAddress"] for each in seen["Callers"]["Caller"]}) if seen else [],
        tested=_tested(visit, own, of_account),
        refusal=refusal,
    )


def _edited(own: str) -> list[Value]:
    """What the form for the pair's own list changes."""
    return [Value("addresses", mark("Allowed addresses"), "\n".join(listed(own) or []))]


def listed(text: str) -> list[str] | None:
    """The addresses of an active policy; None where none is active."""
    policy: dict[str, Any] = json.loads(text)
    if policy.get("Status") != "Active":
        return None
    return [address for statement in policy["Statements"] for address in statement["IPList"]]


def _tested(visit: Visit, own: str, of_account: str | None) -> tuple[str, bool, str] | None:
    """The address that was asked about, whether it may call, and which list says so."""
    asked = visit.query.get("test", "").strip()[:64]
    if not asked:
        return None
    try:
        ipaddress.ip_address(asked)
    except ValueError:
        return asked, False, visit.text("That is not an address.")
    texts = [None if text in (None, rules.NEVER_SET) else text for text in (own, of_account)]
    policy = rules.effective(*texts)
    if policy is None:
        return asked, True, visit.text("No list is in force.")
    said = (
        visit.text("The pair's own list decides.")
        if policy.level == "AccessKey"
        else visit.text("The account's rule decides.")
    )
    return asked, policy.permits(asked), said


@PAGES.post("/users/{name}/access-keys/{key}/network")
@PAGES.post("/access-keys/own/{key}/network")
async def restricting(visit: Visit) -> Response:
    """Put the pair's own list in force, or take it out of force: then the account's rule counts again."""
    owner, pair = await found(visit)
    off = visit.form.get("act") == "off"
    key = pair["AccessKeyId"]
    stored = await visit.ask("ims", "GetAccessKeyPolicy", **owner.given_ims, UserAccessKeyId=key)
    stale = meanwhile(visit, _edited(stored["AccessKeyPolicy"]), key, owner.page(key, "network"))
    if stale is not None:
        return stale
    text = network_policy(visit.form.get("addresses", ""), active=not off)
    if text is None:
        return await _network(visit, refusal_of(NO_ADDRESS(name=pair["AccessKeyId"])))
    given = {**owner.given_ims, "UserAccessKeyId": pair["AccessKeyId"], "AccessKeyPolicy": text}
    try:
        await visit.ask("ims", "SetAccessKeyPolicy", **given)
    except RefusedError as refused:
        return await _network(visit, refused.refusal)
    said = visit.text("The account's rule counts again.") if off else visit.text("The list is in force.")
    return visit.redirect(owner.page(pair["AccessKeyId"], "network"), said)
