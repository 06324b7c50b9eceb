"""What the documents let people paste works as it stands there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, example

from sidewarden import process_manager

GUIDE = "docs/process-manager.md"
EXAMPLES = [
    (document, name)
    for document in ("README.md", GUIDE)
    for name in re.findall(r"<!-- example: (.*?) -->", (ROOT / "clients/python" / document).read_text("utf-8"))
]


@pytest.mark.parametrize("document, name", EXAMPLES)
def test_an_example_runs_as_it_is_pasted(document: str, name: str, tmp_path: Path, unused_port: int) -> None:
    code = example(document, name).replace("5050", str(unused_port))
    env = {**os.environ, "PYTHONPATH": str(ROOT / "clients/python/src"), "XDG_STATE_HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-"], input=code, capture_output=True, text=True, timeout=120, env=env)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout != ""


def test_the_guide_names_each_call_of_the_class() -> None:
    text = (ROOT / "clients/python" / GUIDE).read_text("utf-8")
    told = set(re.findall(r"^\| `(?:await )?(\w+)\(", text, re.MULTILINE)) | {"reset_process_manager", "close"}
    methods = {name for name in vars(process_manager.ProcessManager) if not name.startswith("_")}
    functions = {name for name in process_manager.__all__ if name.islower()}
    assert told == methods | functions
