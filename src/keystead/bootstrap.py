"""The first account of an instance: itself, its administrator, and the check that the master keys fit.

The administrator is a RAM user like any other, made by the same handlers that answer the API.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from keystead import arn, ids
from keystead.identity.callers import Caller, IdentityType
from keystead.identity.keyring import Keyring, SealBrokenError
from keystead.identity.transaction import Tx
from keystead.products.ram import access_keys, attachments, users
from keystead.products.workspaces import access
from keystead.server.rows import own_event
from keystead.settings import OperatorError
from keystead.store import accounts, audit, owner_logons

ADMINISTRATOR = "admin"
_CHECK = "master-key-check"
_DEFAULT_ACCOUNT = "default-account"


@dataclass(frozen=True, slots=True)
class Made:
    """An account; with its administrator's pair and one-time token when it has just been created."""

    account_id: str
    alias: str
    created: bool
    access_key_id: str = ""
    access_key_secret: str = ""
    setup_token: str = ""


def check_master_key(tx: Tx, keyring: Keyring) -> bool:
    """Whether the keyring opens what this database was sealed with; a new database takes the keyring as its own."""
    sealed = accounts.fact(tx, _CHECK)
    if sealed is None:
        accounts.set_fact(tx, _CHECK, keyring.seal(b"keystead", _CHECK))
        return True
    try:
        return keyring.open(sealed, _CHECK) == b"keystead"
    except SealBrokenError:
        return False


def ensure_account(tx: Tx, alias: str | None) -> Made:
    """The instance's default account, made now if there is none."""
    found = accounts.fact(tx, _DEFAULT_ACCOUNT)
    if found is not None:
        row = accounts.get(tx, found.decode())
        assert row is not None  # noqa: S101 - the fact is written with the account
        return Made(row.id, row.alias, created=False)
    made = create_account(tx, alias)
    accounts.set_fact(tx, _DEFAULT_ACCOUNT, made.account_id.encode())
    return made


def create_account(tx: Tx, alias: str | None) -> Made:
    """Make an account and its RAM user `admin` with OpenAPI Access and AdministratorAccess.

    The account itself gets no AccessKey pair.  Raises `OperatorError` when the alias is taken.
    """
    account_id = ids.account_id()
    if alias and accounts.by_alias(tx, alias) is not None:
        raise OperatorError(f"An account with the alias {alias} exists.", "Choose another alias.")
    token = secrets.token_urlsafe(24)
    accounts.insert(tx, account_id, alias or account_id, hashlib.sha256(token.encode()).digest())
    tx.account_id = account_id
    root = _root(account_id)
    users.create_user(tx, root, users.CreateUserInput(user_name=ADMINISTRATOR, comments="Made at the first start"))
    attachments.attach_policy_to_user(
        tx,
        root,
        attachments.UserAttachmentInput(
            user_name=ADMINISTRATOR, policy_name="AdministratorAccess", policy_type="System"
        ),
    )
    access.ensure_default(tx)
    key = access_keys.create_access_key(tx, root, access_keys.OwnerInput(user_name=ADMINISTRATOR)).access_key
    _audit(tx, "CreateAccount", arn.ram(account_id, "root"))
    return Made(
        account_id,
        alias or account_id,
        created=True,
        access_key_id=key.access_key_id,
        access_key_secret=key.access_key_secret,
        setup_token=token,
    )


def find_account(tx: Tx, account_id: str | None) -> sa.Row[Any]:
    """The account by ID or alias, the default one for None.  Raises `OperatorError`."""
    if account_id is None:
        found = accounts.fact(tx, _DEFAULT_ACCOUNT)
        account_id = found.decode() if found else ""
    row = accounts.get(tx, account_id) or accounts.by_alias(tx, account_id)
    if row is None:
        raise OperatorError(
            f"There is no account {account_id or 'yet'}.", "Run `keystead init`, or name one that `account show` lists."
        )
    return row


def create_account_access_key(tx: Tx) -> tuple[str, str]:
    """A pair of the transaction's account itself.  Raises `Fault` beyond the quota."""
    pair = access_keys.create_for_account(tx)
    _audit(tx, "CreateAccessKey", arn.ram(tx.account_id, "root"))
    return pair


def new_setup_token(tx: Tx) -> str:
    """A new set-up token of the transaction's account; the one before is void."""
    token = secrets.token_urlsafe(24)
    owner_logons.set_token(tx, hashlib.sha256(token.encode()).digest())
    _audit(tx, "CreateSetupToken", arn.ram(tx.account_id, "root"))
    return token


def describe(tx: Tx) -> dict[str, object]:
    """The default account, and all of them with their aliases."""
    default = find_account(tx, None)
    every = [{"account_id": row.id, "alias": row.alias} for row in accounts.every(tx)]
    return {"account_id": default.id, "alias": default.alias, "accounts": every}


def _root(account_id: str) -> Caller:
    return Caller(kind=IdentityType.ACCOUNT, account_id=account_id, arn=arn.ram(account_id, "root"))


def _audit(tx: Tx, action: str, resource: str) -> None:
    """What the operator did on the machine itself is in the trail too."""
    event = own_event(tx, action, resource, {}, identity_type="Operator", principal="the operator's command line")
    audit.insert(tx, [event])
