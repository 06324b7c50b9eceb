"""The client for threads."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Any, Callable, Iterator, List, Mapping, Optional, Sequence, Type

from ._connection import Call
from ._core import Core, Options, result_of, wait_for
from ._errors import CallTimeout, Disconnected, SidecarError
from ._host import SecondInstanceHandler, ShutdownHandler
from ._inbox import Inbox
from ._listeners import Listener, decode_notification
from .generated.methods import Listening, Nouns

if TYPE_CHECKING:
    from .generated import types as t


class Sidecar(Nouns, Listening):
    """A sidecar of our own: ``with Sidecar.spawn(app_id="org.example.app") as sidecar: sidecar.port.find(5050)``.

    May be used by any number of threads at once. Every call may raise SidecarError (the answer was an error, see
    ``sidewarden.errors``), Disconnected (there is no sidecar any more) or CallTimeout. A forked process has no part in its
    parent's sidecar: there, calls raise Disconnected.
    """

    def __init__(self, core: Core) -> None:
        """Use ``Sidecar.spawn``."""
        super().__init__(self._ask)
        self._core = core

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
    ) -> Sidecar:
        """Starts a sidecar and initializes it.

        Args:
            app_id: Names the application: lock, ledger and registrations belong to it.
            node: The Node.js to run it on; see ``sidewarden.find_node`` for where it is looked for.
            command: Another program than the sidecar that came with this package, with its arguments.
            arguments: More arguments, such as ``["--log-level", "debug"]``.
            env: The whole environment of the sidecar; the default is our own.
            cwd: Its working directory.
            owner_tag: Marks what is started here, where a host acts for several owners.
            state_dir: An absolute directory for ledger and registrations; the default is the user's state directory.
            client_name: Who we are, for the sidecar's log; with ``client_version``.
            client_version: See ``client_name``.
            start_timeout: Seconds for the answer to ``initialize``.

        Raises:
            NodeNotFound, StartFailed; SidecarError (VersionUnsupported, say). Nothing is left running then.
        """
        core = Core(
            Options(app_id, node, command, tuple(arguments), env, cwd, owner_tag, state_dir, client_name, client_version, start_timeout)
        )
        try:
            core.initialized(wait_for(core.initializing, start_timeout))
        except (SidecarError, Disconnected, CallTimeout, Exception) as error:
            raise core.start_error(error) from error
        except BaseException:
            core.kill()
            raise
        return cls(core)

    def __enter__(self) -> Sidecar:
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]) -> None:
        self.close()

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

    def close(self, reason: Optional[str] = None, deadline_ms: Optional[int] = None) -> Optional[t.ShutdownReport]:
        """Runs the shutdown handlers, ends the services, releases locks, and waits until the sidecar is gone.

        May be called twice. None where the sidecar had ended before, or had to be ended by force.
        """
        report: Optional[t.ShutdownReport] = self._core.close(reason, deadline_ms)
        return report

    def request(self, method: str, params: Optional[Mapping[str, Any]] = None) -> Call:
        """Any method by its name, also one that this client does not know; params and result as on the wire.

        Answers a ``concurrent.futures.Future``: several calls can be under way, and each can be cancelled.
        """
        return self._core.request(method, params or {})

    def on_shutdown(
        self, name: str, handler: ShutdownHandler, *, order: Optional[int] = None, timeout_ms: Optional[int] = None, critical: Optional[bool] = None
    ) -> Callable[[], None]:
        """Runs ``handler``, a function or coroutine function, when the sidecar shuts down. Answers the function that takes it back.

        It runs in a thread of its own. Handlers of one ``order`` run side by side, ascending orders one after another.
        """
        self._core.host.prepare()
        params = {"order": order, "timeoutMs": timeout_ms, "critical": critical}
        handler_id = wait_for(self._core.request("shutdown/addHandler", {"name": name}, params), None)["handlerId"]
        self._core.host.add(handler_id, handler)

        def remove() -> None:
            self._core.host.remove(handler_id)
            wait_for(self._core.request("shutdown/removeHandler", {"handlerId": handler_id}), None)

        return remove

    def on_second_instance(self, handler: Optional[SecondInstanceHandler]) -> None:
        """Calls ``handler`` with HostSecondInstanceParams when another instance of the app was started.

        What it answers goes to that instance as the reply; False says that nothing was done about it.
        """
        self._core.host.prepare()
        self._core.host.second_instance = handler

    def watch(
        self,
        *topics: t.Topic,
        filter: Optional[t.EventFilter] = None,
        interval_ms: Optional[int] = None,
        timeout: Optional[float] = None,
    ) -> Events:
        """Subscribes, and answers the events to be iterated: ``with sidecar.watch("port", filter=EventFilter(ports=[5050])) as events``."""
        inbox = Inbox()
        params = {"topics": list(topics), "filter": filter and filter.to_wire(), "intervalMs": interval_ms}
        call = self._core.subscribe({key: value for key, value in params.items() if value is not None}, inbox)
        return Events(self._core, result_of("events/subscribe", _awaited(call, timeout)), inbox)

    def _ask(self, method: str, always: Mapping[str, Any], given: Mapping[str, Any], timeout: Optional[float]) -> Any:
        return result_of(method, _awaited(self._core.request(method, always, given), timeout))

    def _listen(self, event: str, listener: Listener) -> Callable[[], None]:
        return self._core.listeners.listen(event, listener)


class Events:
    """The events of one subscription, in order; ``for event in events`` waits for each, and ends with ``close``.

    Whoever reads too slowly finds an EventOverflowParams in the place of what was dropped. Raises Disconnected when the
    sidecar is lost.
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
        self._core.listeners.detach(self.subscription_id)
        self._inbox.end(StopIteration())
        if self._core.connection.lost is None:
            try:
                wait_for(self._core.request("events/unsubscribe", {"subscriptionId": self.subscription_id}), None)
            except Disconnected:
                pass


def _awaited(call: Call, timeout: Optional[float]) -> Any:
    try:
        return wait_for(call, timeout)
    except CallTimeout:
        call.cancel()
        raise CallTimeout(f"{call.method} had no answer within {timeout} s, and was cancelled.") from None
    except BaseException:
        # Ctrl-C: nobody waits for that answer any more. Of a call that has failed there is nothing to cancel.
        call.cancel()
        raise


__all__: List[str] = ["Events", "Sidecar"]
