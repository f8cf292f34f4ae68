"""Whom an event concerns, and what is known of the things it names: from what a book holds, without I/O.

The same events in any order of arrival make the same book. The conduct step fills one with what a run needs; whoever
replays a history fills one with everything.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable
from dataclasses import dataclass, field

from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.operations.conduct.told import Told
from loyaltychain.operations.conduct.words import RETRACTED, Words
from loyaltychain.program.behaviours import To

ORDER: tuple[To, ...] = ("actor", "owner", "parent_owner", "recipient", "referrer")
Name = tuple[str, str]  # (object, order, event or member; its id)


@dataclass(frozen=True, slots=True)
class Made:
    """An object, by the first event (by time, source, id) that made it, at ``position``."""

    id: str
    kind: str
    owner: MemberNumber
    made_at: UnixSeconds
    parent: str | None
    position: int


@dataclass(frozen=True, slots=True)
class TakenBack:
    """The event at ``position`` was taken back by the one at ``by``."""

    position: int
    by: int
    at: UnixSeconds
    is_fraud: bool


@dataclass(slots=True)
class Book:
    """Events with what is known of what they name.

    Args:
        numbers: By the ids that events name as recipient or referrer: whose they are, as far as anybody has them.
        referrers: By who was sent: who sent her, by any referral.
        nobody: The numbers of those who stand for a doer who is not known.
    """

    words: Words
    told: dict[int, Told] = field(default_factory=dict)
    places: dict[str, int] = field(default_factory=dict)  # by "source/id"
    named: dict[Name, set[int]] = field(default_factory=dict)
    objects: dict[str, Made] = field(default_factory=dict)
    children: dict[str, set[str]] = field(default_factory=dict)
    numbers: dict[str, MemberNumber] = field(default_factory=dict)
    referrers: dict[MemberNumber, set[MemberNumber]] = field(default_factory=dict)
    nobody: set[MemberNumber] = field(default_factory=set)
    _places: dict[str, list[tuple[UnixSeconds, str]]] = field(default_factory=dict)  # by parent, of its objects

    def know(self, told: Told) -> None:
        """Add an event that was taken in before: what it made is told with ``know_object``."""
        self.told[told.position] = told
        self.places[told.cause] = told.position
        for name in self.names_of(told):
            self.named.setdefault(name, set()).add(told.position)

    def know_object(self, made: Made) -> None:
        """Add an object, or say something else of it."""
        before = self.objects.get(made.id)
        if before is not None and before.parent is not None:
            self.children.get(before.parent, set()).discard(made.id)
            places = self._places.get(before.parent, [])
            del places[bisect_left(places, _place(before)) : bisect_right(places, _place(before))]
        self.objects[made.id] = made
        if made.parent is not None:
            self.children.setdefault(made.parent, set()).add(made.id)
            if made.parent in self._places:
                insort(self._places[made.parent], _place(made))

    def put(self, told: Told) -> set[int]:
        """Add an event that is new. The positions of all that have to be routed again because of it, itself included.

        An id that is taken by an event of an earlier time stays that one's, whichever came first.
        """
        self.know(told)
        again = {told.position} | self.speaking_of([told.position])
        referrer = self.numbers.get(told.referrer) if told.referrer is not None else None
        if told.type in self.words.referrals and referrer not in (None, told.member):
            self.referrers.setdefault(told.member, set()).add(referrer)
            again |= {
                each.position
                for each in self.told.values()
                if each.member == told.member and each.type in self.words.to_referrers
            }
        kind = self.words.kinds.get(told.type)
        if kind is None or told.object is None:
            return again
        before = self.objects.get(told.object)
        if before is not None and self.told[before.position].key < told.key:
            return again
        found = self._about(told.object) | self._later_siblings(told.object)
        self.know_object(Made(told.object, kind, told.member, told.at, told.parent, told.position))
        return again | found | self._about(told.object) | self._later_siblings(told.object)

    def speaking_of(self, positions: Iterable[int]) -> set[int]:
        """What speaks of these events, and concerns whomever they concern: what names them, and signals on their
        objects and orders; and what of it they undo."""
        found: set[int] = set()
        for position in positions:
            told = self.told[position]
            found |= self._naming(told) | self._waiting_for(told)
            named = self.places.get(told.event) if told.type == RETRACTED and told.event is not None else None
            if named is not None and self.takes_back(self.told[named]):
                found.add(named)
        return found

    def names_of(self, told: Told) -> list[Name]:
        """All that the event names and that may come, or change, after it."""
        names = told.things
        if told.event is not None:
            names.append(("event", told.event))
        names += [("member", id_) for id_ in (told.recipient, told.referrer) if id_ is not None]
        return names

    def roles(self, told: Told) -> dict[MemberNumber, tuple[To, ...]]:
        """Whom the event concerns, as what. Without a role: it only speaks of an act of hers."""
        if told.type not in self.words.facts:
            return {}
        found: dict[MemberNumber, set[To]] = {}
        self._add_direct(told, found)
        if told.type in self.words.to_referrers and told.member not in self.nobody:
            for number in self.referrers.get(told.member, ()):
                found.setdefault(number, set()).add("referrer")
        for position in self._acts_about(told):
            act = self.told[position]
            for number in self._direct(act):
                roles = found.setdefault(number, set())
                if told.type in self.words.about_referrals and act.type in self.words.referrals:
                    roles.add("referrer")
        return {
            number: tuple(roles) if len(roles) == 1 else tuple([role for role in ORDER if role in roles])
            for number, roles in sorted(found.items())
            if number not in self.nobody
        }

    def takes_back(self, told: Told) -> bool:
        """Whether events of its type take others back."""
        return told.type == RETRACTED or told.type in self.words.takes_back

    def taken_back(self, told: Told) -> list[TakenBack]:
        """What this event takes back, as far as it is known: nothing if it was taken back itself."""
        if not self.takes_back(told) or any(self._undoes(self.told[each], told) for each in self._naming(told)):
            return []
        is_fraud = _is_fraud(told)
        return [TakenBack(position, told.position, told.at, is_fraud) for position in sorted(self._targets(told))]

    def rank(self, made: Made) -> int:
        """Its place among its parent's objects by the time of their making, from 1; 0 without a parent."""
        return 0 if made.parent is None else bisect_right(self._siblings(made.parent), _place(made))

    def _siblings(self, parent: str) -> list[tuple[UnixSeconds, str]]:
        """The places of a parent's objects, in order."""
        if parent not in self._places:
            self._places[parent] = sorted(_place(self.objects[each]) for each in self.children.get(parent, ()))
        return self._places[parent]

    def _direct(self, told: Told) -> Iterable[MemberNumber]:
        found: dict[MemberNumber, set[To]] = {}
        self._add_direct(told, found)
        return found

    def _add_direct(self, told: Told, found: dict[MemberNumber, set[To]]) -> None:
        found[told.member] = {"actor"}
        made = self.objects.get(told.object) if told.object is not None else None
        if made is not None:
            found.setdefault(made.owner, set()).add("owner")
            parent = self.objects.get(made.parent) if made.parent is not None else None
            if parent is not None:
                found.setdefault(parent.owner, set()).add("parent_owner")
        if told.recipient in self.numbers:
            found.setdefault(self.numbers[told.recipient], set()).add("recipient")
        is_referral = told.type in self.words.referrals and told.member not in self.nobody  # nobody is sent by anybody
        if is_referral and told.referrer in self.numbers:
            found.setdefault(self.numbers[told.referrer], set()).add("referrer")

    def _acts_about(self, told: Told) -> set[int]:
        """Acts that the event speaks of: the one that it names, and those on its object that wait for such a word."""
        found: set[int] = set()
        named = self.places.get(told.event) if told.event is not None else None
        if named is not None and self.told[named].type in self.words.facts:
            found.add(named)
        waiting = self.words.decides.get(told.type)
        if waiting:
            for name in told.things:
                found |= {each for each in self.named.get(name, ()) if self.told[each].type in waiting}
        return found

    def _naming(self, told: Told) -> set[int]:
        return self.named.get(("event", told.cause), set())

    def _undoes(self, by: Told, told: Told) -> bool:
        """Whether one retraction takes back another: a later one, and what is said to be a fraud only by another such.

        What undoes it cannot be undone: the act is taken back anew. So no chain of them has to be followed.
        """
        return by.type == RETRACTED and by.key > told.key and (_is_fraud(by) or not _is_fraud(told))

    def _targets(self, told: Told) -> set[int]:
        named = self.places.get(told.event) if told.event is not None else None
        if told.type == RETRACTED:
            return set() if named is None else {named}
        acts = self.words.takes_back[told.type]
        if told.event is not None:
            return {named} if named is not None and self.told[named].type in acts else set()
        return {
            position
            for name in told.things
            for position in self.named.get(name, ())
            if position != told.position and self.told[position].type in acts and self._is_of(told, name, position)
        }

    def _is_of(self, told: Told, name: Name, position: int) -> bool:
        """Whether an act on an object is what its taking back means: its making, or the same member's earlier act."""
        act = self.told[position]
        made = self.objects.get(name[1]) if name[0] == "object" else None
        if made is not None and made.position == position:
            return True
        return act.member == told.member and act.key < told.key

    def _waiting_for(self, told: Told) -> set[int]:
        """What was said before about acts like this one on its object."""
        words = self.words
        if told.type not in words.taken_back_by and told.type not in words.waits_for:
            return set()
        types = words.taken_back_by.get(told.type, set()) | words.waits_for.get(told.type, set())
        return {
            position
            for name in told.things
            for position in self.named.get(name, ())
            if self.told[position].type in types
        }

    def _about(self, object_: str) -> set[int]:
        """Events about the object and about those that belong to it."""
        found = set(self.named.get(("object", object_), ()))
        for child in self.children.get(object_, ()):
            found |= self.named.get(("object", child), set())
        return found

    def _later_siblings(self, object_: str) -> set[int]:
        made = self.objects.get(object_)
        if made is None or not self.words.uses_rank or made.parent is None:
            return set()
        siblings = self._siblings(made.parent)
        found: set[int] = set()
        for _, sibling in siblings[bisect_right(siblings, _place(made)) :]:
            found |= self.named.get(("object", sibling), set())
        return found


def _place(made: Made) -> tuple[UnixSeconds, str]:
    return made.made_at, made.id


def _is_fraud(told: Told) -> bool:
    return told.type == RETRACTED and told.payload.get("fraud") is True
