"""Prompt variables: `${name}` in a text.  Source: reference/model-studio.md c.2."""

from __future__ import annotations

import re
from collections.abc import Mapping

_VARIABLE = re.compile(r"\$\{([^${}\s]{1,64})\}")


def names(text: str) -> list[str]:
    """The variables of a text, each once, in the order in which they come."""
    return list(dict.fromkeys(_VARIABLE.findall(text)))


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with its variables filled in, once: a value is never read as a template.

    A variable without a value stays as it is written, so that a text may hold `${…}` that means something else.
    """
    return _VARIABLE.sub(lambda found: values.get(found[1], found[0]), text)
