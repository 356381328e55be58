"""Which scheme, what it claims, and whether it is true.  Source: reference/request-signing.md sections 1, 5.6, 8, 10.4.

`read_claim`, then `check_window`, then the caller finds the key, then `verify`: the order of section 10.5.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from keystead.faults import Fault
from keystead.percent import Pairs
from keystead.signing import acs3, acs4, bearer, digests, faults, roa_v1, rpc_v1
from keystead.signing.canonical import wire_bytes
from keystead.signing.message import (
    ANONYMOUS,
    BEARER,
    MAX_AUTHORIZATION,
    ROA_V1_HMAC_SHA1,
    RPC_V1_HMAC_SHA1,
    RPC_V1_RSA,
    Claim,
    Form,
    Message,
    bounded,
    merge,
)

_RPC_V1 = frozenset({RPC_V1_HMAC_SHA1, RPC_V1_RSA})
_PARAMETERS_FIRST = frozenset({BEARER, ANONYMOUS})
_FOREIGN_PROOFS = frozenset({"Signature", "BearerToken"})


def read_claim(message: Message) -> Claim | None:
    """What the request says of itself, or None where it brings no proof at all.

    Tests in the order of section 1.2; the first match decides and there is no falling back.  Looks at neither time
    nor key.  Raises a `Fault` for proofs of two kinds and for common parameters that are missing or malformed.
    """
    bounded(message)
    authorization = message.headers.get("authorization")
    if authorization:
        if len(authorization) > MAX_AUTHORIZATION:
            raise faults.INCOMPLETE(
                reason=f"Authorization has {len(authorization)} characters, limit {MAX_AUTHORIZATION}"
            )
        if authorization.startswith("ACS3-"):
            _refuse_second_proof(message)
            return acs3.read(message, authorization)
        if authorization.startswith("ACS4-"):
            _refuse_second_proof(message)
            return acs4.read(message, authorization)
        if authorization.startswith("acs "):
            _refuse_second_proof(message)
            return roa_v1.read(message, authorization)
    named = message.named
    claim = bearer.read_gateway(message, named)
    if claim is None and authorization:
        claim = bearer.read_authorization(message, named)
    if claim is None and not rpc_v1.MARKS.isdisjoint(named):
        claim = rpc_v1.read(message, merge(message.query, message.form), named)
    return claim


def read_anonymous(message: Message) -> Claim:
    """Time and nonce of a call without proof, for the two actions that may be made so (section 8).

    Both are None where absent; `check_window` and the caller's replay check hold for what is there.
    """
    timestamp, nonce = bearer.check_times(message, message.named)
    return Claim(ANONYMOUS, timestamp=timestamp, nonce=nonce)


def _refuse_second_proof(message: Message) -> None:
    if "x-acs-bearer-token" in message.headers:
        raise faults.mixed("Authorization", "x-acs-bearer-token")
    if not (message.raw_query or message.body):
        return
    for pairs in (message.query, message.form):
        if pairs and not _FOREIGN_PROOFS.isdisjoint([name for name, _ in pairs]):
            raise faults.mixed("Authorization", "a Signature or BearerToken among the parameters")


def operation(message: Message, claim: Claim | None) -> tuple[str | None, str | None]:
    """Action and version, each None where the request does not say (section 1.3).

    RPC V1: from the parameters, nothing covers its headers.  ROA V1, ACS3, ACS4: from the headers, which are signed.
    Without signature: parameters first, then headers.
    """
    if claim is not None and claim.scheme in _RPC_V1:
        return claim.named.get("Action"), claim.named.get("Version")
    headers = message.headers
    action, version = headers.get("x-acs-action") or None, headers.get("x-acs-version") or None
    if claim is None or claim.scheme in _PARAMETERS_FIRST:
        named = message.named
        return named.get("Action") or action, named.get("Version") or version
    return action, version


class _Scheme(msgspec.Struct, frozen=True):
    """How one scheme is checked.

    forms: the candidates.  check: what compares a string to sign with the signature.
    """

    forms: Callable[[Claim, Message], Iterator[Form]]
    check: Callable[[Claim, str], digests.Check]


_RPC = _Scheme(rpc_v1.forms, rpc_v1.check)
_SCHEMES = {
    RPC_V1_HMAC_SHA1: _RPC,
    RPC_V1_RSA: _RPC,
    ROA_V1_HMAC_SHA1: _Scheme(roa_v1.forms, roa_v1.check),
    **dict.fromkeys(acs3.ALGORITHMS, _Scheme(acs3.forms, acs3.check)),
    **dict.fromkeys(acs4.ALGORITHMS, _Scheme(acs4.forms, acs4.check)),
}


def forms(claim: Claim, message: Message, *, space_as_plus: bool = False) -> Iterator[Form]:
    """The canonical forms that are accepted for this request, the documented one first; none for a bearer.

    space_as_plus: also the form of one client's defect, candidate 3 of section 3.3.
    """
    if space_as_plus and claim.scheme in _RPC_V1:
        return rpc_v1.forms(claim, message, space_as_plus=True)
    scheme = _SCHEMES.get(claim.scheme)
    return scheme.forms(claim, message) if scheme else iter(())


def verify(claim: Claim, message: Message, secret: str, *, space_as_plus: bool = False) -> Pairs:
    """The parameters that the signature covers and that may be dispatched, without `Signature`.

    secret: the AccessKey secret; for the RSA schemes the public key in PEM.  The claim must have been read from this
    message.  Raises `SignatureDoesNotMatch`, `ContentMD5NotMatched`, `IncompleteSignature`, or
    `InvalidSignatureMethod` where the key is of the other kind.
    """
    scheme = _SCHEMES.get(claim.scheme)
    if scheme is None:
        raise TypeError(f"a claim by {claim.scheme} has no signature to verify")
    check = scheme.check(claim, secret)
    candidates = forms(claim, message, space_as_plus=True) if space_as_plus else scheme.forms(claim, message)
    first = form = next(candidates)
    if first.objection:
        raise _mismatch(first)
    while not check(wire_bytes(form.string_to_sign), claim.signature):
        other = next(candidates, None)
        if other is None:
            raise _mismatch(first)
        form = other
    return form.parameters


def _mismatch(form: Form) -> Fault:
    """`SignatureDoesNotMatch` with the server's own reckoning; a known reason goes into the next step."""
    string_to_sign = faults.printable(form.string_to_sign)
    if form.canonical_request:
        fault = faults.MISMATCH_ACS(
            string_to_sign=string_to_sign, canonical_request=faults.printable(form.canonical_request)
        )
    else:
        fault = faults.MISMATCH_V1(string_to_sign=string_to_sign)
    if form.objection:
        fault.next_step = form.objection
    return fault
