"""A few members who send each other, each with a fold of her own: what a database does for the engine, in memory."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.program.behaviours import To
from loyaltychain.program.types import Program
from loyaltychain.rules.engine.engine import compile_engine
from loyaltychain.rules.engine.fold import fold
from loyaltychain.rules.engine.referral_book import ReferralBook, Sent, traits_of
from loyaltychain.rules.engine.referral_terms import ReferralTerms
from loyaltychain.rules.engine.types import Fact, Grant, Retraction
from tests.rules.engine.making import MONDAY, Decisions

Said = dict[str, tuple[int, str, str | None]]  # by cause and side: awarded, state, reason


@dataclass(frozen=True)
class Told:
    """An event; ``at`` seconds after Monday's midnight."""

    id: str
    at: int
    type: str
    member: MemberNumber
    payload: dict[str, Any] = field(default_factory=dict)
    retraction: Retraction | None = None


def referred(name: str, at: int, member: int, by: int | None, **payload: Any) -> Told:
    """The member says that ``by`` sent her; None: somebody whom nobody knows."""
    return Told(name, at, "referred", MemberNumber(member), {"referrer": by, **payload})


def told(name: str, at: int, kind: str, member: int, **payload: Any) -> Told:
    return Told(name, at, kind, MemberNumber(member), payload)


def buy(name: str, at: int, member: int, amount: int = 5000, retraction: Retraction | None = None) -> Told:
    return replace(told(name, at, "purchase", member, amount=amount), retraction=retraction)


@dataclass
class World:
    """What members told, in the order of arrival; ``aliases``: numbers that went over into another."""

    program: Program
    events: list[Told]
    aliases: dict[int, int] = field(default_factory=dict)

    def grants(self, *, until: int) -> dict[MemberNumber, list[Grant]]:
        """What each member has at that moment."""
        book = self._book()
        members = {self._now(each.member) for each in self.events} | {
            self._now(number) for each in self.events if (number := each.payload.get("referrer")) is not None
        }
        return {member: self._fold(member, book, until) for member in sorted(members)}

    def said(self, *, until: int) -> Said:
        """What stands of each referral's sides."""
        found = {}
        for member, grants in self.grants(until=until).items():
            for each in grants:
                if each.rule.startswith("referral:"):
                    assert each.inputs[each.occurrence] == member
                    found[f"{each.cause.removeprefix('app/')} {each.occurrence}"] = (
                        each.awarded, each.state, each.reason,
                    )  # fmt: skip
        return found

    def _now(self, number: int) -> MemberNumber:
        while number in self.aliases:
            number = self.aliases[number]
        return MemberNumber(number)

    def _book(self) -> ReferralBook:
        book = ReferralBook(ReferralTerms.of(self.program), self._now)
        for each in self.events:
            if each.type == "referred" and each.retraction is None:
                book.add(self._sent(each))
            for trait in traits_of(ReferralTerms.of(self.program).fields_at(0), each.payload):
                book.add_trait(each.member, trait, (UnixSeconds(MONDAY + each.at), "app", each.id))
        return book

    def _sent(self, each: Told) -> Sent:
        key = UnixSeconds(MONDAY + each.at), "app", each.id
        return Sent(
            each.type,
            key,
            each.member,
            each.payload["referrer"],
            traits_of(ReferralTerms.of(self.program).fields_at(0), each.payload),
        )

    def _fold(self, member: MemberNumber, book: ReferralBook, until: int) -> list[Grant]:
        engine = compile_engine(self.program)
        facts = sorted((fact for each in self.events for fact in self._facts(each, member, book)), key=lambda f: f.key)
        end = UnixSeconds(MONDAY + until)
        folded = fold({"": engine}, [each for each in facts if each.at <= end], engine.new_state(), Decisions(),
                      until=end)  # fmt: skip
        return list(folded.grants.values())

    def _facts(self, each: Told, member: MemberNumber, book: ReferralBook) -> Iterable[Fact]:
        roles: list[To] = ["actor"] if self._now(each.member) == member else []
        if self._has_sent(member, each):
            roles.append("referrer")
        if roles or "event" in each.payload:
            yield Fact(
                UnixSeconds(MONDAY + each.at), "app", each.id, each.type, each.payload, self._now(each.member),
                tuple(roles), retraction=each.retraction,
                referral=book.facts(self._sent(each)) if each.type == "referred" else None,
            )  # fmt: skip

    def _has_sent(self, member: MemberNumber, event: Told) -> bool:
        if event.type == "referred":
            by = event.payload["referrer"]
            return by is not None and self._now(by) == member
        return any(
            each.type == "referred" and self._now(each.member) == self._now(event.member)
            and each.payload["referrer"] is not None and self._now(each.payload["referrer"]) == member
            for each in self.events
        )  # fmt: skip
