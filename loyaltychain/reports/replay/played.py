"""A programme played over a whole history from nothing: what it would have given to whom. In memory, writes nothing.

Facts are folded in the order of their times across all members, so that what members share goes to whoever was first.
What time alone decides about a member is decided at her next fact, or at the end.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.hashing import to_hex
from loyaltychain.db.engine import Tx
from loyaltychain.events.store import last_position
from loyaltychain.operations.conduct.gather import OURS
from loyaltychain.operations.conduct.versions import Versions
from loyaltychain.program.types import Program
from loyaltychain.reports.replay.history import History, Report, read_history
from loyaltychain.reports.replay.shared import TakenAnew
from loyaltychain.rules.engine.engine import Engine, compile_engine
from loyaltychain.rules.engine.state import State
from loyaltychain.rules.engine.types import Grant

_TOLD_EVERY = 10_000  # facts


@dataclass(slots=True)
class Played:
    """What a programme came to.

    Args:
        points: By rule, what was given and not taken again; pending ones among them. ``by_member`` the same by member.
        badges: By achievement, members who hold it.
        tiers: By tier's id, members who are in it at the end.
        suppressed: By reason, points that were wanted and not given.
    """

    program: Program
    events: int = 0
    facts: int = 0
    points: Counter[str] = field(default_factory=Counter)
    by_member: Counter[MemberNumber] = field(default_factory=Counter)
    badges: Counter[str] = field(default_factory=Counter)
    tiers: Counter[str] = field(default_factory=Counter)
    tier_of: dict[MemberNumber, str] = field(default_factory=dict)
    suppressed: Counter[str] = field(default_factory=Counter)

    def count(self, member: MemberNumber, grants: Mapping[tuple[str, str, str], Grant]) -> None:
        """Add what a member was granted."""
        held: set[str] = set()
        for grant in grants.values():
            if grant.unit == "badge":
                held |= {grant.rule.partition(":")[2]} if grant.awarded else set()
                continue
            self.points[grant.rule] += grant.awarded
            self.by_member[member] += grant.awarded
            if grant.reason is not None:
                self.suppressed[grant.reason] += grant.desired - grant.awarded
        self.badges.update(sorted(held))


def play(tx: Tx, program: Program, *, now: UnixSeconds, report: Report = lambda _, __: None) -> Played:
    """Play the programme over all events of this database, as if it had been in force from the first on.

    Args:
        now: Up to when time passes.
        report: Is told how many facts are folded, and how many there are.
    """
    digest = to_hex(program.digest)
    history = read_history(tx, Versions([1], [digest], {digest: program}))
    played = Played(program, events=last_position(tx))
    if program.conduct is not None:
        _fold_all(history, compile_engine(program), played, now=now, report=report)
    return played


def _fold_all(history: History, engine: Engine, played: Played, *, now: UnixSeconds, report: Report) -> None:
    order = sorted(
        [(history.told(place).key, member, place) for member, places in history.places.items() for place in places]
        + [(fact.key, member, place) for member, facts in history.merges.items() for place, fact in enumerate(facts)]
    )
    states: dict[MemberNumber, State] = {}
    grants: dict[MemberNumber, dict[tuple[str, str, str], Grant]] = {}
    shared = TakenAnew()
    for done, (key, member, place) in enumerate(order, 1):
        if member not in states:
            states[member], grants[member] = engine.new_state(), {}
        is_merge = key[1] == OURS and place >= 0
        fact = history.merges[member][place] if is_merge else history.fact(member, place)
        shared.turn(member)
        for grant in engine.apply(states[member], fact, shared):
            grants[member][grant.key] = grant
        if not done % _TOLD_EVERY:
            report(done, len(order))
    played.facts = len(order)
    for member, state in states.items():
        if engine.next_due(state) is not None:
            shared.turn(member)
            grants[member] |= {grant.key: grant for grant in engine.advance(state, now, shared)}
        played.count(member, grants[member])
        if engine.tiers is not None:
            tier = engine.tiers.tier_at(state, now)
            played.tier_of[member] = tier
            played.tiers[tier] += 1
