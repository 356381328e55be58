"""The command line beside a real server: what the stand-ins of the other tests promise, it keeps."""

from __future__ import annotations

import json

from services.server import Server


def test_an_account_pair_is_made_beside_a_running_server_and_signs(server: Server) -> None:
    location = ("--data-dir", str(server.data_dir), *(("--database", server.database) if server.database else ()))
    made = server.cli("account", "create-access-key", *location, "--yes-i-understand", "--output", "json")
    assert made.returncode == 0, made.stderr
    pair = json.loads(made.stdout)
    assert list(pair) == ["AccessKeyId", "AccessKeySecret"]
    environment = {
        "ALIBABA_CLOUD_ACCESS_KEY_ID": pair["AccessKeyId"],
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": pair["AccessKeySecret"],
    }
    caller = server.cli("sts", "get-caller-identity", environment=environment)
    assert caller.returncode == 0, caller.stderr
    assert json.loads(caller.stdout)["IdentityType"] == "Account"
    assert pair["AccessKeySecret"] not in server.log()


def test_status_knows_the_server_by_the_profile_of_the_first_start(server: Server) -> None:
    told = server.cli("status", "--output", "json")
    assert told.returncode == 0, told.stderr
    status = json.loads(told.stdout)
    assert (status["endpoint"], status["ready"], status["account"]) == (server.url, True, server.account_id)
    assert status["caller"].endswith(":user/admin")


def test_what_was_done_is_in_the_audit(server: Server) -> None:
    assert server.cli("ram", "create-user", "--user-name", "audited").returncode == 0
    waited = ("--wait", "Events.Event[0]", "--wait-timeout", "10")
    found = server.cli("audit", "--action", "CreateUser", "--kind", "write", *waited, "--output", "table")
    assert found.returncode == 0, found.stderr
    (line,) = [line for line in found.stdout.splitlines() if "CreateUser" in line]
    assert line.split()[1:] == ["user/admin", "CreateUser", "Success"]
