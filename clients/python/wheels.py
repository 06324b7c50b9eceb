"""Makes the wheels: one for each platform, with the sidecar and koffi's prebuilt file for it, and one for all others without that.

    python clients/python/wheels.py OUT DIST KOFFI PREBUILT

OUT is where they go, DIST what `npm run build` has made, KOFFI the package koffi, PREBUILT a directory with koffi's packages for
each platform, as npm packs them. `npm run wheels` gathers all that. Standard library only, Python 3.9 or newer.
"""

from __future__ import annotations

import ast
import base64
import hashlib
import json
import re
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Tuple

HOME = Path(__file__).resolve().parent
Entry = Tuple[str, bytes]


@dataclass(frozen=True)
class Target:
    """A wheel's platform tag, and where koffi's file for it is: in which package, in which folder of that."""

    tag: str
    prebuilt: Optional[str] = None
    folder: str = ""


# Node.js 22 itself needs glibc 2.28 and macOS 11 (BUILDING.md of nodejs/node); koffi's files ask for less.
TARGETS = (
    Target("manylinux_2_28_x86_64", "linux-x64", "linux_x64"),
    Target("manylinux_2_28_aarch64", "linux-arm64", "linux_arm64"),
    Target("musllinux_1_2_x86_64", "linux-x64", "musl_x64"),
    Target("musllinux_1_2_aarch64", "linux-arm64", "musl_arm64"),
    Target("macosx_11_0_x86_64", "darwin-x64", "darwin_x64"),
    Target("macosx_11_0_arm64", "darwin-arm64", "darwin_arm64"),
    Target("win_amd64", "win32-x64", "win32_x64"),
    Target("win_arm64", "win32-arm64", "win32_arm64"),
    Target("any"),
)


def main(out: Path, dist: Path, koffi: Path, prebuilt: Path) -> List[Path]:
    project = read_project()
    out.mkdir(parents=True, exist_ok=True)
    for old in out.glob("*.whl"):
        old.unlink()
    common = [*package_files(), *sidecar_files(dist, project)]
    return [
        write_wheel(out, project, target.tag, [*common, *(koffi_files(koffi, prebuilt, target) if target.prebuilt else ())])
        for target in TARGETS
    ]


def read_project() -> Dict[str, Any]:
    """The table [project] of pyproject.toml. What it uses of TOML, Python writes the same way: strings and lists of them."""
    text = (HOME / "pyproject.toml").read_text("utf-8")

    def table(name: str) -> Dict[str, Any]:
        body = re.search(rf"(?ms)^\[{re.escape(name)}\]\n(.*?)(?=^\[|\Z)", text)
        found = re.findall(r"(?ms)^([\w-]+) = (\[.*?\]$|\".*?\"$)", body[1] if body else "")
        return {key: ast.literal_eval(value) for key, value in found}

    version = re.search(r'VERSION = "([^"]+)"', (HOME / "src/sidewarden/generated/tables.py").read_text("utf-8"))
    assert version
    return {**table("project"), "version": version[1], "extras": table("project.optional-dependencies")}


def package_files() -> Iterator[Entry]:
    source = HOME / "src"
    for path in sorted((source / "sidewarden").rglob("*")):
        if path.suffix in (".py", ".typed"):
            yield path.relative_to(source).as_posix(), path.read_bytes()


def sidecar_files(dist: Path, project: Dict[str, Any]) -> Iterator[Entry]:
    for path in sorted(dist.iterdir()):
        if path.is_file():
            yield f"sidewarden/_js/dist/{path.name}", path.read_bytes()
    package = {"name": "sidewarden", "version": project["version"], "type": "module", "private": True}
    yield "sidewarden/_js/package.json", json.dumps(package).encode()


def koffi_files(koffi: Path, prebuilt: Path, target: Target) -> Iterator[Entry]:
    modules = "sidewarden/_js/node_modules"
    for name in ("package.json", "LICENSE.txt", "index.cjs", "src/koffi/index.cjs", "src/koffi/src/static.cjs"):
        yield f"{modules}/koffi/{name}", (koffi / name).read_bytes()
    package = f"@koromix/koffi-{target.prebuilt}"
    (packed,) = prebuilt.glob(f"koromix-koffi-{target.prebuilt}-*.tgz")
    with tarfile.open(packed) as archive:
        names = set(archive.getnames())
        for name in ("package.json", "index.js", f"{target.folder}/koffi.node"):
            if f"package/{name}" not in names:
                raise SystemExit(f"{packed.name} has no {name}; it has {sorted(names)}.")
            member = archive.extractfile(f"package/{name}")
            assert member
            yield f"{modules}/{package}/{name}", member.read()


def write_wheel(out: Path, project: Dict[str, Any], platform: str, files: List[Entry]) -> Path:
    name, version, tag = project["name"], project["version"], f"py3-none-{platform}"
    info = f"{name}-{version}.dist-info"
    files = [
        *files,
        (f"{info}/METADATA", metadata(project).encode()),
        (f"{info}/WHEEL", f"Wheel-Version: 1.0\nGenerator: sidewarden\nRoot-Is-Purelib: {str(platform == 'any').lower()}\nTag: {tag}\n".encode()),
        (f"{info}/entry_points.txt", b"[pyinstaller40]\nhook-dirs = sidewarden._pyinstaller:get_hook_dirs\n"),
        (f"{info}/licenses/LICENSE", (HOME.parents[1] / "LICENSE").read_bytes()),
    ]
    record = "".join(f"{path},sha256={_digest(data)},{len(data)}\n" for path, data in files) + f"{info}/RECORD,,\n"
    path = out / f"{name}-{version}-{tag}.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for one, data in [*files, (f"{info}/RECORD", record.encode())]:
            # A fixed date: the same files make the same wheel.
            entry = zipfile.ZipInfo(one, (2020, 1, 1, 0, 0, 0))
            entry.external_attr = (0o755 if one.endswith((".sh", "/bin.js")) else 0o644) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)
    return path


def metadata(project: Dict[str, Any]) -> str:
    lines = [
        "Metadata-Version: 2.4",
        f"Name: {project['name']}",
        f"Version: {project['version']}",
        f"Summary: {project['description']}",
        f"Keywords: {','.join(project['keywords'])}",
        f"License-Expression: {project['license']}",
        "License-File: LICENSE",
        f"Requires-Python: {project['requires-python']}",
        *(f"Classifier: {one}" for one in project["classifiers"]),
    ]
    for extra, requirements in project["extras"].items():
        lines.append(f"Provides-Extra: {extra}")
        lines += [f'Requires-Dist: {one}; extra == "{extra}"' for one in requirements]
    lines.append("Description-Content-Type: text/markdown")
    return "\n".join(lines) + "\n\n" + (HOME / project["readme"]).read_text("utf-8")


def _digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


if __name__ == "__main__":
    for made in main(*map(Path, sys.argv[1:])):
        sys.stdout.write(f"{made.name}  {made.stat().st_size // 1024} KiB\n")
