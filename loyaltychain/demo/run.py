"""The whole way on simulated data: a project in a temporary directory, a chain in process, weeks of a shop."""

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
from loyaltychain.config.project import ROLES, Project, make_project
from loyaltychain.core import errors
from loyaltychain.core.clock import Clock, system_clock
from loyaltychain.db.engine import reading
from loyaltychain.demo.shop import Shop, weekly_files
from loyaltychain.deploy.deploy import deploy
from loyaltychain.deploy.publish import publish
from loyaltychain.events.ingest import IngestReport, ingest_file
from loyaltychain.events.map import packaged_map
from loyaltychain.localchain.local_chain import LocalChain
from loyaltychain.localchain.places import Places
from loyaltychain.localchain.provider import InProcessProvider
from loyaltychain.program.load import template
from loyaltychain.settlement.receipts import show_receipt
from loyaltychain.settlement.store import last_batch
from loyaltychain.status import read_status
from loyaltychain.wiring import World, open_world, wanted_plan
from loyaltychain.worker import RunReport, run_once

OnStep = Callable[[int, int], None]  # done, of how many
_PEAK_UNIT = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss, in bytes


@dataclass(frozen=True, slots=True)
class Demo:
    """What the demo came to."""

    ingested: IngestReport
    done: RunReport
    members: int
    outstanding: int
    contracts: dict[str, str]
    deploy_gas: int
    audit: Report
    receipt: dict[str, Any]  # one receipt, as its member would hold it
    receipt_verified: bool
    seconds: float

    def document(self) -> dict[str, Any]:
        """The demo's figures as JSON can hold them. Names are permanent."""
        return {
            "members": self.members,
            "events": self.ingested.taken,
            "rejected": self.ingested.rejected,
            "points_issued": self.done.issued,
            "points_redeemed": self.done.redeemed,
            "points_expired": 0,
            "points_reversed": 0,
            "points_outstanding": self.outstanding,
            "batches": self.done.batches,
            "updates": self.done.updates,
            "gas_per_update": round(self.done.gas_used / max(1, self.done.updates)),
            "findings": self.audit.document()["findings"],
            "receipt_verified": self.receipt_verified,
            "seconds": self.seconds,
            "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _PEAK_UNIT / 2**20, 1),
        }


def run_demo(home: Path | None, *, shop: Shop, on_step: OnStep, clock: Clock = system_clock) -> Demo:
    """Walk the whole way once.

    Args:
        home: Where the demo's project is kept; None: a temporary directory, gone afterwards.

    Raises:
        ProjectExists: ``home`` is not empty.
    """
    if home is not None:
        if home.is_dir() and any(home.iterdir()):
            raise errors.ProjectExists(f"{home} is not empty: name a new directory for the demo's project.")
        return _walk(home, shop=shop, on_step=on_step, clock=clock)
    with tempfile.TemporaryDirectory(prefix="loyaltychain-demo-") as directory:
        return _walk(Path(directory), shop=shop, on_step=on_step, clock=clock)


def _walk(home: Path, *, shop: Shop, on_step: OnStep, clock: Clock) -> Demo:
    started = time.monotonic()
    keys = dict(zip(ROLES, development_keys(len(ROLES)), strict=True))
    project = make_project(home, program=template("shop"), keys=keys)
    places = Places(home)
    places.directory.mkdir(parents=True, exist_ok=True)
    chain = LocalChain(places.state, clock=clock)
    try:
        world = open_world(project, rpc=Web3Rpc(InProcessProvider(chain)), clock=clock)
        deploy_gas = _deploy(world)
        ingested, done = IngestReport(), RunReport()
        for week, text in enumerate(weekly_files(shop)):
            on_step(week, shop.weeks)
            ingested = ingested.plus(_ingest(world, week, text))
            done = done.plus(run_once(world))
        on_step(shop.weeks, shop.weeks)
        audit = run_audit(world.rpc, world.manifest, clock=time.monotonic, database=world.engine)
        receipt, verified = _one_receipt(world)
        figures = read_status(project)
        world.engine.dispose()
    finally:
        chain.close()
    contracts = {name: facts["address"] for name, facts in world.manifest["contracts"].items()}
    return Demo(
        ingested=ingested,
        done=done,
        members=figures["members"],
        outstanding=figures["points_outstanding"],
        contracts=contracts,
        deploy_gas=deploy_gas,
        audit=audit,
        receipt=receipt,
        receipt_verified=verified,
        seconds=round(time.monotonic() - started, 1),
    )


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


def _ingest(world: World, week: int, text: str) -> IngestReport:
    file = _keep(world.project, f"week-{week + 1:02d}.csv", text)
    return ingest_file(
        world.engine,
        file,
        format="csv",
        event_map=packaged_map("simulated_shop"),
        received_at=world.clock(),
        rejects=file.with_suffix(".rejects.csv"),
    )


def _keep(project: Project, name: str, text: str) -> Path:
    folder = project.home / "simulated"
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def _one_receipt(world: World) -> tuple[dict[str, Any], bool]:
    """The first receipt of the newest batch, shown and then verified as its member would."""
    with reading(world.engine) as tx:
        batch = last_batch(tx)
        assert batch is not None, "the simulated shop sells something every week"
        document = show_receipt(tx, world.deployment, place=(batch.header.batch_id, 0))
    on_paper: dict[str, Any] = json.loads(json.dumps(document))
    return document, verify_receipt(on_paper, world.rpc, manifest_document=world.manifest).ok
