"""WebAuthn's rules against a software authenticator: what is accepted, and every way to be refused."""

from __future__ import annotations

from typing import Any

import pytest

from keystead.identity import passkeys
from keystead.identity.keyring import Keyring
from keystead.identity.passkeys import CHALLENGE_SECONDS, PasskeyError, Registered, Site
from services.authenticator import Authenticator

NOW = 1_767_323_045
KEYRING = Keyring([b"k" * 32])
SITE = Site("https://keystead.example", "keystead.example")


def device(**changed: Any) -> Authenticator:
    return Authenticator(**{"origin": SITE.origin, "rp_id": SITE.rp_id, **changed})


def register(authenticator: Authenticator) -> Registered:
    options, sealed = passkeys.begin_registration(
        KEYRING, SITE, user_id="2" * 18, user_name="ann@x.onaliyun.com", known=[], now=NOW
    )
    challenge = passkeys.open_challenge(KEYRING, sealed, "register", NOW)
    return passkeys.register(SITE, challenge, authenticator.create(options))


def prove(authenticator: Authenticator, made: Registered, *, sign_count: int | None = None) -> int:
    options, sealed = passkeys.begin_logon(KEYRING, SITE, NOW)
    challenge = passkeys.open_challenge(KEYRING, sealed, "log on", NOW)
    answer = authenticator.get(options)
    assert passkeys.credential_of(answer) == made.credential_id
    count = made.sign_count if sign_count is None else sign_count
    return passkeys.prove(SITE, challenge, answer, public_key=made.public_key, sign_count=count)


def test_register_and_log_on() -> None:
    ours = device(count=7)
    made = register(ours)
    assert made.credential_id == ours.credential_id
    assert made.sign_count == 7
    assert prove(ours, made) == 8


def test_a_counter_that_does_not_grow_is_a_copy() -> None:
    ours = device(count=7)
    made = register(ours)
    with pytest.raises(PasskeyError, match="count"):
        prove(ours, made, sign_count=8)


@pytest.mark.parametrize(
    "changed", [{"origin": "https://evil.example"}, {"rp_id": "evil.example"}, {"verified": False}], ids=str
)
def test_another_site_or_an_unverified_person(changed: dict[str, Any]) -> None:
    with pytest.raises(PasskeyError):
        register(device(**changed))
    ours = device()
    made = register(ours)
    for name, value in changed.items():
        setattr(ours, name, value)
    with pytest.raises(PasskeyError):
        prove(ours, made)


def test_another_key() -> None:
    ours, other = device(), device()
    made = register(ours)
    other.credential_id = ours.credential_id
    with pytest.raises(PasskeyError):
        prove(other, made)


def test_challenges() -> None:
    options, sealed = passkeys.begin_logon(KEYRING, SITE, NOW)
    other_options, _ = passkeys.begin_logon(KEYRING, SITE, NOW)
    ours = device()
    made = register(ours)
    challenge = passkeys.open_challenge(KEYRING, sealed, "log on", NOW + CHALLENGE_SECONDS - 1)
    assert passkeys.open_challenge(KEYRING, sealed, "log on", NOW).mark == challenge.mark
    with pytest.raises(PasskeyError):  # the answer to another challenge
        passkeys.prove(SITE, challenge, ours.get(other_options), public_key=made.public_key, sign_count=0)
    with pytest.raises(PasskeyError, match="older"):
        passkeys.open_challenge(KEYRING, sealed, "log on", NOW + CHALLENGE_SECONDS)
    with pytest.raises(PasskeyError, match="made to log on"):
        passkeys.open_challenge(KEYRING, sealed, "register", NOW)
    for damaged in ("", "é", sealed[:-4], "AAAA" + sealed, sealed * 100):
        with pytest.raises(PasskeyError):
            passkeys.open_challenge(KEYRING, damaged, "log on", NOW)
    assert options != other_options


@pytest.mark.parametrize("answer", ["", "{", "[]", "{}", '{"rawId": 1}', '{"rawId": "é"}', "x" * 70_000], ids=repr)
def test_hostile_answers(answer: str) -> None:
    _, sealed = passkeys.begin_logon(KEYRING, SITE, NOW)
    challenge = passkeys.open_challenge(KEYRING, sealed, "log on", NOW)
    with pytest.raises(PasskeyError):
        passkeys.register(SITE, challenge, answer)
    with pytest.raises(PasskeyError):
        passkeys.prove(SITE, challenge, answer, public_key=b"", sign_count=0)


@pytest.mark.parametrize(
    ("url", "site"),
    [
        ("https://Keystead.example:8443/", Site("https://keystead.example:8443", "keystead.example")),
        ("http://localhost:8420", Site("http://localhost:8420", "localhost")),
        ("http://keystead.example", None),
        ("https://192.0.2.1", None),
        ("https://[::1]:8443", None),
        (None, None),
    ],
)
def test_where_passkeys_work(url: str | None, site: Site | None) -> None:
    assert Site.of(url) == site
