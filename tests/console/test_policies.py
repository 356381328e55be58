"""Policies in the console: written, saved, compared, granted and taken away; nothing that the API refuses."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from console.plain import Reader
from services import rpc
from services.browser import Person, console_user
from services.rpc import Key
from services.server import Server

Visitor = Callable[..., Person]

READ = {"Effect": "Allow", "Action": ["ram:GetUser"], "Resource": ["*"]}


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "1", "Statement": list(statements)})


@pytest.fixture
def reader(console: Server, _administrator: str) -> Iterator[Reader]:
    found = Reader(console).sign_in(_administrator)
    yield found
    found.client.close()


@pytest.fixture
def nobody(console: Server, request: pytest.FixtureRequest) -> Iterator[Reader]:
    """Somebody without any right."""
    name = f"none-{abs(hash(request.node.name)) % 10_000_000}"
    found = Reader(console).sign_in(console_user(console, name))
    yield found
    found.client.close()


def test_a_policy_is_created_changed_and_deleted(reader: Reader, console: Server) -> None:
    reader.get("/policies/new")
    text = reader.post("/policies/new", PolicyName="life", Description="for a test", PolicyDocument="{")
    assert "MalformedPolicyDocument" in text
    assert "Error" in text
    text = reader.post("/policies/new", PolicyName="life", Description="for a test", PolicyDocument=document(READ))
    assert "The policy life is created." in text
    assert reader.address.endswith("/console/policies/custom/life")
    assert "Allows ram:GetUser on every resource" in text
    changed = document({**READ, "Action": ["ram:ListUsers"]})
    reader.get("/policies/custom/life/edit")
    text = reader.post(
        "/policies/custom/life/edit",
        PolicyDocument=changed,
        BaseVersion="v1",
        BaseDefault="v1",
        SetAsDefault="false",
        Reason="ticket 7",
    )
    assert "v2 is saved. It counts once it is the default." in text
    assert "ticket 7" in text
    text = reader.get("/policies/custom/life/versions?show=v2")
    assert "From v1, the default, to v2" in text
    assert 'removed "ram:GetUser"' in text
    assert 'added "ram:ListUsers"' in text
    assert "v2 is the default version now." in reader.post("/policies/custom/life/versions/default", VersionId="v2")
    assert "v1 is deleted." in reader.post("/policies/custom/life/versions/delete", VersionId="v1")
    text = reader.post("/policies/custom/life/remarks", NewDescription="for another test")
    assert "for another test" in text
    assert "CreatePolicy" in reader.get("/policies/custom/life/events")
    assert "The policy life is deleted." in reader.post("/policies/custom/life/delete")
    reader.get("/policies/custom/life")
    assert reader.status == 404


def test_an_edit_that_somebody_was_faster_with_shows_both_and_saves_nothing(reader: Reader, console: Server) -> None:
    admin = console.admin
    rpc.call(console.url, admin, "ram", "CreatePolicy", PolicyName="stale", PolicyDocument=document(READ))
    reader.get("/policies/custom/stale/edit")
    theirs = document({**READ, "Action": ["ram:ListRoles"]})
    rpc.call(
        console.url, admin, "keystead", "SavePolicyVersion", PolicyName="stale", PolicyDocument=theirs, Reason="mine"
    )
    mine = document({**READ, "Action": ["ram:ListGroups"]})
    given = {"PolicyDocument": mine, "SetAsDefault": "true"}
    text = reader.post("/policies/custom/stale/edit", **given, BaseVersion="v1", BaseDefault="v1")
    assert reader.status == 409
    assert "Somebody changed this policy meanwhile. Nothing was saved." in text
    assert "The reason given: mine" in text
    assert 'removed "ram:ListRoles"' in text
    assert 'added "ram:ListGroups"' in text
    assert 'name="BaseVersion" value="v2"' in reader.page
    text = reader.post("/policies/custom/stale/edit", **given, BaseVersion="v2", BaseDefault="v1")
    assert "v3 is saved and counts from now on." in text


def test_a_template_and_a_policy_are_imported_without_scripts(reader: Reader) -> None:
    reader.get("/policies/new")
    reader.post("/policies/new", _step="import", _import="sample:network", PolicyDocument=document(READ))
    assert "NotIpAddress" in reader.page
    assert "ram:GetUser" in reader.page
    reader.post("/policies/new", _step="import", _import="System:AliyunSTSAssumeRoleAccess", PolicyDocument="")
    assert "sts:AssumeRole" in reader.page
    text = reader.post("/policies/new", _step="import", _import="sample:mfa", PolicyDocument="[" * 30_000)
    assert "The JSON is broken." in text
    text = reader.post("/policies/new", _step="check", PolicyDocument=document({**READ, "Action": ["ram:GetUsr"]}))
    assert "No action is called ram:GetUsr." in text


def test_what_gives_everything_is_written_after_a_verification_only(reader: Reader) -> None:
    everything = document({"Effect": "Allow", "Action": "*", "Resource": "*"})
    reader.get("/policies/new")
    reader.forget_proof()
    text = reader.post("/policies/new", PolicyName="everything", PolicyDocument=everything)
    assert "Confirm that it is you." in text
    reader.get("/policies/custom/everything")
    assert reader.status == 404
    reader.get("/policies/new")
    text = reader.post("/policies/new", PolicyName="something", PolicyDocument=document(READ))
    assert "The policy something is created." in text


def test_a_grant_is_reviewed_given_and_revoked(reader: Reader, console: Server) -> None:
    for name in ("grantee", "granted"):
        rpc.call(console.url, console.admin, "ram", "CreateUser", UserName=name)
    held = {"UserName": "granted", "PolicyName": "ReadOnlyAccess", "PolicyType": "System"}
    rpc.call(console.url, console.admin, "ram", "AttachPolicyToUser", **held)
    wish = {"kind": ["User", "User"], "principal": ["grantee", "granted"], "policy": ["System/readonlyaccess"]}
    reader.get("/grants/new")
    assert "MissingPolicy" in reader.post("/grants/new", kind="User", principal="grantee", policy="")
    assert "EntityNotExist.User" in reader.post("/grants/new", **{**wish, "principal": ["nobody-here", ""]})
    text = reader.post("/grants/new", **wish)
    assert "1 grant is new." in text
    assert "Has it already" in text
    assert "Granted. It counts from now on." in reader.post("/grants/create", **wish)
    listed = reader.get("/grants?q=grantee")
    assert "ReadOnlyAccess" in listed
    asked = "kind=User&principal=grantee&type=System&policy=ReadOnlyAccess"
    assert "grantee loses what the policy allows" in reader.get(f"/grants/revoke?{asked}")
    text = reader.post("/grants/revoke", kind="User", principal="grantee", type="System", policy="ReadOnlyAccess")
    assert "ReadOnlyAccess is revoked from grantee." in text
    assert "Nothing matches" in reader.get("/grants?q=grantee")


def test_a_person_without_rights_is_told_so_and_offered_nothing(nobody: Reader) -> None:
    for path in ("/policies", "/grants", "/policies/system/AdministratorAccess", "/policies/custom/none/edit"):
        text = nobody.get(path)
        assert "You may not do this." in text, path
        assert "ram:" in text
    nobody.get("/policies/new")
    assert nobody.disabled("Create Policy") == "Needs ram:CreatePolicy"
    assert "Policies" not in nobody.get("/")


GRANT = {"UserName": "x", "PolicyName": "x", "PolicyType": "Custom"}
REFUSED = [
    ("ram", "CreatePolicy", {"PolicyName": "x", "PolicyDocument": document(READ)}),
    ("ram", "GetPolicy", {"PolicyName": "x", "PolicyType": "Custom"}),
    ("ram", "UpdatePolicyDescription", {"PolicyName": "x", "NewDescription": "x"}),
    ("ram", "DeletePolicy", {"PolicyName": "x"}),
    ("ram", "SetDefaultPolicyVersion", {"PolicyName": "x", "VersionId": "v1"}),
    ("ram", "DeletePolicyVersion", {"PolicyName": "x", "VersionId": "v1"}),
    ("keystead", "SavePolicyVersion", {"PolicyName": "x", "PolicyDocument": document(READ)}),
    ("keystead", "SearchPolicyVersions", {"PolicyName": "x"}),
    ("keystead", "SearchPolicies", {}),
    ("keystead", "SearchGrants", {}),
    ("keystead", "LookupEvents", {}),
    ("ram", "AttachPolicyToUser", GRANT),
    ("ram", "DetachPolicyFromUser", GRANT),
]


@pytest.fixture(scope="module")
def powerless(_console: Server) -> Key:
    """The pair of a user without any right."""
    rpc.call(_console.url, _console.admin, "ram", "CreateUser", UserName="powerless")
    made = rpc.call(_console.url, _console.admin, "ram", "CreateAccessKey", UserName="powerless")["AccessKey"]
    return Key(made["AccessKeyId"], made["AccessKeySecret"])


@pytest.mark.parametrize(("product", "action", "given"), REFUSED, ids=[each[1] for each in REFUSED])
def test_the_api_refuses_what_each_button_does(
    console: Server, powerless: Key, product: str, action: str, given: dict[str, str]
) -> None:
    with pytest.raises(rpc.ApiError) as refused:
        rpc.call(console.url, powerless, product, action, **given)
    assert refused.value.status == 403
    assert refused.value.code == "NoPermission"


def test_the_editor_keeps_form_and_text_in_step(boss: Person) -> None:
    page = boss.open("/policies/new")
    page.get_by_label("Policy name").fill("by-hand")
    page.get_by_label("Search actions").fill("InvokeModel")
    page.get_by_role("checkbox", name="modelstudio:InvokeModel").check()
    page.get_by_label("These resources").check()
    page.get_by_role("button", name="Match All").click()
    expect(page.get_by_role("complementary")).to_contain_text("Allows modelstudio:InvokeModel on acs:modelstudio:")
    page.get_by_role("button", name="Add Condition").click()
    page.get_by_label("Condition key").fill("acs:SourceIp")
    page.get_by_label("Operator", exact=True).select_option("IpAddress")
    page.get_by_label("Values, one on a line").fill("10.0.0.0/8\n192.168.0.0/16")
    page.get_by_role("tab", name="Visual Editor").press("ArrowRight")
    written = json.loads(page.locator("#document").input_value())["Statement"][0]
    assert written["Action"] == ["modelstudio:InvokeModel"]
    assert written["Condition"] == {"IpAddress": {"acs:SourceIp": ["10.0.0.0/8", "192.168.0.0/16"]}}
    boss.check_access()
    # What the form cannot show stays, whatever is done to the rest.
    written["Action"] = ["*"]
    odd = {"Effect": "Allow", "NotAction": "ram:*", "Resource": "*"}
    page.locator("#document").fill(json.dumps({"Version": "1", "Statement": [written, odd]}))
    page.get_by_role("tab", name="Visual Editor").click()
    expect(page.get_by_text("The visual form cannot show this statement.")).to_be_visible()
    boss.check_access()
    page.get_by_label("Deny").check()
    kept = json.loads(page.locator("#document").input_value())["Statement"]
    assert kept[0]["Effect"] == "Deny"
    assert kept[1] == odd
    expect(page.get_by_role("complementary")).to_contain_text("With NotAction, this allows everything")
    lossy = '{"Version": "1", "Statement": [], "Version": "1"}'
    page.get_by_role("tab", name="JSON").click()
    page.locator("#document").fill(lossy)
    page.get_by_role("tab", name="Visual Editor").click()
    expect(page.get_by_text("cannot hold this document without losing")).to_be_visible()
    assert page.locator("#document").input_value() == lossy


def _document_on(reader: Reader) -> str:
    found = re.search(r'<textarea id="document"[^>]*>(.*?)</textarea>', reader.page, re.DOTALL)
    assert found is not None
    return html.unescape(found[1])


def test_a_wordy_document_is_optimized_after_its_difference_was_shown(reader: Reader) -> None:
    wordy = document(READ, {**READ, "Action": ["ram:Get*", "ram:ListUsers"]})
    reader.get("/policies/new")
    text = reader.post("/policies/new", _step="optimize", PolicyDocument=wordy)
    assert "The same in fewer words" in text
    assert 'removed "ram:GetUser"' in text
    assert _document_on(reader) == wordy  # nothing is applied yet
    text = reader.post("/policies/new", _step="apply", PolicyDocument=wordy)
    assert "The same in fewer words" not in text
    short = _document_on(reader)
    assert json.loads(short)["Statement"][0]["Action"] == ["ram:Get*", "ram:ListUsers"]
    text = reader.post("/policies/new", _step="optimize", PolicyDocument=short)
    assert "Nothing in it can go; it stays as it is." in text
    text = reader.post("/policies/new", _step="optimize", PolicyDocument='{"Version": "1"}')
    assert "The policy document is not valid." in text
