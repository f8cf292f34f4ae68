"""Rules and numbers: edge cases 70 to 72 and 74, by number

given an award that no batch could settle
    it is refused with its reason, those around it are done, whatever the size of a run (70)
given new rules while events wait
    each event is decided by the rules in force when its turn comes, and its entry names them (71)
    when an order of the old rules comes back
        what it was awarded is taken, and the new rules are not asked
given any order, and rules of any rounding
    the entry, the lines, the balance and what returns take line by line are one and the same number (72)
given the largest balance that there can be
    it is held to the point; one more is refused, and nothing of it is left (74)
given numbers that JSON does not hold exactly
    the event is refused, and nothing of it is taken (74)
given money that is no integer
    the order is refused (74)
"""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from loyaltychain.core import errors
from loyaltychain.core.amounts import LANE_MAX
from loyaltychain.core.hashing import to_hex
from loyaltychain.core.money import Rounding
from loyaltychain.db.engine import reading, transaction
from loyaltychain.events.capture import capture
from loyaltychain.ledger.store import read_entries
from loyaltychain.operations.earn import earn_step
from loyaltychain.operations.redeem import redeem
from loyaltychain.operations.types import Bounds
from tests.edge_cases.story import number_of, points
from tests.events.builders import LATER
from tests.operations.builders import NOW, take
from tests.operations.member_world import do, prove
from tests.operations.order_builders import Has, Line, back, explanation, fates, has, order, work
from tests.program.builders import make_order_program, make_rule

OLD = make_order_program()
NEW = make_order_program(make_rule(event="order", points=3), version=2)


def rules_of(engine: Engine) -> dict[str, str | None]:
    """The digest of the programme that each entry was made by."""
    prove(engine)
    with reading(engine) as tx:
        return {each.entry.id: each.entry.program for each in read_entries(tx, 0, 1_000)}


@pytest.mark.parametrize("limit", [1, 10])
def test_edge_70__one_award_is_beyond_what_a_batch_settles__refused_alone(database: Engine, limit: int) -> None:
    big = order(2, ("1", "boat", 1, 9_000))
    take(database, order(1), big, order(3, member="bob"))

    while earn_step(database, OLD, now=NOW, limit=limit, bounds=Bounds(award=60)).events:
        pass

    assert fates(database) == [("posted", None), ("refused", "over-cap"), ("posted", None)]
    assert explanation(database, 2)["facts"] == {"amount": 90, "cap": 60}
    assert [has(database, number) for number in (1, 2)] == [Has(55), Has(55)]


def test_edge_71__rules_change_while_events_wait__those_in_force_decide_and_are_named(database: Engine) -> None:
    take(database, order(1), order(2))
    assert earn_step(database, OLD, now=NOW, limit=1).issued == 55
    assert earn_step(database, NEW, now=NOW, limit=1).issued == 166

    assert OLD.digest != NEW.digest
    assert rules_of(database) == {
        "earn:shop/E-1:spend": to_hex(OLD.digest),
        "earn:shop/E-2:spend": to_hex(NEW.digest),
    }

    work(database, back(1, 1, {"1": 3, "2": 1}), program=NEW)
    assert has(database) == Has(166)


amounts = st.lists(st.tuples(st.integers(1, 9), st.integers(0, 20_000)), min_size=1, max_size=5)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bought=amounts, rounding=st.sampled_from(["down", "up", "half_even"]), rate=st.integers(1, 7), data=st.data())
def test_edge_72__any_order_and_rounding__one_number_everywhere(
    database: Engine, bought: list[tuple[int, int]], rounding: Rounding, rate: int, data: st.DataObject
) -> None:
    program = make_order_program(make_rule(event="order", points=rate, per=130, rounding=rounding))
    lines: list[Line] = [
        (str(place), f"item-{place}", pieces, pence) for place, (pieces, pence) in enumerate(bought, start=1)
    ]
    number = len(fates(database)) + 1  # the examples share a database, each with a member of its own
    member = f"m{number}"

    report = work(database, order(number, *lines, member=member), program=program)
    [rule] = explanation(database, -1)["rules"]
    assert points(database, NOW, member).available == report.issued == rule["points"]
    assert sum(of_line for _, of_line in rule.get("lines", [])) == report.issued

    for place in data.draw(st.permutations(range(len(lines)))):
        line, _, pieces, _ = lines[place]
        before = points(database, NOW, member).available
        taken = work(database, back(number * 10 + place, number, {line: pieces}, member=member), program=program)
        assert before - points(database, NOW, member).available == taken.reversed
    assert points(database, NOW, member).available == 0


def test_edge_74__largest_balance__held_to_the_point_and_no_more(database: Engine) -> None:
    work(database, order(1, ("1", "land", 1, LANE_MAX * 100)), program=OLD)
    assert points(database, NOW).available == LANE_MAX == 2**32 - 1

    work(database, order(2, ("1", "tea", 1, 100)), program=OLD)

    assert fates(database)[1] == ("refused", "balance-too-large")
    assert points(database, NOW).available == LANE_MAX
    do(database, redeem, id_="1", member=number_of(database), points=LANE_MAX, now=NOW)
    assert points(database, NOW).spent == LANE_MAX


@pytest.mark.parametrize("number", [2**53, -(2**53), 2**64, 1e400])
def test_edge_74__number_that_json_does_not_hold_exactly__event_refused(database: Engine, number: float) -> None:
    told = order(1, payload={"currency": "GBP", "order": "O-1", "lines": [], "note": number})

    with pytest.raises(errors.InvalidEvent), transaction(database) as tx:
        capture(tx, [told], received_at=LATER)

    assert work(database, program=OLD).position == 0


@pytest.mark.parametrize("pence", [0.5, 99.99, "100", True])
def test_edge_74__money_that_is_no_integer__order_refused(database: Engine, pence: int) -> None:
    work(database, order(1, ("1", "tea", 1, pence)), program=OLD)

    assert fates(database) == [("refused", "invalid-event")]
    assert has(database) == Has()
