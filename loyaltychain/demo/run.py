"""The whole way: a project in a temporary directory, a chain in process, and a play that comes in week by week."""

import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loyaltychain.audit.receipt import verify_receipt
from loyaltychain.audit.report import Report
from loyaltychain.audit.run import run_audit
from loyaltychain.chain.devkeys import development_keys
from loyaltychain.chain.rpc import Web3Rpc
from loyaltychain.config.project import ROLES, make_project
from loyaltychain.core import errors
from loyaltychain.db.engine import reading
from loyaltychain.db.migrate import open_migrated
from loyaltychain.demo.play import Play, Week
from loyaltychain.deploy.deploy import deploy
from loyaltychain.deploy.publish import publish
from loyaltychain.events.ingest import IngestReport, ingest_file
from loyaltychain.events.map import EventMap
from loyaltychain.ledger.checks import check_ledger
from loyaltychain.ledger.problems import Problem
from loyaltychain.localchain.local_chain import LocalChain
from loyaltychain.localchain.places import Places
from loyaltychain.localchain.provider import InProcessProvider
from loyaltychain.operations.parked import ReturnCounts, count_returns
from loyaltychain.settlement.receipts import show_receipt
from loyaltychain.settlement.store import last_batch, sum_burned
from loyaltychain.status import Totals, count_members, read_totals
from loyaltychain.wiring import World, open_world, wanted_plan
from loyaltychain.worker import RunReport, run_once

OnStep = Callable[[int, int], None]  # done, of how many
MakePlay = Callable[[Path], Play]  # in which folder its weekly files go
_PEAK_UNIT = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss, in bytes


@dataclass(frozen=True, slots=True)
class Demo:
    """What the demo came to."""

    ingested: IngestReport
    done: RunReport
    members: int
    totals: Totals
    returns: ReturnCounts
    burned: int  # by all batches together
    contracts: dict[str, str]
    deploy_gas: int
    audit: Report
    problems: list[Problem]  # of the ledger with itself
    receipt: dict[str, Any]  # one receipt, as its member would hold it
    receipt_verified: bool
    seconds: float
    peak_mb: float

    @property
    def is_clean(self) -> bool:
        """Whether nothing was found, neither by the audit, nor in the ledger, nor with the receipt."""
        return not self.audit.findings and not self.problems and self.receipt_verified

    def document(self) -> dict[str, Any]:
        """The demo's figures as JSON can hold them. Names are permanent."""
        return {
            "members": self.members,
            "events": self.ingested.taken,
            "rejected": self.ingested.rejected,
            "points_issued": self.totals.issued,
            "points_redeemed": self.totals.redeemed,
            "points_expired": self.totals.expired,
            "points_reversed": self.totals.reversed,
            "points_outstanding": self.totals.outstanding,
            "batches": self.done.batches,
            "updates": self.done.updates,
            "gas_per_update": round(self.done.gas_used / max(1, self.done.updates)),
            "findings": self.audit.document()["findings"],
            "receipt_verified": self.receipt_verified,
            "seconds": self.seconds,
            "peak_mb": self.peak_mb,
            "rows": self.ingested.read,
            "known": self.ingested.known,
            "left_out": self.ingested.left_out,
            "repeated": self.ingested.repeated,
            "points_owed": self.totals.owed,
            "points_burned_on_chain": self.burned,
            "returns_in_full": self.returns.in_full,
            "returns_in_part": self.returns.in_part,
            "returns_not_at_all": self.returns.not_at_all,
            "pieces_parked": self.returns.pieces_parked,
        }


def run_demo(
    home: Path | None, *, make_play: MakePlay, on_step: OnStep, mode: str = "push", database: str | None = None
) -> Demo:
    """Walk the whole way once.

    Args:
        home: Where the demo's project is kept; None: a temporary directory, gone afterwards.
        mode: Of the ledger, ``push`` or ``root``.
        database: URL of an empty database; None: an SQLite file in ``home``.

    Raises:
        ProjectExists: ``home`` or the database is not empty.
    """
    if home is not None:
        if home.is_dir() and any(home.iterdir()):
            raise errors.ProjectExists(f"{home} is not empty: name a new directory for the demo's project.")
        return _walk(home, make_play=make_play, on_step=on_step, mode=mode, database=database)
    with tempfile.TemporaryDirectory(prefix="loyaltychain-demo-") as directory:
        return _walk(Path(directory), make_play=make_play, on_step=on_step, mode=mode, database=database)


def _walk(home: Path, *, make_play: MakePlay, on_step: OnStep, mode: str, database: str | None) -> Demo:
    started = time.monotonic()
    if database is not None:
        _check_empty(database)
    play = make_play(home / "weeks")
    keys = dict(zip(ROLES, development_keys(len(ROLES)), strict=True))
    project = make_project(home, program=play.program, keys=keys, mode=mode, database=database)
    places = Places(home)
    places.directory.mkdir(parents=True, exist_ok=True)
    chain = LocalChain(places.state, clock=play.clock)
    try:
        world = open_world(project, rpc=Web3Rpc(InProcessProvider(chain)), clock=play.clock)
        deploy_gas = _deploy(world)
        ingested, done = _play_weeks(world, play, on_step)
        figures = _look_back(world)
        world.engine.dispose()
    finally:
        chain.close()
    return Demo(
        ingested=ingested,
        done=done,
        contracts={name: facts["address"] for name, facts in world.manifest["contracts"].items()},
        deploy_gas=deploy_gas,
        seconds=round(time.monotonic() - started, 1),
        peak_mb=round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _PEAK_UNIT / 2**20, 1),
        **figures,
    )


def _check_empty(database: str) -> None:
    engine = open_migrated(database)
    with reading(engine) as tx:
        members = count_members(tx)
    engine.dispose()
    if members:
        raise errors.ProjectExists(
            f"This database holds members already ({members:,}): name an empty one, or another schema (?schema=x)."
        )


def _play_weeks(world: World, play: Play, on_step: OnStep) -> tuple[IngestReport, RunReport]:
    ingested, done = IngestReport(), RunReport()
    for number, week in enumerate(play.weeks):
        on_step(number, len(play.weeks))
        play.advance(week.ends_at)
        ingested = ingested.plus(_ingest(world, week, play.event_map))
        done = done.plus(run_once(world))
    on_step(len(play.weeks), len(play.weeks))
    return ingested, done


def _look_back(world: World) -> dict[str, Any]:
    """What the project, its chain and its books say when all is done."""
    audit = run_audit(world.rpc, world.manifest, clock=time.monotonic, database=world.engine)
    receipt, verified = _one_receipt(world)
    with reading(world.engine) as tx:
        return {
            "members": count_members(tx),
            "totals": read_totals(tx),
            "returns": count_returns(tx),
            "burned": sum_burned(tx),
            "audit": audit,
            "problems": check_ledger(tx),
            "receipt": receipt,
            "receipt_verified": verified,
        }


def _deploy(world: World) -> int:
    plan = wanted_plan(world)
    deployed = deploy(
        world.sender, plan, world.key("deployer"), manifest_file=world.project.manifest_file, on_step=lambda *_: None
    )
    program = world.program()
    sender = world.sender([world.registrar()])
    archive = world.project.program_archive
    publish(sender, deployed.manifest, document=program.document, digest=program.digest, archive=archive)
    return deployed.gas_used


def _ingest(world: World, week: Week, event_map: EventMap) -> IngestReport:
    return ingest_file(
        world.engine,
        week.file,
        format="csv",
        event_map=event_map,
        received_at=world.clock(),
        rejects=week.file.with_suffix(".rejects.csv"),
    )


def _one_receipt(world: World) -> tuple[dict[str, Any], bool]:
    """The first receipt of the newest batch, shown and then verified as its member would."""
    with reading(world.engine) as tx:
        batch = last_batch(tx)
        assert batch is not None, "every play has a week in which points move"
        document = show_receipt(tx, world.deployment, place=(batch.header.batch_id, 0))
    on_paper: dict[str, Any] = json.loads(json.dumps(document))
    return document, verify_receipt(on_paper, world.rpc, manifest_document=world.manifest).ok
