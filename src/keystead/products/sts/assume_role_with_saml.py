"""Assuming a role with a SAML assertion.  Source: reference/ram-behaviour.md 8.2; `identity.saml`.

The assertion names role and provider in its Role attribute, the session in RoleSessionName and may limit it by
SessionDuration and SessionNotOnOrAfter.  It counts once: it is spent when it is found genuine, whatever comes of it.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
from dataclasses import replace
from typing import Annotated, NamedTuple

import msgspec

from keystead.faults import Fault, FaultKind
from keystead.identity import replay, saml
from keystead.identity.callers import Caller, Role
from keystead.identity.directory import Directory
from keystead.identity.providers import SAML_PREFIX, SamlProvider
from keystead.identity.saml import Assertion, AssertionRefusedError, MetadataError
from keystead.products.desk import Desk
from keystead.products.faults import absent
from keystead.products.sts import federation
from keystead.products.sts.assume_role import (
    POLICY_MALFORMED,
    POLICY_TOO_LONG,
    ROLE_ARN_INVALID,
    TOO_LONG,
    AssumedRoleUser,
    Credentials,
)
from keystead.products.sts.federation import ROLE_ARN_NOT_FOUND, FederatedDuration, SessionPolicy
from keystead.products.sts.product import STS
from keystead.wire.answers import Output
from keystead.wire.parameters import Input, Text

SAML_PROVIDER_NOT_FOUND = absent("SAMLProvider", "SAML provider")
METADATA_BROKEN = FaultKind(
    "AuthenticationFail.IDPMetadata.Invalid",
    401,
    "The metadata of the SAML provider is invalid: {why}.",
    "Upload the identity provider's metadata again with UpdateSAMLProvider.",
)
ASSERTION_EXPIRED = FaultKind(
    "AuthenticationFail.SAMLAssertion.Expired",
    401,
    "The SAML assertion is expired: {why}.",
    "Sign in at the identity provider again and send the new assertion at once.",
)
ASSERTION_INVALID = FaultKind(
    "AuthenticationFail.SAMLAssertion.Invalid",
    401,
    "The SAML assertion is invalid: {why}.",
    "Correct what the identity provider sends, and send a new assertion.",
)
SESSION_NAME_INVALID = FaultKind(
    "InvalidParameter.RoleSessionName",
    400,
    "The assertion's attribute RoleSessionName is not one text of 2 to 64 letters, digits and '.@_-'.",
    "Let the identity provider send such a name.",
)
NOT_TRUSTED = FaultKind("NoPermission", 403, "The role does not trust the assertion.")

ATTRIBUTES = "https://www.aliyun.com/SAML-Role/Attributes/"
_SESSION_NAME = re.compile(r"[A-Za-z0-9.@_-]{2,64}")
_NAME_ID = "urn:oasis:names:tc:SAML:2.0:nameid-format:"


class AssumeRoleWithSamlInput(Input, frozen=True):
    saml_provider_arn: Annotated[
        str, Text(1, 256, absent="MissingParameter.SAMLProviderArn", doc="the SAML provider's ARN")
    ] = msgspec.field(name="SAMLProviderArn")
    role_arn: Annotated[
        str, Text(1, 256, fault="InvalidParameter.RoleArn", absent="MissingParameter.RoleArn", doc="the role's ARN")
    ]
    saml_assertion: Annotated[
        str,
        Text(
            4,
            100000,
            fault="InvalidParameter.SAMLAssertion",
            absent="MissingParameter.SAMLAssertion",
            secret=True,
            doc="a SAML response, in base64",
        ),
    ] = msgspec.field(name="SAMLAssertion")
    duration_seconds: FederatedDuration | None = None
    policy: SessionPolicy | None = None


class SamlAssertionInfo(Output, frozen=True):
    """What the assertion said.  SubjectType: `persistent`, `transient`, or the whole name of another format."""

    subject_type: str
    subject: str
    recipient: str
    issuer: str


class AssumeRoleWithSamlOutput(Output, frozen=True):
    credentials: Credentials
    assumed_role_user: AssumedRoleUser
    saml_assertion_info: SamlAssertionInfo = msgspec.field(name="SAMLAssertionInfo")


class Proven(NamedTuple):
    """What the assertion has proven, and the role that is asked for."""

    provider: SamlProvider
    assertion: Assertion
    role: Role


async def behind(directory: Directory, wanted: AssumeRoleWithSamlInput) -> Caller:
    """Whose provider the assertion is said to be of.  Raises `EntityNotExist.SAMLProvider`."""
    _, caller = await federation.claimed(directory, wanted.saml_provider_arn, SAML_PREFIX, SAML_PROVIDER_NOT_FOUND)
    return caller


async def prove(desk: Desk, wanted: AssumeRoleWithSamlInput, _caller: Caller) -> Proven:
    """Check the assertion and spend it.  The check runs in a thread: XML and RSA take milliseconds."""
    found, _ = await federation.claimed(desk.directory, wanted.saml_provider_arn, SAML_PREFIX, SAML_PROVIDER_NOT_FOUND)
    assert isinstance(found, SamlProvider)  # noqa: S101 - the ARN's prefix says so
    assertion = await asyncio.to_thread(_genuine, desk, found, wanted)
    if assertion.recipient not in desk.federation.recipients:
        expected = ", ".join(desk.federation.recipients)
        raise ASSERTION_INVALID(why=f"its Recipient is {assertion.recipient[:256]!r}; it must be {expected}")
    await _spend(desk, found, assertion)
    return Proven(found, assertion, await federation.find_role(desk, wanted.role_arn, wanted.policy))


def _genuine(desk: Desk, provider: SamlProvider, wanted: AssumeRoleWithSamlInput) -> Assertion:
    try:
        known = saml.read_metadata(provider.metadata)
    except MetadataError as error:
        raise METADATA_BROKEN(why=error) from None
    try:
        response = base64.b64decode("".join(wanted.saml_assertion.split()), validate=True)
        return saml.verify(response, known, desk.federation.audiences, desk.now)
    except (binascii.Error, ValueError):
        raise ASSERTION_INVALID(why="it is not base64") from None
    except AssertionRefusedError as error:
        raise (ASSERTION_EXPIRED if error.expired else ASSERTION_INVALID)(why=error) from None


async def _spend(desk: Desk, provider: SamlProvider, assertion: Assertion) -> None:
    """Let an assertion count once.  Raises `AuthenticationFail.SAMLAssertion.Invalid` for the second time."""
    mark = replay.digest(f"saml-assertion:{provider.id}", assertion.id)
    try:
        await desk.spend(mark, int(assertion.ends_at) + 1)
    except Fault as fault:
        if fault.code == replay.NONCE_USED.code:
            raise ASSERTION_INVALID(why="it was used already") from None
        raise


@STS.action(
    "AssumeRoleWithSAML",
    permission=None,
    memory=True,
    anonymous=True,
    behind=behind,
    prepare=prove,
    faults=(
        SAML_PROVIDER_NOT_FOUND,
        METADATA_BROKEN,
        ASSERTION_EXPIRED,
        ASSERTION_INVALID,
        SESSION_NAME_INVALID,
        ROLE_ARN_NOT_FOUND,
        ROLE_ARN_INVALID,
        TOO_LONG,
        POLICY_TOO_LONG,
        POLICY_MALFORMED,
        NOT_TRUSTED,
    ),
)
def assume_role_with_saml(desk: Desk, caller: Caller, wanted: AssumeRoleWithSamlInput) -> AssumeRoleWithSamlOutput:
    """Answer temporary credentials of a role to the holder of a SAML assertion that names it."""
    proven: Proven = desk.prepared
    assertion, provider, role = proven.assertion, proven.provider, proven.role
    _check_role(assertion, provider, role)
    name = _session_name(assertion)
    federation.check_trust(
        desk, replace(caller, session_name=assertion.subject), provider, role, {"saml:recipient": assertion.recipient}
    )
    credentials, user = federation.open_session(
        desk,
        provider,
        role,
        name=name,
        seconds=_seconds(assertion, wanted),
        policy=wanted.policy,
        ends_at=assertion.session_ends_at,
    )
    return AssumeRoleWithSamlOutput(
        credentials=credentials,
        assumed_role_user=user,
        saml_assertion_info=SamlAssertionInfo(
            subject_type=_subject_type(assertion.subject_format),
            subject=assertion.subject,
            recipient=assertion.recipient,
            issuer=assertion.issuer,
        ),
    )


def _check_role(assertion: Assertion, provider: SamlProvider, role: Role) -> None:
    """The Role attribute must name the role together with the provider; names do not regard case."""
    wanted = {role.arn.lower(), provider.arn.lower()}
    named = assertion.attributes.get(ATTRIBUTES + "Role", ())
    if not any({part.strip().lower() for part in value.split(",")} == wanted for value in named):
        raise ASSERTION_INVALID(why=f"none of its {len(named)} Role value(s) is {role.arn},{provider.arn}")


def _session_name(assertion: Assertion) -> str:
    named = assertion.attributes.get(ATTRIBUTES + "RoleSessionName", ())
    if len(named) != 1 or _SESSION_NAME.fullmatch(named[0]) is None:
        raise SESSION_NAME_INVALID()
    return named[0]


def _seconds(assertion: Assertion, wanted: AssumeRoleWithSamlInput) -> int:
    """What is asked for, but no more than the assertion's SessionDuration."""
    named = assertion.attributes.get(ATTRIBUTES + "SessionDuration", ())
    if not named:
        return wanted.duration_seconds or 3600
    if len(named) != 1 or re.fullmatch(r"[0-9]{3,5}", named[0]) is None or not 900 <= int(named[0]) <= 43200:
        raise ASSERTION_INVALID(why="its SessionDuration is not a number from 900 to 43200")
    return min(wanted.duration_seconds or int(named[0]), int(named[0]))


def _subject_type(name: str) -> str:
    short = name.removeprefix(_NAME_ID)
    return short if short in ("persistent", "transient") else name
