"""The routing table: product, version and action to the declared action, built beforehand."""

from __future__ import annotations

from collections.abc import Iterable

from keystead.faults import FaultKind
from keystead.percent import decode_path
from keystead.products.action import Action, Product
from keystead.wire.parameters import missing
from keystead.wire.request import WireRequest

VERSION_UNKNOWN = FaultKind(
    "InvalidVersion",
    404,
    "Specified parameter Version is not valid. {asked!r} is not among {known}.",
    "Send the version of the product that you call.",
)
ACTION_UNKNOWN = FaultKind(
    "InvalidAction.NotFound",
    404,
    "Specified api is not found, please check your url and method. {asked!r} is not an action of {product} {version}.",
    "docs/reference/coverage.md lists what is served.",
)
METHOD_UNKNOWN = FaultKind(
    "UnsupportedHTTPMethod",
    400,
    "This http method is not supported. {method} was sent; RPC actions take GET and POST.",
    "Send the request as POST.",
)


class Routes:
    """Finds an action: RPC by version and name, ROA by version, method and path."""

    def __init__(self, products: Iterable[Product]) -> None:
        self._products = {product.version: product for product in products}
        self._paths: dict[tuple[str, str, int], list[tuple[list[str], Action]]] = {}
        for product in self._products.values():
            for action in product.actions.values() if product.roa else ():
                parts = _parts(action.path)
                self._paths.setdefault((product.version, action.method, len(parts)), []).append((parts, action))
        for found in self._paths.values():  # a literal segment is asked before a variable one
            found.sort(key=lambda entry: [part.startswith("{") for part in entry[0]])

    def find(self, request: WireRequest, action: str | None, version: str | None) -> tuple[Action, dict[str, str]]:
        """The action asked for, and the parameters that stand in its path.

        Raises `MissingVersion`, `InvalidVersion`, `MissingAction`, `InvalidAction.NotFound` or
        `UnsupportedHTTPMethod`.
        """
        if version is None:
            raise missing("Version")
        product = self._products.get(version)
        if product is None:
            raise VERSION_UNKNOWN(asked=version[:40], known=", ".join(sorted(self._products)))
        if product.roa:
            return self._find_path(request, action, product)
        if request.method not in ("GET", "POST"):
            raise METHOD_UNKNOWN(method=request.method[:20])
        if action is None:
            raise missing("Action")
        found = product.actions.get(action)
        if found is None or request.raw_path not in ("/", ""):
            raise ACTION_UNKNOWN(asked=action[:80], product=product.name, version=version)
        return found, {}

    def _find_path(self, request: WireRequest, action: str | None, product: Product) -> tuple[Action, dict[str, str]]:
        """By method and path, raw and then decoded segment by segment; a name in the header must agree."""
        asked = _parts(request.raw_path)
        for parts, found in self._paths.get((product.version, request.method, len(asked)), ()):
            if action is not None and action != found.name:
                continue
            if all(part.startswith("{") or part == given for part, given in zip(parts, asked, strict=True)):
                pairs = zip(parts, asked, strict=True)
                return found, {part[1:-1]: decode_path(given) for part, given in pairs if part.startswith("{")}
        said = f"{request.method[:10]} {request.raw_path[:80]}" + (f" ({action[:60]})" if action else "")
        raise ACTION_UNKNOWN(asked=said, product=product.name, version=product.version)


def _parts(path: str) -> list[str]:
    """A path's segments; a slash at the end does not count, for clients send both."""
    return path.strip("/").split("/")
