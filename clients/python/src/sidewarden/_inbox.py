"""What has come and not been taken yet: in order, bounded, and honest about what it had to drop."""

from __future__ import annotations

import asyncio
import collections
import threading
import time
from typing import Any, Callable, Deque, Dict, List, Optional, Tuple

from ._errors import Disconnected

MOST_EVENTS = 10_000


class Inbox:
    """Filled by the reading thread, emptied by any other, or by a coroutine on any loop.

    An entry is ``(notification, params)`` as on the wire. Over the bound the newest are dropped, and event/overflow takes their place.
    """

    def __init__(self, most: int = MOST_EVENTS) -> None:
        self._most = most
        self._items: Deque[Tuple[str, Any]] = collections.deque()
        self._dropped: Dict[Tuple[Any, str], Dict[str, Any]] = {}
        self._changed = threading.Condition()
        self._watchers: List[Callable[[], None]] = []
        self._end: Optional[BaseException] = None

    def put(self, name: str, params: Any, *, always: bool = False) -> None:
        with self._changed:
            if self._end is not None:
                return
            if always or len(self._items) < self._most:
                self._items.extend(self._told())
                self._items.append((name, params))
            else:
                self._drop(name, params if isinstance(params, dict) else {})
            self._wake()

    def end(self, why: BaseException) -> None:
        """Whoever waits gets ``why`` raised, behind what is still here."""
        with self._changed:
            if self._end is None:
                self._end = why
                self._wake()

    def forget(self, why: BaseException) -> None:
        """In a forked process, where a lock may be held by a thread that is gone."""
        self._changed = threading.Condition()
        self._items.clear()
        self._watchers.clear()
        self._end = why

    def take(self, timeout: Optional[float] = None) -> Optional[Tuple[str, Any]]:
        """None when nothing came in time."""
        deadline = None if timeout is None else time.monotonic() + timeout
        with self._changed:
            while True:
                item = self._next()
                if item is not None:
                    return item
                left = None if deadline is None else deadline - time.monotonic()
                if left is not None and left <= 0:
                    return None
                self._changed.wait(left)

    async def take_async(self) -> Tuple[str, Any]:
        loop = asyncio.get_running_loop()
        while True:
            with self._changed:
                item = self._next()
                if item is not None:
                    return item
                filled: asyncio.Future[None] = loop.create_future()
                watcher = _waker(loop, filled)
                self._watchers.append(watcher)
            try:
                await filled
            finally:
                with self._changed:
                    if watcher in self._watchers:
                        self._watchers.remove(watcher)

    def _next(self) -> Optional[Tuple[str, Any]]:
        if not self._items:
            self._items.extend(self._told())
        if self._items:
            return self._items.popleft()
        if self._end is not None:
            raise self._end if not isinstance(self._end, Disconnected) else Disconnected(*self._end.args)
        return None

    def _drop(self, name: str, params: Dict[str, Any]) -> None:
        topic = name.split("/")[-1]
        entry = self._dropped.setdefault((params.get("subscriptionId"), topic), {"dropped": 0})
        same: Dict[str, Any] = {key: params[key] for key in ("subscriptionId", "seq", "at") if key in params}
        count = params.get("dropped", 1) if topic == "overflow" else 1
        entry.update(same, topic=params.get("topic", topic), dropped=entry["dropped"] + count)

    def _told(self) -> List[Tuple[str, Any]]:
        told: List[Tuple[str, Any]] = [("event/overflow", entry) for entry in self._dropped.values()]
        self._dropped.clear()
        return told

    def _wake(self) -> None:
        self._changed.notify_all()
        for watcher in self._watchers:
            watcher()
        self._watchers.clear()


def _fill(filled: asyncio.Future[None]) -> None:
    if not filled.done():
        filled.set_result(None)


def _waker(loop: asyncio.AbstractEventLoop, filled: asyncio.Future[None]) -> Callable[[], None]:
    def wake() -> None:
        try:
            loop.call_soon_threadsafe(_fill, filled)
        except RuntimeError:
            # That loop has been closed; nobody waits on it any more.
            pass

    return wake
