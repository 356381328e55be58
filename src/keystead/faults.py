"""What reaches the wire when something is refused.

A `FaultKind` is declared once, beside the rule it belongs to: code, HTTP status, message and the next step.
Calling it makes a `Fault`, the only exception that the server turns into an answer.  The envelope around it
belongs to `wire` and to the gateway's planes.  A fault keeps its kind and what fills it, so that the console can say
the same in another language.  Source: reference/request-signing.md section 10.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


class Fault(Exception):  # noqa: N818 - "fault" is the word for it everywhere here
    """One refusal or failure, complete enough to be answered in any envelope.

    code: the vendor's error code.  status: HTTP status.  message: what was asked, which rule decided, how far
    it was from passing.  next_step: one sentence for the person who reads it.  detail: `AccessDeniedDetail`
    members, only with a permission error.  headers: extra answer headers.  keeps: what was written before it stays.
    kind, fields: the declaration it was made from and what filled it; None where there is none.
    """

    def __init__(
        self,
        code: str,
        status: int,
        message: str,
        *,
        next_step: str = "",
        detail: Mapping[str, str] | None = None,
        headers: tuple[tuple[str, str], ...] = (),
        kind: FaultKind | None = None,
        fields: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.status = status
        self.message = message
        self.next_step = next_step
        self.detail = detail
        self.headers = headers
        self.keeps = False
        self.kind = kind
        self.fields = fields or {}

    def keeping(self) -> Fault:
        """This fault, and what was written before it stays written: for counting failures."""
        self.keeps = True
        return self

    def carrying(self, *, detail: Mapping[str, str] | None = None, headers: tuple[tuple[str, str], ...] = ()) -> Fault:
        """This fault with what travels beside its message."""
        self.detail = detail
        self.headers = headers
        return self


@dataclass(frozen=True, slots=True)
class FaultKind:
    """A fault as declared: `message` and `next_step` may hold `{name}` fields that the raiser fills.

    A field's value may come from the caller; it is inserted as text, never read as a template.  Where the code depends
    on the request, it is declared as `Missing<Name>` and raised by `coded`.
    """

    code: str
    status: int
    message: str
    next_step: str = ""

    def __call__(self, **fields: object) -> Fault:
        return self.coded(self.code, **fields)

    def coded(self, code: str, /, **fields: object) -> Fault:
        """The fault under the code that it has in this request, such as `MissingUserName`."""
        message, next_step = self.message.format(**fields), self.next_step.format(**fields)
        return Fault(code, self.status, message, next_step=next_step, kind=self, fields=fields)
