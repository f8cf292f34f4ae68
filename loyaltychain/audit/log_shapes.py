"""Contract logs as facts: which the auditor knows, and how their bytes are read (PROTOCOL §9, EIP-1967, OpenZeppelin).

Reads strictly: a log that starts like a known one and is not exactly that is unreadable, never guessed at.
"""

from dataclasses import dataclass
from typing import Final

from loyaltychain.chain.rpc import Log
from loyaltychain.core.hashing import keccak256, to_hex

WORD: Final = 32
HEADER_TYPES: Final = (
    "uint32", "bytes32", "bytes32", "bytes32", "bytes32", "bytes32", "bytes32", "uint64", "uint32", "uint64", "uint64",
    "uint64",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """Where a log stands. Ordered as the chain orders."""

    block_number: int
    index: int
    block_hash: bytes
    tx_hash: bytes

    @property
    def key(self) -> tuple[int, int]:
        """Sorts as the chain does."""
        return (self.block_number, self.index)


@dataclass(frozen=True, slots=True)
class Fact:
    """One readable log: its name, the contract that wrote it, and its values by name."""

    name: str
    address: str
    place: Place
    numbers: dict[str, int]  # uint, bool (0 or 1)
    octets: dict[str, bytes]  # bytesN, bytes
    addresses: dict[str, str]  # 0x, lower case


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A log that claims to be a known one and is not."""

    name: str
    address: str
    place: Place
    reason: str


@dataclass(frozen=True, slots=True)
class Shape:
    """A log's signature and its values: (name, type) of the indexed ones, then of the others."""

    signature: str
    indexed: tuple[tuple[str, str], ...] = ()
    others: tuple[tuple[str, str], ...] = ()

    @property
    def name(self) -> str:
        """The part before the bracket."""
        return self.signature.partition("(")[0]

    @property
    def topic(self) -> bytes:
        """The log's first topic."""
        return keccak256(self.signature.encode())


_HEADER_NAMES = (
    "batch_id", "prev_hash", "balance_root", "receipt_root", "ledger_head", "program_hash", "data_hash", "time",
    "updates", "issued", "burned", "supply",
)  # fmt: skip

CAP_NAMES: Final = (
    "issuePerBatch", "burnPerBatch", "issuePerPeriod", "burnPerPeriod", "periodSeconds", "supplyCap",
)  # fmt: skip
CAP_TYPES: Final = ("uint48", "uint48", "uint48", "uint48", "uint32", "uint64")
_CAPS = f"({','.join(CAP_TYPES)})"

SHAPES: Final = (
    Shape(
        f"BatchSettled(uint32,bytes32,({','.join(HEADER_TYPES)}))",
        (("id", "uint32"), ("hash", "bytes32")),
        tuple(zip(_HEADER_NAMES, HEADER_TYPES, strict=True)),
    ),
    Shape("BatchData(uint32,bytes)", (("id", "uint32"),), (("content", "bytes"),)),
    Shape(
        "ProgramPublished(bytes32,uint64,uint256)",
        (("hash", "bytes32"),),
        (("from_position", "uint64"), ("index", "uint256")),
    ),
    Shape("WalletBound(uint32,address)", (("member", "uint32"), ("wallet", "address"))),
    Shape("WalletUnbound(uint32,address)", (("member", "uint32"), ("wallet", "address"))),
    Shape("BatchVoided(uint32,uint32,address,uint8)", (("from", "uint32"), ("to", "uint32"), ("by", "address")),
          (("fraud", "uint8"),)),
    Shape("Retraced(uint32,address,uint32,bytes32)", (("id", "uint32"), ("by", "address")),
          (("next_word", "uint32"), ("root", "bytes32"))),
    Shape("WordSynced(uint32,uint32)", (("index", "uint32"), ("id", "uint32"))),
    Shape("RootModeProposed(uint32,bytes32,uint32)", (("id", "uint32"),),
          (("root", "bytes32"), ("challenge_window", "uint32"))),
    Shape("WordsCounted(bytes32,uint256)", (), (("root", "bytes32"), ("contest_end", "uint256"))),
    Shape("RootModeCancelled(uint32,address)", (("index", "uint32"), ("by", "address"))),
    Shape("RootModeActivated(uint32,bytes32)", (("id", "uint32"),), (("root", "bytes32"),)),
    Shape("TransferLogsChanged(bool)", (), (("on", "bool"),)),
    Shape("Transfer(address,address,uint256)", (("from", "address"), ("to", "address")), (("value", "uint256"),)),
    Shape("LedgerPaused(address)", (("by", "address"),)),
    Shape("LedgerUnpaused(address)", (("by", "address"),)),
    Shape(
        f"CapsChanged({_CAPS},{_CAPS})",
        (),
        tuple((prefix + name, kind) for prefix in ("before.", "")
              for name, kind in zip(CAP_NAMES, CAP_TYPES, strict=True)),
    ),
    Shape("SettlerChanged(address,address)", (("before", "address"), ("present", "address"))),
    Shape("Upgraded(address)", (("implementation", "address"),)),
    Shape("AuthorityUpdated(address)", (), (("authority", "address"),)),
    Shape(
        "RoleGranted(uint64,address,uint32,uint48,bool)",
        (("role", "uint64"), ("account", "address")),
        (("delay", "uint32"), ("since", "uint48"), ("is_new", "bool")),
    ),
    Shape("RoleRevoked(uint64,address)", (("role", "uint64"), ("account", "address"))),
    Shape("RoleAdminChanged(uint64,uint64)", (("role", "uint64"), ("admin", "uint64"))),
    Shape("RoleGuardianChanged(uint64,uint64)", (("role", "uint64"), ("guardian", "uint64"))),
    Shape("RoleGrantDelayChanged(uint64,uint32,uint48)", (("role", "uint64"),),
          (("delay", "uint32"), ("since", "uint48"))),
    Shape("TargetClosed(address,bool)", (("target", "address"),), (("closed", "bool"),)),
    Shape("TargetFunctionRoleUpdated(address,bytes4,uint64)", (("target", "address"), ("role", "uint64")),
          (("selector", "bytes4"),)),
    Shape("TargetAdminDelayUpdated(address,uint32,uint48)", (("target", "address"),),
          (("delay", "uint32"), ("since", "uint48"))),
    Shape("OperationScheduled(bytes32,uint32,uint48,address,address,bytes)", (("id", "bytes32"), ("nonce", "uint32")),
          (("due", "uint48"), ("caller", "address"), ("target", "address"), ("call", "bytes"))),
    Shape("OperationExecuted(bytes32,uint32)", (("id", "bytes32"), ("nonce", "uint32"))),
    Shape("OperationCanceled(bytes32,uint32)", (("id", "bytes32"), ("nonce", "uint32"))),
)  # fmt: skip

_BY_TOPIC = {shape.topic: shape for shape in SHAPES}


def read_log(log: Log) -> Fact | Unreadable | None:
    """What a log says; None when the auditor has no use for logs of its kind."""
    shape = _BY_TOPIC.get(log.topics[0]) if log.topics else None
    if shape is None:
        return None
    place = Place(log.block_number, log.index, log.block_hash, log.tx_hash)
    fact = Fact(shape.name, log.address, place, {}, {}, {})
    if len(log.topics) != 1 + len(shape.indexed):
        return Unreadable(shape.name, log.address, place, f"{len(log.topics)} topics")
    words = list(log.topics[1:]) + [log.data[at : at + WORD] for at in range(0, len(log.data), WORD)]
    if shape.others and shape.others[-1][1] == "bytes":
        tail = _read_tail(log.data, words=len(shape.others))
        if tail is None:
            return Unreadable(shape.name, log.address, place, "its bytes are not encoded as they should be")
        fact.octets[shape.others[-1][0]] = tail
        words = words[: len(shape.indexed) + len(shape.others) - 1]
    fields = [field for field in (*shape.indexed, *shape.others) if field[1] != "bytes"]
    if len(words) != len(fields) or any(len(word) != WORD for word in words):
        return Unreadable(shape.name, log.address, place, f"{len(log.data)} bytes of content")
    for (name, kind), word in zip(fields, words, strict=True):
        if not _store(fact, name, kind=kind, word=word):
            return Unreadable(shape.name, log.address, place, f"{name} is no {kind}: {to_hex(word)}")
    return fact


def _store(fact: Fact, name: str, *, kind: str, word: bytes) -> bool:
    if kind.startswith("bytes"):
        size = int(kind.removeprefix("bytes"))
        fact.octets[name] = word[:size]
        return not any(word[size:])
    bits = {"address": 160, "bool": 1}.get(kind) or int(kind.removeprefix("uint"))
    number = int.from_bytes(word)
    if kind == "address":
        fact.addresses[name] = to_hex(word[-20:])
    else:
        fact.numbers[name] = number
    return number < 1 << bits


def _read_tail(content: bytes, *, words: int) -> bytes | None:
    """The ``bytes`` that is the last of ``words`` values, or None when ``content`` is not exactly their encoding."""
    head = WORD * words
    size = int.from_bytes(content[head : head + WORD])
    tail = content[head + WORD : head + WORD + size]
    whole = head.to_bytes(WORD) + size.to_bytes(WORD) + tail + bytes(-len(tail) % WORD) if size < 1 << 32 else b""
    return tail if whole == content[head - WORD :] and len(tail) == size else None
