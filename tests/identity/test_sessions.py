"""Security tokens: sealed, bound to their key, and over when they are over."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keystead.faults import Fault
from keystead.identity import sessions
from keystead.identity.keyring import Keyring
from keystead.identity.sessions import Session

RING = Keyring([b"a" * 32])
NOW = 1_767_323_045.0


def issue(**changes: object) -> tuple[Session, str]:
    facts: dict[str, object] = {
        "account_id": "1" * 16,
        "role_id": "3" * 18,
        "session_name": "alice",
        "now": NOW,
        "seconds": 900,
        "policy": "",
        "source_identity": "",
    }
    return sessions.issue(RING, **{**facts, **changes})  # type: ignore[arg-type]


def code(token: str, key: str, now: float = NOW) -> str:
    with pytest.raises(Fault) as caught:
        sessions.read(RING, token, key, now)
    return caught.value.code


def test_a_token_gives_back_its_session_and_looks_like_the_vendors() -> None:
    session, token = issue(policy='{"Version": "1"}', source_identity="bob")
    assert token.startswith("CAIS")
    assert session.access_key_id.startswith("STS.")
    assert len(session.secret) == 44
    assert sessions.read(RING, token, session.access_key_id, NOW + 899) == session
    assert session.secret not in repr(session)


def test_a_token_of_another_session_is_a_mismatch() -> None:
    session, _ = issue()
    _, other = issue()
    assert code(other, session.access_key_id) == "InvalidSecurityToken.MismatchWithAccessKey"


def test_a_token_ends_with_its_time() -> None:
    session, token = issue()
    assert code(token, session.access_key_id, NOW + 900) == "InvalidSecurityToken.Expired"


def test_a_token_of_another_server_is_malformed() -> None:
    session, token = issue()
    with pytest.raises(Fault) as caught:
        sessions.read(Keyring([b"b" * 32]), token, session.access_key_id, NOW)
    assert caught.value.code == "InvalidSecurityToken.Malformed"


@given(st.text(max_size=300) | st.binary(max_size=300).map(lambda raw: base64.b64encode(raw).decode()))
def test_any_other_text_is_malformed(text: str) -> None:
    assert code(text, "STS.x") == "InvalidSecurityToken.Malformed"


@given(st.integers(min_value=0, max_value=10_000), st.integers(min_value=1, max_value=255))
def test_a_changed_token_is_malformed(place: int, flip: int) -> None:
    session, token = issue()
    raw = bytearray(base64.b64decode(token))
    raw[place % len(raw)] ^= flip
    assert code(base64.b64encode(bytes(raw)).decode(), session.access_key_id) == "InvalidSecurityToken.Malformed"
