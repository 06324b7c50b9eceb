from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
from typing import Any, Dict, List

import pytest

from sidewarden import AsyncSidecar, CallTimeout, Disconnected, Sidecar, StartFailed
from sidewarden.errors import InvalidParams, RequestCancelled
from sidewarden.types import EventFilter, HostSecondInstanceParams, KillProcess, PortEntry, ProcessInfo, SecondInstancePayload, UnknownKind


def listening() -> socket.socket:
    server = socket.socket()
    server.bind(("127.0.0.1", 0))
    server.listen()
    return server


def test_who_holds_a_port(app: Dict[str, Any]) -> None:
    with Sidecar.spawn(**app) as sidecar, listening() as server:
        found = sidecar.port.find(server.getsockname()[1])
        assert [owner.pid for entry in found.entries for owner in entry.owners] == [os.getpid()]
    assert sidecar.closed
    with pytest.raises(Disconnected):
        sidecar.port.find(1)


def test_a_thousand_calls_at_once_are_never_too_many(app: Dict[str, Any]) -> None:
    with Sidecar.spawn(**app) as sidecar:
        calls = [sidecar.request("port/check", {"port": 1000 + i}) for i in range(1000)]
        assert all("inUse" in call.result(60) for call in calls)


def test_many_threads(app: Dict[str, Any]) -> None:
    answers = []
    with Sidecar.spawn(**app) as sidecar:
        threads = [threading.Thread(target=lambda i=i: answers.append((i, sidecar.sidecar.ping(echo=i).echo))) for i in range(50)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
    assert sorted(answers) == [(i, i) for i in range(50)]


def test_a_timeout_cancels_and_a_cancelled_call_says_so(app: Dict[str, Any]) -> None:
    with Sidecar.spawn(**app) as sidecar:
        with pytest.raises(CallTimeout):
            sidecar.port.wait(1, "listening", 60_000, timeout=0.05)
        call = sidecar.request("port/wait", {"port": 1, "state": "listening", "timeoutMs": 60_000})
        call.request_cancel()
        with pytest.raises(RequestCancelled):
            call.result(20)


def test_errors_are_classes_with_data(app: Dict[str, Any]) -> None:
    with Sidecar.spawn(**app) as sidecar:
        with pytest.raises(InvalidParams) as caught:
            sidecar.port.find(70_000)
        assert caught.value.kind == "InvalidParams"
        assert caught.value.issues[0].path == "port"


def test_a_killed_sidecar_fails_what_is_under_way(app: Dict[str, Any]) -> None:
    sidecar = Sidecar.spawn(**app, restarts=0)
    call = sidecar.request("port/wait", {"port": 1, "state": "listening", "timeoutMs": 60_000})
    os.kill(sidecar.pid, signal.SIGKILL)
    with pytest.raises(Disconnected, match="signal 9"):
        call.result(20)
    assert sidecar.close() is None


def test_shutdown_handlers_run_while_we_wait(app: Dict[str, Any]) -> None:
    ran = []

    async def later() -> None:
        await asyncio.sleep(0)
        ran.append("async")

    with Sidecar.spawn(**app) as sidecar:
        sidecar.on_shutdown("sync", lambda: ran.append(sidecar.sidecar.ping(echo=7).echo))
        sidecar.on_shutdown("async", later, order=1)
        report = sidecar.close("done")
    assert ran == [7, "async"]
    assert report is not None and report.ok and report.reason == "done"


def test_events_in_order(app: Dict[str, Any]) -> None:
    with Sidecar.spawn(**app) as sidecar, listening() as server:
        port = server.getsockname()[1]
        with sidecar.watch("port", filter=EventFilter(ports=[port]), interval_ms=250) as events:
            server.close()
            assert events.get(20).entries == []
        with pytest.raises(StopIteration):
            events.get(0)


def test_asyncio(app: Dict[str, Any]) -> None:
    async def main() -> None:
        async with AsyncSidecar.spawn(**app) as sidecar:
            assert len(await asyncio.gather(*(sidecar.port.check(i) for i in range(1, 201)))) == 200
            waiting = asyncio.ensure_future(sidecar.port.wait(1, "listening", 60_000))
            await asyncio.sleep(0)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            with pytest.raises(CallTimeout):
                await sidecar.port.wait(1, "listening", 60_000, timeout=0.05)

    asyncio.run(main())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_process_has_no_part_in_it(app: Dict[str, Any]) -> None:
    with Sidecar.spawn(**app) as sidecar:
        events = sidecar.watch("shutdown")
        pid = os.fork()
        if pid == 0:
            try:
                sidecar.sidecar.ping()
            except Disconnected:
                try:
                    events.get(60)
                except Disconnected:
                    sidecar.close()
                    os._exit(42)
            os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 42
        assert sidecar.sidecar.ping(echo=1).echo == 1


def test_an_async_sidecar_that_was_not_started_says_so(app: Dict[str, Any]) -> None:
    with pytest.raises(Disconnected, match="has not been started"):
        asyncio.run(AsyncSidecar.spawn(**app).sidecar.ping())


def test_a_second_instance_tells_the_first_and_hears_its_reply(app: Dict[str, Any]) -> None:
    told: List[Any] = []

    def handle(asked: HostSecondInstanceParams) -> Dict[str, int]:
        told.append(asked.payload)
        return {"window": 2}

    with Sidecar.spawn(**app) as first, Sidecar.spawn(**app) as second:
        first.on_second_instance(handle)
        mine = first.instance.acquire()
        assert mine.acquired and mine.lock_id
        other = second.instance.acquire(payload=SecondInstancePayload(argv=["app", "é.txt"]))
        assert (other.acquired, other.delivered, other.reply) == (False, True, {"window": 2})
        assert told == [SecondInstancePayload(argv=["app", "é.txt"])]
        first.instance.release(mine.lock_id)
        assert second.instance.acquire(wait_ms=5000).acquired


def test_the_interpreter_ends_it_in_order_and_says_nothing(app: Dict[str, Any], tmp_path: Any) -> None:
    mark = tmp_path / "mark"
    script = f"""
from sidewarden import Sidecar
s = Sidecar.spawn(**{app!r})
s.on_shutdown("mark", lambda: open({str(mark)!r}, "w").write(str(s.pid)))
"""
    path = os.pathsep.join(p for p in sys.path if p)
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, timeout=60, env={**os.environ, "PYTHONPATH": path})
    assert (run.returncode, run.stdout, run.stderr) == (0, b"", b"")
    with pytest.raises(ProcessLookupError):
        os.kill(int(mark.read_text()), 0)


def test_what_is_no_sidecar() -> None:
    with pytest.raises(StartFailed):
        Sidecar.spawn("x", command=[sys.executable, "-c", "print('hello')"])


def test_what_is_unknown_survives() -> None:
    entry = {"protocol": "sctp", "family": "ipv9", "dualStack": False, "address": "x", "port": 1, "state": "odd", "owners": [], "visibility": "full", "new": [1]}
    assert PortEntry.from_wire(entry).to_wire() == entry
    assert KillProcess(pid=4).to_wire() == {"pid": 4, "kind": "process"}
    assert UnknownKind.from_wire({"kind": "moon", "phase": 1}).to_wire() == {"kind": "moon", "phase": 1}
    assert ProcessInfo.__doc__
