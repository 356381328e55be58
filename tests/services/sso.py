"""A role that a SAML provider's people may take on, on a running server, and the call that takes it."""

from __future__ import annotations

import base64
import json

import httpx

from services import rpc
from services.idp import IdP
from services.server import Server


def prepared(server: Server, idp: IdP) -> dict[str, str]:
    """A provider and a role on the server; returns what every call needs but the assertion."""
    account = f"acs:ram::{server.account_id}"
    document = base64.b64encode(idp.metadata()).decode()
    rpc.call(
        server.url,
        server.admin,
        "ims",
        "CreateSAMLProvider",
        SAMLProviderName="corp",
        EncodedSAMLMetadataDocument=document,
    )
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Federated": f"{account}:saml-provider/corp"}}
    text = json.dumps({"Version": "1", "Statement": [trust]})
    rpc.call(server.url, server.admin, "ram", "CreateRole", RoleName="person", AssumeRolePolicyDocument=text)
    return {"SAMLProviderArn": f"{account}:saml-provider/corp", "RoleArn": f"{account}:role/person"}


def sent(server: Server, given: dict[str, str], assertion: str) -> tuple[int, str]:
    query = {"Action": "AssumeRoleWithSAML", "Version": "2015-04-01", "Format": "JSON"}
    form = {**given, "SAMLAssertion": assertion}
    answer = httpx.post(server.url, params=query, data=form, timeout=30, trust_env=False)
    return answer.status_code, answer.json().get("Message", "")
