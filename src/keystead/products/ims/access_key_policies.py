"""Network policies of AccessKey pairs: from which addresses they may be used.  Source: reference/ram-behaviour.md 5.6.

A policy that is Active allows what its statements name and nothing else, so one without statements allows no call.
Setting one is no self-service: a user who may manage its own pairs must not lift the account's policy that way.
Statements of the type VPCWhiteList are kept and answered, and let nothing through: Keystead sees no VPC.
"""

from __future__ import annotations

from typing import Annotated

from keystead.identity import network_policy
from keystead.identity.callers import Caller
from keystead.identity.transaction import Tx
from keystead.products.faults import USER_NOT_FOUND, absent
from keystead.products.ims.owner import OfUser, bare, owner_id
from keystead.products.ims.product import IMS
from keystead.products.people.access_keys import network_text
from keystead.store import access_key_policies, access_keys
from keystead.wire.answers import Output
from keystead.wire.parameters import Input, Nothing, Text

KEY_NOT_FOUND = absent("User.AccessKey", "AccessKey pair")
_SET_FAULTS = (network_policy.MALFORMED, network_policy.TOO_MANY_STATEMENTS, network_policy.TOO_MANY_ADDRESSES)
_USER = "acs:ram:*:{account}:user/{user_name}"
_ACCOUNT = "acs:ram:*:{account}:*"

KeyId = Annotated[str, Text(16, 128, r"[A-Za-z0-9.]+", doc="an AccessKey ID")]
PolicyText = Annotated[
    str, Text(1, 8192, doc="JSON: Version 1, Status Active or Inactive, Statements with Type, Value, IPList")
]


class KeyPolicy(Output, frozen=True):
    """The policy of one pair, as JSON text."""

    access_key_id: str
    access_key_policy: str


class AccountPolicy(Output, frozen=True):
    """The policy of the account, as JSON text."""

    access_key_policy: str


class KeyInput(OfUser, frozen=True, kw_only=True):
    user_access_key_id: KeyId


class SetKeyPolicyInput(KeyInput, frozen=True, kw_only=True):
    access_key_policy: PolicyText


class SetAccountPolicyInput(Input, frozen=True):
    access_key_policy: PolicyText


def _find(tx: Tx, wanted: KeyInput) -> str:
    """The ID of the pair.  Raises `EntityNotExist.User`, `EntityNotExist.User.AccessKey`."""
    row = access_keys.get(tx, wanted.user_access_key_id, owner_id(tx, wanted.user_name))
    if row is None:
        raise KEY_NOT_FOUND(name=wanted.user_access_key_id)
    return str(row.id)


@IMS.action(
    "SetAccessKeyPolicy",
    resource=_USER,
    writes=True,
    own_user="user_name",
    resolve=bare,
    faults=(USER_NOT_FOUND, KEY_NOT_FOUND, *_SET_FAULTS),
)
def set_access_key_policy(tx: Tx, _caller: Caller, wanted: SetKeyPolicyInput) -> KeyPolicy:
    """Say from which addresses an AccessKey pair may be used; while Active it replaces the account's policy."""
    key = _find(tx, wanted)
    text = network_text(tx, wanted.access_key_policy)
    access_key_policies.put(tx, key, text)
    return KeyPolicy(access_key_id=key, access_key_policy=text)


@IMS.action(
    "GetAccessKeyPolicy",
    resource=_USER,
    own_user="user_name",
    resolve=bare,
    self_service="AllowUserToManageAccessKeys",
    faults=(USER_NOT_FOUND, KEY_NOT_FOUND),
)
def get_access_key_policy(tx: Tx, _caller: Caller, wanted: KeyInput) -> KeyPolicy:
    """Show from which addresses an AccessKey pair may be used; {} where no policy of its own was ever set."""
    key = _find(tx, wanted)
    text = access_key_policies.get(tx, key)
    return KeyPolicy(access_key_id=key, access_key_policy=text or network_policy.NEVER_SET)


@IMS.action("SetAccessKeyPolicyForAccount", resource=_ACCOUNT, writes=True, faults=_SET_FAULTS)
def set_access_key_policy_for_account(tx: Tx, _caller: Caller, wanted: SetAccountPolicyInput) -> AccountPolicy:
    """Say from which addresses the pairs of the account and its users may be used, where they have no own policy."""
    text = network_text(tx, wanted.access_key_policy)
    access_key_policies.put_of_account(tx, text)
    return AccountPolicy(access_key_policy=text)


@IMS.action("GetAccessKeyPolicyForAccount", resource=_ACCOUNT)
def get_access_key_policy_for_account(tx: Tx, _caller: Caller, _wanted: Nothing) -> AccountPolicy:
    """Show from which addresses the account's pairs may be used; {} where it was never set."""
    return AccountPolicy(access_key_policy=access_key_policies.of_account(tx) or network_policy.NEVER_SET)
