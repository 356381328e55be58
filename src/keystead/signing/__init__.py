"""Is the request genuine?

Pure: a request, a time and a secret in; covered parameters or a `Fault` out.  One module per scheme; what signs in
our client is what checks in the server.  Source: reference/request-signing.md.
"""

from keystead.signing.acs3 import sign as sign_acs3
from keystead.signing.acs4 import sign as sign_acs4
from keystead.signing.message import (
    ANONYMOUS,
    BEARER,
    COMMON_PARAMETERS,
    MODEL_BEARER,
    Claim,
    Form,
    Message,
    parameters,
)
from keystead.signing.proof import forms, operation, read_anonymous, read_claim, verify
from keystead.signing.roa_v1 import sign as sign_roa_v1
from keystead.signing.rpc_v1 import sign as sign_rpc_v1
from keystead.signing.times import check_window

__all__ = [
    "ANONYMOUS",
    "BEARER",
    "COMMON_PARAMETERS",
    "MODEL_BEARER",
    "Claim",
    "Form",
    "Message",
    "check_window",
    "forms",
    "operation",
    "parameters",
    "read_anonymous",
    "read_claim",
    "sign_acs3",
    "sign_acs4",
    "sign_roa_v1",
    "sign_rpc_v1",
    "verify",
]
