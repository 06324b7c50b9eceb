"""Notifications on their way to whoever listens, in the order in which they came."""

from __future__ import annotations

import threading
from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Optional

from ._child import log, thread
from ._codec import decode_named
from ._errors import Disconnected
from ._inbox import Inbox
from .generated.tables import NOTIFICATION_PARAMS

Listener = Callable[[Any], object]
RESUBSCRIBED = "resubscribed"


class _Subscription(NamedTuple):
    inbox: Inbox
    listener: Optional[Listener]


class Listeners:
    """``invoke`` calls a listener, and waits until it is done; it is run by one thread of ours, started with the first listener.

    ``as_told`` gives params with the ids that the host was told, for those that the sidecar of today says.
    """

    def __init__(self, invoke: Callable[[Listener, Any], None], as_told: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> None:
        self._invoke = invoke
        self._as_told = as_told
        self._listeners: Dict[str, List[Listener]] = {}
        self._subscriptions: Dict[str, _Subscription] = {}
        self._inbox: Optional[Inbox] = None
        self._lock = threading.Lock()

    def listen(self, event: str, listener: Listener) -> Callable[[], None]:
        name = f"event/{event}" if f"event/{event}" in NOTIFICATION_PARAMS else event
        with self._lock:
            self._listeners.setdefault(name, []).append(listener)
        self.shared()
        return lambda: self._remove(name, listener)

    def shared(self) -> Inbox:
        """Of all that is listened to, so that it keeps its order from one subscription to another."""
        with self._lock:
            if self._inbox is None:
                inbox = self._inbox = Inbox()
                thread("listeners", lambda: self._dispatch(inbox))
            return self._inbox

    def is_shared(self, inbox: Inbox) -> bool:
        return inbox is self._inbox

    def attach(self, subscription_id: str, inbox: Inbox, listener: Optional[Listener]) -> None:
        with self._lock:
            self._subscriptions[subscription_id] = _Subscription(inbox, listener)

    def detach(self, subscription_id: str) -> None:
        with self._lock:
            self._subscriptions.pop(subscription_id, None)

    def notified(self, name: str, params: Any) -> None:
        """Called by the reading thread."""
        subscription = None
        if isinstance(params, dict) and isinstance(params.get("subscriptionId"), str):
            params = self._as_told(params)
            subscription = self._subscriptions.get(params["subscriptionId"])
        with self._lock:
            inboxes = [self._inbox] if self._inbox is not None and self._listeners.get(name) else []
        if subscription is not None and subscription.inbox not in inboxes:
            inboxes.append(subscription.inbox)
        for inbox in inboxes:
            inbox.put(name, params)

    def resubscribed(self, subscription_id: str, answer: Any) -> None:
        """A sidecar that was started anew has agreed, and says how things stand."""
        subscription = self._subscriptions.get(subscription_id)
        if subscription is not None:
            subscription.inbox.put(RESUBSCRIBED, {**answer, "subscriptionId": subscription_id})

    def tell(self, name: str, event: Any) -> None:
        """What the client itself has to say; it is never dropped."""
        with self._lock:
            inbox = self._inbox
        if inbox is not None:
            inbox.put(name, event, always=True)

    def end(self, why: Disconnected) -> None:
        with self._lock:
            inboxes = [*(one.inbox for one in self._subscriptions.values()), *([self._inbox] if self._inbox else [])]
        for inbox in inboxes:
            inbox.end(why)

    def forget(self, why: Disconnected) -> None:
        """In a forked process, where nobody fills an inbox any more."""
        self._lock = threading.Lock()
        for inbox in [*(one.inbox for one in self._subscriptions.values()), *([self._inbox] if self._inbox else [])]:
            inbox.forget(why)

    def _dispatch(self, inbox: Inbox) -> None:
        while True:
            try:
                item = inbox.take()
            except Disconnected:
                return
            if item is not None:
                self._deliver(*item)

    def _deliver(self, name: str, params: Any) -> None:
        with self._lock:
            listeners = list(self._listeners.get(name, ()))
        id = params.get("subscriptionId") if isinstance(params, dict) else None
        subscription = self._subscriptions.get(id) if isinstance(id, str) else None
        if subscription is not None and subscription.listener is not None:
            listeners.append(subscription.listener)
        for listener in listeners:
            try:
                self._invoke(listener, decode_notification(name, params))
            except Exception as error:
                log.error("A listener of %s has failed", name, exc_info=error)

    def _remove(self, name: str, listener: Listener) -> None:
        with self._lock:
            if listener in self._listeners.get(name, ()):
                self._listeners[name].remove(listener)


def decode_notification(name: str, params: Any) -> Any:
    """As its type, or as it came where this client does not know the event."""
    known = "EventsSubscribeResult" if name == RESUBSCRIBED else NOTIFICATION_PARAMS.get(name)
    return params if known is None else decode_named(known, params)
