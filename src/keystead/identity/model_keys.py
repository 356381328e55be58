"""API keys and workspaces as the directory keeps them, and what a key's value looks like.

A key's rights follow from its workspace, its address list and its own scope, never from its owner's policies
(reference/model-studio.md f.9).  They differ from everybody else's in their layers only: the workspace and the scope
become small policies, and `policy.decide` judges a model call as it judges a management call.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from keystead.identity.callers import Caller
from keystead.identity.network_policy import NetworkPolicy
from keystead.policy import Attached, Layer, LayerKind, Query, compile_policy

INVOKE_MODEL = "modelstudio:InvokeModel"
INVOKE_APPLICATION = "modelstudio:InvokeApplication"
FILES = ("modelstudio:UploadFile", "modelstudio:ListFiles", "modelstudio:GetFile", "modelstudio:DeleteFile")
"""What is done with the files that model calls name, on their workspace."""

MODEL_NAME = r"[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,127}"
"""What a model may be called: nothing that means something else in a policy's resource."""

_PREFIX = "sk-"
_VALUE = re.compile(r"sk-([0-9a-f]{28})([0-9a-f]{4})")


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit that binds.  scope: account, workspace, application, owner or key, and `scope_id` which one.

    model: the one it counts, "" for all together.  measure: requests, tokens, concurrent, money.  period: seconds as
    digits, or day, week, month in `time_zone`; "" for concurrent.  amount: of money in millionths.
    """

    id: str
    scope: str
    scope_id: str
    model: str
    measure: str
    amount: int
    period: str
    time_zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Scope:
    """What a key narrows its workspace to.  addresses: empty for any.  models, applications: None for all."""

    addresses: tuple[str, ...] = ()
    models: tuple[str, ...] | None = None
    applications: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """A user or role in a workspace.  level: administrator, member or custom.  pages: what a custom member may do on
    each page, view or operate.  generation: temporary keys of an earlier one are dead."""

    level: str
    pages: Mapping[str, str]
    generation: int


@dataclass(frozen=True, slots=True)
class Workspace:
    """A workspace as the directory keeps it.

    members: by user or role ID.  layer: what may be called in it at all; with AccessKey-signed calls it stands beside
    the caller's own layers, and each must allow.  limits: those of the account and of the workspace.
    """

    id: str
    account_id: str
    name: str
    is_default: bool
    members: Mapping[str, Member]
    layer: Layer
    limits: tuple[Limit, ...]
    generation: int


@dataclass(frozen=True, slots=True)
class ModelKey:
    """An API key, temporary key or legacy token that a model call came with.

    id: of the API key, 0 where there is none behind it.  owner: the person or account behind it, for the audit.
    why_inactive: one sentence, empty while active.  addresses: from where it may be used; None for anywhere.
    layers: what `decide` judges a call by.  limits: all that bind it, but for those of an application.
    expires_at: seconds, for temporary keys and values that a rotation leaves valid for a while.  ends_at: seconds, when
    the API key itself ends with all its values and temporary keys; None for never.
    kind: key, temporary, or agent for a token that an AgentKey was exchanged for.
    """

    id: int
    account_id: str
    workspace_id: str
    workspace_is_default: bool
    owner: Caller
    active: bool
    why_inactive: str
    addresses: NetworkPolicy | None
    layers: tuple[Layer, ...]
    limits: tuple[Limit, ...]
    prefix: str
    last_four: str
    expires_at: float | None = None
    ends_at: int | None = None
    generation: int = 0
    kind: str = "key"
    person: str = ""

    def has_ended(self, now: float) -> bool:
        """Whether the time of the API key is over."""
        return self.ends_at is not None and self.ends_at <= now

    def permits(self, address: str) -> bool:
        """Whether it may be used from this address."""
        return self.addresses is None or self.addresses.permits(address)


def make_value() -> str:
    """A new key value: `sk-`, 28 random hex digits (112 bits), 4 that check them."""
    body = secrets.token_hex(14)
    return _PREFIX + body + _check(body)


def is_well_formed(value: str) -> bool:
    """Whether a value can be a key's at all: a typo is told from an unknown key without a look-up."""
    found = _VALUE.fullmatch(value)
    return found is not None and _check(found[1]) == found[2]


def _check(body: str) -> str:
    return hashlib.sha256((_PREFIX + body).encode()).hexdigest()[:4]


def digest(value: str) -> bytes:
    """What is stored of a key value or AgentKey.  They are random, so a plain SHA-256 cannot be searched."""
    return hashlib.sha256(value.encode()).digest()


def make_workspace_id() -> str:
    """`llm-` and 16 lower-case letters and digits."""
    alphabet = "abcdefghijklmnopqrstuvwxyz0123456789"
    return "llm-" + "".join(secrets.choice(alphabet) for _ in range(16))


def make_agent_key() -> str:
    """32 hex digits and `_p_efm`."""
    return secrets.token_hex(16) + "_p_efm"


def model_arn(account_id: str, name: str) -> str:
    """What policies call a model."""
    return f"acs:modelstudio:*:{account_id}:model/{name}"


def application_arn(account_id: str, application_id: str) -> str:
    """What policies call an application."""
    return f"acs:modelstudio:*:{account_id}:application/{application_id}"


def workspace_arn(account_id: str, workspace_id: str) -> str:
    """What policies call a workspace."""
    return f"acs:modelstudio:*:{account_id}:workspace/{workspace_id}"


def invocation(action: str, resource: str, facts: Mapping[str, str | tuple[str, ...]]) -> Query:
    """The query of a model or application call; older policies write `sfm:` for `modelstudio:`."""
    return Query(action, resource, facts, alias_action=_alias(action))


def workspace_layer(account_id: str, workspace_id: str, models: Sequence[str] | None) -> Layer:
    """What may be called in a workspace: these models (None for all), every application; and its files.

    That an application is in the workspace is asked where it is looked up.
    """
    own = workspace_arn(account_id, workspace_id)
    return _layer(LayerKind.CONTROL, f"Workspace/{workspace_id}", account_id, models, None, own)


def scope_layer(account_id: str, name: str, scope: Scope) -> Layer:
    """What a key's own scope lets through.  One that is narrowed to models or applications reaches no files."""
    is_narrowed = scope.models is not None or scope.applications is not None
    files_of = "" if is_narrowed else workspace_arn(account_id, "*")
    return _layer(LayerKind.SESSION, name, account_id, scope.models, scope.applications, files_of)


def _layer(
    kind: LayerKind,
    name: str,
    account_id: str,
    models: Sequence[str] | None,
    applications: Sequence[str] | None,
    files_of: str,
) -> Layer:
    named = {
        INVOKE_MODEL: [model_arn(account_id, each) for each in (("*",) if models is None else models)],
        INVOKE_APPLICATION: [
            application_arn(account_id, each) for each in (("*",) if applications is None else applications)
        ],
    }
    statements = [
        {"Effect": "Allow", "Action": [action, _alias(action)], "Resource": resources}
        for action, resources in named.items()
        if resources
    ]
    if files_of:
        actions = [name for action in FILES for name in (action, _alias(action))]
        statements.append({"Effect": "Allow", "Action": actions, "Resource": [files_of]})
    if not statements:
        return Layer.of(kind, [])
    policy = compile_policy(json.dumps({"Version": "1", "Statement": statements}))
    return Layer.of(kind, [Attached(name, "Custom", "v1", "Workspace", "Account", policy)])


def _alias(action: str) -> str:
    return "sfm:" + action.partition(":")[2]
