"""A membership's generation was the second in which it was made: who was removed and added again within one second had
his temporary keys and legacy tokens back, and enough revocations reached the number of a later membership."""

from __future__ import annotations

import secrets
from typing import Any

import httpx

from services import rpc
from services.rpc import Key
from services.server import Server

rpc.VERSIONS.setdefault("keystead", "2026-11-01")


def test_temporary_keys_stay_dead(shared_server: Server) -> None:
    url, admin = shared_server.url, shared_server.admin
    name = f"back-{secrets.token_hex(4)}"
    rpc.call(url, admin, "ram", "CreateUser", UserName=name)
    rpc.call(
        *(url, admin, "ram", "AttachPolicyToUser"),
        UserName=name,
        PolicyName="AliyunModelStudioReadOnlyAccess",
        PolicyType="System",
    )
    text = (
        '{"Version":"1","Statement":[{"Effect":"Allow","Action":"modelstudio:CreateTemporaryModelKey",'
        '"Resource":"acs:modelstudio:*:*:*"}]}'
    )
    rpc.call(url, admin, "ram", "CreatePolicy", PolicyName=name, PolicyDocument=text)
    rpc.call(url, admin, "ram", "AttachPolicyToUser", UserName=name, PolicyName=name, PolicyType="Custom")
    made: Any = rpc.call(url, admin, "ram", "CreateAccessKey", UserName=name)
    pair = Key(made["AccessKey"]["AccessKeyId"], made["AccessKey"]["AccessKeySecret"])

    def status(token: str) -> int:
        answer = httpx.get(f"{url}/v1/models", headers={"authorization": f"Bearer {token}"}, trust_env=False)
        return answer.status_code

    for _ in range(3):  # at least two of the three stand within one second
        rpc.call(url, admin, "keystead", "AddWorkspaceMember", UserName=name)
        token: Any = rpc.call(url, pair, "keystead", "CreateTemporaryModelKey", ExpireInSeconds="1800")
        assert status(token["Token"]) == 200
        rpc.call(url, admin, "keystead", "RemoveWorkspaceMember", UserName=name)
        rpc.call(url, admin, "keystead", "AddWorkspaceMember", UserName=name)
        assert status(token["Token"]) == 401
        rpc.call(url, admin, "keystead", "RemoveWorkspaceMember", UserName=name)
