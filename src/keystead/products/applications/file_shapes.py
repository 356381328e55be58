"""What files look like on the wire.  Source: reference/model-studio.md c.3."""

from __future__ import annotations

from typing import Annotated

from keystead.products.applications.categories import CategoryId, Kind, Results, Token
from keystead.products.applications.product import DataEnvelope, DataInput
from keystead.wire.answers import Output
from keystead.wire.parameters import Flag, Input, Items, Text

FileId = Annotated[str, Text(1, 64, r"[A-Za-z0-9_-]{1,64}", wrong="Format", doc="a file's ID")]
Tags = Annotated[tuple[str, ...], Items(20, doc="words to find it by")]


class LeaseInput(DataInput, frozen=True):
    category_id: CategoryId
    file_name: Annotated[str, Text(1, 128, r"[^/\\\x00-\x1f]{1,128}", doc="with its ending, which says its type")]
    md5: Annotated[str, Text(32, 32, r"[0-9A-Fa-f]{32}", wrong="Format", doc="of its bytes, in hexadecimal digits")]
    size_in_bytes: Annotated[str, Text(1, 12, r"[0-9]{1,12}", wrong="Format", doc="how many bytes it has")]
    category_type: Kind = ""
    use_internal_endpoint: Annotated[bool, Flag(doc="there is one address only")] = False


class ParserConfig(Input, frozen=True):
    model_name: Annotated[str, Text(0, 128)] = ""
    model_prompt: Annotated[str, Text(0, 4096)] = ""


class AddFileInput(DataInput, frozen=True):
    lease_id: Annotated[str, Text(1, 64, doc="that the file was sent under")]
    category_id: CategoryId
    parser: Annotated[str, Text(1, 64, doc="AUTO_SELECT, DASHSCOPE_DOCMIND: both read by the file's type")]
    parser_config: ParserConfig | None = None
    category_type: Kind = ""
    original_file_url: Annotated[str, Text(0, 2048)] = ""
    tags: Tags = ()


class FileInput(DataInput, frozen=True):
    file_id: FileId


class UpdateTagInput(DataInput, frozen=True):
    file_id: FileId
    tags: Tags = ()


class DeleteFilesInput(DataInput, frozen=True):
    file_ids: Annotated[tuple[str, ...], Items(20, doc="at most 20")]


class ListFileInput(DataInput, frozen=True):
    category_id: CategoryId
    file_ids: Annotated[tuple[str, ...], Items(200, doc="only these")] = ()
    file_name: Annotated[str, Text(0, 128, doc="a part of it")] = ""
    max_results: Results = 20
    next_token: Token = ""


class LeaseParam(Output, frozen=True):
    method: str
    url: str
    headers: dict[str, str]


class Lease(Output, frozen=True):
    file_upload_lease_id: str
    type: str
    param: LeaseParam


class LeaseOutput(DataEnvelope, frozen=True, kw_only=True):
    data: Lease


class AddedFile(Output, frozen=True):
    file_id: str
    parser: str


class AddFileOutput(Output, frozen=True, kw_only=True):
    """success: a text in this answer (0.1)."""

    success: str = "true"
    code: str = "Success"
    message: str = "success"
    status: str = "200"
    data: AddedFile


class File(Output, frozen=True):
    category_id: str
    create_time: str
    file_id: str
    file_name: str
    file_type: str
    parse_error_message: str
    parser: str
    size_in_bytes: int
    status: str
    tags: list[str]


class DescribedFile(File, frozen=True):
    origin_file_download_url: str = ""
    parse_result_download_url: str = ""


class DescribeFileOutput(DataEnvelope, frozen=True, kw_only=True):
    data: DescribedFile


class FilePage(Output, frozen=True):
    file_list: list[File]
    has_next: bool
    max_results: int
    next_token: str
    total_count: int


class ListFileOutput(DataEnvelope, frozen=True, kw_only=True):
    data: FilePage


class FileKey(Output, frozen=True):
    file_id: str


class FileKeyOutput(DataEnvelope, frozen=True, kw_only=True):
    data: FileKey


class DeletedFile(Output, frozen=True):
    file_id: str
    status: str


class DeletedFiles(Output, frozen=True):
    delete_file_result_list: list[DeletedFile]


class DeleteFilesOutput(DataEnvelope, frozen=True, kw_only=True):
    data: DeletedFiles


class ParserTypesInput(DataInput, frozen=True):
    file_type: Annotated[str, Text(1, 16, doc="the ending of a file's name")]


class ParserName(Output, frozen=True):
    display_name: str
    parser: str


class ParserTypes(Output, frozen=True):
    file_type: str
    parser_list: list[ParserName]


class ParserTypesOutput(DataEnvelope, frozen=True, kw_only=True):
    data: ParserTypes
