"""The legacy flow: an AccessKey pair and an AgentKey become a token.  Source: reference/model-studio.md a.1.

The token is bound to the workspace that the AgentKey stands for; it ends with the pair, with the membership, with
ResetAgentKey, and after 24 hours.
"""

from __future__ import annotations

import re
from typing import Annotated

from keystead.faults import FaultKind
from keystead.identity import model_tokens
from keystead.identity.callers import Caller
from keystead.identity.model_keys import Workspace
from keystead.products.bailian.product import BAILIAN_LEGACY
from keystead.products.desk import Desk
from keystead.wire.answers import Output
from keystead.wire.parameters import Input, Text

AGENT_KEY_UNKNOWN = FaultKind(
    "InvalidAgentKey.NotFound",
    404,
    "The AgentKey {shown} does not exist in your account, or you are not in its workspace.",
    "GetWorkspaceDetails shows the AgentKey of a workspace that you are in; ResetAgentKey may have replaced yours.",
)
NO_DEFAULT = FaultKind(
    "InvalidAgentKey.NotFound",
    404,
    "No AgentKey was sent, which means the default workspace, and you are not in it.",
    "Send the AgentKey of a workspace that you are in, or ask its administrator to add you with AddWorkspaceMember.",
)

TOKEN_SECONDS = 24 * 3600

_AGENT_KEY = re.compile(r"[0-9a-f]{32}_p_efm")


class CreateTokenInput(Input, frozen=True):
    agent_key: Annotated[str, Text(0, 64, secret=True, doc="a workspace's AgentKey; none: the default workspace")] = ""


class TokenData(Output, frozen=True):
    """`expired_time` in seconds since 1970."""

    token: str
    expired_time: int


class CreateTokenOutput(Output, frozen=True):
    """The envelope of this family: the status is a text."""

    data: TokenData
    success: bool = True
    code: str = "200"
    message: str = "success"
    http_status_code: str = "200"


async def find_workspace(desk: Desk, wanted: CreateTokenInput, caller: Caller) -> Workspace | None:
    """Load the workspace that an AgentKey stands for; None where there is none."""
    if wanted.agent_key and not _AGENT_KEY.fullmatch(wanted.agent_key):
        return None
    loaded = desk.directory.workspace(caller.account_id, wanted.agent_key)
    return (
        loaded.value if loaded is not None else await desk.directory.load_workspace(caller.account_id, wanted.agent_key)
    )


@BAILIAN_LEGACY.action(
    "CreateToken",
    memory=True,
    prepare=find_workspace,
    deprecated="AgentKeys are deprecated: create an API key in the workspace, and call with application ID and "
    "workspace ID.",
    faults=(AGENT_KEY_UNKNOWN, NO_DEFAULT),
)
def create_token(desk: Desk, caller: Caller, wanted: CreateTokenInput) -> CreateTokenOutput:
    """Answer a token for the calls of the legacy clients, for 24 hours and one workspace."""
    made = model_tokens.issue(
        desk.keyring,
        caller,
        desk.prepared,
        prefix=model_tokens.AGENT,
        now=desk.now,
        seconds=TOKEN_SECONDS,
        person=caller.source_identity,
    )
    if made is None and not wanted.agent_key:
        raise NO_DEFAULT()
    if made is None:
        raise AGENT_KEY_UNKNOWN(shown=f"…{wanted.agent_key[-10:]}")
    value, expires_at = made
    return CreateTokenOutput(data=TokenData(token=value, expired_time=expires_at))
