"""Who sent whom, among all members: first touches, rings, what two of them have in common, and how many one has sent.

What it says of a referral depends on the set of what it was told, never on the order. It knows nothing of what a
referral is worth. Whoever asks has told it, of the referral's referee and referrer: all their referrals as either, and
of the referrer's referrers, up the chain, those as a referee; and the traits of the referrer.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from loyaltychain.core import canonical
from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.hashing import to_hex
from loyaltychain.rules.engine.days import make_days, period_of
from loyaltychain.rules.engine.referral_terms import Clock, ReferralTerms
from loyaltychain.rules.engine.types import FactKey, ReferralFacts

_NONE: list["Sent"] = []
Trait = tuple[str, str]  # a field of a payload, and the SHA-256 of its value as 0x hex


@dataclass(frozen=True, slots=True)
class Sent:
    """One event that says who sent its member; numbers as they were when it was taken in."""

    type: str
    key: FactKey
    referee: MemberNumber
    referrer: MemberNumber | None  # None: nobody has the id that it names
    traits: frozenset[Trait] = frozenset()
    position: int = 0  # of the event

    @property
    def id(self) -> tuple[str, str]:
        """(source, id) of the event."""
        return self.key[1:]


def traits_of(fields: Iterable[str], payload: Mapping[str, Any]) -> frozenset[Trait]:
    """What the payload says in the fields by which both sides of a referral are compared."""
    return frozenset((name, _digest(payload[name])) for name in fields if isinstance(payload.get(name), str | int))


@dataclass(slots=True)
class ReferralBook:
    """The referrals that it was told of.

    Args:
        terms: By what referrals are counted.
        survivor: Who a number is now, after all merges.
    """

    terms: ReferralTerms
    survivor: Callable[[MemberNumber], MemberNumber]
    _sent: dict[tuple[str, str], Sent] = field(default_factory=dict)
    _of_referee: dict[tuple[str, MemberNumber], list[Sent]] = field(default_factory=lambda: defaultdict(list))
    _of_referrer: dict[tuple[str, MemberNumber], list[Sent]] = field(default_factory=lambda: defaultdict(list))
    _traits: dict[tuple[MemberNumber, Trait], FactKey] = field(default_factory=dict)
    _periods: dict[tuple[str, MemberNumber, Clock], dict[int, list[Sent]]] = field(default_factory=dict)  # first ones
    _clocks: dict[str, set[Clock]] = field(default_factory=lambda: defaultdict(set))  # by type, those of some of them

    def add(self, sent: Sent) -> None:
        """Tell it of a referral that was not taken back; once more changes nothing."""
        if sent.id in self._sent:
            return
        self._sent[sent.id] = sent
        self._periods.clear()
        clock = self._clock(sent)
        if clock is not None:
            self._clocks[sent.type].add(clock)
        self._of_referee[sent.type, self.survivor(sent.referee)].append(sent)
        if sent.referrer is not None:
            self._of_referrer[sent.type, self.survivor(sent.referrer)].append(sent)

    def add_trait(self, member: MemberNumber, trait: Trait, key: FactKey) -> None:
        """An event of the member's says this; the earliest counts."""
        place = self.survivor(member), trait
        before = self._traits.get(place)
        if before is None or key < before:
            self._traits[place] = key

    def facts(self, sent: Sent) -> ReferralFacts:
        """What is known of this referral, which may be one that was taken back and not added."""
        referee = self.survivor(sent.referee)
        if sent.referrer is None:
            return ReferralFacts(referee, None)
        referrer = self.survivor(sent.referrer)
        is_first = self._is_first(sent)
        return ReferralFacts(
            referee=referee,
            referrer=referrer,
            is_first=is_first,
            is_cycle=self._is_closing(sent),
            common=tuple(sorted({trait[0] for trait in sent.traits if self._has(referrer, trait, sent.key)})),
            nth=1 + (bisect_left(self._beside(sent, self._clock(sent)), sent.key, key=_key) if is_first else 0),
        )

    def first(self, type_: str, referee: MemberNumber) -> Sent | None:
        """The referral by which this member was sent: the first by somebody else that is known."""
        found = [each for each in self._of_referee.get((type_, referee), ()) if self._is_by_another(each)]
        return min(found, key=lambda each: each.key, default=None)

    def touched(self, new: Collection[Sent]) -> set[Sent]:
        """The other referrals of which facts may be others with and without these, which were added."""
        found: set[Sent] = set()
        for sent in new:
            found |= {each for each in self._of_referee[sent.type, self.survivor(sent.referee)] if each.key > sent.key}
        earliest: dict[int, tuple[list[Sent], FactKey]] = {}
        for each in (*new, *tuple(found)):
            if each.referrer is not None:
                found |= set(self._ring(each))
                for clock in self._clocks[each.type]:
                    beside = self._beside(each, clock)
                    _, key = earliest.get(id(beside), (beside, each.key))
                    earliest[id(beside)] = beside, min(key, each.key)
        for beside, key in earliest.values():
            found |= set(beside[bisect_left(beside, key, key=_key) :])
        return found.difference(new)

    def above(self, numbers: Iterable[MemberNumber]) -> set[Sent]:
        """By what these were sent, and who sent them, and so on: every ring that one of them is in, or was in before
        she was another member, leads through these."""
        found: set[Sent] = set()
        seen: set[MemberNumber] = set()
        ahead = {self.survivor(number) for number in numbers}
        types = {type_ for type_, _ in self._of_referee}
        while ahead:
            seen |= ahead
            sent = {each for number in ahead for type_ in types for each in self._of_referee.get((type_, number), ())}
            found |= sent
            ahead = {self.survivor(each.referrer) for each in sent if each.referrer is not None} - seen
        return found

    def _is_by_another(self, sent: Sent) -> bool:
        return sent.referrer is not None and self.survivor(sent.referrer) != self.survivor(sent.referee)

    def _has(self, member: MemberNumber, trait: Trait, before: FactKey) -> bool:
        key = self._traits.get((member, trait))
        return key is not None and key < before

    def _is_first(self, sent: Sent) -> bool:
        return self.first(sent.type, self.survivor(sent.referee)) == sent

    def _is_closing(self, sent: Sent) -> bool:
        """Whether it is the latest of the ring that it is in."""
        ring = self._ring(sent) if self._is_first(sent) else []
        return bool(ring) and max(each.key for each in ring) == sent.key

    def _ring(self, sent: Sent) -> list[Sent]:
        """The first touches that lead from its referrer back to its referee, with itself; none where none do."""
        assert sent.referrer is not None
        end, at, way = self.survivor(sent.referee), self.survivor(sent.referrer), [sent]
        seen = {at}
        while at != end:
            step = self.first(sent.type, at)
            if step is None or step.referrer is None:
                return []
            at = self.survivor(step.referrer)
            if at in seen:
                return []  # a ring further up, in which it is not
            seen.add(at)
            way.append(step)
        return way if len(way) > 1 else []

    def _beside(self, sent: Sent, clock: Clock | None) -> list[Sent]:
        """The first touches of its referrer in its period by this clock, in their order."""
        if clock is None or sent.referrer is None:
            return _NONE
        (zone, per), days = clock, make_days(clock[0])
        place = sent.type, self.survivor(sent.referrer), (zone, per)
        if place not in self._periods:
            periods = self._periods[place] = defaultdict(list)
            for each in sorted(self._of_referrer.get(place[:2], ()), key=_key):
                if self._is_first(each):
                    periods[period_of(days(each.key[0]), per)].append(each)
        return self._periods[place].get(period_of(days(sent.key[0]), per), _NONE)

    def _clock(self, sent: Sent) -> Clock | None:
        return self.terms.clock_at(sent.position, sent.type)


def _key(sent: Sent) -> FactKey:
    return sent.key


def _digest(value: str | int) -> str:
    return to_hex(canonical.digest(value))
