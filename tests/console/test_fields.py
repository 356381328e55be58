"""What a form field is told of the parameter that it fills."""

from __future__ import annotations

import re

import pytest

from keystead.console.fields import for_browsers


@pytest.mark.parametrize(
    ("pattern", "wanted"),
    [
        ("[A-Za-z0-9._-]+", r"[A-Za-z0-9._\-]+"),
        ("[A-Za-z0-9_+/-]+", r"[A-Za-z0-9_+\/\-]+"),
        (r"[\w.-]{1,3}|a-b", r"[\w.\-]{1,3}|a-b"),
        (r"[^-(\]]\[x", r"[^\-\(\]]\[x"),
        ("[!-~]*", "[!-~]*"),
    ],
)
def test_a_pattern_is_written_as_browsers_compile_it(pattern: str, wanted: str) -> None:
    """Unescaped hyphens and brackets within brackets are errors there, and what is in error checks nothing."""
    assert for_browsers(pattern) == wanted
    for text in ("a", "-", "/", "(", "]", "[x", "a-b", "~", "é", "a_b"):
        assert bool(re.fullmatch(pattern, text)) is bool(re.fullmatch(wanted, text)), text
