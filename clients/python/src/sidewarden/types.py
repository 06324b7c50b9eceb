"""The types of the protocol, as dataclasses."""

from __future__ import annotations

from .generated.types import *  # noqa: F403
