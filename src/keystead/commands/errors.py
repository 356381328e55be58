"""What a command is refused with, and how it ends."""

from __future__ import annotations

import unicodedata

OK = 0
API_ERROR = 1
USAGE = 2
UNREACHABLE = 3
SERVER_ERROR = 4
WAIT_EXPIRED = 5


class CommandError(Exception):
    """Ends a command.  code: exit code.  lines: name and value pairs printed below the message."""

    def __init__(
        self, code: int, message: str, *, next_step: str = "", lines: tuple[tuple[str, str], ...] = ()
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.next_step = next_step
        self.lines = lines


def usage(message: str, next_step: str = "") -> CommandError:
    """An error of the person who typed: nothing was sent."""
    return CommandError(USAGE, message, next_step=next_step)


def printable(text: str) -> str:
    """The text without control and formatting characters, which a server could use to write on the terminal."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        char if char in "\n\t" or unicodedata.category(char) not in ("Cc", "Cf") else f"\\u{ord(char):04x}"
        for char in text
    )
