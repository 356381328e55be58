"""Reading the documents: which files there are, their fenced blocks, the commands in them."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]


def tracked() -> list[Path]:
    """Every file of the repository, also those about to be added; without Git, the documents."""
    done = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.*")])
    return sorted({ROOT / name for name in done.stdout.split("\0") if name})


def fenced(text: str, language: str) -> list[str]:
    """The fenced blocks of that language, in order."""
    return [body for found, body in blocks(text) if found == language]


def blocks(text: str) -> list[tuple[str, str]]:
    """Every fenced block as language and text."""
    return re.findall(r"^```(\w*)\n(.*?)^```$", text, flags=re.DOTALL | re.MULTILINE)


def keystead_commands(pages: Iterable[Path]) -> Iterator[tuple[Path, list[str]]]:
    """Each `keystead …` command in a shell block, and in running text between backticks, without `keystead`."""
    for page in pages:
        text = page.read_text("utf-8")
        for language, body in blocks(text):
            if language in ("bash", "sh", "console"):
                for line in body.replace("\\\n", " ").splitlines():
                    yield from ((page, words) for words in _commands_of(line))
        for inline in re.findall(r"`(keystead [^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL)):
            words = shlex.split(inline.replace("…", ""))
            if "PRODUCT" not in words:
                yield page, words[1:]


def _commands_of(line: str) -> Iterator[list[str]]:
    line = line.removeprefix("$ ").strip()
    if line.startswith("#") or "keystead " not in line:
        return
    for part in re.split(r"(?<!\\)(?:\||&&|;|\$\()(?=(?:[^'\"]|'[^']*'|\"[^\"]*\")*$)", line):
        words = shlex.split(part.rstrip(") "), comments=True)
        while words and re.fullmatch(r"\w+=.*", words[0]):
            words.pop(0)
        if words and words[0].rpartition("/")[2] == "keystead" and "=" not in words[0]:
            yield [word for word in words[1:] if word not in (">", "<")]
