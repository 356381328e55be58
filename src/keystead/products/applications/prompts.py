"""Prompt templates; those of the kind System come with the program.  Source: reference/model-studio.md c.2."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Annotated

from keystead.faults import FaultKind
from keystead.identity.callers import Caller
from keystead.identity.transaction import Tx
from keystead.products import pages
from keystead.products.applications import variables
from keystead.products.applications.product import (
    BAILIAN,
    NOT_AUTHORIZED,
    BailianInput,
    Flat,
    Part,
    PathId,
    enter,
)
from keystead.products.workspaces.access import PAGE_NOT_YOURS, WORKSPACE
from keystead.store import prompts
from keystead.wire.parameters import Choice, Text, Whole

MOST_TEMPLATES = 1000

TEMPLATE_NOT_FOUND = FaultKind(
    "PromptTemplate.PromptTemplateIdNotFound",
    404,
    "The prompt template {id} does not exist in the workspace {workspace}.",
    "ListPromptTemplates shows the templates of the workspace.",
)
SYSTEM_TEMPLATE = FaultKind(
    "PromptTemplate.TypeInvalid",
    400,
    "The prompt template {id} is of the type System; only those of the type Custom can be changed.",
    "Create a template with the same content and change that.",
)
TOO_MANY_TEMPLATES = FaultKind(
    "LimitExceeded.PromptTemplate",
    409,
    "The workspace {workspace} has {limit} prompt templates, the most that there may be.",
    "Delete templates that are no longer needed.",
)
NEXT_TOKEN_INVALID = FaultKind(
    "PromptTemplate.NextTokenInvalid",
    400,
    "The parameter nextToken was not answered by this server.",
    "Start again without nextToken, and pass on each answer's nextToken unchanged.",
)

_NAME, _CONTENT = "PromptTemplate.NameInvalid", "PromptTemplate.ContentInvalid"
Name = Annotated[str, Text(1, 64, fault=_NAME, absent=_NAME, doc="what people see")]
Content = Annotated[str, Text(1, 10_000, fault=_CONTENT, absent=_CONTENT, doc="the text; ${name} is a variable")]
Results = Annotated[int, Whole(1, 50, fault="PromptTemplate.MaxResultsInvalid", doc="how many on a page")]
Token = Annotated[str, Text(0, 512, fault="PromptTemplate.NextTokenInvalid", doc="what the page before answered")]

_KINDS = (NOT_AUTHORIZED, PAGE_NOT_YOURS)
_ONE_KINDS = (*_KINDS, TEMPLATE_NOT_FOUND)


@dataclass(frozen=True, slots=True)
class Template:
    """A template of either kind."""

    id: str
    name: str
    content: str
    kind: str


SYSTEM = (
    Template(
        "0000000000000000000000000000a001",
        "Answer from documents",
        "Answer the question from these documents only. Say so when they do not answer it.\n\n${documents}\n\n"
        "Question: ${query}",
        "System",
    ),
    Template(
        "0000000000000000000000000000a002",
        "Summary",
        "Summarise the text in at most ${sentences} sentences.\n\n${text}",
        "System",
    ),
    Template(
        "0000000000000000000000000000a003",
        "Translation",
        "Translate the text into ${language}. Keep names and code as they are.\n\n${text}",
        "System",
    ),
)


class CreateTemplateInput(BailianInput, frozen=True):
    name: Name
    content: Content


class TemplateInput(BailianInput, frozen=True):
    prompt_template_id: PathId


class UpdateTemplateInput(BailianInput, frozen=True):
    prompt_template_id: PathId
    name: Name | None = None
    content: Content | None = None


class ListTemplatesInput(BailianInput, frozen=True):
    name: Annotated[str, Text(0, 64, fault=_NAME, doc="a part of it")] = ""
    type: Annotated[str, Choice(("System", "Custom"), fault="PromptTemplate.TypeInvalid")] | None = None
    max_results: Results = 10
    next_token: Token = ""


class TemplateIdOutput(Flat, frozen=True, kw_only=True):
    prompt_template_id: str


class TemplateOutput(Flat, frozen=True, kw_only=True):
    name: str
    content: str
    variables: list[str]
    prompt_template_id: str
    workspace_id: str


class ListedTemplate(Part, frozen=True):
    prompt_template_id: str
    name: str
    content: str
    type: str
    variables: list[str]


class ListTemplatesOutput(Flat, frozen=True, kw_only=True):
    prompt_templates: list[ListedTemplate]
    workspace_id: str
    total_count: int
    max_results: int
    next_token: str


def find(tx: Tx, workspace_id: str, template_id: str) -> Template:
    """The template of that ID.  Raises `PromptTemplate.PromptTemplateIdNotFound`."""
    for each in SYSTEM:
        if each.id == template_id:
            return each
    row = prompts.template(tx, workspace_id, template_id)
    if row is None:
        raise TEMPLATE_NOT_FOUND(id=template_id, workspace=workspace_id)
    return Template(row.id, row.name, row.content, "Custom")


def _own(tx: Tx, wanted: TemplateInput | UpdateTemplateInput) -> Template:
    found = find(tx, wanted.workspace_id, wanted.prompt_template_id)
    if found.kind == "System":
        raise SYSTEM_TEMPLATE(id=found.id)
    return found


@BAILIAN.action(
    "CreatePromptTemplate",
    method="POST",
    path="/{WorkspaceId}/promptTemplates",
    resource=WORKSPACE,
    writes=True,
    faults=(*_KINDS, TOO_MANY_TEMPLATES),
)
def create_template(tx: Tx, caller: Caller, wanted: CreateTemplateInput) -> TemplateIdOutput:
    """Create a prompt template."""
    enter(tx, caller, wanted, "prompts", "operate")
    if len(prompts.templates(tx, wanted.workspace_id)) >= MOST_TEMPLATES:
        raise TOO_MANY_TEMPLATES(workspace=wanted.workspace_id, limit=MOST_TEMPLATES)
    template_id = secrets.token_hex(16)
    prompts.add_template(tx, wanted.workspace_id, template_id, wanted.name, wanted.content)
    return TemplateIdOutput(prompt_template_id=template_id)


@BAILIAN.action(
    "ListPromptTemplates",
    method="GET",
    path="/{WorkspaceId}/promptTemplates",
    resource=WORKSPACE,
    faults=(*_KINDS, NEXT_TOKEN_INVALID),
)
def list_templates(tx: Tx, caller: Caller, wanted: ListTemplatesInput) -> ListTemplatesOutput:
    """List prompt templates, those that come with the program first."""
    enter(tx, caller, wanted, "prompts", "view")
    rows = prompts.templates(tx, wanted.workspace_id) if wanted.type != "System" else []
    every = [each for each in SYSTEM if wanted.type != "Custom"]
    every += [Template(row.id, row.name, row.content, "Custom") for row in rows]
    found = [
        (f"{each.kind != 'System':d}{each.id}", each) for each in every if wanted.name.lower() in each.name.lower()
    ]
    after = pages.after(wanted.next_token, NEXT_TOKEN_INVALID)
    rest = [(key, each) for key, each in found if key > after]
    page = rest[: wanted.max_results]
    return ListTemplatesOutput(
        prompt_templates=[
            ListedTemplate(
                prompt_template_id=each.id,
                name=each.name,
                content=each.content,
                type=each.kind,
                variables=variables.names(each.content),
            )
            for _, each in page
        ],
        workspace_id=wanted.workspace_id,
        total_count=len(found),
        max_results=wanted.max_results,
        next_token=pages.marker(page[-1][0]) if len(rest) > len(page) else "",
    )


@BAILIAN.action(
    "GetPromptTemplate",
    method="GET",
    path="/{WorkspaceId}/promptTemplates/{PromptTemplateId}",
    resource=WORKSPACE,
    faults=_ONE_KINDS,
)
def get_template(tx: Tx, caller: Caller, wanted: TemplateInput) -> TemplateOutput:
    """Show a prompt template and its variables."""
    enter(tx, caller, wanted, "prompts", "view")
    found = find(tx, wanted.workspace_id, wanted.prompt_template_id)
    return TemplateOutput(
        name=found.name,
        content=found.content,
        variables=variables.names(found.content),
        prompt_template_id=found.id,
        workspace_id=wanted.workspace_id,
    )


@BAILIAN.action(
    "UpdatePromptTemplate",
    method="PATCH",
    path="/{WorkspaceId}/promptTemplates/{PromptTemplateId}",
    resource=WORKSPACE,
    writes=True,
    faults=(*_ONE_KINDS, SYSTEM_TEMPLATE),
)
def update_template(tx: Tx, caller: Caller, wanted: UpdateTemplateInput) -> Flat:
    """Change a prompt template's name or content."""
    enter(tx, caller, wanted, "prompts", "operate")
    found = _own(tx, wanted)
    values: dict[str, object] = {
        column: value for column, value in (("name", wanted.name), ("content", wanted.content)) if value
    }
    prompts.update_template(tx, found.id, **values)
    return Flat()


@BAILIAN.action(
    "DeletePromptTemplate",
    method="DELETE",
    path="/{WorkspaceId}/promptTemplates/{PromptTemplateId}",
    resource=WORKSPACE,
    writes=True,
    faults=(*_ONE_KINDS, SYSTEM_TEMPLATE),
)
def delete_template(tx: Tx, caller: Caller, wanted: TemplateInput) -> Flat:
    """Delete a prompt template."""
    enter(tx, caller, wanted, "prompts", "operate")
    prompts.delete_template(tx, _own(tx, wanted).id)
    return Flat()
