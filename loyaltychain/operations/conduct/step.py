"""The step that folds what members do: grants, decisions on what they share, and the entries of both; one transaction
a run.

It follows ``earn_step`` and never passes it, so that an event counts for both by the same version of the programme.
Killed anywhere, it has done all of a run or nothing of it. What comes in one run is known together: the limit decides
in which portions members ask for what they share, and changes nothing else.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import Engine, select

from loyaltychain.core import collecting
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.failpoints import hit
from loyaltychain.db.cursors import cursors
from loyaltychain.db.engine import Tx, transaction
from loyaltychain.db.step import move_cursor, read_cursor
from loyaltychain.events import links
from loyaltychain.events.store import read_events
from loyaltychain.ledger.post import lock_posts
from loyaltychain.operations.conduct import catch_up, entry_facts, state_store
from loyaltychain.operations.conduct.gather import Touched
from loyaltychain.operations.conduct.links_seen import touch_linked
from loyaltychain.operations.conduct.routing import Routed, route
from loyaltychain.operations.conduct.run import Run
from loyaltychain.operations.conduct.versions import Engines, digest_of, note_version, read_versions
from loyaltychain.operations.summary import add_up
from loyaltychain.operations.types import NO_BOUNDS, Bounds
from loyaltychain.program.types import Program

CONDUCT = "conduct"  # the step's name, and its cursor's
ENTRIES = "conduct.entries"  # the cursor of the ledger's entries that count towards tiers
EARN = "earn"  # the cursor that it follows
_Done = TypeVar("_Done")


@dataclass(frozen=True, slots=True)
class ConductReport:
    """One run: ``work`` is what it looked at, 0 when it is up to date; ``grants`` are revisions.

    ``position`` is the event position up to which it is done; ``issued``, ``reversed`` and ``reinstated`` are points.
    """

    position: int
    work: int = 0
    events: int = 0
    members: int = 0
    grants: int = 0
    entries: int = 0
    issued: int = 0
    reversed: int = 0
    reinstated: int = 0


def conduct_step(
    engine: Engine, program: Program, *, now: UnixSeconds, limit: int = 1000, bounds: Bounds = NO_BOUNDS
) -> ConductReport:
    """Fold the next events, in the order of their positions, and record grants, decisions, entries and cursors.

    Args:
        program: In force.
        now: When the entries are recorded; unix seconds.
        limit: Events a run.
        bounds: What one entry may move at most, from the contract's caps.

    Raises:
        DatabaseBusy: another worker is at it; run it again.
    """
    return _commit(engine, lambda tx: conduct_within(tx, program, now=now, limit=limit, bounds=bounds))


def conduct_tidy(
    engine: Engine, program: Program, *, now: UnixSeconds, limit: int = 500, bounds: Bounds = NO_BOUNDS
) -> int:
    """Grant what time alone has decided by ``now``: points whose gate nobody opened. How many revisions that made."""
    grants = 0
    while True:
        found = _commit(engine, lambda tx: tidy_within(tx, program, now=now, limit=limit, bounds=bounds))
        if found is None:
            return grants
        grants += found


def _commit(engine: Engine, work: Callable[[Tx], _Done]) -> _Done:
    """Do it in one transaction."""
    with collecting.put_off(), transaction(engine) as tx:
        done = work(tx)
        hit("conduct.before_commit")
    hit("conduct.after_commit")
    return done


def conduct_within(
    tx: Tx, program: Program, *, now: UnixSeconds, limit: int = 1000, bounds: Bounds = NO_BOUNDS
) -> ConductReport:
    """One run in the caller's transaction; as ``conduct_step``."""
    if program.conduct is None and not read_versions(tx).have_conduct:
        return ConductReport(0)
    done = read_cursor(tx, CONDUCT)
    upto = _earned(tx)
    links.keep_still(tx)
    lock_posts(tx)
    if program.conduct is not None:
        note_version(tx, program, upto + 1)
    versions = read_versions(tx)
    newest = versions.newest
    assert newest is not None, versions.digests
    run = Run(tx, Engines(versions, newest), in_force=digest_of(program), now=now, bounds=bounds)
    looked_at = catch_up.route_again(tx, run, done, limit)
    if looked_at:
        return ConductReport(done, looked_at)
    touched, gone = Touched(), state_store.read_stale(tx, limit)
    for member in gone:
        touched.since[run.gatherer.head(member)] = None
    others = [member for member in gone if run.gatherer.head(member) != member]
    others += touch_linked(tx, run.gatherer, touched)
    work = len(gone) + _take_entries(tx, run, touched, limit)
    found = read_events(tx, done, min(limit, upto - done)) if upto > done and not gone else []
    if found:
        _join(run, touched, route(tx, versions, run.loader, found))
        run.note_roles(found)
        done = found[-1].position
        move_cursor(tx, CONDUCT, done)
    settled = run.fold(touched)
    state_store.drop(tx, others)
    sums = add_up(settled.movements)
    return ConductReport(
        done, work + len(found) + len(touched.since), len(found), len(touched.since), settled.grants,
        len(settled.movements),
        sums.issued, sums.reversed, sums.reinstated,
    )  # fmt: skip


def tidy_within(
    tx: Tx, program: Program, *, now: UnixSeconds, limit: int = 500, bounds: Bounds = NO_BOUNDS
) -> int | None:
    """Let time pass for some members for whom it does something: how many revisions it made; None: nobody is left."""
    due = state_store.read_due(tx, now, limit)
    if not due:
        return None
    links.keep_still(tx)
    lock_posts(tx)
    versions = read_versions(tx)
    engines = Engines(versions, versions.newest or program)
    run = Run(tx, engines, in_force=digest_of(program), now=now, bounds=bounds)
    return run.let_pass(due).grants


def read_decided(tx: Tx) -> int:
    """The position up to which events were decided on, by rules and, where there are any, by behaviours."""
    earned = _earned(tx)
    folded = tx.execute(select(cursors.c.position).where(cursors.c.step == CONDUCT)).scalar_one_or_none()
    if folded is None:  # no run is over yet: the first is still to come, or there is nothing for one to do
        return 0 if read_versions(tx).have_conduct else earned
    return min(earned, int(folded))


def _earned(tx: Tx) -> int:
    """The position up to which ``earn_step`` is done; its cursor is not locked."""
    return tx.execute(select(cursors.c.position).where(cursors.c.step == EARN)).scalar_one_or_none() or 0


def _take_entries(tx: Tx, run: Run, touched: Touched, limit: int) -> int:
    """Take in what orders and others added to qualifying points. How many entries were looked at."""
    if not run.engines.versions.words.has_tiers:
        return 0
    after = read_cursor(tx, ENTRIES)
    told, reached = entry_facts.take_new(tx, after, limit)
    if reached > after:
        move_cursor(tx, ENTRIES, reached)
    for each in told:
        head = run.gatherer.head(each.member)
        before = touched.since.get(head, each.key)
        touched.since[head] = None if before is None else min(before, each.key)
        touched.facts.setdefault(head, {}).setdefault(each.position, []).append((each.member, "actor"))
        touched.turns.setdefault(head, 0)
    return reached - after


def _join(run: Run, touched: Touched, routed: Routed) -> None:
    """Name those whom events touched by whoever stands for them."""
    for member, key in routed.touched.items():
        head = run.gatherer.head(member)
        before = touched.since.get(head, key)
        touched.since[head] = None if before is None else min(before, key)
        turn = routed.turns[member]
        touched.turns[head] = min(turn, touched.turns.get(head) or turn)
    for member, facts in routed.facts.items():
        named = touched.facts.setdefault(run.gatherer.head(member), {})
        for position, roles in facts.items():
            named.setdefault(position, []).append((member, roles))
