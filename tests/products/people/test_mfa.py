"""Virtual MFA devices on both faces, with codes as an authenticator shows them."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pyotp
import pytest
import sqlalchemy as sa

from keystead.identity.callers import Caller
from keystead.policy import Attached, Layer, LayerKind, compile_policy
from keystead.products.people import mfa as rules
from keystead.products.ram.product import RAM
from keystead.store import mfa_devices, tables
from products.plane import ALLOW_ALL, Plane

DEVICE = "ann-phone"


class Phone:
    """An authenticator: the seed of a device and a clock that may be off."""

    def __init__(self, plane: Plane, made: dict[str, str]) -> None:
        self.plane, self.serial, self.seed = plane, made["SerialNumber"], made["Base32StringSeed"]
        self.off = 0

    def code(self, steps: int = 0) -> str:
        return str(pyotp.TOTP(self.seed).generate_otp((self.plane.now + self.off) // 30 + steps))

    def pair(self) -> dict[str, str]:
        return {
            "SerialNumber": self.serial,
            "AuthenticationCode1": self.code(-1),
            "AuthenticationCode2": self.code(),
        }


def new_phone(plane: Plane, name: str = DEVICE, by: Caller | None = None) -> Phone:
    return Phone(plane, plane.call("CreateVirtualMFADevice", by, VirtualMFADeviceName=name)["VirtualMFADevice"])


@pytest.fixture
def ready(plane: Plane) -> Plane:
    """With users `Ann` and `bob`."""
    plane.call("CreateUser", UserName="Ann")
    plane.call("CreateUser", UserName="bob")
    return plane


@pytest.fixture
def phone(ready: Plane) -> Phone:
    """A device that is bound to Ann."""
    made = new_phone(ready)
    assert ready.call("BindMFADevice", UserName="Ann", **made.pair()) == {}
    return made


def test_a_device_is_made_with_a_sealed_seed(ready: Plane) -> None:
    made = ready.ims.call("CreateVirtualMFADevice", VirtualMFADeviceName=DEVICE)["VirtualMFADevice"]
    assert made["SerialNumber"] == f"acs:ram::{ready.account_id}:mfa/{DEVICE}"
    assert base64.b64decode(made["QRCodePNG"]).startswith(b"\x89PNG")
    with ready.database.reading(ready.now, ready.account_id) as tx:
        row = mfa_devices.get(tx, DEVICE.upper())
        assert row is not None
        assert made["Base32StringSeed"].encode() not in row.sealed_seed
        assert tx.keyring.open(row.sealed_seed, f"mfa-device:{row.id}").decode() == made["Base32StringSeed"]
    again = ready.refused("CreateVirtualMFADevice", VirtualMFADeviceName=DEVICE.upper())
    assert again == "EntityAlreadyExists.VirtualMFADevice"
    for name, part in (("a_b", "InvalidChars"), ("x" * 65, "Length")):
        refused = ready.refused("CreateVirtualMFADevice", VirtualMFADeviceName=name)
        assert refused == f"InvalidParameter.VirtualMFADeviceName.{part}"


def test_quota(make_plane: Callable[..., Plane]) -> None:
    plane = make_plane(virtual_mfa_devices=1)
    new_phone(plane)
    assert plane.refused("CreateVirtualMFADevice", VirtualMFADeviceName="b") == "LimitExceeded.VirtualMFADevice"


def test_self_service_does_not_use_up_the_account_s_devices(ready: Plane) -> None:
    ann = ready.user("Ann")
    for number in range(rules.MOST_UNBOUND):
        new_phone(ready, f"p{number}", by=ann)
    fault = ready.refusal("CreateVirtualMFADevice", ann, VirtualMFADeviceName="more")
    assert fault.code == "LimitExceeded.VirtualMFADevice"
    assert "makes for itself" in fault.message
    new_phone(ready, "more", by=ready.user("bob"))
    allowed = replace(ann, layers=(Layer.of(LayerKind.ACCOUNT, [everything()]),))
    new_phone(ready, "by-policy", by=allowed)


def everything() -> Attached:
    """A policy that allows all."""
    return Attached("p", "Custom", "v1", "RamUser", "Account", compile_policy(ALLOW_ALL))


def test_bound_and_unbound_in_lists(ready: Plane, phone: Phone) -> None:
    spare = new_phone(ready, "zz-spare")
    user = ready.call("GetUser", UserName="Ann")["User"]
    shown = {"UserId": user["UserId"], "UserName": "Ann", "DisplayName": "Ann"}
    assert ready.call("ListVirtualMFADevices")["VirtualMFADevices"]["VirtualMFADevice"] == [
        {"SerialNumber": phone.serial, "ActivateDate": "2026-01-02T03:04:05Z", "User": shown},
        {"SerialNumber": spare.serial},
    ]
    page = ready.ims.call("ListVirtualMFADevices", MaxItems="1")
    assert page["IsTruncated"] is True
    first = page["VirtualMFADevices"]["VirtualMFADevice"][0]["User"]
    assert first["UserPrincipalName"] == f"Ann@{ready.account_id}.onaliyun.com"
    rest = ready.ims.call("ListVirtualMFADevices", Marker=page["Marker"])
    assert rest["IsTruncated"] is False
    assert rest["VirtualMFADevices"]["VirtualMFADevice"] == [{"SerialNumber": spare.serial}]


def test_info(ready: Plane, phone: Phone) -> None:
    device = {"SerialNumber": phone.serial, "Type": "VMFA"}
    assert ready.call("GetUserMFAInfo", UserName="ann") == {"MFADevice": device}
    assert ready.ims.call("GetUserMFAInfo", ready.user("Ann")) == {"IsMFAEnable": True, "MFADevice": device}
    assert ready.ims.call("GetUserMFAInfo", UserPrincipalName="bob") == {"IsMFAEnable": False}
    fault = ready.refusal("GetUserMFAInfo", UserName="bob")
    assert (fault.code, fault.status) == ("EntityNotExist.User.MFADevice", 404)
    assert ready.ims.refused("GetUserMFAInfo") == "MissingUserPrincipalName"
    assert ready.ims.refused("GetUserMFAInfo", UserPrincipalName="zoe") == "EntityNotExist.User"


def test_binding_refusals(ready: Plane, phone: Phone) -> None:
    other = new_phone(ready, "other")
    bind = "BindMFADevice"
    assert ready.refused(bind, UserName="Ann", **other.pair()) == "EntityAlreadyExists.User.MFADevice"
    assert ready.refused(bind, UserName="bob", **phone.pair()) == "EntityAlreadyExists.VirtualMFADevice.User"
    assert ready.refused(bind, UserName="zoe", **other.pair()) == "EntityNotExist.User"
    elsewhere = {**other.pair(), "SerialNumber": "acs:ram::1234567890123456:mfa/other"}
    for serial in (elsewhere["SerialNumber"], "other", other.serial + "x"):
        given = {**other.pair(), "SerialNumber": serial}
        assert ready.refused(bind, UserName="bob", **given) == "EntityNotExist.VirtualMFADevice"
    for code in ("12345", "1234567", "12345a", "１２３４５６"):
        given = {**other.pair(), "AuthenticationCode2": code}
        assert ready.refused(bind, UserName="bob", **given) == "InvalidParameter.AuthenticationCode.Format"
    swapped = {"SerialNumber": other.serial, "AuthenticationCode1": other.code(), "AuthenticationCode2": other.code(-1)}
    fault = ready.refusal(bind, UserName="bob", **swapped)
    assert (fault.code, fault.status) == ("CheckAuthenticationCodeFail", 403)
    ready.ims.call(bind, UserPrincipalName="bob", **other.pair())


def test_unbinding_keeps_the_device_and_its_memory_of_codes(ready: Plane, phone: Phone) -> None:
    used = phone.pair()
    assert ready.refused("DeleteVirtualMFADevice", SerialNumber=phone.serial) == "DeleteConflict.VirtualMFADevice.User"
    assert ready.refused("DeleteUser", UserName="Ann") == "DeleteConflict.User.MFADevice"
    unbound = {"MFADevice": {"SerialNumber": phone.serial}}
    assert ready.call("UnbindMFADevice", UserName="Ann") == unbound
    for face, name in ((ready.ram, "UserName"), (ready.ims, "UserPrincipalName")):
        assert face.refused("UnbindMFADevice", **{name: "Ann"}) == "EntityNotExist.User.MFADevice"
        assert face.refused("UnbindMFADevice", **{name: "zoe"}) == "EntityNotExist.User"
    assert ready.refused("BindMFADevice", UserName="bob", **used) == "CheckAuthenticationCodeFail"
    ready.now += 60
    ready.call("BindMFADevice", UserName="bob", **phone.pair())
    ready.ims.call("UnbindMFADevice", UserPrincipalName="bob")
    ready.ims.call("DeleteVirtualMFADevice", SerialNumber=phone.serial)
    assert ready.refused("DeleteVirtualMFADevice", SerialNumber=phone.serial) == "EntityNotExist.VirtualMFADevice"
    ready.call("DeleteUser", UserName="Ann")


def test_disable_deletes_the_device(ready: Plane, phone: Phone) -> None:
    assert ready.ims.call("DisableVirtualMFA", UserPrincipalName="Ann") == {}
    assert ready.ims.refused("DisableVirtualMFA", UserPrincipalName="Ann") == "EntityNotExist.User.MFADevice"
    assert ready.call("ListVirtualMFADevices")["VirtualMFADevices"]["VirtualMFADevice"] == []


def test_a_binned_user_s_device_is_free_again(ready: Plane, phone: Phone) -> None:
    ready.ims.call("DeleteUser", UserPrincipalName="Ann")
    assert ready.call("ListVirtualMFADevices")["VirtualMFADevices"]["VirtualMFADevice"] == [
        {"SerialNumber": phone.serial, "ActivateDate": "2026-01-02T03:04:05Z"}
    ] or ready.call("ListVirtualMFADevices")["VirtualMFADevices"]["VirtualMFADevice"] == [
        {"SerialNumber": phone.serial}
    ]
    ready.now += 60
    ready.call("BindMFADevice", UserName="bob", **phone.pair())


def test_the_account_s_own_device(ready: Plane) -> None:
    assert ready.ims.call("GetAccountMFAInfo") == {"IsMFAEnable": False}
    phone = new_phone(ready, "root")
    given = phone.pair()
    with ready.database.writing(ready.now, ready.account_id) as tx:
        rules.bind(tx, None, phone.serial, given["AuthenticationCode1"], given["AuthenticationCode2"])
    assert ready.ims.call("GetAccountMFAInfo") == {"IsMFAEnable": True}
    assert ready.refused("DeleteVirtualMFADevice", SerialNumber=phone.serial) == "DeleteConflict.VirtualMFADevice.User"


def test_codes_are_good_once_and_drift_is_remembered(ready: Plane) -> None:
    phone = new_phone(ready)
    phone.off = 4 * 30
    ready.call("BindMFADevice", UserName="Ann", **phone.pair())

    def accepts(code: str) -> bool:
        with ready.database.writing(ready.now, ready.account_id) as tx:
            row: Any = mfa_devices.get(tx, DEVICE)
            return rules.accepts(tx, row, code)

    assert not accepts(phone.code())  # the second code of the binding
    ready.now += 300
    assert accepts(phone.code())
    assert not accepts(phone.code())
    assert not accepts(phone.code(-1))
    ready.now += 300
    phone.off += 30
    assert accepts(phone.code())
    with ready.database.reading(ready.now, ready.account_id) as tx:
        row = tx.row(sa.select(tables.mfa_devices.c.drift).where(tables.mfa_devices.c.account_id == ready.account_id))
        assert row is not None
        assert row.drift == 5


def test_self_service_reaches_a_device_of_one_s_own_only_while_unbound(ready: Plane) -> None:
    ann, bob = ready.user("Ann"), ready.user("bob")
    phone = new_phone(ready, by=ann)
    action = RAM.actions["DeleteVirtualMFADevice"]

    def own(caller: Caller) -> bool:
        with ready.database.reading(ready.now, ready.account_id) as tx:
            assert action.resolve is not None
            wanted = action.resolve(tx, action.read({"SerialNumber": phone.serial, "Maker": caller.user_id}))
        return action.concerns_itself(wanted, caller)

    assert own(ann)
    assert not own(bob)
    assert not own(ready.account)
    ready.call("BindMFADevice", UserName="Ann", **phone.pair())
    assert not own(ann)


def test_the_serial_number_is_what_is_judged(ready: Plane) -> None:
    action = RAM.actions["DeleteVirtualMFADevice"]
    wanted = action.read({"SerialNumber": f"acs:ram::{ready.account_id}:mfa/{DEVICE}"})
    assert action.resource_names(wanted, ready.account) == [(f"acs:ram:*:{ready.account_id}:mfa/{DEVICE}",)]
