"""A proxy on the same machine connects from loopback, so whoever it spoke for could read /metrics."""

from __future__ import annotations

import httpx
import pytest

from services.server import Server


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"])
def test_a_forwarded_request_does_not_count_as_this_machine(shared_server: Server, header: str) -> None:
    address = f"{shared_server.url}/metrics"
    assert httpx.get(address, trust_env=False).status_code == 200
    answer = httpx.get(address, headers={header: "203.0.113.7"}, trust_env=False)
    assert answer.status_code == 403
    assert "metrics_from" in answer.text
