"""Which models a workspace may call.  Source: reference/model-studio.md b.4 and b.10.

In the default workspace every model may be called and nothing can be set.  Only who stands in every workspace decides
what one of them may call.
"""

from __future__ import annotations

from typing import Annotated

from keystead.faults import FaultKind
from keystead.identity.callers import Caller
from keystead.identity.transaction import Tx
from keystead.products.modelstudio.models import DEFAULT_RESULTS
from keystead.products.modelstudio.product import (
    MODEL_STUDIO,
    NEXT_TOKEN_INVALID,
    ManyResults,
    ModelsEnvelope,
    Part,
    StudioInput,
    Substring,
    Token,
    window,
)
from keystead.products.workspaces import access
from keystead.products.workspaces.access import ONLY_SUPER, PAGE_NOT_YOURS, WORKSPACE, WORKSPACE_NOT_FOUND
from keystead.store import model_catalogue, workspaces
from keystead.wire.parameters import Choice, Items, Text

MODEL_NOT_FOUND = FaultKind(
    "ModelNotFound",
    404,
    "The model {model} does not exist.",
    "ListModels shows which there are; the operator adds one with `keystead model add`.",
)
NOT_IN_DEFAULT = FaultKind(
    "UnsupportedOperation.DefaultWorkspace",
    400,
    "In the default workspace {workspace} every model may be called without limits of its own; none can be set.",
    "Create a workspace with CreateWorkspace, and set them there.",
)
NOT_SERVED = FaultKind(
    "UnsupportedOperation.ModelAction",
    400,
    "The permission {right} on {model} was asked for, but this server neither tunes nor deploys models.",
    "Leave fineTune and deploy out, or send them as false.",
)
NOTHING_TO_CHANGE = FaultKind(
    "InvalidParameter.models",
    400,
    "The parameter models is empty, and accessAllEntities is KEEP: nothing would change.",
    "Name 1 to 20 models, or send accessAllEntities as OPEN or CLOSE.",
)


class FilterInput(StudioInput, frozen=True):
    model: Substring = ""
    name: Substring = ""


class ListModelPermissionsInput(StudioInput, frozen=True):
    workspace_id: access.RequiredWorkspaceId
    authorization_scope: Annotated[
        str, Choice(("AUTHORIZED", "AUTHORIZABLE"), doc="those that may be used, or all that could")
    ] = "AUTHORIZABLE"
    model_action: Annotated[str, Choice(("INFERENCE", "FINE_TUNE", "DEPLOY"))] = "INFERENCE"
    filter: FilterInput | None = None
    max_results: ManyResults = 0
    next_token: Token = ""


class ModelRights(StudioInput, frozen=True):
    """What a workspace is to have of a model; what is left out stays."""

    model: Annotated[str, Text(1, 128, doc="a model's name")]
    inference: bool | None = None
    fine_tune: bool | None = None
    deploy: bool | None = None


class UpdateModelPermissionsInput(StudioInput, frozen=True):
    workspace_id: access.RequiredWorkspaceId
    access_all_entities: Annotated[
        str, Choice(("OPEN", "CLOSE", "KEEP"), doc="every model now and later; only those listed; as it is")
    ] = "KEEP"
    models: Annotated[tuple[ModelRights, ...], Items(20, doc="1 to 20 models")] = ()


class Rights(Part, frozen=True):
    inference: bool
    fine_tune: bool
    deploy: bool


class ModelPermission(Part, frozen=True):
    model: str
    name: str
    permissions: Rights


class ListModelPermissionsOutput(ModelsEnvelope, frozen=True, kw_only=True):
    """The array is called `list` in this one answer."""

    list: list[ModelPermission]
    total_count: int
    max_results: int
    next_token: str


def _rights(tx: Tx, place: access.Place) -> list[ModelPermission]:
    """Every model with what the workspace may do with it."""
    everything = place.row.is_default or place.row.all_models
    granted = model_catalogue.grants(tx, place.row.id)
    return [
        ModelPermission(
            model=model,
            name=str(details.get("name") or model),
            permissions=Rights(
                inference=bool(everything or (model in granted and granted[model].inference)),
                fine_tune=False,
                deploy=False,
            ),
        )
        for model, details in model_catalogue.every(tx).items()
    ]


@MODEL_STUDIO.action(
    "ListModelPermissions",
    method="GET",
    path="/modelstudio/models/permissions",
    resource=WORKSPACE,
    faults=(WORKSPACE_NOT_FOUND, PAGE_NOT_YOURS, NEXT_TOKEN_INVALID),
)
def list_model_permissions(tx: Tx, caller: Caller, wanted: ListModelPermissionsInput) -> ListModelPermissionsOutput:
    """List the models that a workspace may use, or could be allowed to use."""
    place = access.enter(tx, caller, wanted.workspace_id)
    place.must("models", "view")
    size = wanted.max_results or DEFAULT_RESULTS
    searched = wanted.filter or FilterInput()
    field = wanted.model_action.lower()
    found = [
        each
        for each in _rights(tx, place)
        if (wanted.authorization_scope == "AUTHORIZABLE" or getattr(each.permissions, field))
        and searched.model.lower() in each.model.lower()
        and searched.name.lower() in each.name.lower()
    ]
    page, token = window(found, lambda each: each.model, wanted.next_token, size)
    return ListModelPermissionsOutput(list=page, total_count=len(found), max_results=size, next_token=token)


@MODEL_STUDIO.action(
    "UpdateModelPermissions",
    method="POST",
    path="/modelstudio/models/permissions",
    resource=WORKSPACE,
    writes=True,
    faults=(WORKSPACE_NOT_FOUND, ONLY_SUPER, NOT_IN_DEFAULT, MODEL_NOT_FOUND, NOT_SERVED, NOTHING_TO_CHANGE),
)
def update_model_permissions(tx: Tx, caller: Caller, wanted: UpdateModelPermissionsInput) -> ModelsEnvelope:
    """Let a workspace use every model now and later, or change what it may do with some."""
    place = access.enter(tx, caller, wanted.workspace_id)
    place.must_be_super("set what a workspace may call")
    if place.row.is_default:
        raise NOT_IN_DEFAULT(workspace=place.row.id)
    if wanted.access_all_entities == "KEEP" and not wanted.models:
        raise NOTHING_TO_CHANGE()
    there = model_catalogue.every(tx)
    for each in wanted.models:
        if each.model not in there:
            raise MODEL_NOT_FOUND(model=each.model)
        if each.fine_tune or each.deploy:
            raise NOT_SERVED(right="fineTune" if each.fine_tune else "deploy", model=each.model)
        rights = {} if each.inference is None else {"inference": each.inference}
        model_catalogue.grant(tx, place.row.id, each.model, rights)
    if wanted.access_all_entities != "KEEP":
        workspaces.update(tx, place.row.id, all_models=wanted.access_all_entities == "OPEN")
    return ModelsEnvelope()
