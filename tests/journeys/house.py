"""A server's account with users whose one policy each test writes."""

from __future__ import annotations

import json
import secrets
import time
from dataclasses import dataclass, field
from typing import Any

import pytest

from services import rpc
from services.rpc import ApiError, Key
from services.server import Server

EXPLAIN = {"Effect": "Allow", "Action": ["ram:DecodeDiagnosticMessage"], "Resource": "*"}


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "1", "Statement": list(statements)})


@dataclass
class House:
    """A server with a user whose one policy each test writes."""

    server: Server
    mark: str = field(default_factory=lambda: secrets.token_hex(4))
    pairs: dict[str, Key] = field(default_factory=dict)

    def name(self, word: str) -> str:
        return f"{word}-{self.mark}"

    def do(self, action: str, product: str = "ram", key: Key | None = None, **given: str) -> dict[str, Any]:
        return rpc.call(self.server.url, key or self.server.admin, product, action, **given)

    def user(self, word: str, *statements: dict[str, Any]) -> Key:
        """Make a user with one policy of its own, `p-<word>-<mark>`."""
        name = self.name(word)
        self.do("CreateUser", UserName=name)
        if statements:
            self.do("CreatePolicy", PolicyName=f"p-{name}", PolicyDocument=document(*statements))
            self.do("AttachPolicyToUser", UserName=name, PolicyType="Custom", PolicyName=f"p-{name}")
        pair: Any = self.do("CreateAccessKey", UserName=name)["AccessKey"]
        return Key(pair["AccessKeyId"], pair["AccessKeySecret"])

    def refused(self, key: Key, action: str, product: str = "ram", **given: str) -> ApiError:
        with pytest.raises(ApiError) as caught:
            self.do(action, product, key, **given)
        return caught.value

    def explain(self, key: Key | None = None, **given: str) -> dict[str, Any]:
        """Ask, and wait for the audit where it is asked by request ID."""
        for _ in range(50):
            try:
                return self.do("ExplainDenial", "keystead", key, **given)
            except ApiError as error:
                if error.code != "EntityNotExist.Denial":
                    raise
                refused = error
            time.sleep(0.1)
        raise refused
