"""A secret that none of the node's master keys opens answered InternalError with a traceback in the log."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

from keystead import signing
from keystead.app import assembled, create_account_access_key, initialise, opened
from keystead.identity.keyring import Keyring
from keystead.settings import Settings
from keystead.store import tables
from keystead.wire.request import WireRequest


def test_the_answer_names_the_missing_key(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    initialise(settings)
    access_key_id, secret = create_account_access_key(settings)
    with opened(settings) as instance:
        foreign = Keyring([os.urandom(32)]).seal(secret.encode(), f"access-key:{access_key_id}")
        with instance.database.writing(time.time(), "") as tx:
            tx.run(tables.access_keys.update().values(sealed_secret=foreign))

        async def ask() -> bytes:
            headers = {"host": "h", "x-acs-action": "GetCallerIdentity", "x-acs-version": "2015-04-01"}
            signed = signing.sign_acs3(
                "POST",
                "/",
                "",
                headers,
                b"",
                access_key_id=access_key_id,
                secret=secret,
                timestamp=time.time(),
                nonce="n",
            )
            async with assembled(instance) as node:
                request = WireRequest("POST", "/", "", {name.lower(): value for name, value in signed.items()})
                return (await node.edge._dispatcher.answer(request)).body

        body = asyncio.run(ask())
    assert b"ServiceUnavailable" in body
    assert b"master key" in body
