"""Virtual MFA devices: made, bound to a user by two codes, asked for at log-on.  Source: ram-behaviour.md 5.5.

Seeds are sealed; a device remembers the newest code it accepted and how far its clock is off.
"""

from __future__ import annotations

from typing import Annotated, Any

import sqlalchemy as sa

from keystead import ids
from keystead.faults import FaultKind
from keystead.identity import totp
from keystead.identity.callers import Caller
from keystead.identity.transaction import Tx
from keystead.policy import Query, decide
from keystead.products.faults import absent, exists, in_use, too_many
from keystead.store import mfa_devices
from keystead.wire.parameters import Input, Text

DEVICE_NOT_FOUND = absent("VirtualMFADevice", "virtual MFA device")
DEVICE_EXISTS = exists("VirtualMFADevice", "virtual MFA device")
TOO_MANY_DEVICES = too_many("VirtualMFADevice", "virtual MFA devices")
DEVICE_BOUND = in_use(
    "VirtualMFADevice.User", "virtual MFA device", "a user bound to it", "Unbind it from its user first."
)
NOT_BOUND = absent("User.MFADevice", "MFA device of the user")
USER_HAS_DEVICE = FaultKind(
    "EntityAlreadyExists.User.MFADevice",
    409,
    "The user {name} has an MFA device already, and may have one.",
    "Unbind that device first.",
)
DEVICE_TAKEN = FaultKind(
    "EntityAlreadyExists.VirtualMFADevice.User",
    409,
    "The virtual MFA device {name} is bound to somebody already.",
    "Create another device.",
)
CODES_WRONG = FaultKind(
    "CheckAuthenticationCodeFail",
    403,
    "The two codes are not two consecutive codes of this device within five minutes of now, or were used before.",
    "Wait for the device's next code, and send it with the one before; check that both clocks are right.",
)
CODE_FORMAT = FaultKind(
    "InvalidParameter.AuthenticationCode.Format",
    400,
    "The parameter {name} is not six digits.",
    "Send the six digits that the device shows.",
)
MOST_UNBOUND = 3
"""Unbound devices that a user makes for itself: self-service must not use up the account's quota."""

BIND_FAULTS = (DEVICE_NOT_FOUND, CODE_FORMAT, CODES_WRONG, USER_HAS_DEVICE, DEVICE_TAKEN)

Serial = Annotated[str, Text(1, 256, doc="acs:ram::<account ID>:mfa/<device>")]
Code = Annotated[str, Text(6, 6, r"[0-9]{6}", fault=CODE_FORMAT.code, secret=True, doc="six digits")]


class SerialInput(Input, frozen=True):
    """A device by its serial number; authorization is on the name in it."""

    serial_number: Serial

    @property
    def virtual_mfa_device_name(self) -> str:
        """The name in the serial number."""
        return self.serial_number.rpartition(":mfa/")[2]


class OwnedSerial(SerialInput, frozen=True):
    """The same once it was looked up: `maker` is the ID of the user that made the device, "" where it is bound."""

    maker: str = ""


def look_up(tx: Tx, wanted: SerialInput) -> OwnedSerial:
    """Who made the device, for self-service; nothing is refused here."""
    row = _found(tx, wanted.serial_number)
    bound = row is None or row.user_id is not None or row.of_account
    return OwnedSerial(serial_number=wanted.serial_number, maker="" if row is None or bound else row.created_by)


def is_its_own(wanted: Any, caller: Caller) -> bool:
    """Whether a user deletes a device that it made and that is bound to nobody."""
    return bool(caller.user_id) and getattr(wanted, "maker", "") == caller.user_id


def anybody(_wanted: Any, _caller: Caller) -> bool:
    """A new device is its maker's until it is bound."""
    return True


def serial(tx: Tx, name: str) -> str:
    """The serial number of a device."""
    return f"acs:ram::{tx.account_id}:mfa/{name}"


def _found(tx: Tx, serial_number: str) -> sa.Row[Any] | None:
    head, _, name = serial_number.rpartition(":mfa/")
    parts = head.split(":")
    mine = len(parts) == 4 and parts[:2] == ["acs", "ram"] and parts[3] == tx.account_id
    return mfa_devices.get(tx, name) if mine else None


def exists_unbound(tx: Tx, name: str) -> bool:
    """Whether there is a device of that name that is bound to nobody."""
    row = mfa_devices.get(tx, name)
    return row is not None and row.user_id is None and not row.of_account


def find(tx: Tx, serial_number: str) -> sa.Row[Any]:
    """The device of that serial number.  Raises `EntityNotExist.VirtualMFADevice`."""
    row = _found(tx, serial_number)
    if row is None:
        raise DEVICE_NOT_FOUND(name=serial_number)
    return row


def bound_to(tx: Tx, user: sa.Row[Any]) -> sa.Row[Any]:
    """The device of a user.  Raises `EntityNotExist.User.MFADevice`."""
    row = mfa_devices.of_user(tx, user.id)
    if row is None:
        raise NOT_BOUND(name=user.name)
    return row


def create(tx: Tx, caller: Caller, name: str) -> str:
    """Make a device that is bound to nobody; returns its seed, which is never told again."""
    if mfa_devices.get(tx, name) is not None:
        raise DEVICE_EXISTS(name=name)
    if _is_self_service(caller) and mfa_devices.count_unbound(tx, caller.user_id) >= MOST_UNBOUND:
        raise TOO_MANY_DEVICES(limit=f"{MOST_UNBOUND} unbound devices that a user makes for itself")
    if mfa_devices.count(tx) >= tx.quotas.virtual_mfa_devices:
        raise TOO_MANY_DEVICES(limit=tx.quotas.virtual_mfa_devices)
    device_id, seed = ids.user_id(), totp.new_seed()
    mfa_devices.insert(tx, device_id, name, tx.keyring.seal(seed.encode(), _purpose(device_id)), caller.user_id)
    return seed


def _is_self_service(caller: Caller) -> bool:
    """Whether a user makes a device without a policy that lets it; conditions count as not met."""
    query = Query("ram:CreateVirtualMFADevice", f"acs:ram:*:{caller.account_id}:mfa/*", {})
    return bool(caller.user_id) and not decide(query, caller.layers).allowed


def delete(tx: Tx, serial_number: str) -> None:
    """Remove a device that is bound to nobody.  Raises `DeleteConflict.VirtualMFADevice.User`."""
    row = find(tx, serial_number)
    if row.user_id is not None or row.of_account:
        raise DEVICE_BOUND(name=row.name, count=1)
    mfa_devices.delete(tx, row.id)


def bind(tx: Tx, user: sa.Row[Any] | None, serial_number: str, first: str, second: str) -> None:
    """Bind a device to a user (None: the account itself) by two consecutive codes."""
    row = find(tx, serial_number)
    other = mfa_devices.of_account(tx) if user is None else mfa_devices.of_user(tx, user.id)
    if other is not None:
        raise USER_HAS_DEVICE(name=user.name if user is not None else "<root>")
    if row.user_id is not None or row.of_account:
        raise DEVICE_TAKEN(name=row.name)
    accepted = totp.pair(_seed(tx, row), first, second, tx.now, totp.Accepted(row.last_counter, row.drift))
    if accepted is None:
        raise CODES_WRONG()
    mfa_devices.accepted(tx, row.id, accepted.counter, accepted.drift)
    mfa_devices.bind(tx, row.id, None if user is None else user.id)


def unbind(tx: Tx, user: sa.Row[Any]) -> str:
    """Take a user's device away; it stays, bound to nobody.  Returns its serial number."""
    row = bound_to(tx, user)
    mfa_devices.unbind(tx, row.id)
    return serial(tx, row.name)


def disable(tx: Tx, user: sa.Row[Any]) -> None:
    """Take a user's device away and remove it."""
    mfa_devices.delete(tx, bound_to(tx, user).id)


def accepts(tx: Tx, row: sa.Row[Any], code: str) -> bool:
    """Whether `code` is one that the device shows now; what is accepted is good once."""
    accepted = totp.check(_seed(tx, row), code, tx.now, totp.Accepted(row.last_counter, row.drift))
    if accepted is None:
        return False
    mfa_devices.accepted(tx, row.id, accepted.counter, accepted.drift)
    return True


def _seed(tx: Tx, row: sa.Row[Any]) -> str:
    return tx.keyring.open(row.sealed_seed, _purpose(row.id)).decode()


def _purpose(device_id: str) -> str:
    return f"mfa-device:{device_id}"
