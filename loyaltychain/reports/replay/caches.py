"""What the conduct step keeps so that it need not work it out each time, held against what events say themselves."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Select, select

from loyaltychain.core.amounts import MemberNumber
from loyaltychain.db.engine import Tx
from loyaltychain.operations.conduct.tables import decisions, mentions, objects, pools, retractions, stream
from loyaltychain.reports.replay.findings import Finding
from loyaltychain.reports.replay.history import History

_ROLES = ","


def check_caches(tx: Tx, history: History) -> Iterator[Finding]:
    """Whom events concern and what they name, who made what, what was taken back, what is taken of what is shared."""
    yield from _check_stream(tx, history)
    made = {each.id: (each.kind, each.owner, each.made_at, each.parent, each.position) for each in _made(history)}
    its = objects.c
    query: Select[Any] = select(its.id, its.kind, its.owner, its.made_at, its.parent, its.position)
    kept = {row[0]: tuple(row[1:]) for row in tx.execute(query)}
    yield from _differences("object-differs", "object {}", made, kept)
    back = {(each.position, each.by): (each.at, int(each.is_fraud)) for each in history.taken_back}
    rows = [row for row in tx.execute(select(retractions)) if row.position in history.book.told]  # others are no facts
    kept = {(row.position, row.by_position): (row.at, row.is_fraud) for row in rows}
    yield from _differences("retraction-differs", "what takes back what, by positions {}", back, kept)
    yield from _check_mentions(tx, history)
    yield from _check_pools(tx)


def _made(history: History) -> list[Any]:
    return list(history.book.objects.values())


def _check_stream(tx: Tx, history: History) -> Iterator[Finding]:
    listed: dict[int, dict[MemberNumber, tuple[str, int]]] = {}
    for row in tx.execute(select(stream).where(stream.c.position > 0)):
        listed.setdefault(row.position, {})[MemberNumber(row.member)] = row.roles, row.occurred_at
    for place, told in history.book.told.items():
        roles = history.book.roles(told).items()
        expected = {number: (_ROLES.join(named), told.at) for number, named in roles}
        actual = listed.pop(place, {})
        if expected != actual:
            yield Finding("stream-differs", f"event {told.cause}", str(expected), str(actual))
    for place, actual in listed.items():
        yield Finding("stream-differs", f"event at {place}", "nobody", str(actual))


def _check_mentions(tx: Tx, history: History) -> Iterator[Finding]:
    """Of members only those are kept whom nobody knew when the event came."""
    book = history.book
    named = {(*name, place) for place, told in book.told.items() for name in book.names_of(told)}
    kept = {(row.kind, row.name, row.position) for row in tx.execute(select(mentions))}
    for kind, name, place in sorted(named - kept):
        if kind != "member" or name not in book.numbers:
            yield Finding("mention-differs", f"event at {place}", f"{kind} {name}", "not kept")
    for kind, name, place in sorted(kept - named):
        yield Finding("mention-differs", f"event at {place}", "not named", f"{kind} {name}")


def _check_pools(tx: Tx) -> Iterator[Finding]:
    taken: Counter[str] = Counter()
    for row in tx.execute(select(decisions.c.resource, decisions.c.granted).where(decisions.c.is_latest == 1)):
        taken[row.resource] += row.granted
    kept = Counter({row.resource: row.taken for row in tx.execute(select(pools))})
    for resource in sorted(taken.keys() | kept.keys()):
        if taken[resource] != kept[resource]:
            yield Finding("pool-differs", resource, str(taken[resource]), str(kept[resource]))


def _differences(code: str, subject: str, expected: Mapping[Any, Any], kept: Mapping[Any, Any]) -> Iterator[Finding]:
    for name in sorted(expected.keys() | kept.keys()):
        if expected.get(name) != kept.get(name):
            yield Finding(code, subject.format(name), str(expected.get(name)), str(kept.get(name)))
