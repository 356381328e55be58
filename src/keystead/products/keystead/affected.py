"""Whom a stricter setting would concern, before it is set.  Source: reference/console.md 3.13; the action is ours."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import msgspec

from keystead.identity import network_policy, preferences
from keystead.identity.callers import Caller
from keystead.identity.transaction import Tx
from keystead.products.keystead.product import KEYSTEAD
from keystead.products.people import access_keys as pairs
from keystead.products.people import password_policy
from keystead.products.people import preferences as rules
from keystead.store import access_key_policies, affected, idle
from keystead.wire.answers import Output
from keystead.wire.parameters import Input, Text, Whole

DAY = 86_400
MOST = 1000
"""Names of one effect; where there are more, the answer says so."""
LOOK_BACK = 90 * DAY
"""A pair that was last used before that is not told of for its address."""


class PreviewSettingsInput(Input, frozen=True):
    """Settings as SetSecurityPreference, SetPasswordPolicy and SetAccessKeyPolicyForAccount take them."""

    max_idle_days_for_users: Annotated[int, Whole(1, 730)] | None = None
    max_idle_days_for_access_keys: Annotated[int, Whole(1, 730)] | None = None
    mfa_operation_for_login: rules.MFAOperation | None = msgspec.field(name="MFAOperationForLogin", default=None)
    max_password_age: Annotated[int, Whole(0, 1095, doc="days, 0 for ever")] | None = None
    login_network_masks: rules.Masks | None = None
    access_key_policy: Annotated[str, Text(1, 8192, doc="the account's network policy, JSON")] | None = None


class NameList(Output, frozen=True):
    name: list[str]


class Effect(Output, frozen=True):
    """Something that would happen.  count: to how many, at most 1000; is_more: there are more.  names: who, of users,
    or which, of AccessKey pairs."""

    effect: str
    count: int
    is_more: bool
    names: NameList


class EffectList(Output, frozen=True):
    effect: list[Effect]


class PreviewSettingsOutput(Output, frozen=True):
    effects: EffectList


@KEYSTEAD.action(
    "PreviewSettings",
    permission="ram:ListUsers",
    resource="acs:ram:*:{account}:user/*",
    faults=(
        rules.MASKS_INVALID,
        network_policy.MALFORMED,
        network_policy.TOO_MANY_STATEMENTS,
        network_policy.TOO_MANY_ADDRESSES,
    ),
)
def preview_settings(tx: Tx, _caller: Caller, wanted: PreviewSettingsInput) -> PreviewSettingsOutput:
    """Show whom settings would concern at once, or at the next sign-in, without setting them.

    ConsoleAccessEnds and AccessKeysAreDisabled come within the hour; MfaMustBeBound and PasswordIsTooOld at the next
    sign-in; SignInIsRefused and CallsAreRefused if the next is from where the last was.  What is so now is left out.
    """
    return PreviewSettingsOutput(
        effects=EffectList(
            effect=[
                Effect(
                    effect=name,
                    count=min(len(who), MOST),
                    is_more=len(who) > MOST,
                    names=NameList(name=who[:MOST]),
                )
                for name, who in _effects(tx, wanted)
                if who
            ]
        )
    )


def _effects(tx: Tx, wanted: PreviewSettingsInput) -> Iterator[tuple[str, list[str]]]:
    """The name of each effect, and whom it concerns; one more than `MOST` where there are more."""
    now, most = preferences.get(tx), MOST + 1
    if days := wanted.max_idle_days_for_users:
        yield "ConsoleAccessEnds", [str(row.name) for row in idle.logons(tx, tx.now - days * DAY, most)]
    if days := wanted.max_idle_days_for_access_keys:
        yield "AccessKeysAreDisabled", [str(row.id) for row in idle.keys(tx, tx.now - days * DAY, most)]
    if wanted.mfa_operation_for_login == "mandatory" != now.mfa_operation_for_login:
        yield "MfaMustBeBound", affected.without_mfa(tx, most)
    old = password_policy.get(tx).max_password_age
    if (days := wanted.max_password_age) and (not old or days < old):
        yield "PasswordIsTooOld", affected.with_old_passwords(tx, tx.now - days * DAY, most)
    if (masks := wanted.login_network_masks) is not None:
        rules.check_masks(masks)
        then = preferences.SecurityPreference(login_network_masks=masks)

        def is_shut_out(address: str) -> bool:
            return rules.lets_in(now, address) and not rules.lets_in(then, address)

        yield "SignInIsRefused", affected.signed_in_from(tx, is_shut_out, most)
    if wanted.access_key_policy is not None:
        text = pairs.network_text(tx, wanted.access_key_policy)
        before, after = (network_policy.effective(None, each) for each in (access_key_policies.of_account(tx), text))

        def is_cut_off(address: str) -> bool:
            return (before is None or before.permits(address)) and after is not None and not after.permits(address)

        yield "CallsAreRefused", affected.called_from(tx, is_cut_off, tx.now - LOOK_BACK, most)
