"""A real sidecar that dies is started anew, and told again what it had been told."""

from __future__ import annotations

import asyncio
import os
import queue
import signal
from typing import Any, Dict, List

import pytest
from test_endings import is_gone, until

from sidewarden import AsyncSidecar, Disconnected, InstanceLost, Restarted, Sidecar
from sidewarden.types import EventFilter, EventsSubscribeResult

pytestmark = pytest.mark.skipif(os.name == "nt", reason="ends the sidecar by SIGKILL")


def test_it_runs_again_with_all_that_it_had_been_told(app: Dict[str, Any], unused_port: int) -> None:
    ran: List[str] = []
    told: "queue.Queue[Restarted]" = queue.Queue()
    with Sidecar.spawn(**app) as sidecar:
        sidecar.on_restarted(told.put)
        sidecar.on_shutdown("flush", lambda: ran.append("flush"))
        sidecar.port.register(unused_port, "backend")
        (lease,) = sidecar.port.allocate(count=1).leases
        events = sidecar.watch("port", filter=EventFilter(ports=[unused_port]), interval_ms=250)
        waiting = sidecar.request("port/wait", {"port": unused_port, "state": "listening", "timeoutMs": 60_000})
        before = sidecar.pid
        os.kill(before, signal.SIGKILL)
        with pytest.raises(Disconnected, match="signal 9"):
            waiting.result(20)
        # What is asked meanwhile waits.
        assert [one.name for one in sidecar.port.registered(timeout=60).ports] == ["backend"]
        restarted = told.get(timeout=20)
        assert [(one.what, one.name) for one in restarted.lost] == [("lease", str(lease.port))]
        assert "signal 9" in str(restarted.error)
        assert sidecar.pid != before and is_gone(before)
        assert isinstance(events.get(20), EventsSubscribeResult)
        events.close()
    assert ran == ["flush"]


def test_it_is_given_up_in_the_end(app: Dict[str, Any]) -> None:
    ended: "queue.Queue[Disconnected]" = queue.Queue()
    sidecar = Sidecar.spawn(**app, restarts=1)
    sidecar.on_ended(ended.put)
    first = sidecar.pid
    os.kill(first, signal.SIGKILL)
    until(lambda: sidecar.pid != first, "it runs again")
    os.kill(sidecar.pid, signal.SIGKILL)
    assert "It was restarted 1 times within 180 s and is not restarted again" in str(ended.get(timeout=30))
    with pytest.raises(Disconnected, match="not restarted again"):
        sidecar.sidecar.ping()
    assert sidecar.closed and sidecar.close() is None


def test_the_end_of_the_host_does_not_wait_for_a_restart(app: Dict[str, Any]) -> None:
    sidecar = Sidecar.spawn(**app)
    os.kill(sidecar.pid, signal.SIGKILL)
    sidecar.close()
    assert sidecar.closed
    until(lambda: is_gone(sidecar.pid), "whatever was started is gone")


def test_asyncio_sees_it_too(app: Dict[str, Any]) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        restarted: "asyncio.Future[Restarted]" = loop.create_future()
        async with AsyncSidecar.spawn(**app) as sidecar:
            # A listener runs on the loop.
            sidecar.on_restarted(restarted.set_result)
            waiting = asyncio.ensure_future(sidecar.port.wait(1, "listening", 60_000))
            await asyncio.sleep(0)
            os.kill(sidecar.pid, signal.SIGKILL)
            with pytest.raises(Disconnected):
                await waiting
            assert (await sidecar.sidecar.ping(echo=1)).echo == 1
            assert (await asyncio.wait_for(restarted, 20)).lost == []

    asyncio.run(main())


def test_a_lock_that_somebody_else_has_by_then_is_lost(app: Dict[str, Any]) -> None:
    told: "queue.Queue[Restarted]" = queue.Queue()
    with Sidecar.spawn(**app) as sidecar, Sidecar.spawn(**app) as other:
        sidecar.on_restarted(told.put)
        lock = sidecar.instance.acquire().lock_id
        assert lock is not None
        # It waits for the lock, and has it as soon as the kernel has released it.
        waiting = other.request("instance/acquire", {"waitMs": 60_000})
        until(lambda: not waiting.done(), "it waits")
        os.kill(sidecar.pid, signal.SIGKILL)
        restarted = told.get(timeout=60)
        if waiting.result(60)["acquired"]:
            assert [(one.what, type(one.error)) for one in restarted.lost] == [("lock", InstanceLost)]
            with pytest.raises(InstanceLost):
                sidecar.instance.release(lock)
        else:
            # The one that was started anew was quicker: then it has it under the id that the host knows.
            assert restarted.lost == [] and sidecar.instance.release(lock).released
