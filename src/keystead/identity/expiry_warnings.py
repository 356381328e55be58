"""What the operator decides about warnings before a key expires."""

from __future__ import annotations

from dataclasses import dataclass

from keystead.identity.mail import Mailer
from keystead.identity.webhook import Webhook


@dataclass(frozen=True, slots=True)
class WarningSettings:
    """days: how long before the expiry, each once.  mailer, webhook: the ways to tell; None where none is set.

    console: the address of the console, "" where no client could be told one.
    """

    days: tuple[int, ...] = ()
    mailer: Mailer | None = None
    webhook: Webhook | None = None
    console: str = ""

    @property
    def active(self) -> bool:
        """Whether anybody is to be told of anything."""
        return bool(self.days) and (self.mailer is not None or self.webhook is not None)


NO_WARNINGS = WarningSettings()
"""Nobody is told of anything."""
