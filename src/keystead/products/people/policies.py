"""The rules of custom policies and their versions.  Source: reference/ram-behaviour.md 5.8."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from keystead.faults import FaultKind
from keystead.identity.transaction import Tx
from keystead.policy import DocumentKind
from keystead.products import documents
from keystead.products.faults import POLICY_NOT_FOUND
from keystead.store import policies

DOCUMENT_TOO_LONG = documents.too_long("PolicyDocument")
TOO_MANY_VERSIONS = FaultKind(
    "LimitExceeded.Policy.Version",
    409,
    "The number of versions of the policy {name} is beyond the current limit of {limit}.",
    "Delete a version, or send RotateStrategy=DeleteOldestNonDefaultVersionWhenLimitExceeded.",
)

POLICY = "acs:ram:*:{account}:policy/{policy_name}"
POLICIES = "acs:ram:*:{account}:policy/*"
ROTATE = "DeleteOldestNonDefaultVersionWhenLimitExceeded"


def find_custom(tx: Tx, name: str) -> sa.Row[Any]:
    """The custom policy of that name.  Raises `EntityNotExist.Policy`, for a system policy too: it is read-only."""
    row = policies.get(tx, name)
    if row is None:
        raise POLICY_NOT_FOUND(name=name)
    return row


def default_of(tx: Tx, name: str) -> tuple[sa.Row[Any], sa.Row[Any]]:
    """The custom policy of that name, and the version of it that counts.  Raises `EntityNotExist.Policy`."""
    row = find_custom(tx, name)
    version = policies.version(tx, row.id, row.default_version)
    assert version is not None  # noqa: S101 - the default version is never deleted
    return row, version


def check_document(tx: Tx, text: str, *, unit: str) -> None:
    """Raise `InvalidParameter.PolicyDocument.Length` or `MalformedPolicyDocument`; `unit` is characters or bytes."""
    length = len(text.encode()) if unit == "bytes" else len(text)
    if length > tx.quotas.policy_size:
        raise DOCUMENT_TOO_LONG(length=length, unit=unit, limit=tx.quotas.policy_size)
    documents.check(tx, text, DocumentKind.IDENTITY)


def make_room(tx: Tx, policy: sa.Row[Any], *, rotate: bool) -> None:
    """See that one more version fits.  Raises `LimitExceeded.Policy.Version`."""
    limit = tx.quotas.policy_versions
    numbers = [row.number for row in policies.versions(tx, policy.id)]
    if len(numbers) < limit:
        return
    oldest = next((number for number in numbers if number != policy.default_version), None)
    if not rotate or oldest is None:
        raise TOO_MANY_VERSIONS(name=policy.name, limit=limit)
    policies.delete_version(tx, policy.id, oldest)
