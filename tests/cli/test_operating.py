"""First start, account and config commands, around a stand-in for the application."""

from __future__ import annotations

import json
import os
import pty
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cli.conftest import Program
from cli.with_stub_app import PAIR

STUB = (sys.executable, str(Path(__file__).with_name("with_stub_app.py")))


def run(keystead: Program, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return keystead(*arguments, program=STUB, **environment)


def on_terminal(keystead: Program, *arguments: str, typed: str = "") -> tuple[int, str]:
    """Run it with a terminal as its input and output; returns the exit code and all that was written."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*STUB, *arguments],
        env={**keystead.environment, "TERM": "dumb"},
        cwd=keystead.home,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        os.write(ours, typed.encode())
        written = b""
        try:
            while chunk := os.read(ours, 65536):
                written += chunk
        except OSError:  # Linux ends a terminal without readers so
            pass
        code = process.wait(timeout=60)
    os.close(ours)
    return code, written.decode().replace("\r\n", "\n")


def profiles(keystead: Program) -> Any:
    return json.loads((keystead.home / ".keystead/config.json").read_text())


def test_the_first_start_fits_one_screen_and_shows_the_pair_once(keystead: Program) -> None:
    code, screen = on_terminal(keystead, "serve", "--data-dir", "data")
    assert code == 0, screen
    lines = screen.splitlines()
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 80
    assert "http://127.0.0.1:8420" in screen
    assert "~/data" in screen
    for once in (*PAIR, "SETUP-TOKEN"):
        assert screen.count(once) == 1
    _, again = on_terminal(keystead, "serve", "--data-dir", "data")
    assert "127.0.0.1:8420" in again
    assert not [once for once in (*PAIR, "SETUP-TOKEN") if once in again]


def test_the_pair_is_kept_as_a_private_profile_and_not_printed_without_a_terminal(keystead: Program) -> None:
    done = run(keystead, "init", "--data-dir", "data")
    assert (done.returncode, done.stderr) == (0, "")
    assert PAIR[1] not in done.stdout
    assert "SETUP-TOKEN" not in done.stdout
    file = keystead.home / ".keystead/config.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    (profile,) = profiles(keystead)["profiles"]
    assert (profile["name"], profile["mode"], profile["endpoint"]) == ("default", "AK", "127.0.0.1:8420")
    assert (profile["access_key_id"], profile["access_key_secret"]) == PAIR


def test_a_second_instance_does_not_take_the_firsts_profile(keystead: Program) -> None:
    run(keystead, "init", "--data-dir", "one")
    done = run(keystead, "init", "--data-dir", "two", "--port", "9000")
    document = profiles(keystead)
    assert [each["name"] for each in document["profiles"]] == ["default", "1234567890123456"]
    assert document["current"] == "default"
    assert "--profile 1234567890123456" in done.stdout


def test_nothing_is_made_where_the_profile_could_not_be_kept(keystead: Program) -> None:
    (keystead.home / "file").write_text("")
    done = run(keystead, "init", "--data-dir", "data", KEYSTEAD_PROFILE_FILE=str(keystead.home / "file/config.json"))
    assert done.returncode == 2
    assert "KEYSTEAD_PROFILE_FILE" in done.stderr
    assert not (keystead.home / "data").exists()


def test_operator_errors_are_two_lines(keystead: Program) -> None:
    done = run(keystead, "serve", "--account-alias", "broken")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines() == ["Error: The database cannot be opened.", "Next step: Mend it."]


def test_tls_auto_prints_the_trust_settings(keystead: Program) -> None:
    done = run(keystead, "serve", "--data-dir", "data", "--tls", "auto")
    authority = keystead.home / "data/tls/ca.pem"
    assert authority.is_file()
    assert "https://127.0.0.1:8443" in done.stdout
    for line in (f"REQUESTS_CA_BUNDLE={authority}", f"NODE_EXTRA_CA_CERTS={authority}", f"curl --cacert {authority}"):
        assert line in done.stdout
    told = keystead("tls", "trust", "--data-dir", "data")
    assert f"export NODE_EXTRA_CA_CERTS={authority}\n" in told.stdout
    assert keystead("tls", "trust", "--data-dir", "other").returncode == 2


def test_a_certificate_that_cannot_be_used_ends_the_start_with_two_lines(keystead: Program) -> None:
    done = run(keystead, "serve", "--data-dir", "data", "--tls-cert", "no.pem", "--tls-key", "no.key")
    assert done.returncode == 2
    first, second = done.stderr.splitlines()
    assert "no.pem cannot be read" in first
    assert second.startswith("Next step: ")
    assert not (keystead.home / "data").exists()


def test_the_secrets_are_shown_even_where_it_does_not_come_to_listening(keystead: Program) -> None:
    code, screen = on_terminal(keystead, "serve", "--data-dir", "data", "--port", "1")
    assert code == 2
    assert PAIR[1] in screen
    assert "Cannot listen" in screen


def test_passwords_of_the_database_are_not_printed(keystead: Program) -> None:
    url = "postgresql+psycopg://u:geheim@h/x?sslpassword=geheim"
    done = run(keystead, "init", "--data-dir", "data", "--database", url)
    assert "u:***@h/x" in done.stdout
    assert "geheim" not in done.stdout
    shown = keystead("config", "show", "--database", url, "--output", "json").stdout
    assert "geheim" not in shown


def test_of_a_webhooks_address_only_the_host_is_printed(keystead: Program) -> None:
    url = "https://hooks.example.com:8443/geheim?token=geheim"
    flags = ("--expiry-webhook-url", url, "--webhook-secret-file", "secret", "--expiry-warning-day", "7")
    shown = keystead("config", "show", *flags)
    assert "https://hooks.example.com:8443/…" in shown.stdout
    assert "geheim" not in shown.stdout
    values = json.loads(keystead("config", "show", *flags, "--output", "json").stdout)
    assert values["expiry_warning_days"]["value"] == [7]
    assert "geheim" not in str(values)


def test_an_account_pair_needs_the_warning_confirmed(keystead: Program) -> None:
    run(keystead, "init", "--data-dir", "data")
    command = ("account", "create-access-key", "--data-dir", "data")
    refused = run(keystead, *command)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "no policy can limit it" in refused.stderr
    assert "--yes-i-understand" in refused.stderr
    agreed = run(keystead, *command, "--yes-i-understand", "--output", "json")
    assert (agreed.returncode, agreed.stderr) == (0, "")
    pair = {"AccessKeyId": "LTAI5tAccountAccountAcco", "AccessKeySecret": "accountAccountAccountAccountAc"}
    assert json.loads(agreed.stdout) == pair
    code, screen = on_terminal(keystead, *command, typed="n\n")
    assert code == 2
    assert "accountAccount" not in screen
    code, screen = on_terminal(keystead, *command, typed="\x04")
    assert code == 2
    assert "Nothing was done" in screen
    code, screen = on_terminal(keystead, *command, typed="y\n")
    assert code == 0, screen
    assert "accountAccountAccountAccountAc" in screen


def test_one_more_account(keystead: Program) -> None:
    assert run(keystead, "account", "create", "--data-dir", "data").returncode == 2
    run(keystead, "init", "--data-dir", "data")
    done = run(keystead, "account", "create", "--alias", "team", "--data-dir", "data")
    assert (done.returncode, done.stderr) == (0, "")
    assert "1999999999999999 (team)" in done.stdout
    assert PAIR[1] not in done.stdout
    assert [each["name"] for each in profiles(keystead)["profiles"]] == ["default", "1999999999999999"]


@pytest.mark.parametrize("command", ["show", "create", "create-access-key"])
def test_asking_after_an_instance_does_not_make_one(keystead: Program, command: str) -> None:
    done = run(keystead, "account", command, "--data-dir", "nowhere")
    assert done.returncode == 2
    assert "no instance" in done.stderr
    assert not (keystead.home / "nowhere").exists()


def test_a_free_port_is_kept_in_the_profile_once_it_is_known(keystead: Program) -> None:
    run(keystead, "serve", "--data-dir", "data", "--port", "0")
    assert profiles(keystead)["profiles"][0]["endpoint"] == "127.0.0.1:4321"


def test_account_show(keystead: Program) -> None:
    run(keystead, "init", "--data-dir", "data")
    done = run(keystead, "account", "show", "--data-dir", "data", "--output", "json")
    assert json.loads(done.stdout)["account_id"] == "1234567890123456"
    assert "1234567890123456" in run(keystead, "account", "show", "--data-dir", "data").stdout


def test_config_show_says_where_each_value_came_from(keystead: Program) -> None:
    file = keystead.home / "data/keystead.toml"
    file.parent.mkdir()
    file.write_text("port = 1000\nroles_quota = 7\n")
    arguments = ("config", "show", "--data-dir", "data", "--host", "::1", "--no-sign-v1")
    shown = json.loads(keystead(*arguments, "--output", "json", KEYSTEAD_PORT="2000").stdout)
    assert shown["port"] == {"value": 2000, "origin": "env", "where": "KEYSTEAD_PORT"}
    assert shown["roles_quota"] == {"value": 7, "origin": "file", "where": f"{file}:2"}
    assert shown["host"] == {"value": "::1", "origin": "flag", "where": "--host"}
    assert shown["sign_v1"]["value"] is False
    assert shown["tls"]["origin"] == "default"
    table = keystead(*arguments).stdout.splitlines()
    assert [line.split() for line in table if line.startswith("roles_quota")] == [
        ["roles_quota", "7", "file", f"{file}:2"]
    ]


@pytest.mark.parametrize("command", [("serve",), ("init",), ("config", "show"), ("account", "show"), ("status",)])
def test_a_settings_mistake_ends_every_command_with_2(keystead: Program, command: tuple[str, ...]) -> None:
    done = run(keystead, *command, KEYSTEAD_PROT="1")
    if command == ("status",):
        assert done.returncode == 3, "the remote part comes first"
        return
    assert done.returncode == 2
    assert 'Did you mean "KEYSTEAD_PORT"?' in done.stderr


@pytest.mark.parametrize("command", [(), ("serve",), ("call",), ("ram",), ("ram", "create-user"), ("account",)])
def test_help_fits_80_columns(keystead: Program, command: tuple[str, ...]) -> None:
    done = keystead(*command, "--help")
    assert done.returncode == 0
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert "…" not in done.stdout.replace("sqlite:///…", "").replace("psycopg://…", "").replace("redis://…", "")


def test_the_shell_completes_commands_actions_and_options(keystead: Program) -> None:
    def completed(words: str, count: int) -> str:
        asked = {"_KEYSTEAD_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(count)}
        return keystead(**asked).stdout

    assert "status" in completed("keystead sta", 1)
    assert "create-user" in completed("keystead ram create-u", 2)
    assert "--user-name" in completed("keystead ram create-user --user", 3)
    assert "CreateUser" in completed("keystead call ram CreateU", 3)
    assert completed("keystead ram nothing-like-it --x", 3).strip() == ""


def test_version(keystead: Program) -> None:
    import keystead as package

    for spelled in ("version", "--version"):
        assert keystead(spelled).stdout == f"keystead {package.__version__}\n"
