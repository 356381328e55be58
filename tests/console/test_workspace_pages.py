"""Pages of workspaces by plain requests: what each shows, changes and refuses.  Source: console.md 4.1 to 4.7."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Iterator

import httpx
import pytest

from services import rpc
from services.browser import PASSWORD, console_user
from services.server import Server


class Signed:
    """A person's session without a browser.  name: of the RAM user."""

    def __init__(self, server: Server, name: str) -> None:
        self.name = name.partition("@")[0]
        self.http = httpx.Client(base_url=server.url, trust_env=False, timeout=30)
        form = {"kind": "user", "name": name, "password": PASSWORD}
        assert self.http.post("/console/sign-in", data=form).status_code == 303
        self.token = self._field(self.get("/"), "_token")
        proven = self.send("/verify", _proof=PASSWORD)
        assert proven.status_code == 303, proven.text

    @staticmethod
    def _field(page: httpx.Response, name: str) -> str:
        found = re.search(f'name="{name}" value="([^"]+)"', page.text)
        assert found, page.text
        return found.group(1)

    def get(self, path: str, **query: str) -> httpx.Response:
        """Open a page."""
        return self.http.get(f"/console{path}", params=query)

    def send(self, path: str, *, form_at: str = "", **fields: str | list[str]) -> httpx.Response:
        """Send a form; form_at: the page that has it, where it may be sent once."""
        mark = {"_mark": self._field(self.get(form_at), "_mark")} if form_at else {}
        return self.http.post(f"/console{path}", data={"_token": self.token, **mark, **fields})

    def done(self, path: str, *, form_at: str = "", **fields: str | list[str]) -> str:
        """Send a form that must be accepted; the address that it leads to."""
        answer = self.send(path, form_at=form_at, **fields)
        assert answer.status_code == 303, answer.text
        return str(answer.headers["location"]).removeprefix("/console")


@pytest.fixture(scope="module")
def chief(_console: Server) -> Iterator[Signed]:
    """A super administrator of workspaces."""
    found = Signed(_console, console_user(_console, "studio-chief", "AdministratorAccess"))
    yield found
    found.http.close()


@pytest.fixture(scope="module")
def member(_console: Server) -> Iterator[Signed]:
    """Somebody whom policies let call, but who is in no workspace until a test adds them."""
    document = (
        '{"Version":"1","Statement":[{"Effect":"Allow","Action":"modelstudio:*","Resource":"acs:modelstudio:*:*:*"}]}'
    )
    name = console_user(_console, "studio-member")
    url, admin = _console.url, _console.admin
    rpc.call(url, admin, "ram", "CreatePolicy", PolicyName="studio-member", PolicyDocument=document)
    rpc.call(
        url, admin, "ram", "AttachPolicyToUser", UserName="studio-member", PolicyName="studio-member",
        PolicyType="Custom",
    )  # fmt: skip
    found = Signed(_console, name)
    yield found
    found.http.close()


def workspace(chief: Signed, name: str = "") -> str:
    """The address of a new workspace's pages."""
    there = chief.done("/workspaces", form_at="/workspaces", workspaceName=name or f"team-{secrets.token_hex(4)}")
    assert re.fullmatch(r"/workspaces/[\w-]+", there)
    return there


def test_a_workspace_is_created_renamed_and_deleted_by_typing_its_id(console: Server, chief: Signed) -> None:
    there = workspace(chief, "first-name")
    workspace_id = there.rpartition("/")[2]
    page = chief.get(there).text
    assert "first-name" in page
    assert f"{console.url}/compatible-mode/v1" in page
    assert f"{console.url}/api/v1" in page
    assert "Old integrations only. Use an AccessKey." in page
    taken = chief.send(f"{there}/rename", WorkspaceName="Default Workspace")
    assert taken.status_code == 409
    assert "EntityAlreadyExists.Workspace" in taken.text
    chief.done(f"{there}/rename", WorkspaceName="second-name")
    listed = chief.get("/workspaces", q="second-name").text
    assert workspace_id in listed
    assert "first-name" not in listed
    assert workspace_id in chief.get("/workspaces", q="second-name", format="csv").text
    assert "NotConfirmed" in chief.send(f"{there}/delete", _typed="second-name").text
    assert chief.done(f"{there}/delete", _typed=workspace_id) == "/workspaces"
    assert chief.get(there).status_code == 404


def test_a_workspace_with_a_member_is_not_deleted_and_says_why(console: Server, chief: Signed) -> None:
    there = workspace(chief)
    workspace_id = there.rpartition("/")[2]
    rpc.call(
        console.url, console.admin, "keystead", "AddWorkspaceMember", WorkspaceId=workspace_id, UserName=chief.name
    )
    answer = chief.send(f"{there}/delete", _typed=workspace_id)
    assert answer.status_code == 409
    assert "1 member(s) are in it" in answer.text
    assert chief.get(there).status_code == 200


def test_a_reset_ends_the_agent_key(chief: Signed) -> None:
    there = workspace(chief)

    def agent_key() -> str:
        found = re.search(r"<summary>AgentKey.*?<code>([^<]+)</code>", chief.get(there).text, re.DOTALL)
        assert found
        return found.group(1)

    before = agent_key()
    assert agent_key() == before
    chief.done(f"{there}/agent-key/reset")
    assert agent_key() != before


def test_who_is_not_in_a_workspace_is_answered_as_if_it_were_not_there(chief: Signed, member: Signed) -> None:
    there = workspace(chief, "hidden-team")
    for path in (there, "/workspaces/llm-nosuchworkspace"):
        answer = member.get(path)
        assert answer.status_code == 404
        assert "WorkSpaceNotFound" in answer.text
        assert "hidden-team" not in answer.text
    assert "hidden-team" not in member.get("/workspaces").text
    assert member.send(f"{there}/rename", WorkspaceName="mine").status_code == 404


def member_of(chief: Signed, there: str, name: str, level: str = "member", **pages: str) -> None:
    """Add a user by the form."""
    chief.done(f"{there}/members", kind="User", name=name, level=level, **pages)


def secret_of(page: httpx.Response) -> tuple[str, str]:
    """ID and value of the key in the one-time dialog."""
    assert page.status_code == 200, page.text
    key_id = re.search(r'id="secret-1"[^>]* value="(\d+)"', page.text)
    value = re.search(r'id="secret-2"[^>]* value="(sk-[^"]+)"', page.text)
    assert key_id
    assert value
    return key_id.group(1), value.group(1)


def models_by(server: Server, value: str) -> int:
    """The status with which a bearer value is answered."""
    headers = {"authorization": f"Bearer {value}"}
    return httpx.get(f"{server.url}/compatible-mode/v1/models", headers=headers, trust_env=False).status_code


def test_a_key_made_by_the_form_works_and_its_value_stands_in_one_answer_only(console: Server, chief: Signed) -> None:
    there = workspace(chief)
    keys = f"{there}/api-keys"
    made = chief.send(f"{keys}/new", form_at=f"{keys}/new", Description="nightly job", scope="all", addresses="")
    key_id, value = secret_of(made)
    assert "API key created" in made.text
    assert f"{console.url}/compatible-mode/v1/chat/completions" in made.text
    assert models_by(console, value) == 200
    for path in (keys, f"{keys}/{key_id}", f"{keys}?format=csv", there):
        page = chief.get(path).text
        assert value not in page
        assert "nightly job" in page or path == there
    events = rpc.call(console.url, console.admin, "keystead", "LookupEvents", EventAction="CreateExpiringApiKey")
    assert value not in str(events)
    assert value not in console.log()


def test_a_found_value_is_told_whose_it_is_and_stands_nowhere(console: Server, chief: Signed) -> None:
    there = workspace(chief)
    keys = f"{there}/api-keys"
    _, value = secret_of(chief.send(f"{keys}/new", form_at=f"{keys}/new", Description="found one", scope="all"))
    found = chief.send(f"{there}/verify-api-key", ApiKeyValue=value)
    assert "found one" in found.text
    assert "are let in" in found.text
    assert value not in found.text
    wrong = chief.send(f"{there}/verify-api-key", ApiKeyValue=value[:-1])
    assert "cut or mistyped" in wrong.text
    assert value[:-1] not in wrong.text
    for _ in range(240):
        events = rpc.call(console.url, console.admin, "keystead", "LookupEvents", EventAction="VerifyApiKey")
        if len(events["Events"]["Event"]) >= 2:
            break
        time.sleep(0.25)
    assert "VerifyApiKey" in str(events)
    for place in (str(events), console.log()):
        assert value[:-1] not in place


def test_a_temporary_key_works_until_it_is_revoked(console: Server, chief: Signed) -> None:
    there = workspace(chief)
    temporary = f"{there}/temporary-key"
    none = chief.send(temporary, form_at=temporary, scope="some", ExpireInSeconds="60")
    assert "none is chosen" in none.text
    made = chief.send(temporary, form_at=temporary, scope="all", ExpireInSeconds="1800", Person="alice's run")
    value = re.search(r'id="secret-1"[^>]* value="(st-[^"]+)"', made.text)
    assert value, made.text
    assert models_by(console, value[1]) == 200
    assert value[1] not in console.log()
    assert "those of everybody" in chief.get(temporary).text
    assert chief.done(f"{temporary}/revoke", whose="everybody") == f"{there}/api-keys"
    assert models_by(console, value[1]) == 401


def test_a_limit_is_set_shown_and_removed_on_a_key_and_a_workspace(console: Server, chief: Signed) -> None:
    there = workspace(chief)
    keys = f"{there}/api-keys"
    key_id, _ = secret_of(chief.send(f"{keys}/new", form_at=f"{keys}/new", Description="limited", scope="all"))
    for page in (there, f"{keys}/{key_id}"):
        wrong = chief.send(f"{page}/limits", Measure="requests", Amount="1.5", Period="day", TimeZone="UTC")
        assert wrong.status_code == 400
        assert "is not a number that a limit can be" in wrong.text
        chief.done(f"{page}/limits", Measure="money", Amount="2.5", Period="month", TimeZone="Asia/Shanghai")
        chief.done(f"{page}/limits", Measure="concurrent", Amount="4", Period="day", TimeZone="UTC")
        shown = chief.get(page).text
        assert "2.5 units of money a month" in shown
        assert "4 calls at the same time" in shown
        found = rpc.call(console.url, console.admin, "keystead", "ListUsageLimits", ScopeId=page.rpartition("/")[2])
        limits = {each["Measure"]: each for each in found["UsageLimits"]["UsageLimit"]}
        assert (limits["money"]["Amount"], limits["money"]["TimeZone"]) == (2_500_000, "Asia/Shanghai")
        chief.done(f"{page}/limits/delete", UsageLimitId=limits["money"]["UsageLimitId"])
        assert "units of money a month" not in chief.get(page).text
    assert "2.5" not in chief.get(keys).text


def test_a_form_that_makes_a_key_is_good_once(chief: Signed) -> None:
    new = f"{workspace(chief)}/api-keys/new"
    mark = chief._field(chief.get(new), "_mark")
    statuses = [chief.send(new, _mark=mark, Description="once", scope="all").status_code for _ in range(2)]
    assert statuses == [200, 409]


def test_a_key_is_narrowed_disabled_rotated_and_deleted(console: Server, chief: Signed) -> None:
    keys = f"{workspace(chief)}/api-keys"
    new = f"{keys}/new"
    wrong = chief.send(new, form_at=new, Description="narrow", scope="all", addresses="not-an-address")
    assert wrong.status_code == 400
    assert "not-an-address" in wrong.text
    none = chief.send(new, form_at=new, Description="narrow", scope="some")
    assert "none is chosen" in none.text
    made = chief.send(new, form_at=new, Description="narrow", scope="all", addresses="127.0.0.1, 10.0.0.0/8")
    key_id, value = secret_of(made)
    there = f"{keys}/{key_id}"
    assert "10.0.0.0/8" in chief.get(keys).text
    chief.done(f"{there}/disable")
    assert models_by(console, value) == 401
    assert key_id in chief.get(keys, status="Disabled", format="csv").text
    chief.done(f"{there}/enable")
    assert models_by(console, value) == 200
    chief.done(there, description="wide", scope="all", addresses="")
    assert "10.0.0.0/8" not in chief.get(there).text
    same, renewed = secret_of(chief.send(f"{there}/rotate", form_at=there, OverlapHours="1"))
    assert same == key_id
    assert {models_by(console, value), models_by(console, renewed)} == {200}
    assert "Rotating" in chief.get(there).text
    assert "NotConfirmed" in chief.send(f"{there}/delete", _typed="wide").text
    assert chief.done(f"{there}/delete", _typed=key_id) == keys
    assert models_by(console, renewed) == 401
    assert chief.get(there).status_code == 404


def test_a_key_expires_when_its_form_says_and_later_when_it_is_changed(console: Server, chief: Signed) -> None:
    keys = f"{workspace(chief)}/api-keys"
    new, month = f"{keys}/new", time.strftime("%Y-%m-%d", time.gmtime(time.time() + 30 * 86_400))
    wrong = chief.send(new, form_at=new, Description="short", scope="all", expires="date", day="2026-02-31")
    assert wrong.status_code == 400
    assert "is not a day of the form" in wrong.text
    past = chief.send(new, form_at=new, Description="short", scope="all", expires="date", day="2020-01-01")
    assert past.status_code == 400
    assert "is not after now" in past.text
    key_id, value = secret_of(chief.send(new, form_at=new, Description="short", scope="all", expires="30"))
    there = f"{keys}/{key_id}"
    assert month in chief.get(there).text
    assert key_id in chief.get(keys, status="Active", sort="Expires", format="csv").text
    week = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 7 * 86_400))
    chief.done(f"{there}/expiry", expires="date", day=week)
    assert "Expiring" in chief.get(there).text
    assert key_id in chief.get(keys, status="Expiring", format="csv").text
    notices = chief.get("/notices").text
    assert "Your API key short expires in less than" in notices
    assert "API keys expire within 14 days" in notices
    chief.done(f"{there}/expiry", expires="none")
    assert week not in chief.get(there).text
    assert models_by(console, value) == 200


def test_an_expired_key_is_shown_as_such_and_offers_a_later_expiry_only(console: Server, chief: Signed) -> None:
    keys = f"{workspace(chief)}/api-keys"
    new = f"{keys}/new"
    key_id, value = secret_of(chief.send(new, form_at=new, Description="over soon", scope="all"))
    there, until = f"{keys}/{key_id}", time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 4))
    rpc.call(console.url, console.admin, "keystead", "SetApiKeyExpiry", ApiKeyId=key_id, ExpireDate=until)
    for _ in range(300):
        if models_by(console, value) == 401:
            break
        time.sleep(0.2)
    page = chief.get(there).text
    assert "a new value would be refused, too" in page
    assert "/enable" not in page
    assert "/disable" not in page
    assert key_id in chief.get(keys, status="Expired", format="csv").text
    assert "are refused" in chief.send(f"{keys.removesuffix('api-keys')}verify-api-key", ApiKeyValue=value).text
    assert "Your API key over soon has expired" in chief.get("/notices").text
    refused = chief.send(f"{there}/rotate", form_at=new, OverlapHours="1")
    assert refused.status_code == 400
    assert "NotSupport.ApiKeyExpired" in refused.text
    chief.done(f"{there}/expiry", expires="90")
    assert models_by(console, value) == 200
    chief.done(f"{there}/delete", _typed=key_id)


def test_a_member_sees_his_own_keys_only(chief: Signed, member: Signed) -> None:
    there = workspace(chief)
    keys = f"{there}/api-keys"
    assert member.get(keys).status_code == 404
    member_of(chief, there, member.name)
    theirs, _ = secret_of(chief.send(f"{keys}/new", form_at=f"{keys}/new", Description="of the chief", scope="all"))
    own, _ = secret_of(member.send(f"{keys}/new", form_at=f"{keys}/new", Description="of the member", scope="all"))
    assert "of the chief" not in member.get(keys).text
    assert "of the member" in member.get(keys).text
    assert member.get(f"{keys}/{theirs}").status_code == 404
    assert member.send(f"{keys}/{theirs}/disable").status_code == 404
    assert "of the member" in chief.get(f"{keys}/{own}").text


def test_members_are_added_changed_and_removed_and_their_keys_stop(
    console: Server, chief: Signed, member: Signed
) -> None:
    there = workspace(chief)
    members, keys = f"{there}/members", f"{there}/api-keys"
    unknown = chief.send(members, kind="User", name="no-such-user", level="member")
    assert unknown.status_code == 404
    member_of(chief, there, member.name, "custom", **{"page-api-keys": "operate", "page-models": "view"})
    listed = chief.get(members).text
    assert "api-keys: view and change" in listed
    assert "models: view" in listed
    assert chief.send(members, kind="User", name=member.name, level="member").status_code == 409
    _, value = secret_of(member.send(f"{keys}/new", form_at=f"{keys}/new", Description="job", scope="all"))
    assert models_by(console, value) == 200
    assert member.get(members).status_code == 403
    one = chief.get(f"{members}/change", kind="User", name=member.name)
    assert "1 API key owned by this member stops working, unless somebody gets it first." in one.text
    chief.done(f"{members}/change", kind="User", name=member.name, level="administrator")
    assert member.get(members).status_code == 200
    chief.done(f"{members}/remove", kind="User", name=member.name)
    assert models_by(console, value) in (401, 403)
    assert member.get(members).status_code == 404
    gone = chief.get(f"{members}/change", kind="User", name=member.name)
    assert gone.status_code == 404
    assert "is not a member of this workspace" in gone.text


def test_a_leaving_members_keys_are_handed_over_by_the_form_that_removes_him(
    console: Server, chief: Signed, member: Signed
) -> None:
    there = workspace(chief)
    members, keys = f"{there}/members", f"{there}/api-keys"
    for name in (member.name, chief.name):
        member_of(chief, there, name)
    key_id, value = secret_of(member.send(f"{keys}/new", form_at=f"{keys}/new", Description="goes on", scope="all"))
    one = chief.get(f"{members}/change", kind="User", name=member.name)
    assert "1 API key owned by this member stops working, unless somebody gets it first." in one.text
    assert f'<option value="User/{chief.name}">' in one.text
    assert f'<option value="User/{member.name}">' not in one.text
    refused = chief.send(f"{members}/remove", kind="User", name=member.name, heir="User/no-such-user")
    assert refused.status_code == 404
    assert models_by(console, value) == 200
    chief.done(f"{members}/remove", kind="User", name=member.name, heir=f"User/{chief.name}")
    assert models_by(console, value) == 200
    assert chief.name in chief.get(f"{keys}/{key_id}").text
    assert member.get(keys).status_code == 404


def test_a_model_is_added_tested_allowed_and_removed(console: Server, chief: Signed, member: Signed) -> None:
    there = workspace(chief)
    models = f"{there}/models"
    name = f"page-{secrets.token_hex(4)}"
    bad = chief.send(f"{models}/add", ModelName=name, Upstream="ftp://nowhere")
    assert bad.status_code == 400
    assert "is not the address of a model server" in bad.text
    chief.done(f"{models}/add", ModelName=name, Upstream="http://127.0.0.1:9/v1", Provider="pages")
    assert "not allowed" in chief.get(models, q=name).text
    tested = chief.send(f"{models}/test", ModelName=name)
    assert tested.status_code == 200
    assert "does not work" in tested.text
    chief.done(f"{models}/allow", model=name, allow="yes")
    assert "not allowed" not in chief.get(models, q=name).text
    new = f"{there}/api-keys/new"
    key_id, value = secret_of(chief.send(new, form_at=new, Description="one model", scope="some", model=name))
    assert name in chief.get(f"{there}/api-keys/{key_id}").text
    member_of(chief, there, member.name)
    refused = member.send(f"{models}/allow", model=name, allow="no")
    if refused.status_code == 200:  # a member has to prove first; the fixture did, so it was refused
        raise AssertionError(refused.text)
    assert refused.status_code == 403
    assert "NotConfirmed" in chief.send(f"{models}/remove", ModelName=name, _typed="another").text
    chief.done(f"{models}/remove", ModelName=name, _typed=name)
    assert "Nothing matches" in chief.get(models, q=name).text
    assert models_by(console, value) == 200


def test_usage_is_summed_by_what_is_asked_and_downloads(chief: Signed, member: Signed) -> None:
    there = workspace(chief)
    usage = f"{there}/usage"
    for by in ("model", "key", "application", "owner", "day"):
        page = chief.get(usage, by=by)
        assert page.status_code == 200
        assert "No model call in these days." in page.text
    assert chief.get(usage, format="csv").text.startswith("model,Calls,FailedCalls,InputTokens")
    assert chief.get(usage, start="2026-02-30").status_code == 400
    backwards = chief.get(usage, start="2026-02-02", end="2026-01-01")
    assert backwards.status_code == 400
    assert "InvalidParameter.EndTime" in backwards.text
    refused = member.get(usage)
    assert refused.status_code == 403
    assert "keystead:GetUsage" in refused.text
