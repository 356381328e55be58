"""Virtual MFA devices as IMS shows them.  Source: reference/ram-behaviour.md 5.5."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType

from keystead.clock import iso
from keystead.identity import totp
from keystead.identity.callers import Caller
from keystead.identity.transaction import Tx
from keystead.products import pages
from keystead.products.faults import USER_NOT_FOUND
from keystead.products.ims.login_profiles import USER, ThisUser
from keystead.products.ims.owner import OfUser, bare
from keystead.products.ims.owner import named as this_one
from keystead.products.ims.product import IMS
from keystead.products.people import mfa as rules
from keystead.products.people.mfa import SerialInput
from keystead.products.people.principals import found, principal_name
from keystead.store import mfa_devices
from keystead.wire.answers import Done, Output
from keystead.wire.parameters import Input, Nothing, Text, Whole

DEVICES = "acs:ram:*:{account}:mfa/*"
DEVICE = "acs:ram:*:{account}:mfa/{virtual_mfa_device_name}"
SELF = "AllowUserToManageMFADevices"

DeviceName = Annotated[str, Text(1, 64, r"[A-Za-z0-9-]+", doc="letters, digits and '-'")]
Marker = Annotated[str, Text(1, 512, doc="what the page before answered")]
MaxItems = Annotated[int, Whole(1, 100, doc="how many on a page")]


class NewDevice(Output, frozen=True):
    """A device with its seed, which is shown once."""

    serial_number: str
    base32_string_seed: str = msgspec.field(name="Base32StringSeed")
    qr_code_png: str = msgspec.field(name="QRCodePNG")


class NewDeviceAnswer(Output, frozen=True):
    virtual_mfa_device: NewDevice = msgspec.field(name="VirtualMFADevice")


class BoundUser(Output, frozen=True):
    user_id: str
    user_principal_name: str
    display_name: str


class Device(Output, frozen=True):
    """A device in the list; the date and the user only where it is bound."""

    serial_number: str
    activate_date: str | UnsetType = UNSET
    user: BoundUser | UnsetType = UNSET


class DeviceList(Output, frozen=True):
    virtual_mfa_device: list[Device] = msgspec.field(name="VirtualMFADevice")


class DevicesPage(Output, frozen=True):
    virtual_mfa_devices: DeviceList = msgspec.field(name="VirtualMFADevices")
    is_truncated: bool
    marker: str | UnsetType = UNSET


class UserDevice(Output, frozen=True):
    serial_number: str
    type: str


class UserDeviceAnswer(Output, frozen=True):
    is_mfa_enable: bool = msgspec.field(name="IsMFAEnable")
    mfa_device: UserDevice | UnsetType = msgspec.field(name="MFADevice", default=UNSET)


class AccountDeviceAnswer(Output, frozen=True):
    is_mfa_enable: bool = msgspec.field(name="IsMFAEnable")


class Unbound(Output, frozen=True):
    serial_number: str


class UnboundAnswer(Output, frozen=True):
    mfa_device: Unbound = msgspec.field(name="MFADevice")


class CreateDeviceInput(Input, frozen=True):
    virtual_mfa_device_name: DeviceName = msgspec.field(name="VirtualMFADeviceName")


class ListDevicesInput(Input, frozen=True):
    marker: Marker | None = None
    max_items: MaxItems = 100


class BindInput(ThisUser, frozen=True):
    serial_number: rules.Serial
    authentication_code1: rules.Code
    authentication_code2: rules.Code


@IMS.action(
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


@IMS.action("ListVirtualMFADevices", resource=DEVICES)
def list_virtual_mfa_devices(tx: Tx, _caller: Caller, wanted: ListDevicesInput) -> DevicesPage:
    """List the account's virtual MFA devices and whose they are, a page at a time."""
    rows, marker = pages.cut(
        mfa_devices.page(tx, pages.after(wanted.marker), wanted.max_items + 1), wanted.max_items, "name_key"
    )
    devices = [
        Device(
            serial_number=rules.serial(tx, row.name),
            activate_date=iso(row.bound_at) if row.bound_at is not None else UNSET,
            user=BoundUser(
                user_id=row.user_id,
                user_principal_name=principal_name(tx, row.user_name),
                display_name=row.display_name,
            )
            if row.user_id is not None
            else UNSET,
        )
        for row in rows
    ]
    return DevicesPage(
        virtual_mfa_devices=DeviceList(virtual_mfa_device=devices),
        is_truncated=marker is not None,
        marker=marker or UNSET,
    )


@IMS.action(
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


@IMS.action(
    "BindMFADevice",
    resource=USER,
    writes=True,
    resolve=bare,
    self_service=SELF,
    faults=(USER_NOT_FOUND, *rules.BIND_FAULTS),
)
def bind_mfa_device(tx: Tx, _caller: Caller, wanted: BindInput) -> Done:
    """Bind a virtual MFA device to a user, proven by two consecutive codes."""
    user = found(tx, wanted.user_name)
    rules.bind(tx, user, wanted.serial_number, wanted.authentication_code1, wanted.authentication_code2)
    return Done()


@IMS.action(
    "UnbindMFADevice",
    resource=USER,
    writes=True,
    resolve=bare,
    self_service=SELF,
    faults=(USER_NOT_FOUND, rules.NOT_BOUND),
)
def unbind_mfa_device(tx: Tx, _caller: Caller, wanted: ThisUser) -> UnboundAnswer:
    """Take a user's MFA device away; the device stays and can be bound again."""
    return UnboundAnswer(mfa_device=Unbound(serial_number=rules.unbind(tx, found(tx, wanted.user_name))))


@IMS.action("DisableVirtualMFA", resource=USER, writes=True, resolve=bare, faults=(USER_NOT_FOUND, rules.NOT_BOUND))
def disable_virtual_mfa(tx: Tx, _caller: Caller, wanted: ThisUser) -> Done:
    """Take a user's MFA device away and delete it."""
    rules.disable(tx, found(tx, wanted.user_name))
    return Done()


@IMS.action(
    "GetUserMFAInfo",
    resource=USER,
    resolve=bare,
    own_user="user_name",
    self_service=SELF,
    faults=(USER_NOT_FOUND,),
)
def get_user_mfa_info(tx: Tx, _caller: Caller, wanted: OfUser) -> UserDeviceAnswer:
    """Show whether a user, by default the calling one, has an MFA device, and which."""
    row = mfa_devices.of_user(tx, this_one(tx, wanted.user_name).id)
    if row is None:
        return UserDeviceAnswer(is_mfa_enable=False)
    device = UserDevice(serial_number=rules.serial(tx, row.name), type="VMFA")
    return UserDeviceAnswer(is_mfa_enable=True, mfa_device=device)


@IMS.action("GetAccountMFAInfo", resource="acs:ram:*:{account}:*")
def get_account_mfa_info(tx: Tx, _caller: Caller, _wanted: Nothing) -> AccountDeviceAnswer:
    """Show whether the account itself has an MFA device."""
    return AccountDeviceAnswer(is_mfa_enable=mfa_devices.of_account(tx) is not None)
