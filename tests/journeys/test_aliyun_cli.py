"""The vendor's command line: the program where `KEYSTEAD_TEST_ALIYUN_CLI` names it, and else what it sends.

It talks through alibaba-cloud-sdk-go. The vectors hold requests of that library as they were on the wire; here they are
signed again for this server's pair, clock and a new nonce, each parameter and header where the library put it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import re
import secrets
import subprocess
import time
import uuid
from collections.abc import Callable, Mapping
from email.utils import formatdate
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

import httpx
import pytest

from journeys.client import ApiError
from journeys.story import READ_ONLY, Story, policy
from keystead.clock import iso
from keystead.signing import sign_rpc_v1
from keystead.signing.times import parse_iso
from services import rpc
from services.issuer import issuer
from services.loopback import child_environment
from services.rpc import VERSIONS, Key
from services.server import Server
from signing.messages import VECTORS

OF_THE_GO_SDK = {name: v for name, v in VECTORS.items() if v["made_with"]["package"].startswith("alibaba-cloud-sdk-go")}
RPC_FORMS = [name for name in OF_THE_GO_SDK if name.startswith("rpcv1-")]
ROA_FORMS = [name for name in OF_THE_GO_SDK if name.startswith("roav1-")]
GET_FORM, POST_FORM, STS_FORM = "rpcv1-go-get", "rpcv1-go-post-form-special", "rpcv1-go-sts"
PROTOCOL = frozenset(
    {"AccessKeyId", "SecurityToken", "Signature", "SignatureMethod", "SignatureNonce", "SignatureVersion", "Timestamp"}
)


def signed_again(
    vector: Mapping[str, Any],
    key: Key,
    *,
    action: str | None = None,
    version: str | None = None,
    own: Mapping[str, str] | None = None,
    timestamp: float | None = None,
    nonce: str | None = None,
) -> dict[str, Any]:
    """The request of an RPC vector for another pair and time; with `own`, of another action in the same form."""
    wire = vector["request"]
    query = dict(parse_qsl(wire["query"], keep_blank_values=True))
    form = dict(parse_qsl(wire["body"]["data"], keep_blank_values=True))
    if own is not None:
        kept = {*PROTOCOL, "Action", "Format", "RegionId", "SignatureType", "Version"}
        query = {name: value for name, value in query.items() if name in kept}
        query |= {"Action": action or query["Action"], "Version": version or query["Version"]}
        form, query = (dict(own), query) if form else ({}, {**query, **own})
    given = {name: value for name, value in {**query, **form}.items() if name not in PROTOCOL}
    pairs = dict(
        sign_rpc_v1(
            wire["method"],
            tuple(given.items()),
            access_key_id=key.id,
            secret=key.secret,
            security_token=key.token,
            timestamp=time.time() if timestamp is None else timestamp,
            nonce=nonce or uuid.uuid4().hex,
        )
    )
    in_query = {name: value for name, value in pairs.items() if name not in form}
    headers = [(name, value) for name, value in wire["headers"] if name not in ("Host", "User-Agent", "Content-Length")]
    named = {"x-acs-action": given["Action"], "x-acs-version": given["Version"]}
    return {
        "method": wire["method"],
        "query": urlencode(sorted(in_query.items()), quote_via=quote, safe="~"),
        "content": urlencode(sorted((name, pairs[name]) for name in form)),
        "headers": [(name, named.get(name, value)) for name, value in headers],
    }


def send(server: Server, request: Mapping[str, Any], path: str = "/") -> httpx.Response:
    """Put it on the wire; a GET has a content type and no body, as the program sends it."""
    return httpx.request(
        request["method"],
        f"{server.url}{path}" + (f"?{request['query']}" if request["query"] else ""),
        content=request["content"] or None,
        headers=request["headers"],
        timeout=30,
        trust_env=False,
    )


def call(server: Server, key: Key, product: str, action: str, /, form: str = "", **own: str) -> dict[str, Any]:
    """Call an action in one of the program's forms, the one with everything in the query unless another is named."""
    vector = VECTORS[form or (STS_FORM if key.token else GET_FORM)]
    answer = send(server, signed_again(vector, key, action=action, version=VERSIONS[product], own=own))
    body: dict[str, Any] = answer.json()
    for name in ("RequestId", "HostId", "Code", "Message", "Recommend"):  # it panics at anything but a text
        assert isinstance(body.get(name, ""), str), body
    if answer.status_code >= 400:
        assert isinstance(body.get("AccessDeniedDetail", {}), dict)
        raise rpc.error_of(answer.status_code, body)
    return body


def test_the_vectors_of_the_program_are_there() -> None:
    """What is replayed below; a vector that goes missing must be noticed."""
    assert {GET_FORM, POST_FORM, STS_FORM} <= set(RPC_FORMS)
    assert len(ROA_FORMS) == 3


@pytest.mark.parametrize("name", RPC_FORMS)
def test_what_is_signed_again_is_what_was_sent(name: str) -> None:
    """With the vector's own pair, clock and nonce the request of the library comes out, character by character."""
    vector = VECTORS[name]
    credential = vector["credential"]
    key = Key(credential["access_key_id"], credential["access_key_secret"], credential.get("security_token"))
    request = signed_again(vector, key, timestamp=parse_iso(vector["clock"]), nonce=vector["nonce"])
    wire = vector["request"]
    assert request["method"] == wire["method"]
    assert request["query"] == wire["query"]
    assert request["content"] == wire["body"]["data"]


@pytest.fixture
def alice(shared_server: Server) -> Any:
    """A user who may read, with a pair."""
    server, name = shared_server, f"cli-{secrets.token_hex(4)}"
    rpc.call(server.url, server.admin, "ram", "CreateUser", UserName=name)
    rpc.call(server.url, server.admin, "ram", "AttachPolicyToUser", **READ_ONLY, UserName=name)
    pair = rpc.call(server.url, server.admin, "ram", "CreateAccessKey", UserName=name)["AccessKey"]
    yield name, Key(pair["AccessKeyId"], pair["AccessKeySecret"])
    rpc.call(server.url, server.admin, "ram", "DeleteAccessKey", UserName=name, UserAccessKeyId=pair["AccessKeyId"])
    rpc.call(server.url, server.admin, "ram", "DetachPolicyFromUser", **READ_ONLY, UserName=name)
    rpc.call(server.url, server.admin, "ram", "DeleteUser", UserName=name)


def test_everything_in_the_query_of_a_get(shared_server: Server, alice: tuple[str, Key]) -> None:
    """`aliyun ram ListUsers --MaxItems 10`: a form content type and no body; SignatureType empty, and signed."""
    name, key = alice
    request = signed_again(VECTORS[GET_FORM], key)
    assert ("Content-Type", "application/x-www-form-urlencoded") in request["headers"]
    assert request["content"] == ""
    answer = send(shared_server, request)
    assert answer.status_code == 200, answer.text
    assert len(answer.json()["Users"]["User"]) <= 10
    with pytest.raises(ApiError) as caught:
        call(shared_server, key, "ram", "CreateUser", UserName="nobody")
    assert (caught.value.code, caught.value.status) == ("NoPermission", 403)
    with pytest.raises(ApiError) as caught:
        call(shared_server, Key(key.id, "x" * 30), "ram", "GetUser", UserName=name)
    assert caught.value.code == "SignatureDoesNotMatch"


def test_a_replayed_request_is_refused(shared_server: Server, alice: tuple[str, Key]) -> None:
    """The same bytes twice: the second time the nonce was used."""
    request = signed_again(VECTORS[GET_FORM], alice[1])
    assert send(shared_server, request).status_code == 200
    assert send(shared_server, request).json()["Code"] == "SignatureNonceUsed"


def test_parameters_in_a_form(shared_server: Server) -> None:
    """A POST with the protocol's parameters in the query and texts of every kind in the form."""
    server, name = shared_server, f"form-{secrets.token_hex(4)}"
    texts = dict(parse_qsl(VECTORS[POST_FORM]["request"]["body"]["data"]))
    made = call(server, server.admin, "ram", "CreateUser", form=POST_FORM, UserName=name, **texts)["User"]
    assert {member: made[member] for member in texts} == texts
    call(server, server.admin, "ram", "DeleteUser", UserName=name)


def test_configure_ends_with_get_caller_identity(shared_server: Server, alice: tuple[str, Key]) -> None:
    """`aliyun configure` greets STS and shows an error when it fails; modes AK and StsToken."""
    _, key = alice
    assert call(shared_server, key, "sts", "GetCallerIdentity")["IdentityType"] == "RAMUser"
    vector = VECTORS[STS_FORM]
    posted = send(shared_server, signed_again({**vector, "credential": {}}, key))  # the greeting: a POST, no body
    assert posted.json()["AccountId"] == shared_server.account_id


def test_modes_that_assume_a_role(shared_server: Server, alice: tuple[str, Key]) -> None:
    """RamRoleArn borrows a role with a pair, StsToken uses what came, ChainableRamRoleArn borrows with a session."""
    server, (name, key) = shared_server, alice
    admin, account = server.admin, f"acs:ram::{server.account_id}"
    first, second = f"first-{name}", f"second-{name}"
    lend = {"PolicyName": "AliyunSTSAssumeRoleAccess", "PolicyType": "System"}
    trusts = {
        first: {"RAM": [f"{account}:user/{name}"]},
        second: {"RAM": [f"{account}:role/{first}"]},
    }
    for role, principal in trusts.items():
        document = policy(["sts:AssumeRole"], principal=principal)
        call(server, admin, "ram", "CreateRole", RoleName=role, AssumeRolePolicyDocument=document)
    call(server, admin, "ram", "AttachPolicyToUser", UserName=name, **lend)
    call(server, admin, "ram", "AttachPolicyToRole", RoleName=first, **lend)
    try:
        wanted = {"RoleSessionName": "cli", "DurationSeconds": "900"}
        got = call(server, key, "sts", "AssumeRole", RoleArn=f"{account}:role/{first}", **wanted)["Credentials"]
        session = Key(got["AccessKeyId"], got["AccessKeySecret"], got["SecurityToken"])
        me = call(server, session, "sts", "GetCallerIdentity")
        assert me["Arn"] == f"{account}:assumed-role/{first}/cli"
        got = call(server, session, "sts", "AssumeRole", RoleArn=f"{account}:role/{second}", **wanted)["Credentials"]
        chained = Key(got["AccessKeyId"], got["AccessKeySecret"], got["SecurityToken"])
        me = call(server, chained, "sts", "GetCallerIdentity")
        assert (me["Arn"], me["IdentityType"]) == (f"{account}:assumed-role/{second}/cli", "AssumedRoleUser")
        with pytest.raises(ApiError) as caught:
            call(server, chained, "ram", "ListUsers")
        assert caught.value.code == "NoPermission"
    finally:
        call(server, admin, "ram", "DetachPolicyFromUser", UserName=name, **lend)
        call(server, admin, "ram", "DetachPolicyFromRole", RoleName=first, **lend)
        for role in trusts:
            call(server, admin, "ram", "DeleteRole", RoleName=role)


def test_mode_oidc(start_server: Callable[..., Server]) -> None:
    """Nothing is signed: the common parameters in the query, those of the action in the form."""
    server = start_server(options=("--oidc-loopback-http",))
    admin, account = server.admin, f"acs:ram::{server.account_id}"
    with issuer() as pods:
        own = {"OIDCProviderName": "pods", "IssuerUrl": pods.url, "ClientIds": "app"}
        call(server, admin, "ims", "CreateOIDCProvider", **own)
        statement = {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"Federated": [f"{account}:oidc-provider/pods"]},
            "Condition": {"StringEquals": {"oidc:iss": pods.url, "oidc:aud": "app"}},
        }
        document = json.dumps({"Version": "1", "Statement": [statement]})
        call(server, admin, "ram", "CreateRole", RoleName="pod", AssumeRolePolicyDocument=document)
        common = {"Action": "AssumeRoleWithOIDC", "Format": "JSON", "Version": VERSIONS["sts"]}
        common |= {"SignatureNonce": uuid.uuid4().hex, "Timestamp": iso(time.time())}
        form = {"RoleArn": f"{account}:role/pod", "OIDCProviderArn": f"{account}:oidc-provider/pods"}
        form |= {"OIDCToken": pods.token(), "RoleSessionName": "cli", "DurationSeconds": "3600"}
        answer = httpx.post(server.url, params=common, data=form, timeout=30, trust_env=False)
        assert answer.status_code == 200, answer.text
        got = answer.json()["Credentials"]
    session = Key(got["AccessKeyId"], got["AccessKeySecret"], got["SecurityToken"])
    assert call(server, session, "sts", "GetCallerIdentity")["Arn"] == f"{account}:assumed-role/pod/cli"


def test_actions_that_need_force(shared_server: Server, alice: tuple[str, Key]) -> None:
    """The twelve that the program's own catalogue lacks: it sends them as given, in the same form."""
    server, (name, key) = shared_server, alice
    admin, user = server.admin, {"UserPrincipalName": name}
    narrow = {"Type": "ClassicWhiteList", "IPList": ["192.0.2.1", "127.0.0.1"]}
    text = json.dumps({"Version": 1, "Status": "Active", "Statements": [narrow]})

    def ims(action: str, **own: str) -> dict[str, Any]:
        return call(server, admin, "ims", action, **own)

    ims("SetAccessKeyPolicy", **user, UserAccessKeyId=key.id, AccessKeyPolicy=text)
    kept = ims("GetAccessKeyPolicy", **user, UserAccessKeyId=key.id)
    assert json.loads(kept["AccessKeyPolicy"]) == json.loads(text)
    off = json.dumps({"Version": 1, "Status": "Inactive", "Statements": []})
    ims("SetAccessKeyPolicyForAccount", AccessKeyPolicy=off)
    assert json.loads(ims("GetAccessKeyPolicyForAccount")["AccessKeyPolicy"]) == json.loads(off)

    assert call(server, admin, "ram", "GetServiceLinkedRoleTemplate", ServiceName="datahub.sfm.aliyuncs.com")
    made = call(server, admin, "ram", "CreateServiceLinkedRole", ServiceName="datahub.sfm.aliyuncs.com")["Role"]
    gone = call(server, admin, "ram", "DeleteServiceLinkedRole", RoleName=made["RoleName"])
    assert gone["DeletionTaskId"]

    made = ims("CreateServiceCredential", **user, ServiceName="modelstudio", ServiceCredentialName="cli")
    one = made["ServiceCredential"]["ServiceCredentialId"]
    listed = ims("ListServiceCredentials", **user, ServiceName="modelstudio")
    assert one in json.dumps(listed)
    assert ims("GetServiceCredential", **user, ServiceCredentialId=one)
    ims("UpdateServiceCredential", **user, ServiceCredentialId=one, Status="Inactive")
    ims("DeleteServiceCredential", **user, ServiceCredentialId=one)


def roa_headers(vector: Mapping[str, Any], key: Key, date: str, path: str = "", **more: str) -> list[tuple[str, str]]:
    """The headers of a path-style request of the library, signed for another pair and date, and another path."""
    wire = vector["request"]
    replaced = {
        **more,
        "Date": date,
        "Content-MD5": base64.b64encode(hashlib.md5(wire["body"]["data"].encode()).digest()).decode(),
        **({"x-acs-security-token": key.token} if key.token else {}),
    }
    left_out = ("Host", "User-Agent", "Content-Length", "Authorization")
    headers = {n: replaced.get(n, value) for n, value in wire["headers"] if n not in left_out}
    canonical = "".join(f"{n}:{headers[n]}\n" for n in sorted(headers) if n.startswith("x-acs-"))
    pairs = sorted(parse_qsl(wire["query"] or "", keep_blank_values=True))
    resource = (path or wire["path"]).replace("%20", " ")
    if pairs:
        resource += "?" + "&".join(f"{name}={value}" if value else name for name, value in pairs)
    lines = (wire["method"], *(headers[name] for name in ("Accept", "Content-MD5", "Content-Type", "Date")))
    text = "\n".join(lines) + f"\n{canonical}{resource}"
    signature = base64.b64encode(hmac.new(key.secret.encode(), text.encode(), hashlib.sha1).digest()).decode()
    return [*headers.items(), ("Authorization", f"acs {key.id}:{signature}")]


@pytest.mark.parametrize("name", ROA_FORMS)
def test_path_style_is_signed_again_as_it_was_sent(name: str) -> None:
    """The header that comes out for the vector's pair and date is the library's."""
    vector = VECTORS[name]
    credential = vector["credential"]
    key = Key(credential["access_key_id"], credential["access_key_secret"], credential.get("security_token"))
    sent = dict(vector["request"]["headers"])
    assert dict(roa_headers(vector, key, sent["Date"]))["Authorization"] == sent["Authorization"]


@pytest.mark.parametrize("name", ROA_FORMS)
def test_path_style_gets_past_the_signature(shared_server: Server, alice: tuple[str, Key], name: str) -> None:
    """No nonce header, and a content type on a GET: taken for genuine, and then refused by the action itself."""
    vector, key, server = VECTORS[name], alice[1], shared_server
    if "security_token" in vector["credential"]:
        key = session_of(server)
    wire = vector["request"]
    path = f"/{wire['path'].split('/')[1]}/promptTemplates"
    action = {"x-acs-action": "ListPromptTemplates" if wire["method"] == "GET" else "CreatePromptTemplate"}
    codes = []
    for each in (key, Key(key.id, "x" * 30, key.token)):
        headers = roa_headers(vector, each, formatdate(time.time(), usegmt=True), path, **action)
        request = {"method": wire["method"], "query": wire["query"], "content": wire["body"]["data"].encode()}
        answer = send(server, {**request, "headers": headers}, path=path)
        assert answer.headers["content-type"].startswith("application/json")
        codes.append(answer.json()["Code"])
    assert codes == [REFUSED_BY_THE_ACTION[name], "SignatureDoesNotMatch"]


REFUSED_BY_THE_ACTION = {
    "roav1-go-get": "NoPermission",
    "roav1-go-post-form": "PromptTemplate.NameInvalid",  # its form names something else
    "roav1-go-post-json-sts": "InvalidParameter.WorkspaceId.Format",  # its path has a space in it
}


def session_of(server: Server) -> Key:
    """A session of a role that the first user borrows."""
    role, account = f"path-{secrets.token_hex(4)}", f"acs:ram::{server.account_id}"
    document = policy(["sts:AssumeRole"], principal={"RAM": [f"{account}:root"]})
    rpc.call(server.url, server.admin, "ram", "CreateRole", RoleName=role, AssumeRolePolicyDocument=document)
    wanted = {"RoleArn": f"{account}:role/{role}", "RoleSessionName": "path"}
    got: Any = rpc.call(server.url, server.admin, "sts", "AssumeRole", **wanted)["Credentials"]
    return Key(got["AccessKeyId"], got["AccessKeySecret"], got["SecurityToken"])


class AliyunCli:
    """The program itself, a process per call. It prints the answer, or a refusal without its status."""

    shows_status = False
    shows_detail = False
    wrong_secret = "SignatureDoesNotMatch"

    def __init__(self, program: Path, server: Server, home: Path) -> None:
        self.program, self.server, self.home = program, server, home

    def call(self, key: Key, product: str, action: str, parameters: Mapping[str, str]) -> dict[str, Any]:
        """Run it with the pair in its options, as its manual shows for a single call."""
        mode = ["--mode", "StsToken", "--sts-token", key.token] if key.token else ["--mode", "AK"]
        mode += ["--access-key-id", key.id, "--access-key-secret", key.secret, "--region", "cn-hangzhou"]
        where = ["--version", VERSIONS[product], "--endpoint", f"{self.server.host}:{self.server.port}", "--force"]
        given = [part for name, value in parameters.items() for part in (f"--{name}", value)]
        done = subprocess.run(
            [str(self.program), product, action, *given, *where, *mode],
            env=child_environment({"HOME": str(self.home)}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if done.returncode == 0:
            answer: dict[str, Any] = json.loads(done.stdout)
            return answer
        said = dict(re.findall(r"^(ErrorCode|RequestId|Message): (.*)$", done.stdout + done.stderr, re.MULTILINE))
        assert "ErrorCode" in said, done.stdout + done.stderr
        code, request_id = said["ErrorCode"].strip(), said.get("RequestId", "").strip()
        raise ApiError(code=code, status=None, message=said.get("Message", ""), request_id=request_id)

    def close(self) -> None:
        """Nothing is kept."""


def test_the_program_itself_tells_the_story(shared_server: Server, tmp_path: Path) -> None:
    """The whole story of a person, a group, a role and their policies, by the program."""
    named = os.environ.get("KEYSTEAD_TEST_ALIYUN_CLI")
    if not named:
        pytest.skip("set KEYSTEAD_TEST_ALIYUN_CLI to the path of the vendor's aliyun program to run it")
    program = Path(named).expanduser()
    assert program.is_file(), f"KEYSTEAD_TEST_ALIYUN_CLI names {program}, which is no file"
    Story(AliyunCli(program, shared_server, tmp_path), shared_server.admin, shared_server.account_id).tell()
