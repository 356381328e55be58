"""A server with something of each kind, so that no page of the console is empty; and where each page is then found."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from services import rpc
from services.browser import PASSWORD, console_user
from services.server import Server

from .plain import Reader

WHOSE = {
    "/users/{name}": "/users/{user}",
    "/groups/{name}": "/groups/{group}",
    "/roles/{name}": "/roles/{role}",
    "/policies/{type}/{name}": "/policies/custom/{policy}",
    "/policies/custom/{name}": "/policies/custom/{policy}",
    "/access-keys/own/{key}": "/access-keys/own/{own}",
    "/users/{user}/access-keys/{key}": "/users/{user}/access-keys/{pair}",
    "/api-keys/{key}": "/api-keys/{api-key}",
    "/help/examples/{name}": "/help/examples/{example}",
}
"""What a part of an address means depends on what stands before it."""

QUERIES = {
    "/search": "?q=furnished",
    "/audit": "?size=20",
    "/who-can": "?action=ram:GetUser",
    "/simulate": "?kind=user&name={user}&action=ram:GetUser",
    "/grants/revoke": "?kind=User&principal={user}&policy={policy}&type=Custom",
    "/recycle-bin/{tab}/delete": "?UserId={gone}",
    "/workspaces/{workspace}/members/change": "?kind=User&name={user}",
}
"""What a page asks for beside its address."""


@dataclass
class Furnished:
    """Names and IDs of what there is.  reader: the administrator who made it, proven."""

    server: Server
    reader: Reader
    parts: dict[str, str] = field(default_factory=dict)

    def prove(self) -> None:
        """Prove the administrator's session again: it counts for ten minutes."""
        self.reader.get("/")
        self.reader.post("/verify", _proof=PASSWORD)

    def call(self, product: str, action: str, **given: str) -> Any:
        """Call as the first user."""
        return rpc.call(self.server.url, self.server.admin, product, action, **given)

    def address(self, route: str) -> str:
        """Where the page of a route is."""
        found = route
        for general, particular in WHOSE.items():
            found = found.replace(general, particular)
        return self.fill(found + QUERIES.get(route, ""))

    def fill(self, text: str) -> str:
        """A text with the names of its parts replaced by what there is."""
        return re.sub(r"\{([a-z:-]+)\}", lambda part: self.parts[part[1]], text)


def furnish(server: Server, name: str = "furnisher") -> Furnished:
    """Make it all, as a new administrator of that name."""
    reader = Reader(server).sign_in(console_user(server, name, "AdministratorAccess"))
    made = Furnished(server, reader)
    made.prove()
    _people(made, name)
    _workspace(made)
    made.parts |= {
        "tab": "users",
        "card": "password",
        "code": "NoPermission",
        "name:path": "rotation",
        "key": "auditor",
    }
    return made


def _document(statement: dict[str, object]) -> str:
    return json.dumps({"Version": "1", "Statement": [statement]})


def _people(made: Furnished, name: str) -> None:
    """A user, group, role and policy, pairs, and what lies in the recycle bin."""
    call, who = made.call, f"{name}-furnished"
    given = {"DisplayName": "家具 Furnished", "Comments": "so that no page is empty"}
    user_id = call("ram", "CreateUser", UserName=who, **given)["User"]["UserId"]
    call("ram", "CreateLoginProfile", UserName=who, Password=PASSWORD)
    call("ram", "CreateGroup", GroupName=who, Comments="so that no page is empty")
    call("ram", "AddUserToGroup", UserName=who, GroupName=who)
    root = {"RAM": [f"acs:ram::{made.server.account_id}:root"]}
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": root}
    call("ram", "CreateRole", RoleName=who, AssumeRolePolicyDocument=_document(trust))
    allow = {"Effect": "Allow", "Action": ["ram:Get*", "ram:ListUsers"], "Resource": "*"}
    call("ram", "CreatePolicy", PolicyName=who, PolicyDocument=_document(allow))
    for kind in ("User", "Group", "Role"):
        named = {f"{kind}Name": who, "PolicyName": who, "PolicyType": "Custom"}
        call("ram", f"AttachPolicyTo{kind}", **named)
    pairs = {
        part: call("ram", "CreateAccessKey", UserName=user)["AccessKey"]["AccessKeyId"]
        for part, user in (("pair", who), ("own", name))
    }
    gone = call("ram", "CreateUser", UserName=f"{who}-gone")["User"]["UserId"]
    thrown = call("ram", "CreateAccessKey", UserName=who)["AccessKey"]["AccessKeyId"]
    call("ram", "DeleteAccessKey", UserName=who, UserAccessKeyId=thrown)
    call("ram", "DeleteUser", UserName=f"{who}-gone")
    made.parts |= {"user": who, "group": who, "role": who, "policy": who, "type": "custom", **pairs}
    made.parts |= {"gone": gone, "thrown": thrown, "user-id": user_id, "account": made.server.account_id}


def _workspace(made: Furnished) -> None:
    """A workspace with a model, a member, a key and an application, made by the console's own forms."""
    reader, user = made.reader, made.parts["user"]
    made.call("keystead", "AddModel", ModelName=user, Upstream="http://127.0.0.1:9/v1", Provider="furnished")
    reader.get("/workspaces")
    reader.post("/workspaces", workspaceName=user)
    workspace = reader.address.rsplit("/", 1)[1]
    here = f"/workspaces/{workspace}"
    reader.post(f"{here}/models/allow", model=user, allow="yes")
    reader.post(f"{here}/members", kind="User", name=user, level="custom", **{"page-models": "view"})
    reader.get(f"{here}/api-keys/new")
    reader.post(f"{here}/api-keys/new", Description=user, scope="some", model=user, addresses="127.0.0.1")
    api_key = re.search(r'id="secret-1"[^>]* value="(\d+)"', reader.page)
    assert api_key, reader.text
    reader.get(f"{here}/applications/new")
    reader.post(f"{here}/applications/new", name=user, modelId=user)
    assert reader.status == 200, reader.text
    limit = {"ScopeId": api_key[1], "Measure": "money", "Period": "month", "Amount": "2500000"}
    limited = made.call("keystead", "SetUsageLimit", Scope="key", **limit)["UsageLimit"]["UsageLimitId"]
    made.call("keystead", "SetUsageLimit", Scope="workspace", **{**limit, "ScopeId": workspace})
    made.parts |= {
        "workspace": workspace,
        "limit": limited,
        "api-key": api_key[1],
        "app": reader.address.rsplit("/", 1)[1],
        "model:path": user,
    }
