"""Agent applications.  Everything is published at once; there is no draft.  Source: reference/model-studio.md c.1.

`CreateAndPulishAgent` is the wire name (f.12).
"""

from __future__ import annotations

import secrets
from typing import Annotated, Any

import sqlalchemy as sa

from keystead.faults import FaultKind
from keystead.identity.callers import Caller
from keystead.identity.model_keys import MODEL_NAME
from keystead.identity.transaction import Tx
from keystead.products.applications import config as configs
from keystead.products.applications.config import (
    CONFIG_INVALID,
    SAMPLES_INVALID,
    ApplicationConfig,
    RagConfig,
    SampleLibrary,
)
from keystead.products.applications.product import (
    APPLICATION,
    BAILIAN,
    NOT_AUTHORIZED,
    NOT_BUILT,
    AgentEnvelope,
    BailianInput,
    Part,
    PathId,
    enter,
)
from keystead.products.workspaces.access import PAGE_NOT_YOURS, WORKSPACE
from keystead.store import agents, knowledge
from keystead.wire.answers import Output
from keystead.wire.parameters import Items, Text, Whole, missing

AGENTS_PER_WORKSPACE = 1000
ASSISTANT = 1
"""`type` and `subType` of the applications that there are: answered by one model, without a flow (inferred)."""
ASSISTANT_KIND = "agent"

AGENT_NOT_FOUND = FaultKind(
    "ApplicationNotFound",
    404,
    "The application {code} does not exist in the workspace {workspace}.",
    "ListPublishedAgent shows the applications of the workspace.",
)
TOO_MANY_AGENTS = FaultKind(
    "LimitExceeded.Application",
    409,
    "The workspace {workspace} has {count} applications, the limit is {limit}.",
    "Delete applications that are no longer needed, or use another workspace.",
)
_KINDS = (NOT_AUTHORIZED, PAGE_NOT_YOURS)
_WRITE_KINDS = (*_KINDS, NOT_BUILT, CONFIG_INVALID, SAMPLES_INVALID)
_ONE = (WORKSPACE, APPLICATION)

Name = Annotated[str, Text(1, 64, doc="what people see")]
Model = Annotated[str, Text(1, 128, MODEL_NAME, wrong="Format", doc="the model that answers")]
Instructions = Annotated[
    str, Text(0, 60_000, doc="the system prompt; ${name} is a variable, ${documents} what is found")
]
Config = Annotated[str, Text(0, 200_000, doc="a JSON object: parameters, ragConfig, historyConfig, longTermMemory")]
Samples = Annotated[str, Text(0, 20_000, doc="a JSON object: enableSample, sampleLibraryIdList, topK")]


class AgentInput(BailianInput, frozen=True):
    app_code: PathId


class CreateAgentInput(BailianInput, frozen=True):
    name: Name = ""
    model_id: Model = ""
    instructions: Instructions = ""
    application_config: Config = ""
    sample_library: Samples = ""


class UpdateAgentInput(BailianInput, frozen=True):
    """What is left out: emptied by UpdateAndPublishAgent, left alone by the selective one."""

    app_code: PathId
    name: Name | None = None
    model_id: Model | None = None
    instructions: Instructions | None = None
    application_config: Config | None = None
    sample_library: Samples | None = None


class ListAgentsInput(BailianInput, frozen=True):
    page_no: Annotated[int, Whole(1, 100_000)] = 1
    page_size: Annotated[int, Whole(1, 100)] = 10
    sub_types: Annotated[tuple[str, ...], Items(20, doc="only of these kinds; there is one, agent")] = ()


class CodeOutput(AgentEnvelope, frozen=True, kw_only=True):
    """data: the application's code."""

    data: str


class Agent(Part, frozen=True):
    """An application as GetPublishedAgent answers it."""

    code: str
    name: str
    instructions: str
    model_id: str
    application_config: dict[str, Any]


class ListedAgent(Agent, frozen=True):
    description: str = ""
    type: int = ASSISTANT
    sub_type: str = ASSISTANT_KIND


class AgentOutput(AgentEnvelope, frozen=True, kw_only=True):
    data: Agent


class AgentPage(Part, frozen=True):
    list: list[ListedAgent]
    page_no: int
    page_size: int
    total: int


class ListAgentsOutput(Output, frozen=True, kw_only=True, rename="camel"):
    """success: a text in this answer, unlike in the others (0.1)."""

    success: str = "true"
    code: str = "200"
    message: str = "success"
    http_status_code: int = 200
    data: AgentPage


def find(tx: Tx, workspace_id: str, code: str) -> sa.Row[Any]:
    """The application of that code.  Raises `ApplicationNotFound`, alike for one in another workspace."""
    row = agents.get(tx, workspace_id, code)
    if row is None:
        raise AGENT_NOT_FOUND(code=code, workspace=workspace_id)
    return row


def _named(wanted: CreateAgentInput | UpdateAgentInput) -> dict[str, str]:
    """Name and model, both mandatory.  Raises `Missingname` and `MissingmodelId`."""
    if not wanted.name:
        raise missing("name")
    if not wanted.model_id:
        raise missing("modelId")
    return {"name": wanted.name, "model": wanted.model_id}


@BAILIAN.action(
    "CreateAndPulishAgent",
    method="POST",
    path="/{WorkspaceId}/application/agents",
    resource=WORKSPACE,
    writes=True,
    faults=(*_WRITE_KINDS, TOO_MANY_AGENTS),
)
def create_agent(tx: Tx, caller: Caller, wanted: CreateAgentInput) -> CodeOutput:
    """Create an application; it can be called at once.  Answers its code, which calls name it by."""
    enter(tx, caller, wanted, "applications", "operate")
    there = agents.count(tx, wanted.workspace_id)
    if there >= AGENTS_PER_WORKSPACE:
        raise TOO_MANY_AGENTS(workspace=wanted.workspace_id, count=there, limit=AGENTS_PER_WORKSPACE)
    code = secrets.token_hex(16)
    agents.insert(
        tx,
        wanted.workspace_id,
        code,
        **_named(wanted),
        instructions=wanted.instructions,
        config=_config(tx, wanted, configs.read_config(wanted.application_config)),
        samples=_samples(tx, wanted, wanted.sample_library),
    )
    return CodeOutput(data=code)


@BAILIAN.action(
    "ListPublishedAgent",
    method="GET",
    path="/{WorkspaceId}/application/agents",
    resource=WORKSPACE,
    faults=_KINDS,
)
def list_agents(tx: Tx, caller: Caller, wanted: ListAgentsInput) -> ListAgentsOutput:
    """List the applications of a workspace, the newest first."""
    enter(tx, caller, wanted, "applications", "view")
    rows, total = [], 0
    if not wanted.sub_types or ASSISTANT_KIND in wanted.sub_types:
        rows = agents.page(tx, wanted.workspace_id, (wanted.page_no - 1) * wanted.page_size, wanted.page_size)
        total = agents.count(tx, wanted.workspace_id)
    listed = [ListedAgent(**_shown(row)) for row in rows]
    return ListAgentsOutput(
        data=AgentPage(list=listed, page_no=wanted.page_no, page_size=wanted.page_size, total=total)
    )


@BAILIAN.action(
    "GetPublishedAgent",
    method="GET",
    path="/{WorkspaceId}/application/agents/{AppCode}",
    resource=_ONE,
    faults=(*_KINDS, AGENT_NOT_FOUND),
)
def get_agent(tx: Tx, caller: Caller, wanted: AgentInput) -> AgentOutput:
    """Show an application."""
    enter(tx, caller, wanted, "applications", "view")
    return AgentOutput(data=Agent(**_shown(find(tx, wanted.workspace_id, wanted.app_code))))


@BAILIAN.action(
    "UpdateAndPublishAgent",
    method="PUT",
    path="/{WorkspaceId}/application/agents/{AppCode}",
    resource=_ONE,
    writes=True,
    faults=(*_WRITE_KINDS, AGENT_NOT_FOUND),
)
def replace_agent(tx: Tx, caller: Caller, wanted: UpdateAgentInput) -> CodeOutput:
    """Replace an application: what is left out is emptied.  It keeps its code, and its sessions go on."""
    enter(tx, caller, wanted, "applications", "operate")
    row = find(tx, wanted.workspace_id, wanted.app_code)
    agents.update(
        tx,
        wanted.workspace_id,
        row.id,
        **_named(wanted),
        instructions=wanted.instructions or "",
        config=_config(tx, wanted, configs.read_config(wanted.application_config or "")),
        samples=_samples(tx, wanted, wanted.sample_library),
    )
    return CodeOutput(data=row.id)


@BAILIAN.action(
    "UpdateAndPublishAgentSelective",
    method="PUT",
    path="/{WorkspaceId}/application/agents/{AppCode}/updateAndPublishAgentSelective",
    resource=_ONE,
    writes=True,
    faults=(*_WRITE_KINDS, AGENT_NOT_FOUND),
)
def update_agent(tx: Tx, caller: Caller, wanted: UpdateAgentInput) -> CodeOutput:
    """Change the parts of an application that are given; of the config each of its members is a part."""
    enter(tx, caller, wanted, "applications", "operate")
    row = find(tx, wanted.workspace_id, wanted.app_code)
    values: dict[str, object] = {}
    if wanted.name:
        values["name"] = wanted.name
    if wanted.model_id:
        values["model"] = wanted.model_id
    if wanted.instructions is not None:
        values["instructions"] = wanted.instructions
    if wanted.application_config:
        old = configs.stored(row.config, ApplicationConfig)
        values["config"] = _config(tx, wanted, configs.merged(old, configs.read_config(wanted.application_config)))
    if wanted.sample_library:
        values["samples"] = _samples(tx, wanted, wanted.sample_library)
    agents.update(tx, wanted.workspace_id, row.id, **values)
    return CodeOutput(data=row.id)


@BAILIAN.action(
    "DeleteAgent",
    method="DELETE",
    path="/{WorkspaceId}/application/agents/{AppCode}",
    resource=_ONE,
    writes=True,
    faults=(*_KINDS, AGENT_NOT_FOUND),
)
def delete_agent(tx: Tx, caller: Caller, wanted: AgentInput) -> CodeOutput:
    """Delete an application with its sessions and limits; calls of it are refused from then on."""
    enter(tx, caller, wanted, "applications", "operate")
    row = find(tx, wanted.workspace_id, wanted.app_code)
    agents.delete(tx, wanted.workspace_id, row.id)
    return CodeOutput(data=row.id)


def _config(tx: Tx, wanted: BailianInput, config: ApplicationConfig) -> str:
    """The config as it is stored.  Raises for a search that has nothing to search in."""
    rag = config.rag_config or RagConfig()
    bases = rag.knowledge_base_code_list or ()
    if rag.enable_search and not bases:
        raise CONFIG_INVALID(problem="ragConfig.enableSearch is on, but knowledgeBaseCodeList names nothing")
    _must_exist(tx, wanted, bases, CONFIG_INVALID)
    return configs.written(config)


def _samples(tx: Tx, wanted: BailianInput, text: str | None) -> str:
    """The sample library as it is stored."""
    samples: SampleLibrary = configs.read_samples(text or "")
    bases = samples.sample_library_id_list or ()
    if samples.enable_sample and not bases:
        raise SAMPLES_INVALID(problem="enableSample is on, but sampleLibraryIdList names nothing")
    _must_exist(tx, wanted, bases, SAMPLES_INVALID)
    return configs.written(samples)


def _must_exist(tx: Tx, wanted: BailianInput, bases: tuple[str, ...], invalid: FaultKind) -> None:
    for each in bases:
        if knowledge.get(tx, wanted.workspace_id, each) is None:
            raise invalid(problem=f"the workspace {wanted.workspace_id} has no knowledge base {each}")


def _shown(row: sa.Row[Any]) -> dict[str, Any]:
    return {
        "code": row.id,
        "name": row.name,
        "instructions": row.instructions,
        "model_id": row.model,
        "application_config": configs.shown(configs.stored(row.config, ApplicationConfig)),
    }
