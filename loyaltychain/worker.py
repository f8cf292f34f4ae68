"""The loop of steps: events to entries, entries to batches, batches to the chain. Restart is the recovery.

It keeps nothing in memory that matters: each step asks database and chain how far things are.
"""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

from loyaltychain.chain.sender import Sender
from loyaltychain.db.engine import reading
from loyaltychain.deploy.publish import check_in_force
from loyaltychain.operations.earn import earn_step
from loyaltychain.operations.notices import notice_step
from loyaltychain.operations.sweep import sweep_step
from loyaltychain.operations.types import Bounds
from loyaltychain.program.types import Program
from loyaltychain.settlement import store
from loyaltychain.settlement.confirm import Confirmed, confirm_step
from loyaltychain.settlement.contract import read_ledger
from loyaltychain.settlement.deployment import Deployment
from loyaltychain.settlement.guard import check_history, check_identity
from loyaltychain.settlement.seal import seal_step
from loyaltychain.settlement.submit import retry_step, submit_step
from loyaltychain.settlement.voids import end_void_step, follow_voids, resume
from loyaltychain.wiring import World

_OF_A_STEP = ("events", "entries", "nothing", "refused", "parked", "issued", "redeemed", "reversed", "reinstated",
              "refunded", "owed")  # fmt: skip
LOOKS_MAX = 600  # at one batch in one round; the next round goes on where this one stopped


@dataclass(frozen=True, slots=True)
class RunReport:
    """What one round did. ``issued`` to ``expired`` are points, as in ``StepReport``; ``gas_used`` is of all settled
    batches. ``parked`` counts events of which something waits for an order."""

    events: int = 0
    entries: int = 0
    nothing: int = 0
    refused: int = 0
    parked: int = 0
    issued: int = 0
    redeemed: int = 0
    reversed: int = 0
    reinstated: int = 0
    refunded: int = 0
    owed: int = 0
    expired: int = 0
    batches: int = 0
    updates: int = 0
    gas_used: int = 0
    waiting_for: str | None = None  # why a batch could not be settled yet

    def plus(self, more: "RunReport") -> "RunReport":
        """Both rounds together; what is waited for now is what the later one waits for."""
        sums = {name: value + getattr(more, name) for name, value in asdict(self).items() if name != "waiting_for"}
        return RunReport(**sums, waiting_for=more.waiting_for)

    def document(self) -> dict[str, Any]:
        """The report as JSON can hold it."""
        return asdict(self)


def run_once(
    world: World,
    *,
    retry: bool = False,
    settle_every: int = 0,
    on_progress: Callable[[int], None] = lambda _: None,
) -> RunReport:
    """One round: everything that is due now, to its end.

    Args:
        retry: Send a halted batch once more, where that is safe, and go on after one of our own was voided: an
            engineer has mended the cause.
        settle_every: Seconds after the last batch before the next one is sealed. Events are decided on every time.
        on_progress: Is told how many events and batches are done.

    Raises:
        NotDeployed: there are no contracts yet.
        ProgramNotPublished: the programme file is not the one whose hash is in force on chain.
        WrongChain, ChainAhead, ChainBehind: chain and database do not belong together; nothing was written.
        LedgerPaused, RpcUnavailable, DatabaseBusy: later is better; nothing is lost.
        RootMismatch, IntentReverted, NonceTaken: stop and look; the batch concerned is halted.
        OwnBatchVoided: stop and look; nothing is sealed before ``retry``.
    """
    program, deployment = world.program(), world.deployment
    if retry:
        resume(world.engine, now=world.clock())
    check_identity(world.rpc, deployment)
    if deployment.mode == "root":
        follow_voids(world.engine, world.rpc, deployment, depth=world.finality_depth())
    check_history(world.engine, world.rpc, deployment)
    if retry:
        retry_step(world.engine, world.rpc, deployment, settler=world.settler().address, now=world.clock())
    with reading(world.engine) as tx:
        file = world.project.program_file.name
        check_in_force(tx, world.rpc, world.manifest, digest=program.digest, file=file)
    bounds = _read_bounds(world, deployment)
    report = _earn(world, program, bounds, on_progress)
    if not _is_settlement_due(world, settle_every):
        return report
    return _settle_all(world, deployment, bounds, report, on_progress)


def _is_settlement_due(world: World, every: int) -> bool:
    """Whether a batch is on its way, or enough time has passed since the last one."""
    with reading(world.engine) as tx:
        last = store.last_batch(tx)
    return last is None or last.state != "final" or last.header.time + every <= world.clock()


def _earn(world: World, program: Program, bounds: Bounds, on_progress: Callable[[int], None]) -> RunReport:
    report = RunReport()
    while (step := earn_step(world.engine, program, now=world.clock(), bounds=bounds)).events:
        report = report.plus(RunReport(**{name: getattr(step, name) for name in _OF_A_STEP}))
        on_progress(report.events)
    # What time has done comes before the seal, so that a batch never settles points that have expired.
    swept = sweep_step(world.engine, now=world.clock(), bounds=bounds)
    notice_step(world.engine, program, now=world.clock())
    return replace(report, expired=swept.expired)


def _settle_all(
    world: World, deployment: Deployment, bounds: Bounds, report: RunReport, on_progress: Callable[[int], None]
) -> RunReport:
    """Seal, submit and confirm until nothing is left, or something waits for more than time."""
    signer = world.settler()
    sender = world.sender([signer])
    # A quarter is put on top of what the rehearsal says, so a batch must leave room for that.
    max_gas = world.profile.tx_gas_cap * 4 // 5
    transfer_logs = bool(read_ledger(world.rpc, deployment, "transferLogs"))
    while True:
        ended = _end_void(world, sender, deployment)
        if ended is not None:
            return replace(report, waiting_for=ended)
        sealed = seal_step(
            world.engine,
            deployment,
            now=world.clock(),
            max_issued=bounds.award,
            max_burned=bounds.redemption,
            max_gas=max_gas,
            transfer_logs=transfer_logs,
        )
        submit_step(world.engine, deployment, settler=signer.address, now=world.clock())
        confirmed = _carry(world, sender, deployment)
        if confirmed is None:
            if sealed is None:
                return report
            continue
        if confirmed.state == "void":
            continue  # what it settled is sealed anew
        if confirmed.state != "final":
            return replace(report, waiting_for=f"batch {confirmed.batch_id}: {confirmed.reason or 'not final yet'}")
        report = replace(
            report,
            batches=report.batches + 1,
            updates=report.updates + _count_updates(world, confirmed.batch_id),
            gas_used=report.gas_used + (confirmed.gas_used or 0),
        )
        on_progress(report.events + report.batches)


def _read_bounds(world: World, deployment: Deployment) -> Bounds:
    """The most that one batch may issue and burn: beyond a full bucket, it would wait for ever."""
    caps = read_ledger(world.rpc, deployment, "caps")
    assert isinstance(caps, dict), caps
    return Bounds(
        award=min(caps["issuePerBatch"], caps["issuePerPeriod"]),
        redemption=min(caps["burnPerBatch"], caps["burnPerPeriod"]),
        cooldown=world.project.settings.safety.cooldown_hours * 3_600,
    )


def _end_void(world: World, sender: Sender, deployment: Deployment) -> str | None:
    """Carry to its end what was signed for void batches; what is still waited for, if it takes more than that."""
    intent = before = None
    for _ in range(LOOKS_MAX):
        intent = end_void_step(sender, deployment)
        if intent is None:
            return None
        if intent == before:
            time.sleep(world.profile.poll_seconds)
        before = intent
    return f"the end of {before.id}, of a void batch: {before.reason or before.state}" if before else None


def _carry(world: World, sender: Sender, deployment: Deployment) -> Confirmed | None:
    """The submitted batch, as far as it can be carried now; None if there is none."""
    before: Confirmed | None = None
    for _ in range(LOOKS_MAX):
        confirmed = confirm_step(sender, deployment)
        if confirmed is None or confirmed.state in ("final", "void") or confirmed.intent_state == "parked":
            return confirmed
        if confirmed == before:
            time.sleep(world.profile.poll_seconds)
        before = confirmed
    return before


def _count_updates(world: World, batch_id: int) -> int:
    with reading(world.engine) as tx:
        batch = store.read_batch(tx, batch_id)
    assert batch is not None, batch_id
    return batch.header.updates
