"""Ten thousand users and as many pairs in the console: pages, order and filters, all of it in the address."""

from __future__ import annotations

import csv
import io
import re
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from keystead import ids
from keystead.store.user_access import FOREVER
from services.browser import Person, console_user
from services.server import Server, running

from .plain import Reader

MANY = 10_000
_CELL = re.compile(r'/console/users/(row-\d{5})/authentication">')


def fill(server: Server) -> None:
    """Write the rows where the server reads them; every tenth has Console Access, a third is disabled."""
    now = int(time.time())
    with closing(sqlite3.connect(server.data_dir / "keystead.db", timeout=30)) as opened, opened:
        (account,) = opened.execute("SELECT id FROM accounts").fetchone()
        users, pairs = [], []
        for number in range(MANY):
            user, name, made = ids.user_id(), f"row-{number:05d}", now - number * 3600 - 60
            status = "freeze" if number % 3 == 0 else "active"
            display = f"Person {(number * 7919) % MANY:05d}"
            users.append((user, account, name, name, display, status, made, made, made, number % 10 == 0, FOREVER))
            pairs.append((ids.access_key_id(), account, user, b"", "Active", made, made, made, f"host {number}"))
        opened.executemany(
            "INSERT INTO users (id, account_id, name, name_key, display_name, mobile_phone, email, comments, status,"
            " provision_type, created_at, updated_at, active_at, console_access, mfa_bound, pairs_until)"
            " VALUES (?, ?, ?, ?, ?, '', '', '', ?, 'Manual', ?, ?, ?, ?, 0, ?)",
            users,
        )
        opened.executemany(
            "INSERT INTO access_keys (id, account_id, user_id, sealed_secret, status, status_reason, created_at,"
            " updated_at, active_at, note) VALUES (?, ?, ?, ?, ?, '', ?, ?, ?, ?)",
            pairs,
        )
        opened.execute(
            "UPDATE accounts SET users_count = (SELECT count(*) FROM users),"
            " access_keys_count = (SELECT count(*) FROM access_keys)"
        )


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of its own with all of them."""
    with running(tmp_path_factory.mktemp("full")) as started:
        console_user(started, "boss", "AdministratorAccess")
        fill(started)
        yield started
        started.check_log()


@pytest.fixture(scope="module")
def reader(full: Server) -> Iterator[Reader]:
    """An administrator without a browser."""
    found = Reader(full)
    with found.client:
        yield found.sign_in(f"boss@{full.account_id}")


def shown(page: str) -> list[str]:
    """The users on a page, as it shows them."""
    return _CELL.findall(page)


def of(numbers: Iterable[int]) -> list[str]:
    return [f"row-{number:05d}" for number in numbers]


def test_every_page_shows_its_rows_once_and_no_more(reader: Reader) -> None:
    seen: list[str] = []
    for number in (1, 2, 50, 100):
        reader.get(f"/users?q=row-&size=100&page={number}")
        rows = shown(reader.page)
        assert rows == of(range((number - 1) * 100, number * 100))
        assert f"{(number - 1) * 100 + 1}–{number * 100} of {MANY}" in reader.text
        seen += rows
    assert len(set(seen)) == 400
    assert len(reader.page) < 400_000
    reader.get("/users?q=row-&size=100&page=101")
    assert shown(reader.page) == []


@pytest.mark.parametrize(
    ("asked", "total", "first"),
    [
        ("sort=-UserName", MANY, of(range(MANY - 1, MANY - 21, -1))),
        ("sort=-CreateDate", MANY, of(range(20))),
        ("sort=CreateDate", MANY, of(range(MANY - 1, MANY - 21, -1))),
        ("sort=Nothing", MANY, of(range(20))),
        ("status=freeze", 3334, of(range(0, 60, 3))),
        ("status=freeze&sort=-UserName", 3334, of(range(9999, 9999 - 60, -3))),
        ("access=both", 1000, of(range(0, 200, 10))),
        ("access=accesskey&status=active", 6000, of([n for n in range(40) if n % 3 and n % 10][:20])),
        ("access=console", 0, []),
        ("access=none", 0, []),
        ("unused=400", 400, of(range(9600, 9620))),
        ("unused=400&sort=-UserName&access=both", 40, of(range(9990, 9790, -10))),
    ],
)
def test_sorted_and_filtered_by_the_server(reader: Reader, asked: str, total: int, first: list[str]) -> None:
    reader.get(f"/users?q=row-&{asked}")
    assert shown(reader.page) == first
    assert f"of {total}" in reader.text if total else "Nothing matches" in reader.text


def test_the_file_holds_the_same_rows_under_the_same_filter(reader: Reader) -> None:
    answer = reader.client.get(f"{reader.server.url}/console/users?q=row-&access=both&sort=-UserName&format=csv")
    names = [line["UserName"] for line in csv.DictReader(io.StringIO(answer.text))]
    assert names == of(range(9990, -10, -10))


def test_one_of_many_is_found_by_name_by_id_and_by_its_pair(reader: Reader) -> None:
    reader.get("/users?q=row-07777")
    assert shown(reader.page) == ["row-07777"]
    with closing(sqlite3.connect(reader.server.data_dir / "keystead.db", timeout=30)) as opened:
        query = "SELECT users.id, access_keys.id FROM users JOIN access_keys ON user_id = users.id WHERE name = ?"
        user, pair = opened.execute(query, ("row-07777",)).fetchone()
    reader.get(f"/users?q={user}")
    assert shown(reader.page) == ["row-07777"]
    reader.get(f"/search?q={pair}")
    assert pair in reader.page
    assert "row-07777" in reader.text


def state(page: Page) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items() if values[0]}


def test_a_person_pages_sorts_and_filters_and_the_address_holds_it(full: Server, visitor: object) -> None:
    person: Person = visitor(full)  # type: ignore[operator]
    person.sign_in(f"boss@{full.account_id}")
    page = person.open("/users")
    table = page.get_by_role("region", name="Users").get_by_role("table")
    expect(page.get_by_role("navigation", name="Pages")).to_contain_text("of 10002")
    page.get_by_role("searchbox").last.fill("row-")
    page.get_by_role("combobox", name="Status").select_option("freeze")
    page.get_by_role("button", name="Apply").first.click()
    expect(page.get_by_role("navigation", name="Pages")).to_contain_text("1–20 of 3334")
    named = page.get_by_role("columnheader", name="User Logon Name/Display Name")
    named.get_by_role("link").click()
    expect(named).to_have_attribute("aria-sort", "ascending")
    named.get_by_role("link").click()
    expect(table.get_by_role("row").nth(1)).to_contain_text("row-09999")
    page.get_by_role("link", name="Next").click()
    expect(page.get_by_role("navigation", name="Pages")).to_contain_text("21–40 of 3334")
    expect(table.get_by_role("row").nth(1)).to_contain_text("row-09939")
    assert state(page) == {"q": "row-", "status": "freeze", "sort": "-UserName", "page": "2"}
    page.get_by_role("link", name="100", exact=True).click()
    expect(table.get_by_role("row")).to_have_count(101)
    page.reload()
    expect(table.get_by_role("row")).to_have_count(101)
    assert state(page) == {"q": "row-", "status": "freeze", "sort": "-UserName", "size": "100"}
    person.check_access()
    page.go_back()
    expect(table.get_by_role("row").nth(1)).to_contain_text("row-09939")
    page.get_by_role("link", name="Clear filters").first.click()
    expect(page.get_by_role("navigation", name="Pages")).to_contain_text("of 10002")
    assert state(page) == {"sort": "-UserName"}
