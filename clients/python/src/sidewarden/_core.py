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

from ._call import Answered, Call
from ._child import Child, log
from ._codec import Malformed, decode_named, encode
from ._connection import Connection, Hooks
from ._errors import CallTimeout, Disconnected, SidecarError, StartFailed
from ._host import Host
from ._keeper import Circumstances, Keeper
from ._listeners import Listener, Listeners
from ._inbox import Inbox
from ._node import child_environment, find_node, find_program, node_version
from ._remembered import Told
from ._restart import RESTARTS
from .generated.tables import RESULTS, VERSION

PROTOCOL = 1
EXIT_SECONDS = 5.0


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
    restarts: int = RESTARTS
    start_timeout: float = 30.0


class Core:
    def __init__(self, options: Options, loop: Optional[asyncio.AbstractEventLoop] = None) -> None:
        """Nothing runs before ``start``."""
        self.options = options
        self.server: Any = None
        """What ``initialize`` answered."""
        self.listeners = Listeners(self._invoke, lambda params: self.keeper.remembered.as_told(params))
        self.keeper = Keeper(
            Circumstances(
                app_id=options.app_id,
                restarts=options.restarts,
                open=self._open,
                wait=lambda call: wait_for(call, None),
                on_restarted=lambda restarted: self.listeners.tell("restarted", restarted),
                on_over=self._over,
            )
        )
        self.host = Host(loop, self.keeper.remembered.as_told)
        self._closing = threading.Lock()
        self._report: Optional[Call] = None
        self._opening: Optional[Connection] = None
        self._is_abandoned = False

    def start(self) -> None:
        """Waits until it is initialized. Raises StartFailed or a SidecarError, and then nothing is left running."""
        living.add(self)
        try:
            self.keeper.start()
        except BaseException:
            self.settled()
            raise
        if self._is_abandoned:
            self.abandon()

    def request(self, method: str, always: Told, given: Told = {}, answered: Optional[Answered] = None) -> Call:
        """``given`` is left out where it is None."""
        params = {name: encode(value) for name, value in always.items()}
        params.update((name, encode(value)) for name, value in given.items() if value is not None)
        return self.keeper.request(method, params, answered)

    def subscribe(self, given: Told, inbox: Inbox, listener: Optional[Listener]) -> Call:
        """What follows the answer is in ``inbox``, or goes to ``listener``, from the first event on."""

        def attach(result: Any, is_wanted: bool) -> None:
            if not is_wanted or not isinstance(result, dict):
                return
            id = str(result.get("subscriptionId"))
            self.listeners.attach(id, inbox, listener)
            made = self.keeper.remembered.find("events/subscribe", id)
            if made is not None:
                made.on_remade = lambda told: self.listeners.resubscribed(id, told)

        return self.request("events/subscribe", {}, given, attach)

    def end_subscription(self, id: str, inbox: Inbox, why: BaseException) -> None:
        self.listeners.detach(id)
        if not self.listeners.is_shared(inbox):
            inbox.end(why)

    def begin_close(self, reason: Optional[str], deadline_ms: Optional[int]) -> Optional[Call]:
        """The call that answers the report; None where there is nobody to ask any more."""
        with self._closing:
            self.keeper.unwanted()
            opening = self._opening
            if opening is not None:
                opening.child.end_input()
            self.keeper.wait_settled(EXIT_SECONDS)
            connection = self.keeper.connection
            if self._report is None and self.keeper.over is None and connection is not None:
                params = {"reason": reason, "deadlineMs": deadline_ms}
                try:
                    self._report = connection.request("shutdown", {key: one for key, one in params.items() if one is not None})
                except Disconnected:
                    return None
            return self._report

    def finish_close(self) -> None:
        """Behind the report; the process may still be there."""
        connection = self.keeper.connection
        if connection is not None:
            connection.notify("exit", {})
            connection.child.end_input()
            connection.lose("The sidecar was closed.")
        self.listeners.end(Disconnected("The sidecar was closed."))

    @property
    def ended(self) -> Future[None]:
        """Its process is gone, and reaped."""
        connection = self.keeper.connection
        if connection is not None:
            return connection.ended
        never: Future[None] = Future()
        never.set_result(None)
        return never

    def abandon(self) -> None:
        """Lets go at once: the end of its input ends the sidecar, in its own order."""
        self._is_abandoned = True
        self.keeper.unwanted()
        for connection in (self._opening, self.keeper.connection):
            if connection is not None:
                connection.child.end_input()
        # It may still ask for handlers.
        living.discard(self)

    def settled(self) -> None:
        self.host.end()
        living.discard(self)

    def kill(self) -> None:
        connection = self.keeper.connection
        if connection is not None:
            connection.child.kill()
            wait_for(connection.ended, EXIT_SECONDS)
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
                wait_for(self.ended, EXIT_SECONDS)
            except CallTimeout:
                self.kill()
            self.settled()
            return report_of(result)
        except KeyboardInterrupt:
            self.abandon()
            raise

    def forget(self) -> None:
        self._closing = threading.Lock()
        self._report = None
        why = Disconnected("The sidecar belongs to the process that this one was forked from: spawn another one here.")
        self.keeper.forget(why)
        self.listeners.forget(why)
        self.host.forget()

    def _open(self) -> Connection:
        """Starts one and initializes it. Raises StartFailed or a SidecarError, and then nothing is left running."""
        command = command_of(self.options)
        child = Child(command, child_environment(self.options.env), self.options.cwd)
        connection = self._opening = Connection(child, Hooks(self._notified, self.host.asked, self.keeper.lost))
        try:
            if self._is_abandoned:
                raise Disconnected("It was given up while it was being started.")
            self._initialized(connection, wait_for(connection.request("initialize", self._introduction()), self.options.start_timeout))
            return connection
        except Exception as error:
            _end_now(connection)
            raise self._start_error(connection, command, error) from error
        except BaseException:
            # Ctrl-C.
            _end_now(connection)
            raise
        finally:
            self._opening = None

    def _initialized(self, connection: Connection, result: Any) -> None:
        try:
            server = decode_named("InitializeResult", result)
        except Malformed as error:
            raise StartFailed(f"This program is no sidecar: {error}") from error
        if server.protocol != PROTOCOL:
            raise StartFailed(f"The sidecar speaks protocol {server.protocol}, and this client {PROTOCOL}.")
        self.server = server
        connection.set_limits(server.limits.requests_in_flight, server.limits.waits_in_flight, server.limits.body_bytes)
        connection.notify("initialized", {})

    def _start_error(self, connection: Connection, command: Sequence[str], error: Exception) -> Exception:
        if isinstance(error, (SidecarError, StartFailed)):
            return error
        version = None if self.options.command else node_version(command[0])
        ran = f" It ran on Node.js {'.'.join(map(str, version))}." if version else ""
        if isinstance(error, CallTimeout):
            late = f"The sidecar did not answer initialize within {self.options.start_timeout} s."
            return StartFailed(f"{late}{ran}{connection.child.last_words()}")
        return StartFailed(f"The sidecar did not start.{ran} {error}")

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

    def _over(self, why: Disconnected, was_wanted: bool) -> None:
        if was_wanted:
            self.listeners.tell("ended", why)
        self.listeners.end(why)

    def _invoke(self, listener: Callable[[Any], object], event: Any) -> None:
        loop = self.host.loop
        if loop is not None and loop.is_running():
            # As asyncio has it: a listener runs on the loop.
            asyncio.run_coroutine_threadsafe(_call(listener, event), loop).result()
        else:
            self.host.settle(listener(event))


def _end_now(connection: Connection) -> None:
    connection.child.kill()
    wait_for(connection.ended, EXIT_SECONDS)


def closing_seconds(deadline_ms: Optional[int]) -> float:
    """The sidecar kills what is left at its deadline, and then answers."""
    return (15_000 if deadline_ms is None else deadline_ms) / 1000 + 3.0


def command_of(options: Options) -> List[str]:
    if options.command is not None:
        return [*options.command, *options.arguments]
    return [find_node(options.node, options.env), find_program(options.env), "--stdio", *options.arguments]


def report_of(result: Any) -> Any:
    """None where there is none, or none that this client understands: it is closed all the same."""
    try:
        return None if result is None else decode_named("ShutdownReport", result)
    except Malformed as error:
        log.warning("The sidecar’s report is none: %s", error)
        return None


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
