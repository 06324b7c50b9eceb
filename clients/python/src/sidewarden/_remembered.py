"""What a host has set up, noted as its requests are answered: what a sidecar that was started anew has to be told again.

The ids that the host was told stay valid for it; the sidecar of today may know the same thing by another one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Optional, Tuple

from ._errors import InstanceLost, error_of

Told = Mapping[str, Any]


class Maker(NamedTuple):
    """A method that makes something: what it makes, by which member of the answer it is known, and what ends it."""

    what: str
    id: str
    ended_by: str


MAKERS: Dict[str, Maker] = {
    "instance/acquire": Maker("lock", "lockId", "instance/release"),
    "shutdown/addHandler": Maker("handler", "handlerId", "shutdown/removeHandler"),
    "events/subscribe": Maker("subscription", "subscriptionId", "events/unsubscribe"),
}
_ENDED_BY = {maker.ended_by: method for method, maker in MAKERS.items()}


@dataclass
class Made:
    id: str
    """As the host was told."""
    current: Optional[str]
    """As the sidecar of today knows it; None when it is lost."""
    params: Told
    on_remade: Optional[Callable[[Told], None]] = None


@dataclass
class Remembered:
    made: Dict[str, List[Made]] = field(default_factory=lambda: {method: [] for method in MAKERS})
    registrations: Dict[Tuple[int, str], Told] = field(default_factory=dict)
    leases: Dict[str, int] = field(default_factory=dict)
    """The port of each."""
    started: List[str] = field(default_factory=list)
    """Services that service/start started, and that end with their sidecar."""
    cleanup: Optional[Told] = None
    apply: Optional[Told] = None

    def note(self, method: str, params: Told, result: Any) -> None:
        """A request was answered with this result."""
        told: Told = result if isinstance(result, dict) else {}
        if method in MAKERS and is_made(method, told):
            id = told.get(MAKERS[method].id)
            if isinstance(id, str):
                if method == "instance/acquire":
                    # Who has got a lock anew had lost it before: two of the same would be asked for twice after a restart.
                    self.made[method] = [one for one in self.made[method] if _lock_key(one.params) != _lock_key(params)]
                self.made[method].append(Made(id, id, params))
        if method in _ENDED_BY:
            made = self.made[_ENDED_BY[method]]
            made[:] = [one for one in made if one.current != params.get(MAKERS[_ENDED_BY[method]].id)]
        noter = _NOTERS.get(method)
        if noter is not None:
            noter(self, params, told)

    def translate(self, method: str, params: Told) -> Told:
        """The params with the ids that the sidecar of today knows. Raises InstanceLost for a lock that is lost, NotFound for what else is."""
        if method not in _ENDED_BY:
            return params
        what, id, _ = MAKERS[_ENDED_BY[method]]
        for one in self.made[_ENDED_BY[method]]:
            if one.id == params.get(id):
                if one.current is None:
                    raise lost_error(what, one.id)
                return {**params, id: one.current}
        return params

    def as_told(self, params: Told) -> Told:
        """What the sidecar says, with the ids that the host was told in the place of those of today."""
        told = dict(params)
        for method, (_, id, _) in MAKERS.items():
            if id in told:
                told[id] = next((one.id for one in self.made[method] if one.current == told[id]), told[id])
        return told

    def find(self, method: str, id: str) -> Optional[Made]:
        return next((one for one in self.made[method] if one.id == id), None)


def is_made(method: str, told: Told) -> bool:
    """A lock may be refused by an answer, too."""
    return method != "instance/acquire" or told.get("acquired") is True


def lost_error(what: str, name: str) -> Exception:
    sentence = f"The {what} {name} was lost when the sidecar was restarted"
    if what == "lock":
        return InstanceLost(f"{sentence}, and could not be had again.")
    return error_of({"code": 1001, "message": f"{sentence}.", "data": {"kind": "NotFound", "what": f"{what} {name}"}})


def _note_cleanup(remembered: Remembered, params: Told, _: Told) -> None:
    # A plan is of one connection; a dry run does nothing.
    if params.get("planId") is None and params.get("dryRun") is not True:
        remembered.cleanup = params


def _note_registered(remembered: Remembered, params: Told, _: Told) -> None:
    remembered.registrations[_port_key(params)] = params


def _note_unregistered(remembered: Remembered, params: Told, _: Told) -> None:
    remembered.registrations.pop(_port_key(params), None)


def _note_allocated(remembered: Remembered, _: Told, told: Told) -> None:
    remembered.leases.update((one["leaseId"], one["port"]) for one in told.get("leases", ()))


def _note_released(remembered: Remembered, params: Told, _: Told) -> None:
    for id in params.get("leaseIds", ()):
        remembered.leases.pop(id, None)


def _note_applied(remembered: Remembered, params: Told, _: Told) -> None:
    remembered.apply = params


def _note_started(remembered: Remembered, params: Told, told: Told) -> None:
    name = (told.get("service") or {}).get("name")
    if name is not None and name not in remembered.started and (params.get("spec") or {}).get("persistent") is not True:
        remembered.started.append(name)


def _note_stopped(remembered: Remembered, _: Told, told: Told) -> None:
    gone = {one.get("name") for one in told.get("services", ())}
    remembered.started[:] = [name for name in remembered.started if name not in gone]


def _note_shut_down(remembered: Remembered, _: Told, __: Told) -> None:
    # It has ended them all, and was to keep running itself.
    remembered.apply = None
    remembered.started.clear()


_NOTERS: Dict[str, Callable[[Remembered, Told, Told], None]] = {
    "cleanup/run": _note_cleanup,
    "port/register": _note_registered,
    "port/unregister": _note_unregistered,
    "port/allocate": _note_allocated,
    "port/release": _note_released,
    "service/apply": _note_applied,
    "service/start": _note_started,
    "shutdown/run": _note_shut_down,
    "service/stop": _note_stopped,
    "service/remove": _note_stopped,
}


def _port_key(params: Told) -> Tuple[int, str]:
    return params["port"], params.get("protocol", "tcp")


def _lock_key(params: Told) -> Tuple[Any, Any, Any]:
    return (params.get("name"), params.get("scope", "user"), params.get("path"))
