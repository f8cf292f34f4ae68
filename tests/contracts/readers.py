"""The readers and the plain decoder on a chain of their own, and what the tests' own reading says of the same bytes."""

from dataclasses import dataclass
from itertools import pairwise

from eth_abi.abi import decode

from tests.contracts import evm
from tests.contracts.dense import read_dense
from tests.contracts.records import read_records
from tests.contracts.rice import read_rice

EVERYTHING = (0, 2**256 - 1)
READING = "(bool,uint256,uint256,uint256,uint256[])"
OWN = {1: read_records, 2: read_rice, 3: read_dense}


@dataclass(frozen=True, slots=True)
class Reading:
    """What `readData` says of well-formed data: the deltas are those of the words that were asked for."""

    updates: int
    issued: int
    burned: int
    deltas: dict[int, int]


@dataclass(frozen=True, slots=True)
class Readers:
    chain: evm.Chain
    proofs: str
    reference: str

    def read(self, data: bytes, words: tuple[int, int] = EVERYTHING) -> Reading | None:
        """What the reader makes of the bytes; None for malformed ones."""
        answer = evm.ask(self.chain, self.proofs, evm.encode("BatchProofs", "readData", data, *words))
        (is_malformed, updates, issued, burned, changes), = decode([READING], answer)  # fmt: skip
        if is_malformed:
            assert (updates, issued, burned, changes) == (0, 0, 0, ())
            return None
        assert all(before >> 64 < after >> 64 for before, after in pairwise(changes))
        return Reading(updates, issued, burned, {c >> 64: to_signed(c % 2**64) for c in changes})

    def decode(self, data: bytes) -> dict[int, int] | None:
        """What the plain decoder makes of the bytes; None for malformed ones."""
        answer = evm.ask(self.chain, self.reference, evm.encode("DataReference", "decode", data))
        well_formed, updates = decode(["bool", "(uint32,int64)[]"], answer)
        assert well_formed or not updates
        return dict(updates) if well_formed else None

    def gas_of(self, data: bytes, words: tuple[int, int]) -> int:
        """Gas of a transaction that has the bytes read, calldata included."""
        calldata = evm.encode("BatchProofs", "readData", data, *words)
        return int(evm.send(self.chain, self.proofs, calldata, sender=self.chain.w3.eth.accounts[0])["gasUsed"])


def start_readers() -> Readers:
    chain = evm.start_chain()
    return Readers(chain, evm.deploy(chain, "BatchProofs"), evm.deploy(chain, "DataReference"))


def to_signed(value: int) -> int:
    return value - 2**64 if value >= 2**63 else value


def own_reading(data: bytes) -> dict[int, int] | None:
    """The deltas by the tests' own reading; None for malformed data."""
    return OWN[data[0]](data) if data and data[0] in OWN else None


def expected_of(deltas: dict[int, int] | None, words: tuple[int, int] = EVERYTHING) -> Reading | None:
    """What a reader must say of data that hold these deltas."""
    if deltas is None:
        return None
    values = deltas.values()
    kept = {member: delta for member, delta in deltas.items() if words[0] <= member // 8 <= words[1]}
    return Reading(len(deltas), sum(v for v in values if v > 0), -sum(v for v in values if v < 0), kept)
