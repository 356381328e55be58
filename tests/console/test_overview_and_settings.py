"""The overview, Quick Start and settings: what is shown, made and changed, and whom it concerns."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from console.plain import Reader
from services import rpc
from services.browser import Person, console_user
from services.loopback import free_port
from services.rpc import Key
from services.server import Server, running
from services.webhook import SECRET

Visitor = Callable[..., Person]


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """An account of its own: its settings change.  Nobody listens where warnings before expiry go."""
    home = tmp_path_factory.mktemp("settings")
    secret = home / "webhook.secret"
    secret.write_text(SECRET)
    options = [
        *("--smtp-url", f"smtp://:m4il@127.0.0.1:{free_port()}", "--smtp-from", "keys@x.example"),
        *("--expiry-webhook-url", f"http://127.0.0.1:{free_port()}/t0ken"),
        *("--webhook-secret-file", str(secret), "--expiry-warning-day", "5", "--expiry-warning-day", "20"),
    ]
    with running(home, options=options) as started:
        yield started


@pytest.fixture(scope="module")
def administrator(account: Server) -> str:
    return console_user(account, "chief", "AdministratorAccess")


@pytest.fixture
def reader(account: Server, administrator: str) -> Iterator[Reader]:
    with ExitStack() as stack:
        found = Reader(account).sign_in(administrator)
        stack.callback(found.client.close)
        yield found


def test_the_overview_says_how_well_the_account_is_guarded(reader: Reader) -> None:
    text = reader.get("/")
    assert re.search(r"\d+ of 100 How it is counted", text)
    assert "users with Console Access have no device" in text
    assert "Its password alone opens everything" in text
    assert text.index("Its password alone opens everything") < text.index("Users are active")
    assert 'href="/console/users?access=console&amp;mfa=false"' in reader.page
    report = reader.client.get(f"{reader.server.url}/console/security-report")
    assert report.headers["content-disposition"] == 'attachment; filename="security-report.csv"'
    assert "account-mfa,bad,1,0,15" in report.text


def test_a_pair_of_the_account_leaves_a_red_chip(reader: Reader, account: Server) -> None:
    assert "The account has 1 AccessKey pair" not in reader.get("/")
    account.account_key()
    assert "The account has 1 AccessKey pair" in reader.get("/")


def test_an_auditor_is_made_whose_password_is_seen_once(reader: Reader, account: Server) -> None:
    assert "ReadOnlyAccess" in reader.get("/quick-start")
    text = reader.post("/quick-start/auditor", UserName="auditor-li")
    assert "User created" in text
    password = re.findall(r'id="secret-2"[^>]* value="([^"]+)"', reader.page)[0]
    assert password not in account.log()
    profile = rpc.call(account.url, account.admin, "ram", "GetLoginProfile", UserName="auditor-li")["LoginProfile"]
    assert profile["PasswordResetRequired"] is True
    assert profile["MFABindRequired"] is True
    events = rpc.call(account.url, account.admin, "keystead", "LookupEvents", EventAction="CreateLoginProfile")
    assert password not in str(events)
    assert "FormSentBefore" in reader.post("/quick-start/auditor", UserName="auditor-li")


def test_a_program_of_one_workspace_gets_a_pair_that_calls_models_only(reader: Reader, account: Server) -> None:
    reader.get("/quick-start")
    text = reader.post("/quick-start/application", UserName="app_shop")
    assert "AccessKey created" in text
    key = Key(*(re.findall(rf'id="secret-{n}"[^>]* value="([^"]+)"', reader.page)[0] for n in (1, 2)))
    assert rpc.call(account.url, key, "sts", "GetCallerIdentity")["Arn"].endswith(":user/app_shop")
    with pytest.raises(rpc.ApiError) as refused:
        rpc.call(account.url, key, "ram", "ListUsers")
    assert refused.value.status == 403
    policies = rpc.call(account.url, account.admin, "ram", "ListPoliciesForUser", UserName="app_shop")
    assert [each["PolicyName"] for each in policies["Policies"]["Policy"]] == ["app-shop-policy"]


def test_a_scenario_that_fails_says_how_far_it_came(reader: Reader, account: Server) -> None:
    reader.get("/quick-start")
    text = reader.post("/quick-start/rotation", UserName="chief")
    assert "EntityAlreadyExists.User" in text
    assert "How far it came" in text
    assert (
        rpc.call(account.url, account.admin, "ram", "ListAccessKeys", UserName="chief")["AccessKeys"]["AccessKey"] == []
    )


def test_a_stricter_setting_names_whom_it_affects_before_it_is_set(reader: Reader, account: Server) -> None:
    rpc.call(account.url, account.admin, "ram", "CreateUser", UserName="without-mfa")
    rpc.call(
        account.url, account.admin, "ram", "CreateLoginProfile", UserName="without-mfa", Password="Str0ng-enough-2026"
    )

    def asked_of() -> str:
        found = rpc.call(account.url, account.admin, "ims", "GetSecurityPreference")["SecurityPreference"]
        return str(found["LoginProfilePreference"]["MFAOperationForLogin"])

    before = asked_of()
    reader.get("/settings/mfa")
    text = reader.post("/settings/mfa", MFAOperationForLogin="mandatory")
    assert "Nothing is changed yet: see whom it affects now" in text
    assert "An MFA device must be bound at the next sign-in by:" in text
    assert "without-mfa" in text
    assert "Save All the Same" in text
    assert asked_of() == before
    seen = reader.page.split('name="seen" value="')[1].split('"')[0]
    assert "The settings are changed." in reader.post("/settings/mfa", MFAOperationForLogin="mandatory", seen=seen)
    assert asked_of() == "mandatory"
    reader.get("/settings/mfa")
    assert "The settings are changed." in reader.post("/settings/mfa", MFAOperationForLogin=before)


def test_settings_are_changed_and_say_by_whom_and_whom_it_concerns(reader: Reader, account: Server) -> None:
    assert "The audit shows no change." in reader.get("/settings")
    text = reader.get("/settings/mfa")
    assert "Whom it concerns now" in text
    assert "have no MFA device" in text or "has no MFA device" in text
    text = reader.post("/settings/mfa", MFAOperationForLogin="adaptive", EnableSaveMFATicket="true")
    assert "The settings are changed." in text
    assert "Changed by user/chief:" in text
    found = rpc.call(account.url, account.admin, "ims", "GetSecurityPreference")["SecurityPreference"]
    assert found["LoginProfilePreference"]["MFAOperationForLogin"] == "adaptive"
    reader.get("/settings/password")
    assert "InvalidParameter.MinimumPasswordLength" in reader.post("/settings/password", MinimumPasswordLength="99")
    assert "The settings are changed." in reader.post("/settings/password", MinimumPasswordLength="14")
    reader.get("/settings/security")
    assert "The settings are changed." in reader.post("/settings/security", LoginSessionDuration="8")


def test_the_operators_warnings_before_expiry_are_shown_without_what_admits_a_caller(
    reader: Reader, account: Server
) -> None:
    text = reader.get("/settings")
    assert "Days before the expiry 20, 5 expiry_warning_days" in text
    assert "Letters to owners come from keys@x.example smtp_from" in text
    assert re.search(r"Webhook at 127\.0\.0\.1:\d+ expiry_webhook_url", text)
    told = str(rpc.call(account.url, account.admin, "keystead", "GetExpiryWarningSettings"))
    for secret in ("t0ken", "m4il", SECRET):
        assert secret not in reader.page
        assert secret not in told


def test_nobody_locks_himself_out_by_a_network(reader: Reader, account: Server) -> None:
    reader.get("/settings/network")
    assert "is no address or network" in reader.post("/settings/network", LoginNetworkMasks="10.0.0.1/8")
    text = reader.post("/settings/network", LoginNetworkMasks="203.0.113.0/24")
    assert "you could not sign in again" in text
    found = rpc.call(account.url, account.admin, "ims", "GetSecurityPreference")["SecurityPreference"]
    assert found["LoginProfilePreference"]["LoginNetworkMasks"] == ""
    text = reader.post("/settings/network", LoginNetworkMasks="203.0.113.0/24\n127.0.0.0/8")
    assert "The settings are changed." in text
    assert "203.0.113.0/24" in text
    assert "The settings are changed." in reader.post("/settings/network", LoginNetworkMasks="")


def test_the_accounts_list_of_addresses_is_set_and_lifted(reader: Reader, account: Server) -> None:
    reader.get("/settings/access-keys")
    reader.post("/settings/access-keys", IPList="127.0.0.1\n10.0.0.0/8", Active="true")
    policy = rpc.call(account.url, account.admin, "ims", "GetAccessKeyPolicyForAccount")["AccessKeyPolicy"]
    assert '"Active"' in policy
    assert "10.0.0.0/8" in policy
    assert "InvalidParameter.AccessKeyPolicy" in reader.post("/settings/access-keys", IPList="nonsense", Active="true")
    reader.get("/settings/access-keys")
    assert "The settings are changed." in reader.post("/settings/access-keys", IPList="127.0.0.1")


REFUSED = [
    ("keystead", "GetAccountOverview", {}),
    ("ims", "GetSecurityPreference", {}),
    ("ims", "SetSecurityPreference", {"LoginSessionDuration": "8"}),
    ("ims", "SetPasswordPolicy", {"MinimumPasswordLength": "14"}),
    ("ims", "SetAccessKeyPolicyForAccount", {"AccessKeyPolicy": "{}"}),
    ("ram", "SetAccountAlias", {"AccountAlias": "other"}),
    ("ims", "CreateLoginProfile", {"UserPrincipalName": "x"}),
    ("keystead", "CreateAccessKeyPair", {"UserName": "x"}),
    ("ims", "GenerateCredentialReport", {}),
]


@pytest.fixture(scope="module")
def powerless(account: Server) -> Key:
    """The pair of a user without any right."""
    rpc.call(account.url, account.admin, "ram", "CreateUser", UserName="powerless")
    made = rpc.call(account.url, account.admin, "ram", "CreateAccessKey", UserName="powerless")["AccessKey"]
    return Key(made["AccessKeyId"], made["AccessKeySecret"])


@pytest.mark.parametrize(("product", "action", "given"), REFUSED, ids=[each[1] for each in REFUSED])
def test_the_api_refuses_what_each_button_does(
    account: Server, powerless: Key, product: str, action: str, given: dict[str, str]
) -> None:
    with pytest.raises(rpc.ApiError) as refused:
        rpc.call(account.url, powerless, product, action, **given)
    assert (refused.value.status, refused.value.code) == (403, "NoPermission")


def test_somebody_without_rights_sees_the_account_alone(account: Server) -> None:
    nobody = Reader(account).sign_in(console_user(account, "nobody"))
    text = nobody.get("/")
    assert "The security score of the account is shown to those who have ram:" in text
    nobody.get("/quick-start")
    assert nobody.disabled("Create") == "Needs ram:CreateUser"
    assert "You may not do this." in nobody.get("/settings")
    assert "You may not do this." in nobody.get("/settings/password")
    nobody.client.close()


def test_a_scenarios_secret_fits_a_narrow_window(visitor: Visitor, account: Server) -> None:
    person = visitor(account, locale="zh-CN", viewport={"width": 390, "height": 800})
    page = person.sign_in(console_user(account, "chen", "AdministratorAccess"))
    expect(page.get_by_role("img", name="满分 100")).to_be_visible()
    page = person.open("/quick-start")
    page.locator("#scenario-administrator").locator("xpath=..").get_by_role("button", name="创建").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    person.check_access()


def test_notices_tell_of_ones_own_pairs_and_of_the_account_only_what_may_be_read(
    reader: Reader, account: Server
) -> None:
    in_five_days = (datetime.now(UTC) + timedelta(days=5)).strftime("%Y-%m-%dT%H:%M:%SZ")
    given = {"UserName": "chief", "Note": "soon over", "ExpireDate": in_five_days}
    made = rpc.call(account.url, account.admin, "keystead", "CreateAccessKeyPair", **given)
    key = made["AccessKey"]["AccessKeyId"]
    text = reader.get("/notices")
    assert f"Your AccessKey {key} expires in less than 5 days." in text
    assert f"/access-keys/own/{key}/rotate" in reader.page
    assert "Its password alone opens everything" in text
    other = Reader(account).sign_in(console_user(account, "noticed"))
    assert "Nothing needs you now." in other.get("/notices")
    other.client.close()
