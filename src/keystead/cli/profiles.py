"""Whose key signs, and which address is called.

Profiles live in the `aliyun` CLI's own file format, so `aliyun --config-path ~/.keystead/config.json` reads what
we write and we read what it writes.  That CLI wants `endpoint` as host and port; the full address stands beside
it as `keystead_endpoint`.  Members that we do not know are kept as they are.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from keystead.commands.errors import usage
from keystead.wire.names import nearest

DEFAULT_ENDPOINT = "http://127.0.0.1:8420"
OWN_FILE = Path("~/.keystead/config.json")
VENDOR_FILE = Path("~/.aliyun/config.json")
SUPPORTED_MODES = ("AK", "StsToken", "RamRoleArn", "ChainableRamRoleArn")
_MAX_CHAIN = 5


@dataclass(frozen=True, slots=True)
class Role:
    """A role that the pair assumes before the call."""

    arn: str
    session_name: str
    seconds: int
    external_id: str | None = None


@dataclass(frozen=True, slots=True)
class Credentials:
    """A pair, perhaps with a token, and the roles to assume with it, first to last.  source: where it came from."""

    access_key_id: str
    secret: str
    security_token: str | None
    source: str
    roles: tuple[Role, ...] = ()

    def __repr__(self) -> str:  # a secret does not belong in a traceback
        return f"Credentials({self.access_key_id!r}, source={self.source!r})"


def profile_files(env: Mapping[str, str]) -> list[Path]:
    """The files that are looked at, in this order."""
    for name in ("KEYSTEAD_PROFILE_FILE", "ALIBABA_CLOUD_CONFIG_FILE"):
        if env.get(name):
            return [Path(env[name]).expanduser()]
    return [OWN_FILE.expanduser(), VENDOR_FILE.expanduser()]


def read_document(path: Path) -> dict[str, Any]:
    """The file as it is; an empty document where there is none.  Raises a usage error where it is not ours."""
    try:
        document = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {"current": "", "profiles": []}
    except OSError as error:
        raise usage(f"The profile file {path} cannot be read: {error.strerror}.", "Check its owner and mode.") from None
    except ValueError as error:
        raise usage(f"The profile file {path} is not JSON: {error}.", "Mend it or move it away.") from None
    profiles = document.get("profiles") if isinstance(document, dict) else None
    if not isinstance(profiles, list) or not all(isinstance(each, dict) for each in profiles):
        raise usage(
            f'The profile file {path} has no list "profiles".', "Use a file that `aliyun configure` or Keystead wrote."
        )
    assert isinstance(document, dict)  # noqa: S101  for the type checker: `profiles` came out of it
    return document


def save_profile(path: Path, name: str, access_key_id: str, access_key_secret: str, endpoint: str) -> None:
    """Write or replace one AK profile and make it current if the file had none.

    The file appears whole or not at all, readable by its owner only.  Other profiles and unknown members stay.
    """
    document = read_document(path)
    profiles: list[dict[str, Any]] = document["profiles"]
    profile = next((each for each in profiles if each.get("name") == name), None)
    if profile is None:
        profile = {"name": name}
        profiles.append(profile)
    for stale in ("sts_token", "ram_role_arn", "ram_session_name", "external_id", "source_profile"):
        profile.pop(stale, None)
    profile |= {
        "mode": "AK",
        "access_key_id": access_key_id,
        "access_key_secret": access_key_secret,
        "region_id": profile.get("region_id") or "cn-hangzhou",  # the aliyun CLI refuses a profile without one
        "output_format": profile.get("output_format") or "json",
        "language": profile.get("language") or "en",
        "endpoint": urlsplit(endpoint).netloc,
        "keystead_endpoint": endpoint,
    }
    current = document.get("current")
    if not any(each.get("name") == current for each in profiles if each is not profile):
        document["current"] = name
    _write_private(path, json.dumps(document, indent="\t", ensure_ascii=False) + "\n")


def _write_private(path: Path, text: str) -> None:
    # INVARIANT: at no moment is there a file with the secret that others can read; mkstemp creates it 0600.
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    target = path.resolve()  # a symbolic link stays one
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=".config-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            if target.exists():  # a file that its owner may only read stays so
                os.fchmod(file.fileno(), target.stat().st_mode & 0o600)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


@dataclass(frozen=True, slots=True)
class Chosen:
    """A profile as found: its members, its name, the file, and the file's other profiles for role chains."""

    name: str
    file: Path
    members: Mapping[str, Any]
    all: tuple[Mapping[str, Any], ...]


def choose_profile(env: Mapping[str, str], wanted: str | None) -> Chosen | None:
    """The profile named by `wanted`, KEYSTEAD_PROFILE or ALIBABA_CLOUD_PROFILE, else the first file's current one.

    None where nothing is named and no file has a current profile.  An unknown name is a usage error.
    """
    name = wanted or env.get("KEYSTEAD_PROFILE") or env.get("ALIBABA_CLOUD_PROFILE")
    known: list[str] = []
    files = profile_files(env)
    for file in files:
        document = read_document(file)
        profiles = tuple(document["profiles"])
        looked_for = name or document.get("current")
        for each in profiles:
            if each.get("name") == looked_for:
                return Chosen(str(looked_for), file, each, profiles)
        known += [str(each.get("name")) for each in profiles]
    if name is None:
        return None
    none = "There are none yet: the first `keystead serve` writes one."
    raise usage(
        f'There is no profile "{name}" in {" or ".join(map(str, files))}.',
        f"{nearest(name, known)}Known: {', '.join(known)}." if known else none,
    )


def credentials(env: Mapping[str, str], wanted: str | None) -> Credentials:
    """Whose key signs: `--profile`, else the pair in ALIBABA_CLOUD_*, else the named or current profile."""
    pair = env.get("ALIBABA_CLOUD_ACCESS_KEY_ID"), env.get("ALIBABA_CLOUD_ACCESS_KEY_SECRET")
    if wanted is None and pair[0] and pair[1]:
        token = env.get("ALIBABA_CLOUD_SECURITY_TOKEN") or None
        return Credentials(pair[0], pair[1], token, "ALIBABA_CLOUD_ACCESS_KEY_ID")
    chosen = choose_profile(env, wanted)
    if chosen is None:
        raise usage(
            "There is no AccessKey pair to sign with.",
            "Start the server once (it writes a profile), name a profile with --profile, or set "
            "ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET.",
        )
    return _from_profile(chosen, chosen.members, ())


def _from_profile(chosen: Chosen, members: Mapping[str, Any], roles: tuple[Role, ...]) -> Credentials:
    name = str(members.get("name"))
    given = str(members.get("mode") or "AK")
    mode = next((each for each in SUPPORTED_MODES if each.lower() == given.lower()), None)
    if mode is None:
        raise usage(
            f'Profile "{name}" in {chosen.file} has mode {given}, which Keystead does not sign with.',
            f"Use a profile of mode {', '.join(SUPPORTED_MODES)}.",
        )

    def need(member: str) -> str:
        value = members.get(member)
        if isinstance(value, str) and value:
            return value
        raise usage(f'Profile "{name}" in {chosen.file} has mode {mode} but no {member}.', f"Add {member} to it.")

    if mode in ("RamRoleArn", "ChainableRamRoleArn"):
        seconds = members.get("expired_seconds") or 900
        external = members.get("external_id") or None
        role = Role(
            need("ram_role_arn"), str(members.get("ram_session_name") or "keystead-cli"), int(seconds), external
        )
        roles = (role, *roles)
    if mode == "ChainableRamRoleArn":
        source = need("source_profile")
        below = next((each for each in chosen.all if each.get("name") == source), None)
        if below is None or len(roles) > _MAX_CHAIN:
            reason = (
                f"which {chosen.file} does not hold" if below is None else f"a chain of more than {_MAX_CHAIN} roles"
            )
            raise usage(f'Profile "{name}" builds on "{source}", {reason}.', "Correct source_profile.")
        return _from_profile(chosen, below, roles)
    token = need("sts_token") if mode == "StsToken" else members.get("sts_token") or None
    where = f'profile "{chosen.name}" in {chosen.file}'
    return Credentials(need("access_key_id"), need("access_key_secret"), token, where, roles)


def endpoint(env: Mapping[str, str], wanted: str | None, profile: str | None) -> str:
    """The address to call: `--endpoint`, KEYSTEAD_ENDPOINT, the profile's, else this machine's default port."""
    named = wanted or env.get("KEYSTEAD_ENDPOINT")
    if not named:
        chosen = choose_profile(env, profile)
        members = chosen.members if chosen else {}
        named = str(members.get("keystead_endpoint") or members.get("endpoint") or DEFAULT_ENDPOINT)
    return normal_endpoint(named)


def normal_endpoint(text: str) -> str:
    """`http[s]://host[:port]`.  Without a scheme: http for this machine, https for any other."""
    full = text if "://" in text else _guess_scheme(text) + text
    try:
        parts = urlsplit(full)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    plain = parts.path in ("", "/") and not (parts.query or parts.fragment or parts.username)
    if parts.scheme not in ("http", "https") or not parts.hostname or not plain:
        raise usage(
            f'"{text}" is not an endpoint.',
            "Give http:// or https://, a host and perhaps a port: http://127.0.0.1:8420.",
        )
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}" + (f":{port}" if port is not None else "")


def _guess_scheme(text: str) -> str:
    host = text.rpartition(":")[0] if ":" in text and not text.endswith("]") else text
    local = host in ("localhost", "[::1]") or host.startswith("127.")
    return "http://" if local else "https://"
