"""What reaches the wire when something is refused.

A `FaultKind` is declared once, beside the rule it belongs to: code, HTTP status, message and the next step.
Calling it makes a `Fault`, the only exception that the server turns into an answer.  The envelope around it
belongs to `wire` and to the gateway's planes.  Source: reference/request-signing.md section 10.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


class Fault(Exception):  # noqa: N818 - "fault" is the word for it everywhere here
    """One refusal or failure, complete enough to be answered in any envelope.

    code: the vendor's error code.  status: HTTP status.  message: what was asked, which rule decided, how far
    it was from passing.  next_step: one sentence for the person who reads it.  detail: `AccessDeniedDetail`
    members, only with a permission error.  headers: extra answer headers.  keeps: what was written before it stays.
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
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.status = status
        self.message = message
        self.next_step = next_step
        self.detail = detail
        self.headers = headers
        self.keeps = False

    def keeping(self) -> Fault:
        """This fault, and what was written before it stays written: for counting failures."""
        self.keeps = True
        return self


@dataclass(frozen=True, slots=True)
class FaultKind:
    """A fault as declared: `message` and `next_step` may hold `{name}` fields that the raiser fills.

    A field's value may come from the caller; it is inserted as text, never read as a template.
    """

    code: str
    status: int
    message: str
    next_step: str = ""

    def __call__(self, **fields: object) -> Fault:
        return Fault(self.code, self.status, self.message.format(**fields), next_step=self.next_step.format(**fields))
