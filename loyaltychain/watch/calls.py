"""The ledger's two functions by which anybody has a false batch voided, as calldata, and what they cost at most.

Pure. Knows sizes and bounds; what the proofs consist of is for ``proofs``.
"""

from collections.abc import Sequence
from dataclasses import astuple, dataclass, field
from typing import Final

from loyaltychain.audit.headers import Header
from loyaltychain.chain import artifacts
from loyaltychain.chain.abi import encode_call, function_selectors

LAST_WORD: Final = 2**24 - 1
CHALLENGE: Final = "challenge"
RETRACE: Final = "retrace"

#: Gas of one call, each figure above what was measured on the contracts (tests/watch/test_gas_bounds.py).
FIXED_GAS: Final = 150_000  # the transaction, the history, the log, and what a void writes
#: Reading the batch's data, by their version: (gas a byte, gas an update of the whole batch).
READING_GAS: Final = {1: (100, 0), 2: (200, 1_000), 3: (40, 0)}
GAS_PER_CHANGE: Final = 1_900  # applying the delta of a member whose word this call opens
GAS_PER_NODE: Final = 1_300  # of the tree, hashed once before the change and once after
GAS_PER_CALLDATA_BYTE: Final = 16  # one that is not zero
FLOOR_PER_CALLDATA_BYTE: Final = 40  # what it costs at least, however little is run (EIP-7623)


@dataclass(frozen=True, slots=True)
class Budget:
    """What one transaction may take."""

    gas: int = 10_000_000
    calldata: int = 120_000  # bytes; nodes refuse transactions of more than 128 KiB


@dataclass(frozen=True, slots=True)
class WordProof:
    """One word before and after a batch, each with its 24 siblings from the leaf upwards."""

    index: int = 0
    old_word: int = 0
    old_siblings: Sequence[bytes] = field(default=())
    new_word: int = 0
    new_siblings: Sequence[bytes] = field(default=())


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the ledger. ``next_word`` is where a retracing stands after it; None for a challenge."""

    function: str
    calldata: bytes
    words: int  # how many words it opens
    next_word: int | None = None

    @property
    def is_last(self) -> bool:
        """Whether the batch is void after it, if it is false at all."""
        return self.next_word is None or self.next_word > LAST_WORD


def challenge_call(previous: Header, disputed: Header, data: bytes, proof: WordProof) -> Call:
    """``IRootMode.challenge``."""
    arguments = [astuple(previous), astuple(disputed), data, astuple(proof)]
    return Call(CHALLENGE, _encode(CHALLENGE, arguments), words=1)


def retrace_call(
    previous: Header,
    disputed: Header,
    data: bytes,
    *,
    last_word: int,
    old_words: Sequence[int],
    siblings: Sequence[bytes],
) -> Call:
    """``IRootMode.retrace``: from where the caller's last call ended up to ``last_word``."""
    arguments = [astuple(previous), astuple(disputed), data, last_word, list(old_words), list(siblings)]
    return Call(RETRACE, _encode(RETRACE, arguments), words=len(old_words), next_word=last_word + 1)


def selectors() -> list[bytes]:
    """The four bytes of the two functions: all that a watcher's key has to sign."""
    abi = artifacts.load("PointsLedger").abi
    return [code for signature, code in function_selectors(abi).items()
            if signature.partition("(")[0] in (CHALLENGE, RETRACE)]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Size:
    """What makes a retrace call large: bytes and updates of the whole batch, and of what it opens the changed balances
    and the nodes of the tree above their words."""

    version: int  # of the data
    data: int
    updates: int
    changes: int
    nodes: int


def fits(budget: Budget, size: Size) -> bool:
    """Whether a retrace call stays within the budget. Data that a liar made slow to read get more than that: else each
    call would open hardly a word, and there would be more calls than the window has blocks."""
    calldata = calldata_bytes(data=size.data, nodes=size.nodes)
    reading = gas_bound(Size(size.version, size.data, size.updates, changes=0, nodes=0))
    return calldata <= budget.calldata and gas_bound(size) <= max(budget.gas, reading + budget.gas * 2 // 5)


def gas_bound(size: Size) -> int:
    """Gas that a retrace call needs at most. The chain's own estimate decides; this one spares it refusals."""
    calldata = calldata_bytes(data=size.data, nodes=size.nodes)
    a_byte, an_update = READING_GAS[size.version]
    run = a_byte * size.data + an_update * size.updates + GAS_PER_CHANGE * size.changes + GAS_PER_NODE * size.nodes
    return FIXED_GAS + max(GAS_PER_CALLDATA_BYTE * calldata + run, FLOOR_PER_CALLDATA_BYTE * calldata)


def calldata_bytes(*, data: int, nodes: int) -> int:
    """Bytes of a retrace call. Words and their siblings together are one more than the nodes above them."""
    heads = 4 + 32 * (2 * 12 + 4)  # the selector, two headers, three offsets and lastWord
    lengths = 3 * 32
    return heads + lengths + (data + 31) // 32 * 32 + 32 * (nodes + 1)


def _encode(function: str, arguments: Sequence[object]) -> bytes:
    return encode_call(artifacts.load("PointsLedger").abi, function, arguments)
