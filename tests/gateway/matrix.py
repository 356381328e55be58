"""Reads `matrix.txt`, where the expected answers stand."""

from __future__ import annotations

from pathlib import Path

ACTS = (
    *("list IDs", "list applications", "read AgentKey", "list models"),
    *("compatible", "native", "application, compatible", "application, native", "application, legacy"),
    *("create workspace", "add member", "create key", "create application"),
)
"""What the table's columns are, from left to right."""


def rows() -> dict[str, dict[str, str]]:
    """Who → act → the expected answer: the status, and the code or what was shown."""
    lines = Path(__file__).with_name("matrix.txt").read_text().splitlines()
    meaning = dict(_pair(line) for line in lines if line[9:11] == "= ")
    table = [line.split("|") for line in lines if "|" in line][2:]
    found = {}
    for who, *cells in table:
        found[who.strip()] = {act: meaning[cell.strip()] for act, cell in zip(ACTS, cells, strict=True)}
    return found


def _pair(line: str) -> tuple[str, str]:
    word, _, answer = line.partition("= ")
    return word.strip(), answer.strip()
