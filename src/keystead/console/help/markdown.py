"""Markdown to HTML, by markdown-it: no HTML of its own passes, links lead to pages here, code shows this server."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import OptionsDict

from keystead.console.help.here import Here, fill
from keystead.console.help.library import Heading

_BREAK = "<br>"


@dataclass(frozen=True, slots=True)
class Setting:
    """What a rendering needs to know of its surroundings.

    follow: where a link leads.  where: the settings to fill in.  headings: those of the text, in order.
    copy: what the button beside a block of code is called.
    """

    follow: Callable[[str], str]
    where: Here
    headings: Sequence[Heading]
    copy: str = "Copy"


def render(text: str, setting: Setting) -> str:
    """The text as HTML, with the console's classes for what can be copied and what scrolls."""
    return str(_MARKDOWN.render(text, {"setting": setting, "heading": 0}))


class _Renderer(RendererHTML):
    def heading_open(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: Any) -> str:
        """With the anchor that the page's other language has too."""
        heading = env["setting"].headings[env["heading"]]
        env["heading"] += 1
        tokens[index].attrSet("id", heading.anchor)
        return self.renderToken(tokens, index, options, env)

    def link_open(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: Any) -> str:
        """To the page here; what leads elsewhere tells nobody where it was read."""
        target = env["setting"].follow(str(tokens[index].attrs["href"]))
        tokens[index].attrSet("href", target)
        if "://" in target:
            tokens[index].attrSet("rel", "noopener noreferrer")
        return self.renderToken(tokens, index, options, env)

    def fence(self, tokens: Sequence[Token], index: int, _options: OptionsDict, env: Any) -> str:
        """As it is to be copied: with this server's settings, and the button for it."""
        setting = env["setting"]
        code = escape(fill(tokens[index].content, setting.where))
        button = f'<button type="button" class="copy" data-copy="{code}" aria-label="{escape(setting.copy)}"></button>'
        return f'<div class="snippet"><pre tabindex="0"><code>{code}</code></pre>{button}</div>\n'

    def code_inline(self, tokens: Sequence[Token], index: int, _options: OptionsDict, env: Any) -> str:
        """As it is to be copied, like a block."""
        return f"<code>{escape(fill(tokens[index].content, env['setting'].where))}</code>"

    def table_open(self, *_: Any) -> str:
        """In a box that scrolls by itself where the window is narrow."""
        return '<div class="scroll" tabindex="0"><table>\n'

    def table_close(self, *_: Any) -> str:
        """The end of that box."""
        return "</table></div>\n"


def _break(state: StateInline, silent: bool) -> bool:
    """`<br>`, the one way to a new line inside a table's cell; all other HTML is shown as it is written."""
    if not state.src.startswith(_BREAK, state.pos):
        return False
    if not silent:
        state.push("hardbreak", "br", 0)
    state.pos += len(_BREAK)
    return True


def _markdown() -> MarkdownIt:
    made = MarkdownIt("commonmark", {"html": False}, renderer_cls=_Renderer).enable("table")
    made.inline.ruler.before("text", "break", _break)
    return made


_MARKDOWN = _markdown()
