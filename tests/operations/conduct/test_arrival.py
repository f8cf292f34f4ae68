"""conduct_step, whatever the order of arrival
├── given the same events in any order, in any portions, some told twice: the same grants, the same balances
├── given them all at once: as if each had come alone, in order
└── given a budget that is too small: nobody gets more than there is, and each decision stands until it is freed
"""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loyaltychain.db.engine import reading
from loyaltychain.operations.conduct.tables import pools
from tests.database import ENGINES, fresh_database
from tests.operations.conduct.forum import (
    DAY,
    FORUM,
    act,
    check,
    fold,
    forum,
    history,
    retracted,
    snapshot,
    take,
    taken,
    voted,
)

ROOMY = {"budget: {points: 9, per: ever}": "budget: {points: 900, per: ever}"}
EVENTS = (
    *history(),
    act("z1", "loyaltychain.member.zone", "ann", DAY // 2, zone="America/New_York"),
    retracted("r2", DAY + 250, "v2", fraud=True),
    retracted("r3", 2 * DAY + 30, "p1"),
    act("a5", "answered", "eve", 3 * DAY, object="a5", parent="q2"),
    act("n1", "rejected", "mod", 3 * DAY + 5, object="a5"),
    act("a6", "answered", "eve", 3 * DAY + 50, object="a6", parent="q2"),
    voted("v9", "ann", 3 * DAY + 60, "a6"),
    voted("v8", "community", 3 * DAY + 70, "a6"),
)


def _expected():
    engine = fresh_database("sqlite")
    take(engine, *sorted(EVENTS, key=lambda event: (event.occurred_at, event.id)))
    fold(engine, forum(**ROOMY))
    found = snapshot(engine)
    check(engine)
    engine.dispose()
    return found


EXPECTED = _expected()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_conduct_step__any_arrival__same_end(data) -> None:
    order = data.draw(st.permutations(EVENTS))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(order)), max_size=4)))
    engine = fresh_database("sqlite")
    for start, end in zip([0, *cuts], [*cuts, len(order)], strict=True):
        take(engine, *order[start:end])
        limit = data.draw(st.sampled_from([1, 3, 1000]))
        fold(engine, forum(**ROOMY), limit=limit, tidy=data.draw(st.booleans()))
    take(engine, *order[:5])
    fold(engine, forum(**ROOMY))
    check(engine)
    assert snapshot(engine) == EXPECTED
    engine.dispose()


@pytest.mark.parametrize("name", ENGINES)
def test_conduct_step__backwards__same_end(name) -> None:
    engine = fresh_database(name)
    for event in sorted(EVENTS, key=lambda event: (event.occurred_at, event.id), reverse=True):
        take(engine, event)
        fold(engine, forum(**ROOMY), limit=1)
    check(engine)
    assert snapshot(engine) == EXPECTED
    engine.dispose()


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.permutations(EVENTS), st.sampled_from([1, 4, 1000]))
def test_conduct_step__too_small_a_budget__is_kept(order, limit) -> None:
    engine = fresh_database("sqlite")
    for start in range(0, len(order), 6):
        take(engine, *order[start : start + 6])
        fold(engine, forum(FORUM), limit=limit)
    check(engine)
    asked = {name: each for name, each in taken(engine).items() if name[0].startswith("budget:")}
    assert sum(granted for _, granted in asked.values()) == min(9, sum(wanted for wanted, _ in asked.values()))
    with reading(engine) as tx:
        rows = tx.execute(pools.select()).all()
    for row in rows:
        assert row.taken == sum(got for (name, _), (_, got) in taken_of(taken(engine), row.resource)), row
    engine.dispose()


def taken_of(found, resource):
    return [(name, each) for name, each in found.items() if name[0] == resource]
