"""A shop that is deployed on its own chain, and all who can get in the worker's way: guardian, config role, key thief.

The config role acts at once here, so that a test needs no timelock.
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from loyaltychain.audit.run import run_audit
from loyaltychain.chain import artifacts, outbox
from loyaltychain.chain.abi import decode_log, encode_call, has_event
from loyaltychain.chain.intents import Intent
from loyaltychain.chain.rpc import Receipt, Rpc
from loyaltychain.chain.signer import AllowedCall, KeySigner, UnsignedTx
from loyaltychain.config.project import open_project
from loyaltychain.core import errors
from loyaltychain.db.engine import open_database, reading
from loyaltychain.events.ingest import ingest_file
from loyaltychain.events.map import packaged_map
from loyaltychain.settlement import store
from loyaltychain.settlement.succession import intents_of
from loyaltychain.wiring import World
from loyaltychain.worker import RunReport, run_once
from tests.projects import NOW, ProjectWorld, project_world, run_deploy

HEADER = "order_id,customer,kind,at,total,points\n"
SALES = "S-1,ann,sale,2026-01-05T09:00:00Z,12.00,\nS-2,bob,sale,2026-01-05T10:00:00Z,30.00,\n"
MORE = "S-3,cay,sale,2026-01-06T09:00:00Z,5.00,\n"
GWEI = 10**9


def act(world: World, role: str, function: str, *arguments: object) -> Receipt:
    """A call of the ledger by the holder of a role."""
    ledger = world.manifest["contracts"]["PointsLedger"]["address"]
    receipt = send(world, role, ledger, encode_call(artifacts.load("PointsLedger").abi, function, arguments))
    assert receipt.status == 1, function
    return receipt


def send(world: World, role: str, target: str | None, calldata: bytes = b"", *, value: int = 0) -> Receipt:
    """A transaction of a role's key, past every outbox."""
    key, chain_id = world.key(role), world.rpc.chain_id()
    allowed = [] if target is None else [AllowedCall(target, calldata[:4])]
    signer = KeySigner(key, allowed, chain_id=chain_id, allowed_creations=target is None, allowed_value=bool(value))
    signed = signer.sign(
        UnsignedTx(
            chain_id=chain_id,
            nonce=world.rpc.nonce(key.address),
            target=target,
            calldata=calldata,
            gas=8_000_000,
            max_fee=3 * GWEI,
            tip=GWEI,
            value=value,
        )
    )
    world.rpc.send_raw(signed.raw)
    receipt = world.rpc.receipt(signed.tx_hash)
    assert receipt is not None
    return receipt


@dataclass
class Shop:
    """A deployed project, and how things stand with it."""

    project: ProjectWorld

    @property
    def home(self) -> Path:
        return self.project.project.home

    @property
    def rpc(self) -> Rpc:
        return self.project.rpc

    def open_engine(self) -> Engine:
        return open_database(self.project.project.database_url)  # migrated when it was deployed

    def open(self, *, engine: Engine | None = None, rpc: Rpc | None = None, **profile: Any) -> World:
        """The project with a profile that waits for nobody, and with these changes."""
        world = self.project.open(engine=engine, rpc=rpc)
        return replace(world, profile=replace(world.profile, **{"poll_seconds": 0} | profile))

    def take(self, rows: str, name: str = "sales.csv") -> None:
        """Take in rows of the shop's file."""
        file = self.home / name
        file.write_text(HEADER + rows, encoding="utf-8")
        world = self.open()
        rejects = file.with_suffix(".rejects")
        report = ingest_file(
            world.engine, file, format="csv", event_map=packaged_map("simulated_shop"), received_at=NOW, rejects=rejects
        )
        world.engine.dispose()
        assert report.taken == rows.count("\n"), report

    def run(self, *, retry: bool = False, rpc: Rpc | None = None, **profile: Any) -> RunReport:
        """What one start of the worker comes to."""
        world = self.open(rpc=rpc, **profile)
        try:
            return run_once(world, retry=retry)
        finally:
            world.engine.dispose()

    @contextmanager
    def opened(self) -> Iterator[World]:
        """The project as it is, closed again afterwards."""
        world = self.project.open()
        try:
            yield world
        finally:
            world.engine.dispose()

    def ledger(self) -> str:
        with self.opened() as world:
            return str(world.manifest["contracts"]["PointsLedger"]["address"])

    def act(self, role: str, function: str, *arguments: object) -> Receipt:
        """A call of the ledger by the holder of a role."""
        with self.opened() as world:
            return act(world, role, function, *arguments)

    def send(self, role: str, target: str | None, calldata: bytes = b"", *, value: int = 0) -> Receipt:
        """A transaction of a role's key, past every outbox."""
        with self.opened() as world:
            return send(world, role, target, calldata, value=value)

    def spend_nonce(self) -> None:
        """Somebody uses the settler's key for something else."""
        self.send("settler", "0x" + "77" * 20, value=1)

    def states(self) -> list[str]:
        """Of all batches, in order."""
        engine = self.open_engine()
        with reading(engine) as tx:
            last = store.last_batch(tx)
            numbers = range(1, (last.header.batch_id if last else 0) + 1)
            found = [store.read_batch(tx, number) for number in numbers]
        engine.dispose()
        return [batch.state for batch in found if batch is not None]

    def intents(self, batch: int = 1) -> list[Intent]:
        engine = self.open_engine()
        with reading(engine) as tx:
            found = intents_of(tx, batch)
        engine.dispose()
        return found

    def attempts(self, intent_id: str) -> int:
        engine = self.open_engine()
        with reading(engine) as tx:
            found = outbox.read_attempts(tx, intent_id)
        engine.dispose()
        return len(found)

    def settled(self) -> list[int]:
        """The numbers in the chain's BatchSettled logs."""
        abi = artifacts.load("PointsLedger").abi
        logs = self.rpc.logs([self.ledger()], first=0, last=self.rpc.block("latest").number)
        events = [decode_log(abi, log) for log in logs if has_event(abi, log)]
        return [fields["batchId"] for name, fields in events if name == "BatchSettled"]

    def findings(self) -> list[str]:
        """What the auditor has to say, with everything at hand."""
        world = self.project.open()
        report = run_audit(world.rpc, dict(world.manifest), clock=lambda: 0.0, database=world.engine)
        world.engine.dispose()
        return [f"{finding.code} {finding.subject}" for finding in report.findings]


class MeddledRpc:
    """A node; ``before_send`` happens just before each transaction reaches it."""

    def __init__(self, rpc: Rpc, before_send: Callable[[], object]) -> None:
        self._rpc = rpc
        self._before_send = before_send

    def send_raw(self, raw: bytes) -> None:
        self._before_send()
        self._rpc.send_raw(raw)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._rpc, name)


def once(action: Callable[[], object]) -> Callable[[], None]:
    """The action, the first time only."""
    left = [action]
    return lambda: left.pop()() if left else None  # type: ignore[func-returns-value]


@dataclass
class Original:
    """A deployed shop that nobody has changed; each test gets a copy of it, on the one chain, set back afterwards."""

    shop: Shop

    def copy(self, home: Path) -> Shop:
        shutil.copytree(self.shop.home, home)
        return Shop(ProjectWorld(open_project(home, {}), self.shop.project.chain))

    @contextmanager
    def copied(self, home: Path) -> Iterator[Shop]:
        snapshot = self.shop.project.ask("evm_snapshot")
        yield self.copy(home)
        assert self.shop.project.ask("evm_revert", snapshot) is True


@contextmanager
def deployed_shop(home: Path, *, mode: str = "push") -> Iterator[Original]:
    """A new shop in ``home``, deployed and published. In root mode a batch can be voided for a minute."""
    with project_world(home) as project:
        settings = home / "loyaltychain.toml"
        text = settings.read_text("utf-8").replace("config = 60", "config = 0")
        settings.write_text(text.replace('mode = "push"', f'mode = "{mode}"'), encoding="utf-8")
        project.project = open_project(home, {})
        world = project.open()
        run_deploy(world)
        world.engine.dispose()
        yield Original(Shop(project))


def caps_of(shop: Shop, **changes: int) -> tuple[int, ...]:
    """The deployment's caps in the contract's order, with these changes."""
    caps = shop.project.open().manifest["caps"] | changes
    order = ("issuePerBatch", "burnPerBatch", "issuePerPeriod", "burnPerPeriod", "periodSeconds", "supplyCap")
    return tuple(caps[name] for name in order)


class GoneRpc:
    """A node that nobody can reach."""

    def __getattr__(self, name: str) -> Any:
        def ask(*_: object, **__: object) -> None:
            raise errors.RpcUnavailable(method=name)

        return ask
