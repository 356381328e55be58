"""Explain a Denial: a request ID, a diagnostic message or the pasted answer; the decision as a tree.

Source: reference/console.md 5.
"""

from __future__ import annotations

import json
from typing import Any

from starlette.responses import Response

from keystead.console.asking import RefusedError
from keystead.console.decisions import WORDS
from keystead.console.routing import Pages
from keystead.console.visit import Visit

PAGES = Pages()


@PAGES.get("/explain-denial")
async def ask(visit: Visit) -> Response:
    """The form; with `request` in the address, the explanation of that request."""
    return await _page(visit, visit.query.get("request", ""))


@PAGES.post("/explain-denial")
async def explain(visit: Visit) -> Response:
    """The explanation of what was pasted."""
    return await _page(visit, visit.form.get("ErrorText", ""))


async def _page(visit: Visit, text: str) -> Response:
    answer, refusal = None, None
    if text.strip():
        try:
            answer = await visit.ask("keystead", "ExplainDenial", ErrorText=text)
        except RefusedError as refused:
            refusal = refused.refusal
    return visit.render(
        "explain_denial.html",
        refusal.fault.status if refusal else 200,
        refusal=refusal,
        text=text,
        answer=answer,
        words=WORDS,
        simulate=_simulate(visit, answer) if answer else "",
    )


def _simulate(visit: Visit, answer: dict[str, Any]) -> str:
    """The address of the same question in the simulator, where its identity can be named there."""
    denied = answer["Denied"]
    kind, _, name = denied["Identity"].rpartition(":")[2].partition("/")
    if kind == "assumed-role":
        kind, name = "role", name.partition("/")[0]
    if kind not in ("user", "role") or denied["Layer"] == "AssumeRolePolicy":
        return ""
    context = {each["ConditionKey"]: each["ConditionValues"] for each in answer["Context"]["Condition"]}
    return visit.url(
        "/simulate", kind=kind, name=name, action=denied["Action"], resource=denied["Resource"],
        context=json.dumps(context, ensure_ascii=False),
    )  # fmt: skip
