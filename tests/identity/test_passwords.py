"""The rules of a new password, one by one, each with its distance."""

from __future__ import annotations

from typing import Any

import pytest

from keystead.identity import passwords
from keystead.identity.passwords import PasswordPolicy, weakness

CASES: list[tuple[dict[str, Any], str, str]] = [
    ({"minimum_password_length": 14}, "Correct-hors9", "13 characters; 14 to 32"),
    ({"minimum_password_length": 14}, "Correct-horse9", ""),
    ({"minimum_password_length": 32}, "x1" * 16, ""),
    ({"require_lowercase_characters": True}, "UPPER-CASE-1", "small letter"),
    ({"require_uppercase_characters": True}, "lower-case-1", "capital letter"),
    ({"require_numbers": True}, "No-Digits-Here", "digit"),
    ({"require_symbols": True}, "NoSymbols123", "symbol"),
    ({"require_symbols": True, "require_numbers": True, "require_uppercase_characters": True}, "Aa1_aaaa", ""),
    ({"minimum_password_different_character": 6}, "aabbccdde", "5 different characters; the account"),
    ({"minimum_password_different_character": 6}, "aabbccddef", ""),
    ({"password_not_contain_user_name": True}, "my-ALICE-secret", "contains the user's name"),
    ({}, "my-ALICE-secret", ""),
    ({"intercept_risk_password_on_api": True}, "P@ssw0rd123", "attackers try first"),
    ({"intercept_risk_password_on_api": True}, "1qaz2wsx", "attackers try first"),
    ({}, "P@ssw0rd123", ""),
]


@pytest.mark.parametrize(("rules", "password", "said"), CASES)
def test_each_rule(rules: dict[str, Any], password: str, said: str) -> None:
    reason = weakness(password, "alice", PasswordPolicy(**rules))
    assert said in reason if said else reason == ""
    assert password not in reason


def test_what_holds_without_a_policy() -> None:
    assert "repeats one" in weakness("aaaaaaaa")
    assert "user's name" in weakness("Annabelle", "annabelle")
    assert "printable" in weakness("with blank 1")
    assert "33 characters; 8 to 32" in weakness("x1" * 16 + "x")


def test_the_built_in_list_is_small_letters_that_could_be_passwords() -> None:
    words = passwords.known_bad()
    assert len(words) > 1000
    assert all(word == word.lower() and weakness(word) in ("", "it repeats one character") for word in words)


def test_nobody_s_password_is_not_guessed_and_costs_the_same() -> None:
    assert passwords.nobody() == passwords.nobody()
    assert passwords.nobody().startswith(passwords.digest("x")[:30])
    assert not passwords.matches("", "")
