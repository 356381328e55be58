"""What an account has, and how well it is guarded.  Source: reference/console.md 3.2; weights and limits are ours.

The score is 100 times the weights that the checks earned over the weights of all.  A check earns its weight in the
share that is in order: all of it at `ok`; of users or pairs in proportion to those that are not concerned; half of it
at `warning` and nothing at `bad` where there is no share.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from keystead.clock import iso
from keystead.identity.callers import Caller
from keystead.identity.transaction import Tx
from keystead.products.keystead.product import KEYSTEAD
from keystead.products.people import governance, password_policy, principals
from keystead.store import accounts, overview
from keystead.wire.answers import Output
from keystead.wire.parameters import Nothing

DAY = 86_400
LOOK_BACK = 90 * DAY
SOON = 14 * DAY
FEW_ADMINISTRATORS = 3
MANY_ADMINISTRATORS = 10
FORMULA = (
    "100 * (sum of Weight * Earned) / (sum of Weight). Earned is 1 at ok; 1 - Concerned / Of where Of is above 0; else "
    "0.5 at warning and 0 at bad."
)


class Account(Output, frozen=True):
    account_id: str
    alias: str
    logon_suffix: str
    create_date: str


class Counts(Output, frozen=True):
    users: int
    groups: int
    roles: int
    policies: int
    access_keys: int
    workspaces: int
    applications: int
    api_keys: int


class Check(Output, frozen=True):
    """One check.  state: ok, warning or bad.  concerned: how many need a look, of `of`; 0 where there is no share."""

    check_id: str
    state: str
    concerned: int
    of: int
    weight: int

    def earned(self) -> float:
        """The share of its weight that counts for the score."""
        if self.state == "ok":
            return 1.0
        if self.of:
            return 1 - self.concerned / self.of
        return 0.5 if self.state == "warning" else 0.0


class CheckList(Output, frozen=True):
    check: list[Check]


class AccountOverview(Output, frozen=True):
    """The score is 0 to 100, by `score_formula`; the checks come worst first."""

    account: Account
    counts: Counts
    security_score: int
    score_formula: str
    checks: CheckList


@KEYSTEAD.action(
    "GetAccountOverview", permission="ram:GetAccountSecurityPracticeReport", resource="acs:ram:*:{account}:*"
)
def get_account_overview(tx: Tx, _caller: Caller, _wanted: Nothing) -> AccountOverview:
    """Show what the account has, and score how well it is guarded, with the checks behind it; old means 90 days."""
    row = accounts.get(tx, tx.account_id)
    assert row is not None  # noqa: S101 - the account of a caller exists
    people, guards = row.users_count, overview.guards(tx, tx.now - LOOK_BACK, tx.now + SOON)
    counts = Counts(
        users=people,
        access_keys=guards["access_keys"],
        api_keys=row.api_keys_count,
        **overview.counts(tx)._asdict(),
    )
    checks = list(_checks(tx, guards, people))
    weights = sum(each.weight for each in checks)
    lost = {each.check_id: each.weight * (1 - each.earned()) for each in checks}
    worst = ("bad", "warning", "ok")
    checks.sort(key=lambda each: (worst.index(each.state), -lost[each.check_id], -each.weight, each.check_id))
    return AccountOverview(
        account=Account(
            account_id=row.id,
            alias=row.alias,
            logon_suffix="@" + principals.domain(tx),
            create_date=iso(row.created_at),
        ),
        counts=counts,
        security_score=round(100 * (weights - sum(lost.values())) / weights),
        score_formula=FORMULA,
        checks=CheckList(check=checks),
    )


def _checks(tx: Tx, found: Mapping[str, int], people: int) -> Iterator[Check]:
    """Every check of the account."""
    yield _flag("account-access-keys", found["account_keys"], 15)
    yield _flag("account-mfa", int(not found["account_mfa"]), 15)
    yield _share("users-without-mfa", found["console_users_without_mfa"], found["console_users"], 15)
    yield _share("unused-access-keys", found["unused_keys"], found["live_keys"], 8)
    yield _share("old-access-keys", found["old_keys"], found["live_keys"], 8)
    yield _share("users-with-console-and-access-keys", found["users_with_both"], people, 4)
    yield _share("idle-users", found["idle_users"], people, 4)
    many = found["administrators"] > MANY_ADMINISTRATORS
    state = "ok" if found["administrators"] <= FEW_ADMINISTRATORS else "bad" if many else "warning"
    yield Check(check_id="administrators", state=state, concerned=found["administrators"], of=0, weight=8)
    level = governance.password_level(password_policy.get(tx))
    state = {"low": "bad", "mid": "warning", "high": "ok"}[level]
    yield Check(check_id="password-policy", state=state, concerned=int(level != "high"), of=0, weight=8)
    leaked = found["restricted_keys"]
    state = "warning" if leaked else "ok"
    yield Check(check_id="restricted-access-keys", state=state, concerned=leaked, of=0, weight=3)
    yield _soon("expiring-access-keys", found["expiring_keys"], found["live_keys"], 4)
    yield _soon("expiring-api-keys", found["expiring_api_keys"], found["live_api_keys"], 4)
    yield _share("api-keys-without-expiry", found["endless_api_keys"], found["live_api_keys"], 4)


def _flag(check_id: str, concerned: int, weight: int) -> Check:
    return Check(check_id=check_id, state="bad" if concerned else "ok", concerned=concerned, of=0, weight=weight)


def _soon(check_id: str, concerned: int, of: int, weight: int) -> Check:
    """What expires soon is never worse than a warning: it may be meant."""
    return Check(check_id=check_id, state="warning" if concerned else "ok", concerned=concerned, of=of, weight=weight)


def _share(check_id: str, concerned: int, of: int, weight: int) -> Check:
    """Up to a tenth is a warning."""
    state = "ok" if not concerned else "warning" if concerned * 10 <= of else "bad"
    return Check(check_id=check_id, state=state, concerned=concerned, of=of, weight=weight)
