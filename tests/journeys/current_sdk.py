"""The vendor's current Python SDKs, generated per product: ACS3 by default, RPC 1.0 with `v2`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from types import ModuleType
from typing import Any

import alibabacloud_ims20190815.client as ims_client
import alibabacloud_ims20190815.models as ims_models
import alibabacloud_ram20150501.client as ram_client
import alibabacloud_ram20150501.models as ram_models
import alibabacloud_sts20150401.client as sts_client
import alibabacloud_sts20150401.models as sts_models
from alibabacloud_tea_openapi.exceptions import AlibabaCloudException
from alibabacloud_tea_openapi.models import Config

from journeys.client import ApiError, Key
from services.server import Server

PRODUCTS: dict[str, tuple[type, ModuleType]] = {
    "ims": (ims_client.Client, ims_models),
    "ram": (ram_client.Client, ram_models),
    "sts": (sts_client.Client, sts_models),
}


@cache
def _method(kind: type, action: str) -> str:
    """The client's name for an action: the vendor's underscores follow no rule, `create_virtual_mfadevice`."""
    return next(name for name in dir(kind) if name.replace("_", "") == action.lower())


class CurrentSdk:
    """Typed requests and answers; the parameters travel in the query of a POST."""

    shows_status = True
    shows_detail = True
    wrong_secret = "SignatureDoesNotMatch"

    def __init__(self, server: Server, signature_algorithm: str | None = None) -> None:
        self._endpoint = f"{server.host}:{server.port}"
        self._algorithm = signature_algorithm

    def call(self, key: Key, product: str, action: str, parameters: Mapping[str, str]) -> dict[str, Any]:
        """Build the request's model from names on the wire and call the method of that action."""
        kind, models = PRODUCTS[product]
        client = kind(
            Config(
                access_key_id=key.id,
                access_key_secret=key.secret,
                security_token=key.token,
                endpoint=self._endpoint,
                protocol="http",
                signature_algorithm=self._algorithm,
            )
        )
        method = getattr(client, _method(kind, action))
        request = getattr(models, f"{action}Request", None)
        try:
            answer = method(request().from_map(dict(parameters))) if request else method()
        except AlibabaCloudException as refusal:
            raise ApiError(
                code=refusal.code,
                status=refusal.status_code,
                message=re.sub(r"^code: \d+, | request id: \S+$", "", refusal.message),
                request_id=refusal.request_id,
                detail=getattr(refusal, "access_denied_detail", None),
            ) from refusal
        result: dict[str, Any] = answer.body.to_map()
        return result

    def close(self) -> None:
        """Nothing is kept."""
