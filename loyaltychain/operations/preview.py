"""What would become of an event if it were decided now: for dry runs, and to refuse at once what would be refused.

It looks at what the worker has decided, not at events that still wait: who asks is told how things stand. Achievements
that a new version fills back are not in it before the worker has taken that version in.
"""

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import Tx
from loyaltychain.db.step import move_cursor, read_cursor
from loyaltychain.events.links import to_survivors
from loyaltychain.events.types import SequencedEvent
from loyaltychain.operations import order_store, store
from loyaltychain.operations.conduct.catch_up import VERSION
from loyaltychain.operations.conduct.step import CONDUCT, EARN, conduct_within
from loyaltychain.operations.conduct.versions import note_version, read_versions
from loyaltychain.operations.correct import write_corrections
from loyaltychain.operations.decide import decide, outcome_row
from loyaltychain.operations.keep import keep
from loyaltychain.operations.load import load_desk
from loyaltychain.operations.signal_store import write_signals
from loyaltychain.operations.told import read_all
from loyaltychain.operations.types import Bounds, Decision
from loyaltychain.program.types import Program

_RUNS_MAX = 20  # members who have to be folded anew go first
NOT_YET = 2**62  # the position of an event that nobody has taken yet: behind all that were told


def preview(tx: Tx, program: Program, found: SequencedEvent, *, now: UnixSeconds, bounds: Bounds) -> Decision:
    """The decision that the event would get, and nothing written. The member's points are locked.

    Raises DatabaseBusy.
    """
    [told] = read_all(program, to_survivors(tx, [found]))
    return decide(load_desk(tx, program, [told], now=now, bounds=bounds), told)


def try_out(tx: Tx, program: Program, found: SequencedEvent, *, now: UnixSeconds, bounds: Bounds) -> Decision:
    """Decide on an event that was captured in this transaction, all as the worker does; the caller rolls it back.

    Raises DatabaseBusy.
    """
    [told] = read_all(program, to_survivors(tx, [found]))
    desk = load_desk(tx, program, [told], now=now, bounds=bounds)
    decision = decide(desk, told)
    keep(tx, desk.movements, bounds=bounds)
    order_store.write(tx, desk.orders)
    write_signals(tx, desk.signals)
    write_corrections(tx, desk)
    store.insert_outcomes(tx, [outcome_row(decision)])
    _fold(tx, program, found.position, now=now, bounds=bounds)
    return decision


def _fold(tx: Tx, program: Program, position: int, *, now: UnixSeconds, bounds: Bounds) -> None:
    """What behaviours make of the event at this position, and of no other one that waits."""
    if program.conduct is None:
        return
    note_version(tx, program, position)
    taken_in = len(read_versions(tx).digests)  # what a version asks of the past is the worker's to find out
    for step, place in ((EARN, position), (CONDUCT, position - 1), (VERSION, taken_in)):
        if read_cursor(tx, step) < place:
            move_cursor(tx, step, place)
    for _ in range(_RUNS_MAX):
        if conduct_within(tx, program, now=now, bounds=bounds).position >= position:
            return
