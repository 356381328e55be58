"""Policy documents as callers send them: bounded before they are read, valid before they are kept."""

from __future__ import annotations

from keystead.faults import FaultKind
from keystead.identity.transaction import Tx
from keystead.policy import DocumentKind, PolicyError, validate

MALFORMED = FaultKind(
    "MalformedPolicyDocument",
    400,
    "The policy document is not valid. {reason}",
    "Correct the document at the place named and send the request again.",
)


def too_long(parameter: str) -> FaultKind:
    """`InvalidParameter.<parameter>.Length`, 400; `{length}` and `{limit}` are in `{unit}`."""
    return FaultKind(
        f"InvalidParameter.{parameter}.Length",
        400,
        f"The parameter {parameter} has {{length}} {{unit}}; at most {{limit}} are allowed, blanks included.",
        "Shorten the document, or spread its statements over several policies.",
    )


def check(tx: Tx, text: str, kind: DocumentKind) -> None:
    """Raise `MalformedPolicyDocument` for what policies of that kind may not hold."""
    try:
        validate(text, kind, extensions=tx.policy_extensions)
    except PolicyError as error:
        raise MALFORMED(reason=error) from None
