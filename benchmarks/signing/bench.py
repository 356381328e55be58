"""CPU per signature check, by scheme.

    python benchmarks/signing/bench.py [--profile SCHEME]

"check" is `read_claim`, `check_window` and `verify` of a request whose query is decoded already; "decode" is the
decoding of query and form, which the dispatcher needs anyway.  "mac" is the floor: digests and MAC over the same
bytes, nothing else.  Single figures are good to about a third; compare the columns of one run.
"""

from __future__ import annotations

import argparse
import cProfile
import hashlib
import hmac
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from keystead import signing
from keystead.percent import Pairs, decode_pairs

NOW = 1767323045.0
KEY = {"access_key_id": "LTAI5tDummyDummyDummyDum", "secret": "dummyDummyDummyDummyDummyDummy"}
ONCE = {"timestamp": NOW, "nonce": "3156853299f313e23d1673dc12e1703d"}
POLICY = '{"Version":"1","Statement":[{"Effect":"Allow","Action":["ram:Get*","ram:List*"],"Resource":"*"}]}'
HEADERS = {
    "host": "ram.keystead.test:8080",
    "x-acs-version": "2015-05-01",
    "x-acs-credentials-provider": "static_ak",
    "accept": "application/json",
    "user-agent": "AlibabaCloud (Linux; x86_64) Python/3.11.7 Core/0.4.3 TeaDSL/2",
}


@dataclass(slots=True)
class Request:
    """The server's request with both decodings done."""

    method: str
    raw_path: str
    raw_query: str
    headers: Mapping[str, str]
    body: bytes
    query: Pairs
    form: Pairs


def request(method: str, path: str, query: str, headers: Mapping[str, str], body: bytes = b"") -> Request:
    form = decode_pairs(body.decode()) if "urlencoded" in headers.get("content-type", "") else ()
    return Request(method, path, query, headers, body, decode_pairs(query), form)


def acs3(action: str, params: Mapping[str, str], path: str = "/", **options: str) -> Request:
    query = urlencode(params)
    headers = {**HEADERS, "x-acs-action": action}
    return request("POST", path, query, signing.sign_acs3("POST", path, query, headers, b"", **KEY, **ONCE, **options))


def rpc(method: str, params: Mapping[str, str], text: Callable[[Pairs], str] = urlencode) -> Request:
    pairs = signing.sign_rpc_v1(method, tuple(params.items()), **KEY, **ONCE)
    if method == "POST":
        form = {"content-type": "application/x-www-form-urlencoded"}
        return request(method, "/", "", form, text(pairs).encode())
    return request(method, "/", text(pairs), {"host": HEADERS["host"]})


def roa(path: str, params: Mapping[str, str], body: bytes) -> Request:
    query = urlencode(params)
    headers = {"x-acs-version": "2023-12-29", "x-acs-action": "ListX", "content-type": "application/json"}
    return request("POST", path, query, signing.sign_roa_v1("POST", path, query, headers, body, **KEY, **ONCE), body)


def bare(pairs: Pairs) -> str:
    """Colons and slashes left as they are, as one HTTP library does: not canonical."""
    return urlencode(pairs, safe=":/,")


COMMON = {"Action": "CreateUser", "Version": "2015-05-01", "Format": "JSON"}
TWELVE = {
    **COMMON,
    "UserName": "alice.example",
    "DisplayName": "Alice Example",
    "Email": "alice@example.com",
    "MobilePhone": "86-18600008888",
}
OWN_TWELVE = {f"Parameter{i}": f"value-{i}" for i in range(10)} | {"DisplayName": "A B", "Email": "a@example.com"}
TWELVE_ARNS = {f"Parameter{i}": f"acs:ram:*:1234567890123456:user/{i}" for i in range(12)}

CASES = {
    "ACS3, GetCallerIdentity": acs3("GetCallerIdentity", {}),
    "ACS3, 12 parameters": acs3("TagResources", OWN_TWELVE),
    "ACS3, 12 resource names": acs3("TagResources", TWELVE_ARNS),
    "ACS3, policy document": acs3("CreatePolicy", {"PolicyName": "p", "PolicyDocument": POLICY}),
    "ACS3, ROA path": acs3("CreateApiKey", {"workspaceId": "llm-1"}, "/modelstudio/apikeys"),
    "RPC V1 GET, GetCallerIdentity": rpc("GET", {**COMMON, "Action": "GetCallerIdentity"}),
    "RPC V1 GET, 12 parameters": rpc("GET", TWELVE),
    "RPC V1 GET, 12, not canonical": rpc("GET", TWELVE, bare),
    "RPC V1 POST form, 12": rpc("POST", TWELVE),
    "RPC V1 GET, policy document": rpc("GET", {**COMMON, "PolicyName": "p", "PolicyDocument": POLICY}),
    "ROA V1, JSON body": roa("/llm-1/index/list", {"a": "1", "b": "2"}, b'{"x": 1}'),
    "ACS3-HMAC-SM3, 12 parameters": acs3("TagResources", OWN_TWELVE, algorithm="ACS3-HMAC-SM3"),
}


def microseconds(call: Callable[[], object], rounds: int) -> float:
    """The best of seven runs: what the code costs when nobody else is on the core."""
    best = float("inf")
    for _ in range(7):
        start = time.process_time()
        for _ in range(rounds):
            call()
        best = min(best, time.process_time() - start)
    return best / rounds * 1e6


def check(message: Request) -> Pairs:
    claim = signing.read_claim(message)
    assert claim is not None
    signing.check_window(claim, NOW)
    return signing.verify(claim, message, KEY["secret"])


def floor(message: Request) -> Callable[[], object]:
    claim = signing.read_claim(message)
    assert claim is not None
    form = next(signing.forms(claim, message))
    text, request = form.string_to_sign.encode(), form.canonical_request.encode()
    key, name = KEY["secret"].encode(), "sha256" if claim.scheme.startswith("ACS3") else "sha1"
    return lambda: (request and hashlib.sha256(request).hexdigest(), hmac.digest(key, text, name))


def decode(message: Request) -> object:
    return decode_pairs(message.raw_query), message.form and decode_pairs(message.body.decode())


def main() -> None:
    """Print one line for each case, or the profile of one."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rounds", type=int, default=5000)
    arguments.add_argument("--profile", choices=CASES)
    given = arguments.parse_args()
    if given.profile:
        message = CASES[given.profile]
        cProfile.runctx("for _ in range(20000): check(message)", globals(), {"message": message}, sort="tottime")
        return
    print(f"{'µs per request':32} {'check':>7} {'decode':>7} {'mac':>7}")
    for name, message in CASES.items():
        columns = (lambda m=message: check(m), lambda m=message: decode(m), floor(message))
        print(f"{name:32} " + " ".join(f"{microseconds(call, given.rounds):7.1f}" for call in columns))


if __name__ == "__main__":
    main()
