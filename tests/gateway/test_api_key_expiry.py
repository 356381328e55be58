"""A key whose time is over: told apart from an unknown one on each plane, and let in again with a later time."""

from __future__ import annotations

import time

import httpx
import openai
import pytest

from gateway.planes import NATIVE, Plane
from keystead.clock import iso
from services import rpc

SAY = [{"role": "user", "content": "hi"}]
PROMPT = {"model": "qwen-plus", "input": {"prompt": "hi"}}


def test_an_expired_key_is_refused_on_every_plane_and_works_again_with_a_later_expiry(plane: Plane) -> None:
    url, admin = plane.server.url, plane.server.admin
    made = rpc.call(url, admin, "keystead", "CreateExpiringApiKey", ExpireDate=iso(int(time.time()) + 3600))
    old, number = made["ApiKey"]["ApiKeyValue"], str(made["ApiKey"]["ApiKeyId"])  # type: ignore[index,call-overload]
    renewed = rpc.call(url, admin, "keystead", "RotateApiKey", ApiKeyId=number)
    value = str(renewed["ApiKeyValue"])
    tokens = plane.post("/api/v1/tokens?expire_in_seconds=1800", None, authorization=f"Bearer {value}")
    values = (value, old, tokens.json()["token"])
    with openai.OpenAI(
        base_url=f"{url}/compatible-mode/v1", api_key=value, http_client=httpx.Client(trust_env=False), max_retries=0
    ) as client:

        def say(with_value: str) -> str:
            answer = client.with_options(api_key=with_value).chat.completions.create(
                model="qwen-plus",
                messages=SAY,  # type: ignore[arg-type]
            )
            return str(answer.choices[0].message.content)

        assert all(say(each).startswith("word0") for each in values)
        until = iso(int(time.time()) + 5)
        rpc.call(url, admin, "keystead", "SetApiKeyExpiry", ApiKeyId=number, ExpireDate=until)
        while iso(int(time.time())) <= until:
            time.sleep(0.2)
        for each in values:
            with pytest.raises(openai.AuthenticationError) as refused:
                say(each)
            assert refused.value.code == "expired_api_key"
            assert until in refused.value.message
            assert each not in refused.value.message
            native = plane.post(NATIVE, PROMPT, authorization=f"Bearer {each}")
            assert (native.status_code, native.json()["code"]) == (401, "InvalidApiKey.Expired")
            assert "SetApiKeyExpiry" in native.json()["message"]
            legacy = plane.post("/v2/app/completions", {"AppId": "0" * 32}, authorization=f"Bearer {each}")
            assert (legacy.json()["Success"], legacy.json()["Code"]) == (False, "InvalidApiKey.Expired")
        assert plane.audited(native.headers["x-request-id"])["Outcome"] == "InvalidApiKey.Expired"
        told = rpc.call(url, admin, "keystead", "VerifyApiKey", ApiKeyValue=value)
        assert told["Works"] is False
        rpc.call(url, admin, "keystead", "SetApiKeyExpiry", ApiKeyId=number, ExpireDate=iso(int(time.time()) + 86_400))
        assert all(say(each).startswith("word0") for each in values)
