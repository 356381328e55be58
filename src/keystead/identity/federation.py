"""What proving oneself by an identity provider works with.  Source: reference/ram-behaviour.md 8.2."""

from __future__ import annotations

from dataclasses import dataclass

from keystead.identity.issuers import Issuers

RECIPIENT_PATH = "/saml-role/sso"
VENDOR_RECIPIENTS = ("https://signin.alibabacloud.com/saml-role/sso", "https://signin.aliyun.com/saml-role/sso")


@dataclass(frozen=True, slots=True)
class Federation:
    """issuers: the keys of OIDC issuers.  recipients, audiences: whom a SAML assertion must be meant for."""

    issuers: Issuers
    recipients: tuple[str, ...]
    audiences: tuple[str, ...]


def recipients_of(configured: tuple[str, ...], public_url: str | None) -> tuple[str, ...]:
    """The addresses that an assertion may be sent to: the configured ones, else our own, else the vendor's."""
    if configured:
        return configured
    return (public_url.rstrip("/") + RECIPIENT_PATH,) if public_url else VENDOR_RECIPIENTS
