"""What members share, asked for by one event for several of them
└── a supply of one: one badge, told in one run or in several, and the replay says the same
"""

import pytest

from loyaltychain.db.engine import reading
from loyaltychain.program.load import parse_program
from loyaltychain.reports.replay.verify import verify
from tests.operations.conduct.forum import NOW, answered, asked, balances, check, fold, take, voted

PROGRAM = """
name: Rare
version: 1
timezone: UTC
currency: GBP
objects: {question: {made_by: asked}, answer: {made_by: answered, parent: question}}
behaviours:
  own: {event: voted, title: Have your answer voted for., for: owner}
  asked-well: {event: voted, title: Have an answer to your question voted for., for: parent_owner}
achievements:
  rare: {title: Be the first., name: First, count: {of: [own, asked-well], times: 1}, supply: 1, points: 50}
"""


@pytest.mark.parametrize("in_portions", [False, True])
def test_supply__one_event_brings_it_to_two__one_has_it(engine, in_portions) -> None:
    program = parse_program(PROGRAM)
    events = (asked("q", "ann", 0), answered("a", "bob", 1, "q"), voted("v", "cat", 2, "a"))
    for portion in [[each] for each in reversed(events)] if in_portions else [events]:
        take(engine, *portion)
        fold(engine, program)

    badges = {key: count for key, count in balances(engine).items() if key[2] == "badge:rare"}
    assert sum(badges.values()) == 1
    assert sum(count for key, count in balances(engine).items() if key[2] == "points") == 50
    check(engine)
    with reading(engine) as tx:
        assert verify(tx, now=NOW).findings == []
