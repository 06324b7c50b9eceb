"""However a host ends, its sidecar ends with it, and nothing of ours is on the host's streams."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any, Callable, Dict, NamedTuple

import pytest
from conftest import ROOT

from sidewarden import AsyncSidecar, Disconnected, Sidecar, StartFailed

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals and process groups of POSIX")

SPAWN = "from sidewarden import Sidecar\nsidecar = Sidecar.spawn(**{app!r})\nopen({pid!r}, 'w').write(str(sidecar.pid))\n"


def until(condition: Callable[[], bool], what: str, seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.01)


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    # An orphan that nobody has collected yet has ended all the same.
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return not os.path.exists("/proc/self")


class Ended(NamedTuple):
    returncode: int
    stdout: bytes
    stderr: bytes


class Host:
    """A program that spawns a sidecar, and goes on with ``code``."""

    def __init__(self, app: Dict[str, Any], tmp_path: Path, code: str) -> None:
        self._pid = tmp_path / "pid"
        self.mark = tmp_path / "mark"
        whole = SPAWN.format(app=app, pid=str(self._pid)) + f"MARK = {str(self.mark)!r}\n" + textwrap.dedent(code)
        env = {**os.environ, "PYTHONPATH": str(ROOT / "clients/python/src")}
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            [sys.executable, "-c", whole], env=env, start_new_session=True, stdin=pipe, stdout=pipe, stderr=pipe
        )

    def sidecar(self) -> int:
        until(lambda: self._pid.exists() and self._pid.read_text() != "", "the sidecar is there")
        return int(self._pid.read_text())

    def ends(self) -> Ended:
        pid = self.sidecar()
        out, err = self.process.communicate(timeout=60)
        until(lambda: is_gone(pid), "the sidecar is gone")
        return Ended(self.process.returncode, out, err)


def test_ctrl_c_on_a_terminal_ends_the_call_and_then_the_sidecar_in_order(app: Dict[str, Any], tmp_path: Path) -> None:
    code = """
        with sidecar:
            sidecar.on_shutdown("mark", lambda: open(MARK, "w").write("flushed"))
            try:
                open(MARK + ".ready", "w").close()
                sidecar.port.wait(1, "listening", 60_000)
            except KeyboardInterrupt:
                sidecar.sidecar.ping()  # the sidecar leaves it to the host
                raise SystemExit(7)
    """
    host = Host(app, tmp_path, code)
    until(lambda: Path(f"{host.mark}.ready").exists(), "it waits")
    os.killpg(host.process.pid, signal.SIGINT)
    done = host.ends()
    assert (done.returncode, done.stdout, done.stderr) == (7, b"", b"")
    assert host.mark.read_text() == "flushed"


def test_an_uncaught_exception_leaves_only_its_own_traceback(app: Dict[str, Any], tmp_path: Path) -> None:
    done = Host(app, tmp_path, "1 / 0").ends()
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.decode().splitlines()[0].startswith("Traceback") and done.stderr.decode().splitlines()[-1].startswith("ZeroDivisionError")
    assert b"idewarden/_" not in done.stderr


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_host_that_is_killed_takes_it_along(app: Dict[str, Any], tmp_path: Path, number: int) -> None:
    host = Host(app, tmp_path, "sidecar.port.wait(1, 'listening', 60_000)")
    host.sidecar()
    os.kill(host.process.pid, number)
    done = host.ends()
    assert (done.returncode, done.stdout, done.stderr) == (-number, b"", b"")


def test_threads_that_are_in_the_middle_of_calls_do_not_hold_up_the_end(app: Dict[str, Any], tmp_path: Path) -> None:
    code = """
        import threading
        def work():
            try:
                while True:
                    sidecar.port.check(1)
            except Exception:
                pass
        def wait():
            try:
                sidecar.port.wait(1, "listening", 600_000)
            except Exception:
                pass
        for run in (work, work, wait, wait):
            threading.Thread(target=run, daemon=True).start()
        sidecar.sidecar.ping()
    """
    done = Host(app, tmp_path, code).ends()
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_a_thread_that_is_not_a_daemon_sees_the_end(app: Dict[str, Any], tmp_path: Path) -> None:
    code = """
        import threading
        def work():
            from sidewarden import Disconnected
            try:
                sidecar.port.wait(1, "listening", 600_000)
            except Disconnected:
                open(MARK, "w").write("told")
        thread = threading.Thread(target=work)
        thread.start()
        sidecar.close()
    """
    host = Host(app, tmp_path, code)
    done = host.ends()
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert host.mark.exists()


def test_a_forked_process_that_ends_in_order_ends_nothing(app: Dict[str, Any], tmp_path: Path) -> None:
    code = """
        import os, sys, time
        pid = os.fork()
        if pid == 0:
            sys.exit(0)  # runs what is registered for the exit
        assert os.waitpid(pid, 0)[1] == 0
        print(sidecar.sidecar.ping(echo="alive").echo)
    """
    done = Host(app, tmp_path, code).ends()
    assert (done.returncode, done.stdout) == (0, b"alive\n")
    # Python 3.12 and newer itself warns of a fork while there are threads.
    assert done.stderr == b"" or b"DeprecationWarning: This process" in done.stderr


def test_a_forked_process_that_lives_on_does_not_keep_the_sidecar(app: Dict[str, Any], tmp_path: Path) -> None:
    code = """
        import os, signal
        pid = os.fork()
        if pid == 0:
            os.close(1), os.close(2)
            signal.pause()
        open(MARK, "w").write(str(pid))
    """
    host = Host(app, tmp_path, code)
    try:
        assert host.ends().returncode == 0
    finally:
        os.kill(int(host.mark.read_text()), signal.SIGKILL)


def test_a_host_without_any_stream(app: Dict[str, Any], tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    code = f"""
import sys
sys.stdin = sys.stdout = sys.stderr = None  # as pythonw has it
from sidewarden import Sidecar
with Sidecar.spawn(**{app!r}) as sidecar:
    sidecar.on_shutdown("fails", lambda: 1 / 0)
    open({str(mark)!r}, "w").write(str(sidecar.sidecar.ping(echo=sidecar.pid).echo))
"""
    env = {**os.environ, "PYTHONPATH": str(ROOT / "clients/python/src")}
    done = subprocess.run(["sh", "-c", 'exec "$0" -c "$1" <&- >&- 2>&-', sys.executable, code], env=env, timeout=60)
    assert done.returncode == 0
    assert is_gone(int(mark.read_text()))


def test_no_console_window_opens_on_windows(monkeypatch: pytest.MonkeyPatch, app: Dict[str, Any]) -> None:
    asked: Dict[str, Any] = {}

    def popen(_command: Any, **options: Any) -> Any:
        asked.update(options)
        raise OSError("no such program")

    monkeypatch.setattr(subprocess, "CREATE_NO_WINDOW", 0x08000000, raising=False)
    monkeypatch.setattr(subprocess, "Popen", popen)
    with pytest.raises(StartFailed, match="no such program"):
        Sidecar.spawn(**app, command=["anything"])
    assert asked["creationflags"] == 0x08000000
    assert {asked[stream] for stream in ("stdin", "stdout", "stderr")} == {subprocess.PIPE}


def test_a_task_that_is_cancelled_while_it_starts_leaves_nothing(app: Dict[str, Any], tmp_path: Path) -> None:
    log = tmp_path / "pid"
    slow = [sys.executable, "-c", f"import os, sys; open({str(log)!r}, 'w').write(str(os.getpid())); sys.stdin.read()"]

    async def main() -> None:
        starting = asyncio.ensure_future(AsyncSidecar.spawn(**app, command=slow)._start())
        while not log.exists() or not log.read_text():
            await asyncio.sleep(0.01)
        starting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await starting

    asyncio.run(main())
    until(lambda: is_gone(int(log.read_text())), "what was started is gone")


def test_a_task_that_is_cancelled_while_it_closes_lets_go(app: Dict[str, Any]) -> None:
    async def main() -> int:
        sidecar = await AsyncSidecar.spawn(**app)
        await sidecar.on_shutdown("slow", lambda: time.sleep(0.5))
        closing = asyncio.ensure_future(sidecar.close())
        await asyncio.sleep(0.05)
        closing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await closing
        return sidecar.pid

    pid = asyncio.run(main())
    until(lambda: is_gone(pid), "the sidecar is gone")


def test_a_host_that_ignores_the_end_of_children(app: Dict[str, Any], tmp_path: Path) -> None:
    code = """
        import signal
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        assert sidecar.close() is not None
    """
    done = Host(app, tmp_path, code).ends()
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_ctrl_c_while_it_starts_leaves_nothing(tmp_path: Path) -> None:
    log = tmp_path / "pid"
    slow = [sys.executable, "-c", f"import os, sys; open({str(log)!r}, 'w').write(str(os.getpid())); sys.stdin.read()"]
    code = f"from sidewarden import Sidecar\nSidecar.spawn('x', command={slow!r})"
    env = {**os.environ, "PYTHONPATH": str(ROOT / "clients/python/src")}
    host = subprocess.Popen([sys.executable, "-c", code], env=env, stderr=subprocess.DEVNULL)
    until(lambda: log.exists() and log.read_text() != "", "it starts")
    host.send_signal(signal.SIGINT)
    assert host.wait(60) in (-signal.SIGINT, 130, 1)
    until(lambda: is_gone(int(log.read_text())), "what was started is gone")


def test_a_sidecar_that_is_started_while_the_interpreter_ends(app: Dict[str, Any], tmp_path: Path) -> None:
    """From Python 3.12 on no thread can be started then: that is said, and nothing is left."""
    code = """
        import atexit
        from sidewarden import StartFailed
        def late():
            try:
                with Sidecar.spawn("late", state_dir=MARK + ".d") as other:
                    open(MARK, "w").write(str(other.sidecar.ping(echo="worked").echo))
            except StartFailed as error:
                open(MARK, "w").write(str(error))
        atexit.register(late)
    """
    (tmp_path / "mark.d").mkdir()
    host = Host(app, tmp_path, code)
    done = host.ends()
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert host.mark.read_text() == "worked" or "could not be started" in host.mark.read_text()


def test_a_call_after_the_end_says_so(app: Dict[str, Any]) -> None:
    sidecar = Sidecar.spawn(**app)
    sidecar.close()
    sidecar.close()
    with pytest.raises(Disconnected):
        sidecar.sidecar.ping()
