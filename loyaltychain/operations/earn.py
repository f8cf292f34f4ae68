"""The step that turns events into entries: awards, redemptions, and what comes back; one transaction a run.

It does not ask whether the programme is published yet; its caller does.
"""

from sqlalchemy import Engine

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.failpoints import hit
from loyaltychain.db.engine import transaction
from loyaltychain.db.step import move_cursor, read_cursor
from loyaltychain.events import links
from loyaltychain.events.store import read_rows
from loyaltychain.ledger.post import lock_posts
from loyaltychain.operations import order_store, store
from loyaltychain.operations.conduct.versions import note_version
from loyaltychain.operations.correct import write_corrections
from loyaltychain.operations.decide import decide_all
from loyaltychain.operations.keep import keep
from loyaltychain.operations.load import load_desk, read_for_desk
from loyaltychain.operations.plain import all_for_desk, sort_out
from loyaltychain.operations.signal_store import write_signals
from loyaltychain.operations.summary import make_report
from loyaltychain.operations.types import NO_BOUNDS, Bounds, StepReport
from loyaltychain.program.types import Program

EARN = "earn"  # the step's name, and its cursor's


def earn_step(
    engine: Engine,
    program: Program,
    *,
    now: UnixSeconds,
    limit: int = 1000,
    bounds: Bounds = NO_BOUNDS,
    plain: bool = True,
) -> StepReport:
    """Decide on the next events, in the order of their positions, and record entries, orders, outcomes and the cursor.

    Killed anywhere, it has done all of a run or nothing of it; the limit changes nothing but the speed.

    Args:
        program: In force for these events; orders that are known keep the rules that they were awarded by.
        now: When the entries are recorded; unix seconds.
        limit: Events a run.
        bounds: What one entry may move at most, from the contract's caps.
        plain: False: open every purse, also where no purse is needed; it takes longer and comes to the same.

    Raises:
        DatabaseBusy: another worker is at it; run it again.
    """
    assert limit >= 1, limit
    with transaction(engine) as tx:
        done = read_cursor(tx, EARN)
        told_of = read_rows(tx, done, limit)
        if not told_of:
            return StepReport(position=done)
        links.keep_still(tx)
        note_version(tx, program, done + 1)
        lock_posts(tx)
        survivors = links.find_survivors(tx, {row.member for row in told_of})
        rows = [row._replace(member=survivors[row.member]) if row.member in survivors else row for row in told_of]
        run = sort_out(tx, program, rows, bounds) if plain else all_for_desk(rows)
        told = read_for_desk(tx, program, told_of, survivors, of=run.desk_members)
        desk = load_desk(tx, program, told, now=now, bounds=bounds)
        decided, parked = decide_all(desk, run, told)
        keep(tx, desk.movements, bounds=bounds)
        order_store.write(tx, desk.orders)
        write_signals(tx, desk.signals)
        write_corrections(tx, desk)
        store.insert_outcomes(tx, decided)
        move_cursor(tx, EARN, rows[-1].position)
        hit("earn.before_commit")
    hit("earn.after_commit")
    return make_report(decided, desk.movements, parked)
