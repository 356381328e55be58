"""Sealing: only the right ring, for the right purpose, opens; the key file is ours alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keystead.identity import keyring as keyrings
from keystead.identity.keyring import KeyFileError, Keyring, SealBrokenError


@given(st.binary(max_size=200), st.text(max_size=20))
def test_what_was_sealed_opens(secret: bytes, purpose: str) -> None:
    ring = Keyring([b"a" * 32])
    assert ring.open(ring.seal(secret, purpose), purpose) == secret


@given(st.integers(min_value=0, max_value=60), st.integers(min_value=1, max_value=255))
def test_a_changed_byte_does_not_open(place: int, flip: int) -> None:
    ring = Keyring([b"a" * 32])
    sealed = bytearray(ring.seal(b"secret of thirty characters....", "access-key:1"))
    sealed[place % len(sealed)] ^= flip
    with pytest.raises(SealBrokenError):
        ring.open(bytes(sealed), "access-key:1")


def test_a_seal_belongs_to_its_purpose() -> None:
    ring = Keyring([b"a" * 32])
    with pytest.raises(SealBrokenError, match="access-key"):
        ring.open(ring.seal(b"x", "access-key:1"), "access-key:2")


def test_rotation_opens_old_seals_and_uses_the_newest() -> None:
    old = Keyring([b"a" * 32])
    both = Keyring([b"b" * 32, b"a" * 32])
    assert both.open(old.seal(b"x", "p"), "p") == b"x"
    with pytest.raises(SealBrokenError):
        old.open(both.seal(b"x", "p"), "p")


def test_the_key_file_is_made_once_with_mode_0600(tmp_path: Path) -> None:
    path = tmp_path / "master.keys"
    ring = keyrings.create(path, "2026-01-02T03:04:05Z")
    assert path.stat().st_mode & 0o777 == 0o600
    assert keyrings.load(path).open(ring.seal(b"x", "p"), "p") == b"x"
    with pytest.raises(FileExistsError):
        keyrings.create(path, "2026-01-02T03:04:05Z")


def test_a_key_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "master.keys"
    keyrings.create(path, "")
    path.chmod(0o640)
    with pytest.raises(KeyFileError, match="chmod 600"):
        keyrings.load(path)


@pytest.mark.parametrize(
    "content", [b"", b"{}", b'{"keys": []}', b'{"keys": [{"id": "", "created": "", "key": "AA=="}]}']
)
def test_a_damaged_key_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "master.keys"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(KeyFileError):
        keyrings.load(path)


def test_a_missing_key_file_says_where(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match="absent"):
        keyrings.load(tmp_path / "absent")
