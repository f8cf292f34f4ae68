"""catalogue_step: rewards that the programme file declares

given a version that counts
├── its rewards are made, with their stock; once more changes nothing
├── when somebody sets a price by hand, it stands until the next version
├── when the next version has another name and cost, they change, and what is left of the stock stays as it is
├── when the next version says nothing of a reward any more, it stays until somebody withdraws it
└── when a hold was made at the old price, its commit is refused with the new one
given a version that does not count yet: nothing is made
given several workers at once: each reward is made once
"""

import pytest
from sqlalchemy import Engine

from loyaltychain.actions.log import read_actions
from loyaltychain.core import errors
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import reading, transaction
from loyaltychain.operations.catalogue import catalogue_step
from loyaltychain.operations.holds import commit, hold
from loyaltychain.operations.redeem import redeem
from loyaltychain.operations.request import Item
from loyaltychain.operations.rewards import Reward, list_rewards, set_reward
from loyaltychain.program.load import parse_program
from loyaltychain.program.types import Program
from tests.operations.conduct.forum import NOW, act, fold, number_of, take
from tests.operations.member_world import at_once, do

LATER = UnixSeconds(NOW + 60)


def club(rewards: str, version: int = 1) -> Program:
    """A programme that gives 100 points for a visit, and declares these rewards."""
    return parse_program(f"""name: Club
version: {version}
timezone: UTC
currency: GBP
behaviours:
  visit: {{event: visited, title: Come in., points: 100}}
rewards: {{{rewards}}}
""")


BOTH = "pen: {name: A pen, cost: 5}, mug: {name: A mug, cost: 30, stock: 2}"
FIRST = club(BOTH)
MUG, PEN = Reward("mug", "A mug", 30, 2, NOW), Reward("pen", "A pen", 5, None, NOW)


def catalogue(engine: Engine) -> list[Reward]:
    with reading(engine) as tx:
        return list_rewards(tx)


def in_force(engine: Engine, program: Program, now: UnixSeconds = NOW) -> list[str]:
    """Let this version count, as the worker does, and bring in what it declares."""
    fold(engine, program, now=now)
    return catalogue_step(engine, program, now=now)


def test_catalogue__first_version__made_once(database: Engine) -> None:
    assert in_force(database, FIRST) == ["mug", "pen"]
    assert catalogue(database) == [MUG, PEN]
    assert in_force(database, FIRST, LATER) == []
    assert catalogue(database) == [MUG, PEN]
    with reading(database) as tx:
        [action] = read_actions(tx)
    assert (action.actor, action.action, action.details) == (
        "program", "reward.declare", {"rewards": ["mug", "pen"], "program": "0x" + FIRST.digest.hex()},
    )  # fmt: skip


def test_catalogue__not_in_force_yet__nothing(database: Engine) -> None:
    assert catalogue_step(database, FIRST, now=NOW) == []
    in_force(database, FIRST)
    assert catalogue_step(database, club("hat: {name: A hat, cost: 9}", version=2), now=NOW) == []
    assert catalogue(database) == [MUG, PEN]


def test_catalogue__set_by_hand__stands_until_the_next_version(database: Engine) -> None:
    in_force(database, FIRST)
    with transaction(database) as tx:
        set_reward(tx, id_="mug", name="A mug", cost=25, stock=1, now=NOW)
    assert in_force(database, FIRST, LATER) == []
    assert catalogue(database)[0] == Reward("mug", "A mug", 25, 1, NOW)

    second = club("pen: {name: A pen, cost: 5}, mug: {name: A large mug, cost: 40, stock: 50}", version=2)
    assert in_force(database, second, LATER) == ["mug"]
    assert catalogue(database) == [Reward("mug", "A large mug", 40, 1, LATER), PEN]


def test_catalogue__not_declared_any_more__stays_until_withdrawn(database: Engine) -> None:
    in_force(database, FIRST)
    assert in_force(database, club("pen: {name: A pen, cost: 5}", version=2), LATER) == []
    assert catalogue(database) == [MUG, PEN]
    with transaction(database) as tx:
        set_reward(tx, id_="mug", name="A mug", cost=30, stock=0, now=LATER)
    assert in_force(database, club(BOTH, version=3), LATER) == []
    assert catalogue(database)[0].stock == 0


def test_edge_53__new_version_has_another_price__commit_is_refused_with_it(database: Engine) -> None:
    take(database, act("v1", "visited", "ann", 0))
    in_force(database, FIRST)
    ann = number_of(database, "ann")
    do(database, redeem, id_="1", member=ann, items=[Item("mug", 1)], now=NOW)
    do(database, hold, id_="2", member=ann, items=[Item("mug", 1)], now=NOW)

    in_force(database, club("mug: {name: A mug, cost: 40, stock: 7}", version=2), LATER)
    with pytest.raises(errors.PriceChanged) as refused:
        do(database, commit, id_="2", now=LATER)
    assert refused.value.context == {"reward": "mug", "quoted": 30, "cost": 40}
    assert catalogue(database)[0] == Reward("mug", "A mug", 40, 0, LATER)


def test_catalogue__workers_at_once__each_made_once(shared: Engine) -> None:
    fold(shared, FIRST)
    answers = at_once(5, lambda _: catalogue_step(shared, FIRST, now=NOW))
    assert sorted(each for each in answers if each) == [["mug", "pen"]]
    assert catalogue(shared) == [MUG, PEN]
