"""The SQL of what is kept of folds: states, checkpoints, and the facts that a fold begins anew with."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import orjson
from sqlalchemy import Select, bindparam, delete, insert, literal, select, update

from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.bulk import any_of, as_list, fetch, insert_rows, put_rows
from loyaltychain.db.engine import Tx
from loyaltychain.events.store import EventRow
from loyaltychain.events.tables import events
from loyaltychain.ledger.store import parts
from loyaltychain.operations.conduct.tables import fold_checkpoints, fold_states, stream
from loyaltychain.operations.conduct.told import Told, read_told
from loyaltychain.rules.engine.state import State
from loyaltychain.rules.engine.types import FactKey

EVERY = 500  # facts from one checkpoint to the next


@dataclass(slots=True)
class Kept:
    """A member's state after so many facts, the last with this key.

    Args:
        numbers: Hers, and those that went over into her: whose facts were folded.
        state: None: it is of no use any more, all has to be folded again.
        tidied_to: What time did up to then stands in her grants, and not in the state.
    """

    member: MemberNumber
    numbers: tuple[MemberNumber, ...]
    facts: int
    last: FactKey
    state: State | None
    due_at: UnixSeconds | None
    tidied_to: UnixSeconds


def read_states(tx: Tx, members: Collection[MemberNumber]) -> dict[MemberNumber, Kept]:
    """What is kept of those of these members of whom anything is."""
    if not members:
        return {}
    rows = fetch(tx, _states(tx.dialect.name), members=as_list(sorted(members)))
    return {
        MemberNumber(member): Kept(
            MemberNumber(member), tuple(orjson.loads(numbers)), facts, (at, source, event_id),
            None if is_stale else _state(document), due_at, tidied_to,
        )
        for member, numbers, facts, at, source, event_id, document, due_at, tidied_to, is_stale in rows
    }  # fmt: skip


@cache
def _states(dialect: str) -> Select[Any]:
    names = (
        "member", "numbers", "facts", "at", "source", "event_id", "document", "due_at", "tidied_to", "is_stale",
    )  # fmt: skip
    return select(*(fold_states.c[name] for name in names)).where(any_of(dialect, fold_states.c.member, "members"))


def read_stale(tx: Tx, limit: int) -> list[MemberNumber]:
    """Some members whose states are of no use any more."""
    query = select(fold_states.c.member).where(fold_states.c.is_stale == 1).order_by(fold_states.c.member).limit(limit)
    return [MemberNumber(member) for member in tx.execute(query).scalars()]


def read_due(tx: Tx, now: UnixSeconds, limit: int) -> list[MemberNumber]:
    """Some members for whom time alone has done something by now."""
    query = select(fold_states.c.member).where(fold_states.c.due_at <= now).order_by(fold_states.c.due_at)
    return [MemberNumber(member) for member in tx.execute(query.limit(limit)).scalars()]


def set_all_stale(tx: Tx) -> None:
    """No state is of use any more, nor any checkpoint; who has none yet gets one of that kind."""
    tx.execute(update(fold_states).values(is_stale=1, due_at=None))
    tx.execute(delete(fold_checkpoints))
    empty: dict[str, int | str] = {
        "numbers": "[]", "facts": 0, "at": 0, "source": "", "event_id": "", "document": "", "tidied_to": 0,
        "is_stale": 1,
    }  # fmt: skip
    known = select(fold_states.c.member)
    others = select(stream.c.member, *(literal(value).label(name) for name, value in empty.items()))
    names = ["member", *empty]
    tx.execute(insert(fold_states).from_select(names, others.where(stream.c.member.not_in(known)).distinct()))


def set_stale(tx: Tx, members: Collection[MemberNumber]) -> None:
    """The states and checkpoints of these members are of no use: they were merged, or are two again."""
    for part in parts(sorted(members)):
        tx.execute(update(fold_states).where(fold_states.c.member.in_(part)).values(is_stale=1, due_at=None))
        tx.execute(delete(fold_checkpoints).where(fold_checkpoints.c.member.in_(part)))


def drop(tx: Tx, members: Collection[MemberNumber]) -> None:
    """Keep nothing of these members: others stand for them."""
    for part in parts(sorted(members)):
        tx.execute(delete(fold_states).where(fold_states.c.member.in_(part)))


def write_states(tx: Tx, kept: Sequence[Kept]) -> None:
    """Keep these states instead of the ones before."""
    rows = [
        (
            each.member, orjson.dumps(each.numbers).decode(), each.facts, *each.last,
            "" if each.state is None else _text(each.state), each.due_at,
            each.tidied_to, 0,
        )
        for each in sorted(kept, key=lambda each: each.member)
    ]  # fmt: skip
    put_rows(tx, fold_states, rows)


Checkpoint = tuple[UnixSeconds, int, State]  # every fact up to this instant, and how many they are


def read_checkpoint(tx: Tx, member: MemberNumber, before: UnixSeconds) -> Checkpoint | None:
    """The member's last checkpoint before this instant."""
    points = fold_checkpoints.c
    query = select(points.at, points.facts, points.document).where(points.member == member, points.at < before)
    row = tx.execute(query.order_by(points.at.desc()).limit(1)).first()
    return None if row is None else (UnixSeconds(row.at), row.facts, _state(row.document))


def write_checkpoints(
    tx: Tx,
    since: Mapping[MemberNumber, UnixSeconds | None],
    made: Mapping[MemberNumber, Sequence[tuple[int, int, str]]],
) -> None:
    """Keep these checkpoints, (at, facts, document) each; those after ``since`` (None: all) go before that."""
    points = fold_checkpoints.c
    for part in parts(sorted(member for member, at in since.items() if at is None)):
        tx.execute(delete(fold_checkpoints).where(points.member.in_(part)))
    for member, at in since.items():
        if at is not None:
            tx.execute(delete(fold_checkpoints).where(points.member == member, points.at > at))
    insert_rows(tx, fold_checkpoints, [(member, *each) for member in sorted(made) for each in made[member]])
    for member in sorted(member for member, those in made.items() if those):
        rows = tx.execute(select(points.facts, points.at).where(points.member == member))
        times = {row.facts: row.at for row in rows}
        for facts in too_many(times):
            tx.execute(delete(fold_checkpoints).where(points.member == member, points.at == times[facts]))


def too_many(checkpoints: Collection[int], *, every: int = EVERY) -> list[int]:
    """Which of these checkpoints, by their numbers of facts, are not worth their room.

    The k-th stays while it is among the last ``4 * p``, ``p`` being the largest power of two that divides k. So the
    gaps grow with the distance, a long history has few, and what a late fact costs is less than twice what came
    after it, and four checkpoints more.
    """
    numbers = {facts: facts // every for facts in checkpoints}
    newest = max(numbers.values(), default=0)
    return [facts for facts, number in numbers.items() if newest - number > 4 * (number & -number)]


StreamFact = tuple[Told, MemberNumber, str]  # the event, whose stream it stands in, and as what


def read_facts(tx: Tx, numbers: Collection[MemberNumber], after: UnixSeconds | None) -> list[StreamFact]:
    """All that concerns these numbers after an instant (None: ever), entries left out, in no order."""
    since = -(2**62) if after is None else after
    rows = fetch(tx, _facts(tx.dialect.name), members=as_list(sorted(numbers)), since=since)
    return [(read_told(EventRow._make(row[2:])), MemberNumber(row[0]), row[1]) for row in rows]


@cache
def _facts(dialect: str) -> Select[Any]:
    columns = [events.c[name] for name in EventRow._fields]
    return (
        select(stream.c.member, stream.c.roles, *columns)
        .join(events, events.c.position == stream.c.position)
        .where(any_of(dialect, stream.c.member, "members"), stream.c.occurred_at > bindparam("since"))
    )


def read_entry_facts(
    tx: Tx, numbers: Collection[MemberNumber], after: UnixSeconds | None
) -> list[tuple[MemberNumber, int]]:
    """The same of facts that are ledger entries: whose, and the position, which is below 0."""
    since = -(2**62) if after is None else after
    is_entry = stream.c.position < 0, stream.c.occurred_at > since
    return [
        (MemberNumber(row.member), row.position)
        for part in parts(sorted(numbers))
        for row in tx.execute(select(stream.c.member, stream.c.position).where(stream.c.member.in_(part), *is_entry))
    ]


def document_of(state: State) -> str:
    """The state as it is kept."""
    return _text(state)


def _text(state: State) -> str:
    """Numbers beyond 64 bits, as sums of what strangers told may be, need the slow way; a blank before it says so."""
    document = state.to_document()
    try:
        return orjson.dumps(document).decode()
    except TypeError:
        return " " + json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def _state(document: str) -> State:
    return State.from_document(json.loads(document) if document[0] == " " else orjson.loads(document))
