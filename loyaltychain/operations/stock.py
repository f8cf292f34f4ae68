"""Prices and stock of what a redemption or a hold asks for. The transaction that moves the points moves the stock.

Whoever calls this has locked the members' points before and records entries after it: one order of locks for all.
"""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import bindparam, update

from loyaltychain.core import errors
from loyaltychain.core.words import counted
from loyaltychain.db.engine import Tx
from loyaltychain.ledger.lots import HoldItem
from loyaltychain.operations.request import Item, quantities
from loyaltychain.operations.rewards import Reward, lock_rewards
from loyaltychain.operations.tables import rewards


def price(tx: Tx, items: Sequence[Item]) -> tuple[HoldItem, ...]:
    """The items with what one of each costs now, their rewards locked.

    Raises:
        UnknownReward: there is no such reward.
        PriceChanged: one costs something else than was quoted.
    """
    found = lock_rewards(tx, [item.reward for item in items])
    return tuple(_price_one(item, found) for item in items)


def _price_one(item: Item, found: Mapping[str, Reward]) -> HoldItem:
    if item.reward not in found:
        raise errors.UnknownReward("There is no reward of this id.", reward=item.reward[:200])
    cost = found[item.reward].cost
    if item.cost not in (None, cost):
        raise errors.PriceChanged(
            f"One costs {counted(cost, 'point')} now, not {item.cost:,}. Show the new price and ask again.",
            reward=item.reward,
            quoted=item.cost,
            cost=cost,
        )
    return HoldItem(item.reward, item.quantity, cost)


def cost_of(items: Iterable[HoldItem]) -> int:
    """What all of them cost together, in points."""
    return sum(item.cost * item.quantity for item in items)


def shortage(tx: Tx, items: Sequence[HoldItem]) -> dict[str, int]:
    """How many of each reward are missing from stock; only those of which some are. Locks the rewards."""
    wanted = quantities(items)
    left = {reward: found.stock for reward, found in lock_rewards(tx, wanted).items() if found.stock is not None}
    return {reward: wanted[reward] - number for reward, number in sorted(left.items()) if number < wanted[reward]}


def take(tx: Tx, items: Sequence[HoldItem]) -> None:
    """Take the items out of stock. Raises OutOfStock; the caller then rolls back."""
    wanted = quantities(items)
    for reward, missing in shortage(tx, items).items():
        raise out_of_stock(reward, wanted=wanted[reward], left=wanted[reward] - missing)
    _change(tx, {reward: -quantity for reward, quantity in wanted.items()})


def out_of_stock(reward: str, *, wanted: int, left: int) -> errors.OutOfStock:
    """What is raised when so many are left."""
    return errors.OutOfStock(f"There are {left:,} left.", reward=reward, wanted=wanted, left=left)


def give_back(tx: Tx, items: Iterable[HoldItem]) -> None:
    """Put the items back into stock; a reward without a limit stays so."""
    _change(tx, quantities(items))


def _change(tx: Tx, changes: Mapping[str, int]) -> None:
    if not changes:
        return
    limited = [reward for reward, found in lock_rewards(tx, changes).items() if found.stock is not None]
    rows = [{"of_reward": reward, "change": changes[reward]} for reward in sorted(limited)]
    statement = update(rewards).where(rewards.c.id == bindparam("of_reward"))
    if rows:
        tx.execute(statement.values(stock=rewards.c.stock + bindparam("change")), rows)
