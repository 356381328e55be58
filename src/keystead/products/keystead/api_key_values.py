"""Whose key a value is: for who found one in a log or a program.  Source: reference/console.md 4.5, "Verify a Key".

The value is compared by its digest and not kept; as a secret it stands in no log, audit entry or answer.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from keystead.faults import FaultKind
from keystead.identity import model_keys
from keystead.identity.callers import Caller
from keystead.identity.transaction import Tx
from keystead.products.keystead.product import KEYSTEAD
from keystead.products.keystead.search.studio import FoundApiKey, show_key
from keystead.products.workspaces import keys
from keystead.products.workspaces.access import WORKSPACE
from keystead.store import api_keys
from keystead.store.search import studio as search
from keystead.wire.answers import Output
from keystead.wire.parameters import Input, Text

NO_VALUE = FaultKind(
    "InvalidParameter.ApiKeyValue",
    400,
    "The parameter ApiKeyValue is not the value of an API key: {why}.",
    "Paste the whole value, sk- and 32 digits or letters behind it, without blanks.",
)
UNKNOWN_VALUE = FaultKind(
    "ApiKeyNotFound.Value",
    404,
    "No API key that you may see has this value; it was deleted, rotated since, or is somebody else's.",
    "Ask an administrator of the workspace, who sees the keys of all its members.",
)


class VerifyApiKeyInput(Input, frozen=True):
    workspace_id: ClassVar[str] = "*"
    api_key_value: Annotated[str, Text(1, 256, secret=True, doc="the value of an API key; it is not kept")]


class VerifyApiKeyOutput(Output, frozen=True):
    """value_status: Current, Old (counts until the overlap of a rotation ends) or Ended.  works: calls are let in."""

    value_status: str
    works: bool
    api_key: FoundApiKey


def _of_value(tx: Tx, wanted: VerifyApiKeyInput) -> VerifyApiKeyInput:
    """The input with the workspace of the key, which authorization is asked about."""
    row = api_keys.by_digest(tx, model_keys.digest(wanted.api_key_value.strip()))
    return wanted if row is None else keys.in_place(wanted, row.workspace_id)


@KEYSTEAD.action(
    "VerifyApiKey",
    resource=WORKSPACE,
    permission="modelstudio:GetApiKey",
    resolve=_of_value,
    faults=(NO_VALUE, UNKNOWN_VALUE),
)
def verify_api_key(tx: Tx, caller: Caller, wanted: VerifyApiKeyInput) -> VerifyApiKeyOutput:
    """Tell which API key a value belongs to, whose it is, and whether calls with it are let in."""
    value = wanted.api_key_value.strip()
    if not model_keys.is_well_formed(value):
        begins = value.startswith("sk-")
        why = (
            "its last characters do not fit the others, so it was cut or mistyped" if begins else "one begins with sk-"
        )
        raise NO_VALUE(why=why)
    digest = model_keys.digest(value)
    row = api_keys.by_digest(tx, digest)
    if row is None or not keys.may_see(tx, caller, row.id):
        raise UNKNOWN_VALUE()
    (full,) = search.key_rows(tx, [row.id])
    shown = show_key(tx, full, search.key_limits(tx, [row.id]).get(str(row.id), []))
    status = "Current" if row.digest == digest else "Old" if (row.old_until or 0) > tx.now else "Ended"
    works = status != "Ended" and shown.status not in ("Disabled", "Expired") and shown.owner_works
    return VerifyApiKeyOutput(value_status=status, works=works, api_key=shown)
