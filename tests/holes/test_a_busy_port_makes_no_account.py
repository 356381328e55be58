"""`serve` on a port that is taken made an account and a profile that pointed at the other server, then failed."""

from __future__ import annotations

import subprocess
from pathlib import Path

from services.server import PROGRAM, Server


def test_nothing_is_made_when_the_port_is_taken(shared_server: Server, tmp_path: Path) -> None:
    environment = {**shared_server.environment, "KEYSTEAD_PROFILE_FILE": str(tmp_path / "profile.json")}
    done = subprocess.run(
        [PROGRAM, "serve", "--port", str(shared_server.port), "--data-dir", tmp_path / "data"],
        capture_output=True,
        text=True,
        env=environment,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "Address already in use" in done.stderr
    assert not (tmp_path / "data").exists()
    assert not (tmp_path / "profile.json").exists()
