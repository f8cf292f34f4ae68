"""The real worker in a course: ``Sender`` and settlement's steps on SQLite, with real signatures and ABI.

The node answers what they ask of the contract: its views by selector, ``settle`` by the calldata that the batches have.
A kill is in force at each commit and each send, as in the crash suite.
"""

import shutil
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from random import Random

from eth_abi.abi import encode

from loyaltychain.chain import artifacts
from loyaltychain.chain.abi import selector, signature_of
from loyaltychain.chain.facts import Log
from loyaltychain.chain.sender import Sender
from loyaltychain.chain.signer import AllowedCall, KeySigner
from loyaltychain.chain.transactions import SignedTx, UnsignedTx
from loyaltychain.core import errors
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import open_database, reading
from loyaltychain.db.migrate import migrate
from loyaltychain.settlement import store
from loyaltychain.settlement.confirm import confirm_step
from loyaltychain.settlement.deployment import Deployment
from loyaltychain.settlement.header import genesis_hash
from loyaltychain.settlement.submit import make_settle_call, retry_step, submit_step
from loyaltychain.settlement.types import State
from tests.chain.small_world import SETTLER
from tests.crash.harness import Fuse, KillableRpc, arm
from tests.settlement.builders import LEDGER
from tests.settlement.ledger_world import SETTLE, remember, seal_two
from tests.simulation.chain import CHAIN_ID, FakeChain, SentTx, Settlement
from tests.simulation.course import Setting
from tests.simulation.node import FakeNode

INSTANCE = b"\x5a" * 32
REGISTRY = "0xe7f1725E7734CE288F8367e1Bb143E90bb3F0512"
GAS = 40_000  # estimated; a quarter more is signed


class RealPlayer:
    """The database, and one program after another on it."""

    def __init__(self, setting: Setting, *, directory: Path) -> None:
        """``directory``: for its database."""
        chain = setting.chain
        self.deployment = _deployment(chain.view.head.hash)
        self._file = _sealed_copy(directory, self.deployment)
        self.engine = open_database(f"sqlite:///{self._file}")
        with reading(self.engine) as tx:
            sealed = store.batches_in_state(tx, "sealed")
        self.due = [
            Settlement(one.header.batch_id, one.header.prev_hash, one.hash, one.header.issued - one.header.burned)
            for one in sealed
        ]
        calls = {make_settle_call(batch): content for batch, content in zip(sealed, self.due, strict=True)}
        self.signer = _NotingSigner(calls)
        self.node = LedgerNode(chain, setting.rng, self.signer, finalized_lag=setting.finalized_lag)
        self._setting = setting

    def start(self, fuse: Fuse) -> "RealProgram":
        self.engine.dispose()  # with it goes what the dead program had open
        self.engine = open_database(f"sqlite:///{self._file}")
        arm(self.engine, fuse)
        rpc = KillableRpc(self.node, fuse)  # type: ignore[arg-type] # what is asked of it is there
        clock = self._setting.chain.clock
        sender = Sender(
            self.engine,
            rpc,  # type: ignore[arg-type]
            [self.signer],
            profile=self._setting.profile,
            clock=lambda: UnixSeconds(clock()),
            abis=[artifacts.load("PointsLedger").abi],
            sleep=lambda _: None,
        )
        return RealProgram(sender, self.deployment)

    def close(self) -> None:
        """The course is over; its database goes."""
        self.engine.dispose()
        self._file.unlink()

    def states(self) -> dict[int, State]:
        with reading(self.engine) as tx:
            found = [store.read_batch(tx, batch.number) for batch in self.due]
        return {batch.header.batch_id: batch.state for batch in found if batch is not None}


class RealProgram:
    """One program: settlement's steps, as the worker takes them."""

    def __init__(self, sender: Sender, deployment: Deployment) -> None:
        self._sender = sender
        self._deployment = deployment

    def step(self) -> None:
        sender, deployment = self._sender, self._deployment
        if submit_step(sender.engine, deployment, settler=SETTLER.address, now=sender.now()) is None:
            confirm_step(sender, deployment)

    def retry(self) -> None:
        sender = self._sender
        retry_step(sender.engine, sender.rpc, self._deployment, settler=SETTLER.address, now=sender.now())


class LedgerNode(FakeNode):
    """A node that knows the contracts as well."""

    def __init__(self, chain: FakeChain, rng: Random, signer: "_NotingSigner", *, finalized_lag: int) -> None:
        super().__init__(chain, rng, signer.read, finalized_lag=finalized_lag)

    def code(self, address: str, *, block: int | None = None) -> bytes:
        return self.view and b"\x01"

    def logs(self, addresses: Sequence[str], *, first: int, last: int) -> list[Log]:
        raise AssertionError("asked only for batches that the contract has forgotten")

    def estimate_gas(self, target: str | None, calldata: bytes, *, sender: str) -> int:
        self.call(target, calldata, sender=sender)
        return GAS

    def call(
        self, target: str | None, calldata: bytes, *, sender: str | None = None, block: int | None = None
    ) -> bytes:
        state = self.made("latest" if block is None else block).state
        if calldata[:4] == SETTLE:
            if self.chain.is_paused:
                raise errors.Reverted(reason="execution reverted")
            return b""
        name, outputs, word = _view(calldata)
        values: dict[str, object] = {
            "instanceId": INSTANCE,
            "lastBatchId": len(state.hashes) - 1,
            "lastBatchHash": state.hashes[-1],
            "paused": self.chain.is_paused,
            "transferLogs": False,
        }
        value = state.hashes[word] if name == "batchHashOf" else values[name]
        return encode(outputs, [value])


class _NotingSigner:
    """The settler's own signer; what it has signed can be read without taking the bytes apart."""

    def __init__(self, calls: dict[bytes, Settlement]) -> None:
        self._signer = KeySigner(SETTLER, [AllowedCall(LEDGER, SETTLE)], chain_id=CHAIN_ID)
        self._calls = calls
        self._signed: dict[bytes, SentTx] = {}
        self.address = self._signer.address

    def sign(self, tx: UnsignedTx) -> SignedTx:
        signed = self._signer.sign(tx)
        content = self._calls[tx.calldata]
        self._signed[signed.raw] = SentTx(signed.tx_hash, tx.nonce, content, tx.gas, tx.max_fee, tx.tip)
        return signed

    def read(self, raw: bytes) -> SentTx:
        return self._signed[raw]


def real_genesis() -> bytes:
    """What the ledger contract holds before its first batch."""
    return genesis_hash(chain_id=CHAIN_ID, ledger=LEDGER)


def _deployment(genesis: bytes) -> Deployment:
    return Deployment("local", CHAIN_ID, genesis, INSTANCE, LEDGER, REGISTRY)


def _sealed_copy(directory: Path, deployment: Deployment) -> Path:
    """A database with two sealed batches, made once in this directory and copied then."""
    template, file = directory / "sealed.db", directory / f"course-{len(list(directory.iterdir()))}.db"
    if not template.exists():
        engine = open_database(f"sqlite:///{template}")
        migrate(engine)
        remember(engine, deployment)
        seal_two(engine, deployment)
        engine.dispose()
    shutil.copy(template, file)
    return file


@cache
def _view(calldata: bytes) -> tuple[str, list[str], int]:
    """A view's name, what it returns, and its argument."""
    for item in artifacts.load("PointsLedger").abi:
        if item["type"] == "function" and selector(signature_of(item)) == calldata[:4]:
            outputs = [str(output["type"]) for output in item["outputs"]]
            return str(item["name"]), outputs, int.from_bytes(calldata[4:])
    raise AssertionError(calldata[:4].hex())
