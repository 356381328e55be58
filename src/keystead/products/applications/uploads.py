"""Sending a file's bytes: whoever holds the lease's token may send that one file.  Source: model-studio.md c.3."""

from __future__ import annotations

import hashlib
import hmac

from keystead.faults import FaultKind
from keystead.identity.transaction import Tx
from keystead.store import files

PATH = "/uploads/"
TOKEN_HEADER = "x-bailian-extra"  # noqa: S105 - the header that the vendor's samples read and send back
LEASE_SECONDS = 3600
MOST_BYTES = 10_000_000

NO_LEASE = FaultKind(
    "InvalidLease",
    403,
    "No file may be sent here: the lease does not exist, is over, or its token in {header} is another one.",
    "Ask for a new one with ApplyFileUploadLease, and send the headers that it answers.",
)
WRONG_SIZE = FaultKind(
    "InvalidParameter.SizeInBytes",
    400,
    "The file has {size} bytes, the lease is for {wanted}.",
    "Ask for a lease for this file with ApplyFileUploadLease.",
)
WRONG_DIGEST = FaultKind(
    "InvalidParameter.Md5",
    400,
    "The file's MD5 is {found}, the lease is for {wanted}: it was changed on its way, or is another one.",
    "Send the file again, or ask for a lease for this file with ApplyFileUploadLease.",
)


def digest(token: str) -> bytes:
    """What is stored of a lease's token."""
    return hashlib.sha256(token.encode()).digest()


def check(tx: Tx, lease_id: str, token: str) -> int:
    """How many bytes may be sent.  Raises `InvalidLease`."""
    row = files.any_lease(tx, lease_id)
    if row is None or row.expires_at <= tx.now or not hmac.compare_digest(row.token_digest, digest(token)):
        raise NO_LEASE(header=TOKEN_HEADER)
    return int(row.size)


def take(tx: Tx, lease_id: str, token: str, content: bytes) -> None:
    """Keep what was sent until AddFile asks for it.  Raises `InvalidLease`, `InvalidParameter.…`."""
    size = check(tx, lease_id, token)
    row = files.any_lease(tx, lease_id)
    assert row is not None  # noqa: S101 - `check` found it
    if len(content) != size:
        raise WRONG_SIZE(size=len(content), wanted=size)
    found = hashlib.md5(content, usedforsecurity=False).hexdigest()
    if found != row.md5:
        raise WRONG_DIGEST(found=found, wanted=row.md5)
    files.put_content(tx, lease_id, content)
