"""Why does a signature not match?  Pure: a request, the texts of the client and the secrets to try in; causes out.

Three kinds of evidence, from the strongest: a fault that makes the very signature that was sent (proven); the client's
own text, whose first different byte is named; what the request says of itself.  No secret and no signature comes out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from keystead.faults import Fault
from keystead.signing.canonical import wire_bytes
from keystead.signing.diagnosis import causes, difference, guesses_acs, guesses_v1, keys
from keystead.signing.diagnosis.causes import Cause, CauseKind
from keystead.signing.diagnosis.difference import Difference
from keystead.signing.diagnosis.guesses import Guess, fresh
from keystead.signing.diagnosis.keys import Pair
from keystead.signing.message import ROA_V1_HMAC_SHA1, RPC_V1_HMAC_SHA1, RPC_V1_RSA, Claim, Form, Message
from keystead.signing.proof import forms

__all__ = ["Cause", "CauseKind", "Diagnosis", "Difference", "Pair", "Texts", "causes", "diagnose"]

_GUESSES: dict[str, Callable[[Claim, Message, Form], Iterator[Guess]]] = {
    RPC_V1_HMAC_SHA1: guesses_v1.rpc,
    RPC_V1_RSA: guesses_v1.rpc,
    ROA_V1_HMAC_SHA1: guesses_v1.roa,
    **dict.fromkeys(guesses_acs.ALGORITHMS, guesses_acs.guesses),
}
_BODY_FAULTS = frozenset({"ContentMD5NotMatched", "ContentLengthDoesNotMatch"})


class Texts(NamedTuple):
    """What one side signed.  canonical_request: of ACS3 and ACS4 only."""

    string_to_sign: str = ""
    canonical_request: str = ""

    def __bool__(self) -> bool:
        return bool(self.string_to_sign or self.canonical_request)


class Diagnosis(NamedTuple):
    """What was found out.

    genuine: whether the stored secret makes the signature; None where no secret was tried.  proven: whether the first
    cause makes the very signature that was sent.  reconstructed: the client's texts were not sent, but follow from that
    cause.  form: the name of the accepted form that `server` is.
    """

    server: Texts
    client: Texts
    reconstructed: bool
    genuine: bool | None
    proven: bool
    causes: tuple[Cause, ...]
    difference: Difference | None
    form: str = ""

    @classmethod
    def of(cls, cause: Cause) -> Diagnosis:
        """The diagnosis of a request whose signature cannot be looked at."""
        return cls(Texts(), Texts(), False, None, False, (cause,), None)

    def among(self, others: Sequence[Cause]) -> Diagnosis:
        """The diagnosis with causes from around the request; what is known for certain stays first.

        That nothing was found is no cause beside one.
        """
        found = self.causes
        if others and [each.name for each in found] == [causes.NOTHING_FOUND.name]:
            found = ()
        if self.proven:
            return self._replace(causes=_each_once(*found, *others))
        return self._replace(causes=_each_once(*others, *found))


def diagnose(claim: Claim, message: Message, client: Texts, pair: Pair | None, others: Sequence[Pair]) -> Diagnosis:
    """Find out why the claim's signature does not match, or that it does.

    pair: the stored pair that the claim names; None where it must not be tried.  others: pairs of the same owner.
    """
    client = Texts(_typed(client.string_to_sign), _typed(client.canonical_request))
    try:
        accepted = list(forms(claim, message))
    except Fault as fault:
        return Diagnosis.of(_of_fault(fault, message))
    if not accepted:
        return Diagnosis.of(causes.NO_PROOF())
    nearest = _nearest(accepted, client)
    found = _diagnose(claim, message, client, pair, others, accepted, nearest)
    return found if found.form else found._replace(form=nearest.name)


def _diagnose(
    claim: Claim,
    message: Message,
    client: Texts,
    pair: Pair | None,
    others: Sequence[Pair],
    accepted: Sequence[Form],
    nearest: Form,
) -> Diagnosis:
    server = Texts(nearest.string_to_sign, nearest.canonical_request)
    stated = _stated(claim, message)
    texts = [wire_bytes(form.string_to_sign) for form in accepted]
    try:
        genuine = None if pair is None else keys.signed_by(claim, pair.secret, texts) is not None
    except Fault as fault:  # an RSA pair, and a scheme that is none, or the other way round
        return Diagnosis(server, client, False, False, True, (_of_fault(fault, message), *stated), None)
    if genuine:
        return Diagnosis(server, client, False, True, bool(stated), stated, None)
    if pair is not None:
        for cause, at in keys.faults(claim, pair, others, texts):
            right = Texts(accepted[at].string_to_sign, accepted[at].canonical_request)
            found = (cause, *stated)
            return Diagnosis(right, client or right, not client, False, True, found, None, accepted[at].name)
    guess = _guessed(claim, message, client, pair, accepted)
    parted = _difference(claim, client, server)
    if guess is not None:
        made = Texts(guess.string_to_sign, guess.canonical_request)
        shown = client or made
        cause, parted = _sharper(guess.cause, parted or _difference(claim, made, server))
        proven = pair is not None
        return Diagnosis(server, shown, not client, genuine, proven, _each_once(cause, *stated), parted)
    if parted is not None:
        told = (parted.cause,) if parted.cause is not None else ()
        return Diagnosis(server, client, False, genuine, False, _each_once(*told, *stated), parted)
    last = stated or ((causes.SECRET_WRONG() if client else causes.NOTHING_FOUND()),)
    return Diagnosis(server, client, False, genuine, False, last, None)


def _typed(text: str) -> str:
    """A text as people paste it: line ends of their editor, escapes of a log, brackets of an error message."""
    text = text.replace("\r\n", "\n")
    if "\n" not in text.strip() and "\\n" in text:
        text = text.replace("\\n", "\n")
    stripped = text.strip("\n")
    if stripped[:1] + stripped[-1:] in ("[]", '""', "''"):
        stripped = stripped[1:-1]
    return stripped


def _nearest(accepted: Sequence[Form], client: Texts) -> Form:
    """Of the forms that are accepted, the one that the client's text follows the longest; else the documented one."""

    def shared(form: Form) -> int:
        ours = form.canonical_request if client.canonical_request else form.string_to_sign
        theirs = client.canonical_request or client.string_to_sign
        at = difference.first_difference(theirs, ours)
        return len(ours) + 1 if at is None else at

    return max(accepted, key=shared) if client else accepted[0]


def _stated(claim: Claim, message: Message) -> tuple[Cause, ...]:
    """What the request itself shows: a body that is not the digested one, a header that nothing covers."""
    algorithm = guesses_acs.ALGORITHMS.get(claim.scheme)
    if algorithm is None:
        return ()
    found: list[Cause] = []
    sent, made = message.headers.get(algorithm.body_header, ""), algorithm.digest(message.body)
    if sent != made:
        what = f"{algorithm.body_header} says [{sent[:64]}], they have [{made}]"
        found.append(causes.BODY(length=len(message.body), what=what))
    listed = claim.signed_headers.split(";")
    unsigned = [name for name in message.headers if name.startswith("x-acs-") and name not in listed]
    found += [causes.HEADER_NOT_SIGNED(name=name[:64]) for name in unsigned[:5]]
    return tuple(found)


def _guessed(
    claim: Claim, message: Message, client: Texts, pair: Pair | None, accepted: Sequence[Form]
) -> Guess | None:
    """The guess that makes the signature; without a secret, the one that is the client's text."""
    make = _GUESSES[claim.scheme]
    known = {form.string_to_sign for form in accepted}
    requests = {form.canonical_request for form in accepted}
    for guess in fresh(chain.from_iterable(make(claim, message, form) for form in accepted), known):
        if pair is not None:
            if keys.signed_by(claim, pair.secret, [wire_bytes(guess.string_to_sign)]) is not None:
                return guess
        elif client.string_to_sign == guess.string_to_sign or (
            client.canonical_request == guess.canonical_request and guess.canonical_request not in requests
        ):
            return guess
    return None


def _difference(claim: Claim, client: Texts, server: Texts) -> Difference | None:
    if client.canonical_request and server.canonical_request:
        return difference.in_canonical_request(client.canonical_request, server.canonical_request)
    if not client.string_to_sign:
        return None
    if claim.scheme == ROA_V1_HMAC_SHA1:
        return difference.in_roa_string(client.string_to_sign, server.string_to_sign)
    if "RPC" in claim.scheme:
        return difference.in_rpc_string(client.string_to_sign, server.string_to_sign)
    return difference.in_digest(client.string_to_sign, server.string_to_sign)


def _sharper(guessed: Cause, parted: Difference | None) -> tuple[Cause, Difference | None]:
    """The cause with the most to say: where the texts part names the parameter that a guess only knows of."""
    if parted is not None and parted.cause is not None and parted.cause.name == guessed.name:
        return parted.cause, parted
    return guessed, parted


def _each_once(*found: Cause) -> tuple[Cause, ...]:
    kept: dict[str, Cause] = {}
    for cause in found:
        kept.setdefault(cause.name, cause)
    return tuple(kept.values())


def _of_fault(fault: Fault, message: Message) -> Cause:
    if fault.code in _BODY_FAULTS:
        return causes.BODY(length=len(message.body), what=fault.message)
    return causes.REFUSED_BEFORE(message=fault.message, next=fault.next_step)
