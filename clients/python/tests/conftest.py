"""Runs against the checkout's own sidecar; each test has its own app, and its own state."""

from __future__ import annotations

import json
import os
import re
import socket
import sys
import uuid
from pathlib import Path
from typing import Any, Dict, List

import pytest

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "clients/python/src"))
os.environ.setdefault("SIDEWARDEN_NODE", str(ROOT / "node_modules/.bin/node"))


def example(document: str, name: str) -> str:
    """The block behind ``<!-- example: name -->`` of a document in clients/python."""
    text = (ROOT / "clients/python" / document).read_text("utf-8")
    found = re.search(rf"<!-- example: {re.escape(name)} -->\n```python\n(.*?)```", text, re.DOTALL)
    assert found, f"{document} has no example {name}"
    return found[1]


@pytest.fixture
def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


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
