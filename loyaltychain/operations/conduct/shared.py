"""What members share: how much of a resource each occasion has, decided once and recorded.

An answer stands as long as its occasion asks for it. One that is not asked for any more, because its act was taken
back, frees what it had; whoever got less than she wanted is then decided anew, in the order of decisions.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import Tx
from loyaltychain.ledger.types import AMOUNT_MAX
from loyaltychain.operations.conduct import decision_store
from loyaltychain.operations.conduct.decision_store import Decision, Name

_BEGINNING = UnixSeconds(0)


def own_key(number: MemberNumber, key: str) -> str:
    """How the decision of a member is named for which the engine asks by ``key``."""
    return f"{number}:{key}"


@dataclass(slots=True)
class Fold:
    """A member's facts after ``since`` on their way through the engine, and what they have asked for.

    ``numbers``: hers first, then those of whoever went over into her.
    """

    member: MemberNumber
    since: UnixSeconds | None
    numbers: tuple[MemberNumber, ...]
    asked: set[Name] = field(default_factory=set)


@dataclass(slots=True)
class Decisions:
    """The decisions of one run, as the engine asks for them (``rules/engine/types.py: Shared``).

    Args:
        survivors: Into whom members went over.
    """

    tx: Tx
    survivors: Mapping[MemberNumber, MemberNumber]
    _known: dict[Name, Decision] = field(default_factory=dict)
    _of: dict[MemberNumber, set[Name]] = field(default_factory=dict)  # by who stands for herself
    _taken: dict[str, int] = field(default_factory=dict)
    _had: dict[str, int] = field(default_factory=dict)  # what was taken of each when it was read
    _read: dict[Name, tuple[object, ...]] = field(default_factory=dict)  # decisions as they were when they were read
    _freed: set[str] = field(default_factory=set)
    _folds: dict[MemberNumber, Fold] = field(default_factory=dict)
    _fold: Fold = field(default_factory=lambda: Fold(MemberNumber(0), None, ()))
    _at: UnixSeconds = field(default=_BEGINNING)

    def load(self, since: Mapping[MemberNumber, UnixSeconds | None]) -> None:
        """Read what these members (by any number of theirs) decided with facts after these instants; None: ever."""
        for found in decision_store.read_of(self.tx, since):
            if found.name not in self._known:
                self._know(found)

    def begin(self, member: MemberNumber, since: UnixSeconds | None, *, numbers: Iterable[MemberNumber]) -> None:
        """This member's facts after ``since`` (None: all) are folded from now on.

        Args:
            numbers: Hers, and those of whoever went over into her: what they have decided is hers.
        """
        self._folds[member] = Fold(member, since, (member, *sorted(set(numbers) - {member})))

    def turn(self, member: MemberNumber, at: UnixSeconds) -> None:
        """What is asked next is asked for this member, by a fact of this moment."""
        self._fold, self._at = self._folds[member], at

    def take(self, resource: str, key: str, wanted: int, *, most: int, at: UnixSeconds) -> int:
        """As the engine asks. Several members may ask by one act: each has a decision of her own."""
        names, wanted = [(resource, own_key(number, key)) for number in self._fold.numbers], min(wanted, AMOUNT_MAX)
        found = self._find(names)
        name = names[0] if found is None else found.name
        self._fold.asked.add(name)
        if found is None:
            granted = max(0, min(wanted, most - self._used(resource)))
            found = Decision(*name, 0, 0, wanted, granted, most, self._fold.member, self._at, is_changed=True)
            self._know(found)
            self._taken[resource] += granted
            return granted
        if (found.wanted, found.most) != (wanted, most):
            more = 0 if wanted <= found.granted else min(wanted - found.granted, most - self._used(resource))
            self._change(found, wanted, min(found.granted, wanted) + max(0, more), most)
        if (found.member, found.at) != (self._fold.member, self._at):
            found.member, found.at, found.is_changed = self._fold.member, self._at, True
            self._of.setdefault(self._fold.member, set()).add(name)
        return found.granted

    def end(self, member: MemberNumber) -> None:
        """Her facts are folded: what none of them asked for is free."""
        fold = self._folds[member]
        for name in sorted(self._of.get(member, ())):
            found = self._known[name]
            is_anew = fold.since is None or found.at > fold.since
            if is_anew and found.wanted and found.member == member and name not in fold.asked:
                self._change(found, 0, 0, found.most)

    def pass_on(self) -> dict[MemberNumber, UnixSeconds]:
        """Give what became free to those who got less, in the order of decisions. Who they are, and since when."""
        touched: dict[MemberNumber, UnixSeconds] = {}
        freed, self._freed = self._freed, set()
        for found in decision_store.read_short(self.tx, freed):
            if found.name not in self._known:
                self._know(found)
        for resource in sorted(freed):
            short = [each for each in self._known.values() if each.resource == resource and each.granted < each.wanted]
            for each in sorted(short, key=lambda each: (each.first == 0, each.first)):
                more = min(each.wanted - each.granted, each.most - self._used(resource))
                if more > 0:
                    self._change(each, each.wanted, each.granted + more, each.most)
                    touched[each.member] = min(each.at, touched.get(each.member, each.at))
        return touched

    def write(self, now: UnixSeconds) -> None:
        """Record what was decided."""
        known = self._known.values()
        changed = [each for each in known if each.is_changed and _content(each) != self._read.get(each.name)]
        decision_store.insert(self.tx, changed, now)
        moved = {name: taken for name, taken in self._taken.items() if taken != self._had[name]}
        decision_store.write_pools(self.tx, moved)

    def _know(self, found: Decision) -> None:
        member = self.survivors.get(found.member, found.member)
        if found.revision:
            self._read[found.name] = _content(found)
        found.member = member
        self._known[found.name] = found
        self._of.setdefault(member, set()).add(found.name)
        self._used(found.resource)

    def _find(self, names: Sequence[Name]) -> Decision | None:
        """Of her numbers' decisions the first that gives something, else the first."""
        there = [found for name in names if (found := self._known.get(name) or self._look_up(name)) is not None]
        return next((each for each in there if each.granted), there[0] if there else None)

    def _look_up(self, name: Name) -> Decision | None:
        found = decision_store.read_one(self.tx, name)
        if found is not None:
            self._know(found)
        return found

    def _change(self, found: Decision, wanted: int, granted: int, most: int) -> None:
        self._used(found.resource)
        if granted < found.granted:
            self._freed.add(found.resource)
        self._taken[found.resource] += granted - found.granted
        found.wanted, found.granted, found.most, found.is_changed = wanted, granted, most, True

    def _used(self, resource: str) -> int:
        if resource not in self._taken:
            self._taken[resource] = self._had[resource] = decision_store.read_pool(self.tx, resource)
        return self._taken[resource]


def _content(found: Decision) -> tuple[object, ...]:
    return found.wanted, found.granted, found.most, found.member, found.at
