"""Every action that is declared is the vendor's: parameters, permission, resources, errors."""

from __future__ import annotations

import re

import pytest

from keystead.policy import context_key
from keystead.products.action import Action
from keystead.products.ram.product import RAM
from keystead.wire.parameters import Choice, Flag, Items, Parameter, Text, Whole
from products.plane import ALLOW_ALL, CATALOGUE, RESOURCES, Plane, trust

DECLARED = [RAM.actions[name] for name in sorted(RAM.actions) if name in CATALOGUE]
TYPES = {Text: "string", Choice: "string", Whole: "integer", Flag: "boolean", Items: "array"}

KINDS = ("role", "policy")


def test_every_resource_declares_its_actions() -> None:
    assert {action.handler.__module__ for action in DECLARED} >= {resource.__name__ for resource in RESOURCES}
    assert len(DECLARED) >= 54


@pytest.mark.parametrize("action", DECLARED, ids=lambda action: action.name)
def test_parameters_are_the_vendors(action: Action) -> None:
    wanted = CATALOGUE[action.name]["parameters"]
    ours = {parameter.name: parameter for parameter in action.parameters}
    assert set(ours) == {entry["name"] for entry in wanted}
    for entry in wanted:
        parameter = ours[entry["name"]]
        assert parameter.required == entry["required"], parameter.name
        assert TYPES[type(parameter.rule)] == entry["type"], parameter.name
        same_limits(parameter, entry.get("constraints", {}))
        if isinstance(entry.get("items", {}).get("Key"), dict):
            assert [member.name for member in parameter.members] == list(entry["items"])


def same_limits(parameter: Parameter, limits: dict[str, object]) -> None:
    """Lengths, ranges and words are the vendor's, except documents, whose length is a quota."""
    rule = parameter.rule
    if isinstance(rule, Text) and "maxLength" in limits and parameter.name != "PolicyDocument":
        assert rule.max == limits["maxLength"], parameter.name
        assert rule.min <= int(str(limits.get("minLength", 1))), parameter.name
    if isinstance(rule, Whole) and "max" in limits:
        assert (rule.min, rule.max) == (limits["min"], limits["max"]), parameter.name
    if isinstance(rule, Choice):
        assert set(rule.of) == set(limits["enum"]), parameter.name
    if isinstance(rule, Items) and "maxItems" in limits:
        assert rule.max == limits["maxItems"], parameter.name


@pytest.mark.parametrize("action", DECLARED, ids=lambda action: action.name)
def test_permission_and_resources_are_the_vendors(action: Action) -> None:
    wanted = CATALOGUE[action.name]["authorization"]
    assert action.permission == wanted["action"]
    ours = [as_the_vendor_writes(entry) for entry in action.resources]
    assert ours == [entry.replace("{AccountId}", "{account}") for entry in wanted["resources"]]


def as_the_vendor_writes(entry: str | tuple[str, ...]) -> str:
    """Our template in the catalogue's words; of alternatives the first is what the vendor writes today."""
    text = entry if isinstance(entry, str) else entry[0]
    words = text.replace("{caller}", "{UserName}").replace("{virtual_mfa_device_name}", "{VirtualMFADeviceName}")
    if "{resource_type}" in text:  # one kind or the other
        rest = text.split("{resource_type}/")[1]
        names = ("{RoleName}", "{PolicyName}") if rest == "{resource_names}" else (rest, rest)
        words = " | ".join(f"acs:ram:*:{{account}}:{kind}/{name}" for kind, name in zip(KINDS, names, strict=True))
    if "{policy_account}" in text:
        words = f"{text.replace('{policy_account}', '{account}')} | {text.replace('{policy_account}', 'system')}"
    return re.sub(
        r"\{([a-z_]+)\}",
        lambda found: found[0] if found[1] == "account" else "{" + found[1].title().replace("_", "") + "}",
        words,
    )


@pytest.mark.parametrize("action", DECLARED, ids=lambda action: action.name)
def test_every_error_of_the_vendor_is_declared(action: Action) -> None:
    codes = {kind.code: kind.status for kind in action.faults}
    names = {parameter.name for parameter in action.parameters}
    for entry in CATALOGUE[action.name]["errors"]:
        code = entry["code"]
        if code == "NoPermission":
            continue
        if code.startswith("InvalidParameter.") and code not in codes:
            assert code.split(".")[1] in names, code
        else:
            assert codes.get(code) == entry["status"], code


@pytest.mark.parametrize("action", DECLARED, ids=lambda action: action.name)
def test_declared_faults_differ_and_say_what_to_do(action: Action) -> None:
    assert len({kind.code for kind in action.faults}) == len(action.faults)
    assert all(kind.next_step.endswith(".") for kind in action.faults)
    assert action.summary.endswith(".")


def test_conditions_of_create_role_name_whom_it_trusts() -> None:
    action = RAM.actions["CreateRole"]
    assert action.context is not None
    given = {
        "RoleName": "r",
        "AssumeRolePolicyDocument": trust("ecs.aliyuncs.com", "fc.aliyuncs.com", kind="Service"),
        "Tag": '[{"Key":"Team","Value":"blue"}]',
    }
    facts = {context_key(name): value for name, value in action.context(action.read(given)).items()}
    assert facts == {
        "ram:trustedprincipaltypes": ("Service",),
        "ram:servicenames": ("ecs.aliyuncs.com", "fc.aliyuncs.com"),
        "acs:requesttag/Team": "blue",
    }
    unreadable = action.read({**given, "AssumeRolePolicyDocument": "{"})
    assert dict(action.context(unreadable)) == {"acs:RequestTag/Team": "blue"}


def test_conditions_of_tags_in_the_request() -> None:
    for name, given in (
        ("CreatePolicy", {"PolicyName": "p", "PolicyDocument": ALLOW_ALL}),
        ("TagResources", {"ResourceType": "policy", "ResourceNames": '["p"]'}),
    ):
        action = RAM.actions[name]
        assert action.context is not None
        wanted = action.read({**given, "Tag.1.Key": "env", "Tag.1.Value": "prod"})
        assert action.context(wanted) == {"acs:RequestTag/env": "prod"}


def test_resources_are_filled_in(plane: Plane) -> None:
    def asked(name: str, **given: str) -> list[tuple[str, ...]]:
        action = RAM.actions[name]
        return action.resource_names(action.read(given), plane.account)

    mine = f"acs:ram:*:{plane.account_id}:"
    system = asked("AttachPolicyToRole", RoleName="r", PolicyName="ReadOnlyAccess", PolicyType="System")
    assert system == [(mine + "role/r",), ("acs:ram:*:system:policy/ReadOnlyAccess",)]
    custom = asked("DetachPolicyFromGroup", GroupName="g", PolicyName="p", PolicyType="Custom")
    assert custom == [(mine + "group/g",), (mine + "policy/p",)]
    assert asked("AddUserToGroup", UserName="u", GroupName="g") == [(mine + "user/u",), (mine + "group/g",)]
    assert asked("CreatePolicy", PolicyName="p", PolicyDocument="{}") == [(mine + "policy/p", mine + "policy/*")]
    assert asked("CreateRole", RoleName="r", AssumeRolePolicyDocument="{}") == [(mine + "role/r", mine + "role/*")]
    assert asked("ListTagResources", ResourceType="policy") == [(mine + "policy/*",)]
