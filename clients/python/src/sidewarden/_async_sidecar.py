"""The client for asyncio."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import TYPE_CHECKING, Any, AsyncIterator, Callable, Generator, Mapping, Optional, Sequence, Type

from ._connection import Call
from ._core import EXIT_SECONDS, Core, Options, closing_seconds, result_of
from ._codec import decode_named
from ._child import log
from ._errors import CallTimeout, Disconnected, SidecarError
from ._host import SecondInstanceHandler, ShutdownHandler
from ._inbox import Inbox
from ._listeners import Listener, decode_notification
from .generated.async_methods import AsyncNouns
from .generated.methods import Listening

if TYPE_CHECKING:
    from .generated import types as t


class AsyncSidecar(AsyncNouns, Listening):
    """As Sidecar, for asyncio: ``async with AsyncSidecar.spawn(app_id="org.example.app") as sidecar: await sidecar.port.find(5050)``.

    Cancelling a task that awaits a call cancels the request. Listeners, and what handlers await, run on the loop that
    it was spawned on; calls may be made from any.
    """

    _core: Core

    def __init__(self, options: Options) -> None:
        """Use ``AsyncSidecar.spawn``."""
        super().__init__(self._ask)
        self._options = options

    @classmethod
    def spawn(
        cls,
        app_id: str,
        *,
        node: Optional[str] = None,
        command: Optional[Sequence[str]] = None,
        arguments: Sequence[str] = (),
        env: Optional[Mapping[str, str]] = None,
        cwd: Optional[str] = None,
        owner_tag: Optional[str] = None,
        state_dir: Optional[str] = None,
        client_name: Optional[str] = None,
        client_version: Optional[str] = None,
        start_timeout: float = 30.0,
    ) -> AsyncSidecar:
        """As ``Sidecar.spawn``; starts when it is entered with ``async with``, or awaited."""
        return cls(
            Options(app_id, node, command, tuple(arguments), env, cwd, owner_tag, state_dir, client_name, client_version, start_timeout)
        )

    def __await__(self) -> Generator[Any, None, AsyncSidecar]:
        return self._start().__await__()

    async def __aenter__(self) -> AsyncSidecar:
        return await self._start()

    async def __aexit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]) -> None:
        await self.close()

    @property
    def server(self) -> t.InitializeResult:
        """What ``initialize`` answered: version, capabilities, limits."""
        answer: t.InitializeResult = self._core.server
        return answer

    @property
    def pid(self) -> int:
        return self._core.connection.child.pid

    @property
    def closed(self) -> bool:
        """No call can be made any more: it was closed, or has ended by itself."""
        return self._core.connection.lost is not None

    async def close(self, reason: Optional[str] = None, deadline_ms: Optional[int] = None) -> Optional[t.ShutdownReport]:
        """As ``Sidecar.close``. Cancelled, it lets go of the sidecar, which then ends by itself."""
        core = self._core
        report: Optional[t.ShutdownReport] = None
        try:
            call = core.begin_close(reason, deadline_ms)
            if call is not None:
                try:
                    result = await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(call)), closing_seconds(deadline_ms))
                    report = decode_named("ShutdownReport", result)
                except (SidecarError, Disconnected, asyncio.TimeoutError) as error:
                    log.warning("The sidecar gave no report: %s", error)
            core.finish_close()
            ended = asyncio.shield(asyncio.wrap_future(core.connection.ended))
            try:
                await asyncio.wait_for(ended, EXIT_SECONDS)
            except asyncio.TimeoutError:
                await asyncio.get_running_loop().run_in_executor(None, core.kill)
        except BaseException:
            core.abandon()
            raise
        core.settled()
        return report

    def request(self, method: str, params: Optional[Mapping[str, Any]] = None) -> Call:
        """As ``Sidecar.request``: a ``concurrent.futures.Future``, for ``asyncio.wrap_future``."""
        return self._core.request(method, params or {})

    async def on_shutdown(
        self, name: str, handler: ShutdownHandler, *, order: Optional[int] = None, timeout_ms: Optional[int] = None, critical: Optional[bool] = None
    ) -> Callable[[], None]:
        """As ``Sidecar.on_shutdown``: a plain function runs in a thread, so that it may block; a coroutine function on the loop."""
        self._core.host.prepare()
        params = {"order": order, "timeoutMs": timeout_ms, "critical": critical}
        handler_id = (await awaited(self._core.request("shutdown/addHandler", {"name": name}, params), None))["handlerId"]
        self._core.host.add(handler_id, handler)

        def remove() -> None:
            self._core.host.remove(handler_id)
            self._core.request("shutdown/removeHandler", {"handlerId": handler_id})

        return remove

    def on_second_instance(self, handler: Optional[SecondInstanceHandler]) -> None:
        """As ``Sidecar.on_second_instance``."""
        self._core.host.prepare()
        self._core.host.second_instance = handler

    async def watch(
        self,
        *topics: t.Topic,
        filter: Optional[t.EventFilter] = None,
        interval_ms: Optional[int] = None,
        timeout: Optional[float] = None,
    ) -> AsyncEvents:
        """As ``Sidecar.watch``: ``async with await sidecar.watch("port", …) as events: async for event in events``."""
        inbox = Inbox()
        params = {"topics": list(topics), "filter": filter and filter.to_wire(), "intervalMs": interval_ms}
        call = self._core.subscribe({key: value for key, value in params.items() if value is not None}, inbox)
        return AsyncEvents(self._core, result_of("events/subscribe", await awaited(call, timeout)), inbox)

    async def _start(self) -> AsyncSidecar:
        loop = asyncio.get_running_loop()
        # Looking for Node.js may run it; and a task that is cancelled meanwhile must not leave a sidecar behind.
        starting = loop.run_in_executor(None, lambda: Core(self._options, loop))
        try:
            core = await asyncio.shield(starting)
        except asyncio.CancelledError:
            starting.add_done_callback(lambda done: None if done.cancelled() or done.exception() else done.result().abandon())
            raise
        try:
            core.initialized(await asyncio.wait_for(asyncio.wrap_future(core.initializing), self._options.start_timeout))
        except Exception as error:
            raise await loop.run_in_executor(None, core.start_error, error) from error
        except BaseException:
            core.connection.child.kill()
            core.settled()
            raise
        self._core = core
        return self

    async def _ask(self, method: str, always: Mapping[str, Any], given: Mapping[str, Any], timeout: Optional[float]) -> Any:
        return result_of(method, await awaited(self._core.request(method, always, given), timeout))

    def _listen(self, event: str, listener: Listener) -> Callable[[], None]:
        return self._core.listeners.listen(event, listener)


class AsyncEvents:
    """As Events; ``async for event in events`` ends with ``close``."""

    def __init__(self, core: Core, answer: t.EventsSubscribeResult, inbox: Inbox) -> None:
        self._core = core
        self._inbox = inbox
        self.subscription_id = answer.subscription_id
        self.snapshot = answer.snapshot
        """How things stood when it began; what follows starts from here."""

    async def __aenter__(self) -> AsyncEvents:
        return self

    async def __aexit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]) -> None:
        await self.close()

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        return decode_notification(*await self._inbox.take_async())

    async def close(self) -> None:
        self._core.listeners.detach(self.subscription_id)
        self._inbox.end(StopAsyncIteration())
        if self._core.connection.lost is None:
            try:
                await awaited(self._core.request("events/unsubscribe", {"subscriptionId": self.subscription_id}), None)
            except Disconnected:
                pass


async def awaited(call: Call, timeout: Optional[float]) -> Any:
    """The answer; cancelling the task, and a time-out, cancel the request."""
    answer = asyncio.wrap_future(call)
    if timeout is None:
        return await answer
    try:
        return await asyncio.wait_for(answer, timeout)
    except asyncio.TimeoutError:
        if call.done() and not call.cancelled():
            raise
        raise CallTimeout(f"{call.method} had no answer within {timeout} s, and was cancelled.") from None
