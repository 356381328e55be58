"""One workload for every engine: statements as plain values, and requests that hit and miss them.

Resources name region and account in full, and wildcards are stars, so that each engine can say the same thing with
what it is best at: exact names in its own scopes, patterns in its own pattern language.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

VERBS = ("Get", "List", "Put", "Delete")
THINGS = ("Object", "Bucket", "Model", "Key", "Task")


@dataclass(frozen=True, slots=True)
class Rule:
    """One statement."""

    deny: bool
    action: str
    resource: str


def owned(service: str, number: int) -> str:
    return f"acs:{service}:cn-beijing:1:{service}-{number}"


def rules(count: int) -> list[Rule]:
    """`count` statements: exact and wildcard actions and resources in every pairing, one Deny in eight."""
    out = []
    for number in range(count):
        action = f"oss:{VERBS[number % 4]}{THINGS[number % 5]}"
        out.append(
            (
                Rule(False, action, f"{owned('oss', number)}/data"),
                Rule(False, action, f"{owned('oss', number)}/*"),
                Rule(False, "modelstudio:Get*", f"{owned('modelstudio', number)}"),
                Rule(False, "modelstudio:*", f"{owned('modelstudio', number)}/app/*"),
                Rule(False, f"ecs:*{THINGS[number % 5]}", f"{owned('ecs', number)}/*"),
                Rule(True, "oss:Delete*", f"{owned('oss', number - 4)}/*"),
                Rule(False, action, f"acs:oss:*:1:*-{number}/log"),
                Rule(True, action, f"{owned('oss', number - 6)}/data"),
            )[number % 8]
        )
    return out


def requests(written: list[Rule], count: int, seed: int) -> list[tuple[str, str]]:
    """`count` pairs of action and resource: half aim at a rule, the others at something near one."""
    rng = Random(seed)
    out = []
    for _ in range(count):
        rule = rng.choice(written)
        other = rng.choice(written) if rng.random() < 0.5 else rule
        fill = rng.choice(THINGS)
        resource = other.resource.replace(":*:1:*-", ":cn-beijing:1:oss-")
        out.append((rule.action.replace("*", fill), resource.replace("*", f"{rng.randrange(1_000_000)}")))
    return out
