"""Random policies and queries from one small vocabulary, so that near misses and hits are both common.

Everything is a function of the `Random` that is passed in.
"""

from __future__ import annotations

import json
from random import Random
from typing import Any

KINDS = (
    "ControlPolicy",
    "SessionPolicy",
    "AccountLevelIdentityBasedPolicy",
    "ResourceGroupLevelIdentityBasedPolicy",
    "AssumeRolePolicy",
)
TRUST = KINDS[-1]
SERVICES = ("ram", "sts", "ims", "oss")
NAMES = ("GetUser", "ListUsers", "getuser", "AssumeRole", "PutObject")
ACCOUNTS = ("1", "2", "system")
REGIONS = ("", "*", "cn", "us")
RELATIVE = (
    "user/alice", "user/Alice", "user/bob", "user/*", "role/dev", "role/Dev-a", "policy/P", "root", "*",
    "bucket/a", "bucket/A", "bucket/a:b", "user/a:1:user/bob", "group/g", "Mfa/x", "mfa/X",
)  # fmt: skip
CONTEXT: dict[str, tuple[str, ...]] = {
    "acs:SourceIp": ("10.0.0.1", "10.9.0.1", "::1", "2001:db8::5", "::ffff:10.0.0.1", "not an address"),
    "acs:CurrentTime": (
        "2030-01-01T00:00:00Z", "2030-01-01T08:00:00+08:00", "2029-12-31T23:59:59Z", "soon",
    ),
    "acs:MFAPresent": ("true", "false", "TRUE", "perhaps"),
    "acs:PrincipalARN": ("acs:ram:*:1:user/alice", "acs:ram::1:user/alice", "acs:ram:cn:1:user/Alice"),
    "acs:RequestTag/Team": ("red", "Red", "blue", "re*", "r"),
    "acs:requesttag/team": ("red", "Red"),
    "sts:ExternalId": ("42", "42.0", "4e1", "43", "-1", "x"),
}  # fmt: skip
VALUES: dict[str, tuple[str, ...]] = {
    "string": (
        *("red", "Red", "RED", "re*", "r?d", "*", "blue", "42", "true", "acs:ram::1:user/alice"),
        *("acs:ram:*:*:user/alice", "acs:ram:us:1:user/Alice", "acs:ram:*:1:user/al*", "10.0.0.1"),
    ),
    "numeric": ("42", "42.00", "43", "-1", "4.2e1", "4"),
    "date": ("2030-01-01T00:00:00Z", "2030-01-01T00:00:00+08:00", "2029-12-31", "2030-01-01T00:00:00.5Z"),
    "bool": ("true", "false", "True"),
    "ip": ("10.0.0.0/16", "10.0.0.1", "::1", "2001:db8::/32", "0.0.0.0/0", "::/0", "10.0.0.9/8"),
}
COMPARISONS = ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals")
OPERATORS: tuple[tuple[str, str], ...] = (
    *(("String" + name, "string") for name in (
        "Equals", "NotEquals", "EqualsIgnoreCase", "NotEqualsIgnoreCase", "Like", "NotLike")),
    *(("Numeric" + name, "numeric") for name in COMPARISONS),
    *(("Date" + name, "date") for name in COMPARISONS),
    ("Bool", "bool"),
    ("IpAddress", "ip"),
    ("NotIpAddress", "ip"),
)  # fmt: skip
FITTING = {
    "numeric": ("sts:ExternalId",),
    "date": ("acs:CurrentTime",),
    "bool": ("acs:MFAPresent",),
    "ip": ("acs:SourceIp",),
    "string": ("acs:RequestTag/Team", "acs:PrincipalARN", "ACS:principalarn", "acs:RequestTag/team"),
}
CALLERS: tuple[dict[str, Any] | None, ...] = (
    {"account": "1", "arns": ["acs:ram::1:user/Alice"]},
    {"account": "1", "arns": ["acs:ram:*:1:role/dev"]},
    {"account": "2", "arns": ["acs:ram::2:user/alice"]},
    {"account": "1", "service": "ecs.aliyuncs.com"},
    {"account": "1", "federated": "acs:ram::1:saml-provider/Idp"},
    None,
)
PRINCIPALS = {
    "RAM": ("acs:ram::1:root", "acs:ram::1:user/alice", "acs:ram::1:role/dev", "acs:ram::2:root"),
    "Service": ("ecs.aliyuncs.com", "1@ecs.aliyuncs.com", "ECS.aliyuncs.com", "fc.aliyuncs.com"),
    "Federated": ("acs:ram::1:saml-provider/Idp", "acs:ram::1:oidc-provider/x"),
}


def spoiled(rng: Random, text: str) -> str:
    """`text`, often with a piece of it replaced by a wildcard or its case changed."""
    for _ in range(rng.choice((0, 1, 1, 2))):
        start = rng.randrange(len(text) + 1)
        stop = min(len(text), start + rng.randrange(6))
        change = rng.choice(("*", "*", "?", "**", "swap", "cut"))
        if change == "swap":
            text = text[:start] + text[start:stop].swapcase() + text[stop:]
        elif change == "cut":
            text = text[:start] + "*"
        else:
            text = text[:start] + change + text[stop:]
    return text or "*"


def some(rng: Random, make: Any, most: int = 3) -> Any:
    """One value, or a list of a few."""
    found = [make() for _ in range(rng.randint(1, most))]
    return found[0] if len(found) == 1 and rng.random() < 0.5 else found


def action(rng: Random) -> str:
    return f"{rng.choice(SERVICES)}:{rng.choice(NAMES)}"


def resource(rng: Random) -> str:
    service = "ram" if rng.random() < 0.5 else rng.choice(SERVICES)
    region = rng.choice(REGIONS)
    return f"acs:{service}:{region}:{rng.choice(ACCOUNTS)}:{rng.choice(RELATIVE)}"


def action_pattern(rng: Random) -> str:
    return "*" if rng.random() < 0.3 else spoiled(rng, action(rng))


def resource_pattern(rng: Random) -> str:
    return "*" if rng.random() < 0.3 else spoiled(rng, resource(rng))


def condition(rng: Random) -> dict[str, Any]:
    blocks: dict[str, Any] = {}
    for _ in range(rng.randint(1, 2)):
        name, family = rng.choice(OPERATORS)
        chance = rng.random()
        if chance < 0.03:
            name, family = "Null", "bool"
        elif chance < 0.06:
            name = "ArnLike"
        elif chance < 0.16:
            name = rng.choice(("ForAnyValue:", "ForAllValues:")) + name
        if name != "Null" and rng.random() < 0.1:
            name += "IfExists"
        if rng.random() < 0.1:
            name = name.lower()
        key = rng.choice(FITTING[family]) if rng.random() < 0.9 else rng.choice(tuple(CONTEXT))
        values = some(rng, lambda family=family: rng.choice(VALUES[family]))
        if rng.random() < 0.03:
            values = "never readable"
        blocks.setdefault(name, {})[key] = values
    if "Null" in blocks:
        blocks["Null"] = {key: rng.choice(VALUES["bool"]) for key in blocks["Null"]}
    return blocks


def statement(rng: Random, kind: str) -> dict[str, Any]:
    out: dict[str, Any] = {"Effect": "Deny" if rng.random() < 0.2 else "Allow"}
    out["NotAction" if rng.random() < 0.12 else "Action"] = some(rng, lambda: action_pattern(rng))
    if kind != TRUST:
        name = "NotResource" if rng.random() < 0.08 else "Resource"
        out[name] = some(rng, lambda: resource_pattern(rng))
    elif rng.random() < 0.95:
        kinds = rng.sample(sorted(PRINCIPALS), rng.randint(1, 2))
        out["Principal"] = {each: some(rng, lambda each=each: rng.choice(PRINCIPALS[each])) for each in kinds}
    if rng.random() < 0.4:
        out["Condition"] = condition(rng)
    return out


def document(rng: Random, kind: str) -> str:
    statements = [statement(rng, kind) for _ in range(rng.randint(1, 4))]
    return json.dumps({"Version": "1", "Statement": statements})


def layers(rng: Random) -> list[tuple[str, list[str]]]:
    """A few layers, one of each kind at most, in any order."""
    kinds = rng.sample(KINDS, rng.choice((1, 1, 1, 2, 2, 3)))
    return [(kind, [document(rng, kind) for _ in range(rng.randint(1, 2))]) for kind in kinds]


def query(rng: Random) -> dict[str, Any]:
    context: dict[str, Any] = {}
    for key in rng.sample(sorted(CONTEXT), rng.randint(0, 5)):
        head, slash, tag = key.partition("/")
        name = head.lower() + slash + tag
        values = tuple(rng.choice(CONTEXT[key]) for _ in range(rng.choice((1, 1, 1, 0, 2))))
        context[name] = values[0] if len(values) == 1 else values
    wanted = action(rng)
    alias = None if rng.random() < 0.8 else "ims:" + wanted.partition(":")[2]
    return {
        "action": wanted,
        "resource": rng.choice(("*", "", None)) if rng.random() < 0.1 else resource(rng),
        "context": context,
        "principal": rng.choice(CALLERS),
        "alias_action": alias,
    }
