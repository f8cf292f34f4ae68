"""The step that turns events into entries: awards and redemptions, one transaction a run.

It gives entries no positions (``ledger/sequence.py``) and does not ask whether the programme is published yet;
its caller does.
"""

from collections.abc import Sequence

from sqlalchemy import Engine

from loyaltychain.core.amounts import POINTS, MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.hashing import to_hex
from loyaltychain.db.engine import Tx, transaction
from loyaltychain.db.step import move_cursor, read_cursor
from loyaltychain.events.store import read_events
from loyaltychain.events.types import SequencedEvent
from loyaltychain.ledger.accounts import available, held, open_member_accounts
from loyaltychain.ledger.post import post
from loyaltychain.ledger.store import lock_volumes
from loyaltychain.operations import store
from loyaltychain.operations.decide import NO_BOUNDS, decide
from loyaltychain.operations.types import Bounds, Decision, Holding, StepReport
from loyaltychain.program.types import Program

EARN = "earn"  # the step's name, and its cursor's


def earn_step(
    engine: Engine, program: Program, *, now: UnixSeconds, limit: int = 1000, bounds: Bounds = NO_BOUNDS
) -> StepReport:
    """Decide on the next events, in the order of their positions, and record entries, outcomes and the cursor.

    Killed anywhere, it has done all of a run or nothing of it; the limit changes nothing but the speed.

    Args:
        program: In force for these events.
        now: When the entries are recorded; unix seconds.
        limit: Events a run.
        bounds: What one entry may move at most, from the contract's caps.

    Raises:
        DatabaseBusy: another worker is at it; run it again.
    """
    assert limit >= 1, limit
    with transaction(engine) as tx:
        done = read_cursor(tx, EARN)
        found = read_events(tx, done, limit)
        if not found:
            return StepReport(position=done)
        decisions = _decide_all(program, found, holdings=_read_holdings(tx, found), now=now, bounds=bounds)
        post(tx, [entry for decision in decisions for entry in decision.entries])
        store.insert_outcomes(tx, decisions)
        move_cursor(tx, EARN, found[-1].position)
    return _report(decisions)


def _read_holdings(tx: Tx, found: Sequence[SequencedEvent]) -> dict[MemberNumber, Holding]:
    """The members' points, locked: nothing else may move them between the decision and the entry."""
    members = sorted({each.member for each in found})
    open_member_accounts(tx, members, POINTS)
    accounts = [account for member in members for account in (available(member), held(member))]
    volumes = lock_volumes(tx, accounts, POINTS)
    return {member: Holding(volumes[available(member)].balance, volumes[held(member)].balance) for member in members}


def _decide_all(
    program: Program,
    found: Sequence[SequencedEvent],
    *,
    holdings: dict[MemberNumber, Holding],
    now: UnixSeconds,
    bounds: Bounds,
) -> list[Decision]:
    """Decisions in order, each on what the ones before it left."""
    program_hash = to_hex(program.digest)
    left = dict(holdings)
    decisions: list[Decision] = []
    for each in found:
        before = left[each.member]
        decision = decide(program, each, holding=before, program_hash=program_hash, now=now, bounds=bounds)
        left[each.member] = Holding(before.available + decision.change, before.held)
        decisions.append(decision)
    return decisions


def _report(decisions: Sequence[Decision]) -> StepReport:
    outcomes = [decision.outcome for decision in decisions]
    return StepReport(
        position=decisions[-1].position,
        events=len(decisions),
        posted=outcomes.count("posted"),
        nothing=outcomes.count("nothing"),
        refused=outcomes.count("refused"),
        entries=sum(len(decision.entries) for decision in decisions),
        issued=sum(max(decision.change, 0) for decision in decisions),
        redeemed=sum(max(-decision.change, 0) for decision in decisions),
    )
