"""Fold a whole history from nothing, member by member, and say what each rule granted."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.operations.conduct.versions import Engines
from loyaltychain.reports.replay.history import History, Report
from loyaltychain.reports.replay.shared import AsDecided
from loyaltychain.rules.engine.fold import fold
from loyaltychain.rules.engine.types import FactKey, Grant

_TOLD_EVERY = 100  # members


@dataclass(frozen=True, slots=True)
class Refolded:
    """What a member's facts came to: each grant as it was said last, and her state behind the last fact.

    ``facts``: how many there are; ``last``: the key of the last one; ``numbers``: hers, and those that went over into
    her; ``due_at``: when time does something next that stands in no grant yet.
    """

    member: MemberNumber
    grants: list[Grant]
    state: dict[str, Any]
    facts: int
    last: FactKey
    numbers: tuple[MemberNumber, ...]
    due_at: UnixSeconds | None


def refold(
    history: History,
    engines: Engines,
    shared: AsDecided,
    *,
    until: Mapping[MemberNumber, UnixSeconds],
    report: Report = lambda _, __: None,
) -> Iterator[Refolded]:
    """Every member's facts folded from nothing, in the order of their numbers.

    Args:
        shared: Answers for what members share.
        until: By member up to when time has passed; 0 for those who are not named.
        report: Is told how many members are done, and how many there are.
    """
    total, merged = len(history.places), sorted(history.maker.survivors)
    for done, member in enumerate(history.members(), 1):
        facts = history.facts(member)
        numbers = (member, *(number for number in merged if history.head(number) == member))
        shared.turn(numbers)
        folded = fold(engines, facts, engines.newest.new_state(), shared, checkpoint_every=len(facts) + 1)
        state = folded.state.copy()
        engine = engines.get(state.version, engines.newest)
        grants = folded.grants
        later = engine.elapse(folded.state, until.get(member, UnixSeconds(0)), shared)
        grants |= {grant.key: grant for _, grant in later}
        yield Refolded(
            member, list(grants.values()), state.to_document(), len(facts), state.last, tuple(sorted(numbers)),
            engine.next_due(folded.state),
        )  # fmt: skip
        if not done % _TOLD_EVERY or done == total:
            report(done, total)
