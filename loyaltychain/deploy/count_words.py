"""Counts the ledger's stored words into the root that was proposed for root mode, some hundred words a transaction.

What is counted already is found out from the contract's own root of it, so this can be stopped and started again.
Docs: docs/PROTOCOL.md, section 12.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from loyaltychain.chain import artifacts
from loyaltychain.chain.abi import encode_call, selector
from loyaltychain.chain.rpc import Rpc
from loyaltychain.chain.sender import Sender
from loyaltychain.chain.signer import AllowedCall
from loyaltychain.core import errors
from loyaltychain.core.hashing import ZERO_HASH, keccak256, to_hex
from loyaltychain.deploy.calls import call_once, finish_begun
from loyaltychain.deploy.reader import Reader

DEPTH = 24
#: Words a transaction: about 4,000 gas each. A power of two, so that a part is a whole subtree.
CHUNK = 256
LEDGER = "PointsLedger"

OnPart = Callable[[int, int], None]  # words done, of how many


@dataclass(frozen=True, slots=True)
class Switch:
    """The switch as the contract has it: nothing of it is there while ``is_pending`` is False."""

    root: bytes
    counted: bytes
    contest_end: int  # unix seconds; 0 until all words are counted
    is_pending: bool


class CountedWords:
    """The tree over the words counted so far; words come in whole aligned parts."""

    def __init__(self) -> None:
        self._levels: list[dict[int, bytes]] = [{} for _ in range(DEPTH + 1)]

    @property
    def root(self) -> bytes:
        """32 bytes."""
        return self._levels[DEPTH].get(0, ZERO_HASH)

    def siblings(self, first: int, count: int) -> list[bytes]:
        """Of the words ``first`` to ``first + count - 1``, from below; ``count`` is a power of two and divides it."""
        height = count.bit_length() - 1
        return [self._levels[at].get((first >> at) ^ 1, ZERO_HASH) for at in range(height, DEPTH)]

    def add(self, first: int, words: Sequence[int]) -> None:
        """Count these words."""
        leaves = {first + place: _leaf(word) for place, word in enumerate(words) if word}
        self._levels[0] |= leaves
        places = set(leaves)
        for height in range(DEPTH):
            places = {place >> 1 for place in places}
            below = self._levels[height]
            for place in places:
                left, right = below.get(2 * place, ZERO_HASH), below.get(2 * place + 1, ZERO_HASH)
                self._levels[height + 1][place] = keccak256(b"\x01" + left + right)


def allowed_calls(manifest: Mapping[str, Any]) -> list[AllowedCall]:
    """What whoever counts and activates has to sign; anybody may."""
    ledger = manifest["contracts"][LEDGER]["address"]
    signatures = ("countWords(uint32,uint32,bytes32[])", "activateRootMode()")
    return [AllowedCall(ledger, selector(signature)) for signature in signatures]


def read_switch(rpc: Rpc, manifest: Mapping[str, Any]) -> Switch:
    """Raises RpcUnavailable, Reverted."""
    reader = Reader(rpc, rpc.block("latest").number)
    root, counted, end = reader.ask(LEDGER, manifest["contracts"][LEDGER]["address"], "pendingSwitch")
    return Switch(bytes(root), bytes(counted), end, is_pending=end != 0 or root != ZERO_HASH)


def count_words(
    sender: Sender, manifest: Mapping[str, Any], *, signer: str, words: int, chunk: int = CHUNK, on_part: OnPart
) -> int:
    """Count the words 0 to ``words - 1``. Returns how many transactions that took now.

    Args:
        signer: Whose key ``sender`` has; it pays.
        words: One more than the last word that may hold a balance.
        chunk: A power of two.

    Raises:
        InvalidOperation: no switch is proposed, or somebody else has counted words out of order.
        RootMismatch: the stored words do not give the proposed root.
        Reverted, IntentReverted, NonceTaken, RpcUnavailable: as ``Sender.execute``. Ask again when it is mended.
    """
    finish_begun(sender, manifest, signer=signer)
    switch = read_switch(sender.rpc, manifest)
    if not switch.is_pending:
        raise errors.InvalidOperation("No switch to root mode is proposed: `loyaltychain mode propose` begins one.")
    if switch.contest_end:
        return 0
    abi, ledger = artifacts.load(LEDGER).abi, manifest["contracts"][LEDGER]["address"]
    tree, is_found, sent = CountedWords(), switch.counted == ZERO_HASH, 0
    for first, part in _parts(sender.rpc, ledger, words, chunk):
        siblings = tree.siblings(first, chunk)
        tree.add(first, part)
        if is_found and any(part):
            calldata = encode_call(abi, "countWords", (first, chunk, siblings))
            call_once(sender, manifest, signer=signer, target=ledger, calldata=calldata)
            sent += 1
        is_found = is_found or tree.root == switch.counted
        on_part(min(first + chunk, words), words)
    if not is_found:
        raise errors.InvalidOperation(
            "Words were counted in another order than this command's, or with another --chunk: go on with that one, or "
            "`loyaltychain mode cancel` and propose again.",
            counted=to_hex(switch.counted),
        )
    if tree.root != switch.root:
        raise errors.RootMismatch(
            "The stored words do not give the proposed root: it is not the root of the last batch's balances.",
            proposed=to_hex(switch.root),
            stored=to_hex(tree.root),
        )
    return sent


def activate(sender: Sender, manifest: Mapping[str, Any], *, signer: str) -> None:
    """Enter root mode.

    Raises:
        InvalidOperation: no switch is under way, or not all words are counted.
        Reverted: the contest runs; ``reason`` says until when. Else as ``Sender.execute``.
    """
    finish_begun(sender, manifest, signer=signer)
    if read_switch(sender.rpc, manifest).contest_end == 0:
        raise errors.InvalidOperation("There is nothing to activate: propose the switch and count the words first.")
    call = encode_call(artifacts.load(LEDGER).abi, "activateRootMode", ())
    ledger = manifest["contracts"][LEDGER]["address"]
    call_once(sender, manifest, signer=signer, target=ledger, calldata=call)


def _parts(rpc: Rpc, ledger: str, words: int, chunk: int) -> Iterator[tuple[int, list[int]]]:
    assert chunk & (chunk - 1) == 0, "a part is a whole subtree"
    for first in range(0, words, chunk):
        yield first, [_word(rpc, ledger, index) if index < words else 0 for index in range(first, first + chunk)]


def _word(rpc: Rpc, ledger: str, index: int) -> int:
    return int.from_bytes(rpc.call(ledger, selector("wordAt(uint32)") + index.to_bytes(32, "big")), "big")


def _leaf(word: int) -> bytes:
    return keccak256(b"\x00" + word.to_bytes(32, "big"))
