"""What happens by itself: pairs that are idle or too old, idle API keys and idle log-ons are disabled, API keys are
given the expiry that the operator bounds them by, begun reports are made whole.

Every node does it; under the account's lock it is done once.  Source: reference/ram-behaviour.md 5.6 and 5.13.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from keystead.identity import preferences
from keystead.identity.transaction import Tx
from keystead.products.people import credential_report
from keystead.server.rows import own_event
from keystead.store import access_keys, api_keys, audit, credential_reports, idle, login_profiles
from keystead.store.audit import Event
from keystead.store.database import Database

IDLE_SECONDS = 3600
"""How often idle pairs and log-ons are looked for."""

_DAY = 86_400
_AT_ONCE = 500


def disable_idle(database: Database[Tx], now: float) -> int:
    """Disable pairs and console log-ons that were idle for longer than their account allows, API keys that were for
    longer than api_key_max_idle_days, and pairs that are older than access_key_max_age_days.

    API keys from before the setting api_key_max_age_days get the expiry that already binds them, so that lists tell
    it.  Returns how many things were changed.

    At most some hundred in one transaction, so that other writes need not wait.
    """
    with database.reading(now) as tx:
        accounts = idle.account_ids(tx)
    total = 0
    for account in accounts:
        while _anything_idle(database, now, account):
            with database.writing(now, account) as tx:
                done = _disable(tx)
            total += done
            if done < _AT_ONCE:
                break
    return total


def _since(tx: Tx, days: int) -> int:
    """The moment from which on something must have been used that may be idle for so many days."""
    return tx.now - days * _DAY


def _anything_idle(database: Database[Tx], now: float, account: str) -> bool:
    """Asked in a reading transaction: nearly always there is nothing to write."""
    with database.reading(now, account) as tx:
        return any(find(tx, 1) for find in (_old, _unused, _logons, _unused_api_keys, _late))


def _old(tx: Tx, most: int) -> list[sa.Row[Any]]:
    """Active pairs that are too old."""
    days = tx.quotas.access_key_max_age_days
    return idle.old_keys(tx, _since(tx, days), most) if days else []


def _unused(tx: Tx, most: int) -> list[sa.Row[Any]]:
    return idle.keys(tx, _since(tx, preferences.get(tx).max_idle_days_for_access_keys), most)


def _logons(tx: Tx, most: int) -> list[sa.Row[Any]]:
    return idle.logons(tx, _since(tx, preferences.get(tx).max_idle_days_for_users), most)


def _unused_api_keys(tx: Tx, most: int) -> list[sa.Row[Any]]:
    days = tx.quotas.api_key_max_idle_days
    return idle.unused_api_keys(tx, _since(tx, days), most) if days else []


def _late(tx: Tx, most: int) -> list[sa.Row[Any]]:
    """API keys whose expiry is beyond the greatest age that they may have."""
    days = tx.quotas.api_key_max_age_days
    return idle.late_api_keys(tx, days * _DAY, most) if days else []


def _disable(tx: Tx) -> int:
    done: list[Event] = []
    for step in (_disable_pairs, _disable_logons, _disable_api_keys, _bound_api_keys):
        left = _AT_ONCE - len(done)
        done += step(tx, left) if left > 0 else []
    audit.insert(tx, done)
    return len(done)


def _disable_pairs(tx: Tx, most: int) -> list[Event]:
    old = {key.id: key for key in _old(tx, most)}
    unused = {key.id: key for key in _unused(tx, most)}
    done = []
    for key in list({**unused, **old}.values())[:most]:
        access_keys.set_status(tx, key.id, "Inactive", "Old" if key.id in old else "Idle")
        action = "DisableOldAccessKey" if key.id in old else "DisableIdleAccessKey"
        done.append(own_event(tx, action, f"acs:ram:*:{tx.account_id}:accesskey/{key.id}", _used(key.used_at)))
    return done


def _disable_logons(tx: Tx, most: int) -> list[Event]:
    done = []
    for user in _logons(tx, most):
        login_profiles.update(tx, user.id, {"status": "Inactive"})
        resource = f"acs:ram:*:{tx.account_id}:user/{user.name}"
        done.append(own_event(tx, "DisableIdleLogon", resource, _used(user.last_login_at)))
    return done


def _disable_api_keys(tx: Tx, most: int) -> list[Event]:
    """Their temporary keys end too, as with a key that somebody disables."""
    done = []
    for key in _unused_api_keys(tx, most):
        api_keys.update(tx, key.id, disabled=True, disabled_reason="Idle", generation=key.generation + 1)
        told = {"ApiKeyId": str(key.id), **_used(key.called_at and key.called_at // 1000)}
        done.append(own_event(tx, "DisableIdleApiKey", _workspace(tx, key), told))
    return done


def _bound_api_keys(tx: Tx, most: int) -> list[Event]:
    done = []
    for key in _late(tx, most):
        api_keys.update(tx, key.id, expires_at=key.created_at + tx.quotas.api_key_max_age_days * _DAY)
        done.append(own_event(tx, "BoundApiKeyExpiry", _workspace(tx, key), {"ApiKeyId": str(key.id)}))
    return done


def _workspace(tx: Tx, key: sa.Row[Any]) -> str:
    return f"acs:modelstudio:*:{tx.account_id}:workspace/{key.workspace_id}"


def _used(at: int | None) -> dict[str, str]:
    return {"LastUsed": "never" if at is None else str(at)}


def finish_reports(database: Database[Tx], now: float) -> None:
    """Carry on the credential reports that were begun, until each is whole."""
    with database.reading(now) as tx:
        accounts = credential_reports.unfinished(tx)
    for account in accounts:
        state = credential_report.INPROGRESS
        while state != credential_report.COMPLETED:
            with database.writing(now, account) as tx:
                state = credential_report.advance(tx, begin=False)
