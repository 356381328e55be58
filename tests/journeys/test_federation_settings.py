"""The settings of federation, each as it binds a running server."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from typing import Any

import pytest

from keystead.identity.federation import VENDOR_RECIPIENTS, recipients_of
from services import rpc
from services.idp import Claim, IdP
from services.rpc import ApiError
from services.server import Server
from services.sso import prepared, sent

MINE = "https://keystead.example.com/saml-role/sso"
OPTIONS = (
    *("--saml-recipient", MINE, "--saml-audience", "urn:mine", "--identity-providers-quota", "1"),
    *("--client-ids-per-provider", "1", "--fingerprints-per-provider", "1"),
)


def refused(server: Server, action: str, **given: str) -> str:
    with pytest.raises(ApiError) as caught:
        rpc.call(server.url, server.admin, "ims", action, **given)
    return caught.value.code


def test_they_bind(start_server: Callable[..., Server]) -> None:
    server, idp = start_server(options=OPTIONS), IdP()
    given = prepared(server, idp)

    def passes(**changes: Any) -> bool:
        said = {"role": given["RoleArn"], "provider": given["SAMLProviderArn"], "now": time.time(), **changes}
        return sent(server, given, idp.encoded(Claim(**said)))[0] == 200

    assert passes(recipient=MINE, audience="urn:mine")
    assert not passes(audience="urn:mine")
    assert not passes(recipient=MINE)

    document = base64.b64encode(idp.metadata()).decode()
    more = {"SAMLProviderName": "more", "EncodedSAMLMetadataDocument": document}
    assert refused(server, "CreateSAMLProvider", **more) == "LimitExceeded.SAMLProvider"

    local = {"OIDCProviderName": "local", "IssuerUrl": "http://127.0.0.1:1"}
    assert refused(server, "CreateOIDCProvider", **local) == "InvalidParameter.IssuerUrl.Format"
    good = {"OIDCProviderName": "good", "IssuerUrl": "https://issuer.example.com"}
    two = f"{'0' * 40},{'1' * 40}"
    assert refused(server, "CreateOIDCProvider", ClientIds="a,b", **good) == "LimitExceeded.OIDCProvider.ClientId"
    assert refused(server, "CreateOIDCProvider", Fingerprints=two, **good) == "LimitExceeded.OIDCProvider.Fingerprint"
    rpc.call(server.url, server.admin, "ims", "CreateOIDCProvider", **good)
    again = {"OIDCProviderName": "again", "IssuerUrl": "https://other.example.com"}
    assert refused(server, "CreateOIDCProvider", **again) == "LimitExceeded.OIDCProvider"


def test_an_assertion_is_for_the_configured_address_else_our_own_else_the_vendors() -> None:
    assert recipients_of((MINE,), "https://other.example.com") == (MINE,)
    assert recipients_of((), "https://keystead.example.com/") == (MINE,)
    assert recipients_of((), None) == VENDOR_RECIPIENTS
