"""Whom the operator lets know before a key expires.  Source: reference/console.md 3.13."""

from __future__ import annotations

from keystead.identity.callers import Caller
from keystead.identity.transaction import Tx
from keystead.products.keystead.product import KEYSTEAD
from keystead.wire.answers import Output
from keystead.wire.parameters import Nothing


class WarningDays(Output, frozen=True):
    day: list[int]


class ExpiryWarningSettings(Output, frozen=True):
    """warning_days: of the setting expiry_warning_days, the longest first.  mail_from: the sender of mail, empty where
    none is sent.  webhook_host: the host that is told, empty where none is.
    """

    warning_days: WarningDays
    mail_from: str
    webhook_host: str


@KEYSTEAD.action("GetExpiryWarningSettings", permission="ram:GetSecurityPreference", resource="acs:ram:*:{account}:*")
def get_expiry_warning_settings(tx: Tx, _caller: Caller, _wanted: Nothing) -> ExpiryWarningSettings:
    """Show how long before the expiry of an AccessKey pair who is told; the operator's settings decide it."""
    told = tx.warnings
    return ExpiryWarningSettings(
        warning_days=WarningDays(day=sorted(told.days, reverse=True)),
        mail_from=told.mailer.sender if told.mailer is not None else "",
        webhook_host=told.webhook.host if told.webhook is not None else "",
    )
