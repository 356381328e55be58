"""What our client signs our server accepts, and no single change survives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from keystead import signing
from keystead.faults import Fault
from keystead.percent import Pairs, encode
from keystead.signing import faults
from signing.messages import Request

NOW = 1767323045.0
KEY = "LTAI5tDummy"
SECRET = "dummySecret"
FORM = "application/x-www-form-urlencoded"
HEADERS = {"host": "ram.keystead.test", "x-acs-action": "CreateUser", "x-acs-version": "2015-05-01"}

NAME = st.text(alphabet="ABCabc.123_-", min_size=1, max_size=8).map(lambda text: "P" + text)
VALUE = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=10)
PARAMS = st.dictionaries(NAME, VALUE, max_size=6)
SEGMENT = st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=6)
PATH = st.lists(SEGMENT.map(encode), max_size=3).map(lambda parts: "/" + "/".join(parts))
TOKEN = st.sampled_from([None, "session-token"])


def make_rsa() -> tuple[str, str]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    return private, public


PRIVATE, PUBLIC = make_rsa()
Sender = Callable[[str, str, Mapping[str, str], Mapping[str, str], str | None, str], Request]


def acs3(algorithm: str) -> Sender:
    def send(method: str, path: str, params: Any, form: Any, token: str | None, secret: str) -> Request:
        query, body = urlencode(params), urlencode(form).encode()
        headers = {**HEADERS, "content-type": FORM} if body else HEADERS
        sent = signing.sign_acs3(
            method,
            path,
            query,
            headers,
            body,
            access_key_id=KEY,
            secret=secret,
            security_token=token,
            timestamp=NOW,
            nonce="n1",
            algorithm=algorithm,
        )
        return Request(method, path, query, sent, body)

    return send


def acs4(algorithm: str) -> Sender:
    def send(method: str, path: str, params: Any, form: Any, token: str | None, secret: str) -> Request:
        query, body = urlencode(params), urlencode(form).encode()
        headers = {**HEADERS, "content-type": FORM} if body else HEADERS
        sent = signing.sign_acs4(
            method,
            path,
            query,
            headers,
            body,
            access_key_id=KEY,
            secret=secret,
            region="center",
            product="Ram",
            security_token=token,
            timestamp=NOW,
            nonce="n1",
            algorithm=algorithm,
        )
        return Request(method, path, query, sent, body)

    return send


def rpc_v1(signature_method: str) -> Sender:
    def send(method: str, path: str, params: Any, form: Any, token: str | None, secret: str) -> Request:
        wanted = (("Action", "CreateUser"), ("Version", "2015-05-01"), *params.items(), *form.items())
        pairs = signing.sign_rpc_v1(
            method,
            tuple(dict(wanted).items()),
            access_key_id=KEY,
            secret=secret,
            security_token=token,
            timestamp=NOW,
            nonce="n1",
            signature_method=signature_method,
        )
        in_form = tuple(pair for pair in pairs if pair[0] in form)
        in_query = tuple(pair for pair in pairs if pair[0] not in form)
        body = urlencode(in_form).encode()
        return Request(method, path, urlencode(in_query), {"content-type": FORM} if body else {}, body)

    return send


def roa_v1(method: str, path: str, params: Any, form: Any, token: str | None, secret: str) -> Request:
    query, body = urlencode(params), urlencode(form).encode()
    headers = {**HEADERS, "content-type": FORM} if body else HEADERS
    sent = signing.sign_roa_v1(
        method,
        path,
        query,
        headers,
        body,
        access_key_id=KEY,
        secret=secret,
        security_token=token,
        timestamp=NOW,
        nonce="n1",
    )
    return Request(method, path, query, sent, body)


SENDERS: dict[str, Sender] = {
    "RPC-V1-HMAC-SHA1": rpc_v1("HMAC-SHA1"),
    "ROA-V1-HMAC-SHA1": roa_v1,
    "ACS3-HMAC-SHA256": acs3("ACS3-HMAC-SHA256"),
    "ACS3-HMAC-SM3": acs3("ACS3-HMAC-SM3"),
    "ACS4-HMAC-SHA256": acs4("ACS4-HMAC-SHA256"),
    "ACS4-HMAC-SM3": acs4("ACS4-HMAC-SM3"),
}


def accepted(request: Request, secret: str = SECRET) -> Pairs:
    claim = signing.read_claim(request)
    if claim is None:  # no proof left at all
        raise faults.MISSING_ACCESS_KEY_ID()
    signing.check_window(claim, NOW)
    return signing.verify(claim, request, secret)


def own(pairs: Pairs) -> dict[str, str]:
    return {name: value for name, value in pairs if name not in signing.COMMON_PARAMETERS}


@pytest.mark.parametrize("scheme", SENDERS)
@given(method=st.sampled_from(["GET", "POST"]), path=PATH, params=PARAMS, form=PARAMS, token=TOKEN)
@settings(max_examples=60)
def test_signed_is_accepted(
    scheme: str, method: str, path: str, params: dict[str, str], form: dict[str, str], token: str | None
) -> None:
    request = SENDERS[scheme](method, path, params, form, token, SECRET)
    claim = signing.read_claim(request)
    assert claim is not None
    assert (claim.scheme, claim.access_key_id, claim.security_token) == (scheme, KEY, token)
    assert (claim.timestamp, claim.nonce) == (NOW, "n1")
    assert signing.operation(request, claim) == ("CreateUser", "2015-05-01")
    assert own(accepted(request)) == params | form


@pytest.mark.parametrize(
    ("scheme", "send"),
    [("ACS3-RSA-SHA256", acs3("ACS3-RSA-SHA256")), ("RPC-V1-SHA256withRSA", rpc_v1("SHA256withRSA"))],
)
def test_signed_with_rsa_is_accepted(scheme: str, send: Sender) -> None:
    request = send("POST", "/", {"UserName": "alice b"}, {"Comments": "c"}, None, PRIVATE)
    claim = signing.read_claim(request)
    assert claim is not None
    assert claim.scheme == scheme
    assert own(accepted(request, PUBLIC)) == {"UserName": "alice b", "Comments": "c"}
    with pytest.raises(Fault, match="SignatureDoesNotMatch"):
        accepted(request, make_rsa()[1])
    with pytest.raises(Fault, match="SignatureDoesNotMatch"):
        accepted(replace(request, raw_query=request.raw_query.replace("alice", "mallory")), PUBLIC)


def refused(request: Request, secret: str = SECRET) -> None:
    with pytest.raises(Fault):
        accepted(request, secret)


def flip(text: str, at: int) -> str:
    at %= len(text)
    return text[:at] + ("b" if text[at] != "b" else "c") + text[at + 1 :]


@pytest.mark.parametrize("scheme", SENDERS)
@given(params=PARAMS.filter(bool), form=PARAMS, at=st.integers(0, 1000), token=TOKEN)
@settings(max_examples=30)
def test_no_single_change_survives(
    scheme: str, params: dict[str, str], form: dict[str, str], at: int, token: str | None
) -> None:
    request = SENDERS[scheme]("POST", "/a/b", params, form, token, SECRET)
    before = own(accepted(request))
    refused(request, SECRET + "x")
    refused(replace(request, method="GET"))
    refused(replace(request, raw_query=request.raw_query + "&Extra=1"))
    _changed_or_refused(replace(request, raw_query=flip(request.raw_query, at)), before)
    if not scheme.startswith("RPC"):
        refused(replace(request, raw_path="/a/c"))
        refused(replace(request, raw_path="/a/b/"))
        for name in request.headers:
            if name.startswith("x-acs-"):
                refused(replace(request, headers={**request.headers, name: request.headers[name] + "0"}))
                refused(replace(request, headers={k: v for k, v in request.headers.items() if k != name}))
        refused(replace(request, headers={**request.headers, "x-acs-extra": "1"}))
        authorization = request.headers["authorization"]
        _changed_or_refused(
            replace(request, headers={**request.headers, "authorization": flip(authorization, at)}), before
        )
    if request.body:
        _changed_or_refused(replace(request, body=flip(request.body.decode(), at).encode()), before)
    if scheme.startswith("ACS"):
        refused(replace(request, body=request.body + b"&"))
        refused(replace(request, headers={**request.headers, "host": "other.keystead.test"}))


def _changed_or_refused(request: Request, before: dict[str, str]) -> None:
    """Some flips only spell the same thing otherwise, as `%2b` for `%2B`; then nothing may have changed."""
    try:
        after = own(accepted(request))
    except Fault:
        return
    assert after == before
