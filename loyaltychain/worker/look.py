"""One look at the chain: is it ours, does it live, what do the contracts allow, which rules count? Signs nothing.

What it finds is kept in the database, so that deciding needs no chain.
"""

from dataclasses import dataclass

from loyaltychain.chain.observe import read_pulse
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import reading
from loyaltychain.deploy.publish import count_on_chain, find_in_force
from loyaltychain.settlement.contract import read_ledger
from loyaltychain.settlement.deployment import Deployment
from loyaltychain.settlement.guard import check_identity
from loyaltychain.settlement.standing import Head, Known
from loyaltychain.wiring import World
from loyaltychain.worker.notes import Notes


@dataclass(frozen=True, slots=True)
class View:
    """What settling has to know of the chain for one round."""

    known: Known
    transfer_logs: bool  # whether the contract logs the changes of bound wallets
    silence: str | None  # why nothing is sent now; None while blocks come


def look(world: World, deployment: Deployment, notes: Notes) -> View:
    """Look, and keep what was seen.

    Raises:
        WrongChain: this is not the project's chain; nothing of it was kept.
        RpcUnavailable, DatabaseBusy: later is better.
    """
    check_identity(world.rpc, deployment)
    now = world.clock()
    pulse = read_pulse(world.rpc, world.profile, now=now)
    known = _read_known(world, deployment, now)
    head = None
    if world.profile.head_alarm is not None:
        final = None if pulse.final_age is None else UnixSeconds(now - pulse.final_age)
        head = Head(UnixSeconds(now - pulse.head_age), final)
    notes.know(known, head)
    is_silent = pulse.state(world.profile) == "silent"
    return View(
        known=known,
        transfer_logs=bool(read_ledger(world.rpc, deployment, "transferLogs")),
        silence=pulse.reason(world.profile) if is_silent else None,
    )


def _read_known(world: World, deployment: Deployment, now: UnixSeconds) -> Known:
    """Caps: the most that one batch may issue and burn. Beyond a full bucket, it would wait for ever."""
    caps = read_ledger(world.rpc, deployment, "caps")
    assert isinstance(caps, dict), caps
    manifest = world.manifest
    on_chain = count_on_chain(world.rpc, manifest)
    with reading(world.engine) as tx:
        program = find_in_force(tx, manifest, on_chain=on_chain)
    return Known(
        award=min(caps["issuePerBatch"], caps["issuePerPeriod"]),
        redemption=min(caps["burnPerBatch"], caps["burnPerPeriod"]),
        program=program,
        read_at=now,
    )
