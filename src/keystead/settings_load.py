"""How a file, the environment and flags become one frozen `Settings`.

Flags beat the environment, the environment beats the file, the file beats the default.  Nothing is silent: a name
that is not known and a value that is out of range are refused with the place they came from, what is allowed and
the nearest known name.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass
from pathlib import Path
from typing import Any

from keystead.settings import (
    OTHER_VARIABLES,
    PREFIX,
    SETTINGS,
    OperatorError,
    Origin,
    Settings,
    default_data_dir,
    flag,
    variable,
)
from keystead.settings_checks import check_together
from keystead.wire.names import nearest

FILE_NAME = "keystead.toml"


@dataclass(frozen=True, slots=True)
class Loaded:
    """The settings of this process and, for each, where its value came from."""

    settings: Settings
    origins: Mapping[str, Origin]
    file: Path | None = None


def load(
    file: Path | None = None, env: Mapping[str, str] | None = None, flags: Mapping[str, object] | None = None
) -> Loaded:
    """Build the settings.  file: a TOML file that must exist, or None.  flags: field name to value; None is unset.

    Raises OperatorError for anything unknown, malformed, out of range or contradictory.
    """
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
    several = isinstance(result, tuple)
    if low is not None and not all(low <= each <= high for each in (result if several else (result,))):
        allowed = "whole numbers" if several else "a whole number"
        raise _refused(setting, value, origin, f"{allowed} from {low} to {high}")
    if choices and result not in choices:
        close = nearest(str(result), list(choices))
        raise _refused(setting, value, origin, "one of " + ", ".join(choices), close)
    if isinstance(result, Path) and not result.is_absolute():
        base = file.resolve().parent if file and origin.kind == "file" else Path.cwd()
        result = base / result
    return result


def _refused(setting: Field[Any], value: object, origin: Origin, allowed: str, hint: str = "") -> OperatorError:
    shown = "(not shown)" if setting.metadata["holds_password"] or setting.metadata["hidden"] else repr(value)
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


def _pieces(value: object, env: bool) -> object:
    """What the environment gives in one text, as a list."""
    if env and isinstance(value, str):
        return [piece.strip() for piece in value.split(",") if piece.strip()]
    return value


def _to_tuple(value: object, env: bool) -> tuple[str, ...]:
    value = _pieces(value, env)
    if isinstance(value, list | tuple) and all(isinstance(each, str) and each for each in value):
        return tuple(dict.fromkeys(value))
    raise ValueError("a list of texts (comma-separated in the environment)")


def _to_numbers(value: object, env: bool) -> tuple[int, ...]:
    value = _pieces(value, env)
    if isinstance(value, list | tuple):
        return tuple(dict.fromkeys(_to_int(each, env) for each in value))
    raise ValueError("a list of whole numbers (comma-separated in the environment)")


_CONVERTERS: dict[str, Callable[[object, bool], Any]] = {
    "str": _to_text,
    "int": _to_int,
    "bool": _to_bool,
    "Path": _to_path,
    "tuple[str, ...]": _to_tuple,
    "tuple[int, ...]": _to_numbers,
}
