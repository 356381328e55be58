"""What can be called, read from the generated `catalogue.json`: no product code is imported for it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from keystead.commands.errors import usage
from keystead.wire.names import kebab, nearest

CATALOGUE = Path(__file__).with_name("catalogue.json")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter.  json: a list or object travels as one JSON text.  place: path, query or body."""

    name: str
    type: str
    required: bool
    doc: str
    enum: tuple[str, ...]
    json: bool
    place: str

    @property
    def flag(self) -> str:
        """`--user-name` for `UserName`."""
        return "--" + kebab(self.name)


@dataclass(frozen=True, slots=True)
class Action:
    """One action as the client needs it."""

    product: str
    version: str
    style: str
    name: str
    summary: str
    writes: bool
    method: str
    path: str
    parameters: tuple[Parameter, ...]

    def parameter(self, name: str) -> Parameter | None:
        """By wire name, or by its kebab form."""
        return next((each for each in self.parameters if name in (each.name, kebab(each.name))), None)

    def option(self, name: str) -> str:
        """How a client option is spelt beside these parameters: short where that is free."""
        return spellings(name, self)[0]


@dataclass(frozen=True, slots=True)
class Product:
    """A product and what its actions are called; the actions themselves are built when asked for."""

    name: str
    version: str
    style: str
    raw: dict[str, Any]

    def names(self) -> list[str]:
        """The wire names of the actions, sorted."""
        return sorted(self.raw)

    def summary(self, name: str) -> str:
        """One line on an action."""
        return str(self.raw[name]["summary"])

    def action(self, name: str) -> Action:
        """By wire name, in any case, or by kebab name.  Unknown is a usage error with the nearest name."""
        found = name if name in self.raw else _by_kebab(self).get(name.lower().replace("-", ""))
        if found is None:
            spelt = [self.names(), [kebab(each) for each in self.names()]]
            if name == name.lower():  # named as it was typed, to be copied
                spelt.reverse()
            close = nearest(name, spelt[0]) or nearest(name, spelt[1])
            raise usage(
                f'Product {self.name} has no action "{name}".', f"{close}`keystead {self.name} --help` lists them."
            )
        raw = self.raw[found]
        path = str(raw.get("path") or "/")
        parameters = tuple(_parameter(each, path) for each in raw["params"])
        return Action(
            self.name, self.version, self.style, found, raw["summary"], raw["writes"], raw["method"], path, parameters
        )


def spellings(name: str, action: Action | None = None) -> tuple[str, ...]:
    """The flags of a client option such as `query`: `--query` unless a parameter is spelt so, and `--cli-query`.

    A name after an action is the action's first, as in the vendor's command line, whose own option is `--cli-query`.
    """
    short = f"--{name}"
    is_free = action is None or all(each.flag != short for each in action.parameters)
    return (short, f"--cli-{name}") if is_free else (f"--cli-{name}",)


@cache
def products() -> dict[str, Product]:
    """Every product of the catalogue by name."""
    raw = json.loads(CATALOGUE.read_text("utf-8"))
    return {name: Product(name, each["version"], each["style"], each["actions"]) for name, each in raw.items()}


def product(name: str) -> Product:
    """By name in any case.  Unknown is a usage error with the nearest name."""
    found = products().get(name.lower())
    if found is None:
        known = sorted(products())
        raise usage(f'There is no product "{name}".', f"{nearest(name.lower(), known)}Known: {', '.join(known)}.")
    return found


def _by_kebab(product: Product) -> dict[str, str]:
    return {name.lower(): name for name in product.raw}


def _parameter(raw: dict[str, Any], path: str) -> Parameter:
    place = "path" if "{" + raw["name"] + "}" in path else str(raw.get("in", "query"))
    enum = tuple(str(each) for each in raw.get("enum") or ())
    return Parameter(
        raw["name"], raw["type"], raw["required"], raw.get("doc") or "", enum, bool(raw.get("json")), place
    )
