"""One request, from its making to its answer."""

from __future__ import annotations

import json
from concurrent.futures import Future
from typing import Any, Callable, Literal, Mapping, Optional

from ._errors import error_of
from .generated.tables import LANES

Answered = Callable[[Any, bool], None]
"""Takes the result, and whether anybody waits for it; called by the reading thread, before it reads on."""
GivenUp = Literal["unsent", "asked", "settled"]
"""``unsent``: it had not been sent yet, and now belongs to whoever gave it up."""


class Call(Future[Any]):
    """An answer to come, as the wire has it; it may be waited for in a thread, or with ``asyncio.wrap_future``."""

    def __init__(self, method: str, params: Mapping[str, Any], give_up: Callable[[Call], GivenUp], answered: Optional[Answered] = None) -> None:
        super().__init__()
        self._give_up = give_up
        self.method = method
        self.params = params
        self.answered = answered
        lane = LANES.get(method, "act")
        self.lane = {"life": "life", "wait": "waits"}.get(lane, "requests")
        self.id: Optional[int] = None
        self.body = ""

    def cancel(self) -> bool:
        """Gives up the answer, and asks the sidecar to cancel."""
        given_up = super().cancel()
        if given_up:
            self._give_up(self)
        return given_up

    def request_cancel(self) -> None:
        """Asks the sidecar to cancel; its answer still decides: RequestCancelled promises that nothing was done."""
        if self._give_up(self) == "unsent":
            data = {"kind": "RequestCancelled"}
            self.fail(error_of({"code": -32800, "message": f"{self.method} was cancelled before it was sent.", "data": data}))

    def succeed(self, result: Any) -> None:
        is_wanted = self.set_running_or_notify_cancel()
        if self.answered is not None:
            self.answered(result, is_wanted)
        if is_wanted:
            self.set_result(result)

    def fail(self, error: BaseException) -> None:
        if self.set_running_or_notify_cancel():
            self.set_exception(error)


def to_json(value: Any) -> str:
    """Raises TypeError or ValueError for what JSON cannot say."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False)
