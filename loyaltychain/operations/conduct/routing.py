"""Put events into the streams of those whom they concern, and say who has to be folded again, from where on."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select

from loyaltychain.core.amounts import MemberNumber
from loyaltychain.db.engine import Tx
from loyaltychain.events.tables import events
from loyaltychain.events.types import SequencedEvent
from loyaltychain.ledger.store import parts
from loyaltychain.operations.conduct import known, route_store
from loyaltychain.operations.conduct.route import Book, Made
from loyaltychain.operations.conduct.route_load import Loader
from loyaltychain.operations.conduct.route_store import StreamRow
from loyaltychain.operations.conduct.tables import stream
from loyaltychain.operations.conduct.told import Told, is_good, told_of
from loyaltychain.operations.conduct.versions import Versions
from loyaltychain.operations.proofs.verify import verify_proofs
from loyaltychain.operations.referring.note import note_referrals, void_referrals
from loyaltychain.rules.engine.types import FactKey


@dataclass(slots=True)
class Routed:
    """What a run's events changed.

    Args:
        touched: By member as captured, the key of the first fact of hers that is new or another one now.
        turns: By member, the position at which she is asked: of the first event that touched her.
        facts: By member, the events that concern her and are new, or may be other facts now, with their roles.
    """

    book: Book
    touched: dict[MemberNumber, FactKey] = field(default_factory=dict)
    turns: dict[MemberNumber, int] = field(default_factory=dict)
    facts: dict[MemberNumber, dict[int, str]] = field(default_factory=dict)

    def touch(self, member: MemberNumber, key: FactKey, position: int) -> None:
        """Note that a fact of hers is new or changed."""
        if member in self.book.nobody:
            return
        self.touched[member] = min(key, self.touched.get(member, key))
        self.turns[member] = min(position, self.turns.get(member, position))


def route(
    tx: Tx, versions: Versions, loader: Loader, found: Sequence[SequencedEvent], *, upto: int | None = None
) -> Routed:
    """Take these events into the streams, with all that comes to light through them. Idempotent.

    Args:
        versions: The newest judges proofs.
        found: In the order of positions; those of types that nobody asks for are passed over.
        upto: Events up to that position were taken in, if these are not the last.
    """
    words = loader.book.words
    if versions.newest is not None:
        verify_proofs(tx, versions.newest, found)
    types = words.types
    good = [each for each in found if each.event.type not in types or is_good(each.event.type, each.event.payload)]
    told = [told_of(each) for each in good if each.event.type in types]
    noted = note_referrals(tx, versions.terms, good)
    loader.upto = found[-1].position if upto is None else upto
    loader.prepare(told)
    waiting = route_store.take_awaited(tx)
    loader.know_at(waiting)
    of_referees = _of_referees(tx, {each.referee for each in noted.linked}, words.to_referrers)
    loader.know_at(of_referees)
    routed = Routed(loader.book)
    changed: dict[str, Made] = {}
    again = waiting | of_referees
    for each in told:
        before = loader.book.objects.get(each.object or "")
        again |= loader.book.put(each)
        made = loader.book.objects.get(each.object or "")
        if made is not None and before != made:
            changed[made.id] = made
    again |= _speaking_of(loader, again)
    _write_names(tx, loader.book, told, changed.values())
    turn = min((each.position for each in told), default=0)
    _write_streams(tx, routed, again, {each.position for each in told}, turn)
    _write_retractions(tx, versions, routed, loader, again, turn)
    for member, key in noted.touched:
        routed.touch(member, key, turn)
    return routed


def _speaking_of(loader: Loader, again: set[int]) -> set[int]:
    """What names these events, or speaks of them by their objects: it concerns whomever they concern now."""
    told = [loader.book.told[position] for position in sorted(again)]
    loader.need(told)
    loader.need_naming(told)
    found = loader.book.speaking_of(again) - again
    more = [loader.book.told[position] for position in sorted(found)]
    loader.need(more)
    loader.need_naming(more)  # what takes one of them back
    return found


def _of_referees(tx: Tx, referees: Iterable[MemberNumber], types: Iterable[str]) -> set[int]:
    """The positions of what these did that concerns whoever sent them."""
    found: set[int] = set()
    of_types = events.c.type.in_(sorted(types))
    for part in parts(sorted(referees)):
        query = select(events.c.position).join(stream, stream.c.position == events.c.position)
        found |= set(tx.execute(query.where(stream.c.member.in_(part), events.c.member.in_(part), of_types)).scalars())
    return found


def _write_names(tx: Tx, book: Book, told: Sequence[Told], made: Iterable[Made]) -> None:
    route_store.write_objects(tx, list(made))
    route_store.insert_mentions(
        tx,
        (
            (name, each.position)
            for each in told
            for name in book.names_of(each)
            if name[0] != "member" or name[1] not in book.numbers
        ),
    )


def _write_streams(tx: Tx, routed: Routed, again: set[int], new: set[int], turn: int) -> None:
    book = routed.book
    had: dict[int, dict[MemberNumber, StreamRow]] = {}
    for row in route_store.read_stream_at(tx, again):
        had.setdefault(row[2], {})[row[0]] = row
    added: list[StreamRow] = []
    changed: list[StreamRow] = []
    gone: list[StreamRow] = []
    for position in sorted(again):
        told, before = book.told[position], had.get(position, {})
        rows = {member: (member, told.at, position, ",".join(roles)) for member, roles in book.roles(told).items()}
        if before:
            added += [row for member, row in rows.items() if member not in before]
            changed += [row for member, row in rows.items() if member in before and before[member] != row]
            gone += [row for member, row in before.items() if member not in rows]
        else:
            added += rows.values()
        for member, row in rows.items():
            routed.facts.setdefault(member, {})[position] = row[3]
        for member in rows.keys() | before.keys():
            routed.touch(member, told.key, position if position in new else turn)
    route_store.insert_stream(tx, added)
    route_store.change_stream(tx, changed, gone)


def _write_retractions(tx: Tx, versions: Versions, routed: Routed, loader: Loader, again: set[int], turn: int) -> None:
    """Write what these events take back now, and what of it they do not any more."""
    book = routed.book
    takers = [position for position in sorted(again) if book.takes_back(book.told[position])]
    found = [each for position in takers for each in book.taken_back(book.told[position])]
    changed = route_store.change_taken_back(tx, takers, found)
    by = {each.position: each.by for each in changed}
    loader.know_at(by.keys())
    for member, _, position, _ in route_store.read_stream_at(tx, by.keys()):
        routed.touch(member, book.told[position].key, max(by[position], turn))
    sent = {position for position in again | by.keys() if book.told[position].type in book.words.referrals}
    taken = known.read_retractions(tx, sent) if sent else {}
    keys = {(book.told[each].source, book.told[each].id): each in taken for each in sent}
    for member, key in void_referrals(tx, versions.terms, keys):
        routed.touch(member, key, turn)
