"""Groups with their members and policies counted.  Judged as `ram:ListGroups`."""

from __future__ import annotations

from typing import Annotated

from keystead.clock import iso
from keystead.identity.callers import Caller
from keystead.identity.transaction import Tx
from keystead.products.keystead.product import KEYSTEAD
from keystead.products.keystead.search.shapes import SearchInput, SearchOutput, by
from keystead.store.search import groups as store
from keystead.wire.answers import Output


class SearchGroupsInput(SearchInput, frozen=True):
    sort: Annotated[str, by(*store.ORDERS)] = "GroupName"


class FoundGroup(Output, frozen=True):
    group_id: str
    group_name: str
    display_name: str
    comments: str
    member_count: int
    policy_count: int
    create_date: str


class FoundGroupList(Output, frozen=True):
    group: list[FoundGroup]


class SearchGroupsOutput(SearchOutput, frozen=True, kw_only=True):
    groups: FoundGroupList


@KEYSTEAD.action("SearchGroups", permission="ram:ListGroups", resource="acs:ram:*:{account}:group/*")
def search_groups(tx: Tx, _caller: Caller, wanted: SearchGroupsInput) -> SearchGroupsOutput:
    """Find groups by name, with their members and policies counted."""
    found = store.search(tx, wanted.query, wanted.cut(wanted.sort))
    shown = [
        FoundGroup(
            group_id=row.id,
            group_name=row.name,
            display_name=row.display_name,
            comments=row.comments,
            member_count=row.members,
            policy_count=row.policies,
            create_date=iso(row.created_at),
        )
        for row in (store.rows(tx, found.ids) if found.ids else ())
    ]
    return SearchGroupsOutput(
        total_count=found.total, page=wanted.page, page_size=wanted.page_size, groups=FoundGroupList(group=shown)
    )
