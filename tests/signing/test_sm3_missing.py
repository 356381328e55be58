"""Without SM3 in the library below, a request by SM3 is refused like any unsupported method."""

from __future__ import annotations

import pytest
from cryptography.exceptions import UnsupportedAlgorithm

from keystead import signing
from keystead.faults import Fault
from keystead.signing import digests
from signing.messages import SIGNED, request_of, secret_of


@pytest.mark.parametrize("name", ["v3-rpc-py-sm3", "v4-rpc-py-form-sm3"])
def test_no_sm3(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def unsupported(*_: object) -> object:
        raise UnsupportedAlgorithm("SM3")

    monkeypatch.setattr(digests, "HMAC", unsupported)
    monkeypatch.setattr(digests.hashes, "Hash", unsupported)
    request = request_of(SIGNED[name])
    claim = signing.read_claim(request)
    assert claim is not None
    with pytest.raises(Fault, match="InvalidSignatureMethod"):
        signing.verify(claim, request, secret_of(SIGNED[name]))
