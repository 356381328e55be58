"""`keystead init` and `keystead serve`, and the one screen that a start prints."""

from __future__ import annotations

import gc
import os
import sys
import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from keystead.cli.options import load_settings, settings_options, with_options
from keystead.settings import OperatorError, Settings
from keystead.settings_load import Loaded

if TYPE_CHECKING:
    from keystead.app import Initialised
    from keystead.server.tls import TlsFiles

PROFILE = "default"


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    options = settings_options()
    app.command("serve")(with_options(serve, options))
    app.command("init")(with_options(init, options))


def serve(**given: Any) -> None:
    """Run the server until Ctrl-C or SIGTERM; the first start makes the account."""
    # A start makes hardly any garbage, and looking for it takes a fifth of the time; the server enables it again.
    gc.disable()
    loaded = load_settings(given)
    from keystead import app

    app.check_addresses(loaded.settings)
    files = _tls(loaded.settings)
    made, profile = _initialise(loaded.settings)
    shown = False

    def ready(*addresses: str) -> None:
        nonlocal shown
        if profile and loaded.settings.port == 0:  # only now it is known where we listen
            keep_pair(made, profile, addresses[0])
        typer.echo(screen(loaded, made, profile, files, addresses))
        shown = True

    try:
        app.serve(loaded.settings, ready)
    finally:
        if made.created and not shown:  # it did not come to listening, and this is the only time for the secrets
            typer.echo(screen(loaded, made, profile, files, ()))


def init(**given: Any) -> None:
    """Make the data directory, the master key, the database and the account, without serving."""
    loaded = load_settings(given)
    files = _tls(loaded.settings)
    made, profile = _initialise(loaded.settings)
    typer.echo(screen(loaded, made, profile, files, ()))


def _initialise(settings: Settings) -> tuple[Initialised, str]:
    """Initialise, and keep the administrator's pair as a profile.  Returns the name of the profile, if one was made."""
    from keystead import app

    check_profile_file()
    made = app.initialise(settings)
    name = ""
    if made.created:
        name = free_name(made.account_id)
        keep_pair(made, name, settings.public_url or addresses_of(settings)[0])
    return made, name


def keep_pair(made: Initialised, name: str, endpoint: str) -> None:
    """Write the administrator's pair into the profile file."""
    from keystead.cli.profiles import save_profile

    save_profile(_profile_file(), name, made.admin_access_key_id, made.admin_access_key_secret, endpoint)


def _profile_file() -> Path:
    from keystead.cli.profiles import OWN_FILE

    return Path(os.environ.get("KEYSTEAD_PROFILE_FILE") or OWN_FILE).expanduser()


def check_profile_file() -> None:
    """Before a pair exists, which is given out once: could it be kept?  Raises OperatorError."""
    from keystead.cli.profiles import read_document

    path = _profile_file()
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        writable = os.access(path.parent, os.W_OK | os.X_OK)
        reason = "the directory is not writable"
    except OSError as error:
        writable, reason = False, str(error.strerror)
    if not writable:
        raise OperatorError(
            f"The administrator's profile cannot be kept in {path}: {reason}.",
            "Name a file in a writable directory with KEYSTEAD_PROFILE_FILE.",
        )
    read_document(path)  # refuses a file that is not a profile file


def free_name(account_id: str) -> str:
    """`default`, or the account's ID where another account's pair has that name: it must not be lost."""
    from keystead.cli.profiles import read_document

    profiles = read_document(_profile_file())["profiles"]
    taken = {str(each.get("name")) for each in profiles if each.get("access_key_id")}
    return account_id if PROFILE in taken else PROFILE


def _tls(settings: Settings) -> TlsFiles | None:
    """Make or check the certificate now, so that a mistake ends the start with two lines."""
    if settings.tls == "off":
        return None
    from keystead.server import tls

    now = time.time()
    try:
        if settings.tls == "files" and settings.tls_cert and settings.tls_key:
            return tls.provided(settings.tls_cert, settings.tls_key, now)
        return tls.ensure(settings.data_dir, settings.tls_names, now)
    except tls.CertificateError as error:
        raise OperatorError(error.message, error.next_step) from None


def addresses_of(settings: Settings) -> list[str]:
    """The addresses that a client on this machine can use, plain HTTP first."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104  it is compared
    shown = f"[{host}]" if ":" in host else host
    found = [f"http://{shown}:{settings.port}"]
    if settings.tls != "off":
        found.append(f"https://{shown}:{settings.tls_port}")
    return found


def screen(loaded: Loaded, made: Initialised, profile: str, files: TlsFiles | None, addresses: Sequence[str]) -> str:
    """What a start prints: addresses, data, account, a new pair once, and what to do next."""
    import keystead

    settings = loaded.settings
    terminal = sys.stdout.isatty()
    state = "is ready" if addresses else "is initialised"
    rows: list[tuple[str, str]] = []
    rows += [("Address" if not n else "", each) for n, each in enumerate(addresses)]
    if settings.public_url:
        rows.append(("Public", settings.public_url))
    rows.append(("Data", _shown(made.data_dir) + ("" if settings.database else " (SQLite)")))
    if settings.database is not None:
        rows.append(("Database", without_password(str(made.database_url))))
    rows.append(
        ("Account", f"{made.account_id} ({made.alias})" if made.alias not in ("", made.account_id) else made.account_id)
    )
    if loaded.file:
        rows.append(("Settings", _shown(loaded.file)))
    lines = [f"Keystead {keystead.__version__} {state}.", "", *_aligned(rows)]
    if made.created:
        lines += ["", *first_pair(made, profile, terminal)]
    lines += _trust(files)
    lines += ["", "Next:", *_next_steps(made, profile, addresses)]
    return "\n".join(lines)


def first_pair(made: Initialised, profile: str, terminal: bool) -> list[str]:
    """What is said of a new account; its secrets only on a terminal."""
    lines = ['Made the account and its RAM user "admin", who may do everything.']
    kept = [("Profile", f"{profile}, in {_shown(_profile_file())}")]
    if not terminal:
        note = "  The secret is in that file only: the output is not a terminal."
        return [*lines, *_aligned(kept), note]
    rows = [("AccessKey ID", str(made.admin_access_key_id)), ("AccessKey secret", str(made.admin_access_key_secret))]
    if made.setup_token:
        rows.append(("Setup token", made.setup_token))
    return [*lines, *_aligned([*kept, *rows]), "  The secrets are shown this once."]


def _shown(path: Path) -> str:
    """The path, with `~` for the home directory: shorter, and still what a shell understands."""
    home = Path.home()
    return f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)


def _trust(files: TlsFiles | None) -> list[str]:
    if files is None or files.authority is None:
        return []
    from keystead.server.tls import trust_settings

    title = "HTTPS clients trust the local authority by:"
    if files.authority_replaced:
        title = "The local authority was REPLACED; HTTPS clients must trust the new one:"
    return ["", title, *_aligned(list(trust_settings(files.authority)))]


def _next_steps(made: Initialised, profile: str, addresses: Sequence[str]) -> list[str]:
    selected = f" --profile {profile}" if profile and profile != PROFILE else ""
    rows = [] if addresses else [("keystead serve", "run the server")]
    rows += [
        (f"keystead sts get-caller-identity{selected}", "who am I"),
        (f"keystead ram create-user --user-name alice{selected}", "the first user"),
    ]
    if addresses and find_spec("keystead.console"):
        rows.append((f"open {addresses[0]}/", "the console" + (", with the setup token" if made.setup_token else "")))
    return _aligned(rows, gap="   ")


def _aligned(rows: Sequence[tuple[str, str]], gap: str = "  ") -> list[str]:
    width = max((len(name) for name, _ in rows), default=0)
    return [f"  {name:<{width}}{gap}{value}".rstrip() for name, value in rows]


def without_password(url: str) -> str:
    """The URL with `***` for the password and for query members that may hold one."""
    import re

    hidden = re.sub(r"(://[^:/@?]*):[^@]*@", r"\1:***@", url)
    return re.sub(r"(?i)([?&][^=&]*(?:password|secret|token)[^=&]*)=[^&]*", r"\1=***", hidden)
