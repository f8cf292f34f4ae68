"""Every member's facts, worked out from all events at once, without the caches that the conduct step keeps.

The rules of whom an event concerns are the step's own (``operations/conduct/route.py``); what they are applied to is
read anew. What was decided once (proofs, the roles of those who spoke) is taken as it was decided. Everything is in
memory: about 2 KB an event that behaviours ask for.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from sqlalchemy import select

from loyaltychain.core.amounts import QUALIFYING, MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import Tx
from loyaltychain.events.links import read_open_link
from loyaltychain.events.store import EventRow, last_position, read_members, read_rows
from loyaltychain.events.tables import events
from loyaltychain.ledger.store import parts
from loyaltychain.ledger.tables import entries
from loyaltychain.operations.conduct import entry_facts, known
from loyaltychain.operations.conduct.facts import Maker, whose
from loyaltychain.operations.conduct.gather import merge_fact
from loyaltychain.operations.conduct.route import Book, Made, TakenBack
from loyaltychain.operations.conduct.told import Told, is_good, read_told
from loyaltychain.operations.conduct.versions import Versions
from loyaltychain.operations.proofs.verify import WORD as PROOF
from loyaltychain.program.behaviours import To
from loyaltychain.rules.engine.referral_book import ReferralBook, Sent, Trait, traits_of
from loyaltychain.rules.engine.referral_terms import ReferralTerms
from loyaltychain.rules.engine.types import Fact, FactKey, Retraction

Report = Callable[[int, int | None], None]
_ROWS_AT_ONCE = 5_000


@dataclass(slots=True)
class History:
    """What all members did, and all that is known of it.

    Args:
        places: By member who stands for herself, the positions of her facts (below zero: of entries), and under which
            of her numbers she has which roles in each.
        entries: Facts that are entries of the ledger, by position.
        merges: By who stands for herself, a fact for each time that somebody went over into her.
        origins: By who stands for herself and position, whose fact it was before she went over.
    """

    book: Book
    maker: Maker
    places: dict[MemberNumber, dict[int, set[To]]] = field(default_factory=dict)
    entries: dict[int, Told] = field(default_factory=dict)
    merges: dict[MemberNumber, list[Fact]] = field(default_factory=dict)
    origins: dict[tuple[MemberNumber, int], MemberNumber] = field(default_factory=dict)
    taken_back: list[TakenBack] = field(default_factory=list)

    def head(self, number: MemberNumber) -> MemberNumber:
        """Who stands for this number."""
        return self.maker.survivors.get(number, number)

    def members(self) -> Iterator[MemberNumber]:
        """All who have facts, in order."""
        return iter(sorted(self.places))

    def told(self, place: int) -> Told:
        """The event, or the entry, at this position."""
        return self.book.told[place] if place > 0 else self.entries[place]

    def fact(self, member: MemberNumber, place: int) -> Fact:
        """What is at this position as a fact of the member's."""
        roles, origin = self.places[member][place], self.origins.get((member, place))
        return self.maker.make(self.told(place), roles, member, origin=origin)

    def facts(self, member: MemberNumber) -> list[Fact]:
        """A member's facts in their order."""
        found = [self.fact(member, place) for place in self.places[member]] + self.merges.get(member, [])
        return sorted(found, key=_key)


def read_history(
    tx: Tx,
    versions: Versions,
    *,
    upto: int | None = None,
    entries_upto: int | None = None,
    report: Report = lambda _, __: None,
) -> History:
    """The history of this database.

    Args:
        versions: What events mean to any of them decides which are looked at.
        upto: The last position of events that counts; all of them where it is not said.
        entries_upto: The same of the ledger's entries.
        report: Is told how many events were read, and how many there are.
    """
    book = Book(versions.words)
    last = last_position(tx) if upto is None else upto
    referrals = _Referrals(versions.terms)
    for row in _rows(tx, last, report):
        told = read_told(row) if row.type in versions.words.types or referrals.compares else None
        is_asked = row.type in versions.words.types
        if told is None or (is_asked and not is_good(told.type, told.payload)):
            continue
        referrals.see(told)
        if is_asked:
            _put(book, told)
    _name_members(tx, book)
    history = History(book, Maker(book, versions, survivors=known.read_survivors(tx)))
    _take_back(history)
    referrals.tell(history)
    _decided(tx, history)
    origins = _Origins(tx, history)
    for place, told in book.told.items():
        for number, roles in book.roles(told).items():
            history.places.setdefault(history.head(number), {}).setdefault(place, set()).update(roles)
            origins.see(place, number)
    if versions.words.has_tiers:
        _add_entries(tx, history, entries_upto)
    origins.tell(versions)
    return history


def _rows(tx: Tx, last: int, report: Report) -> Iterator[EventRow]:
    done = 0
    while done < last and (found := read_rows(tx, done, min(_ROWS_AT_ONCE, last - done))):
        yield from found
        done = found[-1].position
        report(done, last)


def _put(book: Book, told: Told) -> None:
    """As ``Book.put``, without asking what it changes."""
    book.know(told)
    kind = book.words.kinds.get(told.type)
    if kind is None or told.object is None:
        return
    before = book.objects.get(told.object)
    if before is not None:
        if book.told[before.position].key < told.key:
            return
        if before.parent is not None:
            book.children[before.parent].discard(before.id)
    book.know_object(Made(told.object, kind, told.member, told.at, told.parent, told.position))


def _name_members(tx: Tx, book: Book) -> None:
    named = {id_ for told in book.told.values() for id_ in (told.recipient, told.referrer) if id_ is not None}
    if named:
        book.numbers = {id_: member.number for id_, member in read_members(tx, sorted(named)).items()}
    if book.words.nobodies:
        book.nobody = {member.number for member in read_members(tx, sorted(book.words.nobodies)).values()}


def _take_back(history: History) -> None:
    book = history.book
    types = set(book.words.takes_back) | {"loyaltychain.act.retracted"}
    for told in list(book.told.values()):
        if told.type in types:
            for each in book.taken_back(told):
                history.taken_back.append(each)
                found = history.maker.retractions.setdefault(each.position, [])
                found.append(Retraction(told.cause, each.at, each.is_fraud))


def _decided(tx: Tx, history: History) -> None:
    """What was decided about events when they were taken in."""
    told = history.book.told.values()
    history.maker.proofs = known.read_some_proofs(
        tx, {(each.source, each.id) for each in told if PROOF in each.payload}
    )
    signals = [each.position for each in told if each.type in history.book.words.role_signals]
    for part in parts(signals):
        history.maker.actor_roles |= known.read_actor_roles(tx, part)
    for part in parts([each.position for each in told if each.type in history.book.words.late]):
        history.maker.told_at |= known.read_told_at(tx, part)


def _add_entries(tx: Tx, history: History, upto: int | None) -> None:
    """Qualifying points that rules for money gave or took."""
    query = select(entries.c.position).where(entries.c.postings.contains(f'"unit":"{QUALIFYING}"', autoescape=True))
    query = query if upto is None else query.where(entries.c.position <= upto)
    for part in parts(list(tx.execute(query.order_by(entries.c.position)).scalars())):
        found = entry_facts.read_at(tx, [-place for place in part])
        caused = sorted({version_at for _, version_at in found})
        owned = select(events.c.position, events.c.member).where(events.c.position.in_(caused))
        owners = {row.position: MemberNumber(row.member) for row in tx.execute(owned)}
        for told, version_at in found:
            history.entries[told.position] = told
            history.maker.entry_positions[told.position] = version_at
            number = owners.get(version_at, told.member)
            history.places.setdefault(history.head(number), {}).setdefault(told.position, set()).add("actor")


def _key(fact: Fact) -> FactKey:
    return fact.key


class _Origins:
    """Whose facts they were that members brought along when they went over into others, and when that was."""

    def __init__(self, tx: Tx, history: History) -> None:
        self._tx = tx
        self._history = history
        opened = (read_open_link(tx, number) for number in sorted(history.maker.survivors))
        self._links = {link.merged: link for link in opened if link is not None}
        self._heads = {history.head(number) for number in self._links}
        self._theirs: dict[int, dict[MemberNumber, set[MemberNumber]]] = {}  # by event and who stands for them

    def see(self, place: int, number: MemberNumber) -> None:
        """This event concerns this number."""
        head = self._history.head(number)
        if head in self._heads:
            self._theirs.setdefault(place, {}).setdefault(head, set()).add(number)

    def tell(self, versions: Versions) -> None:
        """Add both to the history."""
        history = self._history
        last = dict.fromkeys(self._links, 0)
        for part in parts(sorted(self._theirs)):
            query = select(events.c.position, events.c.received_at).where(events.c.position.in_(part))
            for place, received_at in self._tx.execute(query):
                for number, link in self._links.items():
                    if received_at < link.since and history.head(number) in self._theirs[place]:
                        last[number] = max(last[number], place)
                for head, numbers in self._theirs[place].items():
                    number = whose(history.told(place), numbers)
                    if number in self._links and received_at < self._links[number].since:
                        history.origins[head, place] = number
        for number, link in self._links.items():
            head = history.head(number)
            history.merges.setdefault(head, []).append(merge_fact(link, head, versions.at_merge(last[number])))


class _Referrals:
    """Who sent whom, gathered while the events are read and told to the history when they are all there."""

    def __init__(self, terms: ReferralTerms) -> None:
        self._terms = terms
        self.compares = terms.compares
        self._sent: list[Told] = []
        self._traits: dict[tuple[MemberNumber, tuple[str, str]], FactKey] = {}

    def see(self, told: Told) -> None:
        """Note what this event says of a referral, or of its member."""
        if told.type in self._terms.types and told.referrer is not None:
            self._sent.append(told)
        if self.compares:
            for trait in self._traits_of(told):
                place = told.member, trait
                self._traits[place] = min(told.key, self._traits.get(place, told.key))

    def tell(self, history: History) -> None:
        """Say of each referral what depends on other members."""
        book = ReferralBook(self._terms, history.head)
        sent = list(self._all(history))
        for each, is_void in sent:
            if not is_void:
                book.add(each)
            if each.referrer is not None and each.referrer != each.referee:
                history.book.referrers.setdefault(each.referee, set()).add(each.referrer)
        for (member, trait), key in self._traits.items():
            book.add_trait(member, trait, key)
        history.maker.referrals.update({each.id: book.facts(each) for each, _ in sent})

    def _all(self, history: History) -> Iterable[tuple[Sent, bool]]:
        for told in self._sent:
            referrer = history.book.numbers.get(told.referrer) if told.referrer is not None else None
            key: FactKey = UnixSeconds(told.at), told.source, told.id
            sent = Sent(told.type, key, told.member, referrer, self._traits_of(told), told.position)
            yield sent, told.position in history.maker.retractions

    def _traits_of(self, told: Told) -> frozenset[Trait]:
        return traits_of(self._terms.fields_at(told.position), told.payload)
