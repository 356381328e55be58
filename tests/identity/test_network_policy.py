"""The language of AccessKey network policies, and which addresses a compiled one lets through."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keystead.faults import Fault
from keystead.identity.network_policy import NetworkPolicy, effective, parse


def document(*statements: dict[str, Any], status: str = "Active", **more: Any) -> str:
    """A policy as a caller writes it."""
    return json.dumps({"Status": status, "Statements": list(statements), **more})


def classic(*addresses: str) -> dict[str, Any]:
    """A ClassicWhiteList statement."""
    return {"Type": "ClassicWhiteList", "IPList": list(addresses)}


def refused(text: str) -> Fault:
    """What refuses the text."""
    with pytest.raises(Fault) as caught:
        parse(text, most_statements=8, most_addresses=50)
    return caught.value


def test_a_policy_is_answered_with_its_version_as_a_number() -> None:
    found = parse(document(classic("203.0.113.0/24", "2001:db8::1")), most_statements=8, most_addresses=50)
    assert json.loads(found.text()) == {
        "Version": 1,
        "Status": "Active",
        "Statements": [{"Type": "ClassicWhiteList", "IPList": ["203.0.113.0/24", "2001:db8::1"]}],
    }
    again = parse(found.text(), most_statements=8, most_addresses=50)
    assert again == found


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{}", "empty"),
        ("[]", "object"),
        ("nonsense", "JSON"),
        ("[" * 4000, "JSON"),
        ('{"Status":"Active","Status":"Inactive","Statements":[]}', "twice"),
        ('{"Status":"Active","Statements":null}', "Statements"),
        ('{"Status":"active","Statements":[]}', "Status"),
        ('{"Statements":[]}', "Status"),
        (document(Version="1"), "Version"),
        (document(Version=True), "Version"),
        (document(Version=2), "Version"),
        (document(Extra=1), "Extra"),
        (document({"Type": "Other", "IPList": ["1.1.1.1"]}), "Type"),
        (document({"Type": "ClassicWhiteList", "IPList": []}), "IPList"),
        (document({"Type": "ClassicWhiteList"}), "IPList"),
        (document({"Type": "ClassicWhiteList", "Value": "vpc-1", "IPList": ["1.1.1.1"]}), "Value"),
        (document({"Type": "VPCWhiteList", "IPList": ["1.1.1.1"]}), "Value"),
        (document({"Type": "VPCWhiteList", "Value": "net-1", "IPList": ["1.1.1.1"]}), "Value"),
        (document(classic("1.1.1.1/33")), "1.1.1.1/33"),
        (document(classic("10.0.0.1/8")), "10.0.0.1/8"),
        (document({"Type": "ClassicWhiteList", "IPList": [1]}), "not a text"),
        (document("x"), "statement"),  # type: ignore[arg-type]
    ],
)
def test_what_is_not_in_the_language_is_refused(text: str, why: str) -> None:
    fault = refused(text)
    assert (fault.code, fault.status) == ("InvalidParameter.AccessKeyPolicy.Format", 400)
    assert why in fault.message


def test_quotas_hold() -> None:
    parse(document(*[classic("1.1.1.1")] * 8), most_statements=8, most_addresses=50)
    assert refused(document(*[classic("1.1.1.1")] * 9)).code == "LimitExceeded.AccessKeyPolicy.Statement"
    parse(document(classic(*["1.1.1.1"] * 50)), most_statements=8, most_addresses=50)
    over = refused(document(classic(*["1.1.1.1"] * 26), classic(*["1.1.1.1"] * 25)))
    assert (over.code, over.status) == ("LimitExceeded.AccessKeyPolicy.IPList", 409)
    assert "51" in over.message


def applies(own: str | None, of_account: str | None) -> NetworkPolicy:
    """The policy that applies, which there must be."""
    found = effective(own, of_account)
    assert found is not None
    return found


def test_which_policy_applies() -> None:
    mine, ours = document(classic("10.0.0.0/8")), document(classic("192.0.2.1"))
    off = document(classic("10.0.0.0/8"), status="Inactive")
    assert effective(None, None) is None
    assert effective(off, off) is None
    assert applies(mine, ours).level == "AccessKey"
    assert applies(off, ours).level == "account"
    assert applies(None, ours).permits("192.0.2.1")
    assert not applies(mine, ours).permits("192.0.2.1")


def test_which_addresses_pass() -> None:
    policy = applies(document(classic("10.0.0.0/8", "2001:db8::/32")), None)
    assert all(policy.permits(address) for address in ("10.1.2.3", "::ffff:10.1.2.3", "2001:db8::5"))
    assert not any(policy.permits(address) for address in ("11.0.0.1", "2001:db9::1", "", "unix:", "10.0.0.999"))
    assert not applies(document(), None).permits("127.0.0.1")
    vpc = document({"Type": "VPCWhiteList", "Value": "AllowAllVPC", "IPList": ["0.0.0.0/0", "::/0"]})
    assert not applies(vpc, None).permits("10.0.0.1")


@given(st.text(max_size=200) | st.recursive(st.none() | st.booleans() | st.text(), st.lists).map(json.dumps))
def test_nothing_but_a_fault_comes_out_of_noise(text: str) -> None:
    assert refused(text).code == "InvalidParameter.AccessKeyPolicy.Format"
