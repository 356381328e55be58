"""One search over everything that has a name, for the field in a page's head.  Everybody may call it.

Of each kind it finds what its caller could list, and nothing else: the rights of the vendor's lists are asked by the
same evaluator, and those of workspaces as in `products.workspaces`.  What he may not list is absent without a word.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated

from keystead.identity.callers import Caller
from keystead.identity.transaction import Tx
from keystead.policy import SYSTEM_POLICIES
from keystead.products.keystead.product import KEYSTEAD
from keystead.products.workspaces import access, keys
from keystead.store import workspaces
from keystead.store.search import everything as store
from keystead.wire.answers import Output
from keystead.wire.parameters import Choice, Input, Items, Text, Whole

_RAM = "acs:ram:*:{account}:{kind}/*"
_WORKSPACE = "acs:modelstudio:*:{account}:workspace/{workspace}"
_KEY_BEGINS = "LTAI"
KINDS = ("User", "Group", "Role", "Policy", "AccessKey", "Workspace", "Application", "ApiKey")
"""In the order of the answer."""

Kind = Annotated[str, Choice(KINDS)]


class SearchAllInput(Input, frozen=True):
    query: Annotated[str, Text(1, 128, doc="a part of a name, or how an ID begins")]
    kinds: Annotated[tuple[Kind, ...], Items(8, doc="of these alone")] = ()
    most: Annotated[int, Whole(1, 20, doc="how many of each kind")] = 5


class Hit(Output, frozen=True):
    """Something that was found.  about: what tells it from others of that name."""

    kind: str
    id: str
    name: str
    about: str


class HitList(Output, frozen=True):
    hit: list[Hit]


class Kinds(Output, frozen=True):
    kind: list[str]


class SearchAllOutput(Output, frozen=True):
    """more_of: kinds of which there is more than was asked for."""

    hits: HitList
    more_of: Kinds


@KEYSTEAD.action("SearchAll", permission=None)
def search_all(tx: Tx, caller: Caller, wanted: SearchAllInput) -> SearchAllOutput:
    """Find users, groups, roles, policies, AccessKey IDs, workspaces, applications and API keys by name or ID.

    Of each kind the first few that the caller may list.
    """
    hits: list[Hit] = []
    more: list[str] = []
    for kind in KINDS:
        if wanted.kinds and kind not in wanted.kinds:
            continue
        found = _FINDERS[kind](tx, caller, wanted.query, wanted.most + 1)
        hits += found[: wanted.most]
        if len(found) > wanted.most:
            more.append(kind)
    return SearchAllOutput(hits=HitList(hit=hits), more_of=Kinds(kind=more))


def _may(tx: Tx, permission: str, kind: str) -> bool:
    return tx.rights.may(f"ram:{permission}", _RAM.format(account=tx.account_id, kind=kind))


def _people(kind: str, permission: str) -> Callable[[Tx, Caller, str, int], list[Hit]]:
    """A finder of things that have a list of RAM's of their own."""

    def find(tx: Tx, _caller: Caller, query: str, most: int) -> list[Hit]:
        if not _may(tx, permission, kind.lower()):
            return []
        rows = store.people(tx, kind, query, most)
        return [Hit(kind=kind, id=row.id, name=row.name, about=row.about) for row in rows]

    return find


def _policies(tx: Tx, caller: Caller, query: str, most: int) -> list[Hit]:
    if not _may(tx, "ListPolicies", "policy"):
        return []
    system = [
        Hit(kind="Policy", id="", name=name, about=policy.description)
        for name, policy in sorted(SYSTEM_POLICIES.items())
        if query.lower() in name.lower()
    ]
    return (_people("Policy", "ListPolicies")(tx, caller, query, most) + system)[:most]


def _access_keys(tx: Tx, _caller: Caller, query: str, most: int) -> list[Hit]:
    """By the beginning of an ID; shorter than the part that all share, it would find anything."""
    if not query.startswith(_KEY_BEGINS) or not _may(tx, "ListAccessKeys", "user"):
        return []
    return [
        Hit(kind="AccessKey", id=row.id, name=row.name or "", about=row.about) for row in store.pairs(tx, query, most)
    ]


def _workspaces(tx: Tx, caller: Caller, query: str, most: int) -> list[Hit]:
    if not _may_in(tx, "modelstudio:ListWorkspaces", "*"):
        return []
    rows = store.workspaces_named(tx, access.visible(tx, caller), query, most)
    return [Hit(kind="Workspace", id=row.id, name=row.name, about="") for row in rows]


def _applications(tx: Tx, caller: Caller, query: str, most: int) -> list[Hit]:
    among = _open(tx, caller, "sfm:ListPublishedAgent", "applications")
    rows = store.applications(tx, among, query, most) if among else []
    return [Hit(kind="Application", id=row.id, name=row.name, about=row.about) for row in rows]


def _api_keys(tx: Tx, caller: Caller, query: str, most: int) -> list[Hit]:
    if not _may_in(tx, "modelstudio:ListApiKeys", "*"):
        return []
    where = keys.conditions(tx, caller, workspace_id="", key_id=None, description="")
    return [
        Hit(kind="ApiKey", id=str(row.id), name=row.name, about=keys.mask(row))
        for row in store.keys(tx, where, query, most)
    ]


def _may_in(tx: Tx, permission: str, workspace: str) -> bool:
    return tx.rights.may(permission, _WORKSPACE.format(account=tx.account_id, workspace=workspace))


def _open(tx: Tx, caller: Caller, permission: str, page: str) -> Sequence[str]:
    """The workspaces where the caller has the permission, and stands so that he may view the page."""
    allowed = [row.id for row in workspaces.every(tx, access.visible(tx, caller)) if _may_in(tx, permission, row.id)]
    return [each for each in allowed if access.enter(tx, caller, each).may(page, "view")]


_FINDERS: dict[str, Callable[[Tx, Caller, str, int], list[Hit]]] = {
    "User": _people("User", "ListUsers"),
    "Group": _people("Group", "ListGroups"),
    "Role": _people("Role", "ListRoles"),
    "Policy": _policies,
    "AccessKey": _access_keys,
    "Workspace": _workspaces,
    "Application": _applications,
    "ApiKey": _api_keys,
}
