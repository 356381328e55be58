"""When the database is slow or away: pages wait, or say so with a request ID and a way on; nothing is done twice."""

from __future__ import annotations

import re
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress

from playwright.sync_api import Error, Page, expect

from services import rpc
from services.browser import Person, console_user
from services.postgres import Cluster
from services.server import Server

from .plain import Reader

Visitor = Callable[..., Person]
REQUEST_ID = re.compile(r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}")


@contextmanager
def nobody_writes(server: Server) -> Iterator[Callable[[], None]]:
    """Another process holds SQLite's one place for who writes, until the function is called."""
    with closing(sqlite3.connect(server.data_dir / "keystead.db", timeout=30, isolation_level=None)) as held:
        held.execute("BEGIN IMMEDIATE")
        yield lambda: held.execute("COMMIT") and None
        if held.in_transaction:
            held.execute("ROLLBACK")


def groups_called(server: Server, name: str) -> int:
    found = rpc.call(server.url, server.admin, "keystead", "SearchGroups", Query=name)
    return int(found["TotalCount"])


CLICK_TWICE = """() => {
  const button = document.querySelector("main form button.primary");
  button.click();
  setTimeout(() => { sessionStorage.second = button.disabled ? "disabled" : "enabled"; button.click(); }, 100);
}"""


def test_a_slow_answer_is_waited_for_and_a_second_click_sends_nothing(boss: Person, console: Server) -> None:
    page = boss.open("/groups/new")
    page.get_by_label("Group name").fill("slow-group")
    sent = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    with nobody_writes(console) as release:
        page.evaluate(CLICK_TWICE)
        for _ in range(100):
            if sent:
                break
            page.wait_for_timeout(100)
        reading = Reader(console)
        reading.get("/sign-in")  # who only reads is answered meanwhile
        assert reading.status == 200
        reading.client.close()
        page.wait_for_timeout(1500)
        release()
    expect(page.get_by_role("status")).to_contain_text("The group slow-group is created.")
    assert page.evaluate("sessionStorage.second") == "disabled"
    assert len(sent) == 1
    assert groups_called(console, "slow-group") == 1


def test_a_form_posted_twice_at_once_makes_one_thing(console: Server) -> None:
    """Two clicks that a browser without scripts lets through, the first of them not answered yet."""
    reader = Reader(console).sign_in(console_user(console, "twice-over", "AdministratorAccess"))
    twin = Reader(console, client=reader.client)
    for path, fields, made in (
        ("/groups/new", {"GroupName": "twin-group"}, lambda: groups_called(console, "twin-group")),
        ("/workspaces", {"workspaceName": "twin-space"}, lambda: workspaces_called(console, "twin-space")),
    ):
        reader.get(path)
        twin.page = reader.page
        with nobody_writes(console) as release:
            senders = [threading.Thread(target=each.post, args=(path,), kwargs=fields) for each in (reader, twin)]
            for each in senders:
                each.start()
            release()
            for each in senders:
                each.join(60)
        assert made() == 1, path
        assert sorted((reader.status, twin.status)) == [200, 409]
    reader.client.close()


def workspaces_called(server: Server, name: str) -> int:
    found = rpc.call(server.url, server.admin, "keystead", "SearchWorkspaces", Query=name)
    return int(found["TotalCount"])


def fault_shown(page: Page) -> None:
    """The page says what failed, and nothing of how it is built."""
    panel = page.get_by_role("alert")
    expect(panel).to_contain_text("This did not work.")
    expect(panel).to_contain_text("ServiceUnavailable")
    expect(panel).to_contain_text(REQUEST_ID)
    for inside in ("Traceback", "psycopg", "sqlalchemy", "SELECT"):
        assert inside not in page.content()


def test_pages_say_that_the_database_is_away_and_come_back_with_it(
    postgres_cluster: Cluster, postgres_url: str, start_server: Callable[..., Server], visitor: Visitor
) -> None:
    server = start_server(database=postgres_url)
    person = visitor(server)
    page = person.sign_in(console_user(server, "patient", "AdministratorAccess"))
    person.allowed |= {503}
    person.open("/groups/new")
    page.get_by_label("Group name").fill("late-group")
    with postgres_cluster.away(postgres_url):
        page.get_by_role("button", name="Create Group").click()
        fault_shown(page)
        person.check_access()
        for path in ("/users", "/workspaces", "/audit", "/help", "/sign-in"):
            person.open(path)
            if path in ("/users", "/workspaces", "/audit"):
                fault_shown(page)
        person.open("/users?q=patient")
        fault_shown(page)
    again = page.locator("main").get_by_text(
        "Try Again", exact=True
    )  # a link, and a button once the list was asked for
    for _ in range(60):  # until the pool has its connections again
        with suppress(Error):  # it goes as the list comes
            again.click(timeout=2000)
        page.wait_for_timeout(500)
        if not again.count():
            break
    expect(page).to_have_url(re.compile(r"/users\?q=patient$"))
    expect(page.get_by_role("link", name="patient", exact=True)).to_be_visible()
    assert groups_called(server, "late-group") == 0
    server.check_log()
