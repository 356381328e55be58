"""Every setting, declared once, and how a file, the environment and flags become one frozen object.

A setting has one name everywhere: `users_quota` in the TOML file is `KEYSTEAD_USERS_QUOTA` in the environment
and `--users-quota` on the command line.  Flags beat the environment, the environment beats the file, the file
beats the default.  Nothing is silent: a name that is not known and a value that is out of range are refused
with the place they came from, what is allowed and the nearest known name.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any

PREFIX = "KEYSTEAD_"
OTHER_VARIABLES = {
    "KEYSTEAD_CONFIG": "path of the settings file",
    "KEYSTEAD_ENDPOINT": "address that the client commands call",
    "KEYSTEAD_PROFILE": "profile that the client commands use",
    "KEYSTEAD_PROFILE_FILE": "file that holds the client's profiles",
}
FILE_NAME = "keystead.toml"


class OperatorError(Exception):
    """Something that the person who runs Keystead has to mend; shown as two lines, never as a traceback.

    message: what is wrong and where.  next_step: one sentence that says what to do.
    """

    def __init__(self, message: str, next_step: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.next_step = next_step


def _setting(
    default: Any,
    doc: str,
    group: str,
    *,
    low: int | None = None,
    high: int | None = None,
    choices: tuple[str, ...] = (),
    holds_password: bool = False,
) -> Any:
    """Declare one setting.  low and high are inclusive; holds_password marks URLs that are shown without it."""
    metadata = {
        "doc": doc,
        "group": group,
        "low": low,
        "high": high,
        "choices": choices,
        "holds_password": holds_password,
    }
    if callable(default):
        return field(default_factory=default, repr=not holds_password, metadata=metadata)
    return field(default=default, repr=not holds_password, metadata=metadata)


def default_data_dir(env: Mapping[str, str] | None = None) -> Path:
    """`$XDG_DATA_HOME/keystead`, by default `~/.local/share/keystead`."""
    env = os.environ if env is None else env
    data_home = Path(env.get("XDG_DATA_HOME") or "~/.local/share").expanduser()
    if not data_home.is_absolute():  # the XDG specification: relative paths are invalid and ignored
        data_home = Path("~/.local/share").expanduser()
    return data_home / "keystead"


_QUOTA_HIGH = 1_000_000


def _quota(default: int, what: str, high: int = _QUOTA_HIGH) -> Any:
    return _setting(default, f"Quota: {what}.", "Quotas", low=1, high=high)


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings of one process.  Defaults are those of the vendor where the vendor has the same limit."""

    host: str = _setting("127.0.0.1", "Address that the server listens on; `0.0.0.0` or `::` for all.", "Server")
    port: int = _setting(8420, "Port for plain HTTP; 0 takes any free port.", "Server", low=0, high=65535)
    data_dir: Path = _setting(  # noqa: RUF009  it is dataclasses.field
        default_data_dir, "Directory of the master key file, the SQLite database and the local CA.", "Server"
    )
    database: str | None = _setting(
        None,
        "SQLAlchemy URL, `sqlite:///…` or `postgresql+psycopg://…`; by default a SQLite file in data_dir.",
        "Server",
        holds_password=True,
    )
    public_url: str | None = _setting(
        None, "Address that people and programs reach the server by, where it differs from host and port.", "Server"
    )
    redis_url: str | None = _setting(
        None,
        "Redis or Valkey that shares the nonce and rate windows between nodes, `redis://…`.",
        "Server",
        holds_password=True,
    )
    trusted_proxies: tuple[str, ...] = _setting(
        (), "Addresses or networks of proxies whose X-Forwarded-For and X-Forwarded-Proto are believed.", "Server"
    )
    metrics_from: tuple[str, ...] = _setting(
        ("127.0.0.0/8", "::1"), "Addresses or networks that may read /metrics.", "Server"
    )
    account_alias: str | None = _setting(
        None, "Alias that a new account gets; 3 to 32 lower-case letters, digits and hyphens.", "Server"
    )
    log_format: str = _setting(
        "auto",
        "How log lines are written; auto is human on a terminal, else json.",
        "Server",
        choices=("auto", "human", "json"),
    )
    log_level: str = _setting(
        "info", "Least level that is logged.", "Server", choices=("debug", "info", "warning", "error")
    )
    tls: str = _setting(
        "off",
        "off; auto: a local CA and certificate in data_dir; files: tls_cert and tls_key.",
        "TLS",
        choices=("off", "auto", "files"),
    )
    tls_cert: Path | None = _setting(  # noqa: RUF009  it is dataclasses.field
        None, "PEM file with the certificate and its chain; means tls = files.", "TLS"
    )
    tls_key: Path | None = _setting(  # noqa: RUF009  it is dataclasses.field
        None, "PEM file with the certificate's private key; means tls = files.", "TLS"
    )
    tls_names: tuple[str, ...] = _setting(
        (), "Host names and addresses in the automatic certificate, in place of the default names.", "TLS"
    )
    tls_port: int = _setting(
        8443, "Port for HTTPS, beside plain HTTP, when TLS is on; 0 takes any free port.", "TLS", low=0, high=65535
    )
    require_tls: bool = _setting(False, "Refuse API requests over plain HTTP with InvalidProtocol.NeedSsl.", "TLS")
    sign_v1: bool = _setting(
        True, "Accept signature version 1.0 (HMAC-SHA1), which the aliyun CLI and Terraform send.", "Requests"
    )
    policy_extensions: bool = _setting(
        False, "Accept policy elements that Keystead adds to the vendor's policy language.", "Requests"
    )
    replay_window: int = _setting(
        900, "Seconds that a request's time stamp may differ from the server's clock.", "Requests", low=60, high=3600
    )
    max_body_bytes: int = _setting(
        10_485_760, "Largest request body, in bytes.", "Requests", low=65_536, high=1_073_741_824
    )
    max_parameters: int = _setting(1000, "Most parameters in one request.", "Requests", low=50, high=100_000)
    max_headers: int = _setting(100, "Most headers in one request.", "Requests", low=20, high=1000)
    directory_size: int = _setting(
        100_000, "Callers kept in memory by one process.", "Requests", low=100, high=10_000_000
    )
    nonce_limit: int = _setting(
        1_000_000,
        "Nonces remembered by one process; when full, requests are refused.",
        "Requests",
        low=1000,
        high=100_000_000,
    )
    audit_queue: int = _setting(
        10_000, "Audit events of reads that may wait in memory.", "Requests", low=100, high=1_000_000
    )
    reads_per_second: int = _setting(
        2000, "Reading calls a second that one account may make; 0 is no limit.", "Requests", low=0, high=_QUOTA_HIGH
    )
    writes_per_second: int = _setting(
        200, "Writing calls a second that one account may make; 0 is no limit.", "Requests", low=0, high=_QUOTA_HIGH
    )
    sts_per_second: int = _setting(
        100, "STS calls a second that one account may make; 0 is no limit.", "Requests", low=0, high=_QUOTA_HIGH
    )
    users_quota: int = _quota(5000, "RAM users in the account")
    groups_quota: int = _quota(300, "groups in the account")
    roles_quota: int = _quota(1000, "roles in the account")
    policies_quota: int = _quota(1500, "custom policies in the account")
    policy_versions: int = _quota(5, "versions of one custom policy", 100)
    policy_size: int = _quota(6144, "characters of one custom policy", 131_072)
    trust_policy_size: int = _quota(4096, "characters of a role's trust policy", 131_072)
    session_policy_size: int = _quota(2048, "characters of a session policy", 131_072)
    groups_per_user: int = _quota(10, "groups that one user may be in", 1000)
    access_keys_per_user: int = _quota(2, "AccessKey pairs of one user", 100)
    account_access_keys: int = _quota(2, "AccessKey pairs of the account itself", 100)
    attached_custom_per_user: int = _quota(10, "custom policies attached to one user", 1000)
    attached_custom_per_group: int = _quota(10, "custom policies attached to one group", 1000)
    attached_custom_per_role: int = _quota(10, "custom policies attached to one role", 1000)
    attached_system_per_user: int = _quota(20, "system policies attached to one user", 1000)
    attached_system_per_group: int = _quota(20, "system policies attached to one group", 1000)
    attached_system_per_role: int = _quota(20, "system policies attached to one role", 1000)


SETTINGS: dict[str, Field[Any]] = {each.name: each for each in fields(Settings)}


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value came from.  kind: default, file, env or flag.  where: the line, variable or flag."""

    kind: str
    where: str = ""

    def __str__(self) -> str:
        return f"{self.kind} ({self.where})" if self.where else self.kind


@dataclass(frozen=True, slots=True)
class Loaded:
    """The settings of this process and, for each, where its value came from."""

    settings: Settings
    origins: Mapping[str, Origin]
    file: Path | None = None


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return PREFIX + name.upper()


def flag(name: str) -> str:
    """The command-line flag of a setting; a list is given by repeating the singular, `--tls-name a --tls-name b`."""
    singular = {"tls_names": "tls_name", "trusted_proxies": "trusted_proxy"}.get(name, name)
    return "--" + singular.replace("_", "-")


def load(
    file: Path | None = None, env: Mapping[str, str] | None = None, flags: Mapping[str, object] | None = None
) -> Loaded:
    """Build the settings.  file: a TOML file that must exist, or None.  flags: field name to value; None is unset.

    Raises OperatorError for anything unknown, malformed, out of range or contradictory.
    """
    from keystead.settings_checks import check_together  # late: it needs Settings

    env = os.environ if env is None else env
    file = file.absolute() if file else None
    values: dict[str, Any] = {"data_dir": default_data_dir(env)}
    origins = dict.fromkeys(SETTINGS, Origin("default"))
    sources = [*_from_file(file), *_from_env(env), *_from_flags(flags or {})]
    for name, value, origin in sources:
        values[name] = convert(SETTINGS[name], value, origin, file)
        origins[name] = origin
    check_together(values, origins)
    return Loaded(Settings(**values), origins, file)


def locate_file(env: Mapping[str, str], config: Path | None, data_dir: Path | None) -> Path | None:
    """The settings file to read: `--config`, else KEYSTEAD_CONFIG, else `keystead.toml` in the data directory."""
    if config is not None:
        return config
    if env.get("KEYSTEAD_CONFIG"):
        return Path(env["KEYSTEAD_CONFIG"]).expanduser()
    if data_dir is None:
        named = env.get(variable("data_dir"))
        data_dir = Path(named).expanduser() if named else default_data_dir(env)
    candidate = data_dir / FILE_NAME
    return candidate if candidate.is_file() else None


def nearest(name: str, known: list[str]) -> str:
    """`Did you mean "port"? ` where some known name is close, else nothing."""
    import difflib

    close = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    return f'Did you mean "{close[0]}"? ' if close else ""


Source = tuple[str, object, Origin]


def _from_file(file: Path | None) -> list[Source]:
    if file is None:
        return []
    import tomllib

    try:
        text = file.read_text("utf-8")
        table = tomllib.loads(text)
    except OSError as error:
        raise OperatorError(
            f"The settings file {file} cannot be read: {error.strerror}.",
            "Name a readable TOML file with --config or KEYSTEAD_CONFIG.",
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise OperatorError(
            f"The settings file {file} is not TOML: {error}.", "Each line is `name = value`; texts are quoted."
        ) from None
    lines = {line.partition("=")[0].strip(): n for n, line in reversed([*enumerate(text.splitlines(), 1)])}
    found: list[Source] = []
    for name, value in table.items():
        origin = Origin("file", f"{file}:{lines[name]}" if name in lines else str(file))
        if name not in SETTINGS:
            raise OperatorError(
                f'{origin.where}: unknown setting "{name}".',
                nearest(name, list(SETTINGS)) + "`keystead config show` lists every setting.",
            )
        found.append((name, value, origin))
    return found


def _from_env(env: Mapping[str, str]) -> list[Source]:
    names = {variable(name): name for name in SETTINGS}
    found: list[Source] = []
    for key in sorted(key for key in env if key.startswith(PREFIX)):
        if key in OTHER_VARIABLES or key.startswith("KEYSTEAD_TEST_"):
            continue
        injected = env[key].startswith("tcp://") or key.startswith("KEYSTEAD_SERVICE_")
        if key not in names or injected:
            hint = nearest(key, [*names, *OTHER_VARIABLES]) + "`keystead config show` lists every setting."
            if injected or key.startswith("KEYSTEAD_PORT_"):
                hint = "Kubernetes adds it for a service called keystead: set `enableServiceLinks: false` in the pod."
            raise OperatorError(f'Unknown environment variable "{key}".', hint)
        found.append((names[key], env[key], Origin("env", key)))
    return found


def _from_flags(flags: Mapping[str, object]) -> list[Source]:
    unknown = [name for name in flags if name not in SETTINGS]
    if unknown:
        raise OperatorError(f'Unknown setting "{unknown[0]}".', nearest(unknown[0], list(SETTINGS)))
    return [
        (name, value, Origin("flag", flag(name)))
        for name, value in flags.items()
        if value is not None and not (isinstance(value, list | tuple) and not value)
    ]


def convert(setting: Field[Any], value: object, origin: Origin, file: Path | None = None) -> object:
    """Turn a TOML value, a variable's text or a flag into the setting's type, checked for range and choice."""
    kind = str(setting.type).removesuffix(" | None")
    try:
        result = _CONVERTERS[kind](value, origin.kind == "env")
    except ValueError as error:
        raise _refused(setting, value, origin, str(error)) from None
    low, high, choices = (setting.metadata[key] for key in ("low", "high", "choices"))
    if low is not None and not low <= result <= high:
        raise _refused(setting, value, origin, f"a whole number from {low} to {high}")
    if choices and result not in choices:
        close = nearest(str(result), list(choices))
        raise _refused(setting, value, origin, "one of " + ", ".join(choices), close)
    if isinstance(result, Path) and not result.is_absolute():
        base = file.resolve().parent if file and origin.kind == "file" else Path.cwd()
        result = base / result
    return result


def _refused(setting: Field[Any], value: object, origin: Origin, allowed: str, hint: str = "") -> OperatorError:
    shown = "(not shown)" if setting.metadata["holds_password"] else repr(value)
    return OperatorError(
        f"{origin.where}: {setting.name} is {shown}, but must be {allowed}.", f"{hint}{setting.metadata['doc']}"
    )


def _to_text(value: object, _env: bool) -> str:
    if isinstance(value, str) and value.strip():
        return value
    raise ValueError("a text that is not empty")


def _to_int(value: object, env: bool) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if env and isinstance(value, str) and value.strip().removeprefix("-").isdecimal():
        return int(value)
    raise ValueError("a whole number")


def _to_bool(value: object, env: bool) -> bool:
    words = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}
    if isinstance(value, bool):
        return value
    if env and isinstance(value, str) and value.strip().lower() in words:
        return words[value.strip().lower()]
    raise ValueError("true or false")


def _to_path(value: object, env: bool) -> Path:
    return value if isinstance(value, Path) else Path(_to_text(value, env)).expanduser()


def _to_tuple(value: object, env: bool) -> tuple[str, ...]:
    if env and isinstance(value, str):
        value = [piece.strip() for piece in value.split(",") if piece.strip()]
    if isinstance(value, list | tuple) and all(isinstance(each, str) and each for each in value):
        return tuple(dict.fromkeys(value))
    raise ValueError("a list of texts (comma-separated in the environment)")


_CONVERTERS: dict[str, Callable[[object, bool], Any]] = {
    "str": _to_text,
    "int": _to_int,
    "bool": _to_bool,
    "Path": _to_path,
    "tuple[str, ...]": _to_tuple,
}
