"""Categories of files.  There is always one called default.  Source: reference/model-studio.md c.3."""

from __future__ import annotations

import secrets
from typing import Annotated

from keystead.faults import FaultKind
from keystead.identity.callers import Caller
from keystead.identity.transaction import Tx
from keystead.products import pages
from keystead.products.applications.product import BAILIAN, NOT_AUTHORIZED, NOT_BUILT, DataEnvelope, DataInput, enter
from keystead.products.workspaces.access import PAGE_NOT_YOURS, WORKSPACE
from keystead.store import files
from keystead.wire.answers import Output
from keystead.wire.parameters import Text, Whole

DEFAULT = "default"
MOST_CATEGORIES = 500

CATEGORY_NOT_FOUND = FaultKind(
    "Category.NotFound",
    404,
    "The category {id} does not exist in the workspace {workspace}.",
    "ListCategory shows the categories of the workspace; default is always there.",
)
CATEGORY_IN_USE = FaultKind(
    "DeleteConflict.Category",
    409,
    "The category {id} cannot be deleted: {why}.",
    "Delete what is in it first; the category default stays.",
)
TOO_MANY_CATEGORIES = FaultKind(
    "LimitExceeded.Category",
    409,
    "The workspace has {limit} categories, the most that there may be.",
    "Delete categories that are no longer needed.",
)
NEXT_TOKEN_INVALID = FaultKind(
    "InvalidParameter.NextToken",
    400,
    "The parameter NextToken was not answered by this server.",
    "Start again without NextToken, and pass on each answer's NextToken unchanged.",
)

KINDS = (NOT_AUTHORIZED, PAGE_NOT_YOURS)
CategoryId = Annotated[str, Text(1, 64, r"[A-Za-z0-9_-]{1,64}", wrong="Format", doc="a category's ID, or default")]
Kind = Annotated[str, Text(0, 32, doc="UNSTRUCTURED")]
Results = Annotated[int, Whole(1, 200, doc="how many on a page")]
Token = Annotated[str, Text(0, 512, doc="what the page before answered")]


class AddCategoryInput(DataInput, frozen=True):
    category_name: Annotated[str, Text(1, 64, doc="what people see")]
    category_type: Kind = ""
    parent_category_id: CategoryId | None = None
    connector_id: Annotated[str, Text(0, 64)] = ""


class CategoryInput(DataInput, frozen=True):
    category_id: CategoryId


class ListCategoryInput(DataInput, frozen=True):
    category_type: Kind = ""
    category_name: Annotated[str, Text(0, 64, doc="a part of it")] = ""
    parent_category_id: CategoryId | None = None
    connector_id: Annotated[str, Text(0, 64)] = ""
    max_results: Results = 20
    next_token: Token = ""


class NewCategory(Output, frozen=True):
    category_id: str
    category_name: str


class AddCategoryOutput(DataEnvelope, frozen=True, kw_only=True):
    data: NewCategory


class CategoryKey(Output, frozen=True):
    category_id: str


class DeleteCategoryOutput(DataEnvelope, frozen=True, kw_only=True):
    data: CategoryKey


class Category(Output, frozen=True):
    category_id: str
    category_name: str
    category_type: str
    is_default: bool
    parent_category_id: str


class CategoryPage(Output, frozen=True):
    category_list: list[Category]
    has_next: bool
    max_results: int
    next_token: str
    total_count: int


class ListCategoryOutput(DataEnvelope, frozen=True, kw_only=True):
    data: CategoryPage


def must_be_unstructured(kind: str, connector_id: str = "") -> None:
    """Raise `UnsupportedOperation` for tables, session files and connectors."""
    what = f"CategoryType {kind}" if kind not in ("", "UNSTRUCTURED") else "ConnectorId" if connector_id else ""
    if what:
        raise NOT_BUILT(what=what, why="knowledge comes from files that are sent", next="Use UNSTRUCTURED.")


def must_exist(tx: Tx, workspace_id: str, category_id: str) -> None:
    """Raise `Category.NotFound` unless the workspace has the category."""
    if category_id != DEFAULT and all(row.id != category_id for row in files.categories(tx, workspace_id)):
        raise CATEGORY_NOT_FOUND(id=category_id, workspace=workspace_id)


@BAILIAN.action(
    "AddCategory",
    method="POST",
    path="/{WorkspaceId}/datacenter/category/",
    resource=WORKSPACE,
    writes=True,
    request_id="RequestId",
    faults=(*KINDS, NOT_BUILT, CATEGORY_NOT_FOUND, TOO_MANY_CATEGORIES),
)
def add_category(tx: Tx, caller: Caller, wanted: AddCategoryInput) -> AddCategoryOutput:
    """Add a category of files."""
    enter(tx, caller, wanted, "knowledge", "operate")
    must_be_unstructured(wanted.category_type, wanted.connector_id)
    if wanted.parent_category_id is not None:
        must_exist(tx, wanted.workspace_id, wanted.parent_category_id)
    if len(files.categories(tx, wanted.workspace_id)) >= MOST_CATEGORIES:
        raise TOO_MANY_CATEGORIES(limit=MOST_CATEGORIES)
    category_id = f"cate_{secrets.token_hex(16)}"
    files.add_category(tx, wanted.workspace_id, category_id, wanted.category_name, wanted.parent_category_id or "")
    return AddCategoryOutput(data=NewCategory(category_id=category_id, category_name=wanted.category_name))


@BAILIAN.action(
    "ListCategory",
    method="POST",
    path="/{WorkspaceId}/datacenter/categories",
    resource=WORKSPACE,
    request_id="RequestId",
    faults=(*KINDS, NOT_BUILT, NEXT_TOKEN_INVALID),
)
def list_category(tx: Tx, caller: Caller, wanted: ListCategoryInput) -> ListCategoryOutput:
    """List the categories of a workspace, default first."""
    enter(tx, caller, wanted, "knowledge", "view")
    must_be_unstructured(wanted.category_type, wanted.connector_id)
    every = [("0", DEFAULT, "Default", "")]
    every += [(f"1{row.id}", row.id, row.name, row.parent_id) for row in files.categories(tx, wanted.workspace_id)]
    found = [
        each
        for each in every
        if wanted.category_name.lower() in each[2].lower() and wanted.parent_category_id in (None, each[3])
    ]
    after = pages.after(wanted.next_token, NEXT_TOKEN_INVALID)
    rest = [each for each in found if each[0] > after]
    page = rest[: wanted.max_results]
    more = len(rest) > len(page)
    return ListCategoryOutput(
        data=CategoryPage(
            category_list=[
                Category(
                    category_id=each[1],
                    category_name=each[2],
                    category_type="UNSTRUCTURED",
                    is_default=each[1] == DEFAULT,
                    parent_category_id=each[3],
                )
                for each in page
            ],
            has_next=more,
            max_results=wanted.max_results,
            next_token=pages.marker(page[-1][0]) if more else "",
            total_count=len(found),
        )
    )


@BAILIAN.action(
    "DeleteCategory",
    method="DELETE",
    path="/{WorkspaceId}/datacenter/category/{CategoryId}/",
    resource=WORKSPACE,
    writes=True,
    request_id="RequestId",
    faults=(*KINDS, CATEGORY_NOT_FOUND, CATEGORY_IN_USE),
)
def delete_category(tx: Tx, caller: Caller, wanted: CategoryInput) -> DeleteCategoryOutput:
    """Delete an empty category."""
    enter(tx, caller, wanted, "knowledge", "operate")
    must_exist(tx, wanted.workspace_id, wanted.category_id)
    held = len(files.in_category(tx, wanted.workspace_id, wanted.category_id))
    below = sum(row.parent_id == wanted.category_id for row in files.categories(tx, wanted.workspace_id))
    if wanted.category_id == DEFAULT or held or below:
        why = f"it holds {held} file(s) and {below} categories" if held or below else "it is the default one"
        raise CATEGORY_IN_USE(id=wanted.category_id, why=why)
    files.delete_category(tx, wanted.category_id)
    return DeleteCategoryOutput(data=CategoryKey(category_id=wanted.category_id))
