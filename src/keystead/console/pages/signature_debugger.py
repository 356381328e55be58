"""Signature Debugger: both canonical forms side by side, the first byte that differs, and the named cause.

Source: reference/console.md 5.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from starlette.responses import Response

from keystead.console.asking import RefusedError
from keystead.console.causes import said
from keystead.console.routing import Pages
from keystead.console.texts import mark
from keystead.console.visit import Visit

PAGES = Pages()

CAUSES = {
    "SecretHasBlank": mark("A blank at the secret"),
    "SecretAmpersand": mark("The & behind the secret"),
    "SecretOfAnotherPair": mark("The secret of another pair"),
    "WrongMac": mark("Another hash"),
    "SignatureSpelling": mark("The spelling of the signature"),
    "SecretWrong": mark("The secret"),
    "Unknown": mark("Not found out"),
    "CanonicalRequest": mark("The canonical request"),
    "Method": mark("The method"),
    "Path": mark("The path"),
    "PathInRpc": mark("The path in RPC 1.0"),
    "ParameterOrder": mark("The order of the parameters"),
    "PlusForSpace": mark("+ instead of %20"),
    "DoubleEncoding": mark("Encoded twice"),
    "NotEncoded": mark("Not encoded"),
    "NotEncodedAgain": mark("Not encoded as a whole"),
    "HexCase": mark("Escapes in small letters"),
    "SpecialCharacters": mark("Special characters"),
    "EmptyValue": mark("An empty value"),
    "ParameterNotSigned": mark("A parameter that was not signed"),
    "ParameterLost": mark("A parameter that did not arrive"),
    "ValueChanged": mark("A changed value"),
    "QueryNotSigned": mark("The query was not signed"),
    "FormInQuery": mark("The form signed as a query"),
    "HeaderValueBlank": mark("A blank in a header"),
    "HostHeader": mark("The header Host"),
    "HeaderChanged": mark("A changed header"),
    "HeaderNotSigned": mark("A header that was not signed"),
    "HeaderLost": mark("A header that did not arrive"),
    "HeaderOrder": mark("The order of the headers"),
    "Layout": mark("The layout of the text"),
    "BodyHash": mark("The digest of the body"),
    "NotHashed": mark("Signed without its digest"),
    "Time": mark("The time"),
    "ClockOff": mark("The clock is off"),
    "RequestTooOld": mark("The time of the request"),
    "NonceUsed": mark("The nonce was used"),
    "AccessKeyUnknown": mark("The AccessKey ID is unknown"),
    "AccessKeyIdHasBlank": mark("A blank at the AccessKey ID"),
    "AccessKeyInactive": mark("The pair is disabled"),
    "AccessKeyExpired": mark("The pair has expired"),
    "Refused": mark("The request is not complete"),
    "NotSigned": mark("The request is not signed"),
}
"""Titles of the causes that the API names; a test holds them against its list."""


@PAGES.get("/signature-debugger")
async def ask(visit: Visit) -> Response:
    """The form; with `request` in the address, what is known of that refused request."""
    request_id = visit.query.get("request", "")
    return await _page(visit, {"FailedRequestId": request_id} if request_id else {})


@PAGES.post("/signature-debugger")
async def debug(visit: Visit) -> Response:
    """What is wrong with the request that was pasted."""
    names = ("Request", "FailedRequestId", "StringToSign", "CanonicalRequest")
    return await _page(visit, {name: visit.form[name] for name in names if visit.form.get(name, "").strip()})


async def _page(visit: Visit, given: dict[str, str]) -> Response:
    answer, refusal = None, None
    if given:
        try:
            answer = await visit.ask("keystead", "DebugSignature", **given)
        except RefusedError as refused:
            refusal = refused.refusal
    return visit.render(
        "signature_debugger.html",
        refusal.fault.status if refusal else 200,
        refusal=refusal,
        answer=answer,
        causes=CAUSES,
        said=partial(said, visit.language),
        request_id=given.get("FailedRequestId", ""),
        sides=_sides(answer) if answer else [],
    )


def _sides(answer: dict[str, Any]) -> list[tuple[str, tuple[str, str, str], tuple[str, str, str]]]:
    """Each text of both sides as (before, the part that differs, behind); the part is empty where nothing differs."""
    found = []
    apart = answer["Differences"]["Difference"]
    for name in ("CanonicalRequest", "StringToSign"):
        ours, theirs = answer["Server"][name], answer["Client"][name]
        if not (ours or theirs):
            continue
        at = _first(ours, theirs) if apart and ours and theirs else None
        found.append((name, _cut(ours, at), _cut(theirs, at)))
    return found


def _first(one: str, other: str) -> int | None:
    if one == other:
        return None
    pairs = zip(one, other, strict=False)
    return next((index for index, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def _cut(text: str, at: int | None) -> tuple[str, str, str]:
    if at is None:
        return text, "", ""
    return text[:at], text[at : at + 1].replace("\n", "⏎\n").replace(" ", "·") or "∅", text[at + 1 :]
