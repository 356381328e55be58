"""The Cloud Shell: the same commands, the same rights, the same audit as everywhere."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import expect

from services import rpc
from services.browser import Person, console_user
from services.server import Server


def _type(person: Person, line: str) -> str:
    """Run a line in the panel and return what it answered."""
    log = person.page.locator("#cloud-shell [role=log]")
    before = log.locator("pre").count()
    person.page.fill("#cloud-shell-line", line)
    person.page.press("#cloud-shell-line", "Enter")
    expect(log.locator("pre")).to_have_count(before + 2)
    return log.locator("pre").last.inner_text()


def test_commands_run_as_the_person_and_are_audited(boss: Person, console: Server) -> None:
    page = boss.page
    page.get_by_role("button", name="Cloud Shell").click()
    boss.check_access()
    assert '"IdentityType": "RAMUser"' in _type(boss, "whoami")
    assert "shell-made" in _type(boss, "ram create-user --user-name shell-made --display-name 'Made in the shell'")
    rows = _type(boss, "keystead search-users --query-text x")
    assert "has no parameter" in rows
    table = _type(boss, "ram list-users --output table --query \"Users.User[?UserName=='shell-made'].[UserName]\"")
    assert "shell-made" in table
    assert '"boss"' not in table
    event = _type(boss, "keystead lookup-events --event-action CreateUser --query 'Events.Event[0].Principal'")
    assert event.endswith(':user/boss"')
    found = _type(boss, "keystead search-users --query shell-made --cli-query 'Users.User[].UserName'")
    assert found.split() == ["[", '"shell-made"', "]"]
    refused = _type(boss, "ram get-user --user-name nobody-here")
    assert "EntityNotExist.User" in refused
    assert "Request ID" in refused


def test_it_completes_and_remembers(boss: Person) -> None:
    page = boss.page
    page.get_by_role("button", name="Cloud Shell").click()
    page.fill("#cloud-shell-line", "ram create-u")
    page.press("#cloud-shell-line", "Tab")
    expect(page.locator("#cloud-shell-line")).to_have_value("ram create-user ")
    _type(boss, "sts get-caller-identity")
    page.press("#cloud-shell-line", "ArrowUp")
    expect(page.locator("#cloud-shell-line")).to_have_value("sts get-caller-identity")
    page.press("#cloud-shell-line", "Escape")
    expect(page.locator("#cloud-shell")).to_be_hidden()


def test_exported_credentials_work_elsewhere_and_end_with_the_user(
    console: Server, visitor: Callable[..., Person]
) -> None:
    person = visitor()
    person.sign_in(console_user(console, "exporter"))
    person.page.get_by_role("button", name="Cloud Shell").click()
    said = _type(person, "export")
    found = dict(re.findall(r"export (\w+)='?([^'\n]+)'?", said))
    own = {name: value for name, value in found.items() if name.startswith("ALIBABA_CLOUD")}
    done = console.cli("sts", "get-caller-identity", environment={**own, "KEYSTEAD_ENDPOINT": console.url})
    assert ":user/exporter" in done.stdout, done.stderr
    again = console.cli("keystead", "create-console-credentials", environment={**own, "KEYSTEAD_ENDPOINT": console.url})
    assert "NotSupport.Caller" in again.stderr
    denied = console.cli("ram", "list-users", environment={**own, "KEYSTEAD_ENDPOINT": console.url})
    assert "NoPermission" in denied.stderr
    rpc.call(console.url, console.admin, "ram", "DeleteLoginProfile", UserName="exporter")
    rpc.call(console.url, console.admin, "ram", "DeleteUser", UserName="exporter")
    gone = console.cli("sts", "get-caller-identity", environment={**own, "KEYSTEAD_ENDPOINT": console.url})
    assert "InvalidSecurityToken.Expired" in gone.stderr


def test_a_line_reads_no_file_of_the_server_and_no_right_is_won(outsider: Person) -> None:
    outsider.page.get_by_role("button", name="Cloud Shell").click()
    assert "does not match" in _type(outsider, "ram create-user --user-name @/etc/hostname")  # the text itself
    assert "NoPermission" in _type(outsider, "ram list-users")
    assert "cannot be read" in _type(outsider, "ram list-users 'open")
    assert "There is no product" in _type(outsider, "rm -rf /")
