"""The step that turns events into entries: awards, redemptions, and what comes back; one transaction a run.

It gives entries no positions (``ledger/sequence.py``) and does not ask whether the programme is published yet;
its caller does.
"""

from sqlalchemy import Engine

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import transaction
from loyaltychain.db.step import move_cursor, read_cursor
from loyaltychain.events.store import read_events
from loyaltychain.operations import order_store, store
from loyaltychain.operations.decide import decide
from loyaltychain.operations.keep import keep
from loyaltychain.operations.load import load_desk
from loyaltychain.operations.summary import make_report
from loyaltychain.operations.told import read_all
from loyaltychain.operations.types import NO_BOUNDS, Bounds, StepReport
from loyaltychain.program.types import Program

EARN = "earn"  # the step's name, and its cursor's


def earn_step(
    engine: Engine, program: Program, *, now: UnixSeconds, limit: int = 1000, bounds: Bounds = NO_BOUNDS
) -> StepReport:
    """Decide on the next events, in the order of their positions, and record entries, orders, outcomes and the cursor.

    Killed anywhere, it has done all of a run or nothing of it; the limit changes nothing but the speed.

    Args:
        program: In force for these events; orders that are known keep the rules that they were awarded by.
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
        told = read_all(program, found)
        desk = load_desk(tx, program, told, now=now, bounds=bounds)
        decisions = [decide(desk, each) for each in told]
        keep(tx, desk.movements, bounds=bounds)
        order_store.write(tx, desk.orders)
        store.insert_outcomes(tx, decisions)
        move_cursor(tx, EARN, found[-1].position)
    return make_report(decisions, desk.movements)
