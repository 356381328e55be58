"""Settings of user SSO.  Source: reference/ram-behaviour.md 5.11."""

from __future__ import annotations

from typing import Annotated

import msgspec

from keystead.faults import FaultKind
from keystead.identity.callers import Caller
from keystead.identity.transaction import Tx
from keystead.products.ims.identity_providers import Metadata, SignAlgo, check_metadata, metadata_fault
from keystead.products.ims.product import IMS
from keystead.store import documents
from keystead.wire.answers import Output
from keystead.wire.parameters import Flag, Input, Nothing, Text

KIND = "user-sso"
ACCOUNT = "acs:ram::{account}:*"
METADATA_INVALID = metadata_fault("MetadataDocument")
METADATA_NEEDED = FaultKind(
    "InvalidParameter.MetadataDocument",
    400,
    "User SSO cannot be enabled: there is no metadata document to check its assertions with.",
    "Send MetadataDocument together with SsoEnabled.",
)


class UserSsoSettings(Output, frozen=True):
    """The settings, as stored and as answered."""

    metadata_document: str = ""
    sso_enabled: bool = False
    auxiliary_domain: str = ""
    sso_login_with_domain: bool = True
    authn_sign_algo: str = "rsa-sha1"


class UserSsoSettingsAnswer(Output, frozen=True):
    user_sso_settings: UserSsoSettings


class SetUserSsoSettingsInput(Input, frozen=True):
    metadata_document: Metadata | None = None
    sso_enabled: Annotated[bool, Flag(doc="whether users sign in by their identity provider")] | None = None
    auxiliary_domain: (
        Annotated[str, Text(0, 256, r"[A-Za-z0-9.-]*", doc="a domain that stands for the default domain")] | None
    ) = None
    sso_login_with_domain: Annotated[bool, Flag(doc="whether the NameID ends in a domain")] | None = None
    authn_sign_algo: SignAlgo | None = None


def settings(tx: Tx) -> UserSsoSettings:
    """The account's settings of user SSO."""
    stored = documents.get(tx, KIND)
    return msgspec.json.decode(stored, type=UserSsoSettings) if stored else UserSsoSettings()


@IMS.action("GetUserSsoSettings", resource=ACCOUNT)
def get_user_sso_settings(tx: Tx, _caller: Caller, _wanted: Nothing) -> UserSsoSettingsAnswer:
    """Show how users sign in by an identity provider."""
    return UserSsoSettingsAnswer(user_sso_settings=settings(tx))


@IMS.action("SetUserSsoSettings", resource=ACCOUNT, writes=True, faults=(METADATA_INVALID,))
def set_user_sso_settings(tx: Tx, _caller: Caller, wanted: SetUserSsoSettingsInput) -> UserSsoSettingsAnswer:
    """Change how users sign in by an identity provider; what is left out stays, an empty text is cleared."""
    given = {name: value for name, value in msgspec.structs.asdict(wanted).items() if value is not None}
    if wanted.metadata_document:
        given["metadata_document"] = check_metadata(wanted.metadata_document, METADATA_INVALID)
    changed = msgspec.structs.replace(settings(tx), **given)
    if changed.sso_enabled and not changed.metadata_document:
        raise METADATA_NEEDED()
    documents.put(tx, KIND, msgspec.json.encode(changed).decode())
    return UserSsoSettingsAnswer(user_sso_settings=changed)
