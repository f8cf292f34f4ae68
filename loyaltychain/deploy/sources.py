"""Collects Solidity sources: our own and, by their imports, the library's, each under one fixed name.

The names and texts go into the compiler's metadata, so they must be the same on every machine. Reads files and
compiles nothing.
"""

import posixpath
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from loyaltychain.core.errors import ArtifactsStale

Sources = dict[str, str]  # name to text; names are "src/…" and "@openzeppelin/…"

_IMPORT = re.compile(r'^\s*import\s+(?:[^"\';]*\sfrom\s+)?["\']([^"\']+)["\']', re.MULTILINE)


def read_own(contracts: Path) -> Sources:
    """Every ``.sol`` below ``contracts/src``, by its name ``src/…``."""
    paths = sorted((contracts / "src").rglob("*.sol"))
    return {path.relative_to(contracts).as_posix(): path.read_bytes().decode() for path in paths}


def complete(own: Sources, *, roots: Sequence[str], contracts: Path, shipped: Mapping[str, str]) -> Sources:
    """``own``, the library sources ``roots``, and whatever these import; sorted by name.

    Library sources come from ``node_modules``, or else as they were shipped.
    Raises ArtifactsStale when one is in neither place.
    """
    found: Sources = {}
    waiting = [*own, *roots]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found[name] = own[name] if name in own else _library(name, contracts=contracts, shipped=shipped)
        waiting.extend(_imports(name, found[name]))
    return dict(sorted(found.items()))


def _imports(name: str, text: str) -> list[str]:
    directory = posixpath.dirname(name)
    return [
        posixpath.normpath(posixpath.join(directory, target)) if target.startswith(".") else target
        for target in _IMPORT.findall(text)
    ]


def _library(name: str, *, contracts: Path, shipped: Mapping[str, str]) -> str:
    installed = contracts / "node_modules" / name
    if installed.is_file():
        return installed.read_bytes().decode()
    if name in shipped:
        return shipped[name]
    raise ArtifactsStale("an imported source is neither installed (npm ci) nor shipped", source=name)
