"""Every named cause of a signature that does not match: what went wrong, and what to change.

Declared once; the diagnosis, the reference and the tests use these values.
"""

from __future__ import annotations

from typing import NamedTuple


class Cause(NamedTuple):
    """A cause, its fields filled in.  detail: what differs in this request."""

    name: str
    message: str
    next_step: str


class CauseKind(NamedTuple):
    """A cause as declared; calling it fills the fields of its message."""

    name: str
    message: str
    next_step: str

    def __call__(self, **fields: object) -> Cause:
        return Cause(self.name, self.message.format(**fields), self.next_step.format(**fields))


_RULES = "Encode every byte but letters, digits, - _ . ~ as %XX with upper-case letters."

# -- of the secret and the MAC ----------------------------------------------------------------------------------------

SECRET_BLANK = CauseKind(
    "SecretHasBlank",
    "The request was signed with the right secret and {what} {where} it.",
    "Remove it where the secret is kept: a line feed at the end of a file or variable is the usual reason.",
)
SECRET_AMPERSAND = CauseKind(
    "SecretAmpersand",
    "The key of the MAC is not the one of this scheme: it must be the secret {wanted}, and was the secret {found}.",
    "RPC signature 1.0 puts one & behind the secret; every other scheme takes the secret alone.",
)
OTHER_PAIR = CauseKind(
    "SecretOfAnotherPair",
    "The request names {named}, but was signed with the secret of {found}.",
    "Configure ID and secret of one and the same pair.",
)
WRONG_MAC = CauseKind(
    "WrongMac",
    "The text is right, but the MAC was computed with {found} instead of {wanted}.",
    "Use the hash that the signature method names.",
)
WRONG_SPELLING_OF_SIGNATURE = CauseKind(
    "SignatureSpelling",
    "The signature itself is right, but written as {found}; this scheme writes it as {wanted}.",
    "Encode the bytes of the MAC once, in the way of the scheme.",
)
SECRET_WRONG = CauseKind(
    "SecretWrong",
    "Your texts and the server's are the same, so only the secret can differ, and the one kept here does not make this "
    "signature.",
    "Set the secret again, or create a new pair: the secret of a pair cannot be shown again.",
)
NOTHING_FOUND = CauseKind(
    "Unknown",
    "The signature does not match, and none of the known faults alone explains it: the secret is another one, or "
    "several things differ.",
    "Paste your client's string to sign (and canonical request) too: the first byte that differs will be named.",
)

ONLY_THE_DIGEST = CauseKind(
    "CanonicalRequest",
    "The canonical requests differ; their digests do not say where.",
    "Paste your client's canonical request too: the first byte that differs will be named.",
)

# -- of the text ------------------------------------------------------------------------------------------------------

METHOD = CauseKind(
    "Method",
    "The request was signed as {client} and arrived as {server}.",
    "Sign the method that is sent, in capitals; look for a redirect or proxy that changes it.",
)
PATH = CauseKind(
    "Path",
    "The path was signed as {client}; the path that arrived is {server}.",
    "Sign the path as it is sent. Proxies must not decode it, merge slashes or add and remove one at its end.",
)
PATH_IN_RPC = CauseKind(
    "PathInRpc",
    "RPC signature 1.0 always signs the path as %2F; {client} was signed.",
    "Put &%2F& between the method and the query, whatever the path is.",
)
PARAMETER_ORDER = CauseKind(
    "ParameterOrder",
    "The parameters were signed in another order: {client} stands where {server} belongs.",
    "Sort by name as bytes: digits, capitals, _, small letters; Tag.10 comes before Tag.2.",
)
PLUS_FOR_SPACE = CauseKind(
    "PlusForSpace",
    "A space was signed as + instead of %20{where}.",
    "Write %20 for a space; form encoders (quote_plus, URLEncoder) write +, so replace it.",
)
DOUBLE_ENCODING = CauseKind(
    "DoubleEncoding",
    "A value was encoded twice before it was signed{where}: %20 has become %2520.",
    "Encode each name and value once; do not hand encoded values to something that encodes.",
)
NOT_ENCODED = CauseKind(
    "NotEncoded",
    "A value was signed without being encoded{where}.",
    _RULES,
)
NOT_ENCODED_AGAIN = CauseKind(
    "NotEncodedAgain",
    "The joined parameters were not encoded as a whole before they were signed.",
    "RPC signature 1.0 encodes twice: each name and value, and then the joined text (= becomes %3D, & becomes %26).",
)
HEX_CASE = CauseKind(
    "HexCase",
    "An escape was signed with small letters{where}: %2f instead of %2F.",
    _RULES,
)
SPECIAL_CHARACTERS = CauseKind(
    "SpecialCharacters",
    "A character was signed as {client} where {server} belongs{where}.",
    _RULES + " Many libraries leave ! ' ( ) * bare or encode ~.",
)
EMPTY_VALUE = CauseKind(
    "EmptyValue",
    "A parameter without a value was signed as {client}; it belongs there as {server}.",
    "Write name= for an empty value.",
)
PARAMETER_NOT_SIGNED = CauseKind(
    "ParameterNotSigned",
    "The parameter {name} arrived, but was not signed.",
    "Add every parameter before signing; look for a proxy or an HTTP library that adds it.",
)
PARAMETER_LOST = CauseKind(
    "ParameterLost",
    "The parameter {name} was signed, but did not arrive.",
    "Send every parameter that is signed; look for a proxy that removes it.",
)
VALUE_CHANGED = CauseKind(
    "ValueChanged",
    "The parameter {name} was signed with another value than the one that arrived.",
    "Sign and send the same value; a time or nonce that is made twice is the usual reason.",
)
QUERY_NOT_SIGNED = CauseKind(
    "QueryNotSigned",
    "The query was left out of what was signed.",
    "Sign the query that is sent, sorted and encoded.",
)
FORM_IN_QUERY = CauseKind(
    "FormInQuery",
    "The fields of the form were signed as if they stood in the query.",
    "ACS3 and ACS4 sign a form by the digest of the body; only what stands behind the question mark is the query.",
)
HEADER_VALUE_BLANK = CauseKind(
    "HeaderValueBlank",
    "The header {name} was signed with {what} that is not part of its value.",
    "Strip blanks at both ends of a header's value before signing; write name:value without a blank between.",
)
HOST = CauseKind(
    "HostHeader",
    "The header host was signed as [{client}] and arrived as [{server}].",
    "Sign the Host that is sent, with the port where it is not the usual one; have proxies pass Host unchanged.",
)
HEADER_CHANGED = CauseKind(
    "HeaderChanged",
    "The header {name} was signed as [{client}] and arrived as [{server}].",
    "Have proxies and HTTP libraries leave signed headers alone, or do not sign this one.",
)
HEADER_NOT_SIGNED = CauseKind(
    "HeaderNotSigned",
    "The header {name} arrived, but was not signed.",
    "Sign every x-acs- header that is sent; look for something that adds it after signing.",
)
HEADER_LOST = CauseKind(
    "HeaderLost",
    "The header {name} was signed, but did not arrive.",
    "Send what is signed; look for a proxy that removes it.",
)
HEADER_ORDER = CauseKind(
    "HeaderOrder",
    "The headers were signed in another order than {order}.",
    "Write the header lines in the order that the scheme wants: sorted by name, as SignedHeaders lists them.",
)
LAYOUT = CauseKind(
    "Layout",
    "The parts of the text were put together in another way: {what}.",
    "Compare with the server's text line by line.",
)
BODY = CauseKind(
    "BodyHash",
    "The digest of the body that was signed is not that of the {length} bytes that arrived: {what}.",
    "Digest the exact bytes that are sent; look for a proxy that compresses, re-encodes or re-formats the body.",
)
NOT_HASHED = CauseKind(
    "NotHashed",
    "The canonical request itself was signed, not its digest.",
    "Sign the algorithm's name, a line feed, and the hex digest of the canonical request.",
)
DATE = CauseKind(
    "Time",
    "The time was signed as [{client}] and arrived as [{server}].",
    "Take the time once, and sign and send the same text.",
)

# -- of the request around it -----------------------------------------------------------------------------------------

CLOCK = CauseKind(
    "ClockOff",
    "The clock of the client is {minutes} minutes {way} the server's; {limit} are allowed.",
    "Set the clock of the client (NTP), and sign each attempt anew.",
)
OLD_REQUEST = CauseKind(
    "RequestTooOld",
    "The request says {client}, which is {minutes} minutes {way} now. If it was made just now, the clock is off; a "
    "request that waited is refused after {limit} minutes.",
    "Set the clock of the client (NTP), and sign each attempt anew.",
)
NONCE = CauseKind(
    "NonceUsed",
    "A request with this nonce was accepted before.",
    "Make a new nonce, time and signature for every attempt, also for a retry.",
)
KEY_UNKNOWN = CauseKind(
    "AccessKeyUnknown",
    "The account has no AccessKey pair [{id}].",
    "Check the AccessKey ID and the endpoint: it may belong to another account or server, or be deleted.",
)
KEY_BLANK = CauseKind(
    "AccessKeyIdHasBlank",
    "The AccessKey ID was sent with a blank or line feed: [{id}].",
    "Remove it where the ID is kept.",
)
KEY_INACTIVE = CauseKind(
    "AccessKeyInactive",
    "The pair {id} is disabled, or its user is.",
    "Enable it with UpdateAccessKey, or use another pair.",
)
KEY_EXPIRED = CauseKind(
    "AccessKeyExpired",
    "The pair {id} has expired.",
    "Create a new pair, or give this one a later expiry.",
)
REFUSED_BEFORE = CauseKind(
    "Refused",
    "{message}",
    "{next}",
)
NO_PROOF = CauseKind(
    "NotSigned",
    "The request carries no signature that could be checked.",
    "Paste the request with its Authorization header, or with Signature and AccessKeyId among its parameters.",
)

ALL: tuple[CauseKind, ...] = tuple(value for value in list(globals().values()) if isinstance(value, CauseKind))
