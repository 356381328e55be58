"""Virtual MFA devices as RAM shows them.  Source: reference/ram-behaviour.md 5.5."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType

from keystead.clock import iso
from keystead.identity import totp
from keystead.identity.callers import Caller
from keystead.identity.transaction import Tx
from keystead.products.faults import USER_NOT_FOUND
from keystead.products.people import mfa as rules
from keystead.products.people.mfa import SerialInput
from keystead.products.people.principals import named
from keystead.products.ram.product import RAM, UserName
from keystead.products.ram.users import USER, UserNameInput
from keystead.store import mfa_devices
from keystead.wire.answers import Done, Output
from keystead.wire.parameters import Input, Nothing, Text

DEVICES = "acs:ram:*:{account}:mfa/*"
DEVICE = "acs:ram:*:{account}:mfa/{virtual_mfa_device_name}"
SELF = "AllowUserToManageMFADevices"

DeviceName = Annotated[str, Text(1, 64, r"[A-Za-z0-9.-]+", doc="letters, digits, '.' and '-'")]


class NewDevice(Output, frozen=True):
    """A device with its seed, which is shown once."""

    serial_number: str
    base32_string_seed: str = msgspec.field(name="Base32StringSeed")
    qr_code_png: str = msgspec.field(name="QRCodePNG")


class NewDeviceAnswer(Output, frozen=True):
    virtual_mfa_device: NewDevice = msgspec.field(name="VirtualMFADevice")


class BoundUser(Output, frozen=True):
    user_id: str
    user_name: str
    display_name: str


class Device(Output, frozen=True):
    """A device in the list; the date and the user only where it is bound."""

    serial_number: str
    activate_date: str | UnsetType = UNSET
    user: BoundUser | UnsetType = UNSET


class DeviceList(Output, frozen=True):
    virtual_mfa_device: list[Device] = msgspec.field(name="VirtualMFADevice")


class DevicesAnswer(Output, frozen=True):
    virtual_mfa_devices: DeviceList = msgspec.field(name="VirtualMFADevices")


class UserDevice(Output, frozen=True):
    serial_number: str
    type: str


class UserDeviceAnswer(Output, frozen=True):
    mfa_device: UserDevice = msgspec.field(name="MFADevice")


class Unbound(Output, frozen=True):
    serial_number: str


class UnboundAnswer(Output, frozen=True):
    mfa_device: Unbound = msgspec.field(name="MFADevice")


class CreateDeviceInput(Input, frozen=True):
    virtual_mfa_device_name: DeviceName = msgspec.field(name="VirtualMFADeviceName")


class BindInput(Input, frozen=True):
    serial_number: rules.Serial
    user_name: UserName
    authentication_code1: rules.Code
    authentication_code2: rules.Code


@RAM.action(
    "CreateVirtualMFADevice",
    resource=DEVICES,
    writes=True,
    self_service=SELF,
    on_itself=rules.anybody,
    faults=(rules.DEVICE_EXISTS, rules.TOO_MANY_DEVICES),
)
def create_virtual_mfa_device(tx: Tx, caller: Caller, wanted: CreateDeviceInput) -> NewDeviceAnswer:
    """Make a virtual MFA device; its seed and QR code are shown this once."""
    name = wanted.virtual_mfa_device_name
    seed = rules.create(tx, caller, name)
    device = NewDevice(
        serial_number=rules.serial(tx, name), base32_string_seed=seed, qr_code_png=totp.image(seed, name)
    )
    return NewDeviceAnswer(virtual_mfa_device=device)


@RAM.action("ListVirtualMFADevices", resource=DEVICES)
def list_virtual_mfa_devices(tx: Tx, _caller: Caller, _wanted: Nothing) -> DevicesAnswer:
    """List the account's virtual MFA devices and whose they are, all at once."""
    found = [
        Device(
            serial_number=rules.serial(tx, row.name),
            activate_date=iso(row.bound_at) if row.bound_at is not None else UNSET,
            user=BoundUser(user_id=row.user_id, user_name=row.user_name, display_name=row.display_name)
            if row.user_id is not None
            else UNSET,
        )
        for row in mfa_devices.page(tx, "", mfa_devices.count(tx))
    ]
    return DevicesAnswer(virtual_mfa_devices=DeviceList(virtual_mfa_device=found))


@RAM.action(
    "DeleteVirtualMFADevice",
    resource=DEVICE,
    writes=True,
    resolve=rules.look_up,
    self_service=SELF,
    on_itself=rules.is_its_own,
    faults=(rules.DEVICE_NOT_FOUND, rules.DEVICE_BOUND),
)
def delete_virtual_mfa_device(tx: Tx, _caller: Caller, wanted: SerialInput) -> Done:
    """Delete a virtual MFA device that is bound to nobody."""
    rules.delete(tx, wanted.serial_number)
    return Done()


@RAM.action(
    "BindMFADevice",
    resource=USER,
    writes=True,
    self_service=SELF,
    faults=(USER_NOT_FOUND, *rules.BIND_FAULTS),
)
def bind_mfa_device(tx: Tx, _caller: Caller, wanted: BindInput) -> Done:
    """Bind a virtual MFA device to a user, proven by two consecutive codes."""
    user = named(tx, wanted.user_name)
    rules.bind(tx, user, wanted.serial_number, wanted.authentication_code1, wanted.authentication_code2)
    return Done()


@RAM.action("UnbindMFADevice", resource=USER, writes=True, self_service=SELF, faults=(USER_NOT_FOUND, rules.NOT_BOUND))
def unbind_mfa_device(tx: Tx, _caller: Caller, wanted: UserNameInput) -> UnboundAnswer:
    """Take a user's MFA device away; the device stays and can be bound again."""
    serial_number = rules.unbind(tx, named(tx, wanted.user_name))
    return UnboundAnswer(mfa_device=Unbound(serial_number=serial_number))


@RAM.action("GetUserMFAInfo", resource=USER, self_service=SELF, faults=(USER_NOT_FOUND, rules.NOT_BOUND))
def get_user_mfa_info(tx: Tx, _caller: Caller, wanted: UserNameInput) -> UserDeviceAnswer:
    """Show a user's MFA device."""
    row = rules.bound_to(tx, named(tx, wanted.user_name))
    return UserDeviceAnswer(mfa_device=UserDevice(serial_number=rules.serial(tx, row.name), type="VMFA"))
