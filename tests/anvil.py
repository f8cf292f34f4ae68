"""Foundry's node for tests: found on the PATH or below ``.tools``, started on loopback, always stopped."""

import contextlib
import json
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from loyaltychain.chain.rpc import Web3Rpc
from loyaltychain.core.errors import RpcUnavailable

_ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Anvil:
    """A running node."""

    url: str
    chain_id: int

    @property
    def rpc(self) -> Web3Rpc:
        return Web3Rpc.connect(self.url)

    def ask(self, method: str, *params: object) -> Any:
        """The answer to one request; also what only development nodes know, like ``anvil_setBalance``."""
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
        request = urllib.request.Request(self.url, body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as response:
            answer = json.load(response)
        assert "error" not in answer, answer
        return answer["result"]


def find_anvil() -> str | None:
    """The anvil binary on the PATH or below .tools; never npm's wrapper, whose child outlives it."""
    local = sorted(path for path in (_ROOT / ".tools").rglob("anvil") if path.is_file() and ".bin" not in path.parts)
    return shutil.which("anvil") or (str(local[0]) if local else None)


@contextlib.contextmanager
def running_anvil(*options: str) -> Iterator[Anvil]:
    """A node with these options beside its own port and cache. Skips the test where there is no anvil."""
    binary = find_anvil()
    if binary is None:
        pytest.skip("no anvil binary on the PATH or below .tools: python3 scripts/tools.py")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with tempfile.TemporaryDirectory() as cache:
        # Without a cache of its own, anvil leaves a file a block in the home directory.
        command = [binary, "--port", str(port), "--silent", "--cache-path", cache, *options]
        with subprocess.Popen(command, stdin=subprocess.DEVNULL) as node:
            try:
                url = f"http://127.0.0.1:{port}"
                yield Anvil(url, _first_answer(url))
            finally:
                node.kill()


def _first_answer(url: str) -> int:
    rpc = Web3Rpc.connect(url, rests=False)
    deadline = time.monotonic() + 120
    while True:
        try:
            return rpc.chain_id()
        except RpcUnavailable:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
