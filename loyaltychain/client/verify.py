"""Check a balance proof by yourself: her word under the balance root, and the root in the batch's hash.

Written from docs/PROTOCOL.md, sections 1, 2 and 4. It asks nobody: whether the chain has this batch hash
(``batchHashOf(uint32)`` on the ledger contract) is the last step, and the caller's.
"""

from collections.abc import Mapping
from typing import Any

from loyaltychain.client.chain_types import BalanceProof
from loyaltychain.core.hashing import from_hex, keccak256

DEPTH = 24
_ZERO = bytes(32)
_HEADER_TYPE = (
    b"BatchHeader(uint256 chainId,address ledger,uint32 batchId,bytes32 prevHash,bytes32 balanceRoot,"
    b"bytes32 receiptRoot,bytes32 ledgerHead,bytes32 programHash,bytes32 dataHash,uint64 time,uint32 updates,"
    b"uint64 issued,uint64 burned,uint64 supply)"
)
_HASHES = ("prevHash", "balanceRoot", "receiptRoot", "ledgerHead", "programHash", "dataHash")
_NUMBERS = (("time", 64), ("updates", 32), ("issued", 64), ("burned", 64), ("supply", 64))
_FREE_BYTES = 4  # of the end of a batch's hash, always zero


class WrongProof(Exception):
    """The proof does not hold; the message says which part."""


def verify_balance(proof: BalanceProof, *, batch_hash: str | None = None) -> int:
    """The balance that the proof proves, in points.

    Args:
        batch_hash: What the ledger contract answers for this batch (0x hex). Without it the proof is only
            consistent in itself: a liar can make one of those.

    Raises WrongProof for what does not hold, or is no proof at all.
    """
    try:
        _check_word(proof)
        computed = hash_header(proof["batch"], chain_id=proof["chain_id"], ledger=proof["ledger"])
        said = from_hex(proof["batch"]["batchHash"])
        known = said if batch_hash is None else from_hex(batch_hash)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise WrongProof(f"This is no whole balance proof: {error!r}.") from error
    if computed != said:
        raise WrongProof("The batch's hash is not that of its header on this chain and in this contract.")
    if computed != known:
        raise WrongProof("The chain has another batch under this number.")
    return proof["balance"]


def hash_header(header: Mapping[str, Any], *, chain_id: int, ledger: str) -> bytes:
    """The batch's hash (32 bytes). Raises KeyError, TypeError, ValueError or OverflowError for what is no header."""
    address = from_hex(ledger.lower())
    if len(address) != 20:
        raise ValueError(f"{ledger!r} is no address")
    words = [keccak256(_HEADER_TYPE), _number(chain_id, 256), bytes(12) + address, _number(header["batchId"], 32)]
    words += [_hash(header[name]) for name in _HASHES]
    words += [_number(header[name], bits) for name, bits in _NUMBERS]
    return keccak256(b"".join(words))[:-_FREE_BYTES] + bytes(_FREE_BYTES)


def root_of(word: int, index: int, siblings: list[bytes]) -> bytes:
    """The balance root (32 bytes) under which word ``index`` is ``word``. Raises ValueError for a wrong shape."""
    if len(siblings) != DEPTH or not 0 <= index < 2**DEPTH or not 0 <= word < 2**256:
        raise ValueError("a proof has 24 siblings of a word of 256 bits below 2^24")
    node = keccak256(b"\x00" + word.to_bytes(32, "big")) if word else _ZERO
    for height, sibling in enumerate(siblings):
        left, right = (sibling, node) if index >> height & 1 else (node, sibling)
        node = _ZERO if left == right == _ZERO else keccak256(b"\x01" + left + right)
    return node


def _check_word(proof: BalanceProof) -> None:
    index, lane = divmod(proof["member"], 8)
    word = int.from_bytes(_hash(proof["word"]), "big")
    if proof["word_index"] != index:
        raise WrongProof("The word is not the member's.")
    if word >> 32 * lane & 0xFFFFFFFF != proof["balance"]:
        raise WrongProof("The balance is not what stands in the member's lane of the word.")
    siblings = [_hash(sibling) for sibling in proof["siblings"]]
    if root_of(word, index, siblings) != _hash(proof["batch"]["balanceRoot"]):
        raise WrongProof("The word does not stand under the batch's balance root.")


def _hash(text: str) -> bytes:
    value = from_hex(text)
    if len(value) != 32:
        raise ValueError(f"{text!r} is not 32 bytes")
    return value


def _number(value: int, bits: int) -> bytes:
    if type(value) is not int or not 0 <= value < 1 << bits:
        raise ValueError(f"{value!r} is no uint{bits}")
    return value.to_bytes(32, "big")
