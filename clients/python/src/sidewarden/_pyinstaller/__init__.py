"""Tells PyInstaller where its hook for this package is (the entry point ``pyinstaller40`` of the wheel)."""

from __future__ import annotations

import os
from typing import List


def get_hook_dirs() -> List[str]:
    return [os.path.dirname(__file__)]
