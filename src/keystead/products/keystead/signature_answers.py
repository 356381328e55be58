"""How a diagnosis is answered, and what is blanked in it.

A pasted request is its sender's own: it is shown as it is.  One that this node kept may be another's: values of secret
parameters and tokens are blanked, and no piece of the client's text is shown where there are any.
"""

from __future__ import annotations

from typing import NamedTuple

from keystead import signing
from keystead.faults import Fault
from keystead.identity.refused_signatures import Refusal
from keystead.percent import decode, encode
from keystead.signing import Claim
from keystead.signing.diagnosis import Cause, Diagnosis, Texts
from keystead.wire.answers import Output
from keystead.wire.request import WireRequest

HIDDEN = "(hidden)"
_TOKENS = frozenset({"SecurityToken", "BearerToken"})
_TOKEN_HEADERS = frozenset({"x-acs-security-token", "x-acs-bearer-token", "cookie"})


class Found(NamedTuple):
    """All that was found out.  tried: whether the stored secret makes the signature: Yes, No or NotChecked."""

    request: WireRequest
    claim: Claim | None
    diagnosis: Diagnosis
    tried: str
    refusal: Refusal | None


class SignedTexts(Output, frozen=True):
    """What one side signed."""

    string_to_sign: str
    canonical_request: str


class FirstDifference(Output, frozen=True):
    """Offset in bytes from 0, line from 1; `server` and `client` begin with the byte that differs."""

    part: str
    offset: int
    line: int
    server: str
    client: str


class FirstDifferenceList(Output, frozen=True):
    difference: list[FirstDifference]


class NamedCause(Output, frozen=True):
    """`certainty`: Proven where the cause makes the very signature that was sent, else Shown."""

    name: str
    certainty: str
    message: str
    next_step: str


class NamedCauseList(Output, frozen=True):
    cause: list[NamedCause]


class DebugSignatureOutput(Output, frozen=True):
    """`verdict`: Genuine, Refused or Undecided.  `client_source`: Sent, Reconstructed, or empty."""

    verdict: str
    scheme: str
    access_key_id: str
    secret_verifies: str
    server: SignedTexts
    client: SignedTexts
    client_source: str
    differences: FirstDifferenceList
    causes: NamedCauseList
    blanked: list[str]


def answer(found: Found) -> DebugSignatureOutput:
    """The diagnosis as it is answered."""
    claim, diagnosis = found.claim, found.diagnosis
    hidden: list[str] = []
    server, client, parted = diagnosis.server, diagnosis.client, diagnosis.difference
    if found.refusal is not None and claim is not None:
        hidden = _secret_names(found.request, found.refusal.secrets)
    if hidden:
        server = _blanked(found, frozenset(hidden))
        client = Texts() if diagnosis.reconstructed else client
        parted = parted._replace(client="", server="") if parted is not None else None
    differences = [] if parted is None else [
        FirstDifference(part=parted.part, offset=parted.offset, line=parted.line, server=parted.server,
                        client=parted.client)
    ]  # fmt: skip
    return DebugSignatureOutput(
        verdict=_verdict(found),
        scheme=claim.scheme if claim is not None else "",
        access_key_id=claim.access_key_id if claim is not None else "",
        secret_verifies=found.tried or "NotChecked",
        server=_texts(server),
        client=_texts(client),
        client_source="" if not client else "Reconstructed" if diagnosis.reconstructed else "Sent",
        differences=FirstDifferenceList(difference=differences),
        causes=NamedCauseList(
            cause=[_named(cause, proven=diagnosis.proven and number == 0)
                   for number, cause in enumerate(diagnosis.causes)]
        ),
        blanked=hidden,
    )  # fmt: skip


def _verdict(found: Found) -> str:
    if found.diagnosis.causes:
        return "Refused"
    return "Genuine" if found.diagnosis.genuine else "Undecided"


def _texts(texts: Texts) -> SignedTexts:
    return SignedTexts(
        string_to_sign=_printable(texts.string_to_sign), canonical_request=_printable(texts.canonical_request)
    )


def _printable(text: str) -> str:
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def _named(cause: Cause, *, proven: bool) -> NamedCause:
    return NamedCause(
        name=cause.name,
        certainty="Proven" if proven else "Shown",
        message=_printable(cause.message),
        next_step=_printable(cause.next_step),
    )


def _is_secret(name: str, secrets: frozenset[str]) -> bool:
    return name in _TOKENS or name in secrets or name.split(".", 1)[0] in secrets


def _secret_names(request: WireRequest, secrets: frozenset[str]) -> list[str]:
    """The names of what the request carries and nobody else may read."""
    pairs = (*request.query, *request.form)
    names = {name for name, _ in pairs if _is_secret(name, secrets)}
    return sorted(names | {name for name in request.headers if name in _TOKEN_HEADERS})


def _blanked(found: Found, hidden: frozenset[str]) -> Texts:
    """The server's texts of the same request with its secrets blanked; what covers them by digest stays."""
    request = found.request
    headers = {name: HIDDEN if name in hidden else value for name, value in request.headers.items()}
    body = request.body
    if request.form and found.claim is not None and "RPC" in found.claim.scheme:
        body = _pieces(body.decode("utf-8", "surrogateescape"), hidden).encode("utf-8", "surrogateescape")
    masked = WireRequest(request.method, request.raw_path, _pieces(request.raw_query, hidden), headers, body)
    try:
        claim = signing.read_claim(masked)
        forms = list(signing.forms(claim, masked)) if claim is not None else []
    except Fault:
        forms = []
    form = next((each for each in forms if each.name == found.diagnosis.form), forms[0] if forms else None)
    return Texts() if form is None else Texts(form.string_to_sign, form.canonical_request)


def _pieces(text: str, hidden: frozenset[str]) -> str:
    """A query with the values of secret parameters blanked."""
    pieces = []
    for piece in text.split("&"):
        name, sign, _ = piece.partition("=")
        pieces.append(f"{name}={encode(HIDDEN)}" if sign and decode(name) in hidden else piece)
    return "&".join(pieces)
