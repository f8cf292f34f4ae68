"""Facts as the engine folds them, made from a book and from what was decided about events. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, cast

from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.operations.conduct.route import ORDER, Book, Made
from loyaltychain.operations.conduct.told import Told
from loyaltychain.operations.conduct.versions import Versions
from loyaltychain.program.behaviours import To
from loyaltychain.rules.engine.types import Fact, ObjectFacts, ReferralFacts, Retraction

NOBODY = MemberNumber(0)
Key = tuple[str, str]  # (source, id)


@dataclass(slots=True)
class Maker:
    """Makes facts. Members are those who stand for themselves: who went over is her survivor.

    Args:
        survivors: Into whom members went over.
        retractions: By position, what took the event back.
        proofs: What was verified of the events' proofs; a proof that is not among them is none.
        actor_roles: By position, the roles that the doer of a signal held.
        told_at: By position, when an event came in for which that matters.
    """

    book: Book
    versions: Versions
    survivors: Mapping[MemberNumber, MemberNumber] = field(default_factory=dict)
    retractions: dict[int, list[Retraction]] = field(default_factory=dict)
    proofs: dict[Key, dict[str, Any]] = field(default_factory=dict)
    referrals: dict[Key, ReferralFacts] = field(default_factory=dict)
    actor_roles: dict[int, tuple[str, ...]] = field(default_factory=dict)
    told_at: dict[int, UnixSeconds] = field(default_factory=dict)
    entry_positions: dict[int, int] = field(default_factory=dict)  # of facts that are entries: by whose version

    def make(
        self, told: Told, roles: Collection[To], member: MemberNumber, *, origin: MemberNumber | None = None
    ) -> Fact:
        """The fact that the event is to the member whose roles these are; a tuple has them in their order.

        Args:
            member: Who stands for her. A referral is a fact to its two sides alone.
        """
        book, key = self.book, (told.source, told.id)
        recipient = book.numbers.get(told.recipient) if told.recipient is not None else None
        return Fact(
            at=told.at,
            source=told.source,
            id=told.id,
            type=told.type,
            payload=self._payload(told),
            actor=self._person(told.member),
            roles=roles if type(roles) is tuple else tuple(role for role in ORDER if role in roles),
            object=self._object(told),
            retraction=self._retraction(told),
            recipient=None if recipient is None else self._person(recipient),
            version=self.versions.name_at(self.entry_positions.get(told.position, told.position)),
            referral=self._referral(key, member),
            actor_roles=self.actor_roles.get(told.position, ()),
            origin=origin,
            told_at=self.told_at.get(told.position),
        )

    def _referral(self, key: Key, member: MemberNumber) -> ReferralFacts | None:
        found = self.referrals.get(key)
        return found if found is not None and member in (found.referee, found.referrer) else None

    def _person(self, number: MemberNumber) -> MemberNumber:
        return NOBODY if number in self.book.nobody else self.survivors.get(number, number)

    def _payload(self, told: Told) -> Mapping[str, Any]:
        if "proof" not in told.payload:
            return told.payload
        found = self.proofs.get((told.source, told.id))
        rest = {name: value for name, value in told.payload.items() if name != "proof"}
        return rest if found is None else {**rest, "proof": found}

    def _object(self, told: Told) -> ObjectFacts | None:
        made = self.book.objects.get(told.object) if told.object is not None else None
        if made is None:
            return None
        parent = self.book.objects.get(made.parent) if made.parent is not None else None
        return ObjectFacts(
            made.id, made.kind, self._person(made.owner), made.made_at, made.parent,
            None if parent is None else self._person(parent.owner),
            None if parent is None else parent.made_at,
            self._rank(made),
        )  # fmt: skip

    def _rank(self, made: Made) -> int:
        return self.book.rank(made) if self.book.words.uses_rank else 0

    def _retraction(self, told: Told) -> Retraction | None:
        """Of several the one that counts: fraud before all others, then the first."""
        found = self.retractions.get(told.position)
        if not found:
            return None
        return min(found, key=lambda each: (not each.is_fraud, each.at, each.cause))


def whose(told: Told, numbers: Collection[MemberNumber]) -> MemberNumber:
    """Of several numbers of one member whom an event concerns, whose fact it is: of who did it, else the first."""
    return told.member if told.member in numbers else min(numbers)


@cache
def parse_roles(text: str) -> tuple[To, ...]:
    """Roles as the stream has them, in their order."""
    return cast(tuple[To, ...], tuple(text.split(","))) if text else ()
