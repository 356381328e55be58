"""Every page and form while the database fails: it says so, with a request ID and a way on, and loses nothing.

Two failures: the database is away altogether, so that not even the session is known; and it answers for the session but
for nothing that a page is about.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import unescape

import httpx
import psycopg
import pytest

from keystead.console.fields import secret_names
from services.postgres import Cluster
from services.server import running

from .furnished import Furnished, furnish
from .plain import Reader
from .test_every_form import FORMS
from .test_every_page import ROUTES

REQUEST_ID = re.compile(r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}")
INSIDES = ("Traceback", "psycopg", "sqlalchemy", "SELECT", "does not exist")
WORDS = {
    "en": ("This did not work.", "Try Again", "The database did not answer."),
    "zh": ("操作未成功。", "重试", "数据库没有响应。"),
}
SESSION = ("accounts", "change_counter", "changes", "console_sessions", "login_profiles", "nonces", "users")
"""Tables without which not even a session is known."""


NOTHING_ASKED = {
    "/explain-denial", "/grants/new", "/groups/new", "/quick-start", "/roles/new", "/set-up", "/shell",
    "/signature-debugger", "/simulate", "/switch-role", "/unused-access",
    "/workspaces/{workspace}/verify-api-key",
}  # fmt: skip
"""Whole without any table but those: forms, what memory answers, and the list of idle users."""

FIELD = re.compile(r'<textarea name="([^"]+)"[^>]* readonly[^>]*>([^<]*)</textarea>')


@pytest.fixture(scope="module")
def failing(
    postgres_cluster: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Furnished, str, Cluster]]:
    with postgres_cluster.database() as url, running(tmp_path_factory.mktemp("failing"), database=url) as server:
        made = furnish(server)
        made.prove()
        yield made, url, postgres_cluster
        made.reader.client.close()


def eventually(holds: Callable[[], object]) -> None:
    """Wait, at most a minute, until something holds."""
    for _ in range(240):
        if holds():
            return
        time.sleep(0.25)
    pytest.fail("it never came to hold")


@contextmanager
def without_tables(cluster: Cluster, url: str, kept: frozenset[str]) -> Iterator[None]:
    """The database answers for these tables only."""
    name = url.rpartition("/")[2]
    with psycopg.connect(cluster.address(name), autocommit=True) as opened:
        rows = opened.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        hidden = [row[0] for row in rows if row[0] not in kept]
        opened.execute("".join(f'ALTER TABLE "{each}" RENAME TO "hidden_{each}";' for each in hidden).encode())
        try:
            yield
        finally:
            opened.execute("".join(f'ALTER TABLE "hidden_{each}" RENAME TO "{each}";' for each in hidden).encode())


@contextmanager
def reader_of(made: Furnished, language: str) -> Iterator[Reader]:
    """The administrator's own session, in a language."""
    with httpx.Client(
        trust_env=False, timeout=60, headers={"accept-language": language}, cookies=made.reader.client.cookies
    ) as client:
        yield Reader(made.server, client)


def judge(reader: Reader, language: str, address: str) -> list[str]:
    """What is wrong with the page of a failure."""
    title, again, why = WORDS[language]
    page = unescape(reader.page)
    found = [f"status {reader.status}"] if reader.status != 503 else []
    found += [f"lacks {each!r}" for each in (title, why, "ServiceUnavailable", again) if each not in page]
    found += [f"shows {each!r}" for each in INSIDES if each in page]
    if not REQUEST_ID.search(page):
        found.append("no request ID")
    return [f"{language} {address}: {each}" for each in found]


def test_every_page_says_that_the_database_is_away(failing: tuple[Furnished, str, Cluster]) -> None:
    made, url, cluster = failing
    found = []
    with cluster.away(url), reader_of(made, "en") as english, reader_of(made, "zh") as chinese:
        for number, route in enumerate(ROUTES):  # no page of its own is reached: one language is enough for each
            reader, language = ((english, "en"), (chinese, "zh"))[number % 2]
            reader.get(made.address(route))
            if route == "/set-up" or route.startswith(("/help", "/sign-in")):
                found += [f"{route}: {reader.status}"] if reader.status not in (200, 503) else []
            else:
                found += judge(reader, language, route)
    assert not found, "\n".join(found)
    made.server.check_log()


def test_no_page_is_shown_by_half(failing: tuple[Furnished, str, Cluster]) -> None:
    made, url, cluster = failing
    found = []
    with without_tables(cluster, url, frozenset(SESSION)):
        for language in WORDS:
            with reader_of(made, language) as reader:
                for route in ROUTES:
                    reader.get(made.address(route))
                    if route in NOTHING_ASKED or route.startswith("/help"):
                        found += [f"{route}: {reader.status}"] if reader.status != 200 else []
                        continue
                    found += judge(reader, language, route)
                    if '<nav class="menu"' not in reader.page and route not in ("/sign-in", "/verify"):
                        found.append(f"{language} {route}: no frame")
    assert not found, "\n".join(found)
    made.server.check_log()


@pytest.mark.parametrize("hides", [False, True])
def test_no_form_loses_what_was_typed(failing: tuple[Furnished, str, Cluster], hides: bool) -> None:
    made, url, cluster = failing
    made.prove()
    found = []
    with reader_of(made, "en") as reader:
        starts = [reader.get("/workspaces") and reader.page for _ in FORMS]  # each with a mark of its own
        with without_tables(cluster, url, frozenset(SESSION)) if hides else cluster.away(url):
            for start, (route, (fields, _)) in zip(starts, FORMS.items(), strict=True):
                given = {name: made.fill(value) for name, value in fields.items()}
                reader.page = start
                reader.post(made.address(route).partition("?")[0], **given)
                found += [f"{route}: {each}" for each in lost(reader, given)]
    assert not found, "\n".join(found)


def lost(reader: Reader, given: dict[str, str]) -> list[str]:
    """What is wrong with the page that a failed form got: what was typed is there, but for what is secret."""
    if reader.status != 503:
        return [f"{reader.status} {reader.text[:300]}"]
    page = unescape(reader.page)
    secret = secret_names() & set(given)
    found = [f"{name} is lost" for name, value in given.items() if value not in page and not secret]
    found += [f"{name} is sent back" for name in secret if len(given[name]) > 6 and given[name] in page]
    return found + [f"shows {each!r}" for each in INSIDES if each in page]


def test_what_was_typed_is_sent_once_more_when_the_database_is_back(failing: tuple[Furnished, str, Cluster]) -> None:
    made, url, cluster = failing
    with reader_of(made, "en") as reader:
        reader.get("/groups/new")
        with cluster.away(url):
            reader.post("/groups/new", GroupName="typed-once", Comments="a < b & c")
            assert reader.status == 503
        typed = dict(FIELD.findall(reader.page))
        assert typed == {"GroupName": "typed-once", "Comments": "a &lt; b &amp; c"}
        failed = reader.page
        eventually(lambda: reader.get("/groups/new") and reader.status == 200 and made.server.ready())
        reader.page = failed
        reader.post("/groups/new", **{name: unescape(value) for name, value in typed.items()})
        assert reader.status == 200, reader.text
    group = made.call("ram", "GetGroup", GroupName="typed-once")["Group"]
    assert group["Comments"] == "a < b & c"


def test_the_node_is_not_ready_as_soon_as_the_database_is_away(failing: tuple[Furnished, str, Cluster]) -> None:
    made, url, cluster = failing
    eventually(made.server.ready)
    with cluster.away(url):
        eventually(lambda: not made.server.ready())
        said = httpx.get(f"{made.server.url}/readyz", trust_env=False, timeout=30)
        assert said.status_code == 503
        assert said.text == "not ready: the database does not answer (OperationalError)\n"
    eventually(made.server.ready)
    with reader_of(made, "en") as reader:
        reader.get("/users")
        assert reader.status == 200
