"""The parts by themselves: typed values, system policies, memos, principals, layers of one kind, the public names."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal

import pytest

import keystead.policy
from keystead.policy import (
    SYSTEM_POLICIES,
    Attached,
    Decision,
    DocumentKind,
    Layer,
    LayerKind,
    PolicyError,
    Query,
    compile_policy,
    context_key,
    decide,
    explain,
    principal_kinds,
    validate,
    values,
)
from keystead.policy import layers as layers_module
from keystead.policy.index import Drawers
from keystead.policy.patterns import Glob
from policy import building

SECTION_10 = {
    *("AdministratorAccess", "ReadOnlyAccess", "PowerUserAccess", "AliyunRAMFullAccess", "AliyunRAMReadOnlyAccess"),
    *("AliyunSTSAssumeRoleAccess", "AliyunRAMAccessAnalyzerFullAccess", "AliyunRAMAccessAnalyzerReadOnlyAccess"),
    *("AliyunBailianFullAccess", "AliyunBailianReadOnlyAccess", "AliyunBailianDataFullAccess"),
    *("AliyunBailianDataReadOnlyAccess", "AliyunBailianControlFullAccess", "AliyunBailianControlReadOnlyAccess"),
    *("AliyunModelStudioReadOnlyAccess", "AliyunModelStudioFullAccess", "AliyunSFMReadOnlyAccess"),
}


def granted(name: str, action: str) -> bool:
    found = SYSTEM_POLICIES[name]
    held = Attached(name, "System", found.version, "RamUser", "Account", compile_policy(found.document))
    return decide(Query(action, "*"), [Layer.of(LayerKind.ACCOUNT, [held])]).allowed


def test_the_public_names() -> None:
    """The surface is what other parts were told; adding to it is a decision."""
    assert sorted(keystead.policy.__all__) == [
        *(
            "Attached",
            "Comparison",
            "ConditionTrace",
            "Context",
            "DOCUMENTED_OPERATORS",
            "Decision",
            "DocumentKind",
            "Effect",
        ),
        *("Explanation", "Finding", "Layer", "LayerKind", "LayerTrace", "Level", "Match", "Policy", "PolicyError"),
        *(
            "Principal",
            "Query",
            "Relation",
            "Remedy",
            "SYSTEM_POLICIES",
            "StatementTrace",
            "SystemPolicy",
            "TrustedPrincipals",
        ),
        *(
            "compare",
            "compile_policy",
            "context_key",
            "could_allow",
            "decide",
            "explain",
            "findings",
            "fold",
            "gives_much",
        ),
        *("narrowed", "principal_kinds", "remedies", "shortened", "validate"),
    ]


def test_every_system_policy_of_section_10_is_there_and_sound() -> None:
    assert set(SYSTEM_POLICIES) >= SECTION_10
    for name, policy in SYSTEM_POLICIES.items():
        assert policy.name == name
        assert policy.description
        assert policy.version.startswith("v")
        for date in (policy.create_date, policy.update_date):
            assert datetime.fromisoformat(date)
        assert policy.create_date <= policy.update_date
        validate(policy.document, DocumentKind.IDENTITY)


@pytest.mark.parametrize(
    ("name", "allowed", "refused"),
    [
        ("AdministratorAccess", ["ram:DeleteUser", "x:y"], []),
        ("ReadOnlyAccess", ["ram:GetUser", "ecs:DescribeDisks", "kms:BatchGetX"], ["ram:CreateUser", "sts:AssumeRole"]),
        (
            "PowerUserAccess",
            ["ecs:RunInstances", "ram:ListRoles", "ram:CreateServiceLinkedRole"],
            ["ram:CreateUser", "ims:CreateUser", "bss:PayOrder", "cloudsso:X"],
        ),
        ("AliyunRAMFullAccess", ["ram:CreateUser", "ims:CreateUser"], ["sts:AssumeRole"]),
        ("AliyunRAMReadOnlyAccess", ["ram:GetUser", "ram:GenerateCredentialReport"], ["ram:CreateUser"]),
        ("AliyunSTSAssumeRoleAccess", ["sts:AssumeRole"], ["sts:GetCallerIdentity", "ram:GetUser"]),
        ("AliyunBailianFullAccess", ["modelstudio:X", "sfm:X", "bailianchatbot:X", "ram:ListRoles"], ["ram:GetUser"]),
        ("AliyunBailianReadOnlyAccess", ["modelstudio:ListWorkspaces", "sfm:GetX"], ["sfm:CreateSession"]),
        ("AliyunBailianDataReadOnlyAccess", ["sfm:CreateSession", "bailiandata:QueryX"], ["sfm:DeleteX"]),
        ("AliyunModelStudioReadOnlyAccess", ["modelstudio:ListApiKeys"], ["modelstudio:CreateApiKey", "sfm:GetX"]),
        ("AliyunModelStudioFullAccess", ["modelstudio:CreateApiKey"], ["ram:GetUser"]),
    ],
)
def test_what_system_policies_grant(name: str, allowed: list[str], refused: list[str]) -> None:
    assert all(granted(name, action) for action in allowed)
    assert not any(granted(name, action) for action in refused)


def test_numbers() -> None:
    assert values.number("1.50") == values.number("1.5") == Decimal("1.5")
    assert values.number("0.1") == Decimal("0.1")
    assert values.number("-2e3") == -2000
    refused = ["", "1.", ".5", "1e1000", "nan", "inf", "1_0", " 1", "1\n", "9" * 41, "\u0661"]
    assert [values.number(text) for text in refused] == [None] * len(refused)


def test_instants() -> None:
    reference = values.instant("2030-01-01T00:00:00Z")
    same = ["2030-01-01", "2030-01-01T08:00:00+08:00", "2029-12-31T19:00-0500", "2030-01-01t00:00:00.000z"]
    assert [values.instant(text) for text in same] == [reference] * len(same)
    assert values.instant("1970-01-01T00:00:00.000000001Z") == 1
    assert values.instant("1969-12-31T23:59:59Z") == -1_000_000_000
    assert values.instant("0001-01-01T00:00:00+23:59") is not None
    assert values.instant("9999-12-31T23:59:59-23:59") is not None
    refused = [
        "",
        "2030-02-30",
        "2030-01-01T24:00:00Z",
        "2030-01-01T00:00:60Z",
        "2030-01-01T00:00:00+24:00",
        "0000-01-01",
    ]
    assert [values.instant(text) for text in [*refused, "2030-01-01" + "0" * 100]] == [None] * (len(refused) + 1)


def test_booleans() -> None:
    assert [values.boolean(text) for text in ("true", "FALSE", "1", "")] == [True, False, None, None]


def test_networks() -> None:
    assert values.network("10.1.2.3/8") == values.network("10.0.0.0/8") == values.network("::ffff:10.0.0.0/104")
    assert values.network("::/0") == (128, 0, 0)
    assert values.address("::ffff:1.2.3.4") == values.address("1.2.3.4")
    refused = [
        "",
        "/",
        "10.0.0.0/",
        "10.0.0.0/33",
        "::1/129",
        "10.0.0.0/8/8",
        "010.0.0.1",
        "::%1",
        "10.0.0.0/+8",
        "x" * 99,
    ]
    assert [values.network(text) for text in refused] == [None] * len(refused)


def test_a_long_list_of_addresses() -> None:
    listed = [f"10.0.{number // 250}.{number % 250}" for number in range(900)]
    layers = building.account(building.allow(Condition={"IpAddress": {"acs:SourceIp": listed}}))
    for address, allowed in ((listed[-1], True), ("10.1.0.0", False)):
        assert decide(Query("a:b", "*", {"acs:sourceip": address}), layers).allowed is allowed


def test_context_keys_keep_the_case_of_tags() -> None:
    assert context_key("acs:RequestTag/My/Tag") == "acs:requesttag/My/Tag"
    assert context_key("acs:SourceIp") == "acs:sourceip"


def test_principal_kinds_are_those_that_an_allow_names() -> None:
    sound = {"Effect": "Allow", "Action": "sts:AssumeRole"}
    found = principal_kinds(
        building.text_of(
            {**sound, "Principal": {"Service": ["b.aliyuncs.com", "a.aliyuncs.com"], "RAM": "acs:ram::1:root"}},
            {**sound, "Principal": {"Service": "a.aliyuncs.com"}},
            {**sound, "Effect": "Deny", "Principal": {"Federated": "acs:ram::1:saml-provider/x"}},
        )
    )
    assert found == (("RAM", "Service"), ("a.aliyuncs.com", "b.aliyuncs.com"))


def test_what_is_stored_is_read_more_leniently_than_written() -> None:
    lone = json.dumps({"Version": "1", "Statement": building.allow()})
    with pytest.raises(PolicyError):
        validate(lone, DocumentKind.IDENTITY)
    assert len(compile_policy(lone).statements) == 1
    assert compile_policy(lone) is compile_policy(lone)
    with pytest.raises(PolicyError):
        compile_policy("{}")


def test_several_layers_of_one_kind() -> None:
    """Identity layers of one scope add up; of the limiting kinds and of trust, each must allow."""
    user = building.layer("AccountLevelIdentityBasedPolicy", [building.text_of(building.allow("a:*"))])
    group = building.layer("AccountLevelIdentityBasedPolicy", [building.text_of(building.deny("a:x"))])
    assert decide(Query("a:b", "*"), [user, group]).allowed
    assert decide(Query("a:x", "*"), [user, group]).explicit_deny
    assert decide(Query("a:x", "*"), [group, user]).explicit_deny
    assert not decide(Query("b:b", "*"), [group, user]).allowed
    for kind in ("ControlPolicy", "SessionPolicy"):
        limits = [building.layer(kind, [building.text_of(building.allow(name))]) for name in ("a:*", "*:b")]
        assert decide(Query("a:b", "*"), [*limits, user]).allowed
        assert not decide(Query("a:c", "*"), [*limits, user]).allowed
        assert not decide(Query("b:b", "*"), limits).allowed


def test_memos_are_bounded_and_cleared_without_effect(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layers_module, "_MOST_PLANS", 8)
    monkeypatch.setattr(layers_module, "_MOST_GROUPS", 4)
    [layer] = building.account(building.allow("a:*", "acs:oss:*:1:x*"), building.deny("a:7*"))
    for _ in range(3):
        for number in range(50):
            found = decide(Query(f"a:{number}", f"acs:oss:cn:1:x{number}"), [layer])
            assert found.allowed is (not str(number).startswith("7"))
    assert len(layer._plans) <= 8
    assert len(layer._groups) <= 4
    decide(Query("a:1", "acs:oss:cn:1:x" + "y" * 5_000), [layer])
    assert all(len(str(key)) < 1_000 for key in layer._plans)


def test_the_index_narrows_but_never_loses() -> None:
    patterns = ["a", "ab", "a*", "ab*", "*", "a?", "?b", "*b", "**", "a**", ""]
    drawers = Drawers((Glob(pattern), pattern) for pattern in patterns)
    for text in ("", "a", "ab", "abc", "b", "xb"):
        found = set(drawers.find(text))
        assert found >= {each for each in patterns if Glob(each).matches(text)}
        assert ("a" in found) is (text == "a")
        assert ("ab*" in found) is text.startswith("ab")
        assert ("*b" in found) is text.endswith("b")


def test_an_explanation_says_how_far_it_was() -> None:
    layers = building.account(
        building.allow("oss:*"),
        building.allow("ram:*", Condition={"IpAddress": {"acs:SourceIp": ["10.0.0.0/8", "::1"]}}),
    )
    told = explain(Query("ram:GetUser", "acs:ram:*:1:user/a", {"acs:sourceip": "192.0.2.1"}), layers)
    assert str(told).splitlines() == [
        "Denied: ram:GetUser on acs:ram:*:1:user/a.",
        "No statement of AccountLevelIdentityBasedPolicy allows it.",
        "Statement[1] of policy p0 would, but for:",
        "  IpAddress acs:SourceIp: wanted 10.0.0.0/8, ::1; the request has 192.0.2.1",
        "Statement[0] of policy p0 would, but for:",
        "  Action: wanted oss:*",
    ]
    assert [each.index for each in told.closest] == [1, 0]
    assert "the request has nothing" in str(explain(Query("ram:GetUser", "*"), layers))


def test_an_explanation_names_the_statement_that_decided() -> None:
    layers = building.account(building.allow(), building.deny("ram:*"))
    assert str(explain(Query("ram:GetUser"), layers)).splitlines() == [
        "Denied: ram:GetUser on no resource.",
        "Deny by Statement[1] of policy p0.",
    ]
    assert "Allow by Statement[0] of policy p0." in str(explain(Query("oss:Get"), layers))
    assert "No policy applies" in str(explain(Query("oss:Get"), []))


def test_the_allow_path_creates_nothing() -> None:
    layers = building.account(building.allow("ram:Get*", Condition={"Bool": {"acs:MFAPresent": "true"}}))
    query = Query("ram:GetUser", "*", {"acs:mfapresent": "true"})
    first: Decision = decide(query, layers)
    assert first.allowed
    assert decide(query, layers) is first
