"""What the sidecar asks of us: handlers at shutdown, a second instance. Answered while calls of our own are under way."""

from __future__ import annotations

import asyncio
import concurrent.futures
import inspect
import queue
import threading
from typing import Any, Awaitable, Callable, Dict, Mapping, Optional, Union

from ._child import log, thread
from ._codec import decode_named, encode
from ._connection import Connection, Id

Job = Callable[[], None]
ShutdownHandler = Union[Callable[[], Union[Awaitable[object], object]], Callable[[str], Union[Awaitable[object], object]]]
SecondInstanceHandler = Callable[[Any], Union[Awaitable[object], object]]


class Host:
    """Handlers run in threads of their own; what they await runs on ``loop``, if there is one, else on one of theirs."""

    def __init__(self, loop: Optional[asyncio.AbstractEventLoop], as_told: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> None:
        """``as_told`` gives params with the ids that we were told, for those that the sidecar of today says."""
        self.loop = loop
        self._as_told = as_told
        self.second_instance: Optional[SecondInstanceHandler] = None
        self._shutdown: Dict[str, ShutdownHandler] = {}
        self._running: Dict[Id, Optional[concurrent.futures.Future[Any]]] = {}
        self._lock = threading.Lock()
        self._last_resort: Optional[queue.SimpleQueue[Optional[Job]]] = None

    def add(self, handler_id: str, handler: ShutdownHandler) -> None:
        self._shutdown[handler_id] = handler

    def remove(self, handler_id: str) -> None:
        self._shutdown.pop(handler_id, None)

    def prepare(self) -> None:
        """Since Python 3.12 no thread can be started while the interpreter ends, which is when handlers run: one waits for that."""
        with self._lock:
            if self._last_resort is None:
                jobs = self._last_resort = queue.SimpleQueue()
                thread("handlers", lambda: _work(jobs))

    def forget(self) -> None:
        """In a forked process."""
        self._lock = threading.Lock()
        self._last_resort = None
        self._running.clear()

    def end(self) -> None:
        """Nothing is asked any more."""
        with self._lock:
            jobs, self._last_resort = self._last_resort, None
        if jobs is not None:
            jobs.put(None)

    def asked(self, connection: Connection, id: Id, method: str, params: Any) -> None:
        """Called by the reading thread."""
        handle = {"host/runShutdownHandler": self._run_shutdown_handler, "host/secondInstance": self._tell_second_instance}.get(method)
        if handle is None:
            connection.refuse(id, -32601, f"This client does not answer {method}.")
            return
        run = handle
        with self._lock:
            self._running[id] = None
        if not self._start(lambda: self._answer(connection, id, run, self._as_told(params) if isinstance(params, dict) else {})):
            connection.refuse(id, -32603, "The interpreter is ending, and starts no thread for a handler any more.")

    def cancelled(self, id: Id) -> None:
        """A handler that awaits is stopped; another one cannot be, and its answer comes too late."""
        with self._lock:
            running = self._running.get(id)
        if running is not None:
            running.cancel()

    def settle(self, value: Any, id: Optional[Id] = None) -> Any:
        """Waits for what a handler or listener has answered, if that can be awaited. Called by a thread that is no loop's."""
        if not inspect.isawaitable(value):
            return value
        if self.loop is None or not self.loop.is_running():
            return asyncio.run(_awaited(value))
        running = asyncio.run_coroutine_threadsafe(_awaited(value), self.loop)
        if id is not None:
            with self._lock:
                self._running[id] = running
        return running.result()

    def _start(self, job: Job) -> bool:
        jobs = self._last_resort
        try:
            thread("handler", job)
        except RuntimeError:
            if jobs is None:
                return False
            jobs.put(job)
        return True

    def _answer(self, connection: Connection, id: Id, handle: Callable[[Id, Mapping[str, Any]], Any], params: Mapping[str, Any]) -> None:
        try:
            result = handle(id, params)
        except (concurrent.futures.CancelledError, asyncio.CancelledError):
            connection.refuse(id, -32800, "The handler was cancelled.")
        except BaseException as error:
            # SystemExit, too: a handler ends itself, and not the thread that has to answer for it.
            log.error("A handler of %s has failed", params.get("name"), exc_info=error)
            connection.refuse(id, -32603, str(error) or type(error).__name__)
        else:
            connection.answer(id, result)
        finally:
            with self._lock:
                self._running.pop(id, None)

    def _run_shutdown_handler(self, id: Id, params: Mapping[str, Any]) -> None:
        handler = self._shutdown.get(str(params.get("handlerId")))
        if handler is None:
            raise LookupError(f"there is no handler {params.get('handlerId')}")
        takes: Any = handler
        self.settle(takes(str(params.get("reason"))) if _wants_reason(handler) else takes(), id)

    def _tell_second_instance(self, id: Id, params: Mapping[str, Any]) -> Any:
        if self.second_instance is None:
            return {"handled": False}
        answer = self.settle(self.second_instance(decode_named("HostSecondInstanceParams", params)), id)
        if answer is None or isinstance(answer, bool):
            return {"handled": answer is not False}
        return {"handled": True, "reply": encode(answer)}


def _wants_reason(handler: ShutdownHandler) -> bool:
    try:
        parameters = inspect.signature(handler).parameters.values()
    except (TypeError, ValueError):
        return False
    return any(one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD) and one.default is one.empty for one in parameters)


async def _awaited(value: Awaitable[Any]) -> Any:
    return await value


def _work(jobs: queue.SimpleQueue[Optional[Job]]) -> None:
    while True:
        job = jobs.get()
        if job is None:
            return
        job()
