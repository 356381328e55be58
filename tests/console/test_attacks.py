"""What others may try: forms from other sites, fixed sessions, open redirects, frames, scripts in names, guessing."""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest

from services import rpc
from services.browser import PASSWORD, console_user
from services.server import Server

SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
def plain(console: Server) -> Iterator[httpx.Client]:
    """A client without a browser's protections."""
    with httpx.Client(base_url=console.url, trust_env=False, timeout=30) as client:
        yield client


def sign_in(client: httpx.Client, name: str, password: str = PASSWORD, **headers: str) -> httpx.Response:
    form = {"kind": "user", "name": name, "password": password}
    return client.post("/console/sign-in", data=form, headers=headers)


def form_token(client: httpx.Client) -> str:
    found = re.search(r'name="_token" value="([0-9a-f]{64})"', client.get("/console/").text)
    assert found
    return found.group(1)


def test_a_form_from_another_site_is_refused(console: Server, plain: httpx.Client) -> None:
    name = console_user(console, "csrf")
    assert sign_in(plain, name).status_code == 303
    token = form_token(plain)
    for headers, data in (
        ({}, {}),
        ({}, {"_token": "0" * 64}),
        ({"origin": "http://evil.example"}, {"_token": token}),
        ({"sec-fetch-site": "cross-site"}, {"_token": token}),
        ({"sec-fetch-site": "same-site"}, {"_token": token}),
    ):
        answer = plain.post("/console/sign-out", headers=headers, data=data)
        assert answer.status_code == 403, (headers, data)
    assert plain.get("/console/").status_code == 200
    assert plain.post("/console/sign-out", data={"_token": token}).status_code == 303
    assert plain.get("/console/").status_code == 303


def test_signing_in_from_another_site_is_refused(console: Server, plain: httpx.Client) -> None:
    name = console_user(console, "login-csrf")
    assert sign_in(plain, name, **{"sec-fetch-site": "cross-site"}).status_code == 403
    assert not plain.cookies


def test_a_session_that_was_planted_is_not_taken_over(console: Server, plain: httpx.Client) -> None:
    name = console_user(console, "fixated")
    plain.cookies.set("keystead-session", "planted-by-somebody-else")
    answer = sign_in(plain, name)
    assert "planted" not in answer.headers["set-cookie"]
    planted = httpx.get(
        f"{console.url}/console/", cookies={"keystead-session": "planted-by-somebody-else"}, trust_env=False
    )
    assert planted.status_code == 303


def test_a_session_ends_where_it_is_signed_out_of(console: Server, plain: httpx.Client) -> None:
    name = console_user(console, "leaver")
    sign_in(plain, name)
    cookie = plain.cookies["keystead-session"]
    plain.post("/console/sign-out", data={"_token": form_token(plain)})
    answer = httpx.get(f"{console.url}/console/", cookies={"keystead-session": cookie}, trust_env=False)
    assert answer.status_code == 303


@pytest.mark.parametrize(
    "wanted",
    ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)", "/console\\..", "/other"],
)
def test_signing_in_never_leads_elsewhere(console: Server, plain: httpx.Client, wanted: str) -> None:
    name = f"redirected@{console.account_id}"
    try:
        console_user(console, "redirected")
    except rpc.ApiError as error:
        assert error.code.startswith("EntityAlreadyExists")  # noqa: PT017 - made by the case before
    form = {"kind": "user", "name": name, "password": PASSWORD, "next": wanted}
    there = urlsplit(plain.post("/console/sign-in", data=form).headers["location"])
    assert (there.scheme, there.netloc, there.path) == ("", "", "/console/")
    assert plain.get("/console/language", params={"to": "zh", "back": wanted}).headers["location"] == "/console/"


def test_no_page_may_be_framed_or_run_foreign_code(plain: httpx.Client) -> None:
    for path in ("/console/sign-in", "/console/set-up", "/console/nowhere", "/console/static/console.js"):
        headers = plain.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
    policy = plain.get("/console/sign-in").headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy


def test_scripts_in_names_stay_text(console: Server, plain: httpx.Client) -> None:
    admin = console.admin
    rpc.call(console.url, admin, "ram", "CreateUser", UserName="xss", DisplayName=SCRIPT, Comments=SCRIPT)
    name = console_user(console, "reader", "AdministratorAccess")
    sign_in(plain, name)
    for path in (
        "/console/users?q=xss",
        f"/console/users?q={SCRIPT}",
        f"/console/{SCRIPT}",
        f"/console/sign-in?next={SCRIPT}",
    ):
        page = plain.get(path).text
        assert SCRIPT not in page
    assert "&lt;script&gt;" in plain.get("/console/users?q=xss").text
    failed = plain.post("/console/sign-in", data={"kind": "user", "name": SCRIPT, "password": "x"})
    assert SCRIPT not in failed.text


def test_guessing_is_locked_and_says_until_when(console: Server, plain: httpx.Client) -> None:
    name = console_user(console, "guessed")
    rpc.call(console.url, console.admin, "ims", "SetPasswordPolicy", MaxLoginAttemps="5")
    try:
        said = [sign_in(plain, name, f"Wrong-{number}-Horse").text for number in range(5)]
        assert "wrong" in said[0]
        assert "Too many attempts. Try again in 60 minutes." in said[-1]
        assert "Too many attempts" in sign_in(plain, name).text
    finally:
        rpc.call(console.url, console.admin, "ims", "SetPasswordPolicy", MaxLoginAttemps="0")


def test_a_name_that_nobody_has_costs_the_same_time(console: Server, plain: httpx.Client) -> None:
    known, unknown = console_user(console, "timed"), f"untimed@{console.account_id}"
    times: dict[str, list[float]] = {known: [], unknown: []}
    for _ in range(5):
        for name, taken in times.items():
            began = time.perf_counter()
            sign_in(plain, name, "Wrong-Horse-1")
            taken.append(time.perf_counter() - began)
    fast, slow = sorted(statistics.median(taken) for taken in times.values())
    assert slow < 3 * fast  # argon2 is most of both; a short cut would be a factor of ten and more


def test_five_wrong_proofs_end_the_session(console: Server, plain: httpx.Client) -> None:
    name = console_user(console, "prover")
    sign_in(plain, name)
    token = form_token(plain)
    for _ in range(4):
        assert plain.post("/console/verify", data={"_token": token, "_proof": "wrong"}).status_code == 403
    assert plain.post("/console/verify", data={"_token": token, "_proof": "wrong"}).status_code == 303
    assert plain.get("/console/").status_code == 303


def test_a_user_that_is_disabled_is_out_at_once(console: Server, plain: httpx.Client) -> None:
    name = console_user(console, "fired")
    sign_in(plain, name)
    assert plain.get("/console/").status_code == 200
    rpc.call(console.url, console.admin, "ram", "DeleteLoginProfile", UserName="fired")
    assert plain.get("/console/").status_code == 303


def test_what_is_sent_is_bounded(plain: httpx.Client) -> None:
    answer = plain.post("/console/sign-in", data={f"n{number}": "x" for number in range(2000)})
    assert answer.status_code == 413
    assert plain.get("/console/sign-in", headers={"cookie": "keystead-session=" + "a" * 5000}).status_code == 200
