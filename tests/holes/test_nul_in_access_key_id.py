"""An AccessKey ID with a NUL reached PostgreSQL, which refuses it: a 503 that anybody could cause, unsigned."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from keystead.faults import Fault
from keystead.identity.authentication import Authentication
from keystead.signing import Claim


@pytest.mark.parametrize("access_key_id", ["LTAI\x00", "\x00", "LTAI\n", "LTAI\x7f", "clé"])
def test_such_an_id_is_unknown_without_a_look_at_the_database(access_key_id: str) -> None:
    nowhere = cast(Any, None)
    authentication = Authentication(nowhere, nowhere, nowhere, 900, sign_v1=True)
    with pytest.raises(Fault) as caught:
        asyncio.run(authentication._key(Claim("ACS3-HMAC-SHA256", access_key_id), 0.0))
    assert caught.value.code == "InvalidAccessKeyId.NotFound"
