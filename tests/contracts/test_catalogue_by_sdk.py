"""Every action of RAM, IMS and STS through the vendor's current SDKs over a running server.

Each declared action has a scenario that sets its parameters; the answer is held against the whole tree of the
vendor's catalogue.  Then each parameter is sent at its limits, which must not be refused for it, and beyond, which must
be refused with that parameter's code and status 400.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from contracts.scenarios import SCENARIOS, Scenario
from contracts.stage import Stage, World, attempt
from journeys.client import ApiError
from keystead.products.action import Action
from keystead.products.catalogue import PRODUCTS
from keystead.wire.parameters import Choice, Parameter, Text, Whole
from products.plane import MAY_BE_ABSENT, PUBLISHED, judge
from services.server import running

DECLARED = [
    product.actions[name]
    for product in PRODUCTS
    if product.name in SCENARIOS
    for name in sorted(product.actions)
    if name in PUBLISHED[product.name]["actions"]
]
ABSENT_HERE = MAY_BE_ABSENT | {"SourceIdentity", "UpdateDate", "User", "ActivateDate", "RoleId"}
LONGEST = 30_000
"""Characters that still travel in a query."""


@pytest.fixture(scope="module")
def world(backend: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A server of this module's own: scenarios change the account's alias and policies."""
    home = tmp_path_factory.mktemp(f"catalogue-{backend}")
    options = ("--writes-per-second", "0", "--reads-per-second", "0", "--sts-per-second", "0")
    if backend == "sqlite":
        with running(home, options=options) as server:
            yield World(server)
    else:
        cluster = request.getfixturevalue("postgres_cluster")
        with cluster.database() as url, running(home, database=url, options=options) as server:
            yield World(server)


def scenario_of(action: Action) -> Scenario:
    """The action's scenario; there must be one."""
    found = SCENARIOS[action.product].get(action.name)
    assert found is not None, f"tests/contracts/scenarios.py has no scenario for {action.product} {action.name}"
    return found


def play(world: World, action: Action, scenario: Scenario, given: dict[str, Any]) -> dict[str, Any]:
    """Run the scenario with these parameters; returns the answer.  What stands after it is always done."""
    stage = Stage(world)
    filled = stage.fill({name: value for name, value in given.items() if value is not None})
    caller = stage.caller(scenario.by)
    for step in scenario.before:
        stage.run(step)
    try:
        return world.sdk.call(caller, action.product.lower(), action.name, filled)
    finally:
        for step in scenario.after:
            stage.run(step)


@pytest.mark.parametrize("action", DECLARED, ids=lambda action: f"{action.product}-{action.name}")
def test_its_scenario(world: World, action: Action) -> None:
    scenario = scenario_of(action)
    if scenario.refused:
        _, refusal = attempt(lambda: play(world, action, scenario, dict(scenario.given)))
        if refusal is not None:
            assert (refusal.status or 500) < 500
            assert not refusal.code.startswith(("Missing", "InvalidAction", "NoPermission"))
        return
    answer = play(world, action, scenario, dict(scenario.given))
    assert answer.pop("RequestId")
    tree = {
        name: value
        for name, value in PUBLISHED[action.product]["actions"][action.name]["response"].items()
        if name != "RequestId"
    }
    judge(_with_absent(answer, tree), tree, action.name)


def _with_absent(answer: Any, tree: dict[str, Any]) -> Any:
    """The answer, with a stand-in for each member that may be left out here."""
    if not isinstance(answer, dict):
        return answer
    shown = dict(answer)
    for name, wanted in tree.items():
        if name not in shown:
            if name in ABSENT_HERE and name not in MAY_BE_ABSENT:
                shown[name] = _STAND_IN.get(wanted["type"], "x") if wanted["type"] != "object" else _empty(wanted)
            continue
        if wanted["type"] == "object":
            shown[name] = _with_absent(shown[name], wanted["fields"])
        elif wanted["type"] == "array" and wanted["items"]["type"] == "object":
            shown[name] = [_with_absent(each, wanted["items"]["fields"]) for each in shown[name]]
    return shown


_STAND_IN: dict[str, Any] = {"string": "x", "integer": 0, "boolean": False, "array": []}


def _empty(wanted: dict[str, Any]) -> dict[str, Any]:
    return {
        name: _empty(each) if each["type"] == "object" else _STAND_IN.get(each["type"], "x")
        for name, each in wanted["fields"].items()
    }


def at_limits(parameter: Parameter, value: Any) -> list[Any]:
    """Values that the parameter's own rule must let through."""
    match parameter.rule:
        case Whole():
            return [parameter.rule.min, parameter.rule.max]
        case Choice():
            return list(parameter.rule.of)
        case Text() if value == "<fresh>" or parameter.rule.doc == "free text":
            mark = "<fresh>" if value == "<fresh>" else ""
            return [mark + "a" * (parameter.rule.max - (14 if mark else 0))]
        case _:
            return []


def beyond(parameter: Parameter) -> list[tuple[Any, str]]:
    """Values that the parameter's own rule must refuse, each with the last part of the code."""
    match parameter.rule:
        case Whole():
            found: list[tuple[Any, str]] = [(parameter.rule.min - 1, "Range")]
            return found if parameter.rule.clamp else [*found, (parameter.rule.max + 1, "Range")]
        case Choice():
            return [("Nonsense", "Format")]
        case Text():
            longer = [("a" * (parameter.rule.max + 1), "Length")] if parameter.rule.max < LONGEST else []
            wrong = (
                [("\N{SNOWMAN} ", parameter.rule.wrong)] if parameter.rule.pattern and parameter.rule.min < 3 else []
            )
            return [*longer, *wrong]
        case _:
            return []


@pytest.mark.parametrize("action", DECLARED, ids=lambda action: f"{action.product}-{action.name}")
def test_its_parameters_at_their_limits(world: World, action: Action) -> None:
    scenario = scenario_of(action)
    for parameter in action.parameters:
        value = scenario.given.get(parameter.name)
        if value is None:
            continue
        for limit in at_limits(parameter, value):
            given = {**scenario.given, parameter.name: limit}
            _, refusal = attempt(partial(play, world, action, scenario, given))
            if refusal is not None:
                refused = refusal.code.startswith(f"InvalidParameter.{parameter.name}.")
                assert not refused, f"{parameter.name} at its limit: {refusal}"
                assert (refusal.status or 500) < 500


@pytest.mark.parametrize("action", DECLARED, ids=lambda action: f"{action.product}-{action.name}")
def test_its_parameters_beyond_their_limits(world: World, action: Action) -> None:
    scenario = scenario_of(action)
    wanted = [(parameter, *case) for parameter in action.parameters for case in beyond(parameter)]
    if not wanted:
        return
    stage = Stage(world)
    given = stage.fill({name: value for name, value in scenario.given.items() if value is not None})
    for parameter, value, part in wanted:
        with pytest.raises(ApiError) as caught:
            world.sdk.call(world.server.admin, action.product.lower(), action.name, {**given, parameter.name: value})
        fault = getattr(parameter.rule, "fault", "")
        codes = {fault} if fault else {f"InvalidParameter.{parameter.name}.{part}"}
        assert (caught.value.code in codes, caught.value.status) == (True, 400), f"{parameter.name}={value!r:.40}"
        assert parameter.name in caught.value.message


@pytest.mark.parametrize("action", DECLARED, ids=lambda action: f"{action.product}-{action.name}")
def test_what_it_requires(world: World, action: Action) -> None:
    scenario = scenario_of(action)
    required = [parameter.name for parameter in action.parameters if parameter.required]
    if not required:
        return
    stage = Stage(world)
    given = stage.fill({name: value for name, value in scenario.given.items() if value is not None})
    for name in required:
        left = {key: value for key, value in given.items() if key != name}
        with pytest.raises(ApiError) as caught:
            world.sdk.call(world.server.admin, action.product.lower(), action.name, left)
        # AssumeRoleWithSAML spells it with a dot (reference/ram-behaviour.md 8.2).
        assert caught.value.code in (f"Missing{name}", f"MissingParameter.{name}")
        assert caught.value.status == 400
