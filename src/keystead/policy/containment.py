"""Whether one thing of a policy surely holds wherever another does.

Patterns are compared soundly: where this says yes it is certain, and a doubtful case is a no.
"""

from __future__ import annotations

from collections.abc import Sequence

from keystead.policy import conditions
from keystead.policy.grammar import Item, RawStatement
from keystead.policy.patterns import Glob, fold


def covers(wide: RawStatement, narrow: RawStatement) -> bool:
    """Whether `wide` certainly applies wherever `narrow` does."""
    plain = not (wide.not_action or wide.not_resource or narrow.not_action or narrow.not_resource)
    if not plain or wide.principals is not None or narrow.principals is not None:
        return False
    if wide.conditions and _clauses(wide) != _clauses(narrow):
        return False
    return _all_within(narrow.actions, wide.actions, folded=True) and _all_within(narrow.resources, wide.resources)


def within(narrow: str, wide: str) -> bool:
    """Whether every text that the pattern `narrow` matches is matched by `wide`: certain where true."""
    if narrow == wide:
        return True
    # A star of `wide` matches the wildcards of `narrow` as it matches any text; a question mark of it does not.
    return not ("?" in wide and "*" in narrow) and Glob(wide).matches(narrow)


def _clauses(statement: RawStatement) -> frozenset[tuple[str, str, frozenset[str]]]:
    return frozenset(
        (
            each.operator.text.lower(),
            conditions.context_key(each.key.text),
            frozenset(value.text for value in each.values),
        )
        for each in statement.conditions
    )


def _all_within(narrow: Sequence[Item], wide: Sequence[Item], *, folded: bool = False) -> bool:
    patterns = [fold(each.text) if folded else each.text for each in wide]
    return all(any(within(fold(each.text) if folded else each.text, wanted) for wanted in patterns) for each in narrow)
