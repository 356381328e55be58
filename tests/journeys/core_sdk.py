"""aliyun-python-sdk-core, the SDK of the years before: RPC 1.0, typed requests or CommonRequest."""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping
from typing import Any

from aliyunsdkcore.acs_exception.exceptions import ServerException
from aliyunsdkcore.auth.credentials import StsTokenCredential
from aliyunsdkcore.client import AcsClient
from aliyunsdkcore.request import CommonRequest, RpcRequest

from journeys.client import ApiError, Key
from services.rpc import VERSIONS
from services.server import Server


class CoreSdk:
    """Typed requests, everything in the query of a POST."""

    shows_status = True
    shows_detail = False
    wrong_secret = "InvalidAccessKeySecret"

    def __init__(self, server: Server) -> None:
        self._server = server

    def call(self, key: Key, product: str, action: str, parameters: Mapping[str, str]) -> dict[str, Any]:
        """Send the request with a client of this pair."""
        credential = StsTokenCredential(key.id, key.secret, key.token) if key.token else None
        pair = {} if credential else {"ak": key.id, "secret": key.secret}
        client = AcsClient(region_id="cn-hangzhou", port=self._server.port, credential=credential, **pair)
        request = self._request(product, action, parameters)
        request.set_protocol_type("http")
        try:
            body = client.do_action_with_exception(request)
        except ServerException as refusal:
            raise ApiError(
                code=refusal.get_error_code(),
                status=refusal.get_http_status(),
                message=refusal.get_error_msg(),
                request_id=refusal.get_request_id(),
            ) from refusal
        finally:
            client.session.close()  # it keeps connections and has no way of its own to let them go
        answer: dict[str, Any] = json.loads(body)
        return answer

    def _request(self, product: str, action: str, parameters: Mapping[str, str]) -> RpcRequest:
        version = VERSIONS[product].replace("-", "")
        module = importlib.import_module(f"aliyunsdk{product}.request.v{version}.{action}Request")
        request: RpcRequest = getattr(module, f"{action}Request")()
        request.set_endpoint(self._server.host)
        for name, value in parameters.items():
            getattr(request, f"set_{name}")(value)
        return request

    def close(self) -> None:
        """Nothing is kept."""


class CoreCommonRequest(CoreSdk):
    """CommonRequest, for actions without a class: the first parameter in the query, the others in a form."""

    wrong_secret = "SignatureDoesNotMatch"  # it compares strings to sign only for typed requests

    def _request(self, product: str, action: str, parameters: Mapping[str, str]) -> CommonRequest:
        request = CommonRequest(domain=self._server.host, version=VERSIONS[product], action_name=action)
        request.set_method("POST")
        for position, (name, value) in enumerate(parameters.items()):
            if position == 0:
                request.add_query_param(name, value)
            else:
                request.add_body_params(name, value)
        return request
