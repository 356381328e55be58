"""Verified mail addresses: a code that really arrives, and clear refusals where none can."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from keystead.identity.mail import Mailer
from keystead.identity.transaction import Tx
from keystead.products.people import verification as rules
from products.plane import Plane
from services.smtp import MailBox, smtp

GIVEN = {"UserPrincipalName": "Ann", "VerifyType": "email", "Email": "ann@x.example"}


@pytest.fixture
def ready(plane: Plane) -> Plane:
    """With the user `Ann`."""
    plane.call("CreateUser", UserName="Ann")
    return plane


@pytest.fixture
def box(monkeypatch: pytest.MonkeyPatch) -> Iterator[MailBox]:
    """A mail server that every transaction knows."""
    with smtp() as found:
        mailer = Mailer.to(f"smtp://127.0.0.1:{found.port}", "keystead@x.example")
        begin = Tx.__init__

        def with_mail(self: Tx, *given: Any, **named: Any) -> None:
            begin(self, *given, **{**named, "mailer": mailer})

        monkeypatch.setattr(Tx, "__init__", with_mail)
        yield found


def info(plane: Plane) -> Any:
    return plane.ims.call("GetVerificationInfo", UserPrincipalName="Ann")


def confirm(plane: Plane, code: str) -> bool:
    user_id = plane.call("GetUser", UserName="Ann")["User"]["UserId"]
    with plane.database.writing(plane.now, plane.account_id) as tx:
        return rules.confirm(tx, user_id, "email", code)


def code_in(box: MailBox) -> str:
    found = re.search(r"is (\d{6})\.", box.taken.get(timeout=10).text)
    assert found is not None
    return found[1]


def test_without_a_mail_server_the_setting_is_named(ready: Plane) -> None:
    fault = ready.ims.refusal("SetVerificationInfo", **GIVEN)
    assert fault.code == "InvalidParameter.VerifyType"
    assert "smtp_url" in fault.message
    sms = {"UserPrincipalName": "Ann", "VerifyType": "sms", "MobilePhone": "86-13800000000"}
    assert "short messages" in ready.ims.refusal("SetVerificationInfo", **sms).message
    assert "missing" in ready.ims.refusal("SetVerificationInfo", UserPrincipalName="Ann").message
    assert info(ready) == {}


def test_a_code_is_sent_and_makes_the_address_active(ready: Plane, box: MailBox) -> None:
    ready.ims.call("SetVerificationInfo", **GIVEN)
    assert info(ready) == {"SecurityEmailDevice": {"Email": "ann@x.example", "Status": "pending"}}
    code = code_in(box)
    wrong = "000000" if code != "000000" else "111111"
    assert not confirm(ready, wrong)
    assert confirm(ready, code)
    assert not confirm(ready, code)
    assert info(ready)["SecurityEmailDevice"]["Status"] == "active"
    other = {**GIVEN, "Email": "else@x.example"}
    assert ready.ims.refused("UnbindVerification", **other) == "EntityNotExist.User.Verification"
    ready.ims.call("UnbindVerification", UserPrincipalName="Ann", VerifyType="email")
    assert info(ready) == {}
    assert ready.ims.refused("UnbindVerification", **GIVEN) == "EntityNotExist.User.Verification"


def test_codes_end(ready: Plane, box: MailBox) -> None:
    ready.ims.call("SetVerificationInfo", **GIVEN)
    code = code_in(box)
    wrong = "000000" if code != "000000" else "111111"
    assert [confirm(ready, wrong) for _ in range(rules.TRIES)] == [False] * rules.TRIES
    assert not confirm(ready, code)
    assert ready.ims.refused("SetVerificationInfo", **GIVEN) == "Throttling.User"
    ready.now += rules.PAUSE_SECONDS
    ready.ims.call("SetVerificationInfo", **GIVEN)
    code = code_in(box)
    ready.now += rules.CODE_SECONDS
    assert not confirm(ready, code)


def test_refusals(ready: Plane, box: MailBox) -> None:
    assert (
        "Email is missing"
        in ready.ims.refusal("SetVerificationInfo", UserPrincipalName="Ann", VerifyType="email").message
    )
    assert ready.ims.refused("SetVerificationInfo", **{**GIVEN, "UserPrincipalName": "zoe"}) == "EntityNotExist.User"
    assert ready.ims.refused("SetVerificationInfo", VerifyType="fax").startswith("InvalidParameter.VerifyType")
    assert ready.ims.refused("GetVerificationInfo") == "MissingUserPrincipalName"
    ready.ims.call("SetVerificationInfo", ready.user("Ann"), Email="own@x.example")
    assert box.taken.get(timeout=10).to.find("own@x.example") > 0
