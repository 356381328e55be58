"""The help desk: what the pages of help show, put together from library, search and codes.  Read once per process."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache

from keystead.console.help.codes import GUIDE, Codes, shown, tells
from keystead.console.help.here import Here, fill
from keystead.console.help.library import (
    BESIDE,
    GUIDES,
    LANGUAGES,
    PART_LEVEL,
    PREFIX,
    Heading,
    Library,
    Page,
    plain,
    root,
)
from keystead.console.help.markdown import Setting, render
from keystead.console.help.search import Entry, Hit, entries, entry, search
from keystead.console.texts import language as words_of

_KEPT = 64
_MOST_ACTIONS = 60


@dataclass(frozen=True, slots=True)
class Shown:
    """A page or a part of one, ready to be put into a template.  contents: its second headings, with their addresses.

    language: the one that it is written in.
    """

    title: str
    language: str
    html: str
    contents: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ShownCode:
    """The page of an error code.

    said: of each declaration the message in the reader's language, the message as it is answered where that is another
    one, and the next step, all as HTML.  actions: who answers it, with the addresses of their reference.
    """

    name: str
    statuses: tuple[int, ...]
    said: tuple[tuple[str, str, str], ...]
    cause: str
    html: str
    actions: tuple[tuple[str, str], ...]
    more_actions: int


class Desk:
    """Help in every language."""

    def __init__(self, library: Library) -> None:
        """Nothing is read before it is asked for."""
        self.library = library
        self._codes = {code: cache(lambda code=code: Codes(library, code)) for code in LANGUAGES}
        self._rendered = lru_cache(maxsize=_KEPT)(self._render)

    def codes(self, language: str) -> Codes:
        """The error codes in a language."""
        return self._codes[language]()

    def groups(self, language: str, where: Here) -> list[tuple[str, list[tuple[str, str, str]]]]:
        """The index: each group's title, and its guides with address and first sentence."""
        pages = self.library.pages

        def line(name: str) -> tuple[str, str, str]:
            page = pages[language, name]
            return page.title, page.address(), fill(_first_sentence(page), where)

        return [(title, [line(name) for name in names]) for title, names in GUIDES]

    def page(self, name: str, language: str, where: Here, copy: str) -> Shown | None:
        """A page by the rest of its address, which may end in a part; None where there is none."""
        found, part = self.library.page(name, language), ""
        if found is None:
            name, _, part = name.rpartition("/")
            found = self.library.page(name, language)
            if found is None or part not in {found.part_of(each.anchor) for each in found.headings}:
                return None
        # The reference speaks of no server in particular, so one rendering is good for every reader.
        return self._rendered(found, part, Here() if found.name in BESIDE else where, copy)

    def _render(self, page: Page, part: str, where: Here, copy: str) -> Shown:
        sections = list(page.sections())
        if page.is_long:
            sections = [each for each in sections if page.part_of(each.heading.anchor) == part]
        title, headings = sections[0].heading, [each.heading for each in sections[1:]]
        text = "".join(each.text for each in sections).partition("\n")[2]  # the frame shows the title
        html = render(text, Setting(lambda link: self.library.follow(page, link), where, headings, copy))
        second = [each for each in (page.headings if page.is_long else headings) if each.level == PART_LEVEL]
        contents = tuple((plain(each.text), _place(page, each)) for each in second)
        return Shown(plain(title.text), page.language, html, contents)

    def code(self, name: str, language: str, where: Here, copy: str) -> ShownCode | None:
        """The page of an error code; None for one that nobody answers."""
        found = self.codes(language).find(name)
        if found is None:
            return None
        table, html = words_of(language).table, ""
        if found.section is not None:
            page = self.library.pages[language, GUIDE]
            text = found.section.text.partition("\n")[2]
            html = render(text, Setting(lambda link: self.library.follow(page, link), where, (), copy))
        said = []
        for each in found.said:
            message, step = table.get(each.message, each.message), table.get(each.next_step, each.next_step)
            as_answered = shown(each.message) if message != each.message else ""
            if tells(each.message) or tells(each.next_step):
                said.append((shown(message), as_answered, shown(step) if tells(step) else ""))
        actions = tuple((action, self._actions.get(action, "")) for action in found.actions[:_MOST_ACTIONS])
        cause = render(found.cause, Setting(str, where, (), copy)) if found.cause else ""
        return ShownCode(
            name, found.statuses, tuple(said), cause, html, actions, max(len(found.actions) - _MOST_ACTIONS, 0)
        )

    @cached_property
    def _actions(self) -> dict[str, str]:
        """Where each action's reference is, by Product:Action."""
        page, product, found = self.library.pages["en", "reference/actions"], "", {}
        for heading in page.headings:
            if heading.level == PART_LEVEL:
                product = heading.text.partition(" ")[0]
            else:
                found[f"{product}:{heading.text}"] = page.address(heading.anchor)
        return found

    @cached_property
    def _entries(self) -> list[Entry]:
        found = list(entries(self.library))
        for language in LANGUAGES:
            codes, table = self.codes(language), words_of(language).table
            for name in codes.names:
                code = codes.find(name)
                texts = [text for said in code.said for text in (said.message, said.next_step)] if code else []
                text = " ".join(table.get(text, text) for text in texts)
                found.append(entry(language, f"errors/{name}", "", name, name, text))
        return found

    def search(self, query: str, language: str) -> list[tuple[Hit, str]]:
        """What is found, with its address."""
        hits = search(query, self._entries, language)
        return [(hit, self._address(hit.entry)) for hit in hits]

    def _address(self, found: Entry) -> str:
        page = self.library.pages.get((found.language, found.name))
        return page.address(found.anchor) if page is not None else f"{PREFIX}/{found.name}"


def _first_sentence(page: Page) -> str:
    """What a guide begins with."""
    paragraph = next(page.sections()).text.partition("\n")[2].strip().partition("\n\n")[0]
    text = plain(re.sub(r"\s*\n\s*", "" if page.language == "zh" else " ", paragraph))
    return re.split(r"(?<=\.) (?=[A-Z])|(?<=。)", text, maxsplit=1)[0].rstrip(":：")


def _place(page: Page, heading: Heading) -> str:
    return page.address(heading.anchor) if page.is_long else f"#{heading.anchor}"


@cache
def desk() -> Desk:
    """This program's help."""
    return Desk(Library(root()))


def help_at(name: str, anchor: str = "") -> str:
    """The address of a guide for a "?" beside something; a test holds that none of the templates' names is wrong."""
    try:
        return desk().library.address(name, anchor)
    except KeyError:
        return PREFIX
