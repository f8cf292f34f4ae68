"""A ledger on a chain in process, and batches for it, true and false, made without the package's own codecs."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from loyaltychain.chain import artifacts
from loyaltychain.chain.abi import decode_output, encode_call
from loyaltychain.chain.devkeys import development_keys
from loyaltychain.chain.rpc import Receipt, Rpc, Web3Rpc
from loyaltychain.chain.signer import AllowedCall, KeySigner, PrivateKey, UnsignedTx
from loyaltychain.config.project import ROLES, make_project
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.deploy.deploy import deploy
from loyaltychain.localchain.local_chain import LocalChain
from loyaltychain.localchain.provider import InProcessProvider
from loyaltychain.program.load import template
from loyaltychain.wiring import open_world, wanted_plan
from tests.contracts.headers import Header, hash_header, make_header
from tests.contracts.records import encode_records
from tests.contracts.tree import apply_deltas, root_of

NOW = 1_790_000_000
WINDOW = 3_600
GWEI = 10**9
STRANGER = development_keys()[9]
NO_TREE = b"\x77" * 32  # a root that belongs to no tree


@dataclass
class Clock:
    """The chain's time."""

    now: int = NOW

    def __call__(self) -> UnixSeconds:
        return UnixSeconds(self.now)


@dataclass
class Programme:
    """A deployment, and what the tests know of its batches. ``words`` are those that are not zero."""

    chain: LocalChain
    clock: Clock
    rpc: Rpc
    manifest: dict[str, Any]
    keys: dict[str, str]
    words: dict[int, int] = field(default_factory=dict)
    headers: list[Header] = field(default_factory=lambda: [Header()])  # of good batches, batch 0 first
    data: dict[int, bytes] = field(default_factory=dict)

    @property
    def ledger(self) -> str:
        return str(self.manifest["contracts"]["PointsLedger"]["address"])

    def ask(self, function: str, *arguments: object) -> Any:
        """What a view of the ledger answers."""
        abi = artifacts.load("PointsLedger").abi
        return decode_output(abi, function, self.rpc.call(self.ledger, encode_call(abi, function, arguments)))

    def act(self, role: str, function: str, *arguments: object) -> Receipt:
        """A role's call of the ledger, which succeeds."""
        calldata = encode_call(artifacts.load("PointsLedger").abi, function, arguments)
        return self.send(self.keys[role], calldata)

    def send(self, key: str, calldata: bytes) -> Receipt:
        """A transaction to the ledger, which succeeds."""
        chain_id = self.rpc.chain_id()
        allowed = [AllowedCall(self.ledger, calldata[:4])]
        signer = KeySigner(PrivateKey(bytes.fromhex(key)), allowed, chain_id=chain_id)
        gas = self.rpc.estimate_gas(self.ledger, calldata, sender=signer.address)
        signed = signer.sign(
            UnsignedTx(chain_id, self.rpc.nonce(signer.address), self.ledger, calldata, gas, 10 * GWEI, GWEI)
        )
        self.rpc.send_raw(signed.raw)
        receipt = self.rpc.receipt(signed.tx_hash)
        assert receipt is not None and receipt.status == 1
        return receipt

    def settle(self, deltas: Mapping[int, int], *, data: bytes | None = None, **changes: object) -> Header:
        """Settle the next batch; true, unless ``data`` or ``changes`` (of its header) make it false. Its header."""
        after = changes.get("balanceRoot") or root_of(apply_deltas(self.words, deltas))
        batch: dict[str, Any] = {
            "batchId": self.ask("lastBatchId") + 1,
            "prevHash": self.ask("lastBatchHash"),
            "balanceRoot": after,
            "receiptRoot": bytes(32),
            "ledgerHead": b"\x01" * 32,
            "programHash": bytes(32),
            "time": NOW,
            "updates": len(deltas),
            "issued": sum(delta for delta in deltas.values() if delta > 0),
            "burned": -sum(delta for delta in deltas.values() if delta < 0),
        } | changes
        content = encode_records(deltas) if data is None else data
        supply = self.ask("totalSupply") + batch["issued"] - batch["burned"]
        self.act("settler", "settle", batch, content)
        header = make_header(batch, content, supply)
        self.data[header.batch_id] = content
        if data is None and not changes:
            self.words = apply_deltas(self.words, deltas)
            self.headers.append(header)
        return header

    def hash_of(self, header: Header) -> bytes:
        """The header's batch hash."""
        return hash_header(self.rpc.chain_id(), self.ledger, header.fields())

    def pass_time(self, seconds: int) -> None:
        """Let time pass, and a block come."""
        self.clock.now += seconds
        self.chain.answer({"jsonrpc": "2.0", "id": 1, "method": "evm_mine", "params": []})

    def nonce(self, key: str = STRANGER) -> int:
        """How many transactions of the key's account are on chain."""
        return self.rpc.nonce(PrivateKey(bytes.fromhex(key)).address)


def build(home: Path, *, mode: str = "root") -> Programme:
    """A fresh deployment. Roles act at once."""
    keys = dict(zip(ROLES, development_keys(len(ROLES)), strict=True))
    project = make_project(home, program=template("shop"), keys=keys)
    clock = Clock()
    chain = LocalChain(clock=clock)
    rpc = Web3Rpc(InProcessProvider(chain))
    world = open_world(project, rpc=rpc, clock=clock)
    plan = replace(
        wanted_plan(world),
        delays={"admin": 0, "config": 0, "upgrader": 0},
        mode=mode,
        challenge_window=WINDOW if mode == "root" else 0,
        caps={
            "issuePerBatch": 2**48 - 1, "burnPerBatch": 2**48 - 1, "issuePerPeriod": 2**48 - 1,
            "burnPerPeriod": 2**48 - 1, "periodSeconds": 86_400, "supplyCap": 2**53 - 1,
        },
    )  # fmt: skip
    file = world.project.manifest_file
    deployed = deploy(world.sender, plan, world.key("deployer"), manifest_file=file, on_step=lambda *_: None)
    world.engine.dispose()
    return Programme(chain, clock, rpc, dict(deployed.manifest), keys)


@contextmanager
def rolled_back(programme: Programme) -> Iterator[Programme]:
    """The programme for one test; afterwards its chain is as before."""
    chain, now = programme.chain, programme.clock.now
    snapshot = chain.answer({"jsonrpc": "2.0", "id": 1, "method": "evm_snapshot", "params": []})["result"]
    kept = replace(programme, words=dict(programme.words), headers=list(programme.headers), data=dict(programme.data))
    try:
        yield kept
    finally:
        chain.answer({"jsonrpc": "2.0", "id": 1, "method": "evm_revert", "params": [snapshot]})
        programme.clock.now = now
