"""The real contracts on a real chain in this process, and books with batches for them.

The owner is the access manager's admin, and may therefore pause the ledger, lower its caps and change its settler.
"""

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from loyaltychain.chain import artifacts
from loyaltychain.chain.abi import decode_log, encode_call, encode_constructor, selector
from loyaltychain.chain.deployments import StoredDeployment, insert_deployment
from loyaltychain.chain.rpc import Receipt, Rpc, Web3Rpc
from loyaltychain.chain.sender import Sender
from loyaltychain.chain.signer import AllowedCall, KeySigner, PrivateKey
from loyaltychain.core.hashing import to_hex
from loyaltychain.db.engine import open_database, transaction
from loyaltychain.db.migrate import migrate
from loyaltychain.settlement.contract import read_ledger
from loyaltychain.settlement.deployment import Deployment
from loyaltychain.settlement.seal import seal_step
from loyaltychain.settlement.submit import make_settle_call
from loyaltychain.settlement.types import Batch, Mode
from tests.chain.small_world import NOW, SmallWorld, make_small_world
from tests.settlement.books import book, join
from tests.settlement.builders import earn, redeem

INSTANCE = b"\x5a" * 32
CAPS = (1_000_000, 1_000_000, 1_000_000, 1_000_000, 86_400, 1_000_000_000)
SETTLE = selector("settle((uint32,bytes32,bytes32,bytes32,bytes32,bytes32,uint64,uint32,uint64,uint64),bytes)")
MODES: tuple[Mode, ...] = ("push", "root")  # the contract's enum, in its order
#: What the two sealed batches of the books leave to each member.
BALANCES = ({1: 12, 2: 30}, {1: 5, 2: 30, 9: 40_000})


@dataclass(slots=True)
class LedgerWorld:
    """The chain, the deployment on it, and a directory with databases."""

    small: SmallWorld
    deployment: Deployment
    directory: Path

    @property
    def rpc(self) -> Web3Rpc:
        return self.small.rpc

    @property
    def settler(self) -> str:
        return self.small.settler.address

    def open(self, name: str) -> Engine:
        return open_database(f"sqlite:///{self.directory / name}")

    def copy(self, old: str, new: str) -> None:
        """The database file ``old``, which nobody has open, under the name ``new``."""
        shutil.copy(self.directory / old, self.directory / new)
        for rest in ("-wal", "-shm"):
            (self.directory / (new + rest)).unlink(missing_ok=True)

    def sender(self, engine: Engine, *, rpc: Rpc | None = None, depth: int = 0) -> Sender:
        """The settler's sender, as a program would have it just after its start."""
        signer = KeySigner(
            self.small.settler, [AllowedCall(self.deployment.ledger, SETTLE)], chain_id=self.deployment.chain_id
        )
        return Sender(
            engine,
            rpc or self.rpc,
            [signer],
            profile=replace(self.small.profile, finality_depth=depth),
            clock=lambda: NOW,
            abis=[artifacts.load("PointsLedger").abi],
            sleep=lambda _: None,
        )

    def administrate(self, function: str, *arguments: object) -> None:
        """A call of the ledger by the owner."""
        call = encode_call(artifacts.load("PointsLedger").abi, function, arguments)
        assert self.small.act(self.small.owner, self.deployment.ledger, call).status == 1

    def settle_as(self, key: PrivateKey, batch: Batch) -> Receipt:
        """A settlement past our outbox."""
        return self.small.act(key, self.deployment.ledger, make_settle_call(batch), gas=1_000_000)

    def balances(self, members: Sequence[int]) -> dict[int, int]:
        """What the contract says that each of them has."""
        return {
            member: int(str(read_ledger(self.rpc, self.deployment, "balanceOfMember", member))) for member in members
        }

    def settled(self) -> list[tuple[int, bytes]]:
        """Number and hash of each BatchSettled in the chain's logs."""
        abi = artifacts.load("PointsLedger").abi
        logs = self.rpc.logs([self.deployment.ledger], first=0, last=self.rpc.block("latest").number)
        events = [decode_log(abi, log) for log in logs]
        return [(fields["batchId"], fields["batchHash"]) for name, fields in events if name == "BatchSettled"]


def make_ledger_world(
    directory: Path, *, mode: Mode = "push", window: int = 0, small: SmallWorld | None = None
) -> LedgerWorld:
    """A fresh chain (or ``small``'s) with all contracts, and in ``directory`` the databases to begin with.

    ``empty.db`` knows of the deployment and nothing else; ``sealed.db`` has two sealed batches as well.
    """
    small = small or make_small_world()
    manager = _create(small, "AccessManager", small.owner.address)
    members = encode_call(artifacts.load("MemberRegistry").abi, "initialize", (manager, small.owner.address, 60))
    initialise = encode_call(
        artifacts.load("PointsLedger").abi,
        "initialize",
        (manager, small.settler.address, INSTANCE, "Points", "PTS", CAPS,
         _create(small, "PointsProxy", _create(small, "MemberRegistry"), members), False, _create(small, "BatchProofs"),
         MODES.index(mode), window),
    )  # fmt: skip
    register = encode_call(artifacts.load("ProgramRegistry").abi, "initialize", (manager,))
    deployment = Deployment(
        network="local",
        chain_id=small.chain_id,
        genesis_hash=small.rpc.block(0).hash,
        instance_id=INSTANCE,
        ledger=_create(small, "PointsProxy", _create(small, "PointsLedger"), initialise),
        registry=_create(small, "PointsProxy", _create(small, "ProgramRegistry"), register),
        mode=mode,
        challenge_window=window,
    )
    world = LedgerWorld(small, deployment, directory)
    _prepare_books(world)
    return world


def remember(engine: Engine, deployment: Deployment) -> None:
    """Write the deployment into the database, as deploying does."""
    with transaction(engine) as tx:
        insert_deployment(
            tx,
            StoredDeployment(
                network=deployment.network,
                chain_id=deployment.chain_id,
                genesis_hash=deployment.genesis_hash,
                instance_id=deployment.instance_id,
                manifest=json.dumps(make_manifest(deployment)),
            ),
        )


def make_manifest(deployment: Deployment) -> dict[str, Any]:
    """The manifest, as far as settlement reads it."""
    return {
        "network": deployment.network,
        "chain_id": deployment.chain_id,
        "genesis_hash": to_hex(deployment.genesis_hash),
        "instance_id": to_hex(deployment.instance_id),
        "mode": deployment.mode,
        "challenge_window": deployment.challenge_window,
        "contracts": {
            "PointsLedger": {"address": deployment.ledger},
            "ProgramRegistry": {"address": deployment.registry},
        },
    }


def _prepare_books(world: LedgerWorld) -> None:
    engine = world.open("empty.db")
    migrate(engine)
    remember(engine, world.deployment)
    engine.dispose()
    world.copy("empty.db", "sealed.db")
    engine = world.open("sealed.db")
    seal_two(engine, world.deployment)
    engine.dispose()


def seal_two(engine: Engine, deployment: Deployment) -> None:
    """Two sealed batches, after which members have ``BALANCES``."""
    join(engine, [1, 2, 9])
    book(engine, earn("a", 1, 12), earn("b", 2, 30))
    assert seal_step(engine, deployment, now=NOW) is not None
    book(engine, redeem("c", 1, 7), earn("d", 9, 40_000))
    assert seal_step(engine, deployment, now=NOW) is not None


def _create(small: SmallWorld, name: str, *arguments: object) -> str:
    artifact = artifacts.load(name)
    code = encode_constructor(artifact.creation_code, artifact.abi, arguments)
    receipt = small.act(small.owner, None, code, gas=8_000_000)
    assert receipt.status == 1
    assert receipt.contract_address is not None
    return receipt.contract_address
