"""Drives a sidewarden sidecar: who holds a port, end exactly that, one instance only, supervised services, a shutdown in order.

    with Sidecar.spawn(app_id="org.example.app") as sidecar:
        print(sidecar.port.find(5050))
"""

from __future__ import annotations

from ._async_sidecar import AsyncEvents, AsyncSidecar
from ._errors import CallTimeout, Disconnected, InstanceLost, NodeNotFound, SidecarError, SidewardenError, StartFailed
from ._node import find_node
from ._replay import Lost, Restarted
from ._sidecar import Events, Sidecar
from .generated.tables import VERSION as __version__

__all__ = [
    "AsyncEvents",
    "AsyncSidecar",
    "CallTimeout",
    "Disconnected",
    "Events",
    "InstanceLost",
    "Lost",
    "NodeNotFound",
    "Restarted",
    "Sidecar",
    "SidecarError",
    "SidewardenError",
    "StartFailed",
    "__version__",
    "find_node",
]
