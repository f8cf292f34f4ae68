"""Facts and programmes for tests of the engine, in few words; and decisions as a database would keep them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.program.behaviours import To
from loyaltychain.program.load import parse_program
from loyaltychain.program.types import Program
from loyaltychain.rules.engine.engine import Engine, compile_engine
from loyaltychain.rules.engine.fold import Folded, fold
from loyaltychain.rules.engine.types import Fact, Grant, ObjectFacts, Retraction

DAY = 86_400
MONDAY = 1_767_571_200  # 2026-01-05 00:00 UTC
ANN, BOB, CAT = MemberNumber(1), MemberNumber(2), MemberNumber(3)
NOBODY = MemberNumber(0)
HEAD = "name: Forum\nversion: 1\ntimezone: UTC\ncurrency: EUR\n"


def program_of(text: str, head: str = HEAD) -> Program:
    """The programme with these sections."""
    return parse_program(head + text)


def engine_of(text: str) -> Engine:
    """Its engine."""
    return compile_engine(program_of(text))


def fact(
    name: str,
    at: int,
    kind: str = "reply",
    payload: Mapping[str, Any] | None = None,
    *,
    actor: MemberNumber = ANN,
    roles: tuple[To, ...] = ("actor",),
    about: ObjectFacts | None = None,
    recipient: MemberNumber | None = None,
    retraction: Retraction | None = None,
    version: str = "",
    actor_roles: tuple[str, ...] = (),
) -> Fact:
    """An event in Ann's stream, ``at`` seconds after Monday's midnight."""
    return Fact(
        UnixSeconds(MONDAY + at), "app", name, kind, payload or {}, actor, roles, about, retraction, recipient, version,
        actor_roles=actor_roles,
    )  # fmt: skip


def taken_back(at: int, by: str = "app/gone", *, is_fraud: bool = False) -> Retraction:
    """A retraction, ``at`` seconds after Monday's midnight."""
    return Retraction(by, UnixSeconds(MONDAY + at), is_fraud)


def thing(
    name: str, kind: str, owner: MemberNumber = ANN, made_at: int = 0, *, parent_owner: MemberNumber | None = None,
    parent: str | None = None, parent_made_at: int | None = None, rank: int = 0,
) -> ObjectFacts:  # fmt: skip
    """What is known of an object."""
    parent_at = None if parent_made_at is None else UnixSeconds(MONDAY + parent_made_at)
    return ObjectFacts(name, kind, owner, UnixSeconds(MONDAY + made_at), parent, parent_owner, parent_at, rank)


@dataclass
class Decisions:
    """What members share, decided once and the same ever after. ``is_closed``: no new decision may be needed.

    Who asks again for less leaves the rest to others, and was not refused: asked for more, she has it.
    """

    answers: dict[tuple[str, str], int] = field(default_factory=dict)
    taken: dict[str, int] = field(default_factory=dict)
    is_closed: bool = False
    eased: set[tuple[str, str]] = field(default_factory=set)  # who asked again for less

    def take(self, resource: str, key: str, wanted: int, *, most: int, at: UnixSeconds) -> int:
        name = resource, key
        had = self.answers.get(name, 0)
        if name not in self.answers or (name in self.eased and wanted > had):
            assert not self.is_closed or name in self.eased, name
            got = wanted if self.is_closed else had + min(wanted - had, most - self.taken.get(resource, 0))
        else:
            got = min(wanted, had)
        if got < had:
            self.eased.add(name)
        self.answers[name] = got
        self.taken[resource] = self.taken.get(resource, 0) + got - had
        return got


def fold_all(engine: Engine, facts: list[Fact], *, until: int | None = None, shared: Decisions | None = None) -> Folded:
    """All facts in their order, by one version, into a new state."""
    ordered = sorted(facts, key=lambda each: each.key)
    end = None if until is None else UnixSeconds(MONDAY + until)
    return fold({"": engine, engine.version: engine}, ordered, engine.new_state(), shared or Decisions(), until=end)


def grants_of(engine: Engine, *facts: Fact, until: int | None = None, shared: Decisions | None = None) -> list[Grant]:
    """What stands at the end, in the order in which it was first said."""
    return list(fold_all(engine, list(facts), until=until, shared=shared).grants.values())


def awards(grants: list[Grant]) -> list[tuple[int, int, str | None]]:
    """Desired, awarded, and why not all."""
    return [(each.desired, each.awarded, each.reason) for each in grants]
