"""A nonce is accepted once: in one process, after a restart, after a kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from keystead.faults import Fault
from keystead.identity.replay import ReplayWindow, digest

NOW = 1_767_323_045.0


def code(window: ReplayWindow, mark: bytes, until: float = NOW + 900, now: float = NOW) -> str:
    try:
        window.accept(mark, until, now)
    except Fault as fault:
        return fault.code
    return "accepted"


def test_a_nonce_is_accepted_once_until_its_time_has_passed() -> None:
    window = ReplayWindow(None, 100, NOW)
    mark = digest("LTAI", "n1")
    assert code(window, mark) == "accepted"
    assert code(window, mark) == "SignatureNonceUsed"
    assert code(window, mark, now=NOW + 900) == "SignatureNonceUsed"
    assert code(window, mark, until=NOW + 1900, now=NOW + 902) == "accepted"


def test_nonces_belong_to_their_key() -> None:
    assert digest("a", "bc") != digest("ab", "c")


def test_a_restart_remembers(tmp_path: Path) -> None:
    first = ReplayWindow(tmp_path, 100, NOW)
    first.accept(digest("k", "1"), NOW + 900, NOW)
    first.close()
    again = ReplayWindow(tmp_path, 100, NOW + 10)
    assert code(again, digest("k", "1"), now=NOW + 10) == "SignatureNonceUsed"
    assert code(again, digest("k", "2"), now=NOW + 10) == "accepted"
    again.close()


def test_nothing_is_accepted_twice_across_a_kill(tmp_path: Path) -> None:
    """The child accepts nonces until it is killed; every one that it reported must be known afterwards."""
    program = (
        "import sys, pathlib; from keystead.identity.replay import ReplayWindow, digest\n"
        f"window = ReplayWindow(pathlib.Path(sys.argv[1]), 10**6, {NOW})\n"
        "for n in range(10**6):\n"
        f"    window.accept(digest('k', str(n)), {NOW} + 900, {NOW}); print(n, flush=True)\n"
    )
    child = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    reported = [int(child.stdout.readline()) for _ in range(2000)]
    os.kill(child.pid, signal.SIGKILL)
    reported += [int(line) for line in child.stdout.read().splitlines()[:-1] if line]
    child.stdout.close()
    child.wait()
    window = ReplayWindow(tmp_path, 10**6, NOW + 1)
    answers = {code(window, digest("k", str(n)), now=NOW + 1) for n in reported}
    window.close()
    assert answers == {"SignatureNonceUsed"}


def test_the_window_is_bounded_and_says_so() -> None:
    window = ReplayWindow(None, 10, NOW)
    for number in range(10):
        assert code(window, digest("k", str(number))) == "accepted"
    with pytest.raises(Fault, match="Throttling") as caught:
        window.accept(digest("k", "one more"), NOW + 900, NOW)
    assert "10" in caught.value.message
    assert code(window, digest("k", "later"), until=NOW + 2000, now=NOW + 1000) == "accepted"


def test_old_segments_are_deleted(tmp_path: Path) -> None:
    for start in range(4):
        window = ReplayWindow(tmp_path, 100, NOW + start)
        window.accept(digest("k", str(start)), NOW + 900, NOW + start)
        window.close()
    assert len(list(tmp_path.glob("*.nonces"))) == 4
    ReplayWindow(tmp_path, 100, NOW + 5000).close()
    assert len(list(tmp_path.glob("*.nonces"))) == 1


def test_a_cut_journal_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    window = ReplayWindow(tmp_path, 100, NOW)
    window.accept(digest("k", "1"), NOW + 900, NOW)
    window.close()
    (path,) = tmp_path.glob("*.nonces")
    path.write_bytes(path.read_bytes()[:25])
    again = ReplayWindow(tmp_path, 100, NOW)
    assert code(again, digest("k", "1")) == "SignatureNonceUsed"
    again.close()
