"""Sealing with AES-256-GCM under master keys that live outside the database.

The key file holds a list: the newest key seals, all of them open, so rotation is no special case.  A sealed text is
`1` byte format, 4 bytes key id, 12 bytes nonce, ciphertext; what it belongs to is authenticated with it.
"""

from __future__ import annotations

import base64
import hashlib
import os
import stat
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_FORMAT = b"\x01"


class KeyFileError(Exception):
    """The master key file is missing, readable by others, or damaged; the text says which and what to do."""


class SealBrokenError(Exception):
    """A sealed text was not made by a key of this ring, for this purpose, or was changed."""


class _StoredKey(msgspec.Struct, frozen=True):
    id: str
    created: str
    key: str


class _KeyFile(msgspec.Struct, frozen=True):
    keys: list[_StoredKey]


class Keyring:
    """Master keys in the order of the file, newest first."""

    def __init__(self, keys: list[bytes]) -> None:
        """`keys` are 32 bytes each; the first one seals."""
        if not keys:
            raise KeyFileError("The master key file holds no key.")
        self._ciphers = {_key_id(key): AESGCM(key) for key in keys}
        self._newest = _key_id(keys[0])

    def seal(self, secret: bytes, purpose: str) -> bytes:
        """Encrypt `secret` for `purpose`, for instance `access-key:LTAI…`; opening needs the same purpose."""
        nonce = os.urandom(12)
        sealed = self._ciphers[self._newest].encrypt(nonce, secret, purpose.encode())
        return _FORMAT + self._newest + nonce + sealed

    def open(self, sealed: bytes, purpose: str) -> bytes:
        """Decrypt what `seal` made.  Raises `SealBrokenError`."""
        cipher = self._ciphers.get(sealed[1:5])
        if sealed[:1] != _FORMAT or cipher is None or len(sealed) < 33:
            raise SealBrokenError(f"no master key opens this ({purpose.partition(':')[0]})")
        try:
            return cipher.decrypt(sealed[5:17], sealed[17:], purpose.encode())
        except InvalidTag:
            raise SealBrokenError(f"the sealed text does not belong here ({purpose.partition(':')[0]})") from None


def _key_id(key: bytes) -> bytes:
    return hashlib.sha256(b"keystead master key id" + key).digest()[:4]


def load(path: Path) -> Keyring:
    """Read the key file.  Raises `KeyFileError` when it is absent, damaged, or not ours alone (mode 0600)."""
    try:
        state = path.stat()
        text = path.read_bytes()
    except OSError as error:
        raise KeyFileError(f"The master key file {path} cannot be read: {error.strerror}.") from None
    if stat.S_IMODE(state.st_mode) & 0o077:
        raise KeyFileError(f"The master key file {path} can be read by others. Run: chmod 600 {path}")
    if state.st_uid != os.geteuid():
        raise KeyFileError(f"The master key file {path} belongs to another user (uid {state.st_uid}).")
    try:
        stored = msgspec.json.decode(text, type=_KeyFile)
        keys = [base64.b64decode(one.key, validate=True) for one in stored.keys]
    except (msgspec.DecodeError, ValueError):
        raise KeyFileError(f"The master key file {path} is damaged. Restore it from your backup.") from None
    if any(len(key) != 32 for key in keys):
        raise KeyFileError(f"The master key file {path} holds a key that is not 32 bytes.")
    return Keyring(keys)


def create(path: Path, now_text: str) -> Keyring:
    """Write a new key file with one key, mode 0600, and read it back.  Raises FileExistsError if there is one."""
    key = os.urandom(32)
    stored = _KeyFile([_StoredKey(_key_id(key).hex(), now_text, base64.b64encode(key).decode())])
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(stored), indent=2))
        file.flush()
        os.fsync(file.fileno())
    return load(path)
