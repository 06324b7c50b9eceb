"""The sidecar as a process: its pipes, its last words, its end."""

from __future__ import annotations

import collections
import logging
import os
import select
import subprocess
import threading
from typing import Callable, Deque, Mapping, Optional, Sequence

from ._errors import StartFailed

# A logger without a handler would print warnings on the host's stderr.
log = logging.getLogger("sidewarden")
log.addHandler(logging.NullHandler())

LONGEST_TAIL_LINES = 40
# POSIX: a pipe that poll(2) calls writable takes that many bytes without blocking.
_AT_ONCE = getattr(select, "PIPE_BUF", 0) if hasattr(select, "poll") else 0


class Child:
    """A process with three pipes. Nothing of it ever reaches the streams of the host."""

    def __init__(self, command: Sequence[str], env: Optional[Mapping[str, str]], cwd: Optional[str]) -> None:
        # Without CREATE_NO_WINDOW a host without a console (pythonw) would see one flash.
        flags = getattr(subprocess, "CREATE_NO_WINDOW", 0)
        try:
            self._popen = subprocess.Popen(
                list(command),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                env=None if env is None else dict(env),
                cwd=cwd,
                creationflags=flags,
            )
        except (OSError, ValueError) as error:
            raise StartFailed(f"The sidecar could not be started: {error}. The command was {list(command)}.") from error
        self.pid = self._popen.pid
        assert self._popen.stdin and self._popen.stdout and self._popen.stderr
        self._stdin, self._stdout, self._stderr = self._popen.stdin, self._popen.stdout, self._popen.stderr
        self._tail: Deque[str] = collections.deque(maxlen=LONGEST_TAIL_LINES)
        self._outbox: Deque[bytes] = collections.deque()
        self._writing = threading.Condition()
        self._writer: Optional[threading.Thread] = None
        self._writable = select.poll() if _AT_ONCE else None
        if self._writable:
            self._writable.register(self._stdin.fileno(), select.POLLOUT)
        self._input_ends = False
        self.exit_code: Optional[int] = None
        """Negative for a signal; None while it lives, and where the host's own handling of its children has taken it."""
        self._gone = threading.Event()
        self._reaping = threading.Lock()
        self.thread("stderr", self._drain)

    def thread(self, name: str, run: Callable[[], None]) -> None:
        """Raises StartFailed where the interpreter is ending and starts none any more; the process is ended then."""
        try:
            thread(name, run)
        except RuntimeError as error:
            self._popen.kill()
            self._popen.wait()
            self._gone.set()
            raise StartFailed(f"The sidecar could not be started: {error}.") from error

    def read(self) -> bytes:
        """Waits for output; nothing at its end."""
        try:
            return os.read(self._stdout.fileno(), 65536)
        except (OSError, ValueError):
            return b""

    def write(self, data: bytes) -> None:
        """In order, and never blocks: what the pipe does not take at once is left to a thread."""
        with self._writing:
            if self._input_ends:
                return
            if self._outbox or len(data) > _AT_ONCE or not self._takes_now():
                self._outbox.append(data)
                self._wake_writer()
            else:
                self._put(data)

    def end_input(self) -> None:
        """Behind what is still to be written."""
        with self._writing:
            if not self._input_ends:
                self._input_ends = True
                self._wake_writer()

    def wait(self, timeout: Optional[float] = None) -> bool:
        """Whether it is gone."""
        return self._gone.wait(timeout)

    def reap(self) -> None:
        """Waits for its end, as one thread has to."""
        code = self._exit_code()
        with self._reaping:
            self._popen.wait()
            self.exit_code = code
            self._gone.set()

    def _exit_code(self) -> Optional[int]:
        if not hasattr(os, "waitid"):
            return self._popen.wait()
        try:
            # Until it is reaped its number stays its own, and it is reaped where nobody signals it.
            ended = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)
        except ChildProcessError:
            # The host ignores SIGCHLD, or has waited for any child: it is gone, and nobody knows how.
            return None
        return None if ended is None else ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status

    def kill(self) -> None:
        """Signals nobody once it is reaped: the number may be another's by then."""
        with self._reaping:
            if not self._gone.is_set():
                self._popen.kill()

    def close_output(self) -> None:
        self._stdout.close()

    def forget(self) -> None:
        """In a forked process: lets go of the parent's sidecar without a word to it."""
        for stream in (self._stdin, self._stdout, self._stderr):
            try:
                stream.close()
            except OSError:
                pass
        self._reaping = threading.Lock()
        self._gone = threading.Event()
        self._gone.set()
        # Otherwise Popen would look after a process that is none of this one's children.
        self._popen.returncode = 0

    def last_words(self) -> str:
        words = "\n".join(self._tail).strip()
        return f" Its last words: {words}" if words else ""

    def _drain(self) -> None:
        try:
            for line in self._stderr:
                text = line.decode("utf-8", "replace").rstrip()[:2000]
                self._tail.append(text)
                log.debug("%s", text)
        except (OSError, ValueError):
            pass
        self._stderr.close()

    def _takes_now(self) -> bool:
        return bool(self._writable and self._writable.poll(0))

    def _put(self, data: bytes) -> None:
        try:
            while data:
                data = data[os.write(self._stdin.fileno(), data) :]
        except (OSError, ValueError):
            # It is gone, or has closed its input; the end of its output says how.
            self._outbox.clear()

    def _wake_writer(self) -> None:
        if self._writer is None:
            if self._input_ends and not self._outbox:
                self._close_input()
                return
            try:
                self._writer = thread("writer", self._write_all)
            except RuntimeError:
                # The interpreter is ending, and starts no threads any more.
                self._write_all(until_empty=True)
        self._writing.notify_all()

    def _write_all(self, until_empty: bool = False) -> None:
        while True:
            with self._writing:
                while not self._outbox and not self._input_ends and not until_empty:
                    self._writing.wait()
                if not self._outbox:
                    if self._input_ends:
                        self._close_input()
                    return
                data = self._outbox[0]
            self._put(data)
            with self._writing:
                if self._outbox:
                    self._outbox.popleft()

    def _close_input(self) -> None:
        try:
            self._stdin.close()
        except OSError:
            pass


def thread(name: str, run: Callable[[], None]) -> threading.Thread:
    """A thread that no host waits for at its end. Raises RuntimeError where the interpreter is ending."""
    started = threading.Thread(target=run, name=f"sidewarden-{name}", daemon=True)
    started.start()
    return started
