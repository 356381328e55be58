"""An action is given what the signature covers and nothing else (section 15)."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from keystead import signing
from keystead.faults import Fault
from keystead.percent import Pairs, encode
from keystead.signing import digests
from signing.messages import SIGNED, Request, request_of, secret_of

SECRET = "dummySecret"
FORM = "application/x-www-form-urlencoded"
BASE = {"host": "h", "x-acs-action": "A", "x-acs-version": "1"}
KEY = {"access_key_id": "k", "secret": SECRET, "timestamp": 1767323045.0, "nonce": "n"}


def accepted(request: Request, secret: str = SECRET) -> Pairs:
    claim = signing.read_claim(request)
    assert claim is not None
    return signing.verify(claim, request, secret)


def refused(request: Request, secret: str = SECRET) -> str:
    with pytest.raises(Fault) as fault:
        accepted(request, secret)
    return fault.value.code


def rpc(pairs: Pairs) -> Request:
    return Request(raw_query="&".join(f"{encode(name)}={encode(value)}" for name, value in pairs))


def rpc_signed(*params: tuple[str, str]) -> Request:
    return rpc(signing.sign_rpc_v1("GET", (("Action", "A"), ("Version", "1"), *params), **KEY))


def test_rpc_v1_hands_on_everything_but_the_signature() -> None:
    request = rpc_signed(("UserName", "alice"), ("Empty", ""))
    assert sorted(accepted(request)) == sorted(pair for pair in request.query if pair[0] != "Signature")


def test_empty_parameters_that_anybody_may_append_are_dropped() -> None:
    request = rpc_signed(("UserName", "alice"))
    appended = replace(request, raw_query=request.raw_query + "&NewUserName=&Force")
    assert "NewUserName" not in dict(accepted(appended))
    assert dict(accepted(appended)) == dict(accepted(request))


def test_an_appended_empty_form_value_does_not_erase_a_signed_one() -> None:
    pairs = signing.sign_rpc_v1("POST", (("Action", "A"), ("Version", "1"), ("UserName", "alice")), **KEY)
    request = replace(rpc(pairs), method="POST", headers={"content-type": FORM}, body=b"UserName=")
    assert refused(request) == "SignatureDoesNotMatch"


def test_form_wins_over_query() -> None:
    for name in ("v3-rpc-py-same-key-query-and-form", "rpcv1-tea-same-key-query-and-form"):
        vector = SIGNED[name]
        covered = accepted(request_of(vector), secret_of(vector))
        assert [value for key, value in covered if key == "Foo"] == ["from form"]


def test_acs3_with_unsigned_content_type_has_no_form() -> None:
    sent = signing.sign_acs3("POST", "/", "a=1", BASE, b"UserName=alice", **KEY)
    request = Request("POST", "/", "a=1", {**sent, "content-type": FORM}, b"UserName=alice")
    assert accepted(request) == (("a", "1"),)


def test_acs3_with_signed_content_type_has_a_form() -> None:
    sent = signing.sign_acs3("POST", "/", "a=1", {**BASE, "content-type": FORM}, b"UserName=alice", **KEY)
    assert accepted(Request("POST", "/", "a=1", sent, b"UserName=alice")) == (("a", "1"), ("UserName", "alice"))


def test_order_of_a_repeated_name_is_not_for_others_to_choose() -> None:
    sent = signing.sign_acs3("POST", "/", "a=1&a=2", BASE, b"", **KEY)
    assert accepted(Request("POST", "/", "a=2&a=1", sent)) == accepted(Request("POST", "/", "a=1&a=2", sent))
    one = rpc(signing.sign_rpc_v1("GET", (("Action", "A"), ("Version", "1"), ("a", "1"), ("a", "2")), **KEY))
    assert accepted(one) == accepted(replace(one, raw_query="&".join(sorted(one.raw_query.split("&"), reverse=True))))


def test_a_public_key_is_not_a_secret() -> None:
    """Whoever reads the public key of a pair could else sign with HMAC in its name."""
    for name in ("v3-rpc-py-rsa", "rpcv1-rsa-core2161"):
        public = secret_of(SIGNED[name])
        options = {**KEY, "secret": public}
        pairs = signing.sign_rpc_v1("GET", (("Action", "A"), ("Version", "1")), **options)
        assert refused(rpc(pairs), public) == "InvalidSignatureMethod"
        headers = signing.sign_acs3("GET", "/", "", BASE, b"", **options)
        assert refused(Request(headers=headers), public) == "InvalidSignatureMethod"
        with pytest.raises(Fault, match="InvalidSignatureMethod"):
            signing.sign_acs4("GET", "/", "", BASE, b"", region="r", product="p", **options)
        headers = signing.sign_roa_v1("GET", "/", "", BASE, b"", **options)
        assert refused(Request(headers=headers), public) == "InvalidSignatureMethod"


def test_a_secret_is_not_a_public_key() -> None:
    elliptic = ec.generate_private_key(ec.SECP256R1()).public_key()
    pem = elliptic.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    for secret in (SECRET, pem, "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"):
        for name in ("v3-rpc-py-rsa", "rpcv1-rsa-core2161"):
            assert refused(request_of(SIGNED[name]), secret) == "InvalidSignatureMethod"


def test_a_signature_for_rpc_is_none_for_roa() -> None:
    """The keys differ by one `&` for this very reason."""
    headers = signing.sign_roa_v1("GET", "/", "", BASE, b"", **KEY)
    text = next(signing.forms(signing.read_claim(Request(headers=headers)), Request(headers=headers))).string_to_sign
    wrong = b64encode(digests.sha1_mac(f"{SECRET}&".encode(), text.encode())).decode()
    assert refused(Request(headers={**headers, "authorization": f"acs k:{wrong}"})) == "SignatureDoesNotMatch"


@pytest.mark.parametrize(
    ("signed", "sent"),
    [
        ("/api/keys/x", "/api/keys%2Fx"),
        ("/api/keys/x", "/api%2fkeys/x"),
        ("/api/keys/%41", "/api/keys/%2541"),
        ("/api/keys", "/api/keys/"),
        ("/api/keys", "//api/keys"),
        ("/api/keys", "/api/./keys"),
        ("/api/keys", "/api/x/../keys"),
    ],
)
@pytest.mark.parametrize("sign", [signing.sign_acs3, signing.sign_roa_v1])
def test_another_path_is_another_request(sign, signed: str, sent: str) -> None:
    headers = sign("GET", signed, "", BASE, b"", **KEY)
    accepted(Request("GET", signed, "", headers))
    assert refused(Request("GET", sent, "", headers)) == "SignatureDoesNotMatch"


def test_roa_query_does_not_move_into_the_path() -> None:
    headers = signing.sign_roa_v1("DELETE", "/keys", "only=one", BASE, b"", **KEY)
    assert refused(Request("DELETE", "/keys%3Fonly=one", "", headers)) == "SignatureDoesNotMatch"


def test_literal_names_do_not_melt_parameters_together() -> None:
    headers = signing.sign_acs3("POST", "/", "a=1&b=2", BASE, b"", **KEY)
    for query in ("a%3D1%26b=2", "a=1%26b%3D2", "a=1%26b=2"):
        assert refused(Request("POST", "/", query, headers)) == "SignatureDoesNotMatch"


def test_roa_body_is_held_to_its_digest_and_length() -> None:
    headers = signing.sign_roa_v1("POST", "/", "", BASE, b"{}", **KEY)
    accepted(Request("POST", "/", "", headers, b"{}"))
    assert refused(Request("POST", "/", "", headers, b"[]")) == "ContentMD5NotMatched"
    measured = {**headers, "content-length": "3"}
    assert refused(Request("POST", "/", "", measured, b"{}")) == "ContentLengthDoesNotMatch"
    accepted(Request("POST", "/", "", {**headers, "content-length": "2"}, b"{}"))


def test_only_the_empty_stream_of_a_library_may_lose_its_content_type() -> None:
    vector = SIGNED["roav1-tea-async-get"]
    request = request_of(vector)
    accepted(request, secret_of(vector))
    other = replace(request, headers={**request.headers, "content-type": "application/json"})
    assert refused(other, secret_of(vector)) == "SignatureDoesNotMatch"
    assert refused(replace(request, body=b"x"), secret_of(vector)) in {
        "SignatureDoesNotMatch",
        "ContentLengthDoesNotMatch",
    }


def test_a_line_feed_in_a_header_is_refused() -> None:
    vector = SIGNED["v3-rpc-py-list-users"]
    request = request_of(vector)
    odd = replace(request, headers={**request.headers, "accept": "a\nhost:b"})
    assert refused(odd, secret_of(vector)) == "IncompleteSignature"
    headers = signing.sign_roa_v1("GET", "/", "", BASE, b"", **KEY)
    assert refused(Request(headers={**headers, "x-acs-b": "1\nx-acs-c:2"})) == "IncompleteSignature"
    assert refused(Request(headers={**headers, "accept": "a\n"})) == "IncompleteSignature"
