"""set_reward, list_rewards, read_reward: what a reward is; stock is never below zero, and rewards change at once."""

from typing import Any

import pytest
from sqlalchemy import Engine, update

from loyaltychain.core import errors
from loyaltychain.db.engine import reading, transaction
from loyaltychain.operations.rewards import Reward, list_rewards, read_reward, set_reward
from loyaltychain.operations.tables import rewards
from tests.operations.member_world import NOW, after, at_once, mug


def test_set_reward__new_and_again__as_it_was_said_last(engine: Engine) -> None:
    with transaction(engine) as tx:
        set_reward(tx, id_="pen", name="A pen", cost=5, stock=None, now=NOW)
        set_reward(tx, id_="mug", name="A mug", cost=30, stock=2, now=NOW)
        set_reward(tx, id_="mug", name="The mug", cost=31, stock=0, now=after(5))

    with reading(engine) as tx:
        mugs, pens = Reward("mug", "The mug", 31, 0, after(5)), Reward("pen", "A pen", 5, None, NOW)
        assert list_rewards(tx) == [mugs, pens]
        assert read_reward(tx, "mug") == mugs
        with pytest.raises(errors.UnknownReward):
            read_reward(tx, "hat")


@pytest.mark.parametrize(
    "change",
    [{"cost": 0}, {"cost": True}, {"cost": 2**32}, {"stock": -1}, {"stock": 1.5}, {"name": ""}, {"id_": "a\tb"}],
)
def test_set_reward__nonsense__invalid_operation(engine: Engine, change: dict[str, Any]) -> None:
    with transaction(engine) as tx, pytest.raises(errors.InvalidOperation):
        set_reward(tx, **({"id_": "mug", "name": "A mug", "cost": 30, "stock": 2, "now": NOW} | change))


def test_rewards__stock_below_zero__the_database_refuses(engine: Engine) -> None:
    mug(engine)
    with pytest.raises(errors.ConstraintRefused), transaction(engine) as tx:
        tx.execute(update(rewards).values(stock=rewards.c.stock - 3))


def test_set_reward__at_once__one_row(shared: Engine) -> None:
    answers = at_once(5, lambda n: mug(shared, stock=n))

    assert answers == 5 * [None]
    with reading(shared) as tx:
        assert len(list_rewards(tx)) == 1
