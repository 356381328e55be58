"""An assertion that somebody overheard must not open a second session: at once, after a restart, on another node."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from services.idp import Claim, IdP
from services.server import Server
from services.sso import prepared, sent


def assertion_of(idp: IdP, given: dict[str, str]) -> str:
    return idp.encoded(Claim(role=given["RoleArn"], provider=given["SAMLProviderArn"], now=time.time()))


def test_it_counts_once_also_after_kill_9(start_server: Callable[..., Server]) -> None:
    server, idp = start_server(), IdP()
    given = prepared(server, idp)
    assertion = assertion_of(idp, given)
    assert sent(server, given, assertion)[0] == 200
    status, message = sent(server, given, assertion)
    assert status == 401
    assert "used already" in message
    server.kill9()
    server.start()
    assert sent(server, given, assertion)[0] == 401
    assert sent(server, given, assertion_of(idp, given))[0] == 200


def test_one_of_many_at_once_passes(start_server: Callable[..., Server]) -> None:
    server, idp = start_server(), IdP()
    given = prepared(server, idp)
    assertion = assertion_of(idp, given)
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda _: sent(server, given, assertion)[0], range(16)))
    assert sorted(found) == [200] + [401] * 15


def test_it_counts_once_on_all_nodes(start_server: Callable[..., Server], postgres_url: str) -> None:
    one = start_server(database=postgres_url)
    other = start_server(database=postgres_url, beside=one)
    idp = IdP()
    given = prepared(one, idp)
    assertion = assertion_of(idp, given)
    assert sent(one, given, assertion)[0] == 200
    assert sent(other, given, assertion)[0] == 401
