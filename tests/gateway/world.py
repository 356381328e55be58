"""The people, keys and workspaces of the matrix, and how each of them asks."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

import httpx

from services import acs3, rpc
from services.rpc import Key
from services.server import Server
from services.upstream import Running

STUDIO, BAILIAN, OURS = "2026-02-10", "2023-12-29", "2026-11-01"
VERSIONS = {**rpc.VERSIONS, "keystead": OURS, "bailian": "2023-06-01"}
POLICY = {
    "Version": "1",
    "Statement": [
        {"Effect": "Allow", "Action": ["modelstudio:*", "sfm:*"], "Resource": "acs:modelstudio:*:*:*"},
        {"Effect": "Allow", "Action": "sfm:CreateToken", "Resource": "*"},
    ],
}
"""Everything on every workspace, model and application; not `*`, which would make a super administrator."""


@dataclass(frozen=True)
class Visitor:
    """Who acts: a pair that signs, or a bearer value; in which workspace, by which model and application."""

    place: str
    model: str
    application: str
    pair: Key | None = None
    value: str = ""


@dataclass
class World:
    """One account on one server.  `who` maps the names of the matrix to its visitors."""

    server: Server
    upstream: Running
    client: httpx.Client
    names: dict[str, str] = field(default_factory=dict)
    who: dict[str, Visitor] = field(default_factory=dict)
    count: Any = field(default_factory=itertools.count)

    # How the administrator sets things up.

    def rpc(self, product: str, action: str, key: Key | None = None, **parameters: str) -> Any:
        """Call an RPC action, as the administrator unless another pair is given; raise for a refusal."""
        given = {"Action": action, "Version": VERSIONS[product], **parameters}
        query = rpc.signed(key or self.server.admin, "POST", given)
        answer = self.client.post(f"{self.server.url}/?{query}")
        assert answer.status_code == 200, f"{action}: {answer.text}"
        return answer.json()

    def roa(
        self, method: str, path: str, action: str, version: str, key: Key | None = None, **query: str
    ) -> httpx.Response:
        """Call a ROA action with everything in the query."""
        url = self.server.url + path + ("?" + urlencode(query) if query else "")
        headers = acs3.headers(key or self.server.admin, method, url, action, version)
        return self.client.request(method, url, headers=headers)

    def form(self, path: str, action: str, version: str, key: Key | None = None, **members: str) -> httpx.Response:
        """Call a ROA action by a form."""
        url, body = self.server.url + path, urlencode(members).encode()
        kind = "application/x-www-form-urlencoded"
        headers = acs3.headers(key or self.server.admin, "POST", url, action, version, body, content_type=kind)
        return self.client.post(url, content=body, headers=headers)

    def person(self, name: str, policy: str = "everything") -> Key:
        """A RAM user with a policy ("" for none), and its pair."""
        self.rpc("ram", "CreateUser", UserName=name)
        if policy:
            kind = "System" if policy.startswith("Aliyun") else "Custom"
            self.rpc("ram", "AttachPolicyToUser", UserName=name, PolicyName=policy, PolicyType=kind)
        return self.pair(name)

    def pair(self, name: str) -> Key:
        """One more pair of a RAM user."""
        made = self.rpc("ram", "CreateAccessKey", UserName=name)["AccessKey"]
        return Key(made["AccessKeyId"], made["AccessKeySecret"])

    def session(self, name: str) -> Key:
        """A role with the policy, and a session of it."""
        trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"RAM": [self._root()]}}
        document = json.dumps({"Version": "1", "Statement": [trust]})
        role = self.rpc("ram", "CreateRole", RoleName=name, AssumeRolePolicyDocument=document)["Role"]
        self.rpc("ram", "AttachPolicyToRole", RoleName=name, PolicyName="everything", PolicyType="Custom")
        made = self.rpc("sts", "AssumeRole", RoleArn=role["Arn"], RoleSessionName="matrix")["Credentials"]
        return Key(made["AccessKeyId"], made["AccessKeySecret"], made["SecurityToken"])

    def _root(self) -> str:
        return f"acs:ram::{self.server.account_id}:root"

    def join(
        self, name: str, level: str = "member", pages: dict[str, str] | None = None, *, role: bool = False
    ) -> None:
        """Make a user or role a member of W."""
        given = {("RoleName" if role else "UserName"): name, "WorkspaceId": self.names["W"], "Level": level}
        for number, (page, operation) in enumerate((pages or {}).items(), 1):
            given |= {f"Pages.{number}.Page": page, f"Pages.{number}.Operation": operation}
        self.rpc("keystead", "AddWorkspaceMember", **given)

    def leave(self, name: str) -> None:
        """Remove a user from W."""
        self.rpc("keystead", "RemoveWorkspaceMember", UserName=name, WorkspaceId=self.names["W"])

    def key(self, pair: Key | None = None, **auth: str) -> tuple[str, str]:
        """A key of W that a pair makes: value and ID."""
        form = {"auth.type": "Custom", **auth} if auth else {}
        path = f"/modelstudio/apikeys?workspaceId={self.names['W']}"
        made = self.form(path, "CreateApiKey", STUDIO, pair, **form)
        assert made.status_code == 200, made.text
        return made.json()["apiKey"]["apiKeyValue"], str(made.json()["apiKey"]["apiKeyId"])

    def application(self, place: str, model: str) -> str:
        """An application in a workspace."""
        made = self.form(
            f"/{place}/application/agents", "CreateAndPulishAgent", BAILIAN, name="app", modelId=model, instructions="x"
        )
        assert made.status_code == 200, made.text
        return str(made.json()["data"])

    # How a visitor of the matrix asks.

    def send(self, who: Visitor, method: str, path: str, action: str, version: str, **members: str) -> httpx.Response:
        """A management call, signed or, with a bearer value, not."""
        if who.pair is not None:
            call = self.roa if method == "GET" or not members else self.form
            if call is self.form:
                return self.form(path, action, version, who.pair, **members)
            return self.roa(method, path, action, version, who.pair, **members)
        headers = {"authorization": f"Bearer {who.value}", "x-acs-action": action, "x-acs-version": version}
        return self.client.request(method, self.server.url + path, params=members, headers=headers)

    def ours(self, who: Visitor, action: str, **parameters: str) -> httpx.Response:
        """A call of our own product."""
        if who.pair is None:
            return self.send(who, "POST", "/", action, OURS, **parameters)
        query = rpc.signed(who.pair, "POST", {"Action": action, "Version": OURS, **parameters})
        return self.client.post(f"{self.server.url}/?{query}")

    def data(self, who: Visitor, path: str, body: Any, method: str = "POST") -> httpx.Response:
        """A call of the data planes."""
        url, raw = self.server.url + path, b"" if body is None else json.dumps(body).encode()
        named = {"x-dashscope-workspace": who.place} if who.place else {}
        if who.pair is not None:
            headers = acs3.headers(who.pair, method, url, "InvokeModel", STUDIO, raw, more=named)
        else:
            headers = {"authorization": f"Bearer {who.value}", "content-type": "application/json", **named}
        return self.client.request(method, url, content=raw, headers=headers)


def build(server: Server, upstream: Running, client: httpx.Client) -> World:
    """Everybody of the matrix."""
    world = World(server, upstream, client)
    places(world)
    _people(world)
    _keys(world)
    _tokens(world)
    _wrong(world)
    _endings(world)
    return world


def places(world: World) -> None:
    """The models, the policy, and the workspaces D, W and V with their applications."""
    for model in ("echo", "fake"):
        given = {"Upstream": world.upstream.url, "UpstreamModel": model, "InputPrice": "2", "OutputPrice": "6"}
        world.rpc("keystead", "AddModel", ModelName=model, **given)
    world.rpc("ram", "CreatePolicy", PolicyName="everything", PolicyDocument=json.dumps(POLICY))
    world.rpc("ram", "CreateUser", UserName="newcomer")
    world.names["D"] = world.rpc("keystead", "GetWorkspaceDetails")["Workspace"]["WorkspaceId"]
    for name in ("W", "V"):
        made = world.roa("POST", "/modelstudio/workspaces", "CreateWorkspace", STUDIO, workspaceName=name)
        world.names[name] = made.json()["workspace"]["workspaceId"]
        grant = {"workspaceId": world.names[name], "accessAllEntities": "CLOSE"}
        grant |= {"models.1.model": "echo", "models.1.inference": "true"}
        done = world.form("/modelstudio/models/permissions", "UpdateModelPermissions", STUDIO, **grant)
        assert done.status_code == 200, done.text
    world.names["application"] = world.application(world.names["W"], "echo")
    world.names["application elsewhere"] = world.application(world.names["V"], "echo")
    world.names["application of fake"] = world.application(world.names["W"], "fake")


def _of(world: World, pair: Key | None = None, value: str = "") -> Visitor:
    return Visitor(world.names["W"], "echo", world.names["application"], pair, value)


_LEVELS: dict[str, tuple[str, dict[str, str]]] = {
    "workspace administrator": ("administrator", {}),
    "member": ("member", {}),
    "custom member, operating": ("custom", {"applications": "operate", "api-keys": "operate"}),
    "custom member, viewing": ("custom", {"applications": "view", "api-keys": "view", "members": "view"}),
    "custom member, no page": ("custom", {"usage": "view"}),
}


def _people(world: World) -> None:
    who = world.who
    who["account"] = _of(world, world.server.account_key())
    who["super administrator"] = _of(world, world.person("super", "AliyunBailianFullAccess"))
    for number, (name, (level, pages)) in enumerate(_LEVELS.items()):
        who[name] = _of(world, world.person(f"person-{number}"))
        world.join(f"person-{number}", level, pages)
    who["member without a policy"] = _of(world, world.person("unpolicied", ""))
    world.join("unpolicied")
    who["outsider"] = _of(world, world.person("outsider"))
    for name, login in (("removed member", "removed"), ("member, added again", "again"), ("deleted user", "deleted")):
        who[name] = _of(world, world.person(login))
        world.join(login)
    who["role that is a member"] = _of(world, world.session("joined"))
    world.join("joined", role=True)
    who["role that is an outsider"] = _of(world, world.session("apart"))
    spare = world.pair("person-1")
    world.rpc("ram", "UpdateAccessKey", UserName="person-1", UserAccessKeyId=spare.id, Status="Inactive")
    who["disabled pair"] = _of(world, spare)


def _keys(world: World) -> None:
    who = world.who
    for name, owner in (
        ("key of the account", "account"),
        ("key of super administrator", "super administrator"),
        ("key of administrator", "workspace administrator"),
        ("key of member", "member"),
        ("key of custom member", "custom member, operating"),
        ("key of removed member", "removed member"),
        ("key of member, added again", "member, added again"),
        ("key of deleted user", "deleted user"),
        ("key of a role", "role that is a member"),
    ):
        who[name] = _of(world, value=world.key(who[owner].pair)[0])
    # Whoever may not make a key had one from before.
    for name, login in (("key of member, no policy", "unpolicied"), ("key of outsider", "outsider")):
        if login == "outsider":
            world.join(login)
        else:
            world.rpc("ram", "AttachPolicyToUser", UserName=login, PolicyName="everything", PolicyType="Custom")
        pair = who["member without a policy" if login == "unpolicied" else "outsider"].pair
        who[name] = _of(world, value=world.key(pair)[0])
        if login == "outsider":
            world.leave(login)
        else:
            world.rpc("ram", "DetachPolicyFromUser", UserName=login, PolicyName="everything", PolicyType="Custom")
    value, number = world.key(who["member"].pair)
    done = world.roa("PUT", f"/modelstudio/apikeys/{number}/disable", "DisableApiKey", STUDIO)
    assert done.status_code == 200, done.text
    who["disabled key"] = _of(world, value=value)
    who["unknown key"] = _of(world, value="sk-" + "0" * 32)


def _temporary(world: World, person: str, **more: str) -> str:
    given = {"WorkspaceId": world.names["W"], "ExpireInSeconds": "1800", **more}
    return str(world.rpc("keystead", "CreateTemporaryModelKey", world.who[person].pair, **given)["Token"])


def _legacy(world: World, person: str) -> str:
    details = world.rpc("keystead", "GetWorkspaceDetails", WorkspaceId=world.names["W"])
    made = world.rpc("bailian", "CreateToken", world.who[person].pair, AgentKey=details["Workspace"]["AgentKey"])
    return str(made["Data"]["Token"])


def _tokens(world: World) -> None:
    who = world.who
    url = world.server.url + "/api/v1/tokens?expire_in_seconds=1800"
    made = world.client.post(url, headers={"authorization": f"Bearer {who['key of member'].value}"}).json()
    who["temporary key"] = _of(world, value=made["token"])
    who["temporary key, person's"] = _of(world, value=_temporary(world, "member"))
    who["temporary key, narrowed"] = _of(world, value=_temporary(world, "member", Models='["fake"]'))
    who["temporary key, removed"] = _of(world, value=_temporary(world, "removed member"))
    who["legacy token"] = _of(world, value=_legacy(world, "member"))
    who["legacy token, removed"] = _of(world, value=_legacy(world, "removed member"))


def _wrong(world: World) -> None:
    who, names = world.who, world.names
    for suffix, base in (("account", "account"), ("member", "member"), ("key", "key of member")):
        right = who[base]
        # The account stands in every workspace there is: the wrong one is one that is not there.
        place = "llm-0000000000000000" if base == "account" else names["V"]
        who[f"wrong workspace, {suffix}"] = replace(right, place=place)
        who[f"wrong model, {suffix}"] = replace(right, model="fake", application=names["application of fake"])
        if base != "member":
            who[f"wrong application, {suffix}"] = replace(right, application=names["application elsewhere"])
    scope = {"auth.modelAccessScope.allowAllModels": "False", "auth.modelAccessScope.accessibleModels.1": "echo"}
    value, _ = world.key(None, **scope)
    who["wrong model, scope of key"] = replace(_of(world, value=value), model="fake")
    elsewhere, _ = world.key(None, **{"auth.accessIps.1": "203.0.113.0/24"})
    who["wrong address, key"] = _of(world, value=elsewhere)
    network = {"Version": 1, "Status": "Active"}
    statement = {"Type": "ClassicWhiteList", "IPList": ["203.0.113.0/24"]}
    distant = world.person("distant")
    world.join("distant")
    text = json.dumps({**network, "Statements": [statement]})
    login = _login(world, "distant")
    world.rpc(
        "ims",
        "SetAccessKeyPolicy",
        UserPrincipalName=login,
        UserAccessKeyId=distant.id,
        AccessKeyPolicy=text,
    )
    who["wrong address, pair"] = _of(world, distant)


def _endings(world: World) -> None:
    """What ends a right comes last: the keys and tokens were made while it was there."""
    world.leave("removed")
    world.leave("again")
    world.join("again")
    world.rpc("ims", "DeleteUser", UserPrincipalName=_login(world, "deleted"))


def _login(world: World, name: str) -> str:
    user = world.rpc("ram", "GetUser", UserName=name)["User"]
    found = world.rpc("ims", "GetUser", UserId=user["UserId"])["User"]
    return str(found["UserPrincipalName"])
