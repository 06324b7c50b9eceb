"""A host that makes 10,000 calls has afterwards what it had before."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import threading
from typing import Any, Dict, List

import pytest
from test_endings import until

from sidewarden import AsyncSidecar, Sidecar

CALLS = 10_000


class Held:
    """Objects, threads and descriptors of this process."""

    def __init__(self) -> None:
        gc.collect()
        self.objects = len(gc.get_objects())
        self.threads = threading.active_count()
        self.descriptors = len(os.listdir("/proc/self/fd")) if sys.platform == "linux" else 0

def returned_to(before: Held) -> bool:
    """One object kept for each call would be ten thousand. Threads that have done their work take a moment to end."""
    now = Held()
    return (now.threads, now.descriptors) == (before.threads, before.descriptors) and now.objects - before.objects < 1000


def test_ten_thousand_calls_leave_nothing(app: Dict[str, Any]) -> None:
    with Sidecar.spawn(**app) as sidecar:

        def call(count: int) -> None:
            for _ in range(count // 100):
                pending = [sidecar.request("sidecar/ping", {"echo": at}) for at in range(99)]
                assert [one.result(60)["echo"] for one in pending] == list(range(99))
                assert sidecar.sidecar.ping(echo="x").echo == "x"

        call(500)
        before = Held()
        call(CALLS)
        until(lambda: returned_to(before), "all is as before")


def test_nor_do_those_that_time_out_or_are_cancelled(app: Dict[str, Any]) -> None:
    with Sidecar.spawn(**app) as sidecar:

        def call(count: int) -> None:
            for _ in range(count):
                assert sidecar.request("port/wait", {"port": 1, "state": "listening", "timeoutMs": 60_000}).cancel()
            sidecar.sidecar.ping()

        call(50)
        before = Held()
        call(2_000)
        until(lambda: returned_to(before), "all is as before")


def test_nor_those_of_asyncio(app: Dict[str, Any]) -> None:
    async def main() -> None:
        async with AsyncSidecar.spawn(**app) as sidecar:

            async def call(count: int) -> None:
                for _ in range(count // 100):
                    answers: List[Any] = await asyncio.gather(*(sidecar.sidecar.ping(echo=at) for at in range(100)))
                    assert [one.echo for one in answers] == list(range(100))

            await call(500)
            before = Held()
            await call(CALLS)
            until(lambda: returned_to(before), "all is as before")

    asyncio.run(main())


@pytest.mark.skipif(sys.platform != "linux", reason="counts the descriptors of /proc")
def test_nor_do_sidecars_that_come_and_go(app: Dict[str, Any]) -> None:
    def once() -> None:
        with Sidecar.spawn(**app) as sidecar:
            sidecar.on_shutdown("x", lambda: None)
            sidecar.on_ended(print)
            sidecar.sidecar.ping()

    once()
    before = Held()
    for _ in range(5):
        once()
    until(lambda: returned_to(before), "all is as before")
