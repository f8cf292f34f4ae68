"""What ``bench seal`` is compared with: OpenZeppelin's JavaScript library, and trees as anybody would write them first.

Both have to come to the roots that our code comes to, else there is no figure.
"""

import json
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from Crypto.Hash import SHA256
from Crypto.Protocol.KDF import HKDF
from eth_abi.abi import encode
from eth_hash.auto import keccak

from loyaltychain.core import errors
from loyaltychain.core.hashing import from_hex
from loyaltychain.deploy.soljson import find_node
from loyaltychain.settlement.receipt_tree import LEAF_ENCODING, BatchPlace, hash_leaves, make_root

LIBRARY: Final = Path(__file__).parents[2] / "contracts" / "node_modules" / "@openzeppelin" / "merkle-tree"
PLACE: Final = BatchPlace(chain_id=11_155_420, ledger="0x" + "1e" * 20, batch_id=1)
_SCRIPT: Final = Path(__file__).with_name("oz_tree.cjs")
_BALANCE: Final = ("uint32", "uint32")
_TIMEOUT_SECONDS: Final = 600


@dataclass(frozen=True, slots=True)
class PerLeaf:
    """Microseconds a leaf, with its share of the tree."""

    receipt: float
    balance: float


def ask_openzeppelin(n: int) -> PerLeaf | None:
    """Trees over ``n`` receipts, whose salts are given, and ``n`` balances; None without node or the library."""
    try:
        node = find_node()
    except errors.CompilerUnavailable:
        return None
    if not LIBRARY.exists():
        return None
    command = [str(node), str(_SCRIPT), str(LIBRARY), str(n), str(PLACE.chain_id), PLACE.ledger]
    done = subprocess.run(  # noqa: S603 - our own script
        command, check=False, capture_output=True, text=True, timeout=_TIMEOUT_SECONDS
    )
    if done.returncode:
        raise errors.InvariantError("OpenZeppelin's library failed.", output=(done.stdout + done.stderr)[-800:])
    said = json.loads(done.stdout)
    values = (
        (i, i + 1, i % 400 + 1, (7 * i + 1).to_bytes(32), (13 * i + 5).to_bytes(32)) for i in range(n)
    )  # as the script has them
    _prove(from_hex(said["receipts"]["root"]), make_root(hash_leaves(PLACE, values, unit="points")))
    return PerLeaf(*(said[kind]["seconds"] / n * 1e6 for kind in ("receipts", "balances")))


def make_plainly(
    receipts: Sequence[tuple[int, int, int, bytes, bytes]], balances: Sequence[tuple[int, int]]
) -> PerLeaf:
    """The same by ``eth_abi``, ``eth_hash``, ``pycryptodome`` and lists.

    Args:
        receipts: Index, member, amount, entry digest and the member's key; the salt is made of the last two.
        balances: Member and balance, a leaf each.
    """
    started = time.monotonic()
    leaves = []
    for index, member, amount, digest, key in receipts:
        salt = HKDF(key, 32, b"", SHA256, 1, b"loyaltychain/receipt/v1" + digest + b"points")
        leaves.append(
            _leaf(LEAF_ENCODING, (PLACE.chain_id, PLACE.ledger, 1, index, member, "points", amount, digest, salt))
        )
    root = _plain_root(leaves)
    middle = time.monotonic()
    _plain_root([_leaf(_BALANCE, each) for each in balances])
    ended = time.monotonic()
    _prove(root, make_root(leaves))
    return PerLeaf((middle - started) / len(receipts) * 1e6, (ended - middle) / len(balances) * 1e6)


def _leaf(types: Sequence[str], values: Sequence[Any]) -> bytes:
    return keccak(keccak(encode(types, values)))


def _plain_root(leaves: Sequence[bytes]) -> bytes:
    nodes = [b""] * (len(leaves) - 1) + sorted(leaves, reverse=True)
    for at in range(len(leaves) - 2, -1, -1):
        nodes[at] = keccak(b"".join(sorted(nodes[2 * at + 1 : 2 * at + 3])))
    return nodes[0]


def _prove(root: bytes, ours: bytes) -> None:
    if root != ours:
        raise errors.InvariantError("A baseline comes to another root.", root=root, ours=ours)
