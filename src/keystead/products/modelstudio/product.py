"""The product Model Studio and the shapes that its resources share.

Envelopes differ by family and are kept apart: `Envelope` for workspaces and API keys, `ModelsEnvelope`, which says
`errorMessage`, for models, permissions and limits, `BillingEnvelope` without a status.  Source: model-studio.md
0.1 and b.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, TypeVar

from keystead.faults import FaultKind
from keystead.products import pages
from keystead.products.action import Product
from keystead.wire.answers import Output
from keystead.wire.parameters import Input, Text, Whole

MODEL_STUDIO = Product("ModelStudio", "2026-02-10", "modelstudio", roa=True, request_id="requestId")

NEXT_TOKEN_INVALID = FaultKind(
    "InvalidParameter.nextToken",
    400,
    "The parameter nextToken was not answered by this server.",
    "Start again without nextToken, and pass on each answer's nextToken unchanged.",
)

Token = Annotated[str, Text(0, 512, doc="what the page before answered")]
Results = Annotated[int, Whole(1, 100, fault="InvalidParameter.maxResults", doc="how many on a page")]
ManyResults = Annotated[int, Whole(0, 200, fault="InvalidParameter.maxResults", doc="how many on a page; 0: 20")]
Substring = Annotated[str, Text(0, 256, doc="a part of it")]

Row = TypeVar("Row")


class StudioInput(Input, frozen=True, rename="camel"):
    """Base of the inputs: wire names in camelCase."""


class Part(Output, frozen=True, rename="camel"):
    """Base of what stands inside an answer."""


class Envelope(Output, frozen=True, rename="camel"):
    """What answers about workspaces and API keys carry."""

    success: bool = True
    code: str = "200"
    message: str = "success"
    http_status_code: int = 200


class ModelsEnvelope(Output, frozen=True, rename="camel"):
    """What answers about models, permissions and limits carry: `errorMessage`, and an empty code on success."""

    success: bool = True
    code: str = ""
    error_message: str = ""
    http_status_code: int = 200


class BillingEnvelope(Output, frozen=True, rename="camel"):
    """What answers about billing carry."""

    success: bool = True
    code: str = "200"
    message: str = "success"


def window(rows: Sequence[Row], key: Callable[[Row], str], token: str, size: int) -> tuple[list[Row], str]:
    """A page of rows that stand in order of `key`, and the token of the next one, "" at the end.

    Raises `InvalidParameter.nextToken`.
    """
    last = pages.after(token, NEXT_TOKEN_INVALID)
    rest = [row for row in rows if not last or key(row) > last]
    found = rest[:size]
    return found, pages.marker(key(found[-1])) if len(rest) > size else ""
