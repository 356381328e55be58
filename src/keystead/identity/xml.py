"""XML from outside, read without what makes XML dangerous: no DTD, no entities, no comments, bounded in size.

Comments are refused because they split a text where nobody sees it (`admin<!---->@example.com`); nothing that an
identity provider sends needs one.
"""

from __future__ import annotations

from typing import Any, TypeAlias

Element: TypeAlias = Any
"""An element of lxml, which ships no types."""


class UnfitXmlError(Exception):
    """The text is not XML, or XML that is not taken from outside; says which."""


def parse(text: bytes, most: int) -> Element:
    """The root element of a document of at most `most` bytes.  Raises `UnfitXmlError`."""
    if len(text) > most:
        raise UnfitXmlError(f"it has {len(text)} bytes; at most {most} are read")
    from lxml import etree  # where it is used: few nodes ever see an assertion, and every start would pay

    if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
        raise UnfitXmlError("it declares a document type or entities")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False
    )
    try:
        root = etree.fromstring(text, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise UnfitXmlError(f"it is not well-formed XML: {str(error)[:120]}") from None
    document = root.getroottree().docinfo
    if document.internalDTD is not None or document.externalDTD is not None:
        raise UnfitXmlError("it declares a document type")
    if any(not isinstance(node.tag, str) for node in root.iter()) or root.getprevious() is not None:
        raise UnfitXmlError("it holds comments, processing instructions or entities")
    if root.getnext() is not None:
        raise UnfitXmlError("something stands behind its root element")
    return root


def text_of(element: Element) -> str:
    """The text of an element that holds nothing but text.  Raises `UnfitXmlError`."""
    if len(element):
        raise UnfitXmlError(f"{element.tag.rpartition('}')[2]} holds elements where a text is expected")
    return (element.text or "").strip()
