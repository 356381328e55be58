"""Help as people open it: without signing in, in both languages, with this server's address, and found by errors."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect

from keystead.console.help.desk import desk
from keystead.console.help.library import LANGUAGES
from services.browser import Person
from services.server import Server

Visitor = Callable[..., Person]
TEMPLATES = Path(__file__).parents[2] / "src/keystead/console/templates"
NAMES = sorted({name for _, name in desk().library.pages})
UNCACHED_BYTES = 150_000


def get(console: Server, path: str, language: str = "en", **headers: str) -> httpx.Response:
    return httpx.get(
        f"{console.url}/console/help{path}",
        headers={"accept-language": language, **headers},
        trust_env=False,
        timeout=30,
    )


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", NAMES)
def test_every_guide_is_open_to_everybody_in_both_languages(console: Server, name: str, language: str) -> None:
    answer = get(console, f"/{name}", language)
    assert answer.status_code == 200
    page = desk().library.page(name, language)
    assert page is not None
    assert f"<h1>{page.title.replace('&', '&amp;')}</h1>" in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert ("本页只有英文版本" in answer.text) == (page.language != language)
    assert len(answer.content) < UNCACHED_BYTES


def test_long_references_come_in_parts(console: Server) -> None:
    first = get(console, "/reference/actions").text
    parts = re.findall(r'href="/console/help(/reference/actions/[^"#]+)#', first)
    assert len(parts) > 6
    for part in parts:
        answer = get(console, part)
        assert answer.status_code == 200
        assert len(answer.content) < UNCACHED_BYTES
    assert get(console, "/reference/actions/none").status_code == 404


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_has_its_page(console: Server, language: str) -> None:
    with httpx.Client(base_url=console.url, headers={"accept-language": language}, trust_env=False) as client:
        for name in desk().codes(language).names[:: 1 if language == "en" else 5]:
            if "<" not in name:
                answer = client.get(f"/console/help/errors/{name}")
                assert answer.status_code == 200, name
                assert f"<h1>{name}</h1>" in answer.text


def test_a_code_is_explained_in_chinese_beside_what_the_wire_says(console: Server) -> None:
    text = get(console, "/errors/EntityNotExist.User", "zh").text
    assert "用户不存在" in text
    assert "The user does not exist: <em>name</em>." in text
    assert "/console/help/reference/actions/ram-2015-05-01#getuser" in text


@pytest.mark.parametrize(
    "path", ["/errors/Nothing", "/errors/%3Cscript%3E", "/nothing", "/..%2Fsecrets", "/examples/x"]
)
def test_what_is_not_there_is_said_so(console: Server, path: str) -> None:
    answer = get(console, path)
    assert answer.status_code == 404
    assert "<script>" not in answer.text


def test_settings_are_those_of_this_server(console: Server) -> None:
    text = get(console, "/first-call").text
    assert f"--endpoint {console.url}" in text
    assert f"{console.url}/compatible-mode/v1" in text
    assert "127.0.0.1:8420" not in text
    named = get(console, "/first-call", host="keys.example.com:81").text
    assert "http://keys.example.com:81/compatible-mode/v1" in named


def test_a_hostile_host_header_is_not_shown(console: Server) -> None:
    text = get(console, "/first-call", host="evil.example/x").text
    assert "evil.example" not in text


def test_the_example_is_sent_as_a_file_with_this_servers_address(console: Server) -> None:
    answer = get(console, "/examples/first_call.sh")
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.text.startswith("#!/usr/bin/env bash")
    assert f"KEYSTEAD_ENDPOINT={console.url}" in answer.text


def test_people_find_a_guide_copy_from_it_and_switch_the_language(console: Server, visitor: Visitor) -> None:
    person = visitor()
    page = person.open("/sign-in")
    page.get_by_role("link", name="Help").click()
    expect(page.get_by_role("heading", name="Help", exact=True)).to_be_visible()
    person.check_access()
    page.get_by_role("searchbox").fill("agentkey")
    page.get_by_role("button", name="Search").click()
    person.check_access()
    page.get_by_role("link", name="AgentKey (deprecated)").first.click()
    expect(page).to_have_url(re.compile(r"/console/help/workspaces#agentkey-deprecated$"))
    expect(page.get_by_role("heading", name="AgentKey (deprecated)")).to_be_in_viewport()
    page.get_by_role("link", name="中文").click()
    expect(page.get_by_role("heading", name="AgentKey（已废弃）")).to_be_visible()
    person.check_access()
    person.context.grant_permissions(["clipboard-read", "clipboard-write"])
    person.open("/help/first-call")
    button = page.locator(".snippet", has_text="get-caller-identity").get_by_role("button")
    button.click()
    expect(button).to_have_attribute("data-done", "")
    assert page.evaluate("navigator.clipboard.readText()") == (
        f"keystead sts get-caller-identity --endpoint {console.url}\n"
    )


@pytest.mark.parametrize("path", ["/help/errors", "/help/reference/settings"])
def test_long_pages_meet_wcag_also_where_the_window_is_narrow(visitor: Visitor, path: str) -> None:
    person = visitor(viewport={"width": 390, "height": 800})
    page = person.open(path)
    person.check_access()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_who_is_signed_in_keeps_the_frame_and_sees_their_own_ids(boss: Person, console: Server) -> None:
    page = boss.open("/help/policies-by-example")
    expect(page.get_by_role("navigation", name="Menu")).to_be_visible()
    expect(page.get_by_text(f"acs:ram:*:{console.account_id}:user/alice").first).to_be_visible()
    boss.check_access()
    page = boss.open("/help/workspaces")
    shown = page.locator("article").inner_text()
    assert "llm-0123456789abcdef" not in shown
    assert re.search(r'workspace="llm-\w{16}"', shown)


def test_no_link_to_help_in_a_template_is_dead() -> None:
    found = []
    for path in TEMPLATES.rglob("*.html"):
        for name, anchor in re.findall(r"ui\.help\(\s*'([^']+)'(?:,\s*'([^']*)')?", path.read_text("utf-8")):
            desk().library.address(name, anchor)
            found.append(name)
    assert found
