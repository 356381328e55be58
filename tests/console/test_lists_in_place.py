"""Lists that change in place: what is loaded shows as bars, and what could not be loaded leaves the rows of before."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page, Route, expect

from services import rpc
from services.browser import Person
from services.server import Server

ROWS = [f"placed-{number:02}" for number in range(23)]
PLAIN = "() => { window.same = true; }"


@pytest.fixture(scope="module")
def _placed(_console: Server) -> None:
    for name in ROWS:
        rpc.call(_console.url, _console.admin, "ram", "CreateGroup", GroupName=name)


@contextmanager
def cut_off(page: Page) -> Iterator[None]:
    """What is asked for the list waits until the block ends, and then gets no answer."""
    waiting: list[Route] = []
    page.route(re.compile(r"/console/groups\?"), lambda route: waiting.append(route))
    try:
        yield
    finally:
        for route in waiting:
            route.abort()
        page.unroute(re.compile(r"/console/groups\?"))


def names(page: Page) -> list[str]:
    return page.locator("section.list tbody td:first-child a").all_inner_texts()


@pytest.mark.usefixtures("_placed")
def test_a_list_is_sorted_filtered_and_paged_in_place(boss: Person) -> None:
    page = boss.open("/groups?q=placed-")
    page.evaluate(PLAIN)
    page.get_by_role("link", name="Next").click()
    expect(page.get_by_role("navigation", name="Pages")).to_contain_text("21–23 of 23")
    assert names(page) == ROWS[20:]
    page.locator("th").first.get_by_role("link").click()
    expect(page.locator("th").first).to_have_attribute("aria-sort", "ascending")
    page.locator("th").first.get_by_role("link").click()
    expect(page.locator("th").first).to_have_attribute("aria-sort", "descending")
    assert names(page) == ROWS[:2:-1]
    expect(page.locator("th").first.get_by_role("link")).to_be_focused()
    expect(page.locator("time .ago").first).to_be_attached()  # the times of the new rows are those of the reader
    page.get_by_role("searchbox").last.fill("placed-07")
    page.get_by_role("button", name="Apply").first.click()
    expect(page).to_have_url(re.compile(r"q=placed-07.*sort=-GroupName"))
    expect(page.locator("section.list tbody tr")).to_have_count(1)
    assert page.evaluate("window.same") is True  # the page was not opened again
    assert "placed-07" in (page.locator("header a[lang=zh]").get_attribute("href") or "")
    page.go_back()
    expect(page.locator("section.list tbody tr")).to_have_count(20)
    assert names(page) == ROWS[:2:-1]
    assert page.evaluate("window.same") is True
    page.reload()
    assert names(page) == ROWS[:2:-1]  # the address says it all


@pytest.mark.usefixtures("_placed")
def test_rows_are_bars_while_they_load_and_stay_when_that_fails(boss: Person) -> None:
    page = boss.open("/groups?q=placed-")
    first = names(page)
    with cut_off(page):
        page.get_by_role("link", name="Next").click()
        expect(page.locator("section.list")).to_have_class(re.compile("loading"))
        expect(page.locator("section.list")).to_have_attribute("aria-busy", "true")
    fault = page.get_by_role("alert")
    expect(fault).to_contain_text("The server did not answer.")
    expect(page.locator("section.list")).to_have_class(re.compile("old"))
    expect(page.locator("section.list")).not_to_have_attribute("aria-busy", "true")
    assert names(page) == first
    boss.check_access()
    expect(page).to_have_url(re.compile(r"/groups\?q=placed-$"))
    page.get_by_role("button", name="Try Again").click()
    expect(page.get_by_role("navigation", name="Pages")).to_contain_text("21–23 of 23")
    assert page.get_by_role("alert").count() == 0


@pytest.mark.usefixtures("_placed")
def test_a_fault_keeps_the_rows_and_says_its_code_and_request_id(boss: Person) -> None:
    page = boss.open("/groups?q=placed-")
    first = names(page)
    panel = (
        '<main id="content"><section class="list"><section class="panel failed" role="alert">This did not work. '
        "<code>ServiceUnavailable</code> 01234567-89AB-CDEF-0123-456789ABCDEF</section></section></main>"
    )
    boss.allowed |= {503}
    page.route(re.compile(r"/console/groups\?"), lambda route: route.fulfill(status=503, body=panel), times=1)
    page.get_by_role("link", name="Next").click()
    expect(page.get_by_role("alert")).to_contain_text("ServiceUnavailable")
    expect(page.get_by_text("The rows below are those of before.")).to_be_visible()
    assert names(page) == first
    page.get_by_role("button", name="Try Again").click()
    expect(page.get_by_role("navigation", name="Pages")).to_contain_text("21–23 of 23")


def test_who_was_signed_out_meanwhile_is_asked_to_sign_in(boss: Person) -> None:
    page = boss.open("/users")
    boss.context.clear_cookies()
    page.get_by_role("link", name="Refresh").click()
    expect(page).to_have_url(re.compile("/sign-in"))
