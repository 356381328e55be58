"""What was acknowledged stays, and what was taken away stays away, whatever happens to the process."""

from __future__ import annotations

import pytest

from services import rpc
from services.rpc import ApiError, Key
from services.server import Server


def new_pair(server: Server, name: str) -> Key:
    """Make a user with a pair."""
    rpc.call(server.url, server.admin, "ram", "CreateUser", UserName=name)
    pair = rpc.call(server.url, server.admin, "ram", "CreateAccessKey", UserName=name)["AccessKey"]
    assert isinstance(pair, dict)
    return Key(pair["AccessKeyId"], pair["AccessKeySecret"])


def test_pairs_and_refusals_survive_kill_9(server: Server) -> None:
    """Killed right after the answers; the pair still opens, the disabled one still does not."""
    alice, bob = new_pair(server, "alice"), new_pair(server, "bob")
    disable = {"UserName": "bob", "UserAccessKeyId": bob.id, "Status": "Inactive"}
    rpc.call(server.url, server.admin, "ram", "UpdateAccessKey", **disable)
    server.kill9()
    server.start()
    assert rpc.call(server.url, alice, "sts", "GetCallerIdentity")["IdentityType"] == "RAMUser"
    with pytest.raises(ApiError, match=r"InvalidAccessKeyId\.Inactive"):
        rpc.call(server.url, bob, "sts", "GetCallerIdentity")


def test_restart_keeps_the_account_and_makes_no_second_one(server: Server) -> None:
    """The profile file, the account and its pairs are those of the first start."""
    before = rpc.call(server.url, server.admin, "sts", "GetCallerIdentity")["Arn"]
    profiles = server.profile_file.read_bytes()
    server.restart()
    assert server.profile_file.read_bytes() == profiles
    assert rpc.call(server.url, server.admin, "sts", "GetCallerIdentity")["Arn"] == before


def test_the_account_s_own_pair(server: Server) -> None:
    """Made by the CLI behind its warning; it is the account's root and may do everything but borrow roles."""
    root = server.account_key()
    me = rpc.call(server.url, root, "sts", "GetCallerIdentity")
    assert (me["IdentityType"], me["Arn"]) == ("Account", f"acs:ram::{server.account_id}:root")
    rpc.call(server.url, root, "ram", "CreateUser", UserName="alice")
    role = {"RoleArn": f"acs:ram::{server.account_id}:role/none", "RoleSessionName": "root"}
    with pytest.raises(ApiError, match="NoPermission"):
        rpc.call(server.url, root, "sts", "AssumeRole", **role)


def test_no_secret_is_logged(server: Server) -> None:
    """Neither secrets of pairs nor the database's password stand in what the server prints."""
    alice = new_pair(server, "alice")
    with pytest.raises(ApiError, match="SignatureDoesNotMatch"):
        rpc.call(server.url, Key(alice.id, "wrong" * 6), "ram", "ListUsers")
    server.stop()
    printed = server.log()
    assert server.admin.secret not in printed
    assert alice.secret not in printed
    if server.database:
        assert server.database.split(":")[2].split("@")[0] not in printed
