"""Every limit that can be set binds over the wire: of whom, of what, for how long; reserved before, settled after.

A model is limited by a limit of any scope that names it.  `echo` answers one token and `slow` holds its stream open.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest

from gateway import world
from gateway.planes import CHAT, eventually
from gateway.world import Visitor, World
from services.server import Server, running
from services.upstream import Running

SCOPES = ("account", "workspace", "application", "owner", "key")
MEASURES = ("requests", "tokens", "money")
PERIODS = ("60", "day", "week", "month")
SECONDS = {"60": 60, "day": 90_000, "week": 7 * 86_400 + 3600, "month": 31 * 86_400 + 3600}
CODES = {"requests": "Throttling.RateQuota", "concurrent": "Throttling.RateQuota"}
QUOTA = "Throttling.AllocationQuota"


@dataclass
class Limited:
    """Who is limited, and who is not by the same limit."""

    world: World
    bound: Visitor
    free: dict[str, Visitor]
    ids: dict[str, str]

    def limit(self, scope: str, measure: str, amount: int, period: str = "", **more: str) -> str:
        """Set a limit; its ID."""
        given = {"Scope": scope, "ScopeId": self.ids[scope], "Measure": measure, "Amount": str(amount)}
        given |= {"Period": period, **more}
        made = self.world.rpc("keystead", "SetUsageLimit", **{name: value for name, value in given.items() if value})
        return str(made["UsageLimit"]["UsageLimitId"])

    def lift(self, limit_id: str) -> None:
        """Remove a limit."""
        self.world.rpc("keystead", "DeleteUsageLimit", UsageLimitId=limit_id)

    def call(self, who: Visitor, most: int = 150) -> httpx.Response:
        """A native call: of the visitor's application where it has one, else of its model."""
        if who.application:
            body: Any = {"input": {"prompt": "hi"}, "parameters": {"max_tokens": most}}
            return self.world.data(who, f"/api/v1/apps/{who.application}/completion", body)
        said = [{"role": "user", "content": "hi"}]
        return self.world.data(who, CHAT, {"model": who.model, "messages": said, "max_tokens": most})

    @contextmanager
    def running(self, who: Visitor) -> Iterator[None]:
        """A call whose answer has begun and goes on until the block ends: `slow` would stream for minutes."""
        native = {"x-dashscope-sse": "enable"} if who.application else {}
        said = [{"role": "user", "content": "hi"}]
        path, body = CHAT, {"model": who.model, "messages": said, "max_tokens": 5000, "stream": True}
        if who.application:
            body = {"input": {"prompt": "hi"}, "parameters": {"max_tokens": 5000}}
            path = f"/api/v1/apps/{who.application}/completion"
        headers = {"authorization": f"Bearer {who.value}", **native}
        with self.world.client.stream("POST", self.world.server.url + path, json=body, headers=headers) as answer:
            assert answer.status_code == 200, answer.read()
            parts = answer.iter_bytes()  # kept: with it goes the connection
            assert next(parts)
            yield


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of this file."""
    with running(tmp_path_factory.mktemp("limits"), options=("--no-embedded-model",)) as started:
        yield started


@pytest.fixture(scope="module")
def limited(server: Server, fake_upstream: Running) -> Iterator[Limited]:
    """One person with a key in W, and a neighbour for each scope."""
    with httpx.Client(trust_env=False, timeout=30) as client:
        made = World(server, fake_upstream, client)
        world.places(made)
        made.rpc("keystead", "AddModel", ModelName="slow", Upstream=fake_upstream.url, UpstreamModel="slow")
        grant = {"workspaceId": made.names["W"], "accessAllEntities": "OPEN"}
        assert made.form("/modelstudio/models/permissions", "UpdateModelPermissions", world.STUDIO, **grant).is_success
        people = {name: made.person(name) for name in ("bound", "other")}
        for name in people:
            made.join(name)
        (value, number), (second, _) = made.key(people["bound"]), made.key(people["bound"])
        owner = made.rpc("ram", "GetUser", UserName="bound")["User"]["UserId"]
        in_w = Visitor(made.names["W"], "echo", "", None, value)
        others = replace(in_w, value=made.key(people["other"])[0])
        elsewhere = Visitor(made.names["D"], "echo", "", server.admin)
        yield Limited(
            made,
            in_w,
            {
                "workspace": elsewhere,
                "application": in_w,
                "owner": others,
                "key": replace(in_w, value=second),
                "model": replace(in_w, model="fake"),
            },
            {
                "account": "",
                "workspace": made.names["W"],
                "application": made.names["application"],
                "owner": owner,
                "key": number,
            },
        )
        server.check_log()


def _early(period: str) -> None:
    """Not at the end of a minute's window: the next one would begin between two calls."""
    if period == "60" and time.time() % 60 > 45:
        time.sleep(60 - time.time() % 60)


def _refused(answer: httpx.Response, scope: str, measure: str, period: str) -> None:
    assert answer.status_code == 429, answer.text
    body = answer.json()
    code = body["error"]["code"] if "error" in body else body["code"]
    wanted = CODES.get(measure, QUOTA)
    assert code in (wanted, {"Throttling.RateQuota": "limit_requests", QUOTA: "insufficient_quota"}[wanted])
    message = body["error"]["message"] if "error" in body else body["message"]
    assert f"the limit of the {scope} " in message
    assert (f"per {period}" in message) is bool(period)
    wait = int(answer.headers["retry-after"])
    assert f"Wait {wait} s" in message
    assert 0 < wait <= SECONDS.get(period, 1)


@pytest.mark.parametrize("period", PERIODS)
@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("scope", SCOPES)
def test_a_window(limited: Limited, scope: str, measure: str, period: str) -> None:
    """A limit that takes one reservation takes many calls that are settled to less, and not one call too many."""
    who = replace(limited.bound, application=limited.ids["application"]) if scope == "application" else limited.bound
    # One reservation of 150 tokens and the question is below 200; what is used is 12 a call.
    amount = {"requests": 6, "tokens": 200, "money": 200 * 6}[measure]
    _early(period)
    zone = "Asia/Shanghai" if period == "day" else "UTC"
    # Long windows hold what earlier cases used, as the refusal of a limit of nothing tells.  The limit is then set
    # again in place, so that its window is the same one, and not read anew from rows that came meanwhile.
    made = limited.limit(scope, measure, 0, period, TimeZone=zone)
    held = _told(limited.call(who), measure)
    assert limited.limit(scope, measure, held + amount, period, TimeZone=zone) == made
    try:
        passed = 0
        while (answer := limited.call(who)).status_code == 200:
            passed += 1
            assert passed <= 20, "the limit does not bind"
        assert passed >= (6 if measure == "requests" else 2), answer.text
        _refused(answer, scope, measure, period)
        if scope in limited.free:
            assert limited.call(limited.free[scope]).status_code == 200
    finally:
        limited.lift(made)
    assert limited.call(who).status_code == 200


def _told(answer: httpx.Response, measure: str) -> int:
    """What a window holds, as a refusal tells it."""
    assert answer.status_code == 429, answer.text
    body = answer.json()
    message = str(body["error"]["message"] if "error" in body else body["message"])
    told = float(message.split("; ", 1)[1].split(" are used", 1)[0])
    return round(told * 1_000_000) if measure == "money" else round(told)


@pytest.mark.parametrize("scope", SCOPES)
def test_calls_at_a_time(limited: Limited, scope: str) -> None:
    who, more = replace(limited.bound, model="slow"), {}
    if scope == "application":
        who = replace(who, application=limited.world.application(limited.world.names["W"], "slow"))
        more = {"ScopeId": who.application}
    made = limited.limit(scope, "concurrent", 1, **more)
    try:
        with limited.running(who):
            _refused(limited.call(who, 1), scope, "concurrent", "")
        eventually(lambda: limited.call(who, 1).status_code == 200)
    finally:
        limited.lift(made)


@pytest.mark.parametrize("scope", ["account", "workspace", "owner", "key"])
def test_a_limit_of_one_model(limited: Limited, scope: str) -> None:
    made = limited.limit(scope, "requests", 0, "day", Model="echo")
    try:
        answer = limited.call(limited.bound)
        _refused(answer, scope, "requests", "day")
        assert "for the model echo" in answer.json()["error"]["message"]
        assert limited.call(limited.free["model"]).status_code == 200
    finally:
        limited.lift(made)


def test_the_share_of_a_workspace_in_the_vendors_shape(limited: Limited) -> None:
    share = (
        '[{"model":"echo","operationType":"OVERLAY","requestLimit":0,"requestLimitPeriod":60}]',
        '[{"model":"echo","operationType":"DELETE"}]',
    )
    path, place = "/modelstudio/models/limits", limited.world.names["W"]
    for text, status in zip(share, (429, 200), strict=True):
        done = limited.world.form(path, "UpdateModelLimits", world.STUDIO, workspaceId=place, workspaceLimits=text)
        assert done.status_code == 200, done.text
        assert limited.call(limited.bound).status_code == status


def test_limits_of_the_owner_bind_signed_calls_too(limited: Limited) -> None:
    """Of a person, and of the account, which owns what it signs."""
    account = limited.world.server.account_key()
    for scope_id, pair in (
        (limited.ids["owner"], limited.world.pair("bound")),
        (limited.world.server.account_id, account),
    ):
        given = {"Scope": "owner", "ScopeId": scope_id, "Measure": "requests", "Amount": "0", "Period": "day"}
        made = limited.world.rpc("keystead", "SetUsageLimit", **given)["UsageLimit"]["UsageLimitId"]
        who = replace(limited.bound, pair=pair, value="")
        _refused(limited.call(who), "owner", "requests", "day")
        limited.lift(made)
        assert limited.call(who).status_code == 200


def test_a_reservation_binds_while_its_call_runs(limited: Limited) -> None:
    """Of two calls at once whose answers together are too long the second is refused before the first is counted."""
    who = replace(limited.bound, model="slow")
    _early("60")
    made = limited.limit("key", "tokens", 200, "60")
    answers: list[httpx.Response] = []
    calls = [threading.Thread(target=lambda: answers.append(limited.call(who, 150))) for _ in range(2)]
    try:
        for each in calls:
            each.start()
        for each in calls:
            each.join()
        assert sorted(each.status_code for each in answers) == [200, 429]
    finally:
        limited.lift(made)
