"""Requests out, answers, events and host calls in, until the process is gone."""

from __future__ import annotations

import collections
import json
import threading
from concurrent.futures import Future
from typing import Any, Callable, Deque, Dict, Mapping, NamedTuple, Optional, Union

from ._call import Answered, Call, GivenUp, to_json
from ._child import Child, log
from ._errors import Disconnected, error_of
from ._framing import BrokenFrame, FrameReader, frame
from ._restart import Death

Id = Union[int, str]

_ENVELOPE_BYTES = 128
"""What stands around params or a result, and more."""


class Hooks(NamedTuple):
    """What becomes of that which the sidecar says by itself; called by the reading thread, and quick."""

    notified: Callable[[str, Any], None]
    asked: Callable[[Connection, Id, str, Any], None]
    lost: Callable[[Connection, Death], None]
    """Called before the calls that are under way fail."""


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
        self._longest_body = float("inf")
        self._lost: Optional[Disconnected] = None
        self._read_out = threading.Event()
        self.ended: Future[None] = Future()
        """The process is gone, and reaped."""
        child.thread("reader", self._read)
        child.thread("waiter", self._wait)

    @property
    def lost(self) -> Optional[Disconnected]:
        """Why no call can be made any more."""
        return self._lost

    def set_limits(self, requests: int, waits: int, body_bytes: int) -> None:
        with self._lock:
            self._longest_body = body_bytes
            self._limits.update(requests=requests, waits=waits)
            self._send_waiting()

    def request(self, method: str, params: Mapping[str, Any], answered: Optional[Answered] = None) -> Call:
        """Raises Disconnected, or TypeError and ValueError for what JSON cannot say."""
        call = Call(method, params, self.cancel, answered)
        if not self.send(call):
            # An exception that is raised twice would collect the tracebacks of all who saw it.
            raise Disconnected(*(self._lost.args if self._lost else ()))
        return call

    def send(self, call: Call) -> bool:
        """False where there is nobody to send it to any more. Raises LimitExceeded for what is longer than the sidecar takes."""
        body = self._fitting(call.method, to_json(call.params))
        with self._lock:
            if self._lost is not None:
                return False
            call.body = body
            if call.lane == "life":
                self._send_call(call)
            else:
                self._waiting[call.lane].append(call)
                self._send_waiting()
        return True

    def notify(self, method: str, params: Any) -> None:
        self._send(f'{{"jsonrpc":"2.0","method":{json.dumps(method)},"params":{to_json(params)}}}')

    def answer(self, id: Id, result: Any) -> None:
        self._send(f'{{"jsonrpc":"2.0","id":{json.dumps(id)},"result":{self._fitting("the answer", to_json(result))}}}')

    def refuse(self, id: Id, code: int, message: str) -> None:
        self._send(f'{{"jsonrpc":"2.0","id":{json.dumps(id)},"error":{to_json({"code": code, "message": message})}}}')

    def _fitting(self, about: str, body: str) -> str:
        # It is ASCII. The sidecar could not say whose a longer one was.
        if len(body) + _ENVELOPE_BYTES <= self._longest_body:
            return body
        limit = int(self._longest_body)
        message = f"What is to be sent of {about} is longer than {limit} bytes, which is all that the sidecar takes."
        raise error_of({"code": 1010, "message": message, "data": {"kind": "LimitExceeded", "limit": "bodyBytes", "max": limit}})

    def cancel(self, call: Call) -> GivenUp:
        with self._lock:
            if call.id is not None and self._pending.get(call.id) is call:
                self.notify("$/cancelRequest", {"id": call.id})
                return "asked"
            if call.lane != "life" and call in self._waiting[call.lane]:
                self._waiting[call.lane].remove(call)
                return "unsent"
            return "settled"

    def lose(self, sentence: str, code: Optional[int] = None) -> None:
        """Fails whatever is under way, once. ``code`` where the process exited by itself."""
        with self._lock:
            if self._lost is not None:
                return
            lost = self._lost = Disconnected(f"{sentence}{self.child.last_words()}")
            calls = [*self._pending.values(), *self._waiting["requests"], *self._waiting["waits"]]
            self._pending.clear()
            for queue in self._waiting.values():
                queue.clear()
        self._hooks.lost(self, Death(str(lost), code))
        for call in calls:
            call.fail(Disconnected(*lost.args))

    def forget(self) -> None:
        """In a forked process, where no thread of ours lives and any lock may be held by one that is gone."""
        self._lock = threading.RLock()
        self._lost = Disconnected("The sidecar belongs to the process that this one was forked from: spawn another one here.")
        self.ended = Future()
        self.ended.set_result(None)
        self.child.forget()

    def _send(self, message: str) -> None:
        if self._lost is None:
            self.child.write(frame(message))

    def _send_call(self, call: Call) -> None:
        self._last_id += 1
        call.id = self._last_id
        self._pending[call.id] = call
        self._in_flight[call.lane] += 1
        self._send(f'{{"jsonrpc":"2.0","id":{call.id},"method":{json.dumps(call.method)},"params":{call.body}}}')

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
        except Exception as error:
            # A fault of ours: whoever waits is told, and the host's stderr is not where to say it.
            log.error("A message of the sidecar could not be taken", exc_info=error)
            sentence = f"A message of the sidecar could not be taken ({type(error).__name__}: {error})."
            self.child.kill()
        # How it ended says more than that it did; but whoever waits is told within a second.
        if self.child.wait(0.5):
            self._lose_ended(sentence)
        else:
            self.lose(sentence)
        self._read_out.set()
        self.child.close_output()
        self.child.end_input()
        if not self.child.wait(0.5):
            self.child.kill()

    def _wait(self) -> None:
        self.child.reap()
        # The last answers may still be in the pipe; but a process that inherited it may hold it open for good.
        self._read_out.wait(0.5)
        self._lose_ended("The sidecar has ended.")
        self.child.end_input()
        self.ended.set_result(None)

    def _lose_ended(self, sentence: str) -> None:
        code = self.child.exit_code
        if code is None:
            self.lose(sentence)
        elif code < 0:
            self.lose(f"The sidecar has ended (signal {-code}).")
        else:
            self.lose(f"The sidecar has ended (exit code {code}).", code)

    def _receive(self, message: Any) -> None:
        if not isinstance(message, Mapping):
            log.warning("The sidecar sent what is no message: %.500r", message)
        elif isinstance(message.get("method"), str):
            if "id" in message:
                self._hooks.asked(self, message["id"], message["method"], message.get("params"))
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
        if "error" in message:
            call.fail(error_of(message["error"]))
        else:
            call.succeed(message.get("result"))
