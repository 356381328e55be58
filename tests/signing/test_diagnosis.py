"""Known faults, one at a time, on the requests of unmodified SDKs: the diagnosis names each of them.

A fault is made here by other means than there: the text that a faulty client would have signed is written down, and
signed with hmac. Two kinds of evidence are asked apart: the signature alone (the stored secret is tried), and the
client's text alone (no secret is known).
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from msgspec import structs

from keystead import signing
from keystead.percent import decode_pairs
from keystead.signing import Claim, Form
from keystead.signing.diagnosis import Pair, Texts, causes, diagnose
from signing.messages import SIGNED, Request, request_of, secret_of

HASHES = {"SHA1": hashlib.sha1, "SHA256": hashlib.sha256}
PLUS = "space as + (quote_plus)"
BASE = {
    name: vector
    for name, vector in SIGNED.items()
    if vector["scheme"].rpartition("-")[2] in HASHES and "RSA" not in vector["scheme"] and vector["server_form"] != PLUS
}


def mac(claim: Claim, secret: str, text: str) -> bytes:
    """The signature as the scheme makes it, by hmac."""
    kind = HASHES[claim.scheme.rpartition("-")[2]]
    key = secret.encode()
    if claim.scheme.startswith("RPC"):
        key += b"&"
    if claim.scheme.startswith("ACS4"):
        key = b"aliyun_v4" + key
        for part in claim.scope:
            key = hmac.new(key, part.encode(), kind).digest()
    return hmac.new(key, text.encode("utf-8", "surrogateescape"), kind).digest()


@dataclass(frozen=True)
class Case:
    """A vector's request, its claim, and the form that its client signed."""

    request: Request
    claim: Claim
    form: Form
    secret: str

    @property
    def scheme(self) -> str:
        return self.claim.scheme.partition("-")[0]

    def signed(self, string_to_sign: str, canonical_request: str = "") -> tuple[Case, Texts]:
        """The case after its client signed another text."""
        claim = structs.replace(self.claim, signature=mac(self.claim, self.secret, string_to_sign))
        return replace(self, claim=claim), Texts(string_to_sign, canonical_request)

    def signed_request(self, canonical_request: str) -> tuple[Case, Texts]:
        """The same for the schemes with a canonical request."""
        name = self.claim.scheme
        text = f"{name}\n{hashlib.sha256(canonical_request.encode('utf-8', 'surrogateescape')).hexdigest()}"
        return self.signed(text, canonical_request)

    def arrived(self, **changes: Any) -> tuple[Case, Texts]:
        """The case after something on the way changed the request; what its client signed stays."""
        headers = {**self.request.headers, **changes.pop("headers", {})}
        request = Request(**{**vars_of(self.request), "headers": headers, **changes})
        claim = signing.read_claim(request)
        assert claim is not None
        return replace(self, request=request, claim=claim), Texts(self.form.string_to_sign, self.form.canonical_request)


def vars_of(request: Request) -> dict[str, Any]:
    return {name: getattr(request, name) for name in ("method", "raw_path", "raw_query", "headers", "body")}


def case(vector: dict[str, Any]) -> Case:
    request = request_of(vector)
    claim = signing.read_claim(request)
    assert claim is not None
    form = next(form for form in signing.forms(claim, request) if form.name == vector["server_form"])
    return Case(request, claim, form, secret_of(vector))


Faulty = tuple[Case, Texts]
Fault = Callable[[Case], Iterator[Faulty]]
FAULTS: dict[str, tuple[causes.CauseKind, Fault]] = {}


def fault(kind: causes.CauseKind) -> Callable[[Fault], Fault]:
    def declare(make: Fault) -> Fault:
        FAULTS[make.__name__] = (kind, make)
        return make

    return declare


def e(text: str) -> str:
    return quote(text, safe="~")


def rpc_text(case: Case, pairs: list[str], encode: Callable[[str], str] = e) -> str:
    return f"{case.request.method}&%2F&{encode('&'.join(pairs))}"


def rpc_pairs(case: Case) -> list[tuple[str, str]]:
    return [pair for pair in case.claim.unproven if pair[0] != "Signature"]


def query_line(case: Case, query: str) -> Faulty:
    lines = case.form.canonical_request.split("\n")
    return case.signed_request("\n".join([*lines[:2], query, *lines[3:]]))


def respelled(case: Case, encode: Callable[[str], str]) -> Iterator[Faulty]:
    """The query with names and values written by another encoder, where that makes a difference."""
    if case.scheme == "RPC":
        pairs = [f"{encode(name)}={encode(value)}" for name, value in sorted(rpc_pairs(case))]
        if rpc_text(case, pairs) != case.form.string_to_sign:
            yield case.signed(rpc_text(case, pairs))
    elif case.scheme in ("ACS3", "ACS4") and case.request.query:
        query = "&".join(f"{encode(name)}={encode(value)}" for name, value in sorted(case.request.query))
        if query != case.form.canonical_request.split("\n")[2]:
            yield query_line(case, query)


@fault(causes.SECRET_BLANK)
def a_line_feed_behind_the_secret(case: Case) -> Iterator[Faulty]:
    text = case.form.string_to_sign
    claim = structs.replace(case.claim, signature=mac(case.claim, case.secret + "\n", text))
    yield replace(case, claim=claim), Texts()


@fault(causes.OTHER_PAIR)
def the_secret_of_another_pair(case: Case) -> Iterator[Faulty]:
    claim = structs.replace(case.claim, signature=mac(case.claim, "another secret", case.form.string_to_sign))
    yield replace(case, claim=claim), Texts()


@fault(causes.SECRET_AMPERSAND)
def an_ampersand_too_few_or_too_many(case: Case) -> Iterator[Faulty]:
    if case.scheme == "RPC":
        made = hmac.new(case.secret.encode(), case.form.string_to_sign.encode(), hashlib.sha1).digest()
    else:
        made = mac(case.claim, case.secret + "&", case.form.string_to_sign)
    yield replace(case, claim=structs.replace(case.claim, signature=made)), Texts()


@fault(causes.METHOD)
def another_method_arrives(case: Case) -> Iterator[Faulty]:
    yield case.arrived(method="GET" if case.request.method == "POST" else "POST", body=case.request.body)


@fault(causes.PARAMETER_NOT_SIGNED)
def a_parameter_is_added_on_the_way(case: Case) -> Iterator[Faulty]:
    if case.scheme != "ROA":
        query = case.request.raw_query
        yield case.arrived(raw_query=f"{query}&Added=by-a-proxy" if query else "Added=by-a-proxy")


@fault(causes.PARAMETER_ORDER)
def parameters_stand_the_other_way_round(case: Case) -> Iterator[Faulty]:
    if case.scheme == "RPC":
        yield case.signed(rpc_text(case, [f"{e(n)}={e(v)}" for n, v in sorted(rpc_pairs(case))][::-1]))
    elif case.scheme in ("ACS3", "ACS4") and len(dict(case.request.query)) > 1:
        yield query_line(case, "&".join(f"{e(n)}={e(v)}" for n, v in sorted(case.request.query)[::-1]))


@fault(causes.PLUS_FOR_SPACE)
def a_space_is_a_plus(case: Case) -> Iterator[Faulty]:
    if any(" " in value for _, value in (*case.request.query, *case.request.form)):
        yield from respelled(case, lambda text: quote_plus(text, safe="~"))


@fault(causes.DOUBLE_ENCODING)
def values_are_encoded_twice(case: Case) -> Iterator[Faulty]:
    yield from respelled(case, lambda text: e(e(text)))


@fault(causes.HEX_CASE)
def escapes_are_small(case: Case) -> Iterator[Faulty]:
    def small(text: str) -> str:
        return re.sub("%[0-9A-F]{2}", lambda escape: escape.group().lower(), e(text))

    if any(c in value for _, value in (*rpc_pairs(case), *case.request.query) for c in "/:+=,"):
        yield from respelled(case, small)


@fault(causes.NOT_ENCODED)
def values_are_not_encoded(case: Case) -> Iterator[Faulty]:
    yield from respelled(case, lambda text: text)


@fault(causes.NOT_ENCODED_AGAIN)
def the_whole_is_not_encoded(case: Case) -> Iterator[Faulty]:
    if case.scheme == "RPC":
        yield case.signed(rpc_text(case, [f"{e(n)}={e(v)}" for n, v in sorted(rpc_pairs(case))], lambda text: text))


@fault(causes.PATH_IN_RPC)
def the_path_is_not_encoded(case: Case) -> Iterator[Faulty]:
    if case.scheme == "RPC":
        yield case.signed(case.form.string_to_sign.replace("&%2F&", "&/&", 1))


@fault(causes.HOST)
def a_proxy_adds_the_port_to_host(case: Case) -> Iterator[Faulty]:
    if case.scheme in ("ACS3", "ACS4"):
        host = case.request.headers["host"].partition(":")[0]
        lines = case.form.canonical_request.split("\n")
        mended = [f"host:{host}" if line.startswith("host:") else line for line in lines]
        faulty, texts = case.signed_request("\n".join(mended))
        headers = {**case.request.headers, "host": f"{host}:8443"}
        yield replace(faulty, request=Request(**{**vars_of(case.request), "headers": headers})), texts


@fault(causes.HEADER_VALUE_BLANK)
def a_header_is_signed_with_its_trailing_blank(case: Case) -> Iterator[Faulty]:
    if case.scheme in ("ACS3", "ACS4"):
        lines = case.form.canonical_request.split("\n")
        yield case.signed_request("\n".join(f"{x} " if x.startswith("x-acs-action:") else x for x in lines))
    elif case.scheme == "ROA":
        lines = case.form.string_to_sign.split("\n")
        yield case.signed("\n".join(f"{x} " if x.startswith("x-acs-version:") else x for x in lines))


@fault(causes.HEADER_CHANGED)
def a_proxy_changes_accept(case: Case) -> Iterator[Faulty]:
    signs = "accept" in case.claim.signed_headers.split(";") or case.scheme == "ROA"
    if signs and case.request.headers.get("accept") == "application/json":
        yield case.arrived(headers={"accept": "text/html, */*;q=0.1"})


@fault(causes.HEADER_NOT_SIGNED)
def a_header_is_added_on_the_way(case: Case) -> Iterator[Faulty]:
    if case.scheme != "RPC":
        yield case.arrived(headers={"x-acs-trace": "added"})


@fault(causes.BODY)
def the_body_is_changed_on_the_way(case: Case) -> Iterator[Faulty]:
    if case.scheme in ("ACS3", "ACS4") or (case.scheme == "ROA" and "content-md5" in case.request.headers):
        yield case.arrived(body=case.request.body + b" ")


@fault(causes.NOT_HASHED)
def the_canonical_request_is_signed_itself(case: Case) -> Iterator[Faulty]:
    if case.scheme in ("ACS3", "ACS4"):
        yield case.signed(case.form.canonical_request)


@fault(causes.WRONG_SPELLING_OF_SIGNATURE)
def the_signature_is_hexadecimal_in_base64(case: Case) -> Iterator[Faulty]:
    if case.scheme in ("RPC", "ROA"):
        hexadecimal = case.claim.signature.hex().encode()
        yield replace(case, claim=structs.replace(case.claim, signature=hexadecimal)), Texts()


@pytest.mark.parametrize("name", BASE)
def test_a_right_request_is_genuine(name: str) -> None:
    it = case(BASE[name])
    found = diagnose(it.claim, it.request, Texts(), Pair(it.claim.access_key_id, it.secret), ())
    assert (found.genuine, found.causes, found.difference) == (True, (), None)


@pytest.mark.parametrize("made", FAULTS)
def test_the_signature_alone_names_the_fault(made: str) -> None:
    kind, make = FAULTS[made]
    seen = 0
    for name, vector in BASE.items():
        for faulty, _ in make(case(vector)):
            seen += 1
            pair = Pair(faulty.claim.access_key_id, faulty.secret)
            found = diagnose(faulty.claim, faulty.request, Texts(), pair, [Pair("LTAIother", "another secret")])
            names = [cause.name for cause in found.causes]
            assert kind.name in names, (name, made, names)
            assert found.genuine is not True or kind is causes.HEADER_NOT_SIGNED  # the signature covers the rest
            # What only the text of the client could tell is not claimed to be proven.
            assert found.proven or kind in (causes.BODY, causes.HEADER_NOT_SIGNED, causes.HEADER_CHANGED), name
            told = " ".join(cause.message + cause.next_step for cause in found.causes)
            assert faulty.secret not in told
            assert faulty.claim.signature.hex() not in told
    assert seen, "no vector can have this fault"


OF_THE_KEY = (causes.SECRET_BLANK, causes.OTHER_PAIR, causes.SECRET_AMPERSAND, causes.WRONG_SPELLING_OF_SIGNATURE)
TOLD = [made for made, (kind, _) in FAULTS.items() if kind not in OF_THE_KEY]


@pytest.mark.parametrize("made", TOLD)
def test_the_clients_text_alone_names_the_fault_and_the_first_byte(made: str) -> None:
    kind, make = FAULTS[made]
    for name, vector in BASE.items():
        for faulty, texts in make(case(vector)):
            found = diagnose(faulty.claim, faulty.request, texts, None, ())
            assert kind.name in [cause.name for cause in found.causes], (name, [c.name for c in found.causes])
            assert found.genuine is None
            if found.difference is not None:
                ours = found.server.canonical_request if texts.canonical_request else found.server.string_to_sign
                theirs = texts.canonical_request or texts.string_to_sign
                raw, at = ours.encode("utf-8", "surrogatepass"), found.difference.offset
                other = theirs.encode("utf-8", "surrogatepass")
                assert raw[:at] == other[:at]
                assert raw[at : at + 1] != other[at : at + 1]


@pytest.mark.parametrize("name", list(BASE)[::7])
def test_the_same_texts_leave_only_the_secret(name: str) -> None:
    it = case(BASE[name])
    texts = Texts(it.form.string_to_sign, it.form.canonical_request)
    found = diagnose(it.claim, it.request, texts, Pair(it.claim.access_key_id, "another secret"), ())
    assert [cause.name for cause in found.causes] == [causes.SECRET_WRONG.name]
    assert found.genuine is False


def test_texts_are_read_as_logs_and_errors_write_them() -> None:
    it = case(next(vector for vector in BASE.values() if vector["scheme"].startswith("ACS3")))
    text = it.form.canonical_request
    for written in (text.replace("\n", "\\n"), f"[{text}]", text.replace("\n", "\r\n") + "\r\n"):
        found = diagnose(it.claim, it.request, Texts("", written), None, ())
        assert [cause.name for cause in found.causes] == [causes.SECRET_WRONG.name]


def test_two_faults_at_once_are_not_mistaken_for_one() -> None:
    it = case(BASE["doc-v3-worked-example"])
    pairs = decode_pairs(it.request.raw_query)
    query = "&".join(f"{n}={v}" for n, v in reversed(pairs))
    faulty, _ = query_line(it, query)
    other, _ = faulty.arrived(method="GET")
    found = diagnose(structs.replace(other.claim, signature=faulty.claim.signature), other.request, Texts(),
                     Pair(it.claim.access_key_id, it.secret), ())  # fmt: skip
    assert [cause.name for cause in found.causes] == [causes.NOTHING_FOUND.name]
    assert found.proven is False
