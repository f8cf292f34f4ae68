"""A draft over the history that there is, on each engine
├── the same programme twice: no difference, nobody wins or loses, whatever it is
├── a draft that gives more: by rule, by member, what is outstanding; its cost by the project's terms
├── a draft with another tier, badge, budget: who moves, who holds, what was not given
├── shared decisions: in the order of the times of events, however they came in
├── purchases: rules for money are played by the ledger's own step; returns count
├── members who went over count as the survivor
└── nothing is written
"""

import random
from typing import Any

import pytest
from sqlalchemy import Engine, text

from loyaltychain.config.settings import Liability
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import reading, transaction
from loyaltychain.events.identity import find_member
from loyaltychain.operations.merge import merge
from loyaltychain.program.load import parse_program
from loyaltychain.program.types import Program
from loyaltychain.reports.liability import make_terms
from loyaltychain.reports.replay.simulation import Change, Simulation, simulate
from tests.reports.forum import NOW, TEXT, act, acts, changed, program, tell

SHOP = """
name: Shop
version: 1
timezone: Europe/London
currency: GBP
rules:
  - {id: spend, kind: points_per_currency_unit, event: order, points: 1, per: "1.00", qualifying: true}
orders: {event: order, returns: return, cancellations: cancellation, edits: order_edit, match: none}
behaviours:
  review: {event: reviewed, title: Review., points: 10}
tiers:
  period: ever
  levels:
    - {id: member, name: Member, from: 0}
    - {id: gold, name: Gold, from: 30}
"""


def play(engine: Engine, in_force: Program, draft: Program, **more: Any) -> Simulation:
    with reading(engine) as tx:
        return simulate(tx, in_force, draft, now=NOW, terms=more.get("terms"))


def by_name(changes: tuple[Change, ...]) -> dict[str, tuple[int, int]]:
    return {each.name: (each.in_force, each.draft) for each in changes}


def test_same_programme__twice__no_difference(engine: Engine) -> None:
    tell(engine, acts())
    found = play(engine, program(), program())
    assert found.points.in_force == found.points.draft > 0
    assert all(each.in_force == each.draft for each in (*found.rules, *found.badges, *found.tiers, *found.suppressed))
    assert (found.winners.members, found.losers.members, found.moved_tier) == (0, 0, 0)
    assert by_name(found.rules) == {
        "behaviour:ask": (5, 5), "behaviour:help": (60, 60), "behaviour:review": (25, 25),
        "behaviour:guide": (200, 200), "achievement:first": (50, 50), "streak:daily": (7, 7),
    }  # fmt: skip
    assert by_name(found.badges) == {"first": (1, 1), "rare": (1, 1), "good": (1, 1)}
    assert by_name(found.tiers)["gold"] == (1, 1)


def test_draft__gives_more_and_less__winners_losers_and_cost(engine: Engine) -> None:
    tell(engine, acts())
    draft = changed(("points: 20", "points: 30"), ("points: 5}", "points: 2}"), ("version: 1", "version: 2"))
    terms = make_terms(Liability(cost_per_point="0.01"), currency="EUR")
    found = play(engine, program(), draft, terms=terms)
    assert by_name(found.rules)["behaviour:help"] == (60, 70)
    assert by_name(found.suppressed)["cap-points"] == (20, 50)
    assert [(id_, points) for _, id_, points in found.winners.top] == [("bob", 10)]
    assert [(id_, points) for _, id_, points in found.losers.top] == [("ann", -3)]
    assert (found.points.draft - found.points.in_force) == found.after - found.before == 7
    document = found.document()
    assert document["liability"] == {
        "points_before": 0, "points_after": 7, "currency": "EUR", "cost_before": 0, "cost_after": 7,
    }  # fmt: skip
    assert document["draft"]["version"] == 2 and document["facts"] == found.facts


def test_draft__without_what_there_was__badges_and_tiers_go(engine: Engine) -> None:
    tell(engine, acts())
    draft = changed(("times: 1}", "times: 9}"), ("from: 60", "from: 600"), ("points: 25", "points: 1000"))
    found = play(engine, program(), draft)
    assert by_name(found.badges)["first"] == (1, 0)
    assert by_name(found.tiers)["gold"] == (1, 0) and found.moved_tier == 1
    assert by_name(found.rules)["behaviour:review"] == (25, 50)
    assert by_name(found.suppressed)["budget"] == (25, 0)


def test_draft__brings_tiers__who_is_above_the_lowest_is_in_another(engine: Engine) -> None:
    tell(engine, acts())
    without = changed((TEXT[TEXT.index("tiers:") : TEXT.index("nudges:")], ""))
    assert (play(engine, without, program()).moved_tier, play(engine, program(), without).moved_tier) == (1, 1)
    assert play(engine, without, without).moved_tier == 0


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_shared__told_in_any_order__first_in_time_has_it(engine: Engine, seed: int) -> None:
    told = acts()
    random.Random(seed).shuffle(told)
    tell(engine, told)
    draft = changed(("points: 25", "points: 15"))
    found = play(engine, program(), draft)
    losers = {id_: points for _, id_, points in found.losers.top}
    assert losers == {"carl": -5, "dora": -5}


def test_purchases__by_the_ledgers_own_step__returns_count_and_tiers_too(engine: Engine) -> None:
    lines = [{"line": "1", "item": "cup", "quantity": 2, "amount": 4000}]
    tell(engine, [
        act("o1", "order", "ann", 0, currency="GBP", order="o1", lines=lines),
        act("o2", "order", "bob", 0, currency="GBP", order="o2", lines=lines),
        act("b2", "return", "bob", 9, order="o2", lines=[{"line": "1", "quantity": 2}]),
        act("r1", "reviewed", "ann", 5),
    ])  # fmt: skip
    in_force, draft = parse_program(SHOP), parse_program(SHOP.replace("points: 1, per", "points: 2, per"))
    found = play(engine, in_force, draft)
    assert by_name(found.rules) == {
        "behaviour:review": (10, 10), "rule:spend": (80, 160), "taken back with returns": (-40, -80),
    }  # fmt: skip
    assert by_name(found.tiers)["gold"] == (1, 1)
    assert [(id_, points) for _, id_, points in found.winners.top] == [("ann", 40)]


def test_merged__members__are_the_survivor(engine: Engine) -> None:
    tell(engine, acts())
    with transaction(engine) as tx:
        carl, dora = find_member(tx, "carl"), find_member(tx, "dora")
        merge(tx, merged=carl, survivor=dora, reason="same", actor="eve", now=UnixSeconds(NOW + 1))
    found = play(engine, program(), changed(("points: 25", "points: 15")))
    assert [(id_, points) for _, id_, points in found.losers.top] == [("dora", -10)]


def test_simulate__writes_nothing(engine: Engine) -> None:
    tell(engine, acts())
    tables = ("grants", "decisions", "entries", "outcomes", "stream", "fold_states", "cursors")

    def counts() -> list[int]:
        with reading(engine) as tx:
            return [tx.execute(text(f"SELECT COUNT(*) FROM {table}")).scalar_one() for table in tables]

    before = counts()
    play(engine, program(), program())
    assert counts() == before
