"""Verified phones and mail addresses as IMS shows them.  Source: reference/ram-behaviour.md 5.5."""

from __future__ import annotations

from typing import Annotated, Any

import sqlalchemy as sa
from msgspec import UNSET, UnsetType

from keystead.identity.callers import Caller
from keystead.identity.transaction import Tx
from keystead.products.faults import USER_NOT_FOUND
from keystead.products.ims.login_profiles import USER
from keystead.products.ims.owner import OfUser, bare, named
from keystead.products.ims.product import IMS
from keystead.products.people import verification as rules
from keystead.products.people.users import Email, MobilePhone
from keystead.store import verified_addresses
from keystead.wire.answers import Done, Output
from keystead.wire.parameters import Choice

VerifyType = Annotated[str, Choice(("sms", "email"), doc="what is verified")]


class EmailDevice(Output, frozen=True):
    email: str
    status: str


class PhoneDevice(Output, frozen=True):
    area_code: str
    phone_number: str
    status: str


class VerificationAnswer(Output, frozen=True):
    """The user's verified addresses; what there is not is left out."""

    security_email_device: EmailDevice | UnsetType = UNSET
    security_phone_device: PhoneDevice | UnsetType = UNSET


class AddressInput(OfUser, frozen=True, kw_only=True):
    verify_type: VerifyType | None = None
    email: Email | None = None
    mobile_phone: MobilePhone | None = None


@IMS.action("GetVerificationInfo", resource=USER, resolve=bare, own_user="user_name", faults=(USER_NOT_FOUND,))
def get_verification_info(tx: Tx, _caller: Caller, wanted: OfUser) -> VerificationAnswer:
    """Show which addresses of a user, by default the calling one, are verified or wait for their code."""
    row = verified_addresses.get(tx, named(tx, wanted.user_name).id, "email")
    return VerificationAnswer(security_email_device=_email(row) if row is not None else UNSET)


def _email(row: sa.Row[Any]) -> EmailDevice:
    return EmailDevice(email=row.address, status=row.status)


@IMS.action(
    "SetVerificationInfo",
    resource=USER,
    writes=True,
    resolve=bare,
    own_user="user_name",
    faults=(USER_NOT_FOUND, rules.NOT_SENT, rules.TOO_SOON),
)
def set_verification_info(tx: Tx, _caller: Caller, wanted: AddressInput) -> Done:
    """Send a code to a user's mail address; the address waits until the user has entered the code on the console."""
    kind = rules.kind_of(wanted.verify_type, wanted.email, wanted.mobile_phone)
    rules.begin(tx, named(tx, wanted.user_name), kind, wanted.email)
    return Done()


@IMS.action(
    "UnbindVerification",
    resource=USER,
    writes=True,
    resolve=bare,
    own_user="user_name",
    faults=(USER_NOT_FOUND, rules.WHICH, rules.NOT_FOUND),
)
def unbind_verification(tx: Tx, _caller: Caller, wanted: AddressInput) -> Done:
    """Take a verified address away from a user."""
    kind = rules.kind_of(wanted.verify_type, wanted.email, wanted.mobile_phone)
    address = wanted.email if kind == "email" else wanted.mobile_phone
    rules.unbind(tx, named(tx, wanted.user_name), kind, address)
    return Done()
