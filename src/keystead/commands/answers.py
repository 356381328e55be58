"""What of an answer is shown: a JMESPath expression's part of it, rows of a table, the text of a cell."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from keystead.commands.errors import printable, usage


def compiled(expression: str, flag: str) -> Any:
    """A JMESPath expression, or a usage error that points at the mistake."""
    import jmespath
    from jmespath.exceptions import JMESPathError

    try:
        return jmespath.compile(expression)
    except (JMESPathError, ValueError) as error:
        first = str(error).splitlines()[0]
        raise usage(
            f"{flag} {expression!r} is not JMESPath: {first}", "See https://jmespath.org/tutorial.html."
        ) from None


def search(query: Any, flag: str, value: Any) -> Any:
    """Apply a compiled expression; what it cannot do with the answer is a usage error."""
    from jmespath.exceptions import JMESPathError

    try:
        return query.search(value)
    except JMESPathError as error:
        raise usage(f"{flag} cannot be applied to the answer: {str(error).splitlines()[0]}") from None


def rows_of(value: Any) -> tuple[list[Mapping[str, Any]] | None, dict[str, Any]]:
    """Find the list in `{"Users": {"User": [...]}, "RequestId": …}`; the rest stays beside it."""
    if isinstance(value, list):
        return [_row(each) for each in value], {}
    if not isinstance(value, dict):
        return None, {}
    for name, inner in value.items():
        found = next(iter(inner.values())) if isinstance(inner, dict) and len(inner) == 1 else inner
        if isinstance(found, list) and all(isinstance(each, dict) for each in found):
            return list(found), {key: each for key, each in value.items() if key not in (name, "RequestId")}
    flat: dict[str, Any] = {}
    for name, inner in value.items():
        if isinstance(inner, dict):
            flat |= {f"{name}.{key}": each for key, each in inner.items()}
        elif name != "RequestId" or len(value) == 1:
            flat[name] = inner
    return None, flat


def _row(value: Any) -> Mapping[str, Any]:
    """An object as it is; a list, as `--query 'Users.User[].[UserName, UserId]'` makes, by position."""
    if isinstance(value, dict):
        return value
    if isinstance(value, list):
        return {str(position): each for position, each in enumerate(value, 1)}
    return {"Value": value}


def cell_of(value: Any) -> str:
    """A value as the text of one cell."""
    if value is None:
        return ""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    return printable(json.dumps(value, ensure_ascii=False))
