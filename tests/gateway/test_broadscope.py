"""The legacy flow by the vendor's client: AccessKey pair and AgentKey to a token, the token to an answer."""

from __future__ import annotations

import broadscope_bailian
import pytest

from gateway.planes import Plane


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_token_and_completions(plane: Plane, named: bool) -> None:
    made = plane.call(
        *("bailian", "create-and-pulish-agent", "--workspace-id", plane.workspace, "--name", f"legacy {named}"),
        *("--model-id", "echo", "--instructions", "Be brief."),
    )
    agent_key = plane.call("keystead", "get-workspace-details")["Workspace"]["AgentKey"] if named else None
    pair = plane.server.admin
    tokens = broadscope_bailian.AccessTokenClient(
        access_key_id=pair.id,
        access_key_secret=pair.secret,
        agent_key=agent_key,
        endpoint=f"{plane.server.host}:{plane.server.port}",
    )
    tokens.config.protocol = "http"
    client = broadscope_bailian.Completions(token=tokens.get_token(), endpoint=plane.server.url)
    answer = client.create(app_id=made["data"], prompt="hello")
    assert answer["Success"], answer
    assert answer["Data"]["Text"] == "hello"
    parts = list(client.create(app_id=made["data"], prompt="hello", stream=True))
    assert parts[-1]["Data"]["Text"] == "hello"
    event = plane.call("keystead", "lookup-events", "--event-action", "InvokeApplication", "--max-items", "1")
    assert event["Events"]["Event"]
