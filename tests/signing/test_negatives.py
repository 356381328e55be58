"""The vectors' negatives, as far as a pure check can see them.

Those on a used nonce, an unknown or disabled key and a token's content need state; here their requests are shown
to be genuine, so that the refusal in the server's tests can come from nothing else.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256

import pytest

from keystead import signing
from keystead.faults import Fault
from keystead.percent import Pairs, decode_pairs, encode
from keystead.signing import acs, digests
from keystead.signing.times import parse_iso
from signing.messages import NEGATIVES, SIGNED, Request, request_of, secret_of

NOW = 1767323045.0  # 2026-01-02T03:04:05Z
NEW_SECRET = "anotherDummySecret"


def query_text(pairs: Pairs) -> str:
    return "&".join(f"{encode(name)}={encode(value)}" for name, value in pairs)


def without(request: Request, *names: str) -> Request:
    return replace(request, raw_query=query_text(tuple(p for p in request.query if p[0] not in names)))


def with_parameter(request: Request, name: str, value: str) -> Request:
    kept = without(request, name)
    return replace(kept, raw_query=f"{kept.raw_query}&{encode(name)}={encode(value)}")


def resigned_rpc(request: Request, secret: str, name: str, value: str) -> Request:
    changed = with_parameter(without(request, "Signature"), name, value)
    text = f"GET&%2F&{encode(query_text(tuple(sorted(changed.query))))}"
    mac = digests.sha1_mac(f"{secret}&".encode(), text.encode())
    return with_parameter(changed, "Signature", b64encode(mac).decode())


def with_header(request: Request, name: str, value: str) -> Request:
    return replace(request, headers={**request.headers, name: value})


def resigned_acs3(request: Request, secret: str, *, drop: str = "", headers: dict[str, str] | None = None) -> Request:
    """Sign again by hand; drop: a header that leaves both the request and the list, or with `-` the list only."""
    given = {**request.headers, **(headers or {})}
    old = given["authorization"]
    names = old.partition("SignedHeaders=")[2].partition(",")[0].split(";")
    names = [name for name in names if name != drop.lstrip("-")]
    if drop and not drop.startswith("-"):
        del given[drop]
    lines = "".join(f"{name}:{given[name]}\n" for name in names)
    listed = ";".join(names)
    digest = sha256(request.body).hexdigest()
    query = query_text(tuple(sorted(request.query)))
    text = acs.canonical_request(request.method, request.raw_path, query, lines, listed, digest)
    to_sign = f"ACS3-HMAC-SHA256\n{sha256(text.encode()).hexdigest()}"
    proof = digests.sha256_mac(secret.encode(), to_sign.encode()).hex()
    key = old.partition("Credential=")[2].partition(",")[0]
    given["authorization"] = f"ACS3-HMAC-SHA256 Credential={key},SignedHeaders={listed},Signature={proof}"
    return replace(request, headers=given)


def cut(request: Request) -> Request:
    return with_header(request, "authorization", request.headers["authorization"].partition(",")[0])


Change = Callable[[Request, str], tuple[Request, str, float]]
UNSEEN = {"SignatureNonceUsed", "InvalidAccessKeyId.Inactive", "InvalidAccessKeyId.NotFound"}
CHANGES: dict[str, Change] = {
    "replace the secret held by the server with another one": lambda r, s: (r, NEW_SECRET, NOW),
    "add the query parameter Extra=1 without re-signing": lambda r, s: (with_parameter(r, "Extra", "1"), s, NOW),
    "remove the query parameter Signature": lambda r, s: (without(r, "Signature"), s, NOW),
    "remove the query parameter Timestamp": lambda r, s: (without(r, "Timestamp"), s, NOW),
    "remove the query parameter AccessKeyId": lambda r, s: (without(r, "AccessKeyId"), s, NOW),
    "set SignatureMethod to MD5 and re-sign": lambda r, s: (resigned_rpc(r, s, "SignatureMethod", "MD5"), s, NOW),
    "set Timestamp to 2026-01-02 03:04:05 and re-sign": lambda r, s: (
        resigned_rpc(r, s, "Timestamp", "2026-01-02 03:04:05"),
        s,
        NOW,
    ),
    "set the server clock to 2026-01-02T03:19:06Z": lambda r, s: (r, s, NOW + 901),
    "set the server clock to 2026-01-02T02:49:04Z": lambda r, s: (r, s, NOW - 901),
    "replay the identical request inside the window": lambda r, s: (r, s, NOW + 900),
    "deactivate the access key on the server": lambda r, s: (r, s, NOW),
    "delete the access key on the server": lambda r, s: (r, s, NOW),
    "change one byte of the body and leave x-acs-content-sha256": lambda r, s: (
        replace(r, body=r.body[:-1] + b"~"),
        s,
        NOW,
    ),
    "change one byte of the body and recompute x-acs-content-sha256 without re-signing": lambda r, s: (
        with_header(
            replace(r, body=r.body[:-1] + b"~"), "x-acs-content-sha256", sha256(r.body[:-1] + b"~").hexdigest()
        ),
        s,
        NOW,
    ),
    "drop the x-acs-security-token header and its entry in SignedHeaders, re-sign": lambda r, s: (
        resigned_acs3(r, s, drop="x-acs-security-token"),
        s,
        NOW,
    ),
    "replace x-acs-security-token by the token of another session, re-sign": lambda r, s: (
        resigned_acs3(r, s, headers={"x-acs-security-token": "another-session"}),
        s,
        NOW,
    ),
    "replace x-acs-security-token by a string that this server never issued, re-sign": lambda r, s: (
        resigned_acs3(r, s, headers={"x-acs-security-token": "made-up"}),
        s,
        NOW,
    ),
    "set the server clock to after the session's expiry, re-date and re-sign": lambda r, s: (
        resigned_acs3(r, s, headers={"x-acs-date": "2026-02-02T03:04:05Z"}),
        s,
        parse_iso("2026-02-02T03:04:05Z") or 0.0,
    ),
    "add the header x-acs-extra: 1 without listing it in SignedHeaders": lambda r, s: (
        with_header(r, "x-acs-extra", "1"),
        s,
        NOW,
    ),
    "remove x-acs-action from SignedHeaders and re-sign": lambda r, s: (
        resigned_acs3(r, s, drop="-x-acs-action"),
        s,
        NOW,
    ),
    "change x-acs-date to 2026/01/02 and re-sign": lambda r, s: (
        resigned_acs3(r, s, headers={"x-acs-date": "2026/01/02"}),
        s,
        NOW,
    ),
    "cut the Authorization header after Credential": lambda r, s: (cut(r), s, NOW),
    "change one header whose name starts with x-acs- without re-signing": lambda r, s: (
        with_header(r, "x-acs-action", "DeleteEverything"),
        s,
        NOW,
    ),
}


def check(request: Request, secret: str, now: float) -> None:
    claim = signing.read_claim(request)
    assert claim is not None
    signing.check_window(claim, now)
    signing.verify(claim, request, secret)


@pytest.mark.parametrize("negative", NEGATIVES, ids=lambda n: f"{n['base']}: {n['change']}")
def test_negative(negative: dict[str, str]) -> None:
    vector = SIGNED[negative["base"]]
    request, secret, now = CHANGES[negative["change"]](request_of(vector), secret_of(vector))
    code = negative["expect_code"]
    if code in UNSEEN or code.startswith("InvalidSecurityToken."):
        check(request, secret, now)
        return
    with pytest.raises(Fault) as refused:
        check(request, secret, now)
    assert (refused.value.code, refused.value.status) == (code, negative["expect_status"])
    assert refused.value.next_step


def test_resigning_by_hand_is_right() -> None:
    """Else the negatives above would be refused for the wrong reason."""
    for name in ("v3-rpc-py-list-users", "v3-rpc-py-assume-role-with-sts-token"):
        vector = SIGNED[name]
        request = request_of(vector)
        assert resigned_acs3(request, secret_of(vector)).headers == request.headers
    vector = SIGNED["rpcv1-get-simple-core21333"]
    request = resigned_rpc(request_of(vector), secret_of(vector), "MaxItems", "7")
    assert decode_pairs(request.raw_query) == request.query
    check(request, secret_of(vector), NOW)
