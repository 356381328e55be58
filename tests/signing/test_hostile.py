"""Whatever arrives is answered by a `Fault` or refused quietly, within bounds.

Sizes are such that work growing with their square would not end within the time limit of the test run.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from keystead import signing
from keystead.faults import Fault
from keystead.signing import acs
from signing.messages import SIGNED, Request, request_of, secret_of

MEGABYTE = 1 << 20
ANY = st.text(max_size=40)
WIRE = st.binary(max_size=60).map(lambda data: data.decode("latin-1"))
AUTHORIZATION = st.builds(
    lambda start, rest: start + rest,
    st.sampled_from(
        [
            "",
            "acs ",
            "acs k:",
            "Bearer ",
            "ACS3-",
            "ACS3-HMAC-SHA256 ",
            "ACS3-HMAC-SM3 Credential=k,SignedHeaders=host,Signature=",
            "ACS3-RSA-SHA256 Signature=ab,Credential=",
            "ACS4-HMAC-SHA256 Credential=k/20260102/r/p/aliyun_v4_request,Signature=00,SignedHeaders=",
        ]
    ),
    WIRE | ANY,
)
HEADERS = st.dictionaries(
    st.sampled_from(
        [
            "host",
            "date",
            "accept",
            "content-type",
            "content-md5",
            "content-length",
            "x-acs-action",
            "x-acs-version",
            "x-acs-date",
            "x-acs-content-sha256",
            "x-acs-security-token",
            "x-acs-accesskey-id",
            "x-acs-signature-nonce",
            "x-acs-signature-type",
            "x-acs-bearer-token",
        ]
    ),
    WIRE | ANY | st.sampled_from(["application/x-www-form-urlencoded", "2026-01-02T03:04:05Z", "1.0"]),
)
QUERY = st.lists(
    st.tuples(
        st.sampled_from(sorted(signing.COMMON_PARAMETERS)) | WIRE,
        WIRE | ANY | st.sampled_from(["HMAC-SHA1", "SHA256withRSA", "1.0", "2026-01-02T03:04:05Z", "BEARERTOKEN"]),
    ),
    max_size=14,
).map(lambda pairs: "&".join(f"{name}={value}" for name, value in pairs))


def check(request: Request, secret: str) -> None:
    """The whole way, as the server goes it."""
    try:
        claim = signing.read_claim(request)
        signing.operation(request, claim)
        signing.read_anonymous(request)
        if claim is None or claim.bearer is not None:
            return
        signing.check_window(claim, 1767323045.0)
        signing.verify(claim, request, secret, space_as_plus=True)
    except Fault as fault:
        fault.message.encode("utf-8")
        fault.next_step.encode("utf-8")
        return
    pytest.fail("a made-up request was accepted")


@settings(max_examples=300)
@given(ANY, WIRE | ANY, QUERY | WIRE | ANY, AUTHORIZATION, HEADERS, st.binary(max_size=60))
@example("GET", "/%ff", "", "", {}, b"")
@example("GET", "/", "a=%ff", "", {}, b"")
def test_nothing_but_faults(
    method: str, path: str, query: str, authorization: str, headers: dict[str, str], body: bytes
) -> None:
    given_headers = {**headers, "authorization": authorization} if authorization else headers
    check(Request(method, path, query, given_headers, body), "dummySecret")


@settings(max_examples=200)
@given(
    st.sampled_from(sorted(SIGNED)),
    st.sampled_from(["raw_path", "raw_query", "body", "authorization", "header"]),
    st.integers(0, 4000),
    st.characters(),
)
def test_nothing_but_faults_near_the_truth(name: str, part: str, at: int, mark: str) -> None:
    """One character of a genuine request replaced; acceptance is for `test_round_trip`, crashing is for nobody."""
    request = request_of(SIGNED[name])
    if part == "body":
        data = request.body
        request = replace(request, body=data[: at % (len(data) + 1)] + mark.encode("utf-8", "surrogatepass"))
    elif part in {"raw_path", "raw_query"}:
        text = getattr(request, part)
        spot = at % (len(text) + 1)
        request = replace(request, **{part: text[:spot] + mark + text[spot + 1 :]})
    else:
        names = sorted(request.headers)
        header = "authorization" if part == "authorization" else names[at % len(names)]
        text = request.headers.get(header, "")
        spot = at % (len(text) + 1)
        request = replace(request, headers={**request.headers, header: text[:spot] + mark + text[spot + 1 :]})
    try:
        claim = signing.read_claim(request)
        if claim is not None:
            signing.verify(claim, request, secret_of(SIGNED[name]))
    except Fault as fault:
        fault.message.encode("utf-8")


ACS3 = request_of(SIGNED["v3-rpc-py-list-users"])
RPC = request_of(SIGNED["rpcv1-get-simple-core21333"])
ROA = request_of(SIGNED["roav1-tea-delete"])
FORM = {"content-type": "Application/X-WWW-Form-URLEncoded; charset=utf-8"}


@pytest.mark.parametrize(
    "request_",
    [
        replace(RPC, raw_query=RPC.raw_query + "&a=b" * 2000),
        replace(ACS3, raw_query="&" * MEGABYTE),
        replace(RPC, method="POST", headers=FORM, body=b"a=b&" * 2000),
        Request(raw_query="a&" * MEGABYTE),
    ],
)
def test_too_many_parameters(request_: Request) -> None:
    with pytest.raises(Fault) as refused:
        signing.read_claim(request_)
    assert refused.value.code == "TooManyParameters"
    assert "limit 2000" in refused.value.message
    assert "query" not in request_.__dict__, "refused before anything was decoded"


def test_2000_parameters_are_accepted() -> None:
    pairs = signing.sign_rpc_v1(
        "GET",
        (("Action", "A"), ("Version", "1"), *((f"P{i}", "v") for i in range(1992))),
        access_key_id="k",
        secret="dummy",
        timestamp=0.0,
        nonce="n",
    )
    assert len(pairs) == 2000
    request = Request(raw_query="&".join(f"{n}={v.replace('+', '%2B')}" for n, v in pairs))
    claim = signing.read_claim(request)
    assert claim is not None
    assert len(signing.verify(claim, request, "dummy")) == 1999


def test_64_signed_headers_are_the_most() -> None:
    assert len(acs.split_signed_headers(";".join(f"h{i}" for i in range(64))).names) == 64
    with pytest.raises(Fault, match="names 65 headers, limit 64"):
        acs.split_signed_headers(";".join(f"h{i}" for i in range(65)))


@pytest.mark.parametrize("start", ["ACS3-HMAC-SHA256 Credential=", "acs ", "Bearer ", "ACS4-", ""])
def test_long_authorization(start: str) -> None:
    with pytest.raises(Fault, match="limit 8192"):
        signing.read_claim(replace(ACS3, headers={**ACS3.headers, "authorization": start + "a" * MEGABYTE}))


@pytest.mark.parametrize("text", ["%", "+", "%2B", "=", "é", "\0", "/"])
@pytest.mark.parametrize("part", ["raw_path", "raw_query"])
@pytest.mark.parametrize(
    "base", ["v3-roa-py-get-query", "v4-roa-py-json", "rpcv1-get-simple-core21333", "roav1-tea-json"]
)
def test_half_a_megabyte_of(text: str, part: str, base: str) -> None:
    request = request_of(SIGNED[base])
    grown = getattr(request, part) + ("&x=" if part == "raw_query" else "") + text * (MEGABYTE // 2 // len(text))
    request = replace(request, **{part: grown})
    claim = None
    try:
        claim = signing.read_claim(request)
        assert claim is not None
        signing.verify(claim, request, secret_of(SIGNED[base]))
    except Fault:
        return
    assert part == "raw_path"
    assert claim.scheme == "RPC-V1-HMAC-SHA1", "the only scheme that does not cover the path"


@pytest.mark.parametrize("name", SIGNED)
def test_the_candidates_are_few(name: str) -> None:
    request = request_of(SIGNED[name])
    query = request.raw_query and f"{request.raw_query}&k+%2B%2A=%2A"
    odd = replace(request, raw_path=request.raw_path + "/+*%7E%20+*%7E", raw_query=query)
    claim = signing.read_claim(odd)
    assert claim is not None
    assert len(list(signing.forms(claim, odd, space_as_plus=True))) <= 15
