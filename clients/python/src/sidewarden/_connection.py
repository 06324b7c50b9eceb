"""Requests out, answers, events and host calls in, until the process is gone."""

from __future__ import annotations

import collections
import json
import threading
from concurrent.futures import Future
from typing import Any, Callable, Deque, Dict, Literal, Mapping, NamedTuple, Optional, Union

from ._child import Child, log, thread
from ._errors import Disconnected, error_of
from ._framing import BrokenFrame, FrameReader, frame
from .generated.tables import LANES

Id = Union[int, str]


class Call(Future[Any]):
    """An answer to come, as the wire has it; it may be waited for in a thread, or with ``asyncio.wrap_future``."""

    def __init__(self, connection: Connection, method: str, params: str) -> None:
        super().__init__()
        self._connection = connection
        self.method = method
        self.params = params
        self.lane = _lane_of(method)
        self.id: Optional[int] = None

    def cancel(self) -> bool:
        """Gives up the answer, and asks the sidecar to cancel."""
        given_up = super().cancel()
        if given_up:
            self._connection.cancel(self)
        return given_up

    def request_cancel(self) -> None:
        """Asks the sidecar to cancel; its answer still decides: RequestCancelled promises that nothing was done."""
        if self._connection.cancel(self) == "unsent":
            answer = {"code": -32800, "message": "The request was cancelled before it was sent.", "data": {"kind": "RequestCancelled"}}
            self.set_running_or_notify_cancel()
            self.set_exception(error_of(answer))


class Hooks(NamedTuple):
    """What becomes of that which the sidecar says by itself; called by the reading thread, and quick."""

    notified: Callable[[str, Any], None]
    asked: Callable[[Id, str, Any], None]
    lost: Callable[[Disconnected], None]


class Connection:
    """At most as many requests on the wire as the sidecar takes; the others wait here, in order."""

    def __init__(self, child: Child, hooks: Hooks) -> None:
        self.child = child
        self._hooks = hooks
        self._lock = threading.RLock()
        self._last_id = 0
        self._pending: Dict[int, Call] = {}
        self._waiting: Dict[str, Deque[Call]] = {"requests": collections.deque(), "waits": collections.deque()}
        self._in_flight = {"requests": 0, "waits": 0, "life": 0}
        self._limits: Dict[str, float] = {"requests": 1, "waits": 1, "life": float("inf")}
        self._lost: Optional[Disconnected] = None
        self._read_out = threading.Event()
        self.ended: Future[None] = Future()
        """The process is gone, and reaped."""
        thread("reader", self._read)
        thread("waiter", self._wait)

    @property
    def lost(self) -> Optional[Disconnected]:
        """Why no call can be made any more."""
        return self._lost

    def set_limits(self, requests: int, waits: int) -> None:
        with self._lock:
            self._limits.update(requests=requests, waits=waits)
            self._send_waiting()

    def request(self, method: str, params: Any, before: Optional[Callable[[Call], None]] = None) -> Call:
        """Raises Disconnected, or TypeError and ValueError for what JSON cannot say. ``before`` sees the call before it is sent."""
        call = Call(self, method, _to_json(params))
        if before:
            before(call)
        with self._lock:
            self._require()
            if call.lane == "life":
                self._send_call(call)
            else:
                self._waiting[call.lane].append(call)
                self._send_waiting()
        return call

    def notify(self, method: str, params: Any) -> None:
        self._send(f'{{"jsonrpc":"2.0","method":{json.dumps(method)},"params":{_to_json(params)}}}')

    def answer(self, id: Id, result: Any) -> None:
        self._send(f'{{"jsonrpc":"2.0","id":{json.dumps(id)},"result":{_to_json(result)}}}')

    def refuse(self, id: Id, code: int, message: str) -> None:
        self._send(f'{{"jsonrpc":"2.0","id":{json.dumps(id)},"error":{_to_json({"code": code, "message": message})}}}')

    def cancel(self, call: Call) -> Literal["unsent", "asked", "settled"]:
        """``unsent``: it was still waiting here, and now belongs to whoever asked."""
        with self._lock:
            if call.id in self._pending:
                self.notify("$/cancelRequest", {"id": call.id})
                return "asked"
            if call.lane != "life" and call in self._waiting[call.lane]:
                self._waiting[call.lane].remove(call)
                return "unsent"
            return "settled"

    def lose(self, sentence: str) -> None:
        """Fails whatever is under way, once."""
        with self._lock:
            if self._lost is not None:
                return
            lost = self._lost = Disconnected(f"{sentence}{self.child.last_words()}")
            calls = [*self._pending.values(), *self._waiting["requests"], *self._waiting["waits"]]
            self._pending.clear()
            for queue in self._waiting.values():
                queue.clear()
        for call in calls:
            if call.set_running_or_notify_cancel():
                call.set_exception(Disconnected(*lost.args))
        self._hooks.lost(lost)

    def forget(self) -> None:
        """In a forked process, where no thread of ours lives and any lock may be held by one that is gone."""
        self._lock = threading.RLock()
        self._lost = Disconnected("The sidecar belongs to the process that this one was forked from: spawn another one here.")
        self.ended = Future()
        self.ended.set_result(None)
        self.child.forget()

    def _require(self) -> None:
        if self._lost is not None:
            # An exception that is raised twice would collect the tracebacks of all who saw it.
            raise Disconnected(*self._lost.args)

    def _send(self, message: str) -> None:
        if self._lost is None:
            self.child.write(frame(message))

    def _send_call(self, call: Call) -> None:
        self._last_id += 1
        call.id = self._last_id
        self._pending[call.id] = call
        self._in_flight[call.lane] += 1
        self._send(f'{{"jsonrpc":"2.0","id":{call.id},"method":{json.dumps(call.method)},"params":{call.params}}}')

    def _send_waiting(self) -> None:
        for lane, queue in self._waiting.items():
            while queue and self._in_flight[lane] < self._limits[lane]:
                self._send_call(queue.popleft())

    def _read(self) -> None:
        reader = FrameReader()
        sentence = "The sidecar has closed its output."
        try:
            while True:
                chunk = self.child.read()
                if not chunk:
                    break
                for message in reader.feed(chunk):
                    self._receive(message)
        except BrokenFrame as error:
            sentence = str(error)
            self.child.kill()
        # How it ended says more than that it did; but whoever waits is told within a second.
        code = self.child.wait(0.5)
        self.lose(sentence if code is None else _obituary(code))
        self._read_out.set()
        self.child.close_output()
        self.child.end_input()
        if code is None and self.child.wait(5.0) is None:
            self.child.kill()

    def _wait(self) -> None:
        code = self.child.wait()
        # The last answers may still be in the pipe; but a process that inherited it may hold it open for good.
        self._read_out.wait(0.5)
        self.lose(_obituary(code or 0))
        self.child.end_input()
        self.ended.set_result(None)

    def _receive(self, message: Any) -> None:
        if not isinstance(message, Mapping):
            log.warning("The sidecar sent what is no message: %.500r", message)
        elif isinstance(message.get("method"), str):
            if "id" in message:
                self._hooks.asked(message["id"], message["method"], message.get("params"))
            else:
                self._hooks.notified(message["method"], message.get("params"))
        else:
            self._settle(message)

    def _settle(self, message: Mapping[str, Any]) -> None:
        id = message.get("id")
        with self._lock:
            call = self._pending.pop(id, None) if type(id) is int else None
            if call is None:
                log.warning("The sidecar answered what was not asked: %.500r", message)
                return
            self._in_flight[call.lane] -= 1
            self._send_waiting()
        if not call.set_running_or_notify_cancel():
            return
        if "error" in message:
            call.set_exception(error_of(message["error"]))
        else:
            call.set_result(message.get("result"))


def _lane_of(method: str) -> str:
    lane = LANES.get(method, "act")
    return {"life": "life", "wait": "waits"}.get(lane, "requests")


def _to_json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


def _obituary(code: int) -> str:
    return f"The sidecar has ended ({f'signal {-code}' if code < 0 else f'exit code {code}'})."

