"""A browser that was closed leaves no event loop running: other tests of the same process need `asyncio.run`."""

from __future__ import annotations

import asyncio

from services import browser as browsers


def test_no_loop_runs_once_the_browser_is_closed() -> None:
    with browsers.chromium():
        asyncio.get_running_loop()  # while it is open there is one, so no file may leave it open for another
    asyncio.run(asyncio.sleep(0))
