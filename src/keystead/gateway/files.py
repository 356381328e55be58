"""Files of a workspace, which calls name by `fileid://`.  What is kept of one is its text.

Both planes show the same files; a chat's system message that names some gets their texts in its place.
Source: reference/model-studio.md d.2, d.5; the vendor's pages on the file interface and on Qwen-Long.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from keystead.clock import iso
from keystead.gateway import authorization, faults, forms, reading
from keystead.gateway.faults import Plane
from keystead.gateway.routes import Route
from keystead.gateway.values import Visit, Visitor
from keystead.gateway.writers import encode
from keystead.identity import model_keys
from keystead.store.audit import Event
from keystead.wire.request import WireRequest

PURPOSE = "file-extract"
_MARK = b"fileid://"
_NAMED = re.compile(r"fileid://([A-Za-z0-9_-]{1,64})")
_LARGEST_PAGE = 2000
_MOST_NAMED = 100
_ACTIONS = {"POST": "UploadFile", "GET": "GetFile", "DELETE": "DeleteFile"}


class Stored(NamedTuple):
    """A file as lists show it.  created_at: seconds."""

    id: str
    name: str
    size: int
    created_at: int


Told = Callable[[str], Event]
"""The audit event of what was done with the file of an ID."""


class FileStore(Protocol):
    """Where files are kept; `app` passes it.  Each call is of one workspace of one account."""

    async def add(self, place: tuple[str, str], name: str, content: bytes, told: Told) -> Stored:
        """Keep a file.  Raises `InvalidParameter` for what cannot be read, `LimitExceeded` beyond the bounds."""
        ...

    async def page(self, place: tuple[str, str], after: str, skipped: int, most: int) -> tuple[list[Stored], int]:
        """Files in the order in which they came, behind an ID and a number of others, and how many there are."""
        ...

    async def find(self, place: tuple[str, str], file_id: str) -> Stored | None:
        """One file."""
        ...

    async def remove(self, place: tuple[str, str], file_id: str, told: Told) -> bool:
        """Remove a file; answers whether it was there."""
        ...

    async def texts(self, place: tuple[str, str], file_ids: Sequence[str]) -> dict[str, tuple[str, str]]:
        """Name and text by ID, of those that are there.  Raises `InvalidParameter` for too much at once."""
        ...


@dataclass(frozen=True, slots=True)
class Files:
    """Answers the files' addresses, and puts their texts into conversations."""

    store: FileStore
    event: Callable[..., Event]

    async def answer(self, visit: Visit, visitor: Visitor, route: Route) -> bytes:
        """Answer POST, GET and DELETE of `files`, `files/<ID>` and `files/<ID>/content`."""
        method = visit.request.method
        self._allow(visit, visitor, "ListFiles" if method == "GET" and not route.id else _ACTIONS[method])
        place = (visitor.caller.account_id, visitor.workspace_id)
        if route.name == "file content":
            raise faults.UNSUPPORTED(
                what="Reading a file back", next="Keep your own copy: what is kept here is its text, for calls."
            )
        if method == "POST":
            return _made(visit, await self._add(visit, visitor, place))
        if not route.id:
            return await self._list(visit, place)
        if method == "GET":
            found = await self.store.find(place, route.id)
            if found is None:
                raise faults.NO_FILE(id=route.id, workspace=visitor.workspace_id)
            return _shown(visit, found)
        if not await self.store.remove(place, route.id, self._told(visit, visitor)):
            raise faults.NO_FILE(id=route.id, workspace=visitor.workspace_id)
        if visit.plane is Plane.COMPATIBLE:
            return encode({"id": route.id, "object": "file", "deleted": True})
        return encode({"request_id": visit.request_id})

    def _allow(self, visit: Visit, visitor: Visitor, action: str) -> None:
        visit.action = action
        visit.resource = model_keys.workspace_arn(visitor.caller.account_id, visitor.workspace_id)
        authorization.check_files(visitor, f"modelstudio:{action}", visit.facts)

    def _told(self, visit: Visit, visitor: Visitor) -> Told:
        return lambda file_id: self.event(visit, visitor, "Success", {"fileId": file_id}, kind="write")

    async def _add(self, visit: Visit, visitor: Visitor, place: tuple[str, str]) -> Stored:
        fields, sent = await forms.read(visit.request)
        if visit.plane is Plane.COMPATIBLE and fields.get("purpose") != PURPOSE:
            given = fields.get("purpose", "")[:40]
            raise faults.PARAMETER(
                problem=f"'purpose' must be {PURPOSE}, it is {given!r}: batches are not served here."
            )
        if fields.get("descriptions"):
            raise faults.UNSUPPORTED(what="A file's description", next="Leave it out.")
        if len(sent) != 1:
            raise faults.PARAMETER(problem=f"The form has {len(sent)} files; send one.")
        return await self.store.add(place, sent[0].name, sent[0].content, self._told(visit, visitor))

    async def _list(self, visit: Visit, place: tuple[str, str]) -> bytes:
        given = dict(visit.request.query)
        if visit.plane is Plane.COMPATIBLE:
            known = {"after", "limit", "purpose"}
            if unknown := sorted(given.keys() - known):
                raise faults.UNSUPPORTED(
                    what=f"{unknown[0][:40]!r} of a list", next="Send after, limit and purpose only."
                )
            most = min(_LARGEST_PAGE, reading.whole(given, "limit", _LARGEST_PAGE))
            if given.get("purpose", PURPOSE) != PURPOSE:
                return encode({"object": "list", "data": [], "has_more": False})
            found, _ = await self.store.page(place, given.get("after", "")[:64], 0, most + 1)
            data = [_entry(each) for each in found[:most]]
            return encode({"object": "list", "data": data, "has_more": len(found) > most})
        number, size = reading.whole(given, "page_no", 1), min(100, reading.whole(given, "page_size", 10))
        found, total = await self.store.page(place, "", (number - 1) * size, size)
        output = {"total": total, "page_no": number, "page_size": size, "files": [_native(each) for each in found]}
        return encode({"output": output, "request_id": visit.request_id})

    async def into(self, visit: Visit, visitor: Visitor) -> WireRequest:
        """The request with the texts of the files that its system messages name; itself where they name none.

        Who may call a model and not read the workspace's files is refused.  Raises `InvalidParameter` for a file that
        is not in the workspace, in the words of one that does not exist.
        """
        request = visit.request
        if _MARK not in request.body:
            return request
        body = reading.body_of(request)
        holder = reading.member(body, "input") if visit.plane is Plane.NATIVE else body
        messages = reading.messages_of(reading.items(holder, "messages"))
        named = {number: ids for number, each in enumerate(messages) if (ids := _ids(each))}
        if not named:
            return request
        self._allow(visit, visitor, "GetFile")
        wanted = list(dict.fromkeys(file_id for ids in named.values() for file_id in ids))
        if len(wanted) > _MOST_NAMED:
            raise faults.PARAMETER(problem=f"The messages name {len(wanted)} files, the limit is {_MOST_NAMED}.")
        found = await self.store.texts((visitor.caller.account_id, visitor.workspace_id), wanted)
        for file_id in wanted:
            if file_id not in found:
                raise faults.NO_FILE(id=file_id, workspace=visitor.workspace_id)
        for number, ids in named.items():
            texts = [f"{found[file_id][0]}:\n\n{found[file_id][1]}" for file_id in ids]
            messages[number] = {**messages[number], "content": "\n\n".join(texts)}
        return request.with_body(encode(body))


def _ids(message: dict[str, Any]) -> list[str]:
    """The files that a system message is made of.  Raises `InvalidParameter` for one that is not only that."""
    content = message.get("content")
    if message["role"] != "system" or not isinstance(content, str) or not content.lstrip().startswith("fileid://"):
        return []
    parts = [_NAMED.fullmatch(each.strip()) for each in content.split(",")]
    if not all(parts):
        raise faults.PARAMETER(
            problem="A system message that begins with 'fileid://' names files only: fileid://ID,fileid://ID. "
            "Other instructions go into a message of their own."
        )
    return [each[1] for each in parts if each]


def _entry(file: Stored) -> dict[str, Any]:
    return {
        "id": file.id,
        "object": "file",
        "bytes": file.size,
        "created_at": file.created_at,
        "filename": file.name,
        "purpose": PURPOSE,
        "status": "processed",
        "status_details": None,
    }


def _native(file: Stored) -> dict[str, Any]:
    return {"file_id": file.id, "name": file.name, "size": file.size, "gmt_create": iso(file.created_at)}


def _shown(visit: Visit, file: Stored) -> bytes:
    if visit.plane is Plane.COMPATIBLE:
        return encode(_entry(file))
    return encode({"output": _native(file), "request_id": visit.request_id})


def _made(visit: Visit, file: Stored) -> bytes:
    if visit.plane is Plane.COMPATIBLE:
        return encode(_entry(file))
    uploaded = [{"file_id": file.id, "name": file.name}]
    return encode({"output": {"uploaded_files": uploaded, "failed_uploads": []}, "request_id": visit.request_id})
