"""What callers ask of a member's points, checked. Pure: knows neither database nor ledger.

An operation is named for ever by the caller's ``source`` and ``id``, as events are.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from loyaltychain.core import errors
from loyaltychain.core.amounts import LANE_MAX
from loyaltychain.core.words import counted
from loyaltychain.events.types import PLAIN_NAME, TEXT_MAX
from loyaltychain.ledger.lots import HoldItem

QUANTITY_MAX = 2**31  # of one reward in one operation
_SOURCE = re.compile(PLAIN_NAME)


@dataclass(frozen=True, slots=True)
class Item:
    """So many of one reward. ``cost`` is the price of one, in points, as it was quoted; None: whatever it costs."""

    reward: str
    quantity: int
    cost: int | None = None


def name_of(source: str, id_: str) -> str:
    """``source/id``, the operation's name. Raises InvalidOperation for what cannot be one."""
    if not _SOURCE.fullmatch(source):
        raise errors.InvalidOperation(
            "The source may hold 1 to 64 letters, digits, dots, dashes and underscores.", source=source[:TEXT_MAX]
        )
    check_text("id", id_)
    return f"{source}/{id_}"


def check_text(field: str, text: str) -> None:
    """Raise InvalidOperation naming the field unless ``text`` is printable, of 1 to 200 characters."""
    if not text.strip() or len(text) > TEXT_MAX or not text.isprintable():
        raise errors.InvalidOperation(
            f"The {field} must be printable text of 1 to {TEXT_MAX} characters.", **{field: text[: TEXT_MAX + 1]}
        )


def check_wanted(points: int | None, items: Sequence[Item]) -> None:
    """Raise InvalidOperation unless exactly one of the two is given and each number in it is a whole one above 0."""
    if (points is None) == (not items):
        raise errors.InvalidOperation("Name either points or items: one of the two.")
    if points is not None:
        check_points(points)
    for item in items:
        if type(item.quantity) is not int or not 1 <= item.quantity <= QUANTITY_MAX:
            raise errors.InvalidOperation("A quantity is a whole number above 0.", reward=item.reward)
        if item.cost is not None:
            check_points(item.cost)


def check_points(points: int) -> None:
    """Raise InvalidOperation unless ``points`` is a whole number that a balance can hold."""
    if type(points) is not int or not 1 <= points <= LANE_MAX:
        raise errors.InvalidOperation(f"Points are a whole number from 1 to {LANE_MAX:,}.", points=points)


def check_cap(points: int, cap: int) -> None:
    """Raise OverCap when no batch could settle an entry of so many points."""
    if points > cap:
        raise errors.OverCap(
            f"{counted(points, 'point')} in one entry, and the contract's caps let a batch settle {cap:,}.",
            amount=points,
            cap=cap,
        )


def check_room(owned: int, points: int) -> None:
    """Raise BalanceTooLarge when a member who owns so much cannot be given ``points`` more."""
    if owned + points > LANE_MAX:
        raise errors.BalanceTooLarge(f"A member can own at most {LANE_MAX:,} points.", owns=owned, more=points)


def is_same(points: int | None, items: Sequence[Item], *, had_points: int, had_items: Sequence[HoldItem]) -> bool:
    """Whether what is asked for is what was had: the same points, or the same rewards at the price that is quoted."""
    costs = {item.reward: item.cost for item in had_items}
    return (
        points in (None, had_points)
        and quantities(items) == quantities(had_items)
        and all(item.cost in (None, costs[item.reward]) for item in items)
    )


def quantities(items: Iterable[Item | HoldItem]) -> Counter[str]:
    """How many of each reward; one may be named several times."""
    total: Counter[str] = Counter()
    for item in items:
        total[item.reward] += item.quantity
    return total


def is_named(actor: str, ids: Collection[str]) -> bool:
    """Whether ``actor`` goes by one of these names, however it is written: in capitals, full-width, composed or not."""
    return _plain(actor) in {_plain(name) for name in ids}


def _plain(name: str) -> str:
    """For comparing only: what looks the same to Unicode (NFKC) is the same, and capitals are no difference."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return unicodedata.normalize("NFKC", folded).strip()
