# Generated from src/protocol by `npm run generate`; do not edit by hand.
"""The errors that a sidecar answers, one class a kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Dict, List, Optional, Type, cast

from .._codec import decode_member
from .._errors import SidecarError

if TYPE_CHECKING:
    from . import types as t

class ParseError(SidecarError):
    """The bytes are not a JSON-RPC message."""

    kind = "ParseError"
    code = -32700

    @property
    def reason(self) -> str:
        return cast("str", decode_member("ParseErrorData", "reason", self.data))

class InvalidRequest(SidecarError):
    """The message is JSON, but not a request that may be made now."""

    kind = "InvalidRequest"
    code = -32600

    @property
    def reason(self) -> str:
        return cast("str", decode_member("InvalidRequestData", "reason", self.data))

class MethodNotFound(SidecarError):
    """This sidecar has no such method."""

    kind = "MethodNotFound"
    code = -32601

class InvalidParams(SidecarError):
    """The parameters are wrong; each issue names the member."""

    kind = "InvalidParams"
    code = -32602

    @property
    def issues(self) -> List[t.ParamIssue]:
        return cast("List[t.ParamIssue]", decode_member("InvalidParamsData", "issues", self.data))

class InternalError(SidecarError):
    """A fault in the sidecar; its log has the details under `ref`."""

    kind = "InternalError"
    code = -32603

    @property
    def ref(self) -> str:
        return cast("str", decode_member("InternalErrorData", "ref", self.data))

class NotInitialized(SidecarError):
    """`initialize` must come first."""

    kind = "NotInitialized"
    code = -32002

class RequestCancelled(SidecarError):
    """The request was cancelled and nothing was done."""

    kind = "RequestCancelled"
    code = -32800

class NotFound(SidecarError):
    """What the request names does not exist."""

    kind = "NotFound"
    code = 1001

    @property
    def what(self) -> str:
        return cast("str", decode_member("NotFoundData", "what", self.data))

class PermissionDenied(SidecarError):
    """The system does not let this user do that."""

    kind = "PermissionDenied"
    code = 1002

    @property
    def operation(self) -> str:
        return cast("str", decode_member("PermissionDeniedData", "operation", self.data))

class TimedOut(SidecarError):
    """It took longer than allowed."""

    kind = "TimedOut"
    code = 1003

    @property
    def service(self) -> Optional[t.ServiceStatus]:
        return cast("Optional[t.ServiceStatus]", decode_member("TimedOutData", "service", self.data))

class Conflict(SidecarError):
    """Something else stands in the way."""

    kind = "Conflict"
    code = 1004

class IdentityMismatch(SidecarError):
    """The pid belongs to another process than the one meant."""

    kind = "IdentityMismatch"
    code = 1005

    @property
    def expected(self) -> str:
        return cast("str", decode_member("IdentityMismatchData", "expected", self.data))

    @property
    def actual(self) -> str:
        return cast("str", decode_member("IdentityMismatchData", "actual", self.data))

class Protected(SidecarError):
    """This process is protected from the request."""

    kind = "Protected"
    code = 1006

    @property
    def reason(self) -> str:
        return cast("str", decode_member("ProtectedData", "reason", self.data))

class InvalidState(SidecarError):
    """Not possible in the present state."""

    kind = "InvalidState"
    code = 1007

    @property
    def state(self) -> str:
        return cast("str", decode_member("InvalidStateData", "state", self.data))

    @property
    def allowed(self) -> List[str]:
        return cast("List[str]", decode_member("InvalidStateData", "allowed", self.data))

class SpawnFailed(SidecarError):
    """The command could not be started."""

    kind = "SpawnFailed"
    code = 1008

    @property
    def errno(self) -> str:
        return cast("str", decode_member("SpawnFailedData", "errno", self.data))

    @property
    def command(self) -> str:
        return cast("str", decode_member("SpawnFailedData", "command", self.data))

    @property
    def cwd(self) -> Optional[str]:
        return cast("Optional[str]", decode_member("SpawnFailedData", "cwd", self.data))

class Unsupported(SidecarError):
    """This system, or this sidecar on it, cannot do that."""

    kind = "Unsupported"
    code = 1009

    @property
    def capability(self) -> str:
        return cast("str", decode_member("UnsupportedData", "capability", self.data))

    @property
    def platform(self) -> str:
        return cast("str", decode_member("UnsupportedData", "platform", self.data))

class LimitExceeded(SidecarError):
    """A limit told in `initialize` was passed."""

    kind = "LimitExceeded"
    code = 1010

    @property
    def limit(self) -> t.Name:
        return cast("t.Name", decode_member("LimitExceededData", "limit", self.data))

    @property
    def max(self) -> int:
        return cast("int", decode_member("LimitExceededData", "max", self.data))

class Overloaded(SidecarError):
    """Too many requests are in flight; try again later."""

    kind = "Overloaded"
    code = 1011

    @property
    def retry_after_ms(self) -> t.Duration:
        return cast("t.Duration", decode_member("OverloadedData", "retry_after_ms", self.data))

class VersionUnsupported(SidecarError):
    """Client and server share no protocol version."""

    kind = "VersionUnsupported"
    code = 1012

    @property
    def server(self) -> t.VersionUnsupportedDataServer:
        return cast("t.VersionUnsupportedDataServer", decode_member("VersionUnsupportedData", "server", self.data))

    @property
    def client(self) -> t.VersionUnsupportedDataClient:
        return cast("t.VersionUnsupportedDataClient", decode_member("VersionUnsupportedData", "client", self.data))

class ShuttingDown(SidecarError):
    """The sidecar is shutting down and starts nothing new."""

    kind = "ShuttingDown"
    code = 1014

BY_KIND: Dict[str, Type[SidecarError]] = {
    "ParseError": ParseError,
    "InvalidRequest": InvalidRequest,
    "MethodNotFound": MethodNotFound,
    "InvalidParams": InvalidParams,
    "InternalError": InternalError,
    "NotInitialized": NotInitialized,
    "RequestCancelled": RequestCancelled,
    "NotFound": NotFound,
    "PermissionDenied": PermissionDenied,
    "TimedOut": TimedOut,
    "Conflict": Conflict,
    "IdentityMismatch": IdentityMismatch,
    "Protected": Protected,
    "InvalidState": InvalidState,
    "SpawnFailed": SpawnFailed,
    "Unsupported": Unsupported,
    "LimitExceeded": LimitExceeded,
    "Overloaded": Overloaded,
    "VersionUnsupported": VersionUnsupported,
    "ShuttingDown": ShuttingDown,
}

__all__ = [
    "ParseError",
    "InvalidRequest",
    "MethodNotFound",
    "InvalidParams",
    "InternalError",
    "NotInitialized",
    "RequestCancelled",
    "NotFound",
    "PermissionDenied",
    "TimedOut",
    "Conflict",
    "IdentityMismatch",
    "Protected",
    "InvalidState",
    "SpawnFailed",
    "Unsupported",
    "LimitExceeded",
    "Overloaded",
    "VersionUnsupported",
    "ShuttingDown",
]
