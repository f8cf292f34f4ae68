"""The SQL of referrals and traits, and a book of those that a question needs. Decides nothing."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Row, Select, bindparam, or_, select, tuple_, update

from loyaltychain.core import canonical
from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.bulk import any_of, as_list, insert_rows
from loyaltychain.db.engine import Tx
from loyaltychain.db.tables import Number
from loyaltychain.events.links import find_merged, find_survivors
from loyaltychain.events.named import read_named
from loyaltychain.events.store import read_members
from loyaltychain.events.tables import member_aliases, members
from loyaltychain.operations.referring.tables import member_traits, referrals
from loyaltychain.program.behaviours import Per
from loyaltychain.rules.engine.referral_book import ReferralBook, Sent, Trait
from loyaltychain.rules.engine.referral_terms import ReferralTerms
from loyaltychain.rules.engine.types import FactKey

Key = tuple[str, str]  # (source, id) of an event
DAY = 86_400
_DAYS: dict[Per, int | None] = {"day": 2, "week": 8, "month": 32, "year": 367, "ever": None}  # no period is longer


def insert_referrals(tx: Tx, rows: Sequence[tuple[Any, ...]]) -> None:
    """Add rows of the table's columns."""
    insert_rows(tx, referrals, rows)


def read_positions(tx: Tx, positions: Collection[int]) -> set[int]:
    """Those of these positions whose referral is kept already."""
    query = select(referrals.c.position).where(any_of(tx.dialect.name, referrals.c.position, "positions"))
    return set(tx.execute(query, {"positions": as_list(positions)}).scalars())


def read_sent(tx: Tx, keys: Collection[Key]) -> list[Sent]:
    """The referrals that these events tell, taken back or not."""
    return [_sent(row) for row in read_named(tx, referrals, keys)]


def read_changed(tx: Tx, keys: Mapping[Key, bool]) -> list[Key]:
    """Those of these referrals of which it is not kept yet that they were, or were not, taken back."""
    rows = read_named(tx, referrals, keys.keys())
    return [key for row in rows if bool(row.is_void) != keys[key := (row.source, row.event_id)]]


def set_void(tx: Tx, keys: Mapping[Key, bool]) -> None:
    """Keep which of these were taken back."""
    rows = list(read_named(tx, referrals, keys.keys()))
    mine = any_of(tx.dialect.name, referrals.c.position, "positions")
    for is_void in (False, True):
        chosen = [row.position for row in rows if keys[row.source, row.event_id] == is_void]
        if chosen:
            tx.execute(update(referrals).where(mine).values(is_void=int(is_void)), {"positions": as_list(chosen)})


def read_linked(tx: Tx, referees: Collection[MemberNumber]) -> list[tuple[MemberNumber, MemberNumber]]:
    """(referee, referrer) of all referrals by which one of these was sent by somebody who is known."""
    mine = any_of(tx.dialect.name, referrals.c.referee, "numbers"), referrals.c.referrer.is_not(None)
    query = select(referrals.c.referee, referrals.c.referrer).where(*mine)
    rows = tx.execute(query, {"numbers": as_list(referees)})
    return [(MemberNumber(referee), MemberNumber(referrer)) for referee, referrer in rows]


def name_referrers(tx: Tx) -> list[Sent]:
    """Let referrals that waited for somebody who is known by now, by whatever id, name her; gives these referrals."""
    known = or_(
        *(
            select(table.c.member_id).where(table.c.member_id == referrals.c.referrer_id).exists()
            for table in (members, member_aliases)
        )
    )
    rows = list(tx.execute(select(referrals).where(referrals.c.referrer.is_(None), known)))
    numbers = read_members(tx, {row.referrer_id for row in rows}) if rows else {}
    for row in rows:
        at = referrals.c.position == row.position
        tx.execute(update(referrals).where(at).values(referrer=numbers[row.referrer_id].number))
    return read_sent(tx, {(row.source, row.event_id) for row in rows})


def read_sent_by(
    tx: Tx, referrers: Collection[MemberNumber], *, since: int = 0, until: int = canonical.EXACT_MAX
) -> list[Sent]:
    """The standing referrals of that time that name one of these numbers as the referrer."""
    return _read(tx, "referrer", referrers, since, until)


def read_sent_of(tx: Tx, referees: Collection[MemberNumber]) -> list[Sent]:
    """The standing referrals by which one of these numbers was sent."""
    return _read(tx, "referee", referees, -canonical.EXACT_MAX, canonical.EXACT_MAX)


def lower_traits(tx: Tx, told: dict[tuple[MemberNumber, Trait], FactKey]) -> list[tuple[MemberNumber, Trait, FactKey]]:
    """Keep when a member first said something; gives what is new, or earlier than was known."""
    columns = member_traits.c
    query = select(member_traits).where(any_of(tx.dialect.name, columns.member, "members"))
    rows = tx.execute(query, {"members": as_list({member for member, _ in told})})
    known = {(row.member, (row.field, row.digest)): (row.occurred_at, row.source, row.event_id) for row in rows}
    lower = [(*place, key) for place, key in told.items() if place not in known or key < known[place]]
    old = [(member, *trait) for member, trait, _ in lower if (member, trait) in known]
    if old:
        place = tuple_(columns.member, columns.field, columns.digest)
        tx.execute(member_traits.delete().where(place.in_(old)))
    insert_rows(tx, member_traits, [(member, *trait, *key) for member, trait, key in lower])
    return lower


def read_book(tx: Tx, terms: ReferralTerms, asked: Iterable[Sent]) -> ReferralBook:
    """A book that can answer for these referrals."""
    return _Reader(tx, terms).read(list(asked))


class _Reader:
    """Reads what a book needs, member by member with all numbers that went over into each, each once."""

    def __init__(self, tx: Tx, terms: ReferralTerms) -> None:
        self._tx = tx
        self._survivors: dict[MemberNumber, MemberNumber] = {}
        self._merged: dict[MemberNumber, set[MemberNumber]] = {}
        self._book = ReferralBook(terms, lambda number: self._survivors.get(number, number))

    def read(self, asked: list[Sent]) -> ReferralBook:
        """The book, filled."""
        referees = self._known({each.referee for each in asked})
        rivals = read_sent_of(self._tx, self._numbers(referees))
        referrers = self._known({each.referrer for each in (*asked, *rivals) if each.referrer is not None})
        beside = self._read_beside([*asked, *rivals], referrers)
        referees |= self._known({each.referee for each in beside})
        self._add_up(referees | referrers)
        self._add_traits(referrers)
        return self._book

    def _read_beside(self, asked: list[Sent], referrers: set[MemberNumber]) -> list[Sent]:
        """What these sent in all periods that any of the referrals lies in."""
        if self._book.terms.widest is None or not asked:
            return []
        times = [each.key[0] for each in asked]
        days = _DAYS[self._book.terms.widest]
        first, last = (0, canonical.EXACT_MAX) if days is None else (min(times) - days * DAY, max(times) + days * DAY)
        return read_sent_by(self._tx, self._numbers(referrers), since=first, until=last)

    def _add_up(self, members: set[MemberNumber]) -> None:
        """By whom these were sent, and by whom they, and so on."""
        seen: set[MemberNumber] = set()
        while members:
            seen |= members
            found = read_sent_of(self._tx, self._numbers(members))
            named = self._known({number for each in found for number in _both(each)})
            for each in found:
                self._book.add(each)
            members = named - seen

    def _add_traits(self, members: set[MemberNumber]) -> None:
        query = select(member_traits).where(any_of(self._tx.dialect.name, member_traits.c.member, "members"))
        for row in self._tx.execute(query, {"members": as_list(self._numbers(members))}):
            key = row.occurred_at, row.source, row.event_id
            self._book.add_trait(row.member, (row.field, row.digest), key)

    def _known(self, numbers: set[MemberNumber]) -> set[MemberNumber]:
        """These as they stand now."""
        fresh = numbers - self._survivors.keys()
        found = find_survivors(self._tx, fresh) if fresh else {}
        self._survivors |= {number: found.get(number, number) for number in fresh}
        return {self._survivors[number] for number in numbers}

    def _numbers(self, members: set[MemberNumber]) -> set[MemberNumber]:
        """These and all who went over into them."""
        fresh = members - self._merged.keys()
        for number in fresh:
            self._merged[number] = {number}
        for merged, into in (find_merged(self._tx, fresh) if fresh else {}).items():
            self._merged[into].add(merged)
            self._survivors[merged] = into
        return {number for member in members for number in self._merged[member]}


def _both(sent: Sent) -> tuple[MemberNumber, ...]:
    return (sent.referee,) if sent.referrer is None else (sent.referee, sent.referrer)


def _read(tx: Tx, side: str, numbers: Collection[MemberNumber], since: int, until: int) -> list[Sent]:
    if not numbers:
        return []
    query = _standing(tx.dialect.name, side)
    return [_sent(row) for row in tx.execute(query, {"numbers": as_list(numbers), "since": since, "until": until})]


@cache
def _standing(dialect: str, side: str) -> Select[Any]:
    """Made once: to put it together takes as long as to read some hundred rows."""
    since, until = bindparam("since", type_=Number), bindparam("until", type_=Number)
    is_then = referrals.c.occurred_at.between(since, until)
    return select(referrals).where(any_of(dialect, referrals.c[side], "numbers"), referrals.c.is_void == 0, is_then)


def _sent(row: Row[Any]) -> Sent:
    key = UnixSeconds(row.occurred_at), row.source, row.event_id
    traits = frozenset((name, digest) for name, digest in json.loads(row.traits))
    referrer = None if row.referrer is None else MemberNumber(row.referrer)
    return Sent(row.type, key, MemberNumber(row.referee), referrer, traits, row.position)
