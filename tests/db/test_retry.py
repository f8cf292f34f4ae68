"""write_again
├── when the database is busy or away for a while: it begins anew, and the last answer is the answer
├── when it stays so: the last error comes through after as many tries, or as much time, as patience has
├── pauses double up to the longest, each between half and one and a half of itself
├── when the block raises anything else: nothing is tried again, and nothing is written
└── when the connection breaks in COMMIT after the server has taken it: the block finds its key, and counts once
"""

import pytest
from sqlalchemy import Engine, event, func, select, update

from loyaltychain.core import errors
from loyaltychain.db.cursors import cursors
from loyaltychain.db.engine import Tx, reading
from loyaltychain.db.insert import insert_new
from loyaltychain.db.retry import Patience, write_again


class Block:
    """Fails as told, then writes its key."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.begun = 0

    def __call__(self, tx: Tx) -> str:
        self.begun += 1
        tx.execute(insert_new(tx, cursors), [{"step": "key", "position": 0}])
        if self.failures:
            raise self.failures.pop(0)
        return f"done at try {self.begun}"


def keys(engine: Engine) -> int:
    with reading(engine) as tx:
        return tx.execute(select(func.count()).select_from(cursors)).scalar_one()


@pytest.mark.parametrize("failure", [errors.DatabaseBusy(), errors.DatabaseUnavailable()])
def test_write_again__for_a_while__begins_anew(database, failure) -> None:
    assert write_again(database, Block(failure, failure, failure), sleep=lambda _: None) == "done at try 4"
    assert keys(database) == 1


def test_write_again__for_good__raises_the_last(database) -> None:
    block = Block(*(errors.DatabaseBusy(number=n) for n in range(9)))
    with pytest.raises(errors.DatabaseBusy, match="number: 2"):
        write_again(database, block, patience=Patience(tries=3), sleep=lambda _: None)
    assert (block.begun, keys(database)) == (3, 0)


def test_write_again__time_is_up__raises_the_last(database) -> None:
    now = iter([100.0, 104.0, 111.0])
    block = Block(*(errors.DatabaseBusy() for _ in range(9)))
    with pytest.raises(errors.DatabaseBusy):
        write_again(database, block, clock=lambda: next(now), sleep=lambda _: None)
    assert block.begun == 2


@pytest.mark.parametrize(("dice", "share"), [(0.0, 0.5), (1.0, 1.5)])
def test_write_again__pauses__double_up_to_the_longest(database, dice, share) -> None:
    slept: list[float] = []
    patience = Patience(tries=6, first_pause=0.1, longest_pause=0.5)
    block = Block(*(errors.DatabaseBusy() for _ in range(5)))
    write_again(database, block, patience=patience, sleep=slept.append, dice=lambda: dice)
    assert slept == pytest.approx([share * pause for pause in (0.1, 0.2, 0.4, 0.5, 0.5)])


def test_write_again__other_error__tries_nothing_again(database) -> None:
    block = Block(errors.InsufficientBalance())
    with pytest.raises(errors.InsufficientBalance):
        write_again(database, block, sleep=lambda _: None)
    assert (block.begun, keys(database)) == (1, 0)


def test_write_again__connection_breaks_in_commit__counts_once(database) -> None:
    broken: list[bool] = []

    def break_once(connection: Tx) -> None:
        if not broken:
            broken.append(True)
            connection.connection.dbapi_connection.commit()  # the server has it, and nobody hears of it
            raise errors.DatabaseUnavailable

    def count(tx: Tx) -> str:
        if tx.execute(insert_new(tx, cursors).returning(cursors.c.step), [{"step": "key", "position": 0}]).first():
            tx.execute(update(cursors).values(position=cursors.c.position + 1))
            return "now"
        return "before"

    event.listen(database, "commit", break_once)
    assert write_again(database, count, sleep=lambda _: None) == "before"
    event.remove(database, "commit", break_once)
    with reading(database) as tx:
        assert tx.execute(select(cursors.c.position)).scalar_one() == 1
