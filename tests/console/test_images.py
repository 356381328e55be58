"""The pictures of the README, made from the pages themselves: `MAKE_IMAGES=1` writes them anew into docs/images, by
way of Debian's pngquant, which makes them a third as large.

Without the variable the same pages are opened and must show what their pictures show, so that these cannot go stale
unseen.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from gateway.world import World
from services import rpc
from services.browser import PASSWORD, Person
from services.server import Server, running
from services.upstream import upstream

IMAGES = Path(__file__).parents[2] / "docs" / "images"
LOOKS = (("light", "en-US"), ("dark", "zh-CN"))
PAGES = {
    "overview": "/",
    "users": "/users",
    "authentication": "/users/ci-runner",
    "create-access-key": "/users/alice/access-keys/new",
    "policies": "/policies",
    "policy-editor": "/policies/custom/call-qwen-plus/edit",
    "application": "/workspaces/{workspace}/applications/{application}",
    "explain-denial": "/explain-denial?request={denied}",
    "audit": "/audit",
    "cloud-shell": "/users",
}
CALL_QWEN = (
    '{"Version": "1", "Statement": [{"Effect": "Allow", "Action": "modelstudio:InvokeModel", '
    '"Resource": "acs:modelstudio:*:*:model/qwen-plus", '
    '"Condition": {"IpAddress": {"acs:SourceIp": "10.0.0.0/8"}}}]}'
)


PEOPLE = {"alice": "Alice Meyer", "bob": "Bob Tan", "li.wei": "李伟", "ci-runner": "CI runner"}


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of a few people, with one administrator for each look: what one leaves open the other does not see."""
    with running(tmp_path_factory.mktemp("company"), options=("--no-embedded-model",)) as server:
        for name, shown in (
            ("alice", "Alice Meyer"),
            ("bob", "Bob Tan"),
            ("li.wei", "李伟"),
            ("ci-runner", "CI runner"),
        ):
            rpc.call(server.url, server.admin, "ram", "CreateUser", UserName=name, DisplayName=shown)
        rpc.call(server.url, server.admin, "ram", "CreatePolicy", PolicyName="call-qwen-plus", PolicyDocument=CALL_QWEN)
        for scheme, _ in LOOKS:
            boss = f"boss-{scheme}"
            rpc.call(server.url, server.admin, "ram", "CreateUser", UserName=boss)
            rpc.call(server.url, server.admin, "ram", "CreateLoginProfile", UserName=boss, Password=PASSWORD)
            given = {"UserName": boss, "PolicyName": "AdministratorAccess", "PolicyType": "System"}
            rpc.call(server.url, server.admin, "ram", "AttachPolicyToUser", **given)
        yield server
        server.check_log()


@pytest.fixture(scope="module")
def places(company: Server) -> Iterator[dict[str, str]]:
    """What stands in the addresses: an application that answers, its workspace, a request that was refused."""
    made: Any = rpc.call(company.url, company.admin, "ram", "CreateAccessKey", UserName="ci-runner")
    pair = made["AccessKey"]
    with pytest.raises(rpc.ApiError) as denied:
        rpc.call(company.url, rpc.Key(pair["AccessKeyId"], pair["AccessKeySecret"]), "ram", "ListUsers")
    with upstream() as model_server, httpx.Client(trust_env=False, timeout=30) as client:
        world = World(company, model_server, client)
        world.rpc("keystead", "AddModel", ModelName="qwen-plus", Upstream=model_server.url, UpstreamModel="echo")
        workspace = str(world.rpc("keystead", "SearchWorkspaces")["Workspaces"]["Workspace"][0]["WorkspaceId"])
        application = world.application(workspace, "qwen-plus")
        yield {"workspace": workspace, "application": application, "denied": str(denied.value.request_id)}


def _talk(page: Page) -> None:
    page.fill("#prompt", "Good morning to all of you")
    page.locator("form:has(#prompt) button.primary").click()
    expect(page.locator(".said.theirs")).to_have_text("Good morning to all of you")


def _type(page: Page) -> None:
    page.get_by_role("button", name="Cloud Shell").click()
    line = page.locator("#cloud-shell-line")
    for given in ("sts get-caller-identity", "ram list-users --query 'Users.User[].UserName'"):
        line.fill(given)
        line.press("Enter")
    expect(page.get_by_role("log")).to_contain_text('"ci-runner"')


BEFORE: dict[str, Callable[[Page], None]] = {"application": _talk, "cloud-shell": _type}
"""What is done on a page before its picture is taken."""


@pytest.mark.parametrize(("scheme", "locale"), LOOKS)
def test_the_readmes_pictures(
    company: Server, places: dict[str, str], visitor: Callable[..., Person], scheme: str, locale: str
) -> None:
    person = visitor(company, locale=locale, color_scheme=scheme, viewport={"width": 1280, "height": 800})
    person.sign_in(f"boss-{scheme}@{company.account_id}")
    for name, path in PAGES.items():
        page = person.open(path.format(**places))
        expect(page.locator("main h1")).to_be_visible()
        BEFORE.get(name, lambda _: None)(page)
        page.wait_for_load_state("networkidle")
        picture = page.screenshot()
        assert len(picture) > 10_000
        if os.environ.get("MAKE_IMAGES"):
            small = subprocess.run(["pngquant", "--strip", "-"], input=picture, capture_output=True, check=True).stdout
            (IMAGES / f"console-{name}-{scheme}-{locale[:2]}.png").write_bytes(small)


def test_the_readme_shows_what_there_is() -> None:
    """No picture is missing, and none is left over."""
    told = set(re.findall(r"docs/images/(console-[\w-]+\.png)", (IMAGES.parents[1] / "README.md").read_text("utf-8")))
    there = {each.name for each in IMAGES.glob("console-*.png")}
    assert there == {f"console-{name}-{scheme}-{locale[:2]}.png" for name in PAGES for scheme, locale in LOOKS}
    assert told <= there
