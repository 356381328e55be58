"""Files that knowledge is made of.  Source: reference/model-studio.md c.3.

A lease is asked for, the bytes are sent to its address, and AddFile reads them.  What is kept is the text, sealed.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from keystead.clock import iso
from keystead.faults import FaultKind
from keystead.identity.callers import Caller
from keystead.identity.transaction import Tx
from keystead.products import pages
from keystead.products.applications import parsers, uploads
from keystead.products.applications.categories import (
    CATEGORY_NOT_FOUND,
    KINDS,
    NEXT_TOKEN_INVALID,
    must_be_unstructured,
    must_exist,
)
from keystead.products.applications.file_shapes import (
    AddedFile,
    AddFileInput,
    AddFileOutput,
    DeletedFile,
    DeletedFiles,
    DeleteFilesInput,
    DeleteFilesOutput,
    DescribedFile,
    DescribeFileOutput,
    File,
    FileInput,
    FileKey,
    FileKeyOutput,
    FilePage,
    Lease,
    LeaseInput,
    LeaseOutput,
    LeaseParam,
    ListFileInput,
    ListFileOutput,
    ParserName,
    ParserTypes,
    ParserTypesInput,
    ParserTypesOutput,
    UpdateTagInput,
)
from keystead.products.applications.product import BAILIAN, NOT_BUILT, enter
from keystead.products.workspaces.access import WORKSPACE
from keystead.store import files, knowledge

MOST_FILES = 10_000
MOST_LEASES = 50

FILE_NOT_FOUND = FaultKind(
    "File.NotFound",
    404,
    "The file {id} does not exist in the workspace {workspace}.",
    "ListFile shows the files of a category.",
)
LEASE_NOT_FOUND = FaultKind(
    "Lease.NotFound",
    404,
    "The lease {id} does not exist in the workspace {workspace}, or is over: it lasts an hour.",
    "Ask for a new one with ApplyFileUploadLease and send the file.",
)
NOTHING_SENT = FaultKind(
    "Lease.NothingSent",
    409,
    "No file has been sent under the lease {id} yet.",
    "Send it to the address that ApplyFileUploadLease answered, with the method and headers that it names.",
)
FILE_NAME_INVALID = FaultKind(
    "InvalidParameter.FileName",
    400,
    "The file {name} ends in {kind}; read here are files that end in {known}.",
    "Send the text in one of these; PDF and DOCX are read where the operator installs keystead[documents].",
)
FILE_SIZE_INVALID = FaultKind(
    "InvalidParameter.SizeInBytes",
    400,
    "The parameter SizeInBytes is {size}; 1 to {limit} are allowed.",
    "Send a smaller file, or its parts.",
)
NO_ADDRESS = FaultKind(
    "ServiceUnavailable.Upload",
    503,
    "Nobody has told this server at which address clients reach it, so it cannot say where to send the file.",
    "Ask the operator to set public_url.",
)
TOO_MANY_FILES = FaultKind(
    "LimitExceeded.File",
    409,
    "The workspace {workspace} has {limit} {what}, the most that there may be.",
    "Delete files that are no longer needed; leases end after an hour.",
)


@dataclass(frozen=True, slots=True)
class Read:
    """What a file's parser made of it."""

    text: str
    problem: str


def find(tx: Tx, workspace_id: str, file_id: str) -> sa.Row[Any]:
    """The file of that ID.  Raises `File.NotFound`."""
    row = files.get(tx, workspace_id, file_id)
    if row is None:
        raise FILE_NOT_FOUND(id=file_id, workspace=workspace_id)
    return row


def purpose(file_id: str) -> str:
    """What a file's text is sealed for."""
    return f"file:{file_id}"


@BAILIAN.action(
    "ApplyFileUploadLease",
    method="POST",
    path="/{WorkspaceId}/datacenter/category/{CategoryId}",
    resource=WORKSPACE,
    writes=True,
    request_id="RequestId",
    faults=(*KINDS, NOT_BUILT, CATEGORY_NOT_FOUND, NO_ADDRESS, TOO_MANY_FILES, FILE_NAME_INVALID, FILE_SIZE_INVALID),
)
def apply_lease(tx: Tx, caller: Caller, wanted: LeaseInput) -> LeaseOutput:
    """Ask where one file may be sent to; the address takes that file only, for an hour."""
    enter(tx, caller, wanted, "knowledge", "operate")
    must_be_unstructured(wanted.category_type)
    must_exist(tx, wanted.workspace_id, wanted.category_id)
    kind, size = parsers.type_of(wanted.file_name), int(wanted.size_in_bytes)
    if kind not in parsers.readable():
        raise FILE_NAME_INVALID(name=wanted.file_name, kind=kind or "nothing", known=", ".join(parsers.readable()))
    if not 1 <= size <= uploads.MOST_BYTES:
        raise FILE_SIZE_INVALID(size=size, limit=uploads.MOST_BYTES)
    address = tx.public_url or tx.listens_at
    if not address:
        raise NO_ADDRESS()
    if files.count_leases(tx, wanted.workspace_id) >= MOST_LEASES:
        raise TOO_MANY_FILES(workspace=wanted.workspace_id, limit=MOST_LEASES, what="open leases")
    lease_id, token = secrets.token_hex(16), secrets.token_urlsafe(32)
    files.add_lease(
        tx,
        wanted.workspace_id,
        lease_id,
        category_id=wanted.category_id,
        name=wanted.file_name,
        md5=wanted.md5.lower(),
        size=size,
        token_digest=uploads.digest(token),
        expires_at=tx.now + uploads.LEASE_SECONDS,
    )
    headers = {"X-bailian-extra": token, "Content-Type": "application/octet-stream"}
    url = address.rstrip("/") + uploads.PATH + lease_id
    return LeaseOutput(
        data=Lease(file_upload_lease_id=lease_id, type="HTTP", param=LeaseParam(method="PUT", url=url, headers=headers))
    )


def _parse(tx: Tx, caller: Caller, wanted: AddFileInput) -> Read | None:
    """Read what was sent, before the write lock is taken; None where there is nothing to read."""
    enter(tx, caller, wanted, "knowledge", "operate")
    row = files.lease(tx, wanted.workspace_id, wanted.lease_id)
    if row is None or row.content is None or row.expires_at <= tx.now:
        return None
    try:
        return Read(parsers.read(row.name, row.content), "")
    except parsers.UnreadableError as error:
        return Read("", f"{row.name} cannot be read: {error}"[:256])


@BAILIAN.action(
    "AddFile",
    method="PUT",
    path="/{WorkspaceId}/datacenter/file",
    resource=WORKSPACE,
    writes=True,
    first=_parse,
    request_id="RequestId",
    faults=(*KINDS, NOT_BUILT, CATEGORY_NOT_FOUND, LEASE_NOT_FOUND, NOTHING_SENT, TOO_MANY_FILES),
)
def add_file(tx: Tx, caller: Caller, wanted: AddFileInput) -> AddFileOutput:
    """Take the file that was sent under a lease.  DescribeFile says whether it could be read."""
    enter(tx, caller, wanted, "knowledge", "operate")
    must_be_unstructured(wanted.category_type)
    must_exist(tx, wanted.workspace_id, wanted.category_id)
    if wanted.parser not in parsers.CHOSEN_BY_TYPE:
        known = " or ".join(parsers.CHOSEN_BY_TYPE)
        raise NOT_BUILT(what=f"The parser {wanted.parser}", why="the file's type decides", next=f"Send {known}.")
    if wanted.parser_config is not None and (wanted.parser_config.model_name or wanted.parser_config.model_prompt):
        raise NOT_BUILT(what="ParserConfig", why="no model reads files", next="Leave its members out.")
    row = files.lease(tx, wanted.workspace_id, wanted.lease_id)
    if row is None or row.expires_at <= tx.now:
        raise LEASE_NOT_FOUND(id=wanted.lease_id, workspace=wanted.workspace_id)
    if tx.prepared is None or row.content is None:
        raise NOTHING_SENT(id=wanted.lease_id)
    if files.count(tx, wanted.workspace_id) >= MOST_FILES:
        raise TOO_MANY_FILES(workspace=wanted.workspace_id, limit=MOST_FILES, what="files")
    found: Read = tx.prepared
    file_id = f"file_{secrets.token_hex(16)}"
    files.insert(
        tx,
        wanted.workspace_id,
        file_id,
        category_id=wanted.category_id,
        name=row.name,
        parser=wanted.parser,
        size=row.size,
        status="PARSE_FAILED" if found.problem else "PARSE_SUCCESS",
        problem=found.problem,
        tags=json.dumps(wanted.tags),
        sealed_text=tx.keyring.seal(found.text.encode(), purpose(file_id)),
    )
    files.delete_lease(tx, row.id)
    return AddFileOutput(data=AddedFile(file_id=file_id, parser=wanted.parser))


@BAILIAN.action(
    "DescribeFile",
    method="GET",
    path="/{WorkspaceId}/datacenter/file/{FileId}/",
    resource=WORKSPACE,
    request_id="RequestId",
    faults=(*KINDS, FILE_NOT_FOUND),
)
def describe_file(tx: Tx, caller: Caller, wanted: FileInput) -> DescribeFileOutput:
    """Show a file, and whether it could be read."""
    enter(tx, caller, wanted, "knowledge", "view")
    return DescribeFileOutput(data=DescribedFile(**_shown(find(tx, wanted.workspace_id, wanted.file_id))))


@BAILIAN.action(
    "ListFile",
    method="GET",
    path="/{WorkspaceId}/datacenter/files",
    resource=WORKSPACE,
    request_id="RequestId",
    faults=(*KINDS, CATEGORY_NOT_FOUND, NEXT_TOKEN_INVALID),
)
def list_file(tx: Tx, caller: Caller, wanted: ListFileInput) -> ListFileOutput:
    """List the files of a category."""
    enter(tx, caller, wanted, "knowledge", "view")
    must_exist(tx, wanted.workspace_id, wanted.category_id)
    which = (wanted.workspace_id, wanted.category_id, wanted.file_name, wanted.file_ids)
    after = pages.after(wanted.next_token, NEXT_TOKEN_INVALID)
    page, token = pages.cut(files.page(tx, *which, after, wanted.max_results + 1), wanted.max_results, "id")
    return ListFileOutput(
        data=FilePage(
            file_list=[File(**_shown(row)) for row in page],
            has_next=token is not None,
            max_results=wanted.max_results,
            next_token=token or "",
            total_count=files.total(tx, *which),
        )
    )


@BAILIAN.action(
    "UpdateFileTag",
    method="PUT",
    path="/{WorkspaceId}/datacenter/file/{FileId}",
    resource=WORKSPACE,
    writes=True,
    request_id="RequestId",
    faults=(*KINDS, FILE_NOT_FOUND),
)
def update_tags(tx: Tx, caller: Caller, wanted: UpdateTagInput) -> FileKeyOutput:
    """Replace a file's tags."""
    enter(tx, caller, wanted, "knowledge", "operate")
    files.set_tags(tx, find(tx, wanted.workspace_id, wanted.file_id).id, json.dumps(wanted.tags))
    return FileKeyOutput(data=FileKey(file_id=wanted.file_id))


@BAILIAN.action(
    "DeleteFile",
    method="DELETE",
    path="/{WorkspaceId}/datacenter/file/{FileId}/",
    resource=WORKSPACE,
    writes=True,
    request_id="RequestId",
    faults=(*KINDS, FILE_NOT_FOUND),
)
def delete_file(tx: Tx, caller: Caller, wanted: FileInput) -> FileKeyOutput:
    """Delete a file, also from every knowledge base."""
    enter(tx, caller, wanted, "knowledge", "operate")
    delete(tx, find(tx, wanted.workspace_id, wanted.file_id).id)
    return FileKeyOutput(data=FileKey(file_id=wanted.file_id))


@BAILIAN.action(
    "DeleteFiles",
    method="POST",
    path="/{WorkspaceId}/datacenter/file/delete",
    resource=WORKSPACE,
    writes=True,
    request_id="RequestId",
    faults=KINDS,
)
def delete_files(tx: Tx, caller: Caller, wanted: DeleteFilesInput) -> DeleteFilesOutput:
    """Delete files; the answer says of each whether it was there."""
    enter(tx, caller, wanted, "knowledge", "operate")
    found = []
    for file_id in dict.fromkeys(wanted.file_ids):
        there = files.get(tx, wanted.workspace_id, file_id) is not None
        if there:
            delete(tx, file_id)
        found.append(DeletedFile(file_id=file_id, status="SUCCESS" if there else "FAILED"))
    return DeleteFilesOutput(data=DeletedFiles(delete_file_result_list=found))


def delete(tx: Tx, file_id: str) -> None:
    """Remove a file, also from every knowledge base."""
    knowledge.drop_file(tx, file_id)
    files.delete(tx, file_id)


def _shown(row: sa.Row[Any]) -> dict[str, Any]:
    return {
        "category_id": row.category_id,
        "create_time": iso(row.created_at),
        "file_id": row.id,
        "file_name": row.name,
        "file_type": parsers.type_of(row.name),
        "parse_error_message": row.problem,
        "parser": row.parser,
        "size_in_bytes": row.size,
        "status": row.status,
        "tags": json.loads(row.tags),
    }


@BAILIAN.action(
    "GetAvailableParserTypes",
    method="GET",
    path="/{WorkspaceId}/datacenter/parser/parsertype",
    resource=WORKSPACE,
    request_id="RequestId",
    faults=KINDS,
)
def get_parser_types(tx: Tx, caller: Caller, wanted: ParserTypesInput) -> ParserTypesOutput:
    """List the parsers for a type of file; none where it is not read here."""
    enter(tx, caller, wanted, "knowledge", "view")
    kind = wanted.file_type.lower().removeprefix(".")
    found = [ParserName(display_name="By the file's type", parser=each) for each in parsers.CHOSEN_BY_TYPE]
    return ParserTypesOutput(data=ParserTypes(file_type=kind, parser_list=found if kind in parsers.readable() else []))
