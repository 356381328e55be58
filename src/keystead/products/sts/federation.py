"""What the two federated ways to a role share.  Source: reference/ram-behaviour.md 8.2.

There is no caller and no identity policy: a proof of the identity provider stands for both, and the role's trust
policy alone decides.  Provider and role belong to one account.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from keystead import arn
from keystead.clock import iso
from keystead.faults import FaultKind
from keystead.identity import denial, sessions
from keystead.identity.callers import Caller, IdentityType, Role
from keystead.identity.directory import Directory
from keystead.identity.providers import Provider
from keystead.policy import Decision, LayerKind, Principal, Query, context_key, decide
from keystead.products.desk import Desk
from keystead.products.sts.assume_role import (
    TOO_LONG,
    AssumedRoleUser,
    Credentials,
    check_session_policy,
    role_of,
)
from keystead.wire.parameters import Text, Whole

ROLE_ARN_NOT_FOUND = FaultKind(
    "EntityNotExist.RoleArn",
    404,
    "The role does not exist: {arn}.",
    "Check the ARN; GetRole answers it.",
)
NOT_TRUSTED = FaultKind(
    "NoPermission",
    403,
    "No permission perform sts:AssumeRole on this Role. Maybe the specified role does not trust you. {denied}",
    "Name the identity provider as Federated in the role's trust policy, with conditions that the assertion or token "
    "meets.",
)

FederatedDuration = Annotated[
    int, Whole(900, 43200, fault="InvalidParameter.DurationSeconds", doc="how long the session lasts")
]
SessionPolicy = Annotated[str, Text(0, 131072, doc="a policy that narrows the session")]


async def claimed(directory: Directory, named: str, prefix: str, unknown: FaultKind) -> tuple[Provider, Caller]:
    """The provider of that ARN, and the caller that stands for whoever it is said to have sent.

    Raises `unknown`, the same for an ARN that is none.
    """
    parts = arn.parse(named)
    provider = None
    if parts is not None and parts.service == "ram" and parts.relative.startswith(prefix):
        provider = await directory.provider_named(parts.account, parts.relative)
    if provider is None:
        raise unknown(name=named)
    return provider, Caller(kind=IdentityType.FEDERATED, account_id=provider.account_id, arn=provider.arn)


async def find_role(desk: Desk, role_arn: str, policy: str | None) -> Role:
    """The role that is asked for.  Raises `EntityNotExist.RoleArn`; `InvalidParameter.Policy…` comes first."""
    check_session_policy(desk, policy)
    role = await role_of(desk.directory, role_arn)
    if role is None:
        raise ROLE_ARN_NOT_FOUND(arn=role_arn)
    return role


def check_trust(
    desk: Desk, caller: Caller, provider: Provider, role: Role, facts: Mapping[str, str | tuple[str, ...]]
) -> None:
    """The role's trust policy must let holders of the provider's proofs in, under the facts of this one.

    Raises `NoPermission` with `AssumeRolePolicy`.
    """
    principal = Principal(account=provider.account_id, federated=provider.arn)
    known = {**desk.facts, **{context_key(name): value for name, value in facts.items()}}
    query = Query("sts:AssumeRole", role.arn, known, principal)
    decision = decide(query, (role.trust,)) if role.account_id == provider.account_id else _OTHER_ACCOUNT
    if decision.allowed:
        return
    fault = denial.no_permission(
        decision, query, caller, desk.keyring, desk.now, distance=f"the identity provider is {provider.arn}"
    )
    raise NOT_TRUSTED(denied=fault.message).carrying(detail=fault.detail)


_OTHER_ACCOUNT = Decision(False, False, LayerKind.TRUST)


def open_session(
    desk: Desk,
    provider: Provider,
    role: Role,
    *,
    name: str,
    seconds: int,
    policy: str | None,
    ends_at: float | None = None,
) -> tuple[Credentials, AssumedRoleUser]:
    """A session of the role that ends with the role, the provider, its time, or at `ends_at`.

    Raises `InvalidParameter.DurationSeconds`.
    """
    if seconds > role.max_session_duration:
        raise TOO_LONG(asked=seconds, role=role.name, limit=role.max_session_duration)
    if ends_at is not None:
        seconds = max(1, min(seconds, int(ends_at - desk.now)))
    session, token = sessions.issue(
        desk.keyring,
        account_id=role.account_id,
        role_id=role.id,
        session_name=name,
        now=desk.now,
        seconds=seconds,
        policy=policy or "",
        source_identity="",
        provider_id=provider.id,
    )
    credentials = Credentials(
        access_key_id=session.access_key_id,
        access_key_secret=session.secret,
        security_token=token,
        expiration=iso(session.expires_at),
    )
    return credentials, AssumedRoleUser(arn=f"{role.arn}/{name}", assumed_role_id=f"{role.id}:{name}")
