"""Notifications on their way to whoever listens, in the order in which they came."""

from __future__ import annotations

import threading
from typing import Any, Callable, Dict, List, Optional

from ._child import log, thread
from ._codec import decode_named
from ._errors import Disconnected
from ._inbox import Inbox
from .generated.tables import NOTIFICATION_PARAMS

Listener = Callable[[Any], object]


class Listeners:
    """``invoke`` calls a listener, and waits until it is done; it is run by one thread of ours, started with the first listener."""

    def __init__(self, invoke: Callable[[Listener, Any], None]) -> None:
        self._invoke = invoke
        self._listeners: Dict[str, List[Listener]] = {}
        self._subscriptions: Dict[str, Inbox] = {}
        self._inbox: Optional[Inbox] = None
        self._lock = threading.Lock()

    def listen(self, event: str, listener: Listener) -> Callable[[], None]:
        name = event if event in NOTIFICATION_PARAMS else f"event/{event}"
        with self._lock:
            self._listeners.setdefault(name, []).append(listener)
            if self._inbox is None:
                inbox = self._inbox = Inbox()
                thread("listeners", lambda: self._dispatch(inbox))
        return lambda: self._remove(name, listener)

    def attach(self, subscription_id: str, inbox: Inbox) -> None:
        with self._lock:
            self._subscriptions[subscription_id] = inbox

    def detach(self, subscription_id: str) -> None:
        with self._lock:
            self._subscriptions.pop(subscription_id, None)

    def notified(self, name: str, params: Any) -> None:
        """Called by the reading thread."""
        with self._lock:
            inbox = self._inbox if self._listeners.get(name) else None
            id = params.get("subscriptionId") if isinstance(params, dict) else None
            subscription = self._subscriptions.get(id) if isinstance(id, str) else None
        for one in (inbox, subscription):
            if one is not None:
                one.put(name, params)

    def end(self, why: Disconnected) -> None:
        with self._lock:
            inboxes = [*self._subscriptions.values(), *([self._inbox] if self._inbox else [])]
        for inbox in inboxes:
            inbox.end(why)

    def _dispatch(self, inbox: Inbox) -> None:
        while True:
            try:
                item = inbox.take()
            except Disconnected:
                return
            if item is None:
                continue
            with self._lock:
                listeners = list(self._listeners.get(item[0], ()))
            for listener in listeners:
                try:
                    self._invoke(listener, decode_notification(*item))
                except Exception as error:
                    log.error("A listener of %s has failed", item[0], exc_info=error)

    def _remove(self, name: str, listener: Listener) -> None:
        with self._lock:
            if listener in self._listeners.get(name, ()):
                self._listeners[name].remove(listener)


def decode_notification(name: str, params: Any) -> Any:
    """As its type, or as it came where this client does not know the event."""
    known = NOTIFICATION_PARAMS.get(name)
    return params if known is None else decode_named(known, params)
