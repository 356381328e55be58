"""Models, permissions, limits, billing, and what is refused on purpose.  Source: reference/model-studio.md b.3-7."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from keystead.store import usage
from products.modelstudio.studio import OURS, STUDIO, TREES, Studio

NAMES = tuple(name.split()[1] for name in TREES if name.startswith("2026-02-10"))
GRANT = {"models__1__model": "qwen-plus", "models__1__inference": "True"}


def overlay(model: str, **given: int) -> str:
    return json.dumps([{"model": model, "operationType": "OVERLAY", **given}])


def test_models_are_listed_and_searched(studio: Studio) -> None:
    studio.model("qwen-plus", "other-model")
    answer = studio.call(STUDIO, "ListModels", model="wen-pl", capabilities='["TG"]', providers='["test"]')
    assert [each["model"] for each in answer["models"]] == ["qwen-plus"]
    assert answer["models"][0]["prices"][0]["prices"][0]["price"] == "2"
    assert studio.call(STUDIO, "ListModels", contextWindow="1")["models"] == []


def test_permissions_of_a_workspace(studio: Studio) -> None:
    studio.model("qwen-plus", "qwen-max")
    place = studio.workspace("place")

    def authorized() -> list[str]:
        asked = {"workspaceId": place, "authorizationScope": "AUTHORIZED", "filter__model": "qwen-"}
        return [each["model"] for each in studio.call(STUDIO, "ListModelPermissions", **asked)["list"]]

    assert authorized() == []
    studio.call(STUDIO, "UpdateModelPermissions", workspaceId=place, **GRANT)
    assert authorized() == ["qwen-plus"]
    studio.call(STUDIO, "UpdateModelPermissions", workspaceId=place, models__1__model="qwen-plus")
    assert authorized() == ["qwen-plus"], "what is left out stays"
    studio.call(STUDIO, "UpdateModelPermissions", workspaceId=place, **(GRANT | {"models__1__inference": "false"}))
    assert authorized() == []
    refused = studio.refused
    update = "UpdateModelPermissions"
    assert refused(STUDIO, update, workspaceId=place) == "InvalidParameter.models"
    assert refused(STUDIO, update, workspaceId=place, models__1__model="nothing") == "ModelNotFound"
    tuned = GRANT | {"models__1__fineTune": "True"}
    assert refused(STUDIO, update, workspaceId=place, **tuned) == "UnsupportedOperation.ModelAction"
    default = {"workspaceId": studio.default, **GRANT}
    assert refused(STUDIO, update, **default) == "UnsupportedOperation.DefaultWorkspace"
    assert refused(STUDIO, "ListModelPermissions", workspaceId=place, maxResults="201") == "InvalidParameter.maxResults"


def test_shares_stay_within_the_ceiling(studio: Studio) -> None:
    studio.model("qwen-plus")
    one, two = studio.workspace("one"), studio.workspace("two")
    ceiling = {"Scope": "account", "Model": "qwen-plus", "Measure": "requests", "Period": "60", "Amount": "100"}
    studio.call(OURS, "SetUsageLimit", **ceiling)

    def share(place: str, limits: str) -> None:
        studio.call(STUDIO, "UpdateModelLimits", workspaceId=place, workspaceLimits=limits)

    share(one, overlay("qwen-plus", requestLimit=60))
    share(two, overlay("qwen-plus", requestLimit=40, usageLimit=1000, usageLimitPeriod=60))
    too_much = {"workspaceId": two, "workspaceLimits": overlay("qwen-plus", requestLimit=41)}
    assert studio.refused(STUDIO, "UpdateModelLimits", **too_much) == "LimitExceeded.WorkspaceLimit"
    share(two, overlay("qwen-plus", usageLimit=500))
    listed = studio.call(STUDIO, "ListModelLimits", workspaceId=two, model="qwen-plus")["limits"][0]
    assert listed["modelLimit"]["requestLimit"] == 100
    assert (listed["workspaceLimit"]["requestLimit"], listed["workspaceLimit"]["usageLimit"]) == (40, 500)
    removal = '[{"model": "qwen-plus", "operationType": "DELETE"}]'
    share(two, removal)
    assert (
        studio.call(STUDIO, "ListModelLimits", workspaceId=two, model="qwen-plus")["limits"][0]["workspaceLimit"]
        is None
    )
    share(one, overlay("qwen-plus", requestLimit=100))
    wrong = '[{"model": "qwen-plus", "operationType": "DELETE", "requestLimit": 1}]'
    for limits in ("[]", wrong, '[{"model": "qwen-plus", "operationType": "OVERLAY"}]'):
        given = {"workspaceId": one, "workspaceLimits": limits}
        assert studio.refused(STUDIO, "UpdateModelLimits", **given) == "InvalidParameter.workspaceLimits"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"Scope": "key", "ScopeId": "123456789", "Period": "day"}, "InvalidParameter.ScopeId"),
        ({"Scope": "account", "Period": "year"}, "InvalidParameter.Period.InvalidChars"),
        ({"Scope": "account"}, "InvalidParameter.Period"),
        ({"Scope": "account", "Period": "day", "TimeZone": "Mars/Olympus"}, "InvalidParameter.TimeZone"),
    ],
)
def test_a_limit_that_cannot_bind_is_refused(studio: Studio, given: dict[str, str], code: str) -> None:
    assert studio.refused(OURS, "SetUsageLimit", Measure="tokens", Amount="1", **given) == code


def test_a_limit_is_set_listed_and_removed(studio: Studio) -> None:
    given = {"Scope": "owner", "ScopeId": studio.account_id, "Measure": "money", "Period": "month", "Amount": "5"}
    made = studio.call(OURS, "SetUsageLimit", **given, TimeZone="Asia/Shanghai")["UsageLimit"]
    again = studio.call(OURS, "SetUsageLimit", **(given | {"Amount": "6"}))["UsageLimit"]
    assert (again["UsageLimitId"], again["Amount"]) == (made["UsageLimitId"], 6)
    assert studio.call(OURS, "ListUsageLimits", Scope="owner")["UsageLimits"]["UsageLimit"] == [again]
    studio.call(OURS, "DeleteUsageLimit", UsageLimitId=made["UsageLimitId"])
    assert studio.refused(OURS, "DeleteUsageLimit", UsageLimitId=made["UsageLimitId"]) == "EntityNotExist.UsageLimit"


def spend(studio: Studio, model: str, at: int, cost: int) -> None:
    """A call that was metered."""
    row: dict[str, Any] = {
        "call_id": f"{studio.account_id}-{model}-{at}"[:36],
        "account_id": studio.account_id,
        "at": at * 1000,
        "workspace_id": studio.default,
        "application_id": "",
        "key_id": 0,
        "owner_id": studio.account_id,
        "principal": "",
        "model": model,
        "operation": "chat",
        "input_tokens": 1,
        "output_tokens": 1,
        "estimated": False,
        "cost": cost,
        "outcome": "Success",
        "upstream_id": "",
        "duration_ms": 1,
    }
    with studio.write() as tx:
        usage.insert(tx, [row])


def test_billing_comes_from_the_metering(studio: Studio) -> None:
    day = 86_400
    start = 1_772_323_200  # 2026-03-01
    spend(studio, "a", start, 1_500_000)
    spend(studio, "b", start + day, 500_000)
    spend(studio, "c", start + 40 * day, 250_000)
    by_model = {"groupBy": '[{"code": "BASE_MODEL"}]'}
    overview = studio.call(STUDIO, "GetBillingOverview", billMonth="2026-03", **by_model)["data"]
    assert overview["totalAmount"] == "2.00"
    shown = [(each["key"], each["amount"], each["percentage"]) for each in overview["groups"]]
    assert shown == [("a", "1.5", "75.00"), ("b", "0.5", "25.00")]
    top = studio.call(STUDIO, "GetBillingOverview", billMonth="2026-03", topNum="1", **by_model)["data"]["groups"]
    assert [each["key"] for each in top] == ["a", "DIMENSION_GROUP_OTHERS_VALUE"]
    by_application = {"groupBy": '[{"code": "APPLICATION"}]'}
    nothing = studio.call(STUDIO, "GetBillingOverview", billMonth="2026-03", **by_application)["data"]["groups"]
    assert [(each["key"], each["name"]) for each in nothing] == [("DIMENSION_FILTER_NULL_VALUE", "-")]
    period = {"timePeriod": '{"start": "2026-03-01", "end": "2026-04-30"}'}
    trend = studio.call(STUDIO, "GetBillingTrend", granularity="MONTH", **period, **by_model)["data"]
    assert [(each["period"], each["total"]["amount"]) for each in trend["resultByTime"]] == [
        ("202603", "2.00"),
        ("202604", "0.25"),
    ]
    chosen = {"filter": '{"dimensions": [{"code": "BASE_MODEL", "selectType": "IN", "values": ["b"]}]}'}
    days = studio.call(STUDIO, "GetBillingTrend", granularity="DAY", **period, **chosen)["data"]
    assert [(each["period"], each["total"]["amount"]) for each in days["resultByTime"]] == [("20260302", "0.5")]
    refused = studio.refused
    assert refused(STUDIO, "GetBillingOverview", billMonth="2026-13") == "InvalidParameter.billMonth"
    unknown = {"groupBy": '[{"code": "MOOD"}]'}
    assert refused(STUDIO, "GetBillingOverview", billMonth="2026-03", **unknown) == "InvalidParameter.groupBy"
    long = {"timePeriod": '{"start": "2026-03-01", "end": "2027-04-30"}'}
    assert refused(STUDIO, "GetBillingTrend", granularity="DAY", **long) == "InvalidParameter.timePeriod"


@pytest.mark.parametrize(
    "name", [name for name in NAMES if "Seat" in name or "Token" in name or "Organization" in name]
)
def test_the_token_plan_is_refused_clearly(studio: Studio, name: str) -> None:
    assert studio.refused(STUDIO, name) == "UnsupportedOperation.TokenPlan"


def test_every_published_action_is_there() -> None:
    from products.modelstudio.studio import BY_VERSION

    assert set(NAMES) == set(BY_VERSION["2026-02-10"].actions)
    assert set(BY_VERSION["2024-08-16"].actions) == {"GetApiKey", "ListApiKeys"}


def test_workspaces_are_named_once_and_deleted_with_reasons(make_studio: Callable[..., Studio]) -> None:
    studio = make_studio(workspaces=3)
    place = studio.workspace("Mine")
    assert studio.refused(STUDIO, "CreateWorkspace", workspaceName="mine") == "EntityAlreadyExists.Workspace"
    studio.workspace("third")
    assert studio.refused(STUDIO, "CreateWorkspace", workspaceName="fourth") == "LimitExceeded.Workspace"
    answer = studio.call(STUDIO, "DeleteWorkspace", workspaceId=studio.default)
    assert (answer["success"], answer["isDeleted"]) == (False, False)
    assert [each["resourceType"] for each in answer["failReasons"]] == ["DefaultWorkspace"]
    assert studio.call(STUDIO, "DeleteWorkspace", workspaceId=place)["isDeleted"] is True
    assert studio.refused(STUDIO, "DeleteWorkspace", workspaceId=place) == "WorkSpaceNotFound"
    page = studio.call(STUDIO, "ListWorkspaces", maxResults="1")
    rest = studio.call(STUDIO, "ListWorkspaces", maxResults="1", nextToken=page["nextToken"])
    assert page["workspaces"] != rest["workspaces"]
    assert rest["nextToken"] == ""


def test_who_makes_a_workspace_administers_it(studio: Studio) -> None:
    studio.user("maker")
    place = studio.call(STUDIO, "CreateWorkspace", "maker", workspaceName="made")["workspace"]["workspaceId"]
    assert [each["workspaceId"] for each in studio.call(STUDIO, "ListWorkspaces", "maker")["workspaces"]] == [place]
    assert studio.call(STUDIO, "DeleteWorkspace", "maker", workspaceId=place)["isDeleted"] is True


@pytest.mark.parametrize(
    ("level", "pages"),
    [
        ("member", '[{"Page": "usage"}]'),
        ("custom", '[{"Page": "members", "Operation": "operate"}]'),
        ("custom", '[{"Page": "kitchen"}]'),
        ("custom", '[{"Page": "usage"}, {"Page": "usage", "Operation": "operate"}]'),
    ],
)
def test_pages_that_would_not_bind_are_refused(studio: Studio, level: str, pages: str) -> None:
    studio.user("someone")
    given = {"UserName": "someone", "Level": level, "Pages": pages}
    assert studio.refused(OURS, "AddWorkspaceMember", **given) == "InvalidParameter.Pages"
