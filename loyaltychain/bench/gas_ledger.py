"""One deployed ledger, seasoned, and the batches that the benchmark settles into it. Roots and hashes are real ones.

Seasoned: every slot that a batch writes was written before, the head and the 64 marks. Words are the caller's to
prepare.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from typing import Any

from loyaltychain.bench.gas_chain import Chain, Sent
from loyaltychain.chain import artifacts
from loyaltychain.chain.abi import decode_output, encode_call
from loyaltychain.core.hashing import keccak256
from loyaltychain.settlement.balance_tree import BalanceTree
from loyaltychain.settlement.header import GENESIS_HEADER, Header, batch_hash
from loyaltychain.settlement.types import Mode
from loyaltychain.settlement.words import pack

WINDOW = 3_600  # seconds a batch is pending in root mode: 64 batches, a minute apart, take longer
EMPTY = b"\x01"  # the data of a batch that changes nobody's balance
SEASON = 64  # batches: as many as the contract keeps marks of
_MOST = 2**48 - 1
_CAPS = (_MOST, _MOST, _MOST, _MOST, 86_400, 2**64 - 1)
_REBIND_DELAY = 3_600


@dataclass(frozen=True, slots=True)
class Settled:
    """A settled batch: its transaction, and what proves or disputes it."""

    sent: Sent
    header: Header
    data: bytes
    tree: BalanceTree


class Ledger:
    """A ledger on ``chain``, and what a settler and anybody else knows of it."""

    def __init__(self, chain: Chain, mode: Mode) -> None:
        """Deploy it, and season it with empty batches."""
        self.chain, self.mode = chain, mode
        manager = chain.create("AccessManager", chain.sender)
        self.proofs = chain.create("BatchProofs")
        self.registry = self._deploy("MemberRegistry", manager, chain.sender, _REBIND_DELAY)
        self.address = self._deploy(
            "PointsLedger", manager, chain.sender, _hash("instance"), "Benchmark points", "BENCH", _CAPS,
            self.registry, False, self.proofs, ("push", "root").index(mode), WINDOW if mode == "root" else 0,
        )  # fmt: skip
        chain.call("MemberRegistry", self.registry, "setLedger", self.address)
        self.balances: dict[int, int] = {}
        self._tree = BalanceTree({})
        self.last = GENESIS_HEADER
        while self.last.batch_id < SEASON:
            self.settle({}, EMPTY)

    def settle(self, deltas: Mapping[int, int], data: bytes) -> Settled:
        """Settle ``deltas`` as the encoder made ``data`` of them, true in every field."""
        if deltas:
            self.balances = _add(self.balances, deltas)
            self._tree = BalanceTree(pack(self.balances))
        return self._settle(deltas, data, self._tree)

    def stand(self, balances: Mapping[int, int]) -> Settled:
        """Let ``balances`` be the programme's by an empty batch with their root and all of them issued.

        Root mode only: the contract takes a root at its word, and nothing that is measured afterwards asks how the
        balances came to be. Settling a million members one by one would only take longer.
        """
        assert self.mode == "root", "push mode believes nobody"
        self.balances, self._tree = dict(balances), BalanceTree(pack(balances))
        return self._settle({}, EMPTY, self._tree, issued=sum(balances.values()))

    def forge(self, deltas: Mapping[int, int], data: bytes, *, robbed: int) -> Settled:
        """Settle a lie: true but for the root, under which member ``robbed`` has a point less than she should."""
        balances = _add(_add(self.balances, deltas), {robbed: -1})
        return self._settle(deltas, data, BalanceTree(pack(balances)))

    def call(self, function: str, *arguments: object) -> Sent:
        """The mined call of the ledger. Raises as ``Chain.send``."""
        return self.chain.call("PointsLedger", self.address, function, *arguments)

    def ask(self, function: str, *arguments: object) -> Any:
        """What a view of the ledger answers. (``Any``: the ABI's to say.)"""
        abi = artifacts.load("PointsLedger").abi
        return decode_output(abi, function, self.chain.rpc.call(self.address, encode_call(abi, function, arguments)))

    @contextmanager
    def rolled_back(self) -> Iterator[None]:
        """Whatever is settled inside was not afterwards."""
        before = self.balances, self._tree, self.last
        try:
            with self.chain.rolled_back():
                yield
        finally:
            self.balances, self._tree, self.last = before

    def _settle(self, deltas: Mapping[int, int], data: bytes, tree: BalanceTree, *, issued: int = 0) -> Settled:
        issued += sum(delta for delta in deltas.values() if delta > 0)
        burned = -sum(delta for delta in deltas.values() if delta < 0)
        number = self.last.batch_id + 1
        header = Header(
            batch_id=number,
            prev_hash=batch_hash(self.last, chain_id=self.chain.id, ledger=self.address),
            balance_root=tree.root,
            receipt_root=_hash(f"receipts {number}"),
            ledger_head=_hash(f"head {number}"),
            program_hash=_hash("program"),
            data_hash=keccak256(data),
            time=1_767_225_600 + 60 * number,
            updates=len(deltas),
            issued=issued,
            burned=burned,
            supply=self.last.supply + issued - burned,
        )
        fields = astuple(header)
        batch = (*fields[:6], *fields[7:11])  # without dataHash and supply, which are the contract's
        sent = self.call("settle", batch, data)
        self.last = header
        return Settled(sent, header, data, tree)

    def _deploy(self, contract: str, *arguments: object) -> str:
        """A proxy in front of a new implementation, initialised."""
        implementation = self.chain.create(contract)
        call = encode_call(artifacts.load(contract).abi, "initialize", arguments)
        return self.chain.create("PointsProxy", implementation, call)


def _add(balances: Mapping[int, int], deltas: Mapping[int, int]) -> dict[int, int]:
    return dict(balances) | {member: balances.get(member, 0) + delta for member, delta in deltas.items()}


def _hash(text: str) -> bytes:
    return keccak256(text.encode())
