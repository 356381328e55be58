"""Profiles in the vendor CLI's format, and who signs."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from keystead.cli import profiles
from keystead.commands.errors import CommandError

PAIR = {"mode": "AK", "access_key_id": "AK", "access_key_secret": "SK"}


def written(path: Path, *entries: dict[str, Any], current: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"current": current, "profiles": list(entries), "meta_path": ""}))
    return path


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def test_unknown_members_and_other_profiles_survive_a_write(tmp_path: Path) -> None:
    other = {"name": "other", "mode": "CloudSSO", "cloud_sso_sign_in_url": "u", "new_member": [1]}
    mine = {"name": "mine", **PAIR, "region_id": "eu-central-1", "site": "intl", "sts_token": "old"}
    path = written(tmp_path / "config.json", other, mine, current="other")
    profiles.save_profile(path, "mine", "AK2", "SK2", "https://keys.example:8443")
    document = json.loads(path.read_text())
    assert document["profiles"][0] == other
    assert (document["current"], document["meta_path"]) == ("other", "")
    saved = document["profiles"][1]
    assert (saved["access_key_id"], saved["region_id"], saved["site"]) == ("AK2", "eu-central-1", "intl")
    assert (saved["endpoint"], saved["keystead_endpoint"]) == ("keys.example:8443", "https://keys.example:8443")
    assert "sts_token" not in saved


def test_a_write_is_private_even_where_the_file_was_not(tmp_path: Path) -> None:
    path = written(tmp_path / "config.json")
    path.chmod(0o644)
    profiles.save_profile(path, "default", "AK", "SK", "http://127.0.0.1:8420")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["config.json"]


def test_a_write_never_widens_permissions(tmp_path: Path) -> None:
    path = written(tmp_path / "config.json")
    path.chmod(0o400)
    profiles.save_profile(path, "default", "AK", "SK", "http://127.0.0.1:8420")
    assert stat.S_IMODE(path.stat().st_mode) == 0o400


def test_a_symbolic_link_stays_one(tmp_path: Path) -> None:
    target = written(tmp_path / "real" / "config.json")
    link = tmp_path / "config.json"
    link.symlink_to(target)
    profiles.save_profile(link, "default", "AK", "SK", "http://127.0.0.1:8420")
    assert link.is_symlink()
    assert json.loads(target.read_text())["current"] == "default"


@pytest.mark.parametrize("text", ["{", "[]", '{"profiles": {}}', '{"profiles": [1]}'])
def test_a_file_that_is_not_ours_is_not_overwritten(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config.json"
    path.write_text(text)
    with pytest.raises(CommandError):
        profiles.save_profile(path, "default", "AK", "SK", "http://127.0.0.1:8420")
    assert path.read_text() == text


def test_who_signs(home: Path) -> None:
    written(home / ".keystead/config.json", {"name": "default", **PAIR, "access_key_id": "own"}, current="default")
    written(home / ".aliyun/config.json", {"name": "cloud", **PAIR, "access_key_id": "vendor"}, current="cloud")
    env = {"ALIBABA_CLOUD_ACCESS_KEY_ID": "env", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "s"}
    assert profiles.credentials({}, None).access_key_id == "own"
    assert profiles.credentials({}, "cloud").access_key_id == "vendor"
    assert profiles.credentials({"ALIBABA_CLOUD_PROFILE": "cloud"}, None).access_key_id == "vendor"
    assert profiles.credentials({"KEYSTEAD_PROFILE": "cloud"}, None).access_key_id == "vendor"
    assert profiles.credentials(env, None).access_key_id == "env"
    assert profiles.credentials({**env, "ALIBABA_CLOUD_SECURITY_TOKEN": "t"}, None).security_token == "t"
    assert profiles.credentials(env, "default").access_key_id == "own"
    named = {"ALIBABA_CLOUD_CONFIG_FILE": str(home / ".aliyun/config.json")}
    assert profiles.credentials(named, None).access_key_id == "vendor"
    with pytest.raises(CommandError, match="no profile") as caught:
        profiles.credentials({}, "clod")
    assert 'Did you mean "cloud"?' in caught.value.next_step


def test_without_any_pair_the_ways_to_give_one_are_named(home: Path) -> None:
    with pytest.raises(CommandError) as caught:
        profiles.credentials({}, None)
    assert "ALIBABA_CLOUD_ACCESS_KEY_ID" in caught.value.next_step


def test_modes(home: Path) -> None:
    role = {"ram_role_arn": "acs:ram::1:role/r", "ram_session_name": "s"}
    written(
        home / ".aliyun/config.json",
        {"name": "sts", **PAIR, "mode": "StsToken", "sts_token": "t"},
        {"name": "half", **PAIR, "mode": "StsToken"},
        {"name": "role", **PAIR, **role, "mode": "RamRoleArn", "expired_seconds": 1800, "external_id": "e"},
        {"name": "chain", "mode": "ChainableRamRoleArn", "source_profile": "role", **role},
        {"name": "loop", "mode": "ChainableRamRoleArn", "source_profile": "loop", **role},
        {"name": "ecs", "mode": "EcsRamRole"},
        {"name": "case", **PAIR, "mode": "ak"},
    )
    assert profiles.credentials({}, "sts").security_token == "t"
    (assumed,) = profiles.credentials({}, "role").roles
    assert (assumed.arn, assumed.seconds, assumed.external_id) == ("acs:ram::1:role/r", 1800, "e")
    assert [each.seconds for each in profiles.credentials({}, "chain").roles] == [1800, 900]
    assert profiles.credentials({}, "case").access_key_id == "AK"
    for name, said in (("half", "no sts_token"), ("loop", "more than 5 roles"), ("ecs", "mode EcsRamRole")):
        with pytest.raises(CommandError, match=said):
            profiles.credentials({}, name)


def test_secrets_are_not_in_the_repr(home: Path) -> None:
    written(home / ".keystead/config.json", {"name": "default", **PAIR}, current="default")
    assert "SK" not in repr(profiles.credentials({}, None))


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("127.0.0.1:8420", "http://127.0.0.1:8420"),
        ("localhost", "http://localhost"),
        ("keys.example:8443", "https://keys.example:8443"),
        ("http://keys.example/", "http://keys.example"),
        ("https://[::1]:1", "https://[::1]:1"),
        ("[::1]:8420", "http://[::1]:8420"),
    ],
)
def test_an_endpoint_without_scheme_is_http_on_this_machine_only(given: str, meant: str) -> None:
    assert profiles.endpoint({}, given, None) == meant


@pytest.mark.parametrize("given", ["http://", "http://h/path", "http://u@h", "http://h:x", "file:///etc"])
def test_what_is_no_endpoint_is_refused(given: str) -> None:
    with pytest.raises(CommandError, match="is not an endpoint"):
        profiles.normal_endpoint(given)


def test_the_endpoint_comes_from_flag_environment_profile_default(home: Path) -> None:
    assert profiles.endpoint({}, None, None) == profiles.DEFAULT_ENDPOINT
    both = {"name": "a", **PAIR, "endpoint": "h:1", "keystead_endpoint": "http://h:1"}
    written(home / ".keystead/config.json", both, {"name": "b", **PAIR, "endpoint": "h:2"}, current="a")
    assert profiles.endpoint({}, None, None) == "http://h:1"
    assert profiles.endpoint({}, None, "b") == "https://h:2"
    assert profiles.endpoint({"KEYSTEAD_ENDPOINT": "http://e"}, None, None) == "http://e"
    assert profiles.endpoint({"KEYSTEAD_ENDPOINT": "http://e"}, "http://f", None) == "http://f"
