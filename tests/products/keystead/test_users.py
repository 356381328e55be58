"""SetUserStatus: nothing of a disabled user works, and everything does again."""

from __future__ import annotations

import asyncio

from products.modelstudio.studio import OURS, RAM, STUDIO, Studio


def is_active(studio: Studio, name: str) -> bool:
    key = asyncio.run(studio.directory.load_key(studio.pair(name)))
    assert key is not None
    return key.active


def test_a_disabled_user_has_nothing_that_works_until_it_is_enabled(studio: Studio) -> None:
    name = studio.user("ann", "AliyunBailianFullAccess")
    value = studio.call(STUDIO, "CreateApiKey", name)["apiKey"]["apiKeyValue"]
    assert is_active(studio, name)
    assert studio.works(value)
    studio.call(OURS, "SetUserStatus", UserName="ANN", Status="freeze")
    assert not is_active(studio, name)
    assert not studio.works(value)
    studio.call(OURS, "SetUserStatus", UserName=name, Status="active")
    assert is_active(studio, name)
    assert studio.works(value)


def test_who_may_not_change_users_may_not_disable_them(studio: Studio) -> None:
    reader = studio.user("reader", "AliyunRAMReadOnlyAccess")
    assert studio.refused(OURS, "SetUserStatus", reader, UserName=reader, Status="freeze") == "NoPermission"
    assert studio.refused(OURS, "SetUserStatus", UserName="nobody", Status="freeze") == "EntityNotExist.User"
    assert studio.refused(OURS, "SetUserStatus", UserName=reader, Status="frozen").startswith("InvalidParameter.Status")


def test_a_deleted_user_comes_back_disabled_or_not_at_all(studio: Studio) -> None:
    user_id = str(studio.call(RAM, "CreateUser", UserName="ann")["User"]["UserId"])
    studio.call(RAM, "DeleteUser", UserName="ann")
    studio.call(OURS, "RestoreDisabledUser", UserId=user_id)
    (row,) = studio.call(OURS, "SearchUsers", Query="ann")["Users"]["User"]
    assert (row["UserId"], row["Status"]) == (user_id, "freeze")
    assert studio.refused(OURS, "RestoreDisabledUser", UserId=user_id) == "EntityNotExist.User"
    studio.call(RAM, "DeleteUser", UserName="ann")
    studio.call(RAM, "CreateUser", UserName="ann")
    assert studio.refused(OURS, "RestoreDisabledUser", UserId=user_id) == "EntityAlreadyExists.User"
    reader = studio.user("reader", "AliyunRAMReadOnlyAccess")
    assert studio.refused(OURS, "RestoreDisabledUser", reader, UserId=user_id) == "NoPermission"
