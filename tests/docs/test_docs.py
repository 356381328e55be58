"""What the documents say is true: links lead somewhere, commands exist, settings and ports are the real ones."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import typer

from docs.reading import ROOT, blocks, fenced, keystead_commands, tracked
from keystead.cli.main import app
from keystead.commands.errors import CommandError
from keystead.commands.parameters import split_tokens
from keystead.settings import OTHER_VARIABLES, SETTINGS, variable
from keystead.settings_load import load

PAGES = [path for path in tracked() if path.suffix == ".md" and path.exists()]
WRITTEN = [path for path in PAGES if "reference" not in path.parts]
LINK = re.compile(r"\]\(([^)\s]+)\)")
PROGRAM = typer.main.get_command(app)


def of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=of)
def test_relative_links_lead_somewhere(page: Path) -> None:
    text = page.read_text("utf-8")
    for link in LINK.findall(re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL)):
        target, _, anchor = link.partition("#")
        if "://" in target or target.startswith("mailto:"):
            continue
        found = (page.parent / target).resolve() if target else page
        assert found.exists(), f"{link} leads nowhere"
        if anchor:
            assert anchor in anchors(found), f"{link}: there is no such heading"


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text("utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


COMMANDS = [pytest.param(words, id=f"{of(page)}: {' '.join(words)[:70]}") for page, words in keystead_commands(WRITTEN)]


@pytest.mark.parametrize("words", COMMANDS)
def test_commands_and_their_options_exist(words: list[str]) -> None:
    command: Any = PROGRAM
    context = PROGRAM.context_class(PROGRAM, info_name="keystead")
    rest = list(words)
    while hasattr(command, "resolve_command"):
        assert rest, f"`keystead {' '.join(words)}` names no command"
        if rest[0] == "--help":
            return
        name, command, rest = command.resolve_command(context, rest)
        context = command.context_class(command, info_name=name, parent=context)
    known = {option: each for each in command.params for option in (*each.opts, *each.secondary_opts)}
    if "call" in words[:1]:
        from keystead.commands.catalogue import product

        action = product(words[1]).action(words[2])
        own = [each for pair in zip(words[3:], [*words[4:], ""], strict=True) if pair[0] in known for each in pair]
        split_tokens(action, [each for each in words[3:] if each not in own])
        return
    for option in (each.partition("=")[0] for each in rest if each.startswith("--")):
        assert option in known or option == "--help", f"keystead {' '.join(words)}: there is no {option}"


def test_the_check_of_commands_would_find_a_mistake() -> None:
    with pytest.raises(AssertionError, match="no --user-nam"):
        test_commands_and_their_options_exist(["ram", "create-user", "--user-nam", "alice"])
    with pytest.raises(CommandError):
        test_commands_and_their_options_exist(["rum", "create-user"])


@pytest.mark.parametrize("page", WRITTEN, ids=of)
def test_settings_are_real_ones(page: Path) -> None:
    text = page.read_text("utf-8")
    variables = {variable(name) for name in SETTINGS} | set(OTHER_VARIABLES)
    for name in set(re.findall(r"\bKEYSTEAD_[A-Z0-9_]+\b", text)):
        assert name in variables or name.startswith("KEYSTEAD_TEST_"), name
    for block in fenced(text, "toml"):
        for name in re.findall(r"^(\w+) *=", block, flags=re.MULTILINE):
            assert name in SETTINGS, name


@pytest.mark.parametrize("page", [page for page in WRITTEN if "```toml" in page.read_text("utf-8")], ids=of)
def test_settings_files_are_accepted(page: Path, tmp_path: Path) -> None:
    for number, block in enumerate(fenced(page.read_text("utf-8"), "toml")):
        file = tmp_path / f"{number}.toml"
        file.write_text(block)
        assert load(file, {}).file == file


def test_ports_are_the_real_ones() -> None:
    real = {str(SETTINGS["port"].default), str(SETTINGS["tls_port"].default)}
    for page in (ROOT / "README.md", ROOT / "docs/guides/clients.md", ROOT / "docs/guides/errors.md"):
        named = set(re.findall(r"(?:127\.0\.0\.1|localhost):(\d+)", page.read_text("utf-8")))
        assert named, page
        assert named <= real, f"{of(page)}: {named - real}"


@pytest.mark.parametrize("name", ["ARCHITECTURE.md", "CONTRIBUTING.md"])
def test_files_and_folders_are_there(name: str) -> None:
    text = re.sub(r"```.*?```", "", (ROOT / name).read_text("utf-8"), flags=re.DOTALL)
    for path in re.findall(r"`((?:[\w.-]+/)+(?:[\w.-]+\.(?:py|md|json|keys))?|\w+\.py)`", text):
        if path in ("nonces/", "tls/"):  # of a data directory
            continue
        places = (ROOT, ROOT / "src/keystead", ROOT / "src/keystead/products", ROOT / "tests/holes")
        assert any((place / path).exists() for place in places), path


def test_the_drawing_of_a_request_names_what_the_pipeline_calls() -> None:
    (drawing,) = (body for _, body in blocks((ROOT / "ARCHITECTURE.md").read_text("utf-8")) if "invoke()" in body)
    source = (ROOT / "src/keystead/server/dispatch.py").read_text("utf-8")
    steps = re.findall(r"^  ((?:\w+\.)?\w+) +│", drawing, flags=re.MULTILINE)
    assert len(steps) > 9
    for step in steps:
        assert step in source, step
    for path in re.findall(r"\w+/\w+\.py", drawing):
        assert (ROOT / "src/keystead" / path).exists(), path


@pytest.mark.parametrize("picture", sorted((ROOT / "docs/images").glob("*.svg")), ids=lambda path: path.name)
def test_pictures_are_small_and_whole(picture: Path) -> None:
    """Drawn as text: no script, nothing fetched, legible in light and dark, described for those who do not see it."""
    text = picture.read_text("utf-8")
    ElementTree.fromstring(text)  # noqa: S314 - our own file
    assert len(text) < 20_000
    assert "<desc" in text
    assert "prefers-color-scheme: dark" in text
    assert not re.search(r"<script|href=|url\((?!#)", text)


_ELSEWHERE = re.compile(
    r"(?<![\w.$~<>*\]}-])/(?-i:work|home|root|Users|mnt|workspace)/[\w.-]+"  # somebody's machine
    r"|https?://[\w.-]*(?:artifactory|nexus|devpi|verdaccio|registry\.[\w-]+|mirrors?\.[\w-]+|pypi\.(?!org))[\w.-]*",
    re.IGNORECASE,
)


def text_files() -> Iterator[tuple[Path, str]]:
    for path in tracked():
        if path.is_file() and path != Path(__file__):
            try:
                yield path, path.read_text("utf-8")
            except UnicodeDecodeError:
                continue


def test_no_file_names_somebodys_machine_or_registry() -> None:
    found = [f"{of(path)}: {hit.group()}" for path, text in text_files() for hit in _ELSEWHERE.finditer(text)]
    assert found == []


def test_documents_stand_alone() -> None:
    """No page points out of the repository's tree."""
    for page in WRITTEN:
        assert "../shared" not in page.read_text("utf-8"), page


def test_the_example_script_is_executable() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "--stage", "docs/examples"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert all(line.startswith("100755") for line in listed.stdout.splitlines())
