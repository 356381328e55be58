"""Calls through the real program against a server that checks signatures."""

from __future__ import annotations

import json
import socket
import threading

import pytest

from cli.conftest import Program
from cli.stub import KEY_ID, SECRET, Stub
from keystead.cli.audit import FILTERS
from keystead.cli.options import Option, client_options, options_beside
from keystead.commands.catalogue import products
from services.loopback import free_port

ALICE = {"User": {"UserName": "alice", "UserId": "2"}, "RequestId": "R-1"}


def refusal(code: str, message: str = "no", **more: object) -> dict[str, object]:
    return {"RequestId": "R-9", "HostId": "h", "Code": code, "Message": message, **more}


@pytest.mark.parametrize(
    "arguments",
    [
        ("call", "ram", "CreateUser", "--UserName", "alice", "--DisplayName=A b+c"),
        ("ram", "create-user", "--user-name", "alice", "--display-name", "A b+c"),
        ("ram", "CreateUser", "--UserName", "alice", "--DisplayName", "A b+c"),
        ("call", "RAM", "create-user", "--user-name", "alice", "--display-name", "A b+c"),
    ],
)
def test_both_forms_are_the_same_signed_call(caller: Program, stub: Stub, arguments: tuple[str, ...]) -> None:
    stub.answer(200, ALICE)
    done = caller(*arguments)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == ALICE
    (request,) = stub.received
    assert (request.method, request.raw_path, request.raw_query) == ("POST", "/", "")
    assert (request.action, request.headers["x-acs-version"]) == ("CreateUser", "2015-05-01")
    assert request.form == (("DisplayName", "A b+c"), ("UserName", "alice"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("rma", "create-user"), 'Did you mean "ram"?'),
        (("call", "rma", "CreateUser"), 'Did you mean "ram"?'),
        (("ram", "crete-user"), 'Did you mean "create-user"?'),
        (("call", "ram", "CreateUsr"), 'Did you mean "CreateUser"?'),
        (("call", "ram", "CreateUser", "--UserNam", "x"), 'Did you mean "UserName"?'),
        (("ram", "create-user", "--user-nam", "x"), 'Did you mean "user-name"?'),
        (("call", "ram", "CreateUser"), "CreateUser needs --user-name."),
        (("call", "ram", "CreateUser", "alice"), '"alice" is neither an option'),
        (("call", "ram", "CreateUser", "--UserName"), "--UserName needs a value"),
        (("call", "ram", "ListUsers", "--MaxItems", "ten"), "a whole number"),
        (("call", "ram", "ListUsers", "--MaxItems.1", "1"), "has no parts"),
        (("call", "ram", "CreateUser", "--UserName", "a", "--UserName", "b"), "given 2 times"),
        (("ram", "list-policies", "--policy-type", "Sistem"), "one of"),
        (("call", "ram", "TagResources", "--Tag", "[{", "--ResourceNames", "a", "--ResourceType", "user"), "not JSON"),
        (("ram", "list-users", "--timeout", "soon"), "--timeout"),
        (("status", "--endpiont", "x"), "No such option: --endpiont"),
        (("call", "ram"), "ACTION"),
        ((), ""),
        (("ram",), ""),
        (("ram", "list-users", "--query", "Users["), "not JMESPath"),
        (("ram", "list-users", "--output", "yaml"), "one of json, table"),
        (("ram", "create-user", "--user-name", "a", "--wait", "User"), "which writes"),
        (("ram", "list-users", "--endpoint", "ftp://x"), "is not an endpoint"),
    ],
)
def test_wrong_usage_ends_with_2_before_anything_is_sent(
    caller: Program, stub: Stub, arguments: tuple[str, ...], said: str
) -> None:
    done = caller(*arguments)
    assert (done.returncode, stub.received) == (2, [])
    assert said in done.stderr
    assert bool(done.stdout) == (len(arguments) < 2), "without a command: the help"
    assert "Traceback" not in done.stderr


def test_lists_travel_as_json_text_or_in_parts(caller: Program, stub: Stub) -> None:
    stub.answer(200, {})
    base = ("ram", "tag-resources", "--resource-type", "policy", "--resource-names", "a", "--resource-names", "b")
    assert caller(*base, "--tag", '[{"Key": "k", "Value": "v"}]').returncode == 0
    assert caller(*base, "--Tag.1.Key", "k", "--Tag.1.Value", "v").returncode == 0
    whole, parts = (dict(each.form) for each in stub.received)
    assert whole["Tag"] == '[{"Key":"k","Value":"v"}]'
    assert whole["ResourceNames"] == '["a","b"]'
    assert (parts["Tag.1.Key"], parts["Tag.1.Value"]) == ("k", "v")
    both = caller(*base, "--tag", "[]", "--Tag.1.Key", "k")
    assert both.returncode == 2
    assert "whole and in parts" in both.stderr


def test_values_come_from_files_and_standard_input(caller: Program, stub: Stub) -> None:
    stub.answer(200, {})
    document = '{"Version": "1"}'
    (caller.home / "policy.json").write_text(document + "\n")
    for value, stdin in (("@policy.json", None), ("@-", document)):
        done = caller("ram", "create-policy", "--policy-name", "p", "--policy-document", value, stdin=stdin)
        assert done.returncode == 0, done.stderr
    assert caller("ram", "create-user", "--user-name", "a", "--comments", "@@home").returncode == 0
    first, second, third = (dict(each.form) for each in stub.received)
    assert first["PolicyDocument"] == second["PolicyDocument"] == document
    assert third["Comments"] == "@home"
    missing = caller("ram", "create-policy", "--policy-name", "p", "--policy-document", "@nowhere.json")
    assert missing.returncode == 2
    assert "nowhere.json cannot be read" in missing.stderr


def test_booleans(caller: Program, stub: Stub) -> None:
    stub.answer(200, {})
    for spelled in (("--set-as-default",), ("--SetAsDefault",), ("--SetAsDefault", "TRUE")):
        done = caller("ram", "create-policy-version", "--policy-name", "p", "--policy-document", "{}", *spelled)
        assert done.returncode == 0, done.stderr
    done = caller(
        "ram", "create-policy-version", "--policy-name", "p", "--policy-document", "{}", "--no-set-as-default"
    )
    assert done.returncode == 0, done.stderr
    assert [dict(each.form)["SetAsDefault"] for each in stub.received] == ["true", "true", "true", "false"]


@pytest.mark.parametrize(("status", "code"), [(403, 1), (404, 1), (500, 4), (503, 4)])
def test_refusals_say_code_message_request_id_and_next_step(
    caller: Program, stub: Stub, status: int, code: int
) -> None:
    detail = {"AuthAction": "ram:GetUser", "NoPermissionType": "ImplicitDeny"}
    stub.answer(
        status, refusal("NoPermission", "You may not.", Recommend="Ask an administrator.", AccessDeniedDetail=detail)
    )
    done = caller("ram", "get-user", "--user-name", "alice")
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr.splitlines() == [
        "Error: You may not.",
        f"Code: NoPermission (HTTP {status})",
        "AuthAction: ram:GetUser",
        "NoPermissionType: ImplicitDeny",
        "Request ID: R-9",
        "Next step: Ask an administrator.",
    ]


def test_an_unreachable_server_ends_with_3(caller: Program) -> None:
    done = caller("ram", "create-user", "--user-name", "a", "--endpoint", f"http://127.0.0.1:{free_port()}")
    assert done.returncode == 3
    assert "Cannot reach http://127.0.0.1:" in done.stderr
    assert "keystead serve" in done.stderr


def test_a_write_whose_connection_breaks_is_not_sent_again(caller: Program) -> None:
    arrived: list[object] = []

    def hang_up(listener: socket.socket) -> None:
        while True:
            try:
                connection, address = listener.accept()
            except OSError:
                return
            arrived.append(address)
            connection.close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=hang_up, args=(listener,), daemon=True).start()
        endpoint = f"http://127.0.0.1:{listener.getsockname()[1]}"
        done = caller("ram", "create-user", "--user-name", "a", "--endpoint", endpoint)
        listener.shutdown(socket.SHUT_RDWR)
    assert done.returncode == 3
    assert len(arrived) == 1


def test_a_port_that_hangs_up_may_speak_tls(caller: Program) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(20)
        threading.Thread(
            target=lambda: listener.accept()[0].close(), daemon=True
        ).start()  # as for bytes that are no TLS
        endpoint = f"http://127.0.0.1:{listener.getsockname()[1]}"
        done = caller("ram", "create-user", "--user-name", "a", "--endpoint", endpoint)
    assert done.returncode == 3
    assert "Try https://" in done.stderr


def test_an_answer_of_something_else_ends_with_4(caller: Program, stub: Stub) -> None:
    stub.answer(200, b"<html>", content_type="text/html")
    done = caller("ram", "get-user", "--user-name", "a")
    assert done.returncode == 4
    assert "not one of Keystead's" in done.stderr


def test_throttled_calls_are_tried_again_after_the_time_that_the_server_asks_for(caller: Program, stub: Stub) -> None:
    for _ in range(3):
        stub.answer(400, refusal("Throttling.User"), x_acs_retry_after="10")
    stub.answer(200, ALICE)
    assert caller("ram", "create-user", "--user-name", "alice").returncode == 0
    nonces = {each.headers["x-acs-signature-nonce"] for each in stub.received}
    assert (len(stub.received), len(nonces)) == (4, 4)


def test_throttling_without_end_is_told_after_four_attempts(caller: Program, stub: Stub) -> None:
    stub.answer(400, refusal("Throttling.User"), x_acs_retry_after="0")
    done = caller("ram", "get-user", "--user-name", "alice")
    assert (done.returncode, len(stub.received)) == (1, 4)
    assert "Throttling.User" in done.stderr


def test_only_reads_are_sent_again_when_the_connection_breaks(caller: Program, stub: Stub) -> None:
    stub.answer(0, b"")
    stub.answer(200, ALICE)
    assert caller("ram", "get-user", "--user-name", "alice").returncode == 0
    assert len(stub.received) == 2
    stub.received.clear()
    stub.answers[:] = [(0, {}, b""), (200, {}, ALICE)]
    assert caller("ram", "create-user", "--user-name", "alice").returncode == 3
    assert len(stub.received) == 1


def test_query_and_table(caller: Program, stub: Stub) -> None:
    users = [{"UserName": "alice", "UserId": "1", "Comments": ""}, {"UserName": "bob", "UserId": "2", "Comments": ""}]
    stub.answer(200, {"Users": {"User": users}, "IsTruncated": False, "RequestId": "R"})
    done = caller("ram", "list-users", "--query", "Users.User[].UserName")
    assert json.loads(done.stdout) == ["alice", "bob"]
    table = caller("ram", "list-users", "--output", "table").stdout
    lines = table.splitlines()
    assert [line.split() for line in lines if "alice" in line or "bob" in line] == [["alice", "1"], ["bob", "2"]]
    assert "Comments" not in table, "a column without a value is left out"
    assert "IsTruncated" in table


def _flags(options: list[Option]) -> set[str]:
    """The spellings of options; Typer keeps the first one as a default."""
    found = [each.annotation.__metadata__[0] for each in options]
    return {flag for each in found for flag in (each.default, *each.param_decls)}


def test_no_flag_means_two_things() -> None:
    """Whatever an action's parameters are called, they have their flags, and client options have others."""
    clashes = set()
    for action in (each.action(name) for each in products().values() for name in each.names()):
        parameters = {each.flag for each in action.parameters}
        assert not parameters & _flags(options_beside(action)), action.name
        assert {f"--cli-{each.name.replace('_', '-')}" for each in client_options()} <= _flags(options_beside(action))
        if parameters & _flags(client_options()):
            clashes.add(action.name)
    assert {"Retrieve", "SearchUsers"} <= clashes


def test_a_parameter_comes_before_the_client_option_of_its_name(caller: Program, stub: Stub) -> None:
    stub.answer(200, {"Users": {"User": [{"UserName": "alice"}]}, "RequestId": "R"})
    where = ("--workspace-id", "llm-0123456789abcdef", "--index-id", "i")
    assert caller("bailian", "retrieve", *where, "--query", "alice").returncode == 0
    assert "Query=alice" in stub.received[-1].raw_query
    done = caller(
        "keystead", "search-users", "--query", "alice", "--cli-query", "Users.User[].UserName", "--cli-output", "json"
    )
    assert json.loads(done.stdout) == ["alice"]
    assert ("Query", "alice") in stub.received[-1].form
    listed = caller("ram", "list-users", "--cli-query", "Users.User[0].UserName")
    assert json.loads(listed.stdout) == "alice"
    wrong = caller("keystead", "search-users", "--cli-query", "Users[")
    assert (wrong.returncode, "--cli-query" in wrong.stderr) == (2, True)
    by_wire_name = caller("call", "keystead", "SearchUsers", "--Query", "alice", "--query", "Users.User[].UserName")
    assert json.loads(by_wire_name.stdout) == ["alice"]
    shown = caller("keystead", "search-users", "--help").stdout
    assert "--cli-query" in shown
    assert "JMESPath" in shown.split("--cli-query", 2)[2][:60]


def test_a_table_without_entries_says_so(caller: Program, stub: Stub) -> None:
    stub.answer(200, {"Users": {"User": []}, "RequestId": "R"})
    assert caller("ram", "list-users", "--output", "table").stdout == "(nothing)\n"


def test_what_a_server_sends_cannot_write_on_the_terminal(caller: Program, stub: Stub) -> None:
    name = "a\u009b2J\u202e[red]b"
    stub.answer(200, {"User": {"UserName": name}})
    for output in ("json", "table"):
        shown = caller("ram", "get-user", "--user-name", "a", "--output", output).stdout
        assert "\\u009b" in shown
        assert "[red]" in shown
        assert not {"\u009b", "\u202e"} & set(shown)
    stub.answers[:] = [(404, {}, refusal("X", "\x1b[2Jgone"))]
    assert "\x1b" not in caller("ram", "get-user", "--user-name", "a").stderr


def test_wait_polls_until_the_expression_holds(caller: Program, stub: Stub) -> None:
    stub.answer(404, refusal("EntityNotExist.User"))
    stub.answer(200, ALICE)
    done = caller("ram", "get-user", "--user-name", "alice", "--wait", "User.UserName == 'alice'")
    assert (done.returncode, len(stub.received)) == (0, 2)
    late = caller("ram", "get-user", "--user-name", "alice", "--wait", "User.UserName == 'bob'", "--wait-timeout", "0")
    assert late.returncode == 5
    assert "--wait-timeout" in late.stderr


def test_show_request_sends_nothing_and_shows_no_secret(caller: Program, stub: Stub) -> None:
    done = caller("ram", "create-login-profile", "--user-name", "a b", "--password", "Geheim-1234", "--show-request")
    assert (done.returncode, stub.received) == (0, [])
    assert f"POST {stub.url}/" in done.stdout
    assert "keystead call ram CreateLoginProfile" in done.stdout
    assert "'a b'" in done.stdout
    assert "Geheim-1234" not in done.stdout + done.stderr
    assert SECRET not in done.stdout


def test_a_role_profile_assumes_the_role_first(caller: Program, stub: Stub) -> None:
    profile = {
        "name": "ops",
        "mode": "RamRoleArn",
        "access_key_id": KEY_ID,
        "access_key_secret": SECRET,
        "ram_role_arn": "acs:ram::1:role/ops",
        "ram_session_name": "me",
        "expired_seconds": 900,
    }
    (caller.home / ".aliyun").mkdir()
    (caller.home / ".aliyun/config.json").write_text(json.dumps({"current": "ops", "profiles": [profile]}))
    session = {"AccessKeyId": "STS.x", "AccessKeySecret": "sessionsecret", "SecurityToken": "tok"}
    stub.secrets["STS.x"] = "sessionsecret"
    stub.answer(200, {"Credentials": session})
    stub.answer(200, ALICE)
    done = caller("ram", "get-user", "--user-name", "alice", "--profile", "ops")
    assert done.returncode == 0, done.stderr
    assumed, call = stub.received
    assert (assumed.action, dict(assumed.form)["RoleArn"]) == ("AssumeRole", "acs:ram::1:role/ops")
    assert call.headers["x-acs-security-token"] == "tok"


def test_audit_is_lookup_events(caller: Program, stub: Stub) -> None:
    event = {"EventTime": "2026-01-02T03:04:05.678Z", "Principal": "acs:ram::1:user/al", "Action": "CreateUser"}
    stub.answer(200, {"Events": {"Event": [event]}})
    done = caller("audit", "--user", "alice", "--action", "CreateUser", "--limit", "5")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].split() == ["2026-01-02T03:04:05", "user/al", "CreateUser"]
    (request,) = stub.received
    assert request.action == "LookupEvents"
    assert dict(request.form) == {"Identity": "alice", "EventAction": "CreateUser", "MaxItems": "5"}
    known = products()["keystead"].action("LookupEvents")
    assert [wire for _, wire, _, _ in FILTERS if known.parameter(wire) is None] == []


def test_status_tells_ready_from_not_ready_from_not_there(caller: Program, stub: Stub) -> None:
    stub.answer(200, b"ready\n")
    stub.answer(200, {"AccountId": "1", "Arn": "acs:ram::1:user/admin"})
    done = caller("status", "--output", "json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told == {"endpoint": stub.url, "ready": True, "account": "1", "caller": "acs:ram::1:user/admin"}
    stub.answers[:] = [(503, {}, b"not ready: the change feed is 4 s behind\n")]
    late = caller("status")
    assert late.returncode == 4
    assert "the change feed is 4 s behind" in late.stderr
    stub.answers[:] = [(200, {}, b"<html>")]
    other = caller("status")
    assert other.returncode == 4
    assert "not a Keystead server" in other.stderr
    assert caller("status", "--endpoint", f"http://127.0.0.1:{free_port()}").returncode == 3


def test_a_status_without_a_pair_still_tells_the_rest(keystead: Program, stub: Stub) -> None:
    stub.answer(200, b"ready\n")
    done = keystead("status", "--endpoint", stub.url)
    assert done.returncode == 0
    assert "unknown: There is no AccessKey pair" in " ".join(done.stdout.split())
