"""Assuming a role with a token of an OIDC provider.  Source: reference/ram-behaviour.md 8.2; `identity.oidc`.

The claims `iss`, `aud` and `sub` are condition keys of the trust policy (reference/ram-policy-language.md 4.3).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, NamedTuple

import msgspec

from keystead.clock import iso
from keystead.faults import Fault, FaultKind
from keystead.identity import oidc
from keystead.identity.callers import Caller, Role
from keystead.identity.directory import Directory
from keystead.identity.oidc import Token, TokenRefusedError
from keystead.identity.providers import OIDC_PREFIX, OidcProvider
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

OIDC_PROVIDER_NOT_FOUND = absent("OIDCProvider", "OIDC provider")


def _refusal(part: str, message: str, next_step: str) -> FaultKind:
    return FaultKind(f"AuthenticationFail.OIDCToken.{part}", 401, message + " {why}.", next_step)


REFUSALS = {
    "Expired": _refusal("Expired", "The OIDC token is expired:", "Get a new token from the identity provider."),
    "Invalid": _refusal("Invalid", "The OIDC token is invalid:", "Send an ID token of the provider's issuer."),
    "InvalidSignature": _refusal(
        "InvalidSignature",
        "The signature of the OIDC token is invalid:",
        "Send the token unchanged; check that the provider's IssuerUrl is the one that signed it.",
    ),
    "AudienceNotMatch": _refusal(
        "AudienceNotMatch",
        "The audience of the OIDC token does not match:",
        "Ask for a token for one of the provider's client IDs, or add one with AddClientIdToOIDCProvider.",
    ),
    "HttpsUrlInvalid": _refusal(
        "HttpsUrlInvalid",
        "The issuer cannot be asked for its keys:",
        "Check that this server reaches the provider's IssuerUrl, its certificate and the fingerprints.",
    ),
}
NOT_TRUSTED = FaultKind("AuthenticationFail.NoPermission", 401, "The role does not trust the token.")


class AssumeRoleWithOidcInput(Input, frozen=True):
    oidc_provider_arn: Annotated[str, Text(1, 256, doc="the OIDC provider's ARN")] = msgspec.field(
        name="OIDCProviderArn"
    )
    role_arn: Annotated[str, Text(1, 256, fault="InvalidParameter.RoleArn", doc="the role's ARN")]
    oidc_token: Annotated[
        str, Text(4, 20000, fault="InvalidParameter.OIDCToken", secret=True, doc="a token of the issuer")
    ] = msgspec.field(name="OIDCToken")
    role_session_name: Annotated[
        str, Text(2, 64, r"[A-Za-z0-9.@_-]+", fault="InvalidParameter.RoleSessionName", doc="a name for the session")
    ]
    duration_seconds: FederatedDuration = 3600
    policy: SessionPolicy | None = None


class OidcTokenInfo(Output, frozen=True):
    """What the token said; the times are ISO 8601."""

    subject: str
    issuer: str
    client_ids: str
    issuance_time: str
    expiration_time: str
    verification_info: str


class AssumeRoleWithOidcOutput(Output, frozen=True):
    credentials: Credentials
    assumed_role_user: AssumedRoleUser
    oidc_token_info: OidcTokenInfo = msgspec.field(name="OIDCTokenInfo")


class Proven(NamedTuple):
    """What the token has proven, and the role that is asked for."""

    provider: OidcProvider
    token: Token
    role: Role


async def behind(directory: Directory, wanted: AssumeRoleWithOidcInput) -> Caller:
    """Whose provider the token is said to be of.  Raises `EntityNotExist.OIDCProvider`."""
    _, caller = await federation.claimed(directory, wanted.oidc_provider_arn, OIDC_PREFIX, OIDC_PROVIDER_NOT_FOUND)
    return caller


async def prove(desk: Desk, wanted: AssumeRoleWithOidcInput, _caller: Caller) -> Proven:
    """Check the token against the issuer's keys; what cannot pass is refused before the issuer is asked."""
    found, _ = await federation.claimed(desk.directory, wanted.oidc_provider_arn, OIDC_PREFIX, OIDC_PROVIDER_NOT_FOUND)
    assert isinstance(found, OidcProvider)  # noqa: S101 - the ARN's prefix says so
    try:
        header, claims = oidc.peek(wanted.oidc_token)
        oidc.check(claims, found, desk.now)
        key = await desk.federation.issuers.key(found, header, desk.now)
        token = oidc.verify(wanted.oidc_token, header, key, found, desk.now)
    except TokenRefusedError as error:
        raise REFUSALS[error.part](why=error) from None
    return Proven(found, token, await federation.find_role(desk, wanted.role_arn, wanted.policy))


@STS.action(
    "AssumeRoleWithOIDC",
    permission=None,
    memory=True,
    anonymous=True,
    behind=behind,
    prepare=prove,
    faults=(
        OIDC_PROVIDER_NOT_FOUND,
        ROLE_ARN_NOT_FOUND,
        ROLE_ARN_INVALID,
        TOO_LONG,
        POLICY_TOO_LONG,
        POLICY_MALFORMED,
        NOT_TRUSTED,
        *REFUSALS.values(),
    ),
)
def assume_role_with_oidc(desk: Desk, caller: Caller, wanted: AssumeRoleWithOidcInput) -> AssumeRoleWithOidcOutput:
    """Answer temporary credentials of a role to the holder of an OIDC token that the role trusts."""
    proven: Proven = desk.prepared
    token = proven.token
    facts: dict[str, Any] = {"oidc:iss": token.issuer, "oidc:aud": token.audiences, "oidc:sub": token.subject}
    try:
        federation.check_trust(desk, replace(caller, session_name=token.subject), proven.provider, proven.role, facts)
    except Fault as fault:
        fault.code, fault.status = NOT_TRUSTED.code, NOT_TRUSTED.status
        raise
    credentials, user = federation.open_session(
        desk,
        proven.provider,
        proven.role,
        name=wanted.role_session_name,
        seconds=wanted.duration_seconds,
        policy=wanted.policy,
    )
    return AssumeRoleWithOidcOutput(
        credentials=credentials,
        assumed_role_user=user,
        oidc_token_info=OidcTokenInfo(
            subject=token.subject,
            issuer=token.issuer,
            client_ids=",".join(token.audiences),
            issuance_time=iso(token.issued_at),
            expiration_time=iso(token.expires_at),
            verification_info="Success",
        ),
    )
