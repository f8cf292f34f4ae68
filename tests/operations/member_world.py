"""Members with points, and what they do with them, each act in a transaction of its own."""

import threading
from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import Engine, select

from loyaltychain.core import errors
from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import Tx, reading, transaction
from loyaltychain.events import identity
from loyaltychain.ledger import book, tables
from loyaltychain.ledger.checks import check_ledger
from loyaltychain.ledger.lots import Stamp
from loyaltychain.ledger.store import read_entries
from loyaltychain.ledger.types import EntryId
from loyaltychain.operations.balance import MemberBalance, read_balance
from loyaltychain.operations.keep import keep
from loyaltychain.operations.rewards import read_reward, set_reward
from loyaltychain.operations.tables import rewards

DAY = 86_400
NOW = UnixSeconds(1_767_355_200)
GRACE = 30 * DAY

LEDGER = (
    tables.volumes,
    tables.entries,
    tables.lots,
    tables.lot_moves,
    tables.holds,
    tables.hold_ends,
    tables.redemptions,
)

_T = TypeVar("_T")


def after(seconds: int) -> UnixSeconds:
    return UnixSeconds(NOW + seconds)


def do(engine: Engine, act: Callable[..., _T], **arguments: Any) -> _T:
    """One operation at NOW (unless ``now`` is given) under the source ``app``, committed."""
    with transaction(engine) as tx:
        return act(tx, **({"source": "app", "now": NOW} | arguments))


def join(engine: Engine, member_id: str = "ann") -> MemberNumber:
    with transaction(engine) as tx:
        return identity.join(tx, member_id, NOW)


def give(engine: Engine, member: MemberNumber, points: int, cause: str = "shop/1", **changes: Any) -> None:
    """Award points under a rule; ``expires_at``, ``due_at``, ``qualifying`` and ``at`` as asked for."""
    at = changes.pop("at", NOW)
    with transaction(engine) as tx:
        purse = book.load_purses(tx, [member])[member]
        movements = purse.advance(at, recorded_at=at)
        stamp = Stamp(id=EntryId(f"earn:{cause}:spend"), cause=cause, occurred_at=at, recorded_at=at, rule="spend")
        movements.append(purse.earn(stamp, points, award=cause, **({"expires_at": None} | changes)))
        keep(tx, movements)


def take_back(
    engine: Engine, member: MemberNumber, points: int, *, award: str = "shop/1", cause: str = "shop/R-1",
    qualifying: int = 0, at: UnixSeconds = NOW, recorded_at: UnixSeconds | None = None,
) -> None:  # fmt: skip
    """What a return does to the award of its order."""
    with transaction(engine) as tx:
        purse = book.load_purses(tx, [member])[member]
        purse.adopt([lot for lot in book.lots_of_awards(tx, {award: ["spend"]}) if lot.member == member])
        movements = purse.advance(at, recorded_at=at)
        stamp = Stamp(id=EntryId(f"reverse:{cause}"), cause=cause, occurred_at=at, recorded_at=recorded_at or at)
        movements.append(purse.take_back(stamp, points, award=award, qualifying=qualifying))
        keep(tx, movements)


def mug(engine: Engine, *, cost: int = 30, stock: int | None = 2, reward: str = "mug") -> None:
    with transaction(engine) as tx:
        set_reward(tx, id_=reward, name="A mug", cost=cost, stock=stock, now=NOW)


def stock_of(engine: Engine, reward: str = "mug") -> int | None:
    with reading(engine) as tx:
        return read_reward(tx, reward).stock


def points_of(engine: Engine, member: MemberNumber, at: UnixSeconds = NOW) -> MemberBalance:
    with reading(engine) as tx:
        found = read_balance(tx, member, at=at)
    has = found.available + found.pending + found.held - found.debt
    came = found.earned + found.adjusted + found.merged
    assert has == came - found.spent - found.expired - found.reversed, found
    return found


def entry_ids(engine: Engine, kind: str | None = None) -> list[str]:
    with reading(engine) as tx:
        query = select(tables.entries.c.id).order_by(tables.entries.c.id)
        return list(tx.execute(query if kind is None else query.where(tables.entries.c.kind == kind)).scalars())


def lot_rows(engine: Engine, member: MemberNumber) -> list[tuple[int, int | None, int]]:
    """(remaining, expires_at, in_grace) of the member's lots that hold something, soonest expiry first."""
    lots = tables.lots
    with reading(engine) as tx:
        rows = tx.execute(
            select(lots.c.remaining, lots.c.expires_at, lots.c.in_grace)
            .where(lots.c.member == member, lots.c.remaining > 0)
            .order_by(lots.c.expires_at.is_(None), lots.c.expires_at, lots.c.earned_at, lots.c.position)
        )
        return [tuple(row) for row in rows]


def all_rows(engine: Engine) -> dict[str, list[tuple[Any, ...]]]:
    """Every row that operations write, by table."""
    with reading(engine) as tx:
        return {
            table.name: [tuple(row) for row in tx.execute(select(table).order_by(*table.primary_key.columns))]
            for table in (*LEDGER, rewards)
        }


def prove(engine: Engine) -> None:
    """The ledger proves itself, and at none of its positions does a member own less than nothing on chain."""
    with reading(engine) as tx:
        assert check_ledger(tx) == []
        check_positions(tx)


def check_positions(tx: Tx) -> None:
    """What members own on chain, folded position by position, is never below zero."""
    owned: dict[str, int] = {}
    for each in read_entries(tx, 0, 2**31):
        for posting in each.entry.postings:
            for account, change in ((posting.source, -posting.amount), (posting.destination, posting.amount)):
                if posting.unit == "points" and account.endswith((":available", ":held")):
                    holder = account.rsplit(":", 1)[0]
                    owned[holder] = owned.get(holder, 0) + change
        assert min(owned.values(), default=0) >= 0, (each.position, owned)


def at_once(count: int, act: Callable[[int], _T]) -> list[_T | errors.RequestError]:
    """What ``count`` threads answer or are refused with. A busy database is asked again."""
    answers: list[_T | errors.RequestError] = []
    start = threading.Barrier(count)

    def work(number: int) -> None:
        start.wait()
        while True:
            try:
                answers.append(act(number))
                return
            except errors.DatabaseBusy:
                continue
            except errors.RequestError as refusal:
                answers.append(refusal)
                return

    threads = [threading.Thread(target=work, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == count
    return answers
