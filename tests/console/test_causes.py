"""The Signature Debugger's causes in Chinese: every sentence, every phrase that is filled in, on the page too."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from string import Formatter

import pytest

from keystead.console.causes import PHRASES, said
from keystead.console.texts import language
from keystead.signing.diagnosis.causes import ALL, REFUSED_BEFORE, SECRET_BLANK, CauseKind
from services.browser import console_user
from services.server import Server

from .plain import Reader

ENGLISH, CHINESE = language("en"), language("zh")
FILLED = {"what": "a tab", "where": " in the parameter Tag.1", "way": "behind", "order": "by name", "wanted": "alone"}


@pytest.mark.parametrize("kind", [kind for kind in ALL if kind is not REFUSED_BEFORE], ids=lambda kind: kind.name)
def test_a_cause_is_said_in_chinese_with_what_was_filled_in(kind: CauseKind) -> None:
    names = {name for text in (kind.message, kind.next_step) for _, name, _, _ in Formatter().parse(text) if name}
    filled = FILLED | ({"where": "behind"} if kind is SECRET_BLANK else {})
    cause = kind(**{name: filled.get(name, f"<{name}>") for name in names})
    for template, sentence in ((kind.message, cause.message), (kind.next_step, cause.next_step)):
        assert said(ENGLISH, sentence) == sentence
        chinese = said(CHINESE, sentence)
        assert any("\u4e00" <= each <= "\u9fff" for each in chinese), chinese
        for name in names:
            if f"{{{name}}}" in template:
                assert (CHINESE.text(filled[name]) if filled.get(name) in PHRASES else "") in chinese
                assert name in FILLED or f"<{name}>" in chinese
        assert "in the parameter Tag.1" not in sentence or "（位于参数 Tag.1 中）" in chinese


def phrases() -> Iterator[str]:
    """The constants that are filled into causes as words."""
    for path in sorted(Path(str(files("keystead.signing.diagnosis"))).glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.keyword) and node.arg in ("what", "where", "way", "order"):
                yield from (
                    each.value for each in ast.walk(node.value)
                    if isinstance(each, ast.Constant) and isinstance(each.value, str)
                    and not isinstance(node.value, ast.JoinedStr)
                )  # fmt: skip


def test_what_is_filled_in_has_its_words() -> None:
    known = {*PHRASES, "", "METHOD&%2F&<encoded parameters> is wanted"}
    longer = "the query was signed encoded; ROA signature 1.0 signs its decoded names and values"
    assert set(phrases()) <= known | {longer}


def test_what_is_no_cause_stays_as_it_is() -> None:
    for text in ("", "Something else.", "The parameter was signed, but did not arrive"):
        assert said(CHINESE, text) == text


def test_the_page_says_it_in_chinese(console: Server) -> None:
    reader = Reader(console).sign_in(console_user(console, "qianming", "AdministratorAccess"))
    reader.get("/language?to=zh")
    reader.get("/signature-debugger")
    text = reader.post("/signature-debugger", Request="GET /?Action=ListUsers HTTP/1.1\nhost: 127.0.0.1\n\n")
    assert "请求未签名" in text or "请求中没有可以校验的签名。" in text
    assert "carries no signature" not in text
    reader.client.close()
