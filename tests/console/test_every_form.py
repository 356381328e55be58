"""Every form of the console, sent by somebody who has no right to what it does: page and API refuse, nothing is done.

The list is the application's own: a form that is declared and stands in none of the tables below fails the first test.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from keystead.console.application import declared_pages
from keystead.wire.names import kebab
from services import rpc
from services.browser import PASSWORD, console_user
from services.rpc import ApiError, Key
from services.server import Server

from .furnished import Furnished
from .plain import Reader

NO_ACT = {
    "/bind-mfa": "one's own device, asked for by the session",
    "/change-password": "one's own password, asked for by the session",
    "/explain-denial": "reads; what the person may not read is refused: test_analysis.py",
    "/grants/new": "shows what would be granted",
    "/policies/check": "judges a text",
    "/security/mfa/bind": "one's own",
    "/security/mfa/new": "one's own",
    "/security/mfa/unbind": "one's own",
    "/security/passkeys/begin": "one's own",
    "/security/passkeys/delete": "one's own",
    "/security/passkeys/register": "one's own",
    "/security/password": "one's own",
    "/security/sessions/end": "one's own",
    "/set-up": "by the token alone",
    "/shell": "runs what the person may: test_shell.py",
    "/sign-in": "by the password",
    "/sign-in/passkey": "by the passkey",
    "/sign-in/passkey/begin": "by the passkey",
    "/sign-out": "one's own",
    "/signature-debugger": "reads; what the person may not read is refused: test_analysis.py",
    "/simulate": "reads; what the person may not read is refused: test_analysis.py",
    "/switch-role/back": "one's own",
    "/users-batch/ask": "asks what to do",
    "/verify": "one's own password",
}
"""Forms that act on nobody else, with the reason."""

PAIR = "UserAccessKeyId={pair}"
OFF = 'AccessKeyPolicy={"Status":"Inactive","Statements":[]}'
DOCUMENT = '{"Version":"1","Statement":[{"Effect":"Allow","Action":"ram:GetUser","Resource":"*"}]}'
TRUST = (
    '{"Version":"1","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":["a.example"]}}]}'
)
OF_POLICY = "PolicyName={policy} PolicyType=Custom"

FORMS: dict[str, tuple[dict[str, str], str]] = {
    "/alias": ({"AccountAlias": "other"}, "ram SetAccountAlias AccountAlias=other"),
    "/credential-report": ({}, "ims GenerateCredentialReport"),
    "/grants/create": (
        {"kind": "User", "principal": "{user}", "policy": "Custom/{policy}"},
        f"ram AttachPolicyToUser UserName={{user}} {OF_POLICY}",
    ),
    "/grants/revoke": (
        {"kind": "Group", "principal": "{group}", "policy": "{policy}", "type": "Custom"},
        f"ram DetachPolicyFromGroup GroupName={{group}} {OF_POLICY}",
    ),
    "/groups/new": ({"GroupName": "intruders"}, "ims CreateGroup GroupName=intruders"),
    "/groups/{name}/add": ({"users": "{user}"}, "ims AddUserToGroup UserPrincipalName={user} GroupName={group}"),
    "/groups/{name}/delete": ({"_typed": "{group}"}, "ims DeleteGroup GroupName={group}"),
    "/groups/{name}/edit": ({"NewComments": "x"}, "ims UpdateGroup GroupName={group} NewComments=x"),
    "/groups/{name}/remove": ({"user": "{user}"}, "ims RemoveUserFromGroup UserPrincipalName={user} GroupName={group}"),
    "/policies/new": (
        {"PolicyName": "intruding", "PolicyDocument": DOCUMENT},
        f"ram CreatePolicy PolicyName=intruding PolicyDocument={DOCUMENT}",
    ),
    "/policies/custom/{name}/edit": (
        {"PolicyDocument": DOCUMENT},
        f"keystead SavePolicyVersion PolicyName={{policy}} PolicyDocument={DOCUMENT}",
    ),
    "/policies/{type}/{name}/delete": ({"_typed": "{policy}"}, "ram DeletePolicy PolicyName={policy}"),
    "/policies/{type}/{name}/remarks": (
        {"NewDescription": "x"},
        "ram UpdatePolicyDescription PolicyName={policy} NewDescription=x",
    ),
    "/policies/{type}/{name}/versions/default": (
        {"VersionId": "v1"},
        "ram SetDefaultPolicyVersion PolicyName={policy} VersionId=v1",
    ),
    "/policies/{type}/{name}/versions/delete": (
        {"VersionId": "v1"},
        "ram DeletePolicyVersion PolicyName={policy} VersionId=v1",
    ),
    "/quick-start/{key}": ({"UserName": "intruder"}, "ims CreateUser UserPrincipalName=intruder DisplayName=x"),
    "/recycle-bin/access-keys/restore": (
        {"UserAccessKeyId": "{thrown}", "UserId": "{user-id}"},
        "ims RestoreAccessKeyFromRecycleBin UserAccessKeyId={thrown} UserId={user-id}",
    ),
    "/recycle-bin/users/restore": ({"UserId": "{gone}"}, "keystead RestoreDisabledUser UserId={gone}"),
    "/recycle-bin/{tab}/delete": ({"UserId": "{gone}"}, "ims DeleteUserInRecycleBin UserId={gone}"),
    "/roles/new": (
        {"RoleName": "intruder", "AssumeRolePolicyDocument": TRUST},
        f"ram CreateRole RoleName=intruder AssumeRolePolicyDocument={TRUST}",
    ),
    "/roles/{name}/delete": ({"_typed": "{role}"}, "ram DeleteRole RoleName={role}"),
    "/roles/{name}/edit": ({"NewDescription": "x"}, "ram UpdateRole RoleName={role} NewDescription=x"),
    "/roles/{name}/sessions/revoke": ({"_typed": "{role}"}, "keystead RevokeRoleSessions RoleName={role}"),
    "/roles/{name}/trust": (
        {"NewAssumeRolePolicyDocument": TRUST},
        f"ram UpdateRole RoleName={{role}} NewAssumeRolePolicyDocument={TRUST}",
    ),
    "/settings/{card}": ({"MinimumPasswordLength": "31"}, "ims SetPasswordPolicy MinimumPasswordLength=31"),
    "/switch-role": (
        {"role": "{role}"},
        "sts AssumeRole RoleArn=acs:ram::{account}:role/{role} RoleSessionName=intruder",
    ),
    "/users-batch/delete": ({"selected": "{user}", "_typed": "1"}, "ims DeleteUser UserPrincipalName={user}"),
    "/users-batch/disable": (
        {"selected": "{user}", "_typed": "1"},
        "keystead SetUserStatus UserName={user} Status=freeze",
    ),
    "/users-batch/group": (
        {"selected": "{user}", "GroupName": "{group}"},
        "ims AddUserToGroup UserPrincipalName={user} GroupName={group}",
    ),
    "/users-batch/policy": (
        {"selected": "{user}", "policy": "Custom/{policy}"},
        f"ram AttachPolicyToUser UserName={{user}} {OF_POLICY}",
    ),
    "/users/new": (
        {"UserName": "intruder", "DisplayName": "", "Tags": ""},
        "ims CreateUser UserPrincipalName=intruder DisplayName=x",
    ),
    "/users/{name}/access-keys/new": (
        {"Note": "x", "necessary": "yes", "use": "test"},
        "keystead CreateAccessKeyPair UserName={user}",
    ),
    "/users/{name}/access-keys/{key}": ({"Note": "x"}, f"keystead UpdateAccessKeyPair UserName={{user}} {PAIR} Note=x"),
    "/users/{name}/access-keys/{key}/delete": ({"_typed": "{pair}"}, f"ram DeleteAccessKey UserName={{user}} {PAIR}"),
    "/users/{name}/access-keys/{key}/disable": (
        {"_typed": "{pair}"},
        f"ram UpdateAccessKey UserName={{user}} {PAIR} Status=Inactive",
    ),
    "/users/{name}/access-keys/{key}/enable": ({}, f"ram UpdateAccessKey UserName={{user}} {PAIR} Status=Active"),
    "/users/{name}/access-keys/{key}/leaked": (
        {"_typed": "{pair}"},
        f"keystead ReportAccessKeyLeaked UserName={{user}} {PAIR}",
    ),
    "/users/{name}/access-keys/{key}/network": (
        {"act": "off"},
        f"ims SetAccessKeyPolicy UserPrincipalName={{user}} {PAIR} {OFF}",
    ),
    "/users/{name}/access-keys/{key}/rotate": (
        {"_typed": "{pair}"},
        f"ram UpdateAccessKey UserName={{user}} {PAIR} Status=Inactive",
    ),
    "/users/{name}/delete": ({"_typed": "{user}"}, "ims DeleteUser UserPrincipalName={user}"),
    "/users/{name}/edit": ({"NewComments": "x"}, "ims UpdateUser UserPrincipalName={user} NewComments=x"),
    "/users/{name}/groups": ({"GroupName": "{group}"}, "ims AddUserToGroup UserPrincipalName={user} GroupName={group}"),
    "/users/{name}/logon": (
        {"act": "reset", "how": "set", "Password": PASSWORD},
        f"ims UpdateLoginProfile UserPrincipalName={{user}} Password={PASSWORD}",
    ),
    "/users/{name}/logon/modify": (
        {"PasswordResetRequired": "true"},
        "ims UpdateLoginProfile UserPrincipalName={user} PasswordResetRequired=true",
    ),
    "/users/{name}/logon/remove": ({}, "ims DeleteLoginProfile UserPrincipalName={user}"),
    "/users/{name}/mfa/bind": (
        {"SerialNumber": "acs:ram::{account}:mfa/x", "AuthenticationCode1": "000000", "AuthenticationCode2": "111111"},
        "ims BindMFADevice UserPrincipalName={user} SerialNumber=acs:ram::{account}:mfa/x "
        "AuthenticationCode1=000000 AuthenticationCode2=111111",
    ),
    "/users/{name}/mfa/new": ({}, "ims CreateVirtualMFADevice VirtualMFADeviceName=intruding"),
    "/users/{name}/mfa/unbind": ({}, "ims DisableVirtualMFA UserPrincipalName={user}"),
    "/users/{name}/permissions": (
        {"policy": "Custom/{policy}", "act": "revoke"},
        f"ram DetachPolicyFromUser UserName={{user}} {OF_POLICY}",
    ),
    "/users/{name}/sessions/end": (
        {"SessionId": "0123456789abcdef"},
        "keystead EndConsoleSession UserName={user} SessionId=0123456789abcdef",
    ),
    "/users/{name}/status": ({"Status": "freeze"}, "keystead SetUserStatus UserName={user} Status=freeze"),
    "/workspaces": ({"workspaceName": "intruded"}, "modelstudio CreateWorkspace workspaceName=intruded"),
    "/workspaces/{workspace}/agent-key/reset": ({}, "keystead ResetAgentKey WorkspaceId={workspace}"),
    "/workspaces/{workspace}/api-keys/new": (
        {"Description": "x", "scope": "all"},
        "keystead CreateExpiringApiKey WorkspaceId={workspace}",
    ),
    "/workspaces/{workspace}/api-keys/{key}": (
        {"description": "x", "scope": "all"},
        "modelstudio UpdateApiKey apiKeyId={api-key} description=x",
    ),
    "/workspaces/{workspace}/api-keys/{key}/delete": (
        {"_typed": "{api-key}"},
        "modelstudio DeleteApiKey apiKeyId={api-key}",
    ),
    "/workspaces/{workspace}/api-keys/{key}/disable": ({}, "modelstudio DisableApiKey apiKeyId={api-key}"),
    "/workspaces/{workspace}/api-keys/{key}/expiry": ({"expires": "30"}, "keystead SetApiKeyExpiry ApiKeyId={api-key}"),
    "/workspaces/{workspace}/api-keys/{key}/enable": ({}, "modelstudio EnableApiKey apiKeyId={api-key}"),
    "/workspaces/{workspace}/api-keys/{key}/rotate": ({}, "keystead RotateApiKey ApiKeyId={api-key}"),
    "/workspaces/{workspace}/applications/new": (
        {"name": "x", "modelId": "{user}"},
        "bailian CreateAndPulishAgent WorkspaceId={workspace} name=x modelId={user}",
    ),
    "/workspaces/{workspace}/applications/{app}/delete": (
        {"_typed": "{app}"},
        "bailian DeleteAgent WorkspaceId={workspace} AppCode={app}",
    ),
    "/workspaces/{workspace}/applications/{app}/edit": (
        {"name": "x"},
        "bailian UpdateAndPublishAgentSelective WorkspaceId={workspace} AppCode={app} name=x",
    ),
    "/workspaces/{workspace}/applications/{app}/playground-key": (
        {},
        'keystead CreateTemporaryModelKey WorkspaceId={workspace} Applications=["{app}"]',
    ),
    "/workspaces/{workspace}/api-keys/{key}/limits": (
        {"Measure": "requests", "Amount": "1", "Period": "day"},
        "keystead SetUsageLimit Scope=key ScopeId={api-key} Measure=requests Amount=1 Period=day",
    ),
    "/workspaces/{workspace}/api-keys/{key}/limits/delete": (
        {"UsageLimitId": "{limit}"},
        "keystead DeleteUsageLimit UsageLimitId={limit}",
    ),
    "/workspaces/{workspace}/limits": (
        {"Measure": "requests", "Amount": "1", "Period": "day"},
        "keystead SetUsageLimit Scope=workspace ScopeId={workspace} Measure=requests Amount=1 Period=day",
    ),
    "/workspaces/{workspace}/limits/delete": (
        {"UsageLimitId": "{limit}"},
        "keystead DeleteUsageLimit UsageLimitId={limit}",
    ),
    "/workspaces/{workspace}/temporary-key": (
        {"scope": "all"},
        "keystead CreateTemporaryModelKey WorkspaceId={workspace}",
    ),
    "/workspaces/{workspace}/temporary-key/revoke": (
        {},
        "keystead RevokeTemporaryModelKeys WorkspaceId={workspace}",
    ),
    "/workspaces/{workspace}/verify-api-key": (
        {"ApiKeyValue": "sk-0000000000000000000000000000000"},
        "keystead VerifyApiKey ApiKeyValue=sk-0000000000000000000000000000000",
    ),
    "/workspaces/{workspace}/delete": (
        {"_typed": "{workspace}"},
        "modelstudio DeleteWorkspace workspaceId={workspace}",
    ),
    "/workspaces/{workspace}/members": (
        {"kind": "User", "name": "{user}", "level": "administrator"},
        "keystead AddWorkspaceMember WorkspaceId={workspace} UserName={user} Level=administrator",
    ),
    "/workspaces/{workspace}/members/change": (
        {"kind": "User", "name": "{user}", "level": "administrator"},
        "keystead UpdateWorkspaceMember WorkspaceId={workspace} UserName={user} Level=administrator",
    ),
    "/workspaces/{workspace}/members/remove": (
        {"kind": "User", "name": "{user}"},
        "keystead RemoveWorkspaceMember WorkspaceId={workspace} UserName={user}",
    ),
    "/workspaces/{workspace}/models/add": (
        {"ModelName": "intruding", "Upstream": "http://127.0.0.1:9/v1"},
        "keystead AddModel ModelName=intruding Upstream=http://127.0.0.1:9/v1",
    ),
    "/workspaces/{workspace}/models/allow": (
        {"model": "{user}", "allow": "no"},
        "modelstudio UpdateModelPermissions workspaceId={workspace} accessAllEntities=OPEN",
    ),
    "/workspaces/{workspace}/models/remove": (
        {"ModelName": "{user}", "_typed": "{user}"},
        "keystead RemoveModel ModelName={user}",
    ),
    "/workspaces/{workspace}/models/test": ({"ModelName": "{user}"}, "keystead TestModel ModelName={user}"),
    "/workspaces/{workspace}/rename": (
        {"WorkspaceName": "intruded"},
        "keystead RenameWorkspace WorkspaceId={workspace} WorkspaceName=intruded",
    ),
}
"""The form as it is sent, and what it does: product, action, parameters."""


@dataclass
class Intruder:
    """Somebody without any right, at a browser and with a pair."""

    reader: Reader
    key: Key

    def send(self, route: str, fields: dict[str, str]) -> int:
        """Send a form that is otherwise as it must be: proven, with its token and a fresh mark; its status."""
        self.reader.get("/workspaces")
        self.reader.post(route, **fields)
        return self.reader.status

    def command(self, line: str) -> str:
        """What the Cloud Shell answers."""
        self.reader.get("/shell")
        return self.reader.post("/shell", line=line)


@pytest.fixture(scope="module")
def intruder(_console: Server) -> Iterator[Intruder]:
    logon = console_user(_console, "intruder-himself")
    made = rpc.call(_console.url, _console.admin, "ram", "CreateAccessKey", UserName="intruder-himself")["AccessKey"]
    reader = Reader(_console).sign_in(logon)
    reader.get("/")
    reader.post("/verify", _proof=PASSWORD)
    own_devices(_console, "false")
    yield Intruder(reader, Key(made["AccessKeyId"], made["AccessKeySecret"]))
    own_devices(_console, "true")
    reader.client.close()


def own_devices(server: Server, allowed: str) -> None:
    """Whether everybody may make a device for himself, as is usual: a right of its own."""
    rpc.call(server.url, server.admin, "ram", "SetSecurityPreference", AllowUserToManageMFADevices=allowed)


def forms() -> set[str]:
    """The forms' addresses, one for each handler: those about one's own pairs are those about a user's."""
    declared = {page.path: page.handler for page in declared_pages() if page.method == "POST"}
    own = {path for path in declared if path.startswith("/access-keys/own")}
    assert {declared[path] for path in own} <= {declared[path] for path in set(declared) - own}
    return set(declared) - own


def test_no_form_is_left_out() -> None:
    assert forms() == set(FORMS) | set(NO_ACT)


NO = "NoPermission"
GONE = r"NoPermission|WorkSpaceNotFound|ApiKeyNotFound|NOT AUTHORIZED|NotAuthorized"
"""A workspace is said not to be there to who is not in it."""


@pytest.mark.parametrize("route", FORMS)
def test_a_form_is_refused_to_who_has_no_right(furnished: Furnished, intruder: Intruder, route: str) -> None:
    fields, act = FORMS[route]
    product, action, *given = furnished.fill(act).split(" ")
    sent = dict(each.split("=", 1) for each in given)
    if product in rpc.VERSIONS:
        with pytest.raises(ApiError) as refused:
            rpc.call(furnished.server.url, intruder.key, product, action, **sent)
        said = f"{refused.value.status} {refused.value.code}"
    else:
        words = [part for name, value in sent.items() for part in (f"--{name}", f"'{value}'")]
        said = intruder.command(" ".join([product, _kebab(action), *words]))
    wanted = GONE if route.startswith("/workspaces/{") else NO
    assert re.search(wanted, said), said
    status = intruder.send(
        furnished.address(route).partition("?")[0], {k: furnished.fill(v) for k, v in fields.items()}
    )
    assert status in (200, 403, 404), intruder.reader.text
    assert re.search(wanted, intruder.reader.page), intruder.reader.text


EARLIER = {
    "/grants/create": "keystead SearchGrants",  # the user has it already
    "/groups/{name}/delete": "ram DetachPolicyFromGroup",
    "/quick-start/{key}": "ram CreateUser",
    "/roles/{name}/delete": "ram DetachPolicyFromRole",
}
"""Forms that make another call before the one in the list."""
SAID_FIRST = {
    "/roles/{name}/trust": "Somebody changed this policy meanwhile.",
    "/users/{name}/access-keys/{key}/delete": "AccessKeyActive",
    "/workspaces/{workspace}/verify-api-key": "InvalidParameter",
}
"""Forms that are refused, as the list fills them in, before they call anything."""


@pytest.fixture(scope="module")
def shown_to(_console: Server, furnished: Furnished) -> Iterator[Reader]:
    """An administrator who has not proven himself, and only looks at what forms would do."""
    reader = Reader(_console).sign_in(console_user(_console, "onlooker", "AdministratorAccess"))
    reader.get("/")
    reader.forget_proof()
    furnished.prove()
    yield reader
    reader.client.close()


@pytest.mark.parametrize("route", sorted(set(FORMS) - {"/switch-role"}))
def test_a_form_shows_its_command_and_does_nothing(furnished: Furnished, shown_to: Reader, route: str) -> None:
    fields, act = FORMS[route]
    product, action = EARLIER.get(route, act).split(" ")[:2]
    shown_to.get("/")
    filled = {name: furnished.fill(value) for name, value in fields.items()}
    text = shown_to.post(furnished.address(route).partition("?")[0], **filled, _show="command")
    if route in SAID_FIRST:
        assert SAID_FIRST[route] in text
        assert shown_to.status in (400, 409)
        return
    assert shown_to.status == 200, text
    assert "Nothing was done." in text
    assert f"keystead {product} {kebab(action)} " in text
    assert f"x-acs-action: {action}" in text
    assert PASSWORD not in text


def test_nothing_that_was_shown_was_done(furnished: Furnished, shown_to: Reader) -> None:
    shown_to.get("/groups?q=last-of-all")
    for _ in range(240):  # until the trail has come this far
        if "SearchGroups" in events(furnished, Identity="onlooker"):
            break
        time.sleep(0.25)
    assert events(furnished, Identity="onlooker", Kind="write") <= {"ConsoleSignin"}


def test_a_form_that_changes_the_session_is_not_only_shown(furnished: Furnished, shown_to: Reader) -> None:
    """Nor does asking to be shown it spare the proof."""
    shown_to.get("/")
    text = shown_to.post("/switch-role", role=furnished.parts["role"], _show="command")
    assert "Confirm that it is you" in text
    assert not [page.path for page in declared_pages() if page.public and page.method == "POST" and page.proof]


def _kebab(action: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "-", action).lower()


def test_none_of_them_did_anything(furnished: Furnished, intruder: Intruder) -> None:
    """After all: nothing that was written stands in the audit trail as his but what he did for himself."""
    with pytest.raises(ApiError) as last:
        rpc.call(furnished.server.url, intruder.key, "ram", "ListUsers")
    for _ in range(240):  # until the trail, which is written a little later, has come this far
        if events(furnished, EventRequestId=str(last.value.request_id)):
            break
        time.sleep(0.25)
    else:
        pytest.fail("the last call stands nowhere in the trail")
    assert events(furnished, Identity="intruder-himself", Outcome="NoPermission")
    assert events(furnished, Identity="intruder-himself", Kind="write", Outcome="Success") <= {"ConsoleSignin"}


def events(furnished: Furnished, **given: str) -> set[str]:
    """What was done, by its events in the audit trail."""
    found = furnished.call("keystead", "LookupEvents", MaxItems="1000", **given)
    return {event["Action"] for event in found["Events"]["Event"]}
