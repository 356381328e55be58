"""From files to texts, also where the files are hostile."""

from __future__ import annotations

import io
import zipfile

import docx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keystead.products.applications import parsers
from keystead.products.applications.parsers import UnreadableError

NAMES = ("a.txt", "a.md", "a.pdf", "a.docx", "a.exe", "a")


def pdf(text: str) -> bytes:
    """A PDF of one page that says `text`."""
    stream = f"BT /F1 24 Tf 72 720 Td ({text}) Tj ET".encode()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R "
        b"/Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    out = io.BytesIO(b"%PDF-1.4\n")
    out.seek(0, io.SEEK_END)
    places = []
    for number, each in enumerate(objects, 1):
        places.append(out.tell())
        out.write(b"%d 0 obj\n%s\nendobj\n" % (number, each))
    start = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    for place in places:
        out.write(b"%010d 00000 n \n" % place)
    out.write(b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start))
    return out.getvalue()


def word(*paragraphs: str) -> bytes:
    """A DOCX of these paragraphs and a table."""
    document = docx.Document()
    for each in paragraphs:
        document.add_paragraph(each)
    table = document.add_table(1, 2)
    table.cell(0, 0).text, table.cell(0, 1).text = "kettle", "room 4711"
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def test_every_kind_of_file() -> None:
    assert parsers.read("a.TXT", "\ufeffHéllo".encode()) == "Héllo"
    assert parsers.read("a.pdf", pdf("Oolong is steeped")) == "Oolong is steeped"
    assert parsers.read("a.docx", word("first", "second")) == "first\nsecond\nkettle\troom 4711"


def test_a_parcel_that_unpacks_to_too_much() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as parcel:
        parcel.writestr("word/document.xml", b"0" * (parsers.MOST_UNPACKED + 1))
    with pytest.raises(UnreadableError, match="unpacked"):
        parsers.read("bomb.docx", out.getvalue())


@pytest.mark.filterwarnings("ignore")
@settings(deadline=None)  # the first call imports a parser
@given(st.sampled_from(NAMES), st.one_of(st.binary(max_size=300), st.binary(max_size=40).map(lambda b: pdf("x") + b)))
def test_any_bytes_give_a_text_or_a_reason(name: str, content: bytes) -> None:
    try:
        text = parsers.read(name, content)
    except UnreadableError as error:
        assert str(error)  # noqa: PT017
    else:
        assert text
        assert "\x00" not in text
