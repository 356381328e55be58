"""One instance's data, opened: the database at the program's revision, and the master keys that fit it."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from keystead import bootstrap
from keystead.clock import Clock, iso, system_clock
from keystead.identity import keyring as keyrings
from keystead.identity import webhook
from keystead.identity.expiry_warnings import WarningSettings
from keystead.identity.keyring import Keyring
from keystead.identity.mail import Mailer
from keystead.identity.transaction import Quotas, Tx
from keystead.products.workspaces import access
from keystead.settings import OperatorError, Settings
from keystead.store import schema
from keystead.store.database import Database

if TYPE_CHECKING:
    pass

KEY_FILE = "master.keys"
DATABASE_FILE = "keystead.db"

_log = logging.getLogger("keystead")


def database_url(settings: Settings) -> str:
    """The configured database, or the SQLite file in the data directory."""
    return settings.database or f"sqlite:///{settings.data_dir / DATABASE_FILE}"


def quotas_of(settings: Settings) -> Quotas:
    """The quotas among the settings."""
    return Quotas(
        users=settings.users_quota,
        groups=settings.groups_quota,
        roles=settings.roles_quota,
        groups_per_user=settings.groups_per_user,
        access_keys_per_user=settings.access_keys_per_user,
        account_access_keys=settings.account_access_keys,
        policies=settings.policies_quota,
        policy_versions=settings.policy_versions,
        policy_size=settings.policy_size,
        trust_policy_size=settings.trust_policy_size,
        session_policy_size=settings.session_policy_size,
        network_policy_statements=settings.network_policy_statements,
        network_policy_addresses=settings.network_policy_addresses,
        service_credentials_per_service=settings.service_credentials_per_service,
        applications=settings.applications_quota,
        application_secrets=settings.application_secrets,
        credential_report_hours=settings.credential_report_hours,
        virtual_mfa_devices=settings.virtual_mfa_devices,
        recycled_users=settings.recycled_users,
        recycled_access_keys=settings.recycled_access_keys,
        access_key_max_age_days=settings.access_key_max_age_days,
        api_key_max_age_days=settings.api_key_max_age_days,
        api_key_max_idle_days=settings.api_key_max_idle_days,
        workspaces=settings.workspaces_quota,
        api_keys=settings.api_keys_quota,
        identity_providers=settings.identity_providers_quota,
        client_ids_per_provider=settings.client_ids_per_provider,
        fingerprints_per_provider=settings.fingerprints_per_provider,
        attached_custom=(
            settings.attached_custom_per_user,
            settings.attached_custom_per_group,
            settings.attached_custom_per_role,
        ),
        attached_system=(
            settings.attached_system_per_user,
            settings.attached_system_per_group,
            settings.attached_system_per_role,
        ),
    )


@dataclass(frozen=True, slots=True)
class Instance:
    """One instance's data, opened: the database at the program's revision, and the master keys that fit it."""

    settings: Settings
    database: Database[Tx]
    keyring: Keyring
    clock: Clock
    warnings: WarningSettings


@contextlib.contextmanager
def opened(settings: Settings, clock: Clock = system_clock, *, migrate: bool = True) -> Iterator[Instance]:
    """Open the data for the length of the block, migrating it first.  Raises `OperatorError`.

    Without `migrate` a database of another revision is refused: a command beside a running server must not change
    the ground under it.  What is made here is readable by this user only.
    """
    os.umask(0o077)
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    keyring, fresh = _keyring(settings, clock)
    warnings = warnings_of(settings)
    make_tx = partial(
        Tx,
        keyring=keyring,
        quotas=quotas_of(settings),
        policy_extensions=settings.policy_extensions,
        loopback_issuers=settings.oidc_loopback_http,
        mailer=warnings.mailer,
        public_url=settings.public_url or "",
        listens_at=own_address(settings),
        warnings=warnings,
    )
    database = Database(database_url(settings), make_tx=make_tx)
    try:
        _prepare(database, keyring, settings, clock, fresh=fresh, migrate=migrate)
        yield Instance(settings, database, keyring, clock, warnings)
    finally:
        database.close()


def warnings_of(settings: Settings) -> WarningSettings:
    """Who is told before a key expires.  Raises `OperatorError` for a secret that cannot be read."""
    receiver = None
    file = settings.webhook_secret_file
    if settings.expiry_webhook_url and file:
        try:
            receiver = webhook.Webhook(settings.expiry_webhook_url, webhook.read_secret(file.read_text("ascii")))
        except (OSError, ValueError) as error:
            why = (
                error.strerror
                if isinstance(error, OSError)
                else "it is not text"
                if isinstance(error, UnicodeError)
                else error
            )
            raise OperatorError(
                f"The secret in {file} (webhook_secret_file) cannot be used: {why}.",
                'Make one by `echo "whsec_$(openssl rand -base64 32)"`, and give it to the receiver too.',
            ) from None
    console = f"{settings.public_url.rstrip('/')}/console" if settings.console and settings.public_url else ""
    mailer = Mailer.to(settings.smtp_url, settings.smtp_from)
    return WarningSettings(settings.expiry_warning_days, mailer, receiver, console)


def own_address(settings: Settings) -> str:
    """Where this node's plain port is reached; empty for one that only this program knows, or that takes TLS only."""
    if settings.require_tls or not settings.port or settings.host in ("0.0.0.0", "::"):  # noqa: S104 - compared only
        return ""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{settings.port}"


def _keyring(settings: Settings, clock: Clock) -> tuple[Keyring, bool]:
    path = settings.data_dir / KEY_FILE
    try:
        if path.exists():
            return keyrings.load(path), False
        return keyrings.create(path, iso(clock())), True
    except FileExistsError:
        return keyrings.load(path), False
    except keyrings.KeyFileError as error:
        raise OperatorError(str(error), "Without its master keys no AccessKey secret can be opened.") from None


def _prepare(
    database: Database[Tx], keyring: Keyring, settings: Settings, clock: Clock, *, fresh: bool, migrate: bool
) -> None:
    try:
        before = schema.upgrade(database.engine) if migrate else schema.current(database.engine)
        if not migrate and before != schema.HEAD:
            raise OperatorError(
                f"The database has schema revision {before or '(none)'}, this program needs {schema.HEAD}.",
                "Start the server once with this program, it migrates the database; or use the server's own version.",
            )
        with database.writing(clock(), "") as tx:
            fits = bootstrap.check_master_key(tx, keyring)
            if fits and migrate:
                access.ensure_defaults(tx)
    except schema.SchemaTooNewError as error:
        raise OperatorError(
            f"The database has schema revision {error}, which is newer than this program's {schema.HEAD}.",
            "Start the newer program, or restore a backup from before the upgrade.",
        ) from None
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or error).splitlines()[0]
        raise OperatorError(f"The database cannot be opened: {reason}", "Check --database and --data-dir.") from None
    if not fits:
        path = settings.data_dir / KEY_FILE
        if fresh:
            path.unlink()
        raise OperatorError(
            f"No master key in {path} opens this database: it was sealed with other keys.",
            f"Put the master key file that belongs to the database at {path}.",
        )
    if before and before != schema.HEAD:
        _log.info("migrated the database from revision %s to %s", before, schema.HEAD)
