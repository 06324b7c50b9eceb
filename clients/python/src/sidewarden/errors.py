"""Every exception of this package: one class for each kind of error that a sidecar answers, and those that say why there was no answer."""

from __future__ import annotations

from ._errors import CallTimeout, Disconnected, InstanceLost, NodeNotFound, SidecarError, SidewardenError, StartFailed
from .generated import errors as _kinds
from .generated.errors import *  # noqa: F403

__all__ = ["CallTimeout", "Disconnected", "InstanceLost", "NodeNotFound", "SidecarError", "SidewardenError", "StartFailed"]
__all__ += _kinds.__all__
