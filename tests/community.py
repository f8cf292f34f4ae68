"""What the members of a new community do, by a seed, for its template: told late, told twice, and taken back.

And what it comes to where nobody disturbs the steps: everything in one run, in a database in memory.
"""

import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine, text

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.times import format_instant
from loyaltychain.db.engine import Tx, reading
from loyaltychain.events.types import Event
from loyaltychain.ledger.store import read_entries
from loyaltychain.operations.conduct.state_store import read_due, read_stale
from loyaltychain.operations.conduct.step import read_decided
from loyaltychain.program.load import template
from loyaltychain.program.types import Program
from loyaltychain.reports.replay.booked import read_booked
from loyaltychain.reports.replay.verify import verify
from loyaltychain.settlement.cut import changes_of
from tests.database import fresh_database
from tests.operations.conduct.forum import balances, fold, granted, take

SOURCE = "forum"
BEGIN = UnixSeconds(1_735_776_000)  # 2 January 2025
_LATE, _TWICE = 0.2, 0.05  # of all acts

_THANKED = """
behaviours:
  thanked:
    event: thanked
    title: Give a reply that somebody says thanks for.
    for: owner
    points: 3
    caps: [{times: 2, per: day}]
"""
_THANKS = """
achievements:
  thanks:
    title: Be thanked three times.
    name: Appreciated
    count: {of: thanked, times: 3}
    points: 15
    history: backfill
"""
_REPLY = "\n    points: {}\n    qualifying: true"
_CHANGES = {
    "\nversion: 1\n": "\nversion: 2\n",
    _REPLY.format(20): _REPLY.format(25),
    "\nbehaviours:\n": _THANKED,
    "\nachievements:\n": _THANKS,
}

_Asked = tuple[str, str, dict[str, Any]]  # an event's type, who does it, its payload


def next_version(program: str) -> str:
    """The community's next version: a reply is worth more, and thanks count, also those of before."""
    for before, after in _CHANGES.items():
        assert program.count(before) == 1, before
        program = program.replace(before, after)
    return program


def with_community(program: str) -> str:
    """The text of this programme with all that the community's template says beside names and units."""
    _, found, sections = template("new-community").partition("\nobjects:\n")
    assert found
    return f"{program}\nobjects:\n{sections}"


@dataclass
class Community:
    """Makes acts without an end, the same ones for a seed.

    Args:
        name: Of the ``number``-th member.
        most: How many members there are in the end; they come one after another.
    """

    seed: int
    name: Callable[[int], str] = "m{}".format
    most: int = 12
    _made: list[tuple[str, str]] = field(default_factory=list)  # objects with their kinds
    _acts: list[Event] = field(default_factory=list)

    def tell(self) -> Iterator[Event]:
        """The acts in the order in which they are told."""
        dice = random.Random(f"community {self.seed}")
        kept: list[Event] = []
        for act in self._act(dice):
            if dice.random() < _LATE:
                kept.append(act)
                continue
            yield act
            while kept and (len(kept) > 10 or dice.random() < 0.3):
                yield kept.pop(dice.randrange(len(kept)))
            if dice.random() < _TWICE:
                yield act

    def _act(self, dice: random.Random) -> Iterator[Event]:
        """The acts in the order in which they are done."""
        kinds = [self._profile, self._poll, self._ask, self._reply, self._mark, self._mark, self._save, self._save,
                 self._thank, self._take_back, self._remove, self._refer, self._approve]  # fmt: skip
        weights = [3, 2, 3, 4, 4, 4, 4, 4, 3, 1, 1, 2, 2]
        at = int(BEGIN)
        while True:
            [kind] = dice.choices(kinds, weights)
            asked = kind(dice)
            if asked is None:
                continue
            type_, member, payload = asked
            at += dice.choice((20, 600, 3_000, 20_000))
            act = Event(SOURCE, f"e-{len(self._acts) + 1}", type_, member, UnixSeconds(at), payload)
            self._acts.append(act)
            yield act

    def _member(self, dice: random.Random) -> str:
        return self.name(dice.randrange(min(self.most, 3 + len(self._acts) // 10)))

    def _profile(self, dice: random.Random) -> _Asked:
        return "profile_completed", self._member(dice), {}

    def _poll(self, dice: random.Random) -> _Asked:
        return "poll_answered", self._member(dice), {"object": f"poll-{dice.randrange(9)}"}

    def _ask(self, dice: random.Random) -> _Asked:
        return "question_asked", self._member(dice), {"object": self._make("question")}

    def _reply(self, dice: random.Random) -> _Asked | None:
        if (question := self._pick(dice, "question")) is None:
            return None
        return "reply_given", self._member(dice), {"object": self._make("reply"), "parent": question}

    def _mark(self, dice: random.Random) -> _Asked | None:
        reply = self._pick(dice, "reply")
        return reply and ("reply_marked_useful", self._member(dice), {"object": reply})

    def _save(self, dice: random.Random) -> _Asked | None:
        question = self._pick(dice, "question")
        return question and ("question_saved", self._member(dice), {"object": question})

    def _thank(self, dice: random.Random) -> _Asked | None:
        """Of this the template says nothing, and its ``next_version`` does."""
        reply = self._pick(dice, "reply")
        return reply and ("thanked", self._member(dice), {"object": reply})

    def _take_back(self, dice: random.Random) -> _Asked | None:
        """An act is taken back by name; now and then it is one that takes back itself."""
        if not self._acts:
            return None
        act = dice.choice(self._acts[-20:])
        if act.type == "reply_marked_useful" and dice.random() < 0.7:
            return "mark_removed", act.member_id, {"event": f"{SOURCE}/{act.id}"}
        fraud = dice.random() < 0.3
        payload = {"event": f"{SOURCE}/{act.id}", "fraud": fraud, "reason": "a moderator's"}
        return "loyaltychain.act.retracted", "moderator", payload

    def _remove(self, dice: random.Random) -> _Asked | None:
        kind = dice.choice(("question", "reply"))
        found = self._pick(dice, kind)
        return found and (f"{kind}_removed", "moderator", {"object": found})

    def _refer(self, dice: random.Random) -> _Asked:
        fields = {"device": f"d-{dice.randrange(40)}", "ip": f"i-{dice.randrange(8)}"}
        return "referred", self._member(dice), {"referrer": self._member(dice), **fields}

    def _approve(self, dice: random.Random) -> _Asked:
        return "first_post_approved", self._member(dice), {}

    def _make(self, kind: str) -> str:
        self._made.append((f"{kind}-{len(self._made) + 1}", kind))
        return self._made[-1][0]

    def _pick(self, dice: random.Random, kind: str) -> str | None:
        """One of the newest of them."""
        found = [name for name, made in self._made if made == kind][-8:]
        return dice.choice(found) if found else None


def as_line(act: Event) -> str:
    """The act as a file of events has it."""
    content = {"source": act.source, "id": act.id, "type": act.type, "member": act.member_id,
               "occurred_at": format_instant(act.occurred_at), "payload": act.payload}  # fmt: skip
    return json.dumps(content) + "\n"


@dataclass(frozen=True)
class Awards:
    """What does not depend on who was killed when.

    Args:
        grants: (awarded, state, reason) by member, rule, act and occurrence.
        balances: By member, bucket and unit.
        booked: What the ledger's entries come to, by award.
    """

    grants: dict[Any, Any]
    balances: dict[Any, int]
    booked: dict[str, int]

    def differences(self, found: "Awards") -> list[str]:
        """What ``found`` has otherwise, in words."""
        return [
            f"{part} {key}: {mine.get(key)}, not {others.get(key)}"
            for part, mine, others in (
                ("grant", self.grants, found.grants),
                ("balance", self.balances, found.balances),
                ("booked", self.booked, found.booked),
            )
            for key in sorted(mine.keys() | others.keys())
            if mine.get(key) != others.get(key)
        ]


def awards_of(engine: Engine) -> Awards:
    """As they stand in this database."""
    with reading(engine) as tx:
        booked = +read_booked(tx).net
    return Awards(granted(engine), balances(engine), dict(booked))


def undisturbed(
    told: Sequence[Event], program: Program, *, now: UnixSeconds, then: tuple[int, Program] | None = None
) -> Awards:
    """What these events, told in this order, come to in one run.

    Args:
        then: How many of them are decided on when another version comes into force, and that version.
    """
    engine = fresh_database("sqlite")
    first, later = then or (len(told), program)
    for some, version in ((told[:first], program), (told[first:], later)):
        take(engine, *some, received_at=now)
        fold(engine, version, now=now, limit=1_000_000)
    found = awards_of(engine)
    engine.dispose()
    return found


def replayed(tx: Tx, *, now: UnixSeconds) -> list[str]:
    """What a replay of everything finds, or that it could not compare all; nothing, where all is as it must be."""
    found = verify(tx, now=now)
    wrong = [f"{each.code} {each.subject}: {each.expected}, not {each.actual}" for each in found.findings]
    return wrong + [f"{found.waiting} members wait to be folded"] * bool(found.waiting)


def is_settled(tx: Tx, *, now: UnixSeconds) -> bool:
    """Whether every event is decided on, time has done what is due, and whatever that changes on chain is final."""
    last, open_, to_position = tx.execute(
        text("""
        SELECT (SELECT coalesce(max(position), 0) FROM events), (SELECT count(*) FROM batches WHERE state <> 'final'),
               (SELECT coalesce(max(to_position), 0) FROM batches)
        """)
    ).one()
    if read_decided(tx) < last or open_ or read_stale(tx, 1) or read_due(tx, now, 1):
        return False
    return not any(changes_of(each.entry) for each in read_entries(tx, to_position, to_position + 1_000_000))
