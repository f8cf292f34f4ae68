"""The rewards that points buy: what one costs, and how many are left. Moves no points."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, insert, select, update

from loyaltychain.core import errors
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import Tx
from loyaltychain.db.lock import lock
from loyaltychain.operations.request import check_points, check_text
from loyaltychain.operations.tables import rewards

STOCK_MAX = 2**53 - 1  # the largest integer that canonical JSON holds exactly


@dataclass(frozen=True, slots=True)
class Reward:
    """``cost`` is points for one; ``stock`` how many are left, None without a limit."""

    id: str
    name: str
    cost: int
    stock: int | None
    updated_at: UnixSeconds


def set_reward(tx: Tx, *, id_: str, name: str, cost: int, stock: int | None, now: UnixSeconds) -> Reward:
    """Make a reward, or change all that is said of it. What is held at the old price is not committed at a new one.

    Args:
        cost: Points for one, above 0.
        stock: How many there are from now on; None without a limit.

    Raises InvalidOperation.
    """
    check_text("reward", id_)
    check_text("name", name)
    check_points(cost)
    if stock is not None and (type(stock) is not int or not 0 <= stock <= STOCK_MAX):
        raise errors.InvalidOperation("Stock is a whole number from 0 up, or none for no limit.", stock=stock)
    lock(tx, f"reward:{id_}")  # two callers may both find that it is new
    values = {"name": name, "cost": cost, "stock": stock, "updated_at": now}
    if lock_rewards(tx, [id_]):
        tx.execute(update(rewards).where(rewards.c.id == id_).values(**values))
    else:
        tx.execute(insert(rewards).values(id=id_, **values))
    return Reward(id_, name, cost, stock, now)


def declare_reward(tx: Tx, *, id_: str, name: str, cost: int, stock: int | None, now: UnixSeconds) -> bool:
    """Make a reward, or change its name and cost; whether that changed anything. A stock that there is stays.

    Args:
        stock: How many there are at the beginning; None without a limit.

    Raises InvalidOperation.
    """
    lock(tx, f"reward:{id_}")
    there = lock_rewards(tx, [id_]).get(id_)
    if there is None:
        set_reward(tx, id_=id_, name=name, cost=cost, stock=stock, now=now)
    elif (there.name, there.cost) != (name, cost):
        set_reward(tx, id_=id_, name=name, cost=cost, stock=there.stock, now=now)
    else:
        return False
    return True


def list_rewards(tx: Tx) -> list[Reward]:
    """All rewards, by id."""
    return sorted((_reward(row) for row in tx.execute(select(rewards))), key=lambda reward: reward.id)


def read_reward(tx: Tx, id_: str) -> Reward:
    """The reward of this id. Raises UnknownReward."""
    row = tx.execute(select(rewards).where(rewards.c.id == id_)).one_or_none()
    if row is None:
        raise errors.UnknownReward("There is no reward of this id.", reward=id_[:200])
    return _reward(row)


def lock_rewards(tx: Tx, ids: Collection[str]) -> dict[str, Reward]:
    """Those of these rewards that there are; nobody else changes them until the transaction ends.

    Rows are locked in code-point order of their ids: two transactions cannot wait for each other.
    """
    query = select(rewards).where(rewards.c.id.in_(sorted(set(ids))))
    if tx.dialect.name == "postgresql":
        query = query.order_by(rewards.c.id.collate("C")).with_for_update()
    return {row.id: _reward(row) for row in tx.execute(query)}


def _reward(row: Row[*tuple[Any, ...]]) -> Reward:
    return Reward(row.id, row.name, row.cost, row.stock, UnixSeconds(row.updated_at))
