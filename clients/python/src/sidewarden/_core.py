"""One sidecar, from its start to its end: what the client for threads and the one for asyncio have in common."""

from __future__ import annotations

import asyncio
import atexit
import os
import sys
import threading
import time
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Set

from ._child import Child, log
from ._codec import Malformed, decode_named, encode
from ._connection import Call, Connection, Hooks
from ._errors import CallTimeout, Disconnected, SidecarError, StartFailed
from ._host import Host
from ._inbox import Inbox
from ._listeners import Listeners
from ._node import child_environment, find_node, find_program, node_version
from .generated.tables import RESULTS, VERSION

PROTOCOL = 1


@dataclass(frozen=True)
class Options:
    app_id: str
    node: Optional[str] = None
    command: Optional[Sequence[str]] = None
    arguments: Sequence[str] = ()
    env: Optional[Mapping[str, str]] = None
    cwd: Optional[str] = None
    owner_tag: Optional[str] = None
    state_dir: Optional[str] = None
    client_name: Optional[str] = None
    client_version: Optional[str] = None
    start_timeout: float = 30.0


class Core:
    def __init__(self, options: Options, loop: Optional[asyncio.AbstractEventLoop] = None) -> None:
        """Spawns, and asks to be initialized. Raises StartFailed, and then nothing is left running."""
        self.options = options
        self.server: Any = None
        self.host = Host(loop)
        self.listeners = Listeners(self._invoke)
        self._closing = threading.Lock()
        self._report: Optional[Call] = None
        self.command = command_of(options)
        child = Child(self.command, child_environment(options.env), options.cwd)
        self.connection = Connection(child, Hooks(self._notified, self._asked, self.listeners.end))
        living.add(self)
        self.initializing = self.connection.request("initialize", self._introduction())

    def initialized(self, result: Any) -> None:
        """Raises StartFailed where the answer is none."""
        try:
            self.server = decode_named("InitializeResult", result)
        except Malformed as error:
            raise StartFailed(f"The program {self.command} is no sidecar: {error}") from error
        if self.server.protocol != PROTOCOL:
            raise StartFailed(f"The sidecar speaks protocol {self.server.protocol}, and this client {PROTOCOL}.")
        self.connection.set_limits(self.server.limits.requests_in_flight, self.server.limits.waits_in_flight)
        self.connection.notify("initialized", {})

    def start_error(self, error: Exception) -> Exception:
        """Why it did not start, after it has been ended."""
        self.kill()
        if isinstance(error, (SidecarError, StartFailed)):
            return error
        version = None if self.options.command else node_version(self.command[0])
        ran = f" It ran on Node.js {'.'.join(map(str, version))}." if version else ""
        if isinstance(error, (NotYet, asyncio.TimeoutError)):
            late = f"The sidecar did not answer initialize within {self.options.start_timeout} s."
            return StartFailed(f"{late}{ran}{self.connection.child.last_words()}")
        return StartFailed(f"The sidecar did not start.{ran} {error}")

    def request(self, method: str, always: Mapping[str, Any], given: Mapping[str, Any] = {}) -> Call:
        """``given`` is left out where it is None."""
        params = {name: encode(value) for name, value in always.items()}
        params.update((name, encode(value)) for name, value in given.items() if value is not None)
        return self.connection.request(method, params)

    def subscribe(self, params: Dict[str, Any], inbox: Inbox) -> Call:
        """What follows the answer is in ``inbox``, from the first event on."""

        def attach(call: Future[Any]) -> None:
            if not call.cancelled() and call.exception() is None:
                self.listeners.attach(call.result()["subscriptionId"], inbox)

        return self.connection.request("events/subscribe", params, lambda call: call.add_done_callback(attach))

    def begin_close(self, reason: Optional[str], deadline_ms: Optional[int]) -> Optional[Call]:
        """The call that answers the report; None where there is nobody to ask any more."""
        with self._closing:
            if self._report is None and self.connection.lost is None:
                params = {"reason": reason, "deadlineMs": deadline_ms}
                try:
                    self._report = self.connection.request("shutdown", {key: one for key, one in params.items() if one is not None})
                except Disconnected:
                    return None
            return self._report

    def finish_close(self) -> None:
        self.connection.notify("exit", {})
        self.connection.child.end_input()
        self.connection.lose("The sidecar was closed.")

    def abandon(self) -> None:
        """Lets go at once: the end of its input ends the sidecar, in its own order."""
        self.connection.child.end_input()
        self.settled()

    def settled(self) -> None:
        living.discard(self)

    def kill(self) -> None:
        self.connection.child.kill()
        wait_for(self.connection.ended, EXIT_SECONDS)
        self.settled()

    def close(self, reason: Optional[str] = None, deadline_ms: Optional[int] = None) -> Any:
        """Ends in order, and by force what does not; never raises but for KeyboardInterrupt. The report, or None where there was none."""
        try:
            call = self.begin_close(reason, deadline_ms)
            result = None
            if call is not None:
                try:
                    result = wait_for(call, closing_seconds(deadline_ms))
                except (SidecarError, Disconnected, CallTimeout) as error:
                    log.warning("The sidecar gave no report: %s", error)
            self.finish_close()
            try:
                wait_for(self.connection.ended, EXIT_SECONDS)
            except CallTimeout:
                self.kill()
            self.settled()
            return None if result is None else decode_named("ShutdownReport", result)
        except KeyboardInterrupt:
            self.abandon()
            raise

    def forget(self) -> None:
        self._closing = threading.Lock()
        self._report = None
        self.connection.forget()

    def _introduction(self) -> Dict[str, Any]:
        options = self.options
        info = {"name": options.client_name or f"sidewarden-python {VERSION}", "version": options.client_version, "language": "python"}
        told = {"ownerTag": options.owner_tag, "stateDir": options.state_dir}
        return {
            "protocol": {"min": PROTOCOL, "max": PROTOCOL},
            "clientInfo": {key: value for key, value in info.items() if value is not None},
            "processId": os.getpid(),
            "appId": options.app_id,
            "capabilities": {"shutdownHandlers": True, "secondInstance": True, "progress": True},
            "options": {key: value for key, value in told.items() if value is not None},
        }

    def _notified(self, name: str, params: Any) -> None:
        if name == "$/cancelRequest" and isinstance(params, dict):
            self.host.cancelled(params.get("id", ""))
        else:
            self.listeners.notified(name, params)

    def _asked(self, id: Any, method: str, params: Any) -> None:
        self.host.asked(self.connection, id, method, params)

    def _invoke(self, listener: Callable[[Any], object], event: Any) -> None:
        loop = self.host.loop
        if loop is not None and loop.is_running():
            # As asyncio has it: a listener runs on the loop.
            asyncio.run_coroutine_threadsafe(_call(listener, event), loop).result()
        else:
            self.host.settle(listener(event))


EXIT_SECONDS = 5.0


def closing_seconds(deadline_ms: Optional[int]) -> float:
    """The sidecar kills what is left at its deadline, and then answers."""
    return (15_000 if deadline_ms is None else deadline_ms) / 1000 + 3.0


def command_of(options: Options) -> List[str]:
    if options.command is not None:
        return [*options.command, *options.arguments]
    return [find_node(options.node, options.env), find_program(options.env), "--stdio", *options.arguments]


def result_of(method: str, value: Any) -> Any:
    """Raises Disconnected where the answer is not of the promised shape: whatever it means, this client does not know it."""
    name = RESULTS.get(method)
    try:
        return value if name is None else decode_named(name, value)
    except Malformed as error:
        raise Disconnected(f"The answer to {method} is not what it promises. {error}") from error


def wait_for(future: Future[Any], timeout: Optional[float]) -> Any:
    """Raises CallTimeout, or what the call has raised. On Windows Ctrl-C is noticed only between two waits."""
    deadline = None if timeout is None else time.monotonic() + timeout
    slice = 0.2 if sys.platform == "win32" else None
    while True:
        left = None if deadline is None else max(0.0, deadline - time.monotonic())
        try:
            return future.result(slice if left is None else left if slice is None else min(left, slice))
        except NotYet:
            if future.done():
                raise
            if left is not None and (slice is None or left <= slice):
                raise CallTimeout(f"There was no answer within {timeout} s.") from None


async def _call(listener: Callable[[Any], object], event: Any) -> None:
    answer = listener(event)
    if asyncio.iscoroutine(answer) or asyncio.isfuture(answer):
        await answer


living: Set[Core] = set()


def _end_all() -> None:
    for core in list(living):
        core.begin_close("the host’s interpreter has ended", None)
    for core in list(living):
        core.close()


def _forget_all() -> None:
    for core in list(living):
        core.forget()
    living.clear()


atexit.register(_end_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
