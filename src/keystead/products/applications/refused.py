"""Actions of Bailian 2023-12-29 that refuse, and say why: connectors, tables, object storage, chunks by hand, payments.

docs/reference/coverage.md lists them as refused.  Source: reference/model-studio.md c.3.
"""

from __future__ import annotations

from keystead.faults import FaultKind
from keystead.identity.callers import Caller
from keystead.identity.transaction import Tx
from keystead.products.applications.product import BAILIAN
from keystead.wire.answers import Done
from keystead.wire.parameters import Nothing

NOT_SERVED = FaultKind(
    "UnsupportedOperation.Knowledge",
    400,
    "{action} is not supported: knowledge here is text from files that are sent.",
    "{instead}",
)

_FILES = "Send a file: ApplyFileUploadLease, then AddFile."
_INDEX = "Change the file and take it in again with SubmitIndexAddDocumentsJob."
_TYPE = "Nothing has to be chosen: a file is read by its type; see GetAvailableParserTypes."
_ELSEWHERE = "It concerns a service of the vendor's, which this server does not have."
_DATA = "/{WorkspaceId}/datacenter"

# (method, path, what to do instead)
_ACTIONS = {
    "AddChunk": ("POST", "/{WorkspaceId}/chunk/create", _INDEX),
    "UpdateChunk": ("POST", "/{WorkspaceId}/chunk/update", _INDEX),
    "DeleteChunk": ("POST", "/{WorkspaceId}/chunk/delete", _INDEX),
    "AddConnector": ("POST", _DATA + "/connector", _FILES),
    "GetConnector": ("GET", _DATA + "/connector", _FILES),
    "UpdateConnector": ("PUT", _DATA + "/connector/{ConnectorId}", _FILES),
    "DeleteConnector": ("DELETE", _DATA + "/connector/{ConnectorId}", _FILES),
    "AddTable": ("POST", _DATA + "/table", _FILES),
    "UpdateTableFromAuthorizedOss": ("PUT", _DATA + "/table/fromoss/{TableId}", _FILES),
    "AddFilesFromAuthorizedOss": ("POST", _DATA + "/file/fromoss", _FILES),
    "ApplyTempStorageLease": ("POST", _DATA, _FILES),
    "BatchUpdateFileTag": ("PUT", _DATA + "/batchupdatetag", "Set each file's tags with UpdateFileTag."),
    "ChangeParseSetting": ("PUT", _DATA + "/parser/settings", _TYPE),
    "GetParseSettings": ("GET", _DATA + "/parser/settings", _TYPE),
    "ListIndexFileDetails": (
        "POST",
        "/{WorkspaceId}/index/list_index_file_detail",
        "ListIndexDocuments shows the files of a knowledge base.",
    ),
    "GetIndexMonitor": ("GET", "/{WorkspaceId}/rag/index/monitor", "The audit has every call of Retrieve."),
    "HighCodeDeploy": ("POST", "/openapi/{WorkspaceId}/highCode/publish", _ELSEWHERE),
    "GetAlipayUrl": ("GET", "/openapi/alipay/transfer/url", _ELSEWHERE),
    "GetAlipayTransferStatus": ("POST", "/openapi/alipay/transfer/status", _ELSEWHERE),
}


def _declare(name: str, method: str, path: str, instead: str) -> None:
    def refuse(_tx: Tx, _caller: Caller, _wanted: Nothing) -> Done:
        raise NOT_SERVED(action=name, instead=instead)

    refuse.__doc__ = "Refused: not built. " + instead
    BAILIAN.action(name, permission=None, method=method, path=path, faults=(NOT_SERVED,))(refuse)


for _name, _entry in _ACTIONS.items():
    _declare(_name, *_entry)
