"""SetUserStatus: nothing of a disabled user works, and everything does again."""

from __future__ import annotations

import asyncio

from products.modelstudio.studio import OURS, STUDIO, Studio


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
