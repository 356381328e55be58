"""Passkeys: registering one, and proving to have it (WebAuthn level 2, sections 7.1 and 7.2).

Pure rules over the `webauthn` library, which is imported where it is used, for it is slow to import.  A challenge
travels sealed with whom and what it is for; whoever verifies one spends its `mark` first, so that it is good once.
Origin and relying party come from the setting public_url.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import ipaddress
import os
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from keystead.identity.keyring import Keyring, SealBrokenError

CHALLENGE_SECONDS = 300
MOST_CHARACTERS = 65_536
_PURPOSE = "passkey-challenge"
NAME = "Keystead"

Act = Literal["register", "log on"]


class PasskeyError(Exception):
    """A passkey was refused; the text says why, without a secret."""


@dataclass(frozen=True, slots=True)
class Site:
    """Where the console stands: `origin` as a browser writes it, `rp_id` its host name."""

    origin: str
    rp_id: str

    @classmethod
    def of(cls, public_url: str | None) -> Site | None:
        """The site of the setting public_url; None where passkeys cannot work: no address set, or not by name.

        Browsers offer passkeys on https and on localhost only, and never for an IP address.
        """
        parts = urlsplit(public_url or "")
        host = parts.hostname or ""
        if not host or _is_address(host) or (parts.scheme != "https" and host != "localhost"):
            return None
        return cls(f"{parts.scheme}://{parts.netloc}".lower(), host)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


class _Challenge(msgspec.Struct, frozen=True, array_like=True):
    act: str
    user_id: str
    value: bytes
    until: int


@dataclass(frozen=True, slots=True)
class Challenge:
    """An opened challenge.  mark: its digest, to be spent once until `until`."""

    user_id: str
    value: bytes
    mark: bytes
    until: int


@dataclass(frozen=True, slots=True)
class Registered:
    """What is kept of a new passkey."""

    credential_id: bytes
    public_key: bytes
    sign_count: int


def _seal(keyring: Keyring, act: Act, user_id: str, now: float) -> tuple[bytes, str]:
    value = os.urandom(32)
    sealed = keyring.seal(
        msgspec.msgpack.encode(_Challenge(act, user_id, value, int(now) + CHALLENGE_SECONDS)), _PURPOSE
    )
    return value, base64.urlsafe_b64encode(sealed).decode()


def open_challenge(keyring: Keyring, sealed: str, act: Act, now: float) -> Challenge:
    """The challenge behind a sealed text.  Raises `PasskeyError` when it is damaged, too old, or for something else."""
    try:
        opened = keyring.open(base64.urlsafe_b64decode(sealed[:1024].encode()), _PURPOSE)
        found = msgspec.msgpack.decode(opened, type=_Challenge)
    except (binascii.Error, ValueError, SealBrokenError, msgspec.DecodeError):
        raise PasskeyError("the challenge is not one of this server") from None
    if found.act != act:
        raise PasskeyError(f"the challenge was made to {found.act}")
    if found.until <= now:
        raise PasskeyError(f"the challenge is older than {CHALLENGE_SECONDS} seconds")
    return Challenge(found.user_id, found.value, hashlib.sha256(found.value).digest()[:16], found.until)


def begin_registration(
    keyring: Keyring, site: Site, *, user_id: str, user_name: str, known: list[bytes], now: float
) -> tuple[str, str]:
    """Options for the browser as JSON, and the sealed challenge.  known: credentials that the user has already."""
    import webauthn
    from webauthn.helpers import structs

    value, sealed = _seal(keyring, "register", user_id, now)
    options = webauthn.generate_registration_options(
        rp_id=site.rp_id,
        rp_name=NAME,
        user_id=user_id.encode(),
        user_name=user_name,
        challenge=value,
        timeout=CHALLENGE_SECONDS * 1000,
        authenticator_selection=structs.AuthenticatorSelectionCriteria(
            resident_key=structs.ResidentKeyRequirement.REQUIRED,
            user_verification=structs.UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[structs.PublicKeyCredentialDescriptor(id=each) for each in known],
    )
    return webauthn.options_to_json(options), sealed


def register(site: Site, challenge: Challenge, answer: str) -> Registered:
    """Check what the browser answered to `begin_registration`.  Raises `PasskeyError`."""
    import webauthn
    from webauthn.helpers.exceptions import WebAuthnException

    _check_size(answer)
    try:
        found = webauthn.verify_registration_response(
            credential=answer,
            expected_challenge=challenge.value,
            expected_rp_id=site.rp_id,
            expected_origin=site.origin,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError) as error:
        raise PasskeyError(f"the answer is refused: {str(error)[:200]}") from None
    return Registered(found.credential_id, found.credential_public_key, found.sign_count)


def begin_logon(keyring: Keyring, site: Site, now: float) -> tuple[str, str]:
    """Options for the browser as JSON, and the sealed challenge; the browser offers the passkeys it has for us."""
    import webauthn
    from webauthn.helpers.structs import UserVerificationRequirement

    value, sealed = _seal(keyring, "log on", "", now)
    options = webauthn.generate_authentication_options(
        rp_id=site.rp_id,
        challenge=value,
        timeout=CHALLENGE_SECONDS * 1000,
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return webauthn.options_to_json(options), sealed


def credential_of(answer: str) -> bytes:
    """Which credential an answer claims to be from.  Raises `PasskeyError`."""
    _check_size(answer)
    try:
        text = str(msgspec.json.decode(answer)["rawId"])
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (msgspec.DecodeError, KeyError, TypeError, ValueError):
        raise PasskeyError("the answer names no credential") from None


def prove(site: Site, challenge: Challenge, answer: str, *, public_key: bytes, sign_count: int) -> int:
    """Check what the browser answered to `begin_logon`; returns the authenticator's new counter.

    A counter that did not grow, where the authenticator counts at all, is a copied passkey.  Raises `PasskeyError`.
    """
    import webauthn
    from webauthn.helpers.exceptions import WebAuthnException

    _check_size(answer)
    try:
        found = webauthn.verify_authentication_response(
            credential=answer,
            expected_challenge=challenge.value,
            expected_rp_id=site.rp_id,
            expected_origin=site.origin,
            credential_public_key=public_key,
            credential_current_sign_count=sign_count,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError) as error:
        raise PasskeyError(f"the answer is refused: {str(error)[:200]}") from None
    return found.new_sign_count


def _check_size(answer: str) -> None:
    if len(answer) > MOST_CHARACTERS:
        raise PasskeyError(f"the answer has {len(answer)} characters; {MOST_CHARACTERS} are allowed")
