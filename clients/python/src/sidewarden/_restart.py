"""What follows from the end of a sidecar."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Optional, Sequence, Union

RESTARTS = 5
WINDOW_SECONDS = 180.0
FIRST_DELAY_SECONDS = 0.1


class Death(NamedTuple):
    """How a sidecar ended, or why it could not be started; ``code`` where it exited by itself."""

    sentence: str
    code: Optional[int]


@dataclass(frozen=True)
class Restart:
    after_seconds: float


@dataclass(frozen=True)
class Over:
    sentence: str


def after_death(death: Death, *, wanted: bool, most: int, restarted_at: Sequence[float], now: float) -> Union[Restart, Over]:
    """The first restart is at once, each further one within the window waits twice as long."""
    recent = sum(1 for at in restarted_at if now - at < WINDOW_SECONDS)
    if not wanted:
        why = "It was asked to end."
    elif death.code in (0, 3):
        # 0: somebody ended it in order. 3: so too, and a critical shutdown handler failed.
        why = "That was an orderly end, so it is not restarted."
    elif most == 0:
        why = "It is not to be restarted."
    elif recent >= most:
        why = f"It was restarted {recent} times within {WINDOW_SECONDS:g} s and is not restarted again: see why it ends, then spawn a new one."
    else:
        return Restart(0.0 if recent == 0 else FIRST_DELAY_SECONDS * 2 ** (recent - 1))
    return Over(f"{death.sentence} {why}")
