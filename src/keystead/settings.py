"""Every setting, declared once: its name, type, default, range and what it does.

A setting has one name everywhere: `users_quota` in the TOML file is `KEYSTEAD_USERS_QUOTA` in the environment
and `--users-quota` on the command line.  `settings_load` builds the one object that a process has.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
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
    hidden: bool = False,
) -> Any:
    """Declare one setting.  low and high are inclusive, and bound each number of a list.

    holds_password marks URLs that are shown without it, hidden those of which only the host is shown.
    """
    metadata = {
        "doc": doc,
        "group": group,
        "low": low,
        "high": high,
        "choices": choices,
        "holds_password": holds_password,
        "hidden": hidden,
    }
    shown = not (holds_password or hidden)
    if callable(default):
        return field(default_factory=default, repr=shown, metadata=metadata)
    return field(default=default, repr=shown, metadata=metadata)


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
    data_dir: Path = _setting(
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
    smtp_url: str | None = _setting(
        None,
        "Mail server for codes and warnings: `smtp://` (STARTTLS) or `smtps://`, with user, password, host and port.",
        "Server",
        holds_password=True,
    )
    smtp_from: str | None = _setting(None, "Sender of mail; needed with smtp_url.", "Server")
    expiry_warning_days: tuple[int, ...] = _setting(
        (30, 14, 3),
        "Days before the expiry of an AccessKey pair or API key on which its owner is told by mail, and "
        "expiry_webhook_url is; an empty list for never.",
        "Server",
        low=1,
        high=365,
    )
    expiry_webhook_url: str | None = _setting(
        None,
        "Address that is told of keys that expire soon: `https://`, on this machine also `http://`.",
        "Server",
        hidden=True,
    )
    webhook_secret_file: Path | None = _setting(
        None,
        "File with the secret that signs those calls, `whsec_` and Base64; needed with expiry_webhook_url.",
        "Server",
    )
    trusted_proxies: tuple[str, ...] = _setting(
        (), "Addresses or networks of proxies whose proxy_header is believed.", "Server"
    )
    proxy_protocol: bool = _setting(
        False,
        "Connections of trusted_proxies to the plain HTTP port begin with a PROXY protocol header, version 1 or 2.",
        "Server",
    )
    proxy_header: str = _setting(
        "x-forwarded-for",
        "Header in which the proxies name the caller: x-forwarded-for with x-forwarded-proto, or forwarded (RFC 7239).",
        "Server",
        choices=("x-forwarded-for", "forwarded"),
    )
    metrics_from: tuple[str, ...] = _setting(
        ("127.0.0.0/8", "::1"), "Addresses or networks that may read /metrics.", "Server"
    )
    account_alias: str | None = _setting(
        None, "Alias that a new account gets; 3 to 32 lower-case letters, digits and hyphens.", "Server"
    )
    console: bool = _setting(True, "Serve the web console under /console.", "Console")
    environment_label: str | None = _setting(
        None, "Word beside the product's name on every page of the console, such as production.", "Console"
    )
    environment_colour: str = _setting(
        "grey", "Colour of environment_label.", "Console", choices=("grey", "green", "amber", "red")
    )
    console_idle_minutes: int = _setting(
        30, "Minutes after which a console session that nobody uses is over.", "Console", low=1, high=1440
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
    tls_cert: Path | None = _setting(None, "PEM file with the certificate and its chain; means tls = files.", "TLS")
    tls_key: Path | None = _setting(None, "PEM file with the certificate's private key; means tls = files.", "TLS")
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
    max_parameters: int = _setting(1000, "Most parameters in one request.", "Requests", low=50, high=2000)
    max_headers: int = _setting(100, "Most headers in one request.", "Requests", low=20, high=1000)
    directory_size: int = _setting(
        100_000, "Callers kept in memory by one process.", "Requests", low=100, high=10_000_000
    )
    nonce_limit: int = _setting(
        4_000_000,
        "Nonces remembered by one process, about 130 bytes each; when full, requests are refused.",
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
    oidc_loopback_http: bool = _setting(
        False, "Ask OIDC issuers on this machine over plain HTTP; for tests and offline use.", "Federation"
    )
    saml_recipients: tuple[str, ...] = _setting(
        (),
        "Addresses that a SAML assertion may be sent to; by default public_url with `/saml-role/sso` behind it, and "
        "without public_url the vendor's two.",
        "Federation",
    )
    saml_audiences: tuple[str, ...] = _setting(
        ("urn:alibaba:cloudcomputing:international", "urn:alibaba:cloudcomputing"),
        "Audiences that a SAML assertion may be for.",
        "Federation",
    )
    identity_providers_quota: int = _quota(100, "SAML providers, and OIDC providers, in the account", 10_000)
    client_ids_per_provider: int = _quota(50, "client IDs of one OIDC provider", 1000)
    fingerprints_per_provider: int = _quota(5, "fingerprints of one OIDC provider", 100)
    upstream_connect_seconds: int = _setting(
        5, "Seconds that a model server may take to accept a connection.", "Models", low=1, high=300
    )
    upstream_idle_seconds: int = _setting(
        120, "Longest silence of a model server in seconds, also before its first byte.", "Models", low=1, high=3600
    )
    upstream_line_bytes: int = _setting(
        1_048_576, "Longest line in a model server's stream, in bytes.", "Models", low=4096, high=67_108_864
    )
    upstream_body_bytes: int = _setting(
        33_554_432, "Largest whole answer of a model server, in bytes.", "Models", low=65_536, high=1_073_741_824
    )
    model_call_seconds: int = _setting(
        3600, "Seconds after which a model call is ended, however lively its stream.", "Models", low=1, high=86_400
    )
    reserve_output_tokens: int = _setting(
        1024, "Tokens reserved for an answer when the caller sets no max_tokens.", "Models", low=1, high=1_000_000
    )
    embedded_model: bool = _setting(
        True, "Offer the small models of the extras [model] and [embeddings], where those are installed.", "Models"
    )
    embedding_model: str = _setting(
        "auto",
        "Embedding model of new knowledge bases that name none: a model's name, auto for the embedded one where it is "
        "offered, or none.",
        "Models",
    )
    users_quota: int = _quota(5000, "RAM users in the account")
    groups_quota: int = _quota(300, "groups in the account")
    roles_quota: int = _quota(1000, "roles in the account")
    policies_quota: int = _quota(1500, "custom policies in the account")
    policy_versions: int = _quota(5, "versions of one custom policy", 100)
    policy_size: int = _quota(6144, "characters of one custom policy", 131_072)
    trust_policy_size: int = _quota(4096, "characters of a role's trust policy", 131_072)
    session_policy_size: int = _quota(2048, "characters of a session policy", 131_072)
    network_policy_statements: int = _quota(8, "statements of one AccessKey network policy", 100)
    network_policy_addresses: int = _quota(50, "addresses and networks of one AccessKey network policy", 1000)
    service_credentials_per_service: int = _quota(2, "service credentials of one user for one service", 100)
    applications_quota: int = _quota(100, "OAuth applications of the account, and installed ones of others")
    application_secrets: int = _quota(2, "secrets of one OAuth application", 10)
    credential_report_hours: int = _setting(
        4, "Hours before a credential report is made anew.", "Quotas", low=1, high=8760
    )
    groups_per_user: int = _quota(10, "groups that one user may be in", 1000)
    access_keys_per_user: int = _quota(2, "AccessKey pairs of one user", 100)
    account_access_keys: int = _quota(2, "AccessKey pairs of the account itself", 100)
    virtual_mfa_devices: int = _quota(1000, "virtual MFA devices in the account")
    recycled_users: int = _quota(1000, "users in the recycle bin; beyond it the one deleted first is purged")
    access_key_max_age_days: int = _setting(
        0,
        "Days after its creation on which an AccessKey pair is disabled for good; 0: never.",
        "Quotas",
        low=0,
        high=36_500,
    )
    api_key_max_age_days: int = _setting(
        0,
        "Days after its creation after which an API key expires at the latest, whatever expiry it has; 0: no bound.",
        "Quotas",
        low=0,
        high=36_500,
    )
    api_key_max_idle_days: int = _setting(
        0, "Days without a call after which an API key is disabled; 0: never.", "Quotas", low=0, high=36_500
    )
    recycled_access_keys: int = _quota(3, "AccessKey pairs of one user in the recycle bin, likewise", 100)
    workspaces_quota: int = _quota(20, "workspaces of the account")
    api_keys_quota: int = _quota(50, "API keys of the account")
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


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return PREFIX + name.upper()


_SINGULAR = {
    "tls_names": "tls_name",
    "trusted_proxies": "trusted_proxy",
    "saml_recipients": "saml_recipient",
    "saml_audiences": "saml_audience",
    "expiry_warning_days": "expiry_warning_day",
}


def flag(name: str) -> str:
    """The command-line flag of a setting; a list is given by repeating the singular, `--tls-name a --tls-name b`."""
    singular = _SINGULAR.get(name, name)
    return "--" + singular.replace("_", "-")
