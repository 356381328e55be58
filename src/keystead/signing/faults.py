"""Every refusal of this part.  Source: reference/request-signing.md sections 3.4, 4.5, 5.6, 6, 7.1 and 10.4.

A message begins with the vendor's own sentence, because programs and people look for it; what was found and
how far it was from passing follows.  The two messages that clients cut apart, `SignatureDoesNotMatch` and the
form of `IncompleteSignature` that echoes a string to sign, carry nothing beyond the vendor's text.
"""

from __future__ import annotations

from keystead.faults import Fault, FaultKind

_NOT_STANDARD = "The request signature does not conform to Aliyun standards. "


def _missing(name: str, rule: str) -> FaultKind:
    return FaultKind(
        f"Missing{name}",
        400,
        f"{name} is mandatory for this action. {rule} This request has none, or an empty one.",
        f"Send {name}. An SDK does so by itself: check that it was given credentials, and the right endpoint.",
    )


MISSING_ACTION = _missing("Action", "It is the parameter Action (RPC signature 1.0) or the header x-acs-action.")
MISSING_VERSION = _missing("Version", "It is the parameter Version (RPC signature 1.0) or the header x-acs-version.")
MISSING_ACCESS_KEY_ID = _missing("AccessKeyId", "Every signed request names its AccessKey.")
MISSING_SIGNATURE = _missing("Signature", "RPC signature 1.0 carries it among the parameters.")
MISSING_SIGNATURE_METHOD = _missing("SignatureMethod", "RPC signature 1.0 knows HMAC-SHA1 and SHA256withRSA.")
MISSING_SIGNATURE_VERSION = _missing("SignatureVersion", "RPC signatures have the version 1.0.")
MISSING_SIGNATURE_NONCE = _missing("SignatureNonce", "RPC signature 1.0 needs a new one for each request.")
MISSING_TIMESTAMP = _missing("Timestamp", "It is the parameter Timestamp (RPC signature 1.0) or the header x-acs-date.")
MISSING_DATE = _missing("Date", "ROA signature 1.0 signs the header Date.")
MISSING_SECURITY_TOKEN = _missing("SecurityToken", "An AccessKey ID that begins STS. is valid only with its token.")
MISSING_BEARER_TOKEN = _missing("BearerToken", "The request says that it proves itself by a bearer token.")

INVALID_SIGNATURE_METHOD = FaultKind(
    "InvalidSignatureMethod",
    400,
    "Specified signature method is not valid. Asked for {asked}; {rule}.",
    "Use a signature method that fits the key; ACS3-HMAC-SHA256 is the default of every current SDK.",
)
INVALID_SIGNATURE_VERSION = FaultKind(
    "InvalidParameter.SignatureVersion",
    400,
    "Specified parameter SignatureVersion is not valid. Asked for {asked}; only 1.0 exists.",
    "Send SignatureVersion=1.0, or sign with ACS3-HMAC-SHA256.",
)
INVALID_SIGNATURE_NONCE = FaultKind(
    "InvalidParameter.SignatureNonce",
    400,
    "Specified parameter SignatureNonce is not valid. It has {length} characters, limit {limit}.",
    "Send a new random text of 1 to 128 characters with each request, for example a UUID.",
)
TIME_FORMAT = FaultKind(
    "InvalidTimeStamp.Format",
    400,
    "Specified time stamp or date value is not well formatted. {name} is [{value}]; the format is {wanted}.",
    "Send the time in UTC in exactly that format.",
)
TIME_EXPIRED = FaultKind(
    "InvalidTimeStamp.Expired",
    400,
    "Specified time stamp or date value is expired. Client time {client}, server time {server}, "
    "difference {difference} s, limit {limit} s.",
    "Set the clock of the client (NTP), and sign each attempt anew.",
)
SCOPE_EXPIRED = FaultKind(
    "InvalidTimeStamp.Expired",
    400,
    "Specified time stamp or date value is expired. The credential scope is for the day {scope}, "
    "x-acs-date is {date}; both must name the same day.",
    "Derive the signing key from the day of x-acs-date.",
)
ACCESS_KEY_NOT_FOUND = FaultKind(
    "InvalidAccessKeyId.NotFound",
    404,
    "Specified access key is not found. {reason}.",
    "Sign with one AccessKey ID, and name the same one everywhere in the request.",
)
METHOD_NOT_SUPPORTED = FaultKind(
    "UnsupportedHTTPMethod",
    400,
    "This http method is not supported. Asked for {method}; requests signed by {scheme} use {allowed}.",
    "Use one of these methods.",
)
TOO_MANY_PARAMETERS = FaultKind(
    "TooManyParameters",
    400,
    "The request has too many parameters: {count} pieces between the ampersands, limit {limit}.",
    "Split the call into several.",
)
CONTENT_MD5 = FaultKind(
    "ContentMD5NotMatched",
    400,
    "Specified Content-MD5 does not match the body. "
    "Content-MD5 is [{asked}], the {length} bytes received have [{found}].",
    "Compute Content-MD5 over the exact bytes that are sent, and keep proxies from changing them.",
)
CONTENT_LENGTH = FaultKind(
    "ContentLengthDoesNotMatch",
    400,
    "Specified Content-Length does not match the body. It says [{asked}], {found} bytes were received.",
    "Send the number of bytes of the body.",
)
INCOMPLETE = FaultKind(
    "IncompleteSignature",
    400,
    _NOT_STANDARD + "{reason}.",
    "Let the SDK write the signature; if it did, check that nothing on the way changes headers or parameters.",
)
# The three below are cut apart by clients at "string to sign is:": nothing may follow the string.
INCOMPLETE_WITH_STRING = FaultKind(
    "IncompleteSignature",
    400,
    _NOT_STANDARD + "server string to sign is:{string_to_sign}",
    "Send the signature as base64, percent-encoded: a bare + in a query arrives as a space.",
)
MISMATCH_V1 = FaultKind(
    "SignatureDoesNotMatch",
    400,
    "Specified signature is not matched with our calculation. server string to sign is:{string_to_sign}",
    "If your string to sign is the same, the secret is wrong; if not, compare the two to see what was changed.",
)
MISMATCH_ACS = FaultKind(
    "SignatureDoesNotMatch",
    400,
    "Specified signature does not match our calculation. "
    "server StringToSign is [{string_to_sign}] server CanonicalRequest is [{canonical_request}]",
    "If your canonical request is the same, the secret is wrong; if not, compare the two to see what was changed.",
)


def mixed(first: str, second: str) -> Fault:
    """Proofs of two kinds in one request: which one would count is not left to chance (section 1.2)."""
    return INCOMPLETE(reason=f"The request carries two proofs, {first} and {second}; it must carry one")


def shown(text: str, limit: int = 64) -> str:
    """A caller's text for a message: bounded, and safe to write as UTF-8."""
    cut = text if len(text) <= limit else text[:limit] + "…"
    return printable(cut)


def printable(text: str) -> str:
    """The text with what UTF-8 cannot carry replaced; a string to sign may hold stray header bytes."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
