"""Bring grants and ledger to what a run's folds say: new revisions, and the movements of their differences."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from loyaltychain.core.amounts import QUALIFYING, MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import Tx
from loyaltychain.ledger import accounts, lot_store, store
from loyaltychain.ledger.book import load_purses
from loyaltychain.ledger.lots import Condition, Lot, Movement
from loyaltychain.ledger.plain import Plain
from loyaltychain.ledger.purse import Purse
from loyaltychain.ledger.types import EntryId
from loyaltychain.operations import order_store
from loyaltychain.operations.conduct import grant_store
from loyaltychain.operations.conduct.change import Change, Standing
from loyaltychain.operations.conduct.folding import Fold, GrantKey
from loyaltychain.operations.conduct.grant_store import GrantRow
from loyaltychain.operations.conduct.names import award_name
from loyaltychain.operations.conduct.plain import find_plain
from loyaltychain.operations.conduct.post import Posted, Poster
from loyaltychain.operations.conduct.revise import Revision, Revisions, compare
from loyaltychain.operations.conduct.route import Book
from loyaltychain.operations.conduct.versions import Engines
from loyaltychain.operations.keep import keep
from loyaltychain.operations.types import Bounds
from loyaltychain.program.types import Program


@dataclass(frozen=True, slots=True)
class Settled:
    """How many revisions a run made, and what it moved."""

    grants: int
    movements: Sequence[Movement | Plain]


def settle(
    tx: Tx,
    engines: Engines,
    book: Book,
    folds: Sequence[Fold],
    *,
    in_force: str,
    now: UnixSeconds,
    bounds: Bounds,
) -> Settled:
    """Write what the folds change of grants, and post the differences. The posts are locked (``lock_posts``)."""
    revisions = compare(folds, _read_stored(tx, folds))
    grant_store.move(tx, revisions.moved)
    if not revisions.new:
        return Settled(0, ())
    changes = [_change(engines, book, each, now, in_force) for each in revisions.new]
    movements = _post(tx, revisions, changes, now=now, bounds=bounds)
    return Settled(len(changes), movements)


def _read_stored(tx: Tx, folds: Sequence[Fold]) -> dict[MemberNumber, dict[GrantKey, list[GrantRow]]]:
    heads = {number: fold.member for fold in folds for number in fold.numbers}
    whole = [fold for fold in folds if not fold.in_order and fold.since is None]
    later = [fold for fold in folds if not fold.in_order and fold.since is not None]
    said = grant_store.read_said_after(tx, {number for fold in whole for number in fold.numbers}, None)
    for fold in later:
        said += grant_store.read_said_after(tx, fold.numbers, fold.since)
    there = {(heads[row.member], row.rule, row.cause, row.occurrence) for row in said}
    causes = {
        key[1] for fold in folds for key in fold.said if len(fold.numbers) > 1 or (fold.member, *key) not in there
    }
    known = {row.number for row in said} if causes else set()
    said += [row for row in grant_store.read_caused(tx, causes) if row.member in heads and row.number not in known]
    found: dict[MemberNumber, dict[GrantKey, list[GrantRow]]] = {}
    for row in sorted(said, key=_number):
        by_key = found.setdefault(heads[row.member], {})
        by_key.setdefault((row.rule, row.cause, row.occurrence), []).append(row)
    return found


def _number(row: GrantRow) -> int:
    return row.number


def _change(engines: Engines, book: Book, each: Revision, now: UnixSeconds, in_force: str) -> Change:
    grant, row = each.grant, each.before
    program = engines.versions.programs.get(grant.version, engines.program)
    told = book.told.get(each.said.turn)
    at = min(each.said.last_at if told is None else told.at, now)
    before = Standing() if row is None else Standing(row.posted, row.counted, row.state == "pending")
    award = award_name(grant.rule, each.member, grant.occurrence, grant.cause)
    return Change(
        grant, each.member, 1 if row is None else row.revision + 1, before,
        f"clock/{award}" if told is None else told.cause, UnixSeconds(at), program, each.content[10], award,
        grant.version if grant.version == in_force else None,
        _condition(program, grant.rule) if grant.state == "pending" else None,
    )  # fmt: skip


def _condition(program: Program, rule: str) -> Condition | None:
    """What pending points of a rule wait for; time decides where the engine would."""
    kind, _, id_ = rule.partition(":")
    conduct = program.conduct
    if conduct is None:
        return None
    if kind == "referral":
        found = [each for each in conduct.referrals if each.id == id_]
        return Condition(found[0].approved_by, found[0].rejected_by, "give", 0) if found else None
    gates = [each.gate for each in conduct.behaviours if each.id == id_ and each.gate is not None]
    if not gates:
        return None
    gate = gates[0]
    return Condition(gate.until[0].event, gate.reject[0] if gate.reject else None, gate.otherwise, 0)


def _post(
    tx: Tx, revisions: Revisions, changes: Sequence[Change], *, now: UnixSeconds, bounds: Bounds
) -> list[Movement | Plain]:
    heads = [each.fold.member for each in revisions.new]
    points = [(head, change) for head, change in zip(heads, changes, strict=True) if _moves_points(change)]
    plain = find_plain(tx, points, now)
    moving = {head for head, _ in points} - plain
    purses = load_purses(tx, moving)
    closed = order_store.read_closed(tx, set(heads))
    movements: list[Movement | Plain] = [
        moved for head in sorted(moving) for moved in purses[head].advance(now, recorded_at=now)
    ]
    lots = _adopt(tx, purses, heads, changes)
    swept = _read_swept(tx, lots, [each.entry.id for each in movements if isinstance(each, Movement)])
    keys = [(accounts.qualifying(head), QUALIFYING) for head in sorted(moving)]
    balances = store.read_balances(tx, keys) if keys else {}
    poster = Poster(
        purses, bounds, now, {head: balances[accounts.qualifying(head), QUALIFYING] for head in moving}, closed,
        plain, movements,
    )  # fmt: skip
    rows: list[GrantRow] = []
    entries: dict[int, list[EntryId]] = {}
    last = grant_store.last_number(tx)
    for number, (each, change) in enumerate(zip(revisions.new, changes, strict=True), start=last + 1):
        if change.before.is_pending and change.award in swept:
            change = replace(change, before=replace(change.before, posted=0, is_pending=False))
        if _moves_points(change) or change.grant.unit == "badge":
            posted = poster.post(change, each.fold.member)
        else:
            posted = Posted(replace(change.before, is_pending=False))
        rows.append(_row(number, each, change, posted, now))
        if posted.entries:
            entries[number] = posted.entries
    keep(tx, poster.movements, bounds=bounds)
    grant_store.insert(tx, rows, entries)
    return poster.movements


def _moves_points(change: Change) -> bool:
    """Whether anything of points stands in the ledger for it, or will."""
    grant, before = change.grant, change.before
    return grant.unit == "points" and bool(before.posted or before.counted or (grant.awarded and grant.state != "held"))


def _adopt(
    tx: Tx, purses: Mapping[MemberNumber, Purse], heads: Sequence[MemberNumber], changes: Sequence[Change]
) -> list[Lot]:
    """Lots of awards that were posted before: spent ones too; of another number's only what ran out counts."""
    owners = {change.award: head for head, change in zip(heads, changes, strict=True) if change.revision > 1}
    lots = lot_store.read_lots_of_awards(tx, owners)
    for lot in lots:
        purse = purses.get(owners[lot.award])
        if purse is not None:
            purse.adopt([lot if lot.member == purse.member else replace(lot, member=purse.member, remaining=0)])
    return lots


def _read_swept(tx: Tx, lots: Iterable[Lot], moved: Iterable[EntryId]) -> set[str]:
    """Awards whose pending points time took back by itself, before or just now."""
    names = {f"reverse:{lot.id}": lot.award for lot in lots if lot.due_at is not None}
    known: set[str] = set(store.read_digests(tx, names.keys())) if names else set()
    known.update(moved)
    return {award for name, award in names.items() if name in known}


def _row(number: int, each: Revision, change: Change, posted: Posted, now: UnixSeconds) -> GrantRow:
    grant, standing = change.grant, posted.standing
    unit, at, desired, awarded, state, reason, qualifying, due_at, expiry, role, inputs, version = each.content
    return GrantRow(
        number, grant.cause, grant.rule, grant.occurrence, each.member, change.revision, unit, at, desired, awarded,
        "gone" if each.is_gone else state, reason, qualifying, due_at, expiry, role, inputs, version, standing.posted,
        standing.counted, posted.problem, max(each.said.turn, 0), now, 1, each.said.first_at, each.said.last_at,
    )  # fmt: skip


def read_roles_of(tx: Tx, numbers: Collection[MemberNumber]) -> dict[MemberNumber, set[str]]:
    """The roles that badges of these numbers give."""
    return grant_store.read_roles(tx, numbers) if numbers else {}
