"""A world: a programme and its versions, and members whose acts come in portions while the worker is killed and begins
anew; after each portion a replay must find nothing."""

import random
from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Engine, select

from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import Tx, reading, transaction
from loyaltychain.events.identity import find_member, join
from loyaltychain.events.types import Event
from loyaltychain.ledger.tables import volumes
from loyaltychain.operations.conduct import versions
from loyaltychain.operations.conduct.step import conduct_tidy, conduct_within
from loyaltychain.operations.conduct.tables import grants
from loyaltychain.operations.earn import earn_step
from loyaltychain.operations.merge import merge
from loyaltychain.operations.proofs.batches import make_batch
from loyaltychain.operations.proofs.links import make_link
from loyaltychain.operations.unmerge import unmerge
from loyaltychain.program.types import Program
from loyaltychain.reports.replay.verify import verify
from tests.reports.forum import BEGIN, DAY, tell, work
from tests.reports.worlds.people import MEMBERS, NOBODY, People
from tests.reports.worlds.programs import Document, Drawing, program_of

SPAN = 14 * DAY
_CONTENT = ("unit", "at", "desired", "awarded", "state", "reason", "qualifying", "due_at", "role", "inputs", "version")


Ends = tuple[dict[tuple[Any, ...], tuple[Any, ...]], dict[tuple[str, str], int]]


class _KilledError(Exception):
    """A run that came to nothing."""


class World:
    """One of them. ``now`` goes on with what is played.

    Args:
        is_calm: Nothing in it hangs on the order or the portions in which events come: one version, and nothing that
            members share.
    """

    def __init__(self, engine: Engine, seed: int, *, is_calm: bool = False) -> None:
        self.engine = engine
        self.seed = seed
        self.chance = random.Random(seed)
        self.now = UnixSeconds(BEGIN)
        drawing = Drawing(self.chance, is_calm=is_calm)
        documents = [drawing.first()]
        for _ in range(0 if is_calm else self.chance.randrange(3)):
            documents.append(drawing.next(documents[-1]))
        self.programs = [program_of(each) for each in documents]
        self.numbers = join_all(engine)
        self._merged: list[MemberNumber] = []
        self.people = People(self.chance, make_proofs(engine, self.programs[0], self.chance), ids_of(documents))

    def play(self) -> None:
        """Everything, portion by portion."""
        portions = self.chance.randint(2, 5)
        program = self.programs[0]
        for portion in range(portions):
            told = self._draw(portion * SPAN // portions, (portion + 1) * SPAN // portions)
            self.now = UnixSeconds(BEGIN + (portion + 1) * SPAN // portions)
            tell(self.engine, told, now=self.now)
            limit = self.chance.choice([1, 3, 20, 1000])
            if self.chance.random() < 0.3:  # a new version comes while events of the one before are not folded yet
                earn_step(self.engine, program, now=self.now, limit=limit)
            program = self.programs[portion * len(self.programs) // portions]
            if self.chance.random() < 0.4:
                self._die(program, limit)
            work(self.engine, program, now=self.now, limit=limit)
            self.look("told")
            if self.chance.random() < 0.4:
                self._join(program)
        self.now = UnixSeconds(self.now + 90 * DAY)
        conduct_tidy(self.engine, program, now=self.now)
        self.look("time has passed")

    def play_in(self, arrival: int) -> Ends:
        """The same acts in another order of arrival, in other portions; then a merge. What that comes to."""
        told = [self.people.act(since=0, until=SPAN) for _ in range(80)]
        one, other = self.chance.sample(list(self.numbers.values()), 2)
        parts = self.chance.random() < 0.3
        self.chance = random.Random(f"{self.seed} {arrival}")
        if arrival:
            self.chance.shuffle(told)
        size = -(-len(told) // self.chance.randint(1, 4))
        program, self.now = self.programs[0], UnixSeconds(BEGIN + SPAN)
        for first in range(0, len(told), size):
            tell(self.engine, told[first : first + size] + self.chance.sample(told[: first + 1], 1), now=self.now)
            work(self.engine, program, now=self.now, limit=self.chance.choice([1, 7, 1000]))
        self.now = UnixSeconds(self.now + 60)
        with transaction(self.engine) as tx:
            merge(tx, merged=one, survivor=other, reason="same", actor="zoe", now=self.now)
        work(self.engine, program, now=self.now)
        if parts:
            with transaction(self.engine) as tx:
                unmerge(tx, merged=one, reason="not the same", actor="zoe", now=self.now)
        self.now = UnixSeconds(self.now + 90 * DAY)
        work(self.engine, program, now=self.now)
        self.look(f"arrival {arrival}")
        with reading(self.engine) as tx:
            return granted(tx), balances(tx, together=(one, other))

    def look(self, when: str) -> None:
        """Nothing is left to do, and a replay finds nothing."""
        with reading(self.engine) as tx:
            found = verify(tx, now=self.now)
        assert not found.waiting, (self.seed, when)
        assert found.findings == [], (self.seed, when, len(found.findings), found.findings[:4])

    def _draw(self, since: int, until: int) -> list[Event]:
        """Some that are new, in any order, and some that are known."""
        before = list(self.people.told)
        told = [self.people.act(since=since, until=until) for _ in range(self.chance.randint(8, 40))]
        if self.chance.random() < 0.7:
            self.chance.shuffle(told)
        return told + self.chance.sample(before, min(len(before), 3))

    def _die(self, program: Program, limit: int) -> None:
        """The worker begins, and is killed before its run is kept; what it remembers of programmes is gone."""
        earn_step(self.engine, program, now=self.now, limit=limit)
        try:
            with transaction(self.engine) as tx:
                conduct_within(tx, program, now=self.now, limit=limit)
                raise _KilledError
        except _KilledError:
            versions._compiled.clear()

    def _join(self, program: Program) -> None:
        """Two members become one, or one becomes two again."""
        self.now = UnixSeconds(self.now + 60)
        one, other = self.chance.sample(list(self.numbers.values()), 2)
        with transaction(self.engine) as tx:
            if self._merged and self.chance.random() < 0.5:
                one = self._merged.pop()
                unmerge(tx, merged=one, reason="not the same", actor="zoe", now=self.now)
            elif one in self._merged or other in self._merged:
                return
            else:
                merge(tx, merged=one, survivor=other, reason="same", actor="zoe", now=self.now)
                self._merged.append(one)
        work(self.engine, program, now=self.now)
        self.look(f"{one} and {other}")


def join_all(engine: Engine) -> dict[str, MemberNumber]:
    """All members, whose numbers do not depend on who tells something first."""
    with transaction(engine) as tx:
        return {member: join(tx, member, BEGIN) for member in (*MEMBERS, NOBODY)}


def make_proofs(engine: Engine, program: Program, chance: random.Random) -> list[Any]:
    """Codes and links of some behaviours, words of moderators, and what is no proof."""
    found: list[Any] = [{"kind": "attested", "by": "mod"}, {"kind": "attested", "by": "ann"}, {"kind": "code"}, "me"]
    with transaction(engine) as tx:
        for each in [] if program.conduct is None else program.conduct.behaviours:
            if "code" in each.proof:
                _, codes = make_batch(
                    tx, each, id_=None, count=3, uses=chance.randint(1, 2), until=None, actor="zoe", now=BEGIN
                )
                found += [{"kind": "code", "code": code} for code in codes]
            if "link" in each.proof:
                made = make_link(tx, find_member(tx, "bob"), each, {}, actor="zoe", now=BEGIN)
                found.append({"kind": "link", "link": made.token})
    return found


def ids_of(documents: Sequence[Document]) -> dict[str, list[str]]:
    """By section, what any version declares there, and what none does."""
    return {
        section: ["none", *sorted({id_ for each in documents for id_ in each.get(section, {})})]
        for section in ("achievements", "streaks")
    }


def granted(tx: Tx) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    """What everybody has in the end, by member, rule, cause and occurrence."""
    rows = tx.execute(select(grants).where(grants.c.is_latest == 1, grants.c.state != "gone"))
    return {
        (row.member, row.rule, row.cause, row.occurrence): tuple(getattr(row, name) for name in _CONTENT)
        for row in rows
    }


def balances(tx: Tx, *, together: tuple[MemberNumber, MemberNumber]) -> dict[tuple[str, str], int]:
    """By member's account and unit what is in it; of these two together: what is taken back while they are one may
    come out of either's lots, by which of them points were taken from before."""
    found: Counter[tuple[str, str]] = Counter()
    for row in tx.execute(select(volumes).where(volumes.c.account.like("member:%"))):
        account = row.account.replace(f"member:{together[0]}:", f"member:{together[1]}:")
        found[account, row.unit] += row.total_in - row.total_out
    return {name: amount for name, amount in found.items() if amount}
