"""read_cursor
├── given a step that never ran: it returns 0, in a snapshot too
└── given another worker in the same step: it waits and reads what that one left

move_cursor
├── it moves the cursor of that step alone
├── when the transaction fails: the cursor stays
├── when it would stay or move backwards: it raises InvariantError
└── when the cursor is not where it was expected: it raises InvariantError
"""

import threading

import pytest

from loyaltychain.core import errors
from loyaltychain.db.engine import reading, transaction
from loyaltychain.db.step import move_cursor, read_cursor


def test_read_cursor__never_ran__returns_zero(database) -> None:
    with reading(database) as tx:
        assert read_cursor(tx, "earn") == 0
    with transaction(database) as tx:
        assert read_cursor(tx, "earn") == 0


def test_read_cursor__other_worker__waits_and_reads_its_end(database) -> None:
    read = []
    with transaction(database) as tx:
        read_cursor(tx, "earn")

        def second_worker() -> None:
            with transaction(database) as second:
                read.append(read_cursor(second, "earn"))

        thread = threading.Thread(target=second_worker)
        thread.start()
        thread.join(0.2)
        assert thread.is_alive()
        move_cursor(tx, "earn", 7)
    thread.join()
    assert read == [7]


def test_move_cursor__moves_that_step_alone(database) -> None:
    with transaction(database) as tx:
        move_cursor(tx, "earn", 7)
        move_cursor(tx, "seal", 3)
        move_cursor(tx, "earn", 9, expected=7)
    with reading(database) as tx:
        assert (read_cursor(tx, "earn"), read_cursor(tx, "seal")) == (9, 3)


def test_move_cursor__transaction_fails__stays(database) -> None:
    def fail_after_move() -> None:
        with transaction(database) as tx:
            move_cursor(tx, "earn", 7)
            raise errors.NotYetFinal

    with pytest.raises(errors.NotYetFinal):
        fail_after_move()
    with reading(database) as tx:
        assert read_cursor(tx, "earn") == 0


@pytest.mark.parametrize("position", [6, 7])
def test_move_cursor__not_forwards__raises(database, position) -> None:
    with transaction(database) as tx:
        move_cursor(tx, "earn", 7)
    with pytest.raises(errors.InvariantError, match="step: earn; current: 7"), transaction(database) as tx:
        move_cursor(tx, "earn", position)


def test_move_cursor__unexpected_position__raises(database) -> None:
    with transaction(database) as tx:
        move_cursor(tx, "earn", 7)
    with pytest.raises(errors.InvariantError, match="expected: 5; wanted: 9"), transaction(database) as tx:
        move_cursor(tx, "earn", 9, expected=5)
    with reading(database) as tx:
        assert read_cursor(tx, "earn") == 7
