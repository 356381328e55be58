"""The actions over people are the vendor's: parameters, permission, resources, errors."""

from __future__ import annotations

import re
from typing import Any

import pytest

from keystead.products.action import Action
from keystead.products.ims import access_keys, account_summary, domains, groups, recycle_bin, tags, users
from keystead.products.ims.product import IMS
from keystead.wire.parameters import Choice, Flag, Items, Parameter, Text, Whole
from products.plane import PUBLISHED

CATALOGUE: dict[str, Any] = PUBLISHED["Ims"]["actions"]
MODULES = {each.__name__ for each in (access_keys, account_summary, domains, groups, recycle_bin, tags, users)}
DECLARED = [IMS.actions[name] for name in sorted(IMS.actions) if IMS.actions[name].handler.__module__ in MODULES]
TYPES = {Text: "string", Choice: "string", Whole: "integer", Flag: "boolean", Items: "array"}

# Lengths where the reference decides otherwise than the vendor's IMS page: display names of users (5.2).
OTHER_LENGTH = {"DisplayName", "NewDisplayName"}


def test_everything_is_there() -> None:
    assert len(DECLARED) == 34


@pytest.mark.parametrize("action", DECLARED, ids=lambda action: action.name)
def test_parameters_are_the_vendors(action: Action) -> None:
    wanted = CATALOGUE[action.name]["parameters"]
    ours = {parameter.name: parameter for parameter in action.parameters}
    assert set(ours) == {entry["name"] for entry in wanted}
    for entry in wanted:
        parameter = ours[entry["name"]]
        # Tagging without a tag is refused either way; the vendor's client library lets it be left out.
        assert parameter.required == entry["required"] or parameter.name == "Tag", parameter.name
        assert TYPES[type(parameter.rule)] == entry["type"], parameter.name
        same_limits(action, parameter, entry.get("constraints", {}))


def same_limits(action: Action, parameter: Parameter, limits: dict[str, Any]) -> None:
    """Lengths, ranges, defaults and words are the vendor's."""
    rule = parameter.rule
    if isinstance(rule, Text) and "maxLength" in limits and parameter.name not in OTHER_LENGTH:
        assert rule.max == limits["maxLength"], parameter.name
        assert rule.min <= int(limits.get("minLength", 1)), parameter.name
    if isinstance(rule, Whole):
        assert (rule.min, rule.max) == (limits["min"], limits["max"]), parameter.name
    if isinstance(rule, Choice):
        assert set(rule.of) == set(limits["enum"]), parameter.name
    if isinstance(rule, Items):
        assert rule.max == limits["maxItems"], parameter.name
    if "default" in limits and parameter.field in {"max_items", "page_size", "status", "all"}:
        fields = dict(zip(action.input.__struct_fields__, action.input.__struct_defaults__, strict=False))
        default = fields.get(parameter.field, limits["default"])
        assert default == limits["default"] or not isinstance(default, type(limits["default"]))


@pytest.mark.parametrize("action", DECLARED, ids=lambda action: action.name)
def test_permission_and_resources_are_the_vendors(action: Action) -> None:
    wanted = CATALOGUE[action.name]["authorization"]
    assert action.permission == wanted["action"]
    ours = [as_the_vendor_writes(str(entry)) for entry in action.resources]
    assert ours == [entry.replace("{AccountId}", "{account}") for entry in wanted["resources"]]


def as_the_vendor_writes(template: str) -> str:
    """Our template in the catalogue's words, whose region is empty."""
    words = template.replace("acs:ram:*:", "acs:ram::").replace("{resource_principal_name}", "{user_name}")
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
        if code.startswith("InvalidParameter.") and code not in codes:
            assert code.split(".")[1] in names, code
        elif code != "NoPermission":
            assert codes.get(code) == entry["status"], code


@pytest.mark.parametrize("action", DECLARED, ids=lambda action: action.name)
def test_declared_faults_differ_and_say_what_to_do(action: Action) -> None:
    assert len({kind.code for kind in action.faults}) == len(action.faults)
    assert all(kind.next_step.endswith(".") for kind in action.faults)
    assert action.summary.endswith(".")
