"""A model's page and an application's access: who can call it and why, its servers, errors and limits."""

from __future__ import annotations

import re

from services.browser import console_user
from services.server import Server

from .furnished import Furnished
from .plain import Reader


def test_a_models_page_says_who_can_call_it_and_why(furnished: Furnished) -> None:
    reader, name = furnished.reader, furnished.parts["user"]
    here, workspace = f"/workspaces/{furnished.parts['workspace']}", furnished.parts["workspace"]
    reader.get(f"{here}/models?q={name}")
    assert f'href="/console{here}/models/overview/{name}"' in reader.page
    text = reader.get(f"{here}/models/overview/{name}")
    assert "In this workspace ✓ allowed" in text or "In this workspace allowed" in text
    assert "http://127.0.0.1:9/v1" in text
    assert "in order" in text
    assert "No call of it ended with an error." in text
    text = reader.get(f"{here}/models/callers/{name}")
    assert re.search(r"furnisher User .*Allowed AdministratorAccess Statement\[0\]", text), text
    text = reader.get(f"{here}/models/api-keys/{name}")
    assert "its scope names it" in text
    assert "1–1 of 1" in text
    text = reader.get(f"{here}/models/workspaces/{name}")
    assert "this model is allowed in it" in text
    assert "2.5 units of money a month" in text
    assert f"{workspace}" in text
    reader.get(f"{here}/models/overview/no-such-model")
    assert reader.status == 404


def test_an_applications_access_lists_people_and_keys(furnished: Furnished) -> None:
    reader, parts = furnished.reader, furnished.parts
    here = f"/workspaces/{parts['workspace']}"
    text = reader.get(f"{here}/applications/{parts['app']}/access")
    assert "AdministratorAccess Statement[0]" in text
    assert f'href="/console{here}/api-keys/{parts["api-key"]}"' in reader.page
    assert "its scope is the whole workspace" in text


def test_a_member_without_the_right_to_ask_who_can_is_told_so(furnished: Furnished, console: Server) -> None:
    member = "model-member"
    reader = Reader(console).sign_in(console_user(console, member, "AliyunBailianFullAccess"))
    here = f"/workspaces/{furnished.parts['workspace']}"
    text = reader.get(f"{here}/models/callers/{furnished.parts['user']}")
    assert reader.status == 403
    assert "keystead:WhoCan" in text
    assert "AdministratorAccess" not in text
    reader.client.close()
