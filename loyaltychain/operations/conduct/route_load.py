"""Fill a book with what is needed to route some events: what they name, and what was said of that before."""

from collections.abc import Iterable, Sequence

from loyaltychain.core.amounts import MemberNumber
from loyaltychain.db.engine import Tx
from loyaltychain.events.store import read_members
from loyaltychain.operations.conduct import route_store
from loyaltychain.operations.conduct.route import Book
from loyaltychain.operations.conduct.told import Told, is_good
from loyaltychain.operations.conduct.words import Words
from loyaltychain.operations.referring.note import referrers_of


class Loader:
    """Reads into one book, nothing twice.

    Args:
        book: The one; empty at first.
        upto: What stands at a later position is not known yet.
    """

    def __init__(self, tx: Tx, words: Words) -> None:
        self._tx = tx
        self.book = Book(words)
        self.upto = 2**62
        self._objects: set[str] = set()  # looked for
        self._causes: set[str] = set()
        self._named: set[str] = set()
        self._ids: set[str] = set()
        self._sent: set[MemberNumber] = set()
        if words.nobodies:
            known = read_members(tx, sorted(words.nobodies))
            self.book.nobody = {each.number for each in known.values()}

    def know_at(self, positions: Iterable[int]) -> list[Told]:
        """Add the events at these positions, with what is needed to say whom they concern. Those that are new here."""
        wanted = set(positions) - self.book.told.keys()
        found = route_store.read_events_at(self._tx, wanted)
        for told in found:
            self.book.know(told)
        self.need(found)
        return found

    def prepare(self, new: Sequence[Told]) -> None:
        """Add all that ``Book.put`` looks at when these events are put in, in order."""
        self.need(new)
        self._need_for_made(new)
        self.need_naming(new)

    def need(self, events: Sequence[Told]) -> None:
        """Add what is needed to say whom these events concern, and what they take back."""
        self._need_numbers(events)
        self.need_objects(events)
        self._need_named(events)
        self._need_partners(events)
        self._need_referrers(events)

    def need_naming(self, events: Sequence[Told]) -> None:
        """Add the events that name these."""
        causes = {told.cause for told in events} - self._named
        self._named |= causes
        naming = route_store.read_mentions(self._tx, "event", causes)
        self.know_at(naming - {told.position for told in events})

    def need_for_facts(self, events: Sequence[Told]) -> None:
        """Add what facts of these events say of objects and of other members."""
        self._need_numbers(events)
        self.need_objects(events)
        if self.book.words.uses_rank:
            self.need_siblings()

    def need_objects(self, events: Sequence[Told]) -> None:
        """Add the objects that these events name, and what those belong to."""
        named = {told.object for told in events} | {told.parent for told in events}
        self._read_objects({each for each in named if each is not None})
        above = (self.book.objects.get(each) for each in named if each is not None)
        self._read_objects({each.parent for each in above if each is not None and each.parent is not None})

    def need_siblings(self) -> None:
        """Add all objects beside those that are here, for ranks."""
        self._read_children({each.parent for each in self.book.objects.values() if each.parent is not None})

    def _read_objects(self, ids: set[str]) -> None:
        ids -= self._objects
        self._objects |= ids
        for made in route_store.read_objects(self._tx, ids):
            self.book.know_object(made)

    def _need_for_made(self, new: Sequence[Told]) -> None:
        """What was told before of objects that these events make, and of those beside them."""
        kinds, objects = self.book.words.kinds, self.book.objects
        made = {told.object for told in new if told.type in kinds and told.object is not None}
        if not made:
            return
        taken = [objects[each].position for each in made if each in objects]
        about = made | self._read_children(made)
        if self.book.words.uses_rank:
            named = {told.parent for told in new if told.type in kinds} | {
                objects[each].parent for each in made if each in objects
            }
            first = min(told.at for told in new if told.type in kinds)
            beside = self._read_children({each for each in named if each is not None})
            about |= {each for each in beside if objects[each].made_at >= first}  # those before keep their ranks
        self.know_at({*taken, *route_store.read_mentions(self._tx, "object", about)})

    def _read_children(self, parents: set[str]) -> set[str]:
        """Add all that belongs to these; the ids."""
        for made in route_store.read_children(self._tx, parents):
            if made.id not in self.book.objects:
                self.book.know_object(made)
        return {child for each in parents for child in self.book.children.get(each, ())}

    def _need_numbers(self, events: Sequence[Told]) -> None:
        ids = {each for told in events for each in (told.recipient, told.referrer) if each is not None} - self._ids
        if ids:
            self._ids |= ids
            found = read_members(self._tx, sorted(ids))
            self.book.numbers |= {id_: member.number for id_, member in found.items()}

    def _need_named(self, events: Sequence[Told]) -> None:
        causes = {told.event for told in events if told.event is not None} - self._causes
        self._causes |= causes
        named = route_store.read_events_named(self._tx, causes - self.book.places.keys())
        found = [told for told in named if told.position <= self.upto and is_good(told.type, told.payload)]
        for told in found:
            self.book.know(told)
        self._need_numbers(found)
        self.need_objects(found)

    def _need_partners(self, events: Sequence[Told]) -> None:
        words = self.book.words
        asked: dict[tuple[str, frozenset[str]], set[str]] = {}
        partners = {type_: words.partners(type_) for type_ in {told.type for told in events}}
        for told in events:
            types = partners[told.type]
            for kind, name in told.things if types else ():
                asked.setdefault((kind, types), set()).add(name)
        positions: set[int] = set()
        for (kind, of_types), names in asked.items():
            positions |= route_store.read_mentions(self._tx, kind, names, of_types)
        found = route_store.read_events_at(self._tx, positions - self.book.told.keys())
        for told in found:
            self.book.know(told)
        self._need_numbers(found)
        self.need_objects(found)

    def _need_referrers(self, events: Sequence[Told]) -> None:
        words = self.book.words
        sent = {told.member for told in events if told.type in words.to_referrers} - self._sent
        if sent:
            self._sent |= sent
            self.book.referrers |= referrers_of(self._tx, sent)
