"""Network policies of AccessKey pairs as IMS sets and shows them, and what the directory makes of them."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from keystead.identity.records import load_key
from products.plane import Plane

OFFICE = '{"Status": "Active", "Statements": [{"Type": "ClassicWhiteList", "IPList": ["203.0.113.0/24"]}]}'
HOME = '{"Status": "Active", "Statements": [{"Type": "ClassicWhiteList", "IPList": ["198.51.100.7"]}]}'
OFF = '{"Status": "Inactive", "Statements": []}'


@pytest.fixture
def key(plane: Plane) -> str:
    """The pair of the user alice."""
    plane.call("CreateUser", UserName="alice")
    return str(plane.call("CreateAccessKey", UserName="alice")["AccessKey"]["AccessKeyId"])


def permits(plane: Plane, key: str, address: str) -> bool:
    """Whether the pair, loaded afresh, may be used from the address."""
    with plane.database.reading(plane.now) as tx:
        loaded = load_key(tx, key).value
    assert loaded is not None
    return loaded.network is None or loaded.network.permits(address)


def test_never_set_is_an_empty_object(plane: Plane, key: str) -> None:
    shown = plane.ims.call("GetAccessKeyPolicy", UserPrincipalName="alice", UserAccessKeyId=key)
    assert shown == {"AccessKeyId": key, "AccessKeyPolicy": "{}"}
    assert plane.ims.call("GetAccessKeyPolicyForAccount") == {"AccessKeyPolicy": "{}"}
    assert permits(plane, key, "192.0.2.1")


def test_the_pairs_own_policy_replaces_the_accounts(plane: Plane, key: str) -> None:
    named = {"UserPrincipalName": f"alice@{plane.account_id}.onaliyun.com", "UserAccessKeyId": key}
    set_up = plane.ims.call("SetAccessKeyPolicyForAccount", AccessKeyPolicy=OFFICE)
    assert json.loads(set_up["AccessKeyPolicy"])["Version"] == 1
    assert ("account", plane.account_id) in plane.touched
    assert permits(plane, key, "203.0.113.9")
    assert not permits(plane, key, "198.51.100.7")
    plane.ims.call("SetAccessKeyPolicy", **named, AccessKeyPolicy=HOME)
    assert ("key", key) in plane.touched
    assert permits(plane, key, "198.51.100.7")
    assert not permits(plane, key, "203.0.113.9")
    plane.ims.call("SetAccessKeyPolicy", **named, AccessKeyPolicy=OFF)
    assert permits(plane, key, "203.0.113.9")
    shown = plane.ims.call("GetAccessKeyPolicy", **named)["AccessKeyPolicy"]
    assert json.loads(shown) == {"Version": 1, "Status": "Inactive", "Statements": []}


def test_the_loaded_pair_depends_on_both(plane: Plane, key: str) -> None:
    with plane.database.reading(plane.now) as tx:
        depends = load_key(tx, key).depends
    assert {("key", key), ("account", plane.account_id)} <= depends


def test_an_own_pair_needs_no_name(plane: Plane, key: str) -> None:
    alice = plane.user("alice")
    plane.ims.call("SetAccessKeyPolicy", alice, UserAccessKeyId=key, AccessKeyPolicy=HOME)
    assert "198.51.100.7" in plane.ims.call("GetAccessKeyPolicy", alice, UserAccessKeyId=key)["AccessKeyPolicy"]
    # For the account an omitted user means the account's own pairs.
    refused = plane.ims.refused("GetAccessKeyPolicy", UserAccessKeyId=key)
    assert refused == "EntityNotExist.User.AccessKey"


def test_refusals(plane: Plane, key: str) -> None:
    named = {"UserPrincipalName": "alice", "UserAccessKeyId": key}
    assert plane.ims.refused("SetAccessKeyPolicy", **named) == "MissingAccessKeyPolicy"
    assert plane.ims.refused("SetAccessKeyPolicy", **named, AccessKeyPolicy="{}").endswith(".Format")
    assert plane.ims.refused("GetAccessKeyPolicy", **{**named, "UserPrincipalName": "bob"}) == "EntityNotExist.User"
    elsewhere = {**named, "UserPrincipalName": "alice@elsewhere.onaliyun.com"}
    assert plane.ims.refused("GetAccessKeyPolicy", **elsewhere) == "EntityNotExist.User"
    crowd = json.dumps({"Status": "Active", "Statements": [json.loads(OFFICE)["Statements"][0]] * 9})
    refused = plane.ims.refused("SetAccessKeyPolicyForAccount", AccessKeyPolicy=crowd)
    assert refused == "LimitExceeded.AccessKeyPolicy.Statement"


def test_quotas_are_settings(make_plane: Callable[..., Plane]) -> None:
    small = make_plane(network_policy_statements=1, network_policy_addresses=1)
    small.ims.call("SetAccessKeyPolicyForAccount", AccessKeyPolicy=OFFICE)
    one = json.loads(OFFICE)["Statements"][0]
    two = json.dumps({"Status": "Active", "Statements": [one, one]})
    refused = small.ims.refused("SetAccessKeyPolicyForAccount", AccessKeyPolicy=two)
    assert refused == "LimitExceeded.AccessKeyPolicy.Statement"
    wide = json.dumps({"Status": "Active", "Statements": [{**one, "IPList": ["10.0.0.0/8", "192.0.2.1"]}]})
    refused = small.ims.refused("SetAccessKeyPolicyForAccount", AccessKeyPolicy=wide)
    assert refused == "LimitExceeded.AccessKeyPolicy.IPList"


def test_a_policy_goes_to_the_bin_and_back_with_its_pair(plane: Plane, key: str) -> None:
    plane.ims.call("SetAccessKeyPolicy", UserPrincipalName="alice", UserAccessKeyId=key, AccessKeyPolicy=HOME)
    plane.ims.call("DeleteAccessKey", UserPrincipalName="alice", UserAccessKeyId=key)
    user = plane.user("alice").user_id
    plane.ims.call("RestoreAccessKeyFromRecycleBin", UserId=user, UserAccessKeyId=key)
    assert not permits(plane, key, "203.0.113.9")
