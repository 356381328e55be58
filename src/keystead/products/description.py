"""The declared actions as data and as text: what the CLI's catalogue and the reference pages are made from."""

from __future__ import annotations

from typing import Any

from keystead.products.action import Action, Product
from keystead.wire.parameters import Choice, Flag, Items, Object, Parameter, Text, Whole

_TYPES = {Text: "string", Whole: "integer", Choice: "string", Flag: "boolean", Items: "array", Object: "object"}


def catalogue(products: tuple[Product, ...]) -> dict[str, Any]:
    """What a client has to know to call an action, without importing it."""
    return {
        product.name.lower(): {
            "version": product.version,
            "style": "ROA" if product.roa else "RPC",
            "actions": {name: _entry(action) for name, action in sorted(product.actions.items())},
        }
        for product in products
    }


def _entry(action: Action) -> dict[str, Any]:
    return {
        "summary": action.summary,
        "writes": action.writes,
        "method": action.method,
        "path": action.path,
        "params": [_parameter(parameter) for parameter in action.parameters],
    }


def _parameter(parameter: Parameter) -> dict[str, Any]:
    rule = parameter.rule
    return {
        "name": parameter.name,
        "type": _TYPES[type(rule)],
        "required": parameter.required,
        "doc": rule.doc,
        "enum": list(rule.of) if isinstance(rule, Choice) else [],
        "json": isinstance(rule, Items | Object),
    }


def limits(parameter: Parameter) -> str:
    """The rule of a parameter in words."""
    match parameter.rule:
        case Text(min=low, max=high, pattern=pattern):
            length = f"{low} to {high} characters" if high < 65536 else "text"
            return f"{length}, `{pattern}`" if pattern else length
        case Whole(min=low, max=high):
            return f"{low} to {high}"
        case Choice(of=words):
            return " or ".join(f"`{word}`" for word in words)
        case Flag():
            return "`true` or `false`"
        case Items(max=most):
            return f"at most {most}; a JSON list, or `{parameter.name}.1`, `{parameter.name}.2`"
        case Object():
            return f"a JSON object, or `{parameter.name}.{parameter.members[0].name}`"


def page(products: tuple[Product, ...]) -> str:
    """The reference of every action, as Markdown."""
    parts = [
        "# Actions",
        "",
        "Every action that is served, made from its declaration. Authorization names what a policy must allow; what "
        "stands in braces comes from the request.",
    ]
    for product in products:
        parts += ["", f"## {product.name} {product.version}"]
        for name, action in sorted(product.actions.items()):
            parts += ["", f"### {name}", "", action.summary, "", _authorization(action)]
            if action.parameters:
                parts += ["", "| Parameter | Required | Limits | |", "|---|---|---|---|"]
                parts += [
                    f"| `{each.name}` | {'yes' if each.required else ''} | {limits(each).replace('|', chr(92) + '|')} "
                    f"| {each.rule.doc} |"
                    for each in action.parameters
                ]
            if action.faults:
                parts += ["", "Errors: " + ", ".join(f"`{fault.code}` ({fault.status})" for fault in action.faults)]
    return "\n".join(parts) + "\n"


def _authorization(action: Action) -> str:
    if action.permission is None:
        return "Needs no permission."
    resources = [" or ".join(f"`{one}`" for one in ((r,) if isinstance(r, str) else r)) for r in action.resources]
    return f"Needs `{action.permission}` on {' and on '.join(resources)}."


def coverage(products: tuple[Product, ...], published: dict[str, Any]) -> str:
    """The vendor's published actions against ours, as Markdown.  `published`: the catalogue's `products`."""
    parts = ["# Coverage", "", "The vendor's published actions, and whether Keystead serves them."]
    ours = {product.version: product for product in products}
    for name, theirs in published.items():
        product = ours.get(theirs["version"])
        states = {action: _state(product, action) for action in sorted(theirs["actions"])}
        served = sum(state == "served" for state in states.values())
        title = theirs.get("product", name)
        parts += ["", f"## {title} {theirs['version']}: {served} of {len(states)}", ""]
        parts += ["| Action | |", "|---|---|"]
        parts += [f"| {action} | {state} |" for action, state in states.items()]
    return "\n".join(parts) + "\n"


def _state(product: Product | None, name: str) -> str:
    """Whether an action is served, refused on purpose, or not there."""
    action = product.actions.get(name) if product is not None else None
    if action is None:
        return "not served yet: `InvalidAction.NotFound`"
    if action.faults and all(fault.code.startswith("UnsupportedOperation") for fault in action.faults):
        return f"refused on purpose: `{action.faults[0].code}`"
    return "served"
