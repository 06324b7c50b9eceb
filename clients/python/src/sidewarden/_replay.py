"""Tells a new sidecar what the last one had been told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, List, Optional

from ._errors import Disconnected, SidecarError
from ._remembered import MAKERS, Made, Remembered, Told, is_made, lost_error

Ask = Callable[[str, Told, Callable[[Any], None]], None]
"""Asks and waits; what is given runs before anything that follows the answer is read."""


@dataclass(frozen=True)
class Lost:
    """Something that a restart of the sidecar could not bring back."""

    what: str
    """lock, lease, service, registration, handler, subscription, apply or cleanup."""
    name: str
    """Of a lock, handler or service; the port of a lease or registration; the id of a subscription; the app."""
    error: Exception
    """InstanceLost for a lock; for others what the sidecar answered, or NotFound where such a thing ends with its sidecar."""


@dataclass(frozen=True)
class Restarted:
    """A dead sidecar runs again."""

    lost: List[Lost]
    error: Disconnected
    """Why it had to."""


def replay(remembered: Remembered, app_id: str, ask: Ask) -> List[Lost]:
    """Locks, the cleanup, registrations, shutdown handlers, subscriptions, services, in that order. Raises Disconnected when this one ends, too."""
    lost = _ended_with_the_last(remembered)

    def tell(what: str, name: str, method: str, params: Told, take: Callable[[Told], None] = lambda _: None) -> None:
        try:
            ask(method, params, lambda result: take(result if isinstance(result, dict) else {}))
        except SidecarError as error:
            lost.append(Lost(what, name, error))

    def make(method: str) -> None:
        for made in list(remembered.made[method]):
            made.current = None
            name = _name_of(method, made, app_id)
            tell(MAKERS[method].what, name, method, _again(method, made.params), lambda told: taken(method, made, name, told))

    def taken(method: str, made: Made, name: str, told: Told) -> None:
        if is_made(method, told):
            made.current = str(told.get(MAKERS[method].id))
            if made.on_remade is not None:
                made.on_remade(told)
        else:
            lost.append(Lost(MAKERS[method].what, name, lost_error(MAKERS[method].what, name)))

    make("instance/acquire")
    if remembered.cleanup is not None:
        # Only what the last sidecar had started: a port that the host itself serves by now is not evicted a second time.
        tell("cleanup", app_id, "cleanup/run", {**remembered.cleanup, "evict": "owned"})
    for (port, _), params in list(remembered.registrations.items()):
        tell("registration", str(port), "port/register", params)
    make("shutdown/addHandler")
    make("events/subscribe")
    if remembered.apply is not None:
        tell("apply", app_id, "service/apply", remembered.apply)
    return lost


def _ended_with_the_last(remembered: Remembered) -> List[Lost]:
    """What no sidecar can take over from another, and is forgotten with it."""
    applied = {spec.get("name") for spec in (remembered.apply or {}).get("services", ())}
    services = [name for name in remembered.started if name not in applied]
    leases = [str(port) for port in remembered.leases.values()]
    remembered.started.clear()
    remembered.leases.clear()
    ended = [*(("service", name) for name in services), *(("lease", port) for port in leases)]
    return [Lost(what, name, lost_error(what, name)) for what, name in ended]


def _name_of(method: str, made: Made, app_id: str) -> str:
    name: Optional[str] = made.params.get("name")
    return name or (app_id if method == "instance/acquire" else made.id)


def _again(method: str, params: Told) -> Told:
    """What another instance was to be told has been told."""
    return {name: value for name, value in params.items() if method != "instance/acquire" or name != "payload"}
