"""Where an upgrade can be tried without anybody noticing: a copy of the local chain, or a fork by anvil.

Both are chains of their own in this machine's memory; whoever holds a role there can be acted for without its key.
"""

import contextlib
import json
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from loyaltychain.chain.devkeys import development_addresses, development_keys
from loyaltychain.chain.nodes import Nodes
from loyaltychain.chain.rpc import Rpc, Web3Rpc
from loyaltychain.chain.signer import AllowedCall, KeySigner, PrivateKey, UnsignedTx
from loyaltychain.core import errors
from loyaltychain.core.hashing import from_hex, to_hex
from loyaltychain.localchain.local_chain import LocalChain
from loyaltychain.localchain.provider import InProcessProvider

_GAS = 30_000_000
_FEE = 10**12  # wei a gas
_RICH = hex(10**24)
_START_SECONDS = 30
_PAUSE = 0.05  # seconds between two looks
_READ_SECONDS = 30  # a fork asks the node behind it first
_LOCAL_STATE = "loyaltychain_state"


class Ground(Protocol):
    """A chain to try things on."""

    name: str
    rpc: Web3Rpc

    def act(self, sender: str, target: str | None, calldata: bytes) -> str | None:
        """Mine a transaction of ``sender``; the address of what it created. Raises Reverted when it fails."""

    def travel(self, seconds: int) -> None:
        """Let time pass."""


class LocalCopy:
    """The project's local chain, copied: its keys are development keys, so everybody can be acted for."""

    name = "a copy of the local chain"

    def __init__(self, file: Path) -> None:
        self.chain = LocalChain(file)
        self.rpc = Web3Rpc(InProcessProvider(self.chain))
        self._keys = dict(zip(development_addresses(), development_keys(), strict=True))

    def act(self, sender: str, target: str | None, calldata: bytes) -> str | None:
        """As ``Ground.act``. Raises InvalidSettings for a role that has no development key."""
        if sender.lower() not in self._keys:
            raise errors.InvalidSettings("This role has a key of its own, which is not used on a copy.", address=sender)
        key = PrivateKey(bytes.fromhex(self._keys[sender.lower()]))
        allowed = [] if target is None else [AllowedCall(target, calldata[:4])]
        signer = KeySigner(key, allowed, chain_id=self.rpc.chain_id(), allowed_creations=target is None)
        nonce = self.rpc.nonce(sender)
        signed = signer.sign(UnsignedTx(self.rpc.chain_id(), nonce, target, calldata, gas=_GAS, max_fee=_FEE, tip=0))
        self.rpc.send_raw(signed.raw)
        return _created(self.rpc, sender, target, calldata, signed.tx_hash)

    def travel(self, seconds: int) -> None:
        """As ``Ground.travel``."""
        self.rpc.ask("evm_increaseTime", hex(seconds))
        self.rpc.ask("evm_mine")


class AnvilFork:
    """A fork of any chain, at its newest block."""

    name = "a fork by anvil"

    def __init__(self, rpc: Web3Rpc) -> None:
        self.rpc = rpc

    def act(self, sender: str, target: str | None, calldata: bytes) -> str | None:
        """As ``Ground.act``."""
        self.rpc.ask("anvil_setBalance", sender, _RICH)
        self.rpc.ask("anvil_impersonateAccount", sender)
        to = {} if target is None else {"to": target}
        sent = self.rpc.ask(
            "eth_sendTransaction", {"from": sender, "data": to_hex(calldata), "gas": hex(_GAS // 2), **to}
        )
        return _created(self.rpc, sender, target, calldata, from_hex(str(sent)))

    def travel(self, seconds: int) -> None:
        """As ``Ground.travel``."""
        self.rpc.ask("evm_increaseTime", hex(seconds))
        self.rpc.ask("evm_mine")


@contextlib.contextmanager
def find_ground(rpc: Rpc, *, rpc_url: str | None) -> Iterator[Ground | None]:
    """A place to try things on what ``rpc`` serves; None where there is none: no local chain, and no anvil."""
    state = _local_state(rpc)
    if state is not None:
        with tempfile.TemporaryDirectory() as directory:
            file = Path(directory) / "copy.sqlite"
            file.write_bytes(state)
            ground = LocalCopy(file)
            try:
                yield ground
            finally:
                ground.chain.close()
        return
    binary = find_anvil()
    if binary is None or rpc_url is None:
        yield None
        return
    with _forking(binary, rpc_url) as forked:
        yield AnvilFork(forked)


def find_anvil() -> str | None:
    """Foundry's node: on the PATH, or where scripts/tools.py puts it."""
    here = Path(__file__).resolve().parents[2] / ".tools"
    local = sorted(path for path in here.glob("anvil-*/anvil*") if path.is_file())
    return shutil.which("anvil") or (str(local[-1]) if local else None)


def _local_state(rpc: Rpc) -> bytes | None:
    if not isinstance(rpc, Web3Rpc | Nodes):
        return None
    try:
        return from_hex(str(rpc.ask(_LOCAL_STATE)))
    except (errors.RpcUnavailable, errors.Reverted, ValueError):
        return None


@contextlib.contextmanager
def _forking(binary: str, url: str) -> Iterator[Web3Rpc]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with tempfile.TemporaryDirectory() as cache:
        command = [
            binary,
            "--port",
            str(port),
            "--silent",
            "--cache-path",
            cache,
            "--fork-url",
            url,
            "--no-storage-caching",
        ]
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as node:  # noqa: S603
            try:
                rpc = Web3Rpc.connect(f"http://127.0.0.1:{port}", read_seconds=_READ_SECONDS, rests=False)
                _wait(rpc, node)
                yield rpc
            finally:
                node.kill()


def _wait(rpc: Web3Rpc, node: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            rpc.chain_id()
            return
        except errors.RpcUnavailable as error:
            if node.poll() is not None or time.monotonic() > deadline:
                raise errors.RpcUnavailable("anvil could not fork this chain.") from error
            time.sleep(_PAUSE)


def _created(rpc: Rpc, sender: str, target: str | None, calldata: bytes, tx_hash: bytes) -> str | None:
    deadline = time.monotonic() + _START_SECONDS
    while (receipt := rpc.receipt(tx_hash)) is None and time.monotonic() < deadline:
        time.sleep(_PAUSE)  # anvil answers before it has mined
    if receipt is None or receipt.status != 1:
        rpc.call(target, calldata, sender=sender)  # says why
        raise errors.Reverted(reason=json.dumps({"transaction": to_hex(tx_hash)}))
    return receipt.contract_address
