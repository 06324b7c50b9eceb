"""Between the wire's objects and dataclasses, by their annotations.

What the sidecar sends is open: a member, a word or a kind that this client does not know is kept, and goes back as it came.
"""

from __future__ import annotations

import re
import typing
from dataclasses import MISSING, dataclass, fields, is_dataclass
from typing import Any, Callable, ClassVar, Dict, List, Mapping, NamedTuple, Optional, Tuple, Type, TypeVar, Union

S = TypeVar("S", bound="Struct")
Decode = Callable[[Any], Any]


class Malformed(ValueError):
    """The sidecar sent something that is not of the promised shape."""


class Struct:
    """An object of the protocol. Members that this client does not know are in ``unknown``, by their names on the wire."""

    unknown: Mapping[str, Any] = {}
    _plan: ClassVar[Optional[Tuple[_Member, ...]]] = None

    @classmethod
    def from_wire(cls: Type[S], value: Any) -> S:
        """Raises Malformed where ``value`` is no object, or lacks a member that it must have."""
        if not isinstance(value, dict):
            raise Malformed(f"{cls.__name__} should be an object, and is {type(value).__name__}.")
        struct = cls.__new__(cls)
        state = struct.__dict__
        left = len(value)
        for attribute, name, required, decode in plan_of(cls):
            one = value.get(name, MISSING)
            if one is MISSING:
                if required:
                    raise Malformed(f"{cls.__name__} has no {name}.")
                state[attribute] = None
            elif one is None and not required:
                # Absent is not the same as null: kept among what is unknown, it goes back as null.
                state[attribute] = None
            else:
                state[attribute] = one if decode is None else decode(one)
                left -= 1
        if left:
            known = {name for _, name, required, _ in plan_of(cls) if required or value.get(name) is not None}
            state["unknown"] = {name: one for name, one in value.items() if name not in known}
        return struct

    def to_wire(self) -> Dict[str, Any]:
        wire: Dict[str, Any] = {}
        for attribute, name, required, _ in plan_of(type(self)):
            value = getattr(self, attribute)
            if required or value is not None:
                wire[name] = encode(value)
        for name, value in self.unknown.items():
            wire.setdefault(name, value)
        return wire


@dataclass
class UnknownKind(Struct):
    """One of a union of which this client does not know the kind; all its members but the kind are in ``unknown``."""

    kind: str


def encode(value: Any) -> Any:
    """Whatever a member may hold, as JSON has it. A map keeps its keys, and a null in it."""
    if isinstance(value, Struct):
        return value.to_wire()
    if isinstance(value, (list, tuple)):
        return [encode(one) for one in value]
    if isinstance(value, Mapping):
        return {key: encode(one) for key, one in value.items()}
    return value


def decode_named(name: str, value: Any) -> Any:
    """``value`` as the type of that name in the protocol."""
    decode = _decoder(getattr(_types(), name))
    return value if decode is None else decode(value)


def decode_member(struct: str, attribute: str, value: Mapping[str, Any]) -> Any:
    """One member of an error's data; None where a newer or older sidecar left it out."""
    for member, name, _, decode in plan_of(getattr(_types(), struct)):
        if member == attribute:
            one = value.get(name)
            return one if decode is None or one is None else decode(one)
    raise AttributeError(attribute)


class _Member(NamedTuple):
    attribute: str
    name: str
    required: bool
    decode: Optional[Decode]


def plan_of(struct: Type[Struct]) -> Tuple[_Member, ...]:
    """Read from the annotations when a struct is first met."""
    plan = struct.__dict__.get("_plan")
    if plan is None:
        hints = typing.get_type_hints(struct)
        plan = tuple(
            _Member(one.name, _wire_name(one.name), one.default is not None, _decoder(hints[one.name]))
            for one in fields(struct)  # type: ignore[arg-type]
        )
        struct._plan = plan
    return plan


def _wire_name(attribute: str) -> str:
    return re.sub(r"_([a-z0-9])", lambda found: found.group(1).upper(), attribute.rstrip("_"))


def _decoder(hint: Any) -> Optional[Decode]:
    """What has to be done with a value of that annotation; None where it is taken as it is."""
    origin = typing.get_origin(hint)
    arguments = typing.get_args(hint)
    if origin is list:
        return _each(_decoder(arguments[0]))
    if origin is dict:
        return _values(_decoder(arguments[1]))
    if origin is Union:
        return _choice([one for one in arguments if one is not type(None)], type(None) in arguments)
    return hint.from_wire if isinstance(hint, type) and issubclass(hint, Struct) else None


def _each(decode: Optional[Decode]) -> Optional[Decode]:
    if decode is None:
        return None

    def each(value: Any) -> List[Any]:
        if not isinstance(value, list):
            raise Malformed(f"A list was promised, and {type(value).__name__} came.")
        return [decode(one) for one in value]

    return each


def _values(decode: Optional[Decode]) -> Optional[Decode]:
    if decode is None:
        return None

    def values(value: Any) -> Dict[str, Any]:
        if not isinstance(value, dict):
            raise Malformed(f"An object was promised, and {type(value).__name__} came.")
        return {key: decode(one) for key, one in value.items()}

    return values


def _choice(options: List[Any], nullable: bool) -> Optional[Decode]:
    structs = [option for option in options if is_dataclass(option)]
    if len(structs) > 1:
        decode: Optional[Decode] = _tagged(structs)
    else:
        decode = _decoder(options[0]) if len(options) == 1 else None
    if decode is None or not nullable:
        return decode
    certain = decode
    return lambda value: None if value is None else certain(value)


def _tagged(structs: List[Any]) -> Decode:
    by_kind = {one.kind: one for one in structs if one is not UnknownKind}

    def tagged(value: Any) -> Any:
        kind = value.get("kind") if isinstance(value, dict) else None
        return by_kind.get(kind, UnknownKind).from_wire(value)

    return tagged


def _types() -> Any:
    # Loaded with the first answer, while the sidecar is starting: an import of the package stays quick.
    from .generated import types

    return types
