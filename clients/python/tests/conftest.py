"""Runs against the checkout's own sidecar; each test has its own app, and its own state."""

from __future__ import annotations

import json
import os
import sys
import uuid
from pathlib import Path
from typing import Any, Dict, List

import pytest

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "clients/python/src"))
os.environ.setdefault("SIDEWARDEN_NODE", str(ROOT / "node_modules/.bin/node"))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """The numbers, for scripts/test.ts, which adds up all suites."""
    path = os.environ.get("SIDEWARDEN_TEST_SUMMARY")
    if path is None:
        return
    stats: Dict[str, List[Any]] = terminalreporter.stats
    skipped = [{"name": one.nodeid, "reason": str(one.longrepr[2]).replace("Skipped: ", "")} for one in stats.get("skipped", [])]
    failed = len(stats.get("failed", [])) + len(stats.get("error", []))
    Path(path).write_text(json.dumps({"passed": len(stats.get("passed", [])), "failed": failed, "skipped": skipped}))


@pytest.fixture
def app(tmp_path: Path) -> Dict[str, Any]:
    return {"app_id": f"python.test.{uuid.uuid4()}", "state_dir": str(tmp_path)}
