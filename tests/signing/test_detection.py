"""Which scheme a request claims, what it must bring along, and what each refusal says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from keystead import signing
from keystead.faults import Fault
from keystead.percent import encode
from signing.messages import SIGNED, VECTORS, Request, joined, request_of, secret_of

FORM = {"content-type": "application/x-www-form-urlencoded"}
RPC = request_of(SIGNED["rpcv1-get-simple-core21333"])
ROA = request_of(SIGNED["roav1-tea-delete"])
ACS3 = request_of(SIGNED["v3-rpc-py-list-users"])
ACS4 = request_of(SIGNED["v4-rpc-py-list-users"])
STS = request_of(SIGNED["v3-rpc-py-assume-role-with-sts-token"])


def query(request: Request, **changes: str | None) -> Request:
    pairs = {**dict(request.query), **changes}
    return replace(request, raw_query="&".join(f"{encode(n)}={encode(v)}" for n, v in pairs.items() if v is not None))


def headers(request: Request, changes: dict[str, str | None]) -> Request:
    given = {**request.headers, **changes}
    return replace(request, headers={name: value for name, value in given.items() if value is not None})


def authorization(request: Request, old: str, new: str) -> Request:
    text = request.headers["authorization"]
    assert old in text
    return headers(request, {"authorization": text.replace(old, new)})


def refusal(request: Request) -> Fault:
    with pytest.raises(Fault) as refused:
        signing.read_claim(request)
    assert refused.value.status in {400, 404}
    assert refused.value.next_step
    return refused.value


@pytest.mark.parametrize(
    "name",
    ["Action", "Version", "Signature", "SignatureMethod", "SignatureVersion", "SignatureNonce", "Timestamp"],
)
@pytest.mark.parametrize("value", [None, ""])
def test_rpc_v1_needs(name: str, value: str | None) -> None:
    fault = refusal(query(RPC, **{name: value}))
    assert fault.code == f"Missing{name}"
    assert fault.message.startswith(f"{name} is mandatory for this action.")


CASES: list[tuple[str, Request, str]] = [
    ("no key", query(RPC, AccessKeyId=None), "MissingAccessKeyId"),
    ("empty key", query(RPC, AccessKeyId=""), "MissingAccessKeyId"),
    ("temporary key alone", query(RPC, AccessKeyId="STS.x"), "MissingSecurityToken"),
    ("temporary key, empty token", query(RPC, AccessKeyId="STS.x", SecurityToken=""), "MissingSecurityToken"),
    ("unknown method name", query(RPC, SignatureMethod="MD5"), "InvalidSignatureMethod"),
    ("version 2", query(RPC, SignatureVersion="2.0"), "InvalidParameter.SignatureVersion"),
    ("long nonce", query(RPC, SignatureNonce="n" * 129), "InvalidParameter.SignatureNonce"),
    ("long key", query(RPC, AccessKeyId="k" * 129), "InvalidAccessKeyId.NotFound"),
    ("time format", query(RPC, Timestamp="yesterday"), "InvalidTimeStamp.Format"),
    ("not base64", query(RPC, Signature="?"), "IncompleteSignature"),
    ("base64 with a space", query(RPC, Signature="QUJD IEQ="), "IncompleteSignature"),
    ("PUT", replace(RPC, method="PUT"), "UnsupportedHTTPMethod"),
    ("body of JSON", replace(RPC, method="POST", body=b"{}"), "IncompleteSignature"),
    ("key twice", replace(RPC, raw_query=RPC.raw_query + "&AccessKeyId=other"), "IncompleteSignature"),
    ("action twice", replace(RPC, raw_query=RPC.raw_query + "&Action=Other"), "IncompleteSignature"),
    ("bearer beside it", query(RPC, BearerToken="t"), "IncompleteSignature"),
    ("ROA without date", headers(ROA, {"date": None}), "MissingDate"),
    ("ROA without version", headers(ROA, {"x-acs-version": None}), "MissingVersion"),
    ("ROA date", headers(ROA, {"date": "2026-01-02T03:04:05Z"}), "InvalidTimeStamp.Format"),
    ("ROA method name", headers(ROA, {"x-acs-signature-method": "MD5"}), "InvalidSignatureMethod"),
    ("ROA version 2", headers(ROA, {"x-acs-signature-version": "2.0"}), "InvalidParameter.SignatureVersion"),
    ("ROA no colon", headers(ROA, {"authorization": "acs keyonly"}), "IncompleteSignature"),
    ("ROA empty key", headers(ROA, {"authorization": "acs :QUJD"}), "IncompleteSignature"),
    ("ROA empty signature", headers(ROA, {"authorization": "acs key:"}), "IncompleteSignature"),
    ("ROA not base64", headers(ROA, {"authorization": "acs key:???"}), "IncompleteSignature"),
    ("ROA temporary key", headers(ROA, {"authorization": "acs STS.k:QUJD"}), "MissingSecurityToken"),
    ("ROA HEAD", replace(ROA, method="HEAD"), "UnsupportedHTTPMethod"),
    ("ROA nonce", headers(ROA, {"x-acs-signature-nonce": "n" * 129}), "InvalidParameter.SignatureNonce"),
    ("V3 unknown name", authorization(ACS3, "HMAC-SHA256", "HMAC-MD5"), "InvalidSignatureMethod"),
    ("V4 unknown name", authorization(ACS4, "HMAC-SHA256", "RSA-SHA256"), "InvalidSignatureMethod"),
    ("V3 no credential", authorization(ACS3, "Credential=", "Credentials="), "IncompleteSignature"),
    ("V3 empty credential", authorization(ACS3, "testAccessKeyId0001", ""), "IncompleteSignature"),
    ("V3 no list", authorization(ACS3, "SignedHeaders=", "Signed="), "IncompleteSignature"),
    ("V3 two signatures", authorization(ACS3, "Credential=", "Signature=ab,Credential="), "IncompleteSignature"),
    ("V3 no hex", authorization(ACS3, "Signature=", "Signature=xyz"), "IncompleteSignature"),
    ("V3 name only", headers(ACS3, {"authorization": "ACS3-HMAC-SHA256"}), "IncompleteSignature"),
    ("V3 absent header", authorization(ACS3, "accept;", "accept;x-not-there;"), "IncompleteSignature"),
    ("V3 header twice", authorization(ACS3, "accept;", "accept;accept;"), "IncompleteSignature"),
    ("V3 upper case", authorization(ACS3, "accept;", "Accept;"), "IncompleteSignature"),
    ("V3 empty name", authorization(ACS3, "accept;", ";"), "IncompleteSignature"),
    ("V3 host unsigned", authorization(ACS3, "host;", ""), "IncompleteSignature"),
    ("V3 date unsigned", authorization(ACS3, "x-acs-date;", ""), "IncompleteSignature"),
    ("V3 digest unsigned", authorization(ACS3, "x-acs-content-sha256;", ""), "IncompleteSignature"),
    ("V3 token unsigned", authorization(STS, "x-acs-security-token;", ""), "IncompleteSignature"),
    ("V3 no digest", headers(ACS3, {"x-acs-content-sha256": None}), "IncompleteSignature"),
    ("V3 no date", headers(ACS3, {"x-acs-date": None}), "MissingTimestamp"),
    ("V3 no action", headers(ACS3, {"x-acs-action": None}), "MissingAction"),
    ("V3 no version", headers(ACS3, {"x-acs-version": None}), "MissingVersion"),
    ("V3 other key", headers(STS, {"x-acs-accesskey-id": "STS.other"}), "InvalidAccessKeyId.NotFound"),
    ("V3 nonce", headers(ACS3, {"x-acs-signature-nonce": "n" * 129}), "InvalidParameter.SignatureNonce"),
    ("V3 OPTIONS", replace(ACS3, method="OPTIONS"), "UnsupportedHTTPMethod"),
    ("V4 short scope", authorization(ACS4, "/Ram/", "/"), "IncompleteSignature"),
    ("V4 long scope", authorization(ACS4, "/Ram/", "/Ram/more/"), "IncompleteSignature"),
    ("V4 empty region", authorization(ACS4, "/cn-hangzhou/", "//"), "IncompleteSignature"),
    ("V4 other tail", authorization(ACS4, "aliyun_v4_request", "aws4_request"), "IncompleteSignature"),
    ("V4 other day", authorization(ACS4, "/20260102/", "/20260103/"), "InvalidTimeStamp.Expired"),
    ("bearer announced only", query(Request(), SignatureType="BEARERTOKEN"), "MissingBearerToken"),
    ("bearer header only", Request(headers={"x-acs-signature-type": "BEARERTOKEN"}), "MissingBearerToken"),
    (
        "bearer with bad time",
        Request(headers={"x-acs-bearer-token": "t", "x-acs-date": "now"}),
        "InvalidTimeStamp.Format",
    ),
]


@pytest.mark.parametrize(("request_", "code"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_refused(request_: Request, code: str) -> None:
    assert refusal(request_).code == code


MIXED: list[Request] = [
    query(ACS3, Signature="x"),
    query(ACS3, BearerToken="x"),
    replace(ACS3, raw_query="Sign%61ture=x"),
    replace(request_of(SIGNED["v3-rpc-py-form-body"]), body=b"Signature=x"),
    headers(ACS3, {"x-acs-bearer-token": "t"}),
    query(ACS4, Signature="x"),
    query(ROA, Signature="x"),
    headers(ROA, {"x-acs-bearer-token": "t"}),
    headers(RPC, {"authorization": "Bearer sk-dummy"}),
    Request(headers={"x-acs-bearer-token": "a", "authorization": "Bearer b"}),
    Request(raw_query="SignatureType=BEARERTOKEN&BearerToken=a", headers={"x-acs-bearer-token": "b"}),
]


@pytest.mark.parametrize("request_", MIXED)
def test_two_proofs_are_refused(request_: Request) -> None:
    fault = refusal(request_)
    assert fault.code == "IncompleteSignature"
    assert fault.message.startswith("The request signature does not conform to Aliyun standards. ")
    assert "two proofs" in fault.message


BEARERS: list[tuple[Request, str, str]] = [
    (Request(headers={"x-acs-bearer-token": "t"}), "BEARER", "t"),
    (Request(raw_query="SignatureType=BEARERTOKEN&BearerToken=t&AccessKeyId=&Signature=worthless"), "BEARER", "t"),
    (Request(method="POST", headers=FORM, body=b"SignatureType=BEARERTOKEN&BearerToken=t"), "BEARER", "t"),
    (Request(headers={"x-acs-bearer-token": "t", "authorization": "Bearer t"}), "BEARER", "t"),
    (Request(headers={"x-acs-action": "A", "authorization": "Bearer t"}), "BEARER", "t"),
    (Request(headers={"authorization": "Bearer sk-t"}), "MODEL-BEARER", "sk-t"),
    (Request(headers={"authorization": "bearer sk-t"}), "MODEL-BEARER", "sk-t"),
]


@pytest.mark.parametrize(("request_", "scheme", "token"), BEARERS)
def test_bearers(request_: Request, scheme: str, token: str) -> None:
    claim = signing.read_claim(request_)
    assert claim is not None
    assert (claim.scheme, claim.bearer, claim.access_key_id) == (scheme, token, "")


@pytest.mark.parametrize(
    "request_",
    [
        Request(),
        Request(headers={"authorization": "Basic eDp5"}),
        Request(headers={"authorization": "Bearer "}),
        Request(headers={"authorization": "ACS5-HMAC-SHA256 Credential=a"}),
        Request(headers={"x-acs-zero-trust-idtoken": "token"}),
        Request(headers={"x-acs-action": "ListUsers", "x-acs-version": "2015-05-01"}),
        Request(raw_query="Action=ListUsers&Version=2015-05-01&SignatureNonce=1"),
        Request(method="POST", body=b"AccessKeyId=a&Signature=b"),  # not announced as a form
    ],
)
def test_no_proof(request_: Request) -> None:
    assert signing.read_claim(request_) is None


def test_rpc_v1_reads_action_and_version_from_what_is_signed() -> None:
    request = headers(RPC, {"x-acs-action": "DeleteUser", "x-acs-version": "2019-08-15"})
    claim = signing.read_claim(request)
    assert claim is not None
    signed = dict(RPC.query)
    assert signing.operation(request, claim) == (signed["Action"], signed["Version"])
    assert signed["Action"] != "DeleteUser"
    signing.verify(claim, request, secret_of(SIGNED["rpcv1-get-simple-core21333"]))


def test_acs3_reads_action_and_version_from_what_is_signed() -> None:
    request = query(ACS3, Action="DeleteUser", Version="2019-08-15")
    assert signing.operation(request, signing.read_claim(request)) == ("ListUsers", "2015-05-01")


def test_roa_may_have_no_action() -> None:
    vector = SIGNED["roav1-popcore-get"]
    request = request_of(vector)
    assert signing.operation(request, signing.read_claim(request)) == (None, request.headers["x-acs-version"])


def test_operation_without_proof_reads_parameters_first() -> None:
    given = {"x-acs-action": "B", "x-acs-version": "2"}
    assert signing.operation(Request(raw_query="Action=A&Version=1", headers=given), None) == ("A", "1")
    assert signing.operation(Request(headers=given), None) == ("B", "2")
    assert signing.operation(Request(), None) == (None, None)
    assert signing.operation(Request(headers={"authorization": "Bearer sk-x"}), None) == (None, None)


def test_authorization_is_read_by_name() -> None:
    """One client orders the fields otherwise; spaces after the commas are allowed."""
    vector = SIGNED["v3-rpc-py-list-users"]
    name, _, fields = ACS3.headers["authorization"].partition(" ")
    first, second, third = fields.split(",")
    for text in (f"{name} {first},{third},{second}", f"{name} {third}, {second}, {first}"):
        request = headers(ACS3, {"authorization": text})
        claim = signing.read_claim(request)
        assert claim is not None
        signing.verify(claim, request, secret_of(vector))


def test_nonce_of_128_characters_is_accepted() -> None:
    claim = signing.read_claim(query(RPC, SignatureNonce="n" * 128))
    assert claim is not None
    assert claim.nonce == "n" * 128


def test_repeated_headers_join_sorted() -> None:
    assert joined([("X-Acs-A", " 2 "), ("x-acs-a", "1")]) == {"x-acs-a": "1,2"}


def test_claims_and_forms_are_for_reading_only() -> None:
    claim: Any = signing.read_claim(RPC)
    with pytest.raises(AttributeError):
        claim.access_key_id = "other"


@pytest.mark.parametrize("name", VECTORS)
def test_a_claim_shows_no_secret(name: str) -> None:
    claim = signing.read_claim(request_of(VECTORS[name]))
    text = repr(claim)
    for part in (claim and claim.bearer, claim and claim.security_token):
        assert not part or part not in text
