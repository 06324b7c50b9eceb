"""What a call may raise. The classes by kind are in ``sidewarden.errors``."""

from __future__ import annotations

from typing import Any, Dict, Mapping, Optional


class SidecarError(Exception):
    """A request was answered with an error: branch on the class or on ``kind``; the message is for people.

    ``data`` holds what METHODS.md lists for the kind, by its names on the wire.
    """

    kind: str = "InternalError"
    code: int = -32603

    def __init__(self, message: str, data: Optional[Mapping[str, Any]] = None) -> None:
        super().__init__(message)
        self.data: Dict[str, Any] = dict(data or {})


class SidewardenError(Exception):
    """Not the sidecar's answer, but why there is none."""

    kind: str = "Disconnected"


class Disconnected(SidewardenError):
    """There is no sidecar to answer: it has ended, broke the protocol, or was closed. A call that was under way may have been done."""


class InstanceLost(SidewardenError):
    """The sidecar was restarted, and the lock could not be had again: another instance of the app may run."""

    kind = "InstanceLost"


class CallTimeout(SidewardenError, TimeoutError):
    """There was no answer within ``timeout``. The request has been cancelled; an act that had begun is not undone."""

    kind = "TimedOut"


class StartFailed(SidewardenError):
    """The sidecar could not be started, or is none."""


class NodeNotFound(StartFailed):
    """There is no Node.js that is new enough; the message names the four places that were looked at."""


def error_of(answer: Any) -> SidecarError:
    """The exception for the ``error`` of a response. A kind that this client does not know is a plain SidecarError that has it."""
    from .generated.errors import BY_KIND

    answer = answer if isinstance(answer, dict) else {}
    data = answer.get("data")
    data = data if isinstance(data, dict) else {}
    kind = data.get("kind")
    known = BY_KIND.get(kind) if isinstance(kind, str) else None
    error = (known or SidecarError)(str(answer.get("message", "The sidecar answered an error without a message.")), data)
    if known is None and isinstance(kind, str):
        error.kind = kind
    if isinstance(answer.get("code"), int):
        error.code = answer["code"]
    return error
