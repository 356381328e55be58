"""Every list of the console: what it says where nothing matches, where there is nothing yet, and to who may not see it.

The lists are found where they are declared.  What a list shows while the database is away: test_slow_and_failing.py.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

import pytest

from keystead.console import pages
from keystead.console.tables import Table
from services.browser import console_user
from services.server import Server

from .furnished import Furnished
from .plain import Reader

LISTS = {
    "api_keys.API_KEYS": "/workspaces/{workspace}/api-keys",
    "applications.APPLICATIONS": "/workspaces/{workspace}/applications",
    "grants.GRANTS": "/grants",
    "groups.GRANTED": "/groups/{name}/permissions",
    "groups.GROUPS": "/groups",
    "groups.MEMBERS": "/groups/{name}",
    "members.MEMBERS": "/workspaces/{workspace}/members",
    "identity_access.ACCESS": "/users/{name}/access",
    "model_details.REACHING_KEYS": "/workspaces/{workspace}/models/api-keys/{model:path}",
    "model_details.WORKSPACES": "/workspaces/{workspace}/models/workspaces/{model:path}",
    "models.MODELS": "/workspaces/{workspace}/models",
    "policies.POLICIES": "/policies",
    "policies.REFERENCES": "/policies/{type}/{name}/references",
    "recycle_bin.KEYS": "/recycle-bin/access-keys",
    "recycle_bin.USERS": "/recycle-bin",
    "roles.ROLES": "/roles",
    "unused_access.API_KEYS": "/unused-access/api-keys",
    "unused_access.PERMISSIONS": "/unused-access/permissions",
    "unused_access.ROLES": "/unused-access/roles",
    "unused_access.PAIRS": "/unused-access/access-keys",
    "unused_access.USERS": "/unused-access",
    "users.USERS": "/users",
    "workspaces.WORKSPACES": "/workspaces",
}
"""Where each list stands."""

FRESH = {
    "api_keys.API_KEYS": "/workspaces/{fresh-workspace}/api-keys",
    "applications.APPLICATIONS": "/workspaces/{fresh-workspace}/applications",
    "groups.GRANTED": "/groups/fresh-group/permissions",
    "groups.MEMBERS": "/groups/fresh-group",
    "members.MEMBERS": "/workspaces/{fresh-workspace}/members",
    "policies.REFERENCES": "/policies/custom/fresh-policy/references",
}
"""Where there is nothing in them yet."""

POLICY = '{"Version":"1","Statement":[{"Effect":"Deny","Action":"ram:GetUser","Resource":"*"}]}'


def declared() -> dict[str, Table]:
    """Every list, by the file and the name under which it is declared there."""
    found = {}
    for each in pkgutil.iter_modules(pages.__path__, pages.__name__ + "."):
        for name, value in vars(importlib.import_module(each.name)).items():
            if isinstance(value, Table):
                found[f"{each.name.rpartition('.')[2]}.{name}"] = value
    return found


TABLES = declared()


def test_no_list_is_left_out() -> None:
    assert {TABLES[name] for name in LISTS} == set(TABLES.values()), sorted(TABLES)  # some stand in two files


@pytest.fixture(scope="module")
def stranger(_console: Server) -> Iterator[Reader]:
    """Somebody without any right."""
    reader = Reader(_console).sign_in(console_user(_console, "list-stranger"))
    yield reader
    reader.client.close()


@pytest.fixture(scope="module")
def fresh(furnished: Furnished) -> str:
    """The ID of an empty workspace, beside an empty group and a policy that nobody has."""
    furnished.call("ram", "CreateGroup", GroupName="fresh-group")
    furnished.call("ram", "CreatePolicy", PolicyName="fresh-policy", PolicyDocument=POLICY)
    furnished.reader.get("/workspaces")
    furnished.reader.post("/workspaces", workspaceName="fresh-workspace")
    return furnished.reader.address.rsplit("/", 1)[1]


@pytest.mark.parametrize("name", LISTS)
def test_a_list_that_nothing_matches_says_so_and_clears_its_filters(furnished: Furnished, name: str) -> None:
    address = furnished.address(LISTS[name])
    furnished.reader.get(address)
    begins_with_a_filter = name.startswith("unused_access.")
    assert begins_with_a_filter or "Nothing matches" not in furnished.reader.text
    for query in ("?q=no-such-thing-anywhere", "?q=no-such-thing-anywhere&page=7&sort=nonsense&size=13"):
        text = furnished.reader.get(address + query)
        assert furnished.reader.status == 200
        assert "Nothing matches “no-such-thing-anywhere”. Clear filters" in text
        assert TABLES[name].empty not in text


@pytest.mark.parametrize("name", FRESH)
def test_an_empty_list_says_what_it_is_for(furnished: Furnished, fresh: str, name: str) -> None:
    text = furnished.reader.get(FRESH[name].replace("{fresh-workspace}", fresh))
    assert furnished.reader.status == 200
    assert TABLES[name].empty in text
    assert "Nothing matches" not in text


@pytest.mark.parametrize("name", sorted(set(LISTS) - {"workspaces.WORKSPACES"}))
def test_who_may_not_see_a_list_is_told_so(furnished: Furnished, stranger: Reader, name: str) -> None:
    address, known = furnished.address(LISTS[name]), furnished.parts["user"]
    for form in ("", "?format=csv"):
        text = stranger.get(address + form)
        hidden = "WorkSpaceNotFound" in text and "/workspaces/" in LISTS[name]
        assert hidden or "You may not do this." in text, text
        assert stranger.status in (403, 404)
        assert known in address or known not in text


def test_who_is_in_no_workspace_sees_none(furnished: Furnished, stranger: Reader) -> None:
    text = stranger.get("/workspaces")
    assert furnished.parts["workspace"] not in text
    assert "You may not do this." in text or TABLES["workspaces.WORKSPACES"].empty in text
