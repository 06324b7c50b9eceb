"""Every exception of this package: one class for each kind of error that a sidecar answers, and those that say why there was no answer."""

from __future__ import annotations

from ._errors import CallTimeout, Disconnected, NodeNotFound, SidecarError, SidewardenError, StartFailed
from .generated.errors import *  # noqa: F403
from .generated.errors import BY_KIND

__all__ = ["CallTimeout", "Disconnected", "NodeNotFound", "SidecarError", "SidewardenError", "StartFailed", *BY_KIND]
