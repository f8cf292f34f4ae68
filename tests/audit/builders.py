"""Sample batches, logs and receipts for the auditor's tests, made without the auditor's own code."""

from collections.abc import Mapping, Sequence

import eth_abi

from loyaltychain.chain.rpc import Log
from loyaltychain.core import canonical
from loyaltychain.core.hashing import keccak256, to_hex

CHAIN_ID = 131277322940537
LEDGER = "0x" + "1e" * 20
REGISTRY = "0x" + "2e" * 20
ACCESS = "0x" + "3e" * 20
CHALLENGER = "0x" + "c4" * 20
PROGRAM = keccak256(b"a programme")
HEADER_FIELDS = (
    "uint32", "bytes32", "bytes32", "bytes32", "bytes32", "bytes32", "bytes32", "uint64", "uint32", "uint64", "uint64",
    "uint64",
)  # fmt: skip
TYPEHASH = keccak256(
    b"BatchHeader(uint256 chainId,address ledger,uint32 batchId,bytes32 prevHash,bytes32 balanceRoot,"
    b"bytes32 receiptRoot,bytes32 ledgerHead,bytes32 programHash,bytes32 dataHash,uint64 time,uint32 updates,"
    b"uint64 issued,uint64 burned,uint64 supply)"
)


def encode_records(deltas: Mapping[int, int]) -> bytes:
    """The one encoding of these deltas, straight from the protocol's page."""
    content = b"\x01"
    number = 0
    for member, delta in sorted(deltas.items()):
        gap, number = member - number, member
        if gap <= 255 and -(2**15) <= delta < 2**15:
            content += bytes([gap]) + delta.to_bytes(2, "big", signed=True)
        else:
            content += b"\x00" + gap.to_bytes(4, "big") + delta.to_bytes(5, "big", signed=True)
    return content


def full_root(words: Mapping[int, int], *, depth: int) -> bytes:
    """The root over 2**depth words, every leaf of them hashed."""
    nodes = [_node(b"\x00", words.get(index, 0).to_bytes(32, "big")) for index in range(2**depth)]
    while len(nodes) > 1:
        nodes = [_node(b"\x01", nodes[at] + nodes[at + 1]) for at in range(0, len(nodes), 2)]
    return nodes[0]


def sparse_root(words: Mapping[int, int], *, depth: int = 24, prefix: int = 0) -> bytes:
    """The same root, by going down only where there are words."""
    inside = {index: word for index, word in words.items() if index >> depth == prefix and word}
    if not inside:
        return bytes(32)
    if depth == 0:
        return _node(b"\x00", inside[prefix].to_bytes(32, "big"))
    halves = [sparse_root(inside, depth=depth - 1, prefix=2 * prefix + side) for side in (0, 1)]
    return _node(b"\x01", halves[0] + halves[1])


def make_header(**changes: object) -> tuple[object, ...]:
    """A header's twelve values in the protocol's order."""
    values: dict[str, object] = {
        "batch_id": 1, "prev_hash": b"\x01" * 32, "balance_root": b"\x02" * 32, "receipt_root": b"\x03" * 32,
        "ledger_head": b"\x04" * 32, "program_hash": b"\x05" * 32, "data_hash": b"\x06" * 32, "time": 1767225600,
        "updates": 2, "issued": 30, "burned": 4, "supply": 126,
    }  # fmt: skip
    assert changes.keys() <= values.keys(), changes
    return tuple((values | changes).values())


def hash_header(header: Sequence[object]) -> bytes:
    """The batch hash of a header, by the ABI library: 28 bytes and four of zero."""
    types = ["bytes32", "uint256", "address", *HEADER_FIELDS]
    return keccak256(eth_abi.encode(types, [TYPEHASH, CHAIN_ID, LEDGER, *header]))[:28] + bytes(4)


GENESIS_HASH = hash_header((0, *[bytes(32)] * 6, 0, 0, 0, 0, 0))


def make_log(signature: str, *, topics: Sequence[bytes] = (), data: bytes = b"", **place: object) -> Log:
    """A log with its place; ``block`` and ``index`` may be given."""
    block = int(str(place.get("block", 10)))
    return Log(
        address=str(place.get("address", LEDGER)),
        topics=(keccak256(signature.encode()), *topics),
        data=data,
        block_number=block,
        block_hash=block.to_bytes(32, "big"),
        tx_hash=(1000 + block).to_bytes(32, "big"),
        index=int(str(place.get("index", 0))),
    )


def word(number: int) -> bytes:
    """A number as 32 bytes."""
    return number.to_bytes(32, "big")


def address_word(address: str) -> bytes:
    """An address as 32 bytes."""
    return bytes.fromhex(address[2:]).rjust(32, b"\x00")


def publication_log(program: bytes = PROGRAM, *, position: int = 1, index: int = 0, block: int = 5) -> Log:
    """A published programme."""
    data = eth_abi.encode(["uint64", "uint256"], [position, index])
    return make_log(
        "ProgramPublished(bytes32,uint64,uint256)", topics=[program], data=data, address=REGISTRY, block=block
    )


def settled_logs(header: Sequence[object], content: bytes, *, block: int) -> list[Log]:
    """The two logs of a settled batch."""
    batch_id = word(int(str(header[0])))
    settled = make_log(
        f"BatchSettled(uint32,bytes32,({','.join(HEADER_FIELDS)}))",
        topics=[batch_id, hash_header(header)],
        data=eth_abi.encode([f"({','.join(HEADER_FIELDS)})"], [tuple(header)]),
        block=block,
    )
    logged = make_log(
        "BatchData(uint32,bytes)", topics=[batch_id], data=eth_abi.encode(["bytes"], [content]), block=block, index=1
    )
    return [settled, logged]


class History:
    """A growing history of batches, each on the one before, with true roots unless told otherwise."""

    def __init__(self) -> None:
        self.logs: list[Log] = [publication_log()]
        self.balances: dict[int, int] = {}
        self.batch_id = 0
        self.last_hash = GENESIS_HASH
        self.supply = 0
        self._before: dict[int, tuple[dict[int, int], bytes, int]] = {}

    @property
    def words(self) -> dict[int, int]:
        """All packed words."""
        words: dict[int, int] = {}
        for member, balance in self.balances.items():
            words[member // 8] = words.get(member // 8, 0) + (max(balance, 0) << (32 * (member % 8)))
        return words

    @property
    def next_block(self) -> int:
        """Where the next log stands."""
        return 10 + len(self.logs)

    def settle(self, deltas: Mapping[int, int], *, content: bytes | None = None, **changes: object) -> None:
        """Adds a batch; ``changes`` replace values of its header."""
        before = (dict(self.balances), self.last_hash, self.supply)
        for member, delta in deltas.items():
            self.balances[member] = self.balances.get(member, 0) + delta
        content = encode_records(deltas) if content is None else content
        self.batch_id += 1
        values: dict[str, object] = {
            "batch_id": self.batch_id,
            "prev_hash": self.last_hash,
            "balance_root": sparse_root(self.words),
            "receipt_root": bytes(32),
            "program_hash": PROGRAM,
            "data_hash": keccak256(content),
            "updates": len(deltas),
            "issued": sum(delta for delta in deltas.values() if delta > 0),
            "burned": -sum(delta for delta in deltas.values() if delta < 0),
        } | changes
        self.supply += int(str(values["issued"])) - int(str(values["burned"]))
        header = make_header(**({"supply": self.supply} | values))
        self.batch_id = int(str(header[0]))
        self._before[self.batch_id] = before
        self.last_hash = hash_header(header)
        self.logs += settled_logs(header, content, block=self.next_block)

    def void(self, first: int, fraud: int = 3, *, last: int | None = None) -> None:
        """The batches from ``first`` on never were."""
        self.balances, self.last_hash, self.supply = self._before[first]
        topics = [word(first), word(last or self.batch_id), address_word(CHALLENGER)]
        self.log("BatchVoided(uint32,uint32,address,uint8)", topics, word(fraud))

    def sync(self, index: int, batch_id: int) -> None:
        """A word was written as it was after a batch."""
        self.log("WordSynced(uint32,uint32)", [word(index), word(batch_id)])

    def propose(self, root: bytes | None = None, *, batch_id: int | None = None, window: int = 3_600) -> None:
        """A switch to root mode is proposed, on the true root unless told otherwise."""
        data = eth_abi.encode(["bytes32", "uint32"], [root or sparse_root(self.words), window])
        self.log("RootModeProposed(uint32,bytes32,uint32)", [word(batch_id or self.batch_id)], data)

    def activate(self, root: bytes | None = None) -> None:
        """The switch is done."""
        self.log("RootModeActivated(uint32,bytes32)", [word(self.batch_id)], root or sparse_root(self.words))

    def log(self, signature: str, topics: Sequence[bytes], data: bytes = b"") -> None:
        """Any log of the ledger."""
        self.logs.append(make_log(signature, topics=topics, data=data, block=self.next_block))


def make_reversal() -> dict[str, object]:
    """An entry that takes 100 points back, of which the member had 60 and owes 40."""
    return {
        "cause": "shop/RET-1", "details": {"award": "shop/INV-1"}, "id": "reverse:shop/RET-1", "kind": "reverse",
        "member": 17, "occurred_at": 1767225700,
        "postings": [
            {"amount": 60, "from": "member:17:available", "to": "program:reversed", "unit": "points"},
            {"amount": 40, "from": "member:17:debt", "to": "program:reversed", "unit": "points"},
        ],
        "program": None, "rule": None,
    }  # fmt: skip


def make_receipt(entry: Mapping[str, object] | None = None, *, amount: int = 12) -> dict[str, object]:
    """A receipt that proves itself: the second of three leaves, of a batch with a consistent header."""
    entry = entry or {
        "cause": "shop/INV-1", "id": "earn:shop/INV-1:spend", "kind": "earn", "member": 17, "occurred_at": 1767225600,
        "postings": [{"amount": 12, "from": "program:issued", "to": "member:17:available", "unit": "points"}],
        "program": to_hex(PROGRAM), "rule": "spend",
    }  # fmt: skip
    digest = canonical.digest(entry)
    salt = keccak256(b"salt")
    types = ["uint256", "address", "uint32", "uint32", "uint32", "string", "int256", "bytes32", "bytes32"]
    values = [CHAIN_ID, LEDGER, 1, 1, 17, "points", amount, digest, salt]
    leaf = keccak256(keccak256(eth_abi.encode(types, values)))
    siblings = [keccak256(b"one"), keccak256(b"two")]
    root = leaf
    for sibling in siblings:
        root = keccak256(min(root, sibling) + max(root, sibling))
    header = make_header(receipt_root=root, program_hash=PROGRAM, prev_hash=GENESIS_HASH)
    names = (
        "batchId", "prevHash", "balanceRoot", "receiptRoot", "ledgerHead", "programHash", "dataHash", "time",
        "updates", "issued", "burned", "supply",
    )  # fmt: skip
    batch = {
        name: to_hex(value) if isinstance(value, bytes) else value for name, value in zip(names, header, strict=True)
    }
    return {
        "format": "loyaltychain/receipt/v1",
        "chain_id": CHAIN_ID,
        "ledger": LEDGER,
        "network": "local",
        "batch": {**batch, "batchHash": to_hex(hash_header(header))},
        "index": 1,
        "member": 17,
        "unit": "points",
        "amount": amount,
        "entry": dict(entry),
        "entry_digest": to_hex(digest),
        "salt": to_hex(salt),
        "proof": [to_hex(sibling) for sibling in siblings],
    }


def _node(domain: bytes, content: bytes) -> bytes:
    return keccak256(domain + content) if any(content) else bytes(32)
