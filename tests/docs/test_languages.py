"""Both languages of the guides say the same: the same pages, headings, code, tables and links."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs.reading import ROOT, blocks
from keystead.console.help.library import GUIDES, LANGUAGES, Library, root
from keystead.console.texts import language

GUIDES_FOLDER = ROOT / "docs/guides"
NAMES = sorted(path.stem for path in GUIDES_FOLDER.glob("*.md"))
LIBRARY = Library(ROOT)
HAN = re.compile(r"[\u3400-\u9fff]")


def texts(name: str) -> tuple[str, str]:
    english, chinese = GUIDES_FOLDER / f"{name}.md", GUIDES_FOLDER / f"zh/{name}.md"
    return english.read_text("utf-8"), chinese.read_text("utf-8")


def prose(text: str) -> str:
    """What is written by hand and is no code: neither blocks nor the table of codes that a script makes."""
    text = re.sub(r"^<!-- made by .*?^<!-- end -->", "", text, flags=re.DOTALL | re.MULTILINE)
    return re.sub(r"^ *```.*?^ *```$", "", text, flags=re.DOTALL | re.MULTILINE)


def code(text: str) -> list[tuple[str, str]]:
    """The blocks without comments, the one thing in them that is translated."""
    return [(language, re.sub(r"[ \t]+#[^\n\"']*$", "", body, flags=re.MULTILINE)) for language, body in blocks(text)]


def tables(text: str) -> list[tuple[int, tuple[str, ...]]]:
    """Of each line of a table: how many cells it has, and the code in it."""
    lines = [line for line in prose(text).splitlines() if line.startswith("|")]
    return [(line.count("|"), tuple(sorted(re.findall(r"`([^`]+)`", line)))) for line in lines]


def test_no_page_is_missing_in_either_language_or_in_the_index() -> None:
    assert sorted(path.stem for path in (GUIDES_FOLDER / "zh").glob("*.md")) == NAMES
    assert sorted(name for _, names in GUIDES for name in names) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_the_same_headings(name: str) -> None:
    english, chinese = (LIBRARY.pages[language, name] for language in LANGUAGES)
    assert [each.level for each in english.headings] == [each.level for each in chinese.headings]
    assert [each.anchor for each in english.headings] == [each.anchor for each in chinese.headings]


@pytest.mark.parametrize("name", NAMES)
def test_the_same_code(name: str) -> None:
    english, chinese = texts(name)
    assert code(chinese) == code(english)


@pytest.mark.parametrize("name", NAMES)
def test_the_same_tables(name: str) -> None:
    english, chinese = texts(name)
    assert tables(chinese) == tables(english)


@pytest.mark.parametrize("name", NAMES)
def test_the_same_links(name: str) -> None:
    """By where they lead in the console, which is the same place for both."""

    def led(language: str) -> list[str]:
        page = LIBRARY.pages[language, name]
        return sorted(LIBRARY.follow(page, link) for link in re.findall(r"\]\(([^)\s]+)\)", prose(page.text)))

    assert led("zh") == led("en")


@pytest.mark.parametrize("name", NAMES)
def test_the_same_commands_in_running_text(name: str) -> None:
    english, chinese = (sorted(set(re.findall(r"`(keystead [^`\n]+)`", prose(text)))) for text in texts(name))
    assert chinese == english


@pytest.mark.parametrize("name", NAMES)
def test_each_is_written_in_its_language(name: str) -> None:
    """Nearly every paragraph of the Chinese page is Chinese, and no Chinese sign stands in the English one."""
    english, chinese = texts(name)
    assert not HAN.search(english)
    paragraphs = [each for each in re.split(r"\n\n+", prose(chinese)) if len(each) > 60 and "|---" not in each]
    assert all(HAN.search(each) for each in paragraphs)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "errors"])
def test_labels_of_the_console_are_called_as_it_calls_them(name: str) -> None:
    """What stands in quotation marks is a label; its Chinese is the one that the console's own texts have."""
    known = language("zh").table
    english, chinese = (re.sub(r"`[^`\n]*`", "", prose(text)).replace("\n", " ") for text in texts(name))
    pairs = list(zip(re.findall(r'"([^"]+)"', english), re.findall(r"“([^”]+)”", chinese), strict=True))
    for label, shown in pairs:
        assert known.get(label, shown) == shown, label
    assert not pairs or any(label in known for label, _ in pairs)


def test_the_documents_of_a_checkout_are_the_ones_that_are_served() -> None:
    assert root() == Path(ROOT)
