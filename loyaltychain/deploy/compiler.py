"""Finds a Solidity compiler of exactly one build: native first, WebAssembly on node as the fallback.

Both give the same bytes for the same input. Compiles nothing itself (that is ``deploy/compile.py``), and knows no
download address: py-solc-x and npm know where theirs are.

Environment: LOYALTYCHAIN_SOLC (path of a compiler, used as it is), LOYALTYCHAIN_SOLC_MODE (auto, native, wasm),
LOYALTYCHAIN_SOLC_TIMEOUT (seconds for a download), LOYALTYCHAIN_OFFLINE (set: download nothing),
LOYALTYCHAIN_CACHE (directory).
"""

import hashlib
import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Mapping
from importlib import resources
from pathlib import Path

import solcx
from solcx.exceptions import SolcError, SolcNotInstalled
from solcx.wrapper import get_version_str_from_solc_binary

from loyaltychain.core.errors import CompilerUnavailable
from loyaltychain.deploy.soljson import find_node, find_soljson

SOLC_VERSION = "0.8.37"
SOLC_BUILD = "0.8.37+commit.f401782d"
DEFAULT_TIMEOUT_SECONDS = 120.0

Environ = Mapping[str, str]


def find_solc(contracts: Path | None = None, *, environ: Environ = os.environ) -> Path:
    """An executable that answers like ``solc`` of exactly SOLC_BUILD.

    Args:
        contracts: Directory whose ``node_modules`` may hold npm's ``solc``; None when there is none.

    Raises:
        CompilerUnavailable: none was found, or the one that was found is another build. The facts say what was tried.
    """
    tried: dict[str, str] = {}
    for name, find in _ways(contracts, environ):
        try:
            return _of_pinned_build(find())
        except CompilerUnavailable as refusal:
            tried[name] = str(refusal)
    raise CompilerUnavailable(
        "let py-solc-x download the compiler, install node, or install loyaltychain[solcjs]", build=SOLC_BUILD, **tried
    )


def _ways(contracts: Path | None, environ: Environ) -> list[tuple[str, Callable[[], Path]]]:
    if named := environ.get("LOYALTYCHAIN_SOLC"):
        return [("named", lambda: Path(named))]
    ways: dict[str, Callable[[], Path]] = {
        "native": lambda: _native(environ),
        "wasm": lambda: _wasm(contracts, environ),
    }
    mode = environ.get("LOYALTYCHAIN_SOLC_MODE", "auto")
    if mode != "auto" and mode not in ways:
        raise CompilerUnavailable("LOYALTYCHAIN_SOLC_MODE is auto, native or wasm", mode=mode)
    return [(name, way) for name, way in ways.items() if mode in ("auto", name)]


def _of_pinned_build(executable: Path) -> Path:
    try:
        build = get_version_str_from_solc_binary(executable)
    except (OSError, subprocess.CalledProcessError, SolcError) as error:
        raise CompilerUnavailable("this is no Solidity compiler", path=str(executable), reason=str(error)) from error
    if build != SOLC_BUILD:
        raise CompilerUnavailable("another build of the compiler", path=str(executable), expected=SOLC_BUILD, got=build)
    return executable


def _native(environ: Environ) -> Path:
    try:
        return Path(solcx.install.get_executable(SOLC_VERSION))
    except SolcNotInstalled as absent:
        if environ.get("LOYALTYCHAIN_OFFLINE"):
            raise CompilerUnavailable("not installed, and nothing may be downloaded") from absent
    timeout = float(environ.get("LOYALTYCHAIN_SOLC_TIMEOUT", DEFAULT_TIMEOUT_SECONDS))
    # In a child: py-solc-x sets no time-out on the network, and a child can be ended.
    command = [sys.executable, "-c", f"import solcx; solcx.install_solc({SOLC_VERSION!r})"]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=timeout)  # noqa: S603
        return Path(solcx.install.get_executable(SOLC_VERSION))
    except subprocess.TimeoutExpired as error:
        reason, cause = f"timed out after {timeout} s", Exception(error)
    except subprocess.CalledProcessError as error:
        reason, cause = (str(error.stderr).strip().splitlines() or ["?"])[-1], Exception(error)
    # A download that was cut off would count as installed ever after.
    (Path(solcx.get_solcx_install_folder()) / f"solc-v{SOLC_VERSION}").unlink(missing_ok=True)
    raise CompilerUnavailable("py-solc-x could not install it", reason=reason[:200]) from cause


def _wasm(contracts: Path | None, environ: Environ) -> Path:
    cache = _cache(environ)
    node = find_node()
    soljson = find_soljson(contracts, cache, node=node, offline=bool(environ.get("LOYALTYCHAIN_OFFLINE")))
    shim = Path(str(resources.files("loyaltychain.deploy") / "solc_shim.cjs"))
    return _launcher(cache, [str(node), "--stack-size=4000", str(shim), str(soljson)])


def _launcher(cache: Path, command: list[str]) -> Path:
    """A file that runs ``command`` with the arguments it is given: py-solc-x wants one path."""
    name = "solc-wasm-" + hashlib.sha256("\0".join(command).encode()).hexdigest()[:12]
    if os.name == "nt":
        launcher = cache / f"{name}.cmd"
        text = "@" + " ".join(f'"{part}"' for part in command) + " %*\r\n"
    else:
        launcher = cache / name
        text = f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n'
    write_atomically(launcher, text.encode(), mode=0o755)
    return launcher


def write_atomically(path: Path, content: bytes, *, mode: int = 0o644) -> None:
    """``content`` at ``path``, whole or not at all: another process may look at the same time."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    unfinished.write_bytes(content)
    unfinished.chmod(mode)
    unfinished.replace(path)


def _cache(environ: Environ) -> Path:
    home = environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    cache = Path(environ.get("LOYALTYCHAIN_CACHE") or Path(home) / "loyaltychain")
    cache.mkdir(parents=True, exist_ok=True)
    return cache
