"""last_batch, read_batch, batches_in_state
├── given no batches: they find none
└── given batches: they find them as they were written, by ascending number
set_state
├── given any state and any wanted one: it takes a step forward or none, and refuses all others, changing nothing
├── given any state and any wanted one, past this file: the database refuses exactly what is not listed
├── given steps: each has its line in the settlement log, and none that changes nothing
├── given the transitions of a retry: a halted batch is submitted again, and no other is
└── given a batch that is not there: it raises InvariantError
insert_batch
└── given a number that is taken: ConstraintRefused
settled_balances
└── given batches: the sum of deltas up to the one asked for
"""

from dataclasses import replace
from itertools import product
from typing import get_args

import pytest
from sqlalchemy import Engine, text

from loyaltychain.chain.settlement_log import read_transitions
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.errors import ConstraintRefused, InvariantError
from loyaltychain.db.engine import transaction
from loyaltychain.settlement.header import GENESIS_HEADER
from loyaltychain.settlement.store import (
    RETRY,
    TRANSITIONS,
    batches_in_state,
    insert_batch,
    insert_updates,
    last_batch,
    read_batch,
    read_receipts,
    read_updates,
    set_state,
    settled_balances,
)
from loyaltychain.settlement.types import Batch, State
from tests.chain.small_world import NOW
from tests.settlement.books import join

STATES: tuple[State, ...] = get_args(State)
FORWARD = {
    *(("sealed", "submitted"), ("submitted", "final")),
    *(("sealed", "halted"), ("submitted", "halted"), ("halted", "final")),
    *(("sealed", "void"), ("submitted", "void"), ("halted", "void"), ("final", "void")),
}


def make_batch(number: int, state: State = "sealed") -> Batch:
    header = replace(GENESIS_HEADER, batch_id=number, prev_hash=bytes([number]) * 32, issued=2**64 // 3)
    return Batch(header, number, number, b"\x01", bytes([number + 1]) * 32, state)


def test_last_batch__no_batches__none(engine: Engine) -> None:
    with transaction(engine) as tx:
        assert last_batch(tx) is None
        assert read_batch(tx, 1) is None
        assert batches_in_state(tx, "sealed") == []
        assert (read_updates(tx, 1), read_receipts(tx, 1), settled_balances(tx, 1)) == ({}, [], {})


def test_last_batch__batches__as_they_were_written(engine: Engine) -> None:
    one, two, three = make_batch(1, "final"), make_batch(2), make_batch(3)
    with transaction(engine) as tx:
        for batch in (three, one, two):
            insert_batch(tx, batch)

    with transaction(engine) as tx:
        assert last_batch(tx) == three
        assert read_batch(tx, 1) == one
        assert batches_in_state(tx, "sealed") == [two, three]
        assert batches_in_state(tx, "final") == [one]


def test_set_state__any_step__forward_or_refused(engine: Engine) -> None:
    for number, (before, after) in enumerate(product(STATES, STATES), start=1):
        with transaction(engine) as tx:
            insert_batch(tx, make_batch(number, before))

            if before == after or (before, after) in FORWARD:
                set_state(tx, number, after, now=NOW)
                assert read_batch(tx, number) == make_batch(number, after)
            else:
                with pytest.raises(InvariantError, match=f"state: {before}; wanted: {after}"):
                    set_state(tx, number, after, now=NOW)
                assert read_batch(tx, number) == make_batch(number, before)


def test_update__any_step_past_this_file__the_database_refuses_what_is_not_listed(engine: Engine) -> None:
    listed = {(was, after) for table in (TRANSITIONS, RETRY) for after, befores in table.items() for was in befores}
    for number, (before, after) in enumerate(product(STATES, STATES), start=1):
        with transaction(engine) as tx:
            insert_batch(tx, make_batch(number, before))
        change = text("UPDATE batches SET state = :state WHERE id = :id")
        if before == after or (before, after) in listed:
            with transaction(engine) as tx:
                tx.execute(change, {"state": after, "id": number})
        else:
            with pytest.raises(ConstraintRefused, match="no such transition"), transaction(engine) as tx:
                tx.execute(change, {"state": after, "id": number})


def test_set_state__steps__each_has_its_line(engine: Engine) -> None:
    with transaction(engine) as tx:
        insert_batch(tx, make_batch(1))
        set_state(tx, 1, "submitted", now=NOW, reason="settle:1")
        set_state(tx, 1, "submitted", now=NOW, reason="again")
        set_state(tx, 1, "halted", now=UnixSeconds(NOW + 5), reason="the chain refused it")
        lines = read_transitions(tx, "batch", "1")

    assert [(line.number, line.at, line.was, line.became, line.reason) for line in lines] == [
        (1, GENESIS_HEADER.time, None, "sealed", None),
        (2, NOW, "sealed", "submitted", "settle:1"),
        (3, NOW + 5, "submitted", "halted", "the chain refused it"),
    ]


def test_set_state__transitions_of_a_retry__only_from_halted(engine: Engine) -> None:
    with transaction(engine) as tx:
        for number, before in enumerate(("halted", "sealed", "final"), start=1):
            insert_batch(tx, make_batch(number, before))

        set_state(tx, 1, "submitted", now=NOW, transitions=RETRY)
        for number in (2, 3):
            with pytest.raises(InvariantError, match="may not go into this state"):
                set_state(tx, number, "submitted", now=NOW, transitions=RETRY)

        assert [batch.header.batch_id for batch in batches_in_state(tx, "submitted")] == [1]


def test_set_state__not_there__refused(engine: Engine) -> None:
    with transaction(engine) as tx, pytest.raises(InvariantError, match="batch: 1; state: none"):
        set_state(tx, 1, "sealed", now=NOW)


def test_insert_batch__number_taken__refused(engine: Engine) -> None:
    with transaction(engine) as tx:
        insert_batch(tx, make_batch(1))

    with pytest.raises(ConstraintRefused), transaction(engine) as tx:
        insert_batch(tx, replace(make_batch(1), hash=b"\x09" * 32))


def test_settled_balances__batches__sum_up_to_the_one_asked_for(engine: Engine) -> None:
    join(engine, [1, 2])
    with transaction(engine) as tx:
        insert_batch(tx, make_batch(1))
        insert_batch(tx, make_batch(2))
        insert_updates(tx, 1, {2: 5, 1: 2**32 - 1})
        insert_updates(tx, 2, {2: -5})

        assert settled_balances(tx, 1) == {1: 2**32 - 1, 2: 5}
        assert settled_balances(tx, 2) == {1: 2**32 - 1, 2: 0}
        assert list(read_updates(tx, 1).items()) == [(1, 2**32 - 1), (2, 5)]
        assert {type(balance) for balance in settled_balances(tx, 2).values()} == {int}
