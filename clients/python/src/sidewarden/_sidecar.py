"""The client for threads."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Any, Callable, Iterator, Mapping, Optional, Type

from ._base import Spawned
from ._call import Call
from ._core import Core, Options, result_of, wait_for
from ._errors import CallTimeout, SidecarError, SidewardenError
from ._host import ShutdownHandler
from ._inbox import Inbox
from ._listeners import Listener, decode_notification
from .generated.methods import Nouns

if TYPE_CHECKING:
    from .generated import types as t


class Sidecar(Nouns, Spawned):
    """A sidecar of our own: ``with Sidecar.spawn(app_id="org.example.app") as sidecar: sidecar.port.find(5050)``.

    May be used by any number of threads at once. Every call may raise SidecarError (the answer was an error, see
    ``sidewarden.errors``), Disconnected (there is no sidecar any more) or CallTimeout. When the sidecar dies it is started
    anew, and told again what it had been told; calls that were under way raise Disconnected, and those made meanwhile wait. A
    forked process has no part in its parent's sidecar: there, calls raise Disconnected.
    """

    def __init__(self, core: Core) -> None:
        """Use ``Sidecar.spawn``."""
        super().__init__(self._ask)
        self._core = core

    @classmethod
    def _spawned(cls, options: Options) -> Sidecar:
        core = Core(options)
        core.start()
        return cls(core)

    def __enter__(self) -> Sidecar:
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]) -> None:
        self.close()

    def close(self, reason: Optional[str] = None, deadline_ms: Optional[int] = None) -> Optional[t.ShutdownReport]:
        """Runs the shutdown handlers, ends the services, releases locks, and waits until the sidecar is gone.

        May be called twice. None where the sidecar had ended before, or had to be ended by force.
        """
        report: Optional[t.ShutdownReport] = self._core.close(reason, deadline_ms)
        return report

    def on_shutdown(
        self, name: str, handler: ShutdownHandler, *, order: Optional[int] = None, timeout_ms: Optional[int] = None, critical: Optional[bool] = None
    ) -> Callable[[], None]:
        """Runs ``handler``, a function or coroutine function, when the sidecar shuts down. Answers the function that takes it back.

        It may take one argument, the reason, and runs in a thread of its own. Handlers of one ``order`` run side by side,
        ascending orders one after another.
        """
        handler_id = wait_for(self._add_handler(name, handler, order, timeout_ms, critical), None)["handlerId"]
        return lambda: wait_for(self._remove_handler(handler_id), None)

    def watch(
        self,
        *topics: t.Topic,
        filter: Optional[t.EventFilter] = None,
        interval_ms: Optional[int] = None,
        listener: Optional[Listener] = None,
        timeout: Optional[float] = None,
    ) -> Events:
        """Subscribes, and answers the events to be iterated: ``with sidecar.watch("port", filter=EventFilter(ports=[5050])) as events``.

        With a ``listener`` this is called instead, by one thread for all of them: it sees the events of several
        subscriptions in the order in which they happened.
        """
        asked = self._subscribe(topics, filter, interval_ms, listener)
        return Events(self._core, result_of("events/subscribe", awaited(asked.call, timeout)), asked.inbox)

    def _ask(self, method: str, always: Mapping[str, Any], given: Mapping[str, Any], timeout: Optional[float]) -> Any:
        return result_of(method, awaited(self._core.request(method, always, given), timeout))


class Events:
    """The events of one subscription, in order; ``for event in events`` waits for each, and ends with ``close``.

    Whoever reads too slowly finds an EventOverflowParams in the place of what was dropped. After a restart of the sidecar an
    EventsSubscribeResult says how things stand by then. Raises Disconnected when the sidecar is lost for good.
    """

    def __init__(self, core: Core, answer: t.EventsSubscribeResult, inbox: Inbox) -> None:
        self._core = core
        self._inbox = inbox
        self.subscription_id = answer.subscription_id
        self.snapshot = answer.snapshot
        """How things stood when it began; what follows starts from here."""

    def __enter__(self) -> Events:
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]) -> None:
        self.close()

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        event = self.get()
        assert event is not None
        return event

    def get(self, timeout: Optional[float] = None) -> Any:
        """The next event; None when none came within ``timeout`` seconds. Raises StopIteration after ``close``."""
        item = self._inbox.take(timeout)
        return None if item is None else decode_notification(*item)

    def close(self) -> None:
        self._core.end_subscription(self.subscription_id, self._inbox, StopIteration())
        try:
            wait_for(self._core.request("events/unsubscribe", {"subscriptionId": self.subscription_id}), None)
        except (SidewardenError, SidecarError):
            # It has ended with its sidecar.
            pass


def awaited(call: Call, timeout: Optional[float]) -> Any:
    """The answer; a time-out, and Ctrl-C, cancel the request."""
    try:
        return wait_for(call, timeout)
    except CallTimeout:
        call.cancel()
        raise CallTimeout(f"{call.method} had no answer within {timeout} s, and was cancelled.") from None
    except BaseException:
        # Nobody waits for that answer any more. Of a call that has failed there is nothing to cancel.
        call.cancel()
        raise


__all__ = ["Events", "Sidecar"]
