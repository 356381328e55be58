"""The Markdown files of `docs/` as pages: which there are, their headings, and what a link in them means here.

There is one source.  A wheel holds a copy below this folder, made by the build; a checkout is read as it stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

LANGUAGES = ("en", "zh")
PREFIX = "/console/help"
PART_LEVEL = 2

# In the order of the index; the groups' titles are the console's texts.
GUIDES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Get started", ("access-keys", "workspaces", "first-call", "clients")),
    ("Permissions and keys", ("policies-by-example", "rotation", "expiry-warnings", "leaked-key")),
    ("Model access", ("models", "applications")),
    ("Run and mend", ("running-in-production", "errors")),
)
# Pages beside the guides, in English only: name and file.
BESIDE = {
    "reference/actions": "docs/reference/actions.md",
    "reference/coverage": "docs/reference/coverage.md",
    "reference/settings": "docs/reference/settings.md",
    "security": "SECURITY.md",
    "changes": "CHANGELOG.md",
}
EXAMPLES = {"first_call.sh": "docs/examples/first_call.sh"}

# A page beyond this many characters is shown in parts, one for each of its second headings.
_LONG = 60_000

_HEADING = re.compile(r"^(#{1,6}) (.+?)\s*$", re.MULTILINE)
_FENCE = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
_CHINESE_BREAK = re.compile(
    r"(?<=[\u4e00-\u9fff])\n *+(?=[\u4e00-\u9fff“（])"
    r"|(?<=[，。；：、！？）”])\n *+(?![\n#|>-]|\d+\.|```|\*\*)"
)
_COMMENT = re.compile(r"^<!--.*?-->\n?", re.DOTALL | re.MULTILINE)
# What scripts derive and the console shows by other means: the table of error codes.
_DERIVED = re.compile(r"^<!-- made by .*?^<!-- end -->\n?", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading: level 1 to 6, its text, the anchor that it has here, and the one that its file's readers know."""

    level: int
    text: str
    anchor: str
    own_anchor: str


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands below it up to the next one."""

    heading: Heading
    text: str


@dataclass(frozen=True, slots=True)
class Page:
    """One file as a page.  name: its address below /console/help.  file: its path in a checkout.

    INVARIANT: both languages of a guide have the same anchors, so that a link needs to know no language.
    """

    name: str
    language: str
    file: PurePosixPath
    text: str
    headings: tuple[Heading, ...]

    @property
    def title(self) -> str:
        """The first heading."""
        return plain(self.headings[0].text)

    @property
    def is_long(self) -> bool:
        """Whether it is shown in parts."""
        return len(self.text) > _LONG

    def part_of(self, anchor: str) -> str:
        """The part that a heading stands in, by the part's anchor; "" for the beginning, and where there are none."""
        part = ""
        for heading in self.headings if self.is_long else ():
            if heading.level == PART_LEVEL:
                part = heading.anchor
            if heading.anchor == anchor:
                break
        return part

    def address(self, anchor: str = "") -> str:
        """Where a heading of it is, or its beginning."""
        part = self.part_of(anchor) if anchor else ""
        return f"{PREFIX}/{self.name}" + (f"/{part}" if part else "") + (f"#{anchor}" if anchor else "")

    def sections(self) -> Iterator[Section]:
        """The page in pieces, each with its heading."""
        places = list(_headings_in(self.text))
        ends = [start for start, _ in places[1:]] + [len(self.text)]
        for heading, (start, _), end in zip(self.headings, places, ends, strict=True):
            yield Section(heading, self.text[start:end])


class Library:
    """Every page that there is, read once."""

    def __init__(self, root: Path) -> None:
        """`root` holds `docs/`, SECURITY.md and CHANGELOG.md."""
        self._root = root

    @cached_property
    def pages(self) -> dict[tuple[str, str], Page]:
        """By language and name."""
        found: dict[tuple[str, str], Page] = {}
        for name in (name for _, names in GUIDES for name in names):
            english = _read(self._root, f"docs/guides/{name}.md", name, "en", None)
            chinese = _read(self._root, f"docs/guides/zh/{name}.md", name, "zh", english.headings)
            found |= {("en", name): english, ("zh", name): chinese}
        for name, file in BESIDE.items():
            found["en", name] = _read(self._root, file, name, "en", None)
        return found

    @cached_property
    def _by_file(self) -> dict[PurePosixPath, Page]:
        return {page.file: page for page in self.pages.values()}

    def page(self, name: str, language: str) -> Page | None:
        """A page, in English where it has no other language; None where there is none."""
        return self.pages.get((language, name)) or self.pages.get(("en", name))

    def example(self, name: str) -> str | None:
        """A program that the guides speak of."""
        file = EXAMPLES.get(name)
        return (self._root / file).read_text("utf-8") if file else None

    def address(self, name: str, anchor: str = "") -> str:
        """The address of a page, for the console's "?" links.  Raises `KeyError` for one that does not exist."""
        page = self.pages["en", name]
        if anchor and anchor not in {heading.anchor for heading in page.headings}:
            raise KeyError(f"{name}#{anchor}")
        return page.address(anchor)

    def follow(self, page: Page, link: str) -> str:
        """Where a link of a page leads in the console.  Raises `KeyError` for one that leads nowhere here."""
        target, _, anchor = unquote(link).partition("#")
        if "://" in target:
            return link
        file = _resolved(page.file.parent / target) if target else page.file
        for name, example in EXAMPLES.items():
            if file == PurePosixPath(example):
                return f"{PREFIX}/examples/{name}"
        found = self._by_file[file]
        here = {heading.own_anchor: heading.anchor for heading in found.headings}
        return found.address(here[anchor] if anchor else "")


def root() -> Path:
    """The folder that holds the documents: the package's own copy in an installed wheel, else the checkout."""
    packaged = Path(__file__).parent
    return packaged if (packaged / "docs").is_dir() else packaged.parents[3]


def anchor(heading: str) -> str:
    """The anchor of a heading, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def plain(text: str) -> str:
    """A line of Markdown as its readers see it: links without their addresses, no backticks and stars."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
    return re.sub(r"[`*]", "", text)


def _read(root: Path, file: str, name: str, language: str, like: tuple[Heading, ...] | None) -> Page:
    text = (root / file).read_text("utf-8")
    text = _COMMENT.sub("", _DERIVED.sub("", text))
    if language == "zh":
        text = _joined(text)
    headings = tuple(_numbered(match for _, match in _headings_in(text)))
    if like is not None:
        if [each.level for each in like] != [each.level for each in headings]:
            raise ValueError(f"{file} has other headings than its English page")
        headings = tuple(
            Heading(mine.level, mine.text, theirs.anchor, mine.own_anchor)
            for mine, theirs in zip(headings, like, strict=True)
        )
    return Page(name, language, PurePosixPath(file), text, headings)


def _joined(text: str) -> str:
    """Chinese without the line breaks inside its paragraphs: browsers would show each as a blank between two signs."""
    parts = re.split(f"({_FENCE.pattern})", text, flags=re.DOTALL | re.MULTILINE)
    return "".join(part if part.startswith("```") else _CHINESE_BREAK.sub("", part) for part in parts)


def _headings_in(text: str) -> Iterator[tuple[int, re.Match[str]]]:
    """Where each heading stands; what looks like one inside a fence is none."""
    hidden = _FENCE.sub(lambda fence: " " * len(fence[0]), text)
    yield from ((match.start(), match) for match in _HEADING.finditer(hidden))


def _numbered(matches: Iterator[re.Match[str]]) -> Iterator[Heading]:
    seen: dict[str, int] = {}
    for match in matches:
        own = anchor(match[2])
        count = seen.setdefault(own, 0)
        seen[own] += 1
        own += f"-{count}" if count else ""
        yield Heading(len(match[1]), match[2], own, own)


def _resolved(path: PurePosixPath) -> PurePosixPath:
    parts: list[str] = []
    for part in path.parts:
        if part == "..":
            parts.pop()
        elif part != ".":
            parts.append(part)
    return PurePosixPath(*parts)
