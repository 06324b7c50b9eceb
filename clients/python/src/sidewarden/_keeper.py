"""A sidecar that is started anew when it dies."""

from __future__ import annotations

import collections
import threading
import time
from typing import Any, Callable, Deque, List, Literal, Mapping, NamedTuple, Optional

from ._call import Answered, Call, GivenUp, to_json
from ._child import log, thread
from ._connection import Connection
from ._errors import Disconnected
from ._remembered import MAKERS, Remembered, Told, is_made
from ._replay import Lost, Restarted, replay
from ._restart import Death, Over, Restart, after_death


class Circumstances(NamedTuple):
    app_id: str
    restarts: int
    """So many within ``WINDOW_SECONDS``."""
    open: Callable[[], Connection]
    """Starts one and initializes it; raises, and then nothing is left running."""
    wait: Callable[[Call], Any]
    on_restarted: Callable[[Restarted], None]
    on_over: Callable[[Disconnected, bool], None]
    """It has ended and is not restarted; whether it was still wanted."""


class Keeper:
    """Requests wait here while the sidecar is being restarted. What was sent to one that died fails, and is not sent again."""

    def __init__(self, circumstances: Circumstances) -> None:
        self._circumstances = circumstances
        self._lock = threading.RLock()
        self._state: Literal["starting", "up", "restarting", "over"] = "starting"
        self._over: Optional[Disconnected] = None
        self._wanted = True
        self._parked: Deque[Call] = collections.deque()
        self._restarted_at: List[float] = []
        self._unwanted = threading.Event()
        self._settled = threading.Event()
        self.remembered = Remembered()
        self.connection: Optional[Connection] = None
        """The one of today, or the last one there was."""

    @property
    def over(self) -> Optional[Disconnected]:
        """Why no call can be made any more."""
        return self._over

    def start(self) -> None:
        """Raises what ``open`` raises."""
        self._up(self._circumstances.open())

    def request(self, method: str, params: Told, answered: Optional[Answered] = None) -> Call:
        """Raises Disconnected, or TypeError and ValueError for what JSON cannot say."""
        to_send: Answered = lambda result, is_wanted: self._answered(call, result, is_wanted, answered)
        call = Call(method, params, self._give_up, to_send)
        with self._lock:
            if self._over is not None:
                raise Disconnected(*self._over.args)
            if self._state == "starting":
                raise Disconnected("The sidecar has not been started: enter it with `async with`, or await it.")
            if method == "shutdown" or (method == "shutdown/run" and params.get("keepRunning") is not True):
                self._wanted = False
                call.add_done_callback(self._refused)
            if self._state != "up" or not self._send(call):
                # Nothing is sent of what JSON cannot say, and whoever asks is told.
                to_json(params)
                self._parked.append(call)
        return call

    def unwanted(self) -> None:
        """It is to end: there is no restart any more, and one that is under way comes to an end."""
        with self._lock:
            self._wanted = False
            self._unwanted.set()

    def wait_settled(self, timeout: float) -> bool:
        """Whether no restart is under way any more."""
        return self._state != "restarting" or self._settled.wait(timeout)

    def lost(self, connection: Connection, death: Death) -> None:
        """Called by the connection, before its calls fail."""
        with self._lock:
            if self._state != "up" or connection is not self.connection:
                return
            self._state = "restarting"
            self._settled.clear()
            following = self._after(death)
        if isinstance(following, Restart):
            why, first = Disconnected(death.sentence), following
            try:
                thread("restart", lambda: self._restart(why, first))
                return
            except RuntimeError:
                following = Over(f"{death.sentence} It is not restarted, for the interpreter is ending.")
        self._finish(following.sentence)

    def forget(self, why: Disconnected) -> None:
        """In a forked process."""
        self._lock = threading.RLock()
        self._state, self._over, self._wanted = "over", why, False
        self._settled = threading.Event()
        self._parked.clear()
        if self.connection is not None:
            self.connection.forget()

    def _after(self, death: Death) -> Any:
        return after_death(
            death, wanted=self._wanted, most=self._circumstances.restarts, restarted_at=self._restarted_at, now=time.monotonic()
        )

    def _restart(self, why: Disconnected, following: Any) -> None:
        while isinstance(following, Restart):
            self._unwanted.wait(following.after_seconds)
            self._restarted_at.append(time.monotonic())
            try:
                if not self._wanted:
                    raise why
                connection = self._circumstances.open()
                lost = self._replay(connection)
            except Exception as error:
                following = self._after(Death(str(error), None))
            else:
                # Told before any answer of the new one can be.
                self._circumstances.on_restarted(Restarted(lost, why))
                self._up(connection)
                return
        self._finish(following.sentence)

    def _replay(self, connection: Connection) -> List[Lost]:
        def ask(method: str, params: Mapping[str, Any], take: Callable[[Any], None]) -> None:
            self._circumstances.wait(connection.request(method, params, lambda result, _: take(result)))

        try:
            return replay(self.remembered, self._circumstances.app_id, ask)
        except BaseException:
            connection.child.end_input()
            raise

    def _up(self, connection: Connection) -> None:
        with self._lock:
            self.connection = connection
            self._state = "up"
            self._settled.set()
            failed = []
            while self._parked:
                call = self._parked.popleft()
                try:
                    if not self._send(call):
                        self._parked.appendleft(call)
                        break
                except Exception as error:
                    failed.append((call, error))
        for call, why in failed:
            call.fail(why)
        if connection.lost is not None:
            self.lost(connection, Death(str(connection.lost), connection.child.exit_code))

    def _send(self, call: Call) -> bool:
        assert self.connection is not None
        call.params = self.remembered.translate(call.method, call.params)
        return self.connection.send(call)

    def _give_up(self, call: Call) -> GivenUp:
        with self._lock:
            if call in self._parked:
                self._parked.remove(call)
                return "unsent"
            return self.connection.cancel(call) if self.connection is not None else "settled"

    def _answered(self, call: Call, result: Any, is_wanted: bool, answered: Optional[Answered]) -> None:
        with self._lock:
            maker = MAKERS.get(call.method)
            if maker is None or is_wanted:
                self.remembered.note(call.method, call.params, result)
            elif isinstance(result, dict) and is_made(call.method, result) and self.connection is not None:
                # Nobody waits for it any more, and nobody would ever end it.
                self.connection.send(Call(maker.ended_by, {maker.id: result.get(maker.id)}, self._give_up))
        if answered is not None:
            answered(result, is_wanted)

    def _refused(self, call: Any) -> None:
        """A shutdown that was refused has not begun; one whose answer nobody waits for may have."""
        from ._errors import SidecarError

        if not call.cancelled() and isinstance(call.exception(), SidecarError):
            with self._lock:
                self._wanted = not self._unwanted.is_set()

    def _finish(self, sentence: str) -> None:
        with self._lock:
            self._state, self._over = "over", Disconnected(sentence)
            parked = list(self._parked)
            self._parked.clear()
            self._settled.set()
        for call in parked:
            call.fail(Disconnected(sentence))
        if self._wanted:
            log.warning("%s", sentence)
        self._circumstances.on_over(Disconnected(sentence), self._wanted)
