"""What a page asks of the server: declared actions, by the signed-in person, through the one pipeline.

`Asking.ask` is a call like any other: same authorization, same audit, same limits.  Source: design.md law 3.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from keystead import ids
from keystead.faults import Fault
from keystead.identity import denial
from keystead.identity.callers import Caller
from keystead.products.action import Action
from keystead.products.catalogue import PRODUCTS
from keystead.server.call import Call, Origin
from keystead.server.dispatch import Dispatcher, as_fault

_BY_NAME = {product.name.lower(): product for product in PRODUCTS}

Given = str | int | bool | list[Any] | tuple[Any, ...] | dict[str, Any] | None


def action_of(product: str, name: str) -> Action:
    """A declared action.  Raises KeyError: a page that names one which is not there is a defect."""
    return _BY_NAME[product].actions[name]


def as_parameters(given: Mapping[str, Given]) -> dict[str, str]:
    """Values as they travel: lists and objects as JSON, None left out."""
    found: dict[str, str] = {}
    for name, value in given.items():
        if value is None:
            continue
        if isinstance(value, bool):
            found[name] = "true" if value else "false"
        elif isinstance(value, str | int):
            found[name] = str(value)
        else:
            found[name] = msgspec.json.encode(value).decode()
    return found


@dataclass(frozen=True, slots=True)
class Asked:
    """One call that a page made, for "Show as command"; secrets are left out of `given`."""

    product: str
    action: str
    given: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Refusal:
    """What was refused to a page, complete enough for the denial panel."""

    fault: Fault
    request_id: str
    product: str
    action: str
    given: Mapping[str, str]
    explained: Mapping[str, Any] | None = None
    """What ExplainDenial says of it, for who may ask that."""

    @property
    def denied(self) -> bool:
        """Whether policies said no, rather than a rule or a failure."""
        return bool(self.fault.detail) or self.fault.code.startswith("NoPermission")

    @property
    def resource(self) -> str:
        """The resource that policies were asked about, as the refusal's message names it; "" where it names none."""
        _, found, rest = self.fault.message.partition("Resource: ")
        return rest.partition(" Action: ")[0] if found else ""

    @property
    def wanted(self) -> str:
        """The smallest policy that would allow it, as JSON; "" where a statement forbids it."""
        detail = self.fault.detail or {}
        if not self.denied or detail.get("NoPermissionType") != "ImplicitDeny":
            return ""
        statement = {"Effect": "Allow", "Action": detail.get("AuthAction", ""), "Resource": self.resource or "*"}
        return json.dumps({"Version": "1", "Statement": [statement]}, indent=2)

    @property
    def field(self) -> str:
        """The parameter that was wrong, "" where it was none."""
        code = self.fault.code
        if code.startswith("InvalidParameter."):
            return code.split(".")[1]
        return code.removeprefix("Missing") if code.startswith("Missing") else ""


def refusal_of(raised: Fault | RefusedError) -> Refusal:
    """What is shown of a refusal: an action's, or what a page itself refuses before it asks anybody."""
    if isinstance(raised, RefusedError):
        return raised.refusal
    return Refusal(raised, ids.request_id(), "", "", {})


class RefusedError(Exception):
    """An action refused what a page asked; unless the page catches it, the person sees the panel for it."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.fault.code)
        self.refusal = refusal


class ShownError(Exception):
    """Raised in place of a call that does something, where it was only to be shown."""


@dataclass(slots=True)
class Asking:
    """Makes calls as one caller from one place, and remembers them.  now: seconds.

    shows: calls that do something are not made but raise `ShownError`, for "Show as command" of a form.
    """

    dispatcher: Dispatcher
    caller: Caller
    address: str
    secure: bool
    agent: str
    now: float
    asked: list[Asked] = field(default_factory=list)
    shows: bool = False

    async def ask(
        self, product: str, name: str, given: Mapping[str, Given] | None = None, *, explain: bool = True
    ) -> dict[str, Any]:
        """Call an action; its answer with wire names.  Raises `RefusedError`.

        explain: a denial is explained to who may ask for that; not where nobody will read it.
        """
        action = action_of(product, name)
        call = self._call(action, as_parameters(given or {}))
        self.asked.append(Asked(product, name, action.audited(call.given)))
        if self.shows and (action.writes or action.memory or action.prepare is not None):
            raise ShownError
        try:
            return await self._invoke(call)
        except Fault as fault:
            explained = await self._explained(fault) if explain else None
            refusal = Refusal(fault, call.origin.request_id, product, name, call.given, explained)
            raise RefusedError(refusal) from fault

    async def _invoke(self, call: Call) -> dict[str, Any]:
        """The answer to a call.  Raises `Fault`, whatever it is that failed."""
        try:
            self.dispatcher.follower.check()
            answer: dict[str, Any] = msgspec.to_builtins(await self.dispatcher.invoke(call))
        except Fault:
            raise
        except Exception as error:
            raise as_fault(error, call.origin.request_id) from error
        return answer

    async def _explained(self, fault: Fault) -> dict[str, Any] | None:
        """The statements that a denial came from, asked for in the person's name; None where that is refused."""
        message = denial.message_of(fault)
        if message is None or self.lacks("keystead", "ExplainDenial"):
            return None
        call = self._call(action_of("keystead", "ExplainDenial"), {"EncodedDiagnosticMessage": message})
        try:
            return await self._invoke(call)
        except Fault:  # the panel then says less, and the denial itself stays what is told
            return None

    def lacks(self, product: str, name: str, given: Mapping[str, Given] | None = None) -> str:
        """The permission that is missing for a call, "" when nothing in memory speaks against it."""
        return self.dispatcher.lacks(self._call(action_of(product, name), as_parameters(given or {})))

    def _call(self, action: Action, given: dict[str, str]) -> Call:
        origin = Origin(ids.request_id(), self.address, self.secure, self.agent)
        return Call(action, self.caller, given, origin, self.now)
