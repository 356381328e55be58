"""Settings: one name everywhere, who beats whom, and refusals that say where and what else."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from keystead.settings import SETTINGS, OperatorError, Settings, flag, variable
from keystead.settings_load import load, locate_file
from keystead.settings_page import page

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "settings.md"


def written(folder: Path, text: str) -> Path:
    file = folder / "keystead.toml"
    file.write_text(text)
    return file


def refused(file: Path | None = None, env: dict[str, str] | None = None, flags: dict[str, Any] | None = None) -> str:
    with pytest.raises(OperatorError) as caught:
        load(file, env or {}, flags)
    return f"{caught.value.message}\n{caught.value.next_step}"


def test_defaults_are_a_valid_configuration() -> None:
    loaded = load(None, {"XDG_DATA_HOME": "/srv"})
    assert loaded.settings == dataclasses.replace(Settings(), data_dir=Path("/srv/keystead"))
    assert {each.kind for each in loaded.origins.values()} == {"default"}


def test_settings_are_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Settings().port = 1  # type: ignore[misc]


def test_flags_beat_the_environment_which_beats_the_file_which_beats_defaults(tmp_path: Path) -> None:
    file = written(tmp_path, "# mine\nport = 1000\nusers_quota = 10\nlog_level = 'debug'\n")
    env = {"KEYSTEAD_PORT": "2000", "KEYSTEAD_USERS_QUOTA": "20"}
    loaded = load(file, env, {"port": 3000, "host": None})
    settings = loaded.settings
    assert (settings.port, settings.users_quota, settings.log_level) == (3000, 20, "debug")
    told = {name: str(loaded.origins[name]) for name in ("port", "users_quota", "log_level", "host")}
    assert told == {
        "port": "flag (--port)",
        "users_quota": "env (KEYSTEAD_USERS_QUOTA)",
        "log_level": f"file ({file}:4)",
        "host": "default",
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("\nprot = 1\n", ('keystead.toml:2: unknown setting "prot"', 'Did you mean "port"?')),
        ("port = '1'", ("keystead.toml:1: port is '1'", "a whole number")),
        ("port = true", ("must be a whole number",)),
        ("port = 70000", ("from 0 to 65535",)),
        ("sign_v1 = 'yes'", ("true or false",)),
        ("log_level = 'warn'", ("one of debug, info, warning, error",)),
        ("log_level = 'debugg'", ('Did you mean "debug"?',)),
        ("port = 1\nhost = x\n", ("is not TOML", "line 2")),
        ("host = ''", ("not empty",)),
        ("host = 'a b'", ("an IP address or a host name",)),
        ("trusted_proxies = ['10.0.0.1/8']", ("10.0.0.1/8", "networks")),
        ("tls_names = 'x'", ("a list",)),
        ("tls = 'auto'\ntls_names = ['a..b']", ("tls_names is 'a..b'",)),
        ("account_alias = 'a--b'", ("single inner hyphens",)),
        ("database = 'mysql://u:pw@h/x'", ("sqlite or postgresql",)),
        ("redis_url = 'http://h'", ("redis://",)),
        ("smtp_url = 'http://h'\nsmtp_from = 'a@b.c'", ("smtp://",)),
        ("smtp_url = 'smtp://h'\nsmtp_from = 'a b'", ("one mail address",)),
        ("smtp_url = 'smtp://h'", ("smtp_from is not", "--smtp-from")),
        ("smtp_from = 'a@b.c'", ("smtp_url is not", "--smtp-url")),
        ("expiry_warning_days = [3, 0]", ("whole numbers from 1 to 365",)),
        ("expiry_warning_days = 3", ("a list of whole numbers",)),
        ("expiry_warning_days = ['3']", ("a whole number",)),
        ("expiry_webhook_url = 'https://h/:pw@'", ("webhook_secret_file is not",)),
        ("webhook_secret_file = 'x'", ("expiry_webhook_url is not", "--expiry-webhook-url")),
        ("expiry_webhook_url = 'http://h/:pw@'\nwebhook_secret_file = 'x'", ("https://", "this machine")),
        ("expiry_webhook_url = 'https://u:pw@h/'\nwebhook_secret_file = 'x'", ("without user",)),
        ("expiry_webhook_url = 'https://h/a b'\nwebhook_secret_file = 'x'", ("https://",)),
        ("expiry_webhook_url = 'https://h/#:pw@'\nwebhook_secret_file = 'x'", ("fragment",)),
        ("public_url = 'https://h/path'", ("nothing more",)),
    ],
)
def test_a_file_that_cannot_be_meant_is_refused_with_place_and_remedy(
    tmp_path: Path, text: str, said: tuple[str, ...]
) -> None:
    told = refused(written(tmp_path, text))
    for part in said:
        assert part in told
    assert ":pw@" not in told


@pytest.mark.parametrize(
    ("env", "said"),
    [
        ({"KEYSTEAD_PROT": "1"}, 'Did you mean "KEYSTEAD_PORT"?'),
        ({"KEYSTEAD_PORT": "x"}, "KEYSTEAD_PORT: port is 'x'"),
        ({"KEYSTEAD_SIGN_V1": "maybe"}, "true or false"),
        ({"KEYSTEAD_PORT": "tcp://10.0.0.1:8420"}, "enableServiceLinks"),
        ({"KEYSTEAD_SERVICE_HOST": "10.0.0.1"}, "enableServiceLinks"),
        ({"KEYSTEAD_DATABASE": "mysql://u:pw@h/x"}, "sqlite or postgresql"),
    ],
)
def test_an_environment_that_cannot_be_meant_is_refused(env: dict[str, str], said: str) -> None:
    told = refused(env=env)
    assert said in told
    assert "pw" not in told


def test_unknown_flags_are_refused() -> None:
    assert 'Did you mean "users_quota"?' in refused(flags={"user_quota": 1})


def test_the_environment_spells_lists_with_commas_and_truth_in_words() -> None:
    env = {"KEYSTEAD_TRUSTED_PROXIES": "10.0.0.0/8, ::1", "KEYSTEAD_REQUIRE_TLS": "Yes", "KEYSTEAD_SIGN_V1": "0"}
    settings = load(None, env).settings
    assert settings.trusted_proxies == ("10.0.0.0/8", "::1")
    assert (settings.require_tls, settings.sign_v1) == (True, False)


def test_lists_of_numbers() -> None:
    assert load(None, {"KEYSTEAD_EXPIRY_WARNING_DAYS": "7, 1,7"}).settings.expiry_warning_days == (7, 1)
    assert load(None, {"KEYSTEAD_EXPIRY_WARNING_DAYS": ""}).settings.expiry_warning_days == ()
    assert load(None, {}, {"expiry_warning_days": [5]}).settings.expiry_warning_days == (5,)
    assert flag("expiry_warning_days") == "--expiry-warning-day"
    assert "KEYSTEAD_EXPIRY_WARNING_DAYS" in refused(env={"KEYSTEAD_EXPIRY_WARNING_DAYS": "soon"})


@pytest.mark.parametrize(
    "host", ["https://h.example:8443/a?b=c", "http://127.0.0.9/", "http://[::1]:80/x", "http://localhost/"]
)
def test_where_a_webhook_may_be(host: str) -> None:
    given = {"expiry_webhook_url": host, "webhook_secret_file": Path("/x")}
    assert load(None, {}, given).settings.expiry_webhook_url == host


def test_variables_of_the_client_and_of_tests_are_not_settings() -> None:
    load(None, {"KEYSTEAD_ENDPOINT": "http://h", "KEYSTEAD_PROFILE": "p", "KEYSTEAD_TEST_X": "1"})


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ({"tls_cert": Path("c.pem")}, "tls_key is not set"),
        ({"tls": "files"}, "tls_cert is not set"),
        ({"tls": "auto", "tls_cert": Path("c"), "tls_key": Path("k")}, "would not be used"),
        ({"tls_names": ("a",)}, "would not be used"),
        ({"tls_port": 1234}, "would not be used"),
        ({"tls": "auto", "port": 8443}, "a port each"),
        ({"require_tls": True}, "nothing speaks TLS"),
    ],
)
def test_settings_that_could_not_be_obeyed_together_are_refused(flags: dict[str, Any], said: str) -> None:
    assert said in refused(flags=flags)


def test_naming_a_certificate_means_tls_from_files() -> None:
    loaded = load(None, {}, {"tls_cert": Path("/c"), "tls_key": Path("/k")})
    assert (loaded.settings.tls, str(loaded.origins["tls"])) == ("files", "flag (--tls-cert)")
    assert load(None, {}, {"require_tls": True, "tls": "auto"}).settings.require_tls


def test_a_relative_path_in_the_file_is_relative_to_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = written(tmp_path, "data_dir = 'data'")
    assert load(file, {}).settings.data_dir == tmp_path / "data"
    monkeypatch.chdir(tmp_path)
    assert load(None, {"KEYSTEAD_DATA_DIR": "here"}).settings.data_dir == tmp_path / "here"


def test_the_file_is_named_or_stands_in_the_data_directory(tmp_path: Path) -> None:
    assert locate_file({}, Path("/x.toml"), None) == Path("/x.toml")
    assert locate_file({"KEYSTEAD_CONFIG": "/y.toml"}, None, tmp_path) == Path("/y.toml")
    assert locate_file({}, None, tmp_path) is None
    file = written(tmp_path, "")
    assert locate_file({}, None, tmp_path) == file
    assert locate_file({"KEYSTEAD_DATA_DIR": str(tmp_path)}, None, None) == file
    assert "cannot be read" in refused(tmp_path / "missing.toml")


def test_passwords_are_not_in_the_repr() -> None:
    settings = load(None, {"KEYSTEAD_DATABASE": "postgresql://u:geheim@h/x", "KEYSTEAD_REDIS_URL": "redis://:geheim@h"})
    assert "geheim" not in repr(settings)


@pytest.mark.parametrize("name", SETTINGS)
def test_every_setting_is_described_and_documented(name: str) -> None:
    setting = SETTINGS[name]
    assert setting.metadata["doc"].endswith(".")
    assert setting.metadata["group"]
    text = PAGE.read_text("utf-8")
    assert f"`{name}`<br>`{variable(name)}`<br>`{flag(name)}`" in text
    bounded = setting.metadata["low"] is not None
    assert bounded == ("int" in str(setting.type)), "every number has a range"


def test_the_reference_page_is_not_stale() -> None:
    assert PAGE.read_text("utf-8") == page(), "run: python scripts/generate.py"
