"""The types of the protocol, as dataclasses."""

from __future__ import annotations

from ._codec import Struct as Struct
from ._codec import UnknownKind as UnknownKind
from .generated.types import *  # noqa: F403
