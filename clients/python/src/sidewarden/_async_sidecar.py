"""The client for asyncio."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import TYPE_CHECKING, Any, AsyncIterator, Callable, Generator, Mapping, Optional, Type

from ._base import Spawned
from ._call import Call
from ._child import log
from ._core import EXIT_SECONDS, Core, Options, closing_seconds, report_of, result_of
from ._errors import CallTimeout, Disconnected, SidecarError, SidewardenError
from ._host import ShutdownHandler
from ._inbox import Inbox
from ._listeners import Listener, decode_notification
from .generated.async_methods import AsyncNouns

if TYPE_CHECKING:
    from .generated import types as t


class AsyncSidecar(AsyncNouns, Spawned):
    """As Sidecar, for asyncio: ``async with AsyncSidecar.spawn(app_id="org.example.app") as sidecar: await sidecar.port.find(5050)``.

    Cancelling a task that awaits a call cancels the request. Listeners, and what handlers await, run on the loop that
    it was started on; calls may be made from any.
    """

    def __init__(self, options: Options) -> None:
        """Use ``AsyncSidecar.spawn``."""
        super().__init__(self._ask)
        self._core = Core(options)

    @classmethod
    def _spawned(cls, options: Options) -> AsyncSidecar:
        return cls(options)

    def __await__(self) -> Generator[Any, None, AsyncSidecar]:
        return self._start().__await__()

    async def __aenter__(self) -> AsyncSidecar:
        return await self._start()

    async def __aexit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]) -> None:
        await self.close()

    async def close(self, reason: Optional[str] = None, deadline_ms: Optional[int] = None) -> Optional[t.ShutdownReport]:
        """As ``Sidecar.close``. Cancelled, it lets go of the sidecar, which then ends by itself."""
        core = self._core
        loop = asyncio.get_running_loop()
        result = None
        try:
            # In a thread, for a restart may be under way that has to end first.
            call = await loop.run_in_executor(None, core.begin_close, reason, deadline_ms)
            if call is not None:
                try:
                    result = await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(call)), closing_seconds(deadline_ms))
                except (SidecarError, Disconnected, asyncio.TimeoutError) as error:
                    log.warning("The sidecar gave no report: %s", error)
            core.finish_close()
            try:
                await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(core.ended)), EXIT_SECONDS)
            except asyncio.TimeoutError:
                await loop.run_in_executor(None, core.kill)
        except BaseException:
            core.abandon()
            raise
        core.settled()
        report: Optional[t.ShutdownReport] = report_of(result)
        return report

    async def on_shutdown(
        self, name: str, handler: ShutdownHandler, *, order: Optional[int] = None, timeout_ms: Optional[int] = None, critical: Optional[bool] = None
    ) -> Callable[[], None]:
        """As ``Sidecar.on_shutdown``: a plain function runs in a thread, so that it may block; a coroutine function on the loop."""
        handler_id = (await awaited(self._add_handler(name, handler, order, timeout_ms, critical), None))["handlerId"]
        return lambda: void(self._remove_handler(handler_id))

    async def watch(
        self,
        *topics: t.Topic,
        filter: Optional[t.EventFilter] = None,
        interval_ms: Optional[int] = None,
        listener: Optional[Listener] = None,
        timeout: Optional[float] = None,
    ) -> AsyncEvents:
        """As ``Sidecar.watch``: ``async with await sidecar.watch("port", …) as events: async for event in events``."""
        asked = self._subscribe(topics, filter, interval_ms, listener)
        return AsyncEvents(self._core, result_of("events/subscribe", await awaited(asked.call, timeout)), asked.inbox)

    async def _start(self) -> AsyncSidecar:
        loop = asyncio.get_running_loop()
        self._core.host.loop = loop
        # In a thread, for looking for Node.js may run it.
        starting = loop.run_in_executor(None, self._core.start)
        try:
            await asyncio.shield(starting)
        except asyncio.CancelledError:
            self._core.abandon()
            # Whatever becomes of it has been said: it was cancelled.
            starting.add_done_callback(lambda done: done.cancelled() or done.exception())
            raise
        return self

    async def _ask(self, method: str, always: Mapping[str, Any], given: Mapping[str, Any], timeout: Optional[float]) -> Any:
        return result_of(method, await awaited(self._core.request(method, always, given), timeout))


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
        self._core.end_subscription(self.subscription_id, self._inbox, StopAsyncIteration())
        try:
            await awaited(self._core.request("events/unsubscribe", {"subscriptionId": self.subscription_id}), None)
        except (SidewardenError, SidecarError):
            # It has ended with its sidecar.
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


def void(_: object) -> None:
    """What comes of it is nobody's concern."""


__all__ = ["AsyncEvents", "AsyncSidecar"]
