"""What the client for threads and the one for asyncio have in common for those who use them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Mapping, Optional, Sequence, Type, TypeVar

from ._call import Call
from ._core import Core, Options
from ._errors import Disconnected
from ._host import SecondInstanceHandler
from ._inbox import Inbox
from ._listeners import Listener
from ._replay import Restarted
from ._restart import RESTARTS
from .generated.methods import Listening

if TYPE_CHECKING:
    from .generated import types as t

S = TypeVar("S", bound="Spawned")


class Spawned(Listening):
    """A sidecar of our own."""

    _core: Core

    @classmethod
    def spawn(
        cls: Type[S],
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
        restarts: int = RESTARTS,
        start_timeout: float = 30.0,
    ) -> S:
        """Starts a sidecar and initializes it: Sidecar at once, AsyncSidecar when it is entered with ``async with``, or awaited.

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
            restarts: How often within 180 s it is started anew when it dies; 0: never.
            start_timeout: Seconds for the answer to ``initialize``.

        Raises:
            NodeNotFound, StartFailed; SidecarError (VersionUnsupported, say). Nothing is left running then.
        """
        return cls._spawned(
            Options(
                app_id, node, command, tuple(arguments), env, cwd, owner_tag, state_dir, client_name, client_version, restarts, start_timeout
            )
        )

    @classmethod
    def _spawned(cls: Type[S], options: Options) -> S:
        raise NotImplementedError

    @property
    def server(self) -> t.InitializeResult:
        """What ``initialize`` answered: version, capabilities, limits."""
        answer: t.InitializeResult = self._core.server
        return answer

    @property
    def pid(self) -> int:
        """Of the sidecar of today: a restart changes it."""
        connection = self._core.keeper.connection
        if connection is None:
            raise Disconnected("The sidecar has not been started yet.")
        return connection.child.pid

    @property
    def closed(self) -> bool:
        """No call can be made any more: it was closed, or has ended and is not restarted."""
        return self._core.keeper.over is not None

    def request(self, method: str, params: Optional[Mapping[str, Any]] = None) -> Call:
        """Any method by its name, also one that this client does not know; params and result as on the wire.

        Answers a ``concurrent.futures.Future``: several calls can be under way, and each can be cancelled. For asyncio there
        is ``asyncio.wrap_future``.
        """
        return self._core.request(method, params or {})

    def on_second_instance(self, handler: Optional[SecondInstanceHandler]) -> None:
        """Calls ``handler`` with HostSecondInstanceParams when another instance of the app was started.

        What it answers goes to that instance as the reply; False says that nothing was done about it.
        """
        self._core.host.prepare()
        self._core.host.second_instance = handler

    def on_restarted(self, listener: Callable[[Restarted], object]) -> Callable[[], None]:
        """Calls ``listener`` when the sidecar had died and runs again. Answers the function that ends it."""
        return self._core.listeners.listen("restarted", listener)

    def on_ended(self, listener: Callable[[Disconnected], object]) -> Callable[[], None]:
        """Calls ``listener`` when the sidecar has ended unasked and is not restarted. Answers the function that ends it."""
        return self._core.listeners.listen("ended", listener)

    def _listen(self, event: str, listener: Listener) -> Callable[[], None]:
        return self._core.listeners.listen(event, listener)

    def _subscribe(
        self, topics: Sequence[str], filter: Optional[t.EventFilter], interval_ms: Optional[int], listener: Optional[Listener]
    ) -> Subscribing:
        inbox = Inbox() if listener is None else self._core.listeners.shared()
        given = {"topics": list(topics), "filter": filter, "intervalMs": interval_ms}
        return Subscribing(self._core.subscribe(given, inbox, listener), inbox)

    def _add_handler(self, name: str, handler: Any, order: Optional[int], timeout_ms: Optional[int], critical: Optional[bool]) -> Call:
        host = self._core.host
        host.prepare()

        def added(result: Any, is_wanted: bool) -> None:
            if is_wanted and isinstance(result, dict):
                host.add(str(result.get("handlerId")), handler)

        params = {"order": order, "timeoutMs": timeout_ms, "critical": critical}
        return self._core.request("shutdown/addHandler", {"name": name}, params, added)

    def _remove_handler(self, handler_id: str) -> Call:
        self._core.host.remove(handler_id)
        return self._core.request("shutdown/removeHandler", {"handlerId": handler_id})


class Subscribing:
    """A subscription that is being asked for, and where its events will be."""

    def __init__(self, call: Call, inbox: Inbox) -> None:
        self.call = call
        self.inbox = inbox
