"""The nine scenarios by which the class of old was verified."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import Any, Dict, Iterator, Tuple

import pytest

from sidewarden.process_manager import (
    PortStatus,
    ProcessInfo,
    ProcessManager,
    get_process_manager,
    reset_process_manager,
)

LISTENER = "import socket,sys; s=socket.socket(); s.bind(('127.0.0.1',0)); s.listen(); print(s.getsockname()[1],flush=True); sys.stdin.read()"


@pytest.fixture
def manager(app: Dict[str, Any]) -> Iterator[ProcessManager]:
    made = ProcessManager(**app)
    yield made
    made.close()


@pytest.fixture
def listener() -> Iterator[Tuple["subprocess.Popen[str]", int]]:
    child = subprocess.Popen([sys.executable, "-c", LISTENER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert child.stdout and child.stdin
    yield child, int(child.stdout.readline())
    child.kill()
    child.wait()
    child.stdin.close()
    child.stdout.close()


def test_1_singleton(app: Dict[str, Any]) -> None:
    first = get_process_manager(**app)
    assert get_process_manager() is first
    reset_process_manager()
    assert get_process_manager(**app) is not first
    reset_process_manager()


def test_2_lock(app: Dict[str, Any], manager: ProcessManager) -> None:
    other = ProcessManager(**app)
    assert manager.enforce_single_instance() is True
    assert manager.enforce_single_instance() is False
    assert other.enforce_single_instance() is False
    manager.close()
    assert other.enforce_single_instance() is True
    other.close()


def test_3_port_availability(manager: ProcessManager, listener: Tuple[Any, int]) -> None:
    child, port = listener

    async def main() -> None:
        assert await manager.is_port_in_use(port) is True
        assert await manager.ensure_port_available(port, 3) is True
        assert await manager.is_port_in_use(port) is False
        assert await manager.kill_process_on_port(port) is False

    asyncio.run(main())
    assert child.wait(20) != 0


def test_4_discovery_by_port(manager: ProcessManager, listener: Tuple[Any, int]) -> None:
    child, port = listener

    async def main() -> None:
        found = await manager.find_process_by_port(port)
        assert found.pid == child.pid and found.name
        assert await manager.kill_process_on_port(port) is True
        assert await manager.find_process_by_port(port) == ProcessInfo()
        assert await manager.kill_process_by_id(2**22 - 1) is False

    asyncio.run(main())


def test_5_managed_ports_and_6_status(manager: ProcessManager, listener: Tuple[Any, int]) -> None:
    _, port = listener
    manager.register_managed_port(port, "backend")
    status = asyncio.run(manager.get_process_status())
    assert status.is_running and status.start_time == manager.start_time
    assert status.ports == [PortStatus(port, "backend", True)]


def test_7_shutdown_handlers(manager: ProcessManager) -> None:
    ran = []

    async def later() -> None:
        ran.append("async")

    def fails() -> None:
        raise ValueError("on purpose")

    for handler in (lambda: ran.append("sync"), fails, later):
        manager.add_shutdown_handler(handler)
    asyncio.run(manager.execute_shutdown_handlers())
    assert ran == ["sync", "async"]


def test_8_error_logging(manager: ProcessManager) -> None:
    manager.log_error(ValueError("before there is a sidecar"), "start")
    assert asyncio.run(manager.is_port_in_use(1)) is False
    manager.log_error(ValueError("with one"), "run")


def test_9_startup_cleanup(app: Dict[str, Any], listener: Tuple[Any, int]) -> None:
    child, port = listener
    crashed = ProcessManager(**app)
    crashed.register_managed_port(port, "backend")
    crashed.close()
    manager = ProcessManager(**app)
    asyncio.run(manager.cleanup_on_startup())
    assert child.wait(20) != 0
    assert asyncio.run(manager.is_port_in_use(port)) is False
    manager.close()


def test_nothing_is_raised_where_there_is_no_node(app: Dict[str, Any]) -> None:
    manager = ProcessManager(**app, node="no-such-node")
    assert manager.enforce_single_instance() is False
    assert asyncio.run(manager.find_process_by_port(1)) == ProcessInfo()
    assert asyncio.run(manager.get_process_status()).is_running is False


def test_signal_runs_the_handlers(app: Dict[str, Any]) -> None:
    script = f"""
import asyncio, os, signal
from sidewarden.process_manager import ProcessManager
m = ProcessManager(**{app!r})
async def flush(): print("flushed", flush=True)
m.add_shutdown_handler(flush)
m.register_shutdown_handlers()
os.kill(os.getpid(), signal.SIGTERM)
"""
    import os

    env = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, timeout=60, env=env)
    assert (run.returncode, run.stdout, run.stderr) == (-15, b"flushed\n", b"")
