"""A program that PyInstaller has made, as a folder and as one file, with the sidecar inside."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT
from test_endings import is_gone, until
from test_wheels import WHEELS, make_venv

pytestmark = pytest.mark.skipif(sys.platform != "linux" or sys.version_info < (3, 13), reason="made on Linux, with the newest Python only")

PROGRAM = """
import os, sys, sidewarden
assert sys.frozen
with sidewarden.Sidecar.spawn(app_id="frozen.test", state_dir=sys.argv[1]) as sidecar:
    with open(os.path.join(sys.argv[1], "pid"), "w") as mark:
        mark.write(f"{os.getpid()} {sidecar.pid} {sidecar.server.capabilities.native}")
    if len(sys.argv) > 2:
        sidecar.port.wait(1, "listening", 600_000)
"""


@pytest.fixture(scope="module")
def builder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("builder")
    (home / "program.py").write_text(PROGRAM)
    try:
        return make_venv(home / "venv", "--find-links", str(WHEELS), "sidewarden", "pyinstaller==6.22.3")
    except subprocess.CalledProcessError as error:
        pytest.skip(f"PyInstaller cannot be installed here: {error}")


@pytest.mark.parametrize("form", ["--onedir", "--onefile"])
def test_it_runs_and_ends_as_any_other(builder: Path, form: str, tmp_path: Path) -> None:
    source = builder.parents[2] / "program.py"
    made = [str(builder), "-m", "PyInstaller", form, "--log-level", "WARN", "--distpath", str(tmp_path / "dist")]
    subprocess.run([*made, "--workpath", str(tmp_path / "work"), "--specpath", str(tmp_path), str(source)], check=True, timeout=300)
    program = tmp_path / "dist" / ("program" if form == "--onefile" else "program/program")
    state = tmp_path / "state"
    state.mkdir()
    # What its loader sets must not reach Node.js, which has libraries of its own.
    env = {**os.environ, "LD_LIBRARY_PATH": str(ROOT / "nowhere")}

    done = subprocess.run([str(program), str(state)], capture_output=True, timeout=120, env=env, start_new_session=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    _, sidecar, native = (state / "pid").read_text().split()
    assert native == "True" and is_gone(int(sidecar))

    (state / "pid").unlink()
    killed = subprocess.Popen([str(program), str(state), "wait"], env=env, start_new_session=True)
    until(lambda: (state / "pid").exists() and len((state / "pid").read_text().split()) == 3, "it runs")
    # Of one file PyInstaller makes two processes: ours is the inner one.
    host, sidecar, _ = (state / "pid").read_text().split()
    os.kill(int(host), signal.SIGKILL)
    killed.wait(60)
    until(lambda: is_gone(int(sidecar)), "the sidecar is gone")
