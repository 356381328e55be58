"""Assuming a role.  Source: reference/ram-behaviour.md 8.1, reference/ram-policy-language.md sections 7 and 8.

Both sides must allow: the caller's own policies (checked before this runs, as for every action) and the role's trust
policy (checked here).  The account itself may not assume roles.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, UnsetType

from keystead import arn
from keystead.clock import iso
from keystead.faults import FaultKind
from keystead.identity import denial, sessions
from keystead.identity.callers import Caller, Role
from keystead.identity.directory import Directory
from keystead.policy import DocumentKind, PolicyError, Principal, Query, decide, validate
from keystead.products.desk import Desk
from keystead.products.faults import ROLE_NOT_FOUND
from keystead.products.sts.product import STS
from keystead.wire.answers import Output
from keystead.wire.parameters import Input, Text, Whole

ROOT_MAY_NOT = FaultKind(
    "NoPermission",
    403,
    "Roles may not be assumed by root accounts. The account's own AccessKey pair called AssumeRole.",
    "Use the AccessKey pair of a RAM user that a policy allows sts:AssumeRole.",
)
ROLE_ARN_INVALID = FaultKind(
    "InvalidParameter.RoleArn",
    400,
    "The parameter RoleArn is wrongly formed: {arn}.",
    "Send acs:ram::<account ID>:role/<role name>; GetRole answers it.",
)
TOO_LONG = FaultKind(
    "InvalidParameter.DurationSeconds",
    400,
    "The parameter DurationSeconds is {asked}; role {role} allows 900 to {limit}.",
    "Ask for less, or raise the role's MaxSessionDuration with UpdateRole.",
)
POLICY_TOO_LONG = FaultKind(
    "InvalidParameter.PolicySize",
    400,
    "The session policy has {length} characters; at most {limit} are allowed.",
    "Shorten the session policy.",
)
POLICY_MALFORMED = FaultKind(
    "InvalidParameter.PolicyGrammar", 400, "The session policy is malformed: {why}", "Correct it and try again."
)
SOURCE_IDENTITY_FIXED = FaultKind(
    "NoPermission",
    403,
    "You are not authorized to do this action. The session's SourceIdentity is {held!r} and cannot become {asked!r}.",
    "Leave SourceIdentity out, or send the value that the session has.",
)
SOURCE_IDENTITY_RESERVED = FaultKind(
    "InvalidParameter.SourceIdentity",
    400,
    "The parameter SourceIdentity may not start with {reserved}.",
    "Send the person's own name.",
)
NOT_TRUSTED = FaultKind(
    "NoPermission",
    403,
    "No permission perform {action} on this Role. Maybe you are not authorized to perform {action} or the specified "
    "role does not trust you. {denied}",
    "Name the caller in the role's trust policy, with the conditions it can meet.",
)

_RESERVED = ("acs:", "aliyun:", "alibabacloud:")


class AssumeRoleInput(Input, frozen=True):
    role_arn: Annotated[str, Text(1, 256, fault="InvalidParameter.RoleArn", doc="the role's ARN")]
    role_session_name: Annotated[
        str, Text(2, 64, r"[A-Za-z0-9.@_-]+", fault="InvalidParameter.RoleSessionName", doc="a name for the session")
    ]
    duration_seconds: Annotated[
        int, Whole(900, 43200, fault="InvalidParameter.DurationSeconds", doc="how long the session lasts")
    ] = 3600
    policy: Annotated[str, Text(0, 131072, doc="a policy that narrows the session")] | None = None
    external_id: (
        Annotated[
            str, Text(2, 1224, r"[\w+=,.@:/-]*", fault="InvalidParameter.ExternalId", doc="agreed with the owner")
        ]
        | None
    ) = None
    source_identity: (
        Annotated[str, Text(2, 64, r"[\w+=,.@-]*", fault="InvalidParameter.SourceIdentity", doc="who is behind it")]
        | None
    ) = None


class Credentials(Output, frozen=True):
    access_key_id: str
    access_key_secret: str
    security_token: str
    expiration: str


class AssumedRoleUser(Output, frozen=True):
    arn: str
    assumed_role_id: str


class AssumeRoleOutput(Output, frozen=True):
    credentials: Credentials
    assumed_role_user: AssumedRoleUser
    source_identity: str | UnsetType = UNSET


async def find_role(desk: Desk, wanted: AssumeRoleInput, caller: Caller) -> Role | None:
    """Load the role that is asked for.  Raises `NoPermission` for the account, `InvalidParameter.RoleArn`."""
    if caller.is_account:
        raise ROOT_MAY_NOT()
    return await role_of(desk.directory, wanted.role_arn)


async def role_of(directory: Directory, role_arn: str) -> Role | None:
    """The role that an ARN names.  Raises `InvalidParameter.RoleArn`."""
    named = arn.parse(role_arn)
    if named is None or named.service != "ram" or not named.relative.startswith("role/"):
        raise ROLE_ARN_INVALID(arn=role_arn)
    return await directory.role_named(named.account, named.relative.removeprefix("role/"))


def _conditions(wanted: AssumeRoleInput) -> dict[str, str]:
    facts = {}
    if wanted.external_id is not None:
        facts["sts:ExternalId"] = wanted.external_id
    if wanted.source_identity is not None:
        facts["sts:SourceIdentity"] = wanted.source_identity
    return facts


@STS.action(
    "AssumeRole",
    resource="{role_arn}",
    memory=True,
    prepare=find_role,
    context=_conditions,
    faults=(ROLE_NOT_FOUND, ROLE_ARN_INVALID, TOO_LONG, POLICY_TOO_LONG, POLICY_MALFORMED, ROOT_MAY_NOT),
)
def assume_role(desk: Desk, caller: Caller, wanted: AssumeRoleInput) -> AssumeRoleOutput:
    """Answer temporary credentials of a role, for as long as asked and narrowed by the session policy."""
    role: Role | None = desk.prepared
    check_session_policy(desk, wanted.policy)
    if role is None:
        raise ROLE_NOT_FOUND(name=wanted.role_arn)
    if wanted.duration_seconds > role.max_session_duration:
        raise TOO_LONG(asked=wanted.duration_seconds, role=role.name, limit=role.max_session_duration)
    source_identity = _source_identity(caller, wanted)
    _check_trust(desk, caller, role, "sts:AssumeRole")
    if source_identity and source_identity != caller.source_identity:
        _check_identity(desk, caller, role, "sts:SetSourceIdentity")
        _check_trust(desk, caller, role, "sts:SetSourceIdentity")
    session, token = sessions.issue(
        desk.keyring,
        account_id=role.account_id,
        role_id=role.id,
        session_name=wanted.role_session_name,
        now=desk.now,
        seconds=wanted.duration_seconds,
        policy=wanted.policy or "",
        source_identity=source_identity,
    )
    return AssumeRoleOutput(
        credentials=Credentials(
            access_key_id=session.access_key_id,
            access_key_secret=session.secret,
            security_token=token,
            expiration=iso(session.expires_at),
        ),
        assumed_role_user=AssumedRoleUser(
            arn=f"{role.arn}/{wanted.role_session_name}", assumed_role_id=f"{role.id}:{wanted.role_session_name}"
        ),
        source_identity=source_identity or UNSET,
    )


def check_session_policy(desk: Desk, text: str | None) -> None:
    """Raise `InvalidParameter.PolicySize` or `.PolicyGrammar` for a session policy that cannot narrow anything."""
    if not text:
        return
    if len(text) > desk.quotas.session_policy_size:
        raise POLICY_TOO_LONG(length=len(text), limit=desk.quotas.session_policy_size)
    try:
        validate(text, DocumentKind.SESSION, extensions=desk.policy_extensions)
    except PolicyError as error:
        raise POLICY_MALFORMED(why=error) from None


def _source_identity(caller: Caller, wanted: AssumeRoleInput) -> str:
    """The session's source identity: it persists through chaining and cannot be changed."""
    asked = wanted.source_identity
    if asked is not None and asked.lower().startswith(_RESERVED):
        raise SOURCE_IDENTITY_RESERVED(reserved=", ".join(_RESERVED))
    if caller.source_identity and asked is not None and asked != caller.source_identity:
        raise SOURCE_IDENTITY_FIXED(held=caller.source_identity, asked=asked)
    return asked or caller.source_identity


def _check_trust(desk: Desk, caller: Caller, role: Role, action: str) -> None:
    """The role's trust policy must let the caller in.  Raises `NoPermission` with `AssumeRolePolicy`."""
    principal = Principal(account=caller.account_id, arns=(caller.principal_arn,))
    query = Query(action, role.arn, desk.facts, principal)
    decision = decide(query, (role.trust,))
    if decision.allowed:
        return
    fault = denial.no_permission(
        decision, query, caller, desk.keyring, desk.now, distance=f"the caller is {caller.principal_arn}"
    )
    raise NOT_TRUSTED(action=action, denied=fault.message).carrying(detail=fault.detail)


def _check_identity(desk: Desk, caller: Caller, role: Role, action: str) -> None:
    query = Query(action, role.arn, desk.facts)
    decision = decide(query, caller.layers)
    if not decision.allowed:
        raise denial.no_permission(
            decision, query, caller, desk.keyring, desk.now, distance="SourceIdentity needs this permission too"
        )
