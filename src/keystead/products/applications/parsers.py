"""From a file to its text.  Text, Markdown, CSV and JSON by itself; PDF and DOCX with the extra `[documents]`.

What people send is hostile: the text is bounded, and whatever a parser raises means that the file cannot be read.
"""

from __future__ import annotations

import importlib.util
import io
import time
import zipfile
from collections.abc import Callable

MOST_TEXT = 2_000_000
"""Characters of one file."""
MOST_UNPACKED = 50_000_000
"""Bytes that a compressed file may unpack to."""
MOST_SECONDS = 20
"""Asked after each page; a single page's time is bounded by its size only."""

CHOSEN_BY_TYPE = ("AUTO_SELECT", "DASHSCOPE_DOCMIND")
"""The vendor's parsers that leave the choice to the server; here it is made by the file's type."""


class UnreadableError(Exception):
    """The file cannot be read; the text says why."""


def _plain(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableError(f"it is not UTF-8 text: {error.reason} at byte {error.start}") from None


def _pdf(content: bytes) -> str:
    import pypdf

    parts: list[str] = []
    size = 0
    until = time.monotonic() + MOST_SECONDS
    for page in pypdf.PdfReader(io.BytesIO(content)).pages:
        parts.append(page.extract_text())
        size += len(parts[-1])
        if size > MOST_TEXT:
            break
        if time.monotonic() > until:
            raise UnreadableError(f"reading it takes longer than {MOST_SECONDS} seconds")
    return "\n\n".join(parts)


def _docx(content: bytes) -> str:
    import docx

    with zipfile.ZipFile(io.BytesIO(content)) as parcel:
        size = sum(each.file_size for each in parcel.infolist())
    if size > MOST_UNPACKED:  # what is read of a part is never more than it declares here
        raise UnreadableError(f"unpacked it has {size} bytes, the limit is {MOST_UNPACKED}")
    document = docx.Document(io.BytesIO(content))
    parts = [paragraph.text for paragraph in document.paragraphs]
    parts += ["\t".join(cell.text for cell in row.cells) for table in document.tables for row in table.rows]
    return "\n".join(parts)


_READERS: dict[str, tuple[str, Callable[[bytes], str]]] = {
    "txt": ("", _plain),
    "md": ("", _plain),
    "markdown": ("", _plain),
    "csv": ("", _plain),
    "json": ("", _plain),
    "jsonl": ("", _plain),
    "pdf": ("pypdf", _pdf),
    "docx": ("docx", _docx),
}


def readable() -> list[str]:
    """The file types that this installation reads."""
    return [name for name, (module, _) in _READERS.items() if not module or importlib.util.find_spec(module)]


def type_of(name: str) -> str:
    """The type that a file's name ends in, in lower case, "" for none."""
    return name.rpartition(".")[2].lower() if "." in name else ""


def read(name: str, content: bytes) -> str:
    """The text of a file.  Raises `UnreadableError`."""
    kind = type_of(name)
    if kind not in readable():
        raise UnreadableError(f"files of the type {kind or '(none)'} are not read here")
    try:
        text = _READERS[kind][1](content)
    except UnreadableError:
        raise
    except Exception as error:  # noqa: BLE001 - a parser of hostile bytes may raise anything
        raise UnreadableError(f"its parser failed: {type(error).__name__}") from None
    text = text.replace("\x00", "").strip()
    if not text:
        raise UnreadableError("there is no text in it")
    if len(text) > MOST_TEXT:
        raise UnreadableError(f"it has more than {MOST_TEXT} characters")
    return text
