"""The routing table: product, version and action to the declared action, built beforehand."""

from __future__ import annotations

from collections.abc import Iterable

from keystead.faults import FaultKind
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
    """Finds an action by its version and name."""

    def __init__(self, products: Iterable[Product]) -> None:
        self._products = {product.version: product for product in products}

    def find(self, request: WireRequest, action: str | None, version: str | None) -> Action:
        """The action asked for.

        Raises `MissingVersion`, `InvalidVersion`, `MissingAction`, `InvalidAction.NotFound` or
        `UnsupportedHTTPMethod`.
        """
        if request.method not in ("GET", "POST"):
            raise METHOD_UNKNOWN(method=request.method[:20])
        if version is None:
            raise missing("Version")
        product = self._products.get(version)
        if product is None:
            raise VERSION_UNKNOWN(asked=version[:40], known=", ".join(sorted(self._products)))
        if action is None:
            raise missing("Action")
        found = product.actions.get(action)
        if found is None or request.raw_path not in ("/", ""):
            raise ACTION_UNKNOWN(asked=action[:80], product=product.name, version=version)
        return found
