"""The ProcessManager of old, on a sidecar: the same names and meanings, with a lock, a kill and a look that are real.

Nothing here raises for what the system does: what could not be done is False, what is not there is ``ProcessInfo()``, and
the reason goes to the log. ``sidewarden.Sidecar`` tells more, and is what new code should use.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import os
import signal
import sys
import threading
import traceback
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Awaitable, Callable, List, Mapping, Optional, TypeVar, Union

from ._async_sidecar import awaited
from ._core import result_of
from ._errors import Disconnected, SidecarError, SidewardenError
from ._replay import Restarted
from ._sidecar import Sidecar
from .generated import types as t
from .generated.async_methods import AsyncNouns

Answer = TypeVar("Answer")
Handler = Callable[[], Union[Awaitable[object], object]]

log = logging.getLogger("sidewarden.process_manager")


@dataclass
class ProcessInfo:
    """Who holds a port; both None where nobody does, or where it may not be seen."""

    pid: Optional[int] = None
    name: Optional[str] = None


@dataclass
class PortStatus:
    port: int
    name: str
    in_use: bool


@dataclass
class ProcessStatus:
    is_running: bool
    start_time: datetime
    ports: List[PortStatus] = field(default_factory=list)


class ProcessManager:
    """May be used by any number of threads and event loops. Its sidecar is started by the first call, and again if it was lost."""

    def __init__(self, app_id: Optional[str] = None, **spawn: Any) -> None:
        """``app_id`` names the app: SIDEWARDEN_APP_ID, or the program's own path, by default. ``spawn`` is for ``Sidecar.spawn``."""
        self.app_id = app_id or os.environ.get("SIDEWARDEN_APP_ID") or _own_name()
        self.start_time = datetime.now()
        self._spawn = spawn
        self._lock = threading.RLock()
        self._sidecar: Optional[Sidecar] = None
        self._handlers: List[Handler] = []
        self._closed = False

    def enforce_single_instance(self) -> bool:
        """False where another instance runs, where this process has asked before, and where the lock could not be asked for: see the log."""
        return self._safely("enforce_single_instance", lambda: bool(self._now("instance/acquire", {})["acquired"]), False)

    async def is_port_in_use(self, port: int) -> bool:
        return bool(await self._try("is_port_in_use", lambda nouns: nouns.port.check(port), lambda found: found.in_use, False))

    async def find_process_by_port(self, port: int) -> ProcessInfo:
        return await self._try("find_process_by_port", lambda nouns: nouns.port.find(port), _first_owner, ProcessInfo())

    async def kill_process_on_port(self, port: int) -> bool:
        """True when somebody held it and it can be bound now."""
        return await self._try(
            "kill_process_on_port", lambda nouns: nouns.port.kill(port=port), lambda found: found.freed and _ended(found.outcomes), False
        )

    async def kill_process_by_id(self, pid: int) -> bool:
        """True when it lived and is gone; its descendants, too."""
        target = t.KillProcess(pid=pid)
        return await self._try(
            "kill_process_by_id", lambda nouns: nouns.process.kill(target=target), lambda found: _ended(found.outcomes, pid), False
        )

    def register_managed_port(self, port: int, name: str) -> None:
        """Kept per app: the next run can clean it up."""
        self._safely("register_managed_port", lambda: self._now("port/register", {"port": port, "name": name}), None)

    async def ensure_port_available(self, port: int, max_retries: int = 3) -> bool:
        """Ends whoever holds it, and tries again."""
        return await self._try(
            "ensure_port_available",
            lambda nouns: nouns.port.ensure_available(port, max_retries=max_retries, evict="any"),
            lambda found: found.available,
            False,
        )

    async def cleanup_on_startup(self) -> None:
        """Frees the ports of this run and the last one, and ends what a crash has left. Register ports after this."""
        await self._try("cleanup_on_startup", lambda nouns: nouns.cleanup.run(evict="any"), lambda _: None, None)

    def add_shutdown_handler(self, handler: Handler) -> None:
        """A function or a coroutine function, without arguments."""
        with self._lock:
            self._handlers.append(handler)

    async def execute_shutdown_handlers(self) -> None:
        """Runs all of them in order; one that fails is logged, and the rest go on."""
        with self._lock:
            handlers = list(self._handlers)
        for handler in handlers:
            try:
                answer = handler()
                if inspect.isawaitable(answer):
                    await answer
            except Exception as error:
                self.log_error(error, f"shutdown handler {getattr(handler, '__name__', handler)}")

    def register_shutdown_handlers(self) -> None:
        """On SIGTERM and SIGINT: runs the handlers, ends the sidecar, then does what the signal did before. Main thread only."""
        for number in (signal.SIGTERM, signal.SIGINT):
            self._safely("register_shutdown_handlers", lambda number=number: self._take_signal(number), None)  # type: ignore[misc]

    async def get_process_status(self) -> ProcessStatus:
        async def ports(nouns: AsyncNouns) -> List[PortStatus]:
            registered = (await nouns.port.registered()).ports
            looks = await asyncio.gather(*(nouns.port.check(one.port) for one in registered))
            return [PortStatus(one.port, one.name, look.in_use) for one, look in zip(registered, looks)]

        found = await self._try("get_process_status", ports, lambda found: found, None)
        return ProcessStatus(is_running=found is not None and not self._closed, start_time=self.start_time, ports=found or [])

    def log_error(self, error: BaseException, context: Optional[str] = None) -> None:
        """To the logger ``sidewarden.process_manager``, and to the sidecar's log while there is one."""
        log.error("%s: %s", context or "error", error, exc_info=error)
        with self._lock:
            sidecar = self._sidecar
        if sidecar is None or sidecar.closed:
            return
        stack = "".join(traceback.format_exception(type(error), error, error.__traceback__))[-8000:]
        params = {"name": type(error).__name__, "message": str(error)[:2000], "stack": stack, "context": {"context": context}}
        try:
            sidecar.request("log/error", params)
        except (SidewardenError, TypeError, ValueError):
            pass

    def close(self) -> None:
        """Ends the sidecar; a later call starts another one."""
        with self._lock:
            sidecar, self._sidecar, self._closed = self._sidecar, None, True
        if sidecar is not None:
            sidecar.close()

    def _live(self) -> Sidecar:
        with self._lock:
            if self._sidecar is None or self._sidecar.closed:
                self._sidecar = Sidecar.spawn(self.app_id, **self._spawn)
                self._sidecar.on_restarted(_say_what_is_lost)
                self._closed = False
            return self._sidecar

    def _now(self, method: str, params: Mapping[str, Any]) -> Any:
        return self._live().request(method, params).result(30)

    def _safely(self, what: str, run: Callable[[], Answer], otherwise: Answer) -> Answer:
        try:
            return run()
        except Exception as error:
            self._could_not(what, error)
            return otherwise

    async def _try(self, what: str, run: Callable[[AsyncNouns], Awaitable[Any]], read: Callable[[Any], Answer], otherwise: Answer) -> Answer:
        try:
            sidecar = self._sidecar
            if sidecar is None or sidecar.closed:
                # Starting one takes a while, and the loop goes on meanwhile.
                sidecar = await asyncio.get_running_loop().run_in_executor(None, self._live)
            return read(await run(_nouns(sidecar)))
        except (SidecarError, SidewardenError, OSError, ValueError, TypeError) as error:
            self._could_not(what, error)
            return otherwise

    def _could_not(self, what: str, error: BaseException) -> None:
        level = logging.INFO if isinstance(error, Disconnected) else logging.WARNING
        log.log(level, "%s: %s", what, error)

    def _take_signal(self, number: int) -> None:
        before = signal.getsignal(number)

        def end() -> None:
            self.close()
            signal.signal(number, before if before is not None else signal.SIG_DFL)
            signal.raise_signal(number)

        async def in_loop() -> None:
            await self.execute_shutdown_handlers()
            end()

        def on_signal(_number: int, _frame: Any) -> None:
            try:
                loop = asyncio.get_running_loop()
            except RuntimeError:
                asyncio.run(self.execute_shutdown_handlers())
                end()
            else:
                # We are in the middle of that loop: it runs the handlers when this returns.
                loop.call_soon_threadsafe(lambda: _keep.append(loop.create_task(in_loop())))

        signal.signal(number, on_signal)


_keep: List[Any] = []


def _nouns(sidecar: Sidecar) -> AsyncNouns:
    async def call(method: str, always: Mapping[str, Any], given: Mapping[str, Any], timeout: Optional[float]) -> Any:
        return result_of(method, await awaited(sidecar._core.request(method, always, given), timeout))

    return AsyncNouns(call)


def _say_what_is_lost(restarted: Restarted) -> None:
    for one in restarted.lost:
        log.error("the sidecar was restarted, and %s %s could not be had again: %s", one.what, one.name, one.error)


def _first_owner(found: t.PortFindResult) -> ProcessInfo:
    for entry in found.entries:
        for owner in entry.owners:
            return ProcessInfo(owner.pid, owner.name)
    return ProcessInfo()


def _ended(outcomes: List[t.KillOutcome], pid: Optional[int] = None) -> bool:
    about = [one for one in outcomes if pid is None or one.process.pid == pid]
    return any(one.outcome in ("exited", "killed") for one in about)


def _own_name() -> str:
    main = sys.executable if getattr(sys, "frozen", False) else getattr(sys.modules.get("__main__"), "__file__", None)
    return f"python:{os.path.realpath(main or sys.executable)}"[-200:]


_manager: Optional[ProcessManager] = None
_manager_lock = threading.Lock()


def get_process_manager(app_id: Optional[str] = None, **spawn: Any) -> ProcessManager:
    """The one of this process; the arguments count where it is made."""
    global _manager
    with _manager_lock:
        if _manager is None:
            _manager = ProcessManager(app_id, **spawn)
        return _manager


def reset_process_manager() -> None:
    """Ends its sidecar, so that the next ``get_process_manager`` begins anew."""
    global _manager
    with _manager_lock:
        manager, _manager = _manager, None
    if manager is not None:
        manager.close()


__all__ = ["PortStatus", "ProcessInfo", "ProcessManager", "ProcessStatus", "get_process_manager", "reset_process_manager"]
