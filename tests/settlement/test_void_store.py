"""what the chain has voided, on both engines
├── given no void: none is found, and 0 is the last number
├── given voids: the last number, the last one below a batch, and the first void of a batch are found
├── given one of our own: it is there until it is resumed
├── given batches from a number on: they become void, once
└── given a void one that was never on chain: it can be forgotten; one that was, or is not void, cannot
seal_step
├── given a void batch: the next one has the number behind it, hangs on the last good one and settles its entries too
└── given a void batch whose number is to be given again: nothing is sealed until it is forgotten
last_batch, batch_before, last_final, sum_burned, settled_balances, receipts
└── given a void batch: pass it over
"""

from dataclasses import replace

import pytest
from sqlalchemy import Engine

from loyaltychain.core.errors import ConstraintRefused
from loyaltychain.core.hashing import to_hex
from loyaltychain.db.engine import reading, transaction
from loyaltychain.settlement import store, void_store
from loyaltychain.settlement.types import Batch
from loyaltychain.settlement.void_store import Void
from tests.settlement.books import book, join, seal
from tests.settlement.builders import NOON, earn, redeem

OWN = Void(first=2, last=2, fraud=3, challenger="0x01", block_number=9, is_own=True)


def seal_three(engine: Engine) -> list[Batch]:
    """Three batches; the second one burns."""
    join(engine, [1, 2])
    batches = []
    for entry in (earn("a", 1, 10), redeem("b", 1, 4), earn("c", 2, 7)):
        book(engine, entry)
        sealed = seal(engine)
        assert sealed is not None
        batches.append(sealed.batch)
    with transaction(engine) as tx:
        for number in (1, 2):
            store.set_state(tx, number, "submitted", now=NOON)
            store.set_state(tx, number, "final", now=NOON)
    return batches


def void_second(engine: Engine, void: Void = OWN) -> list[tuple[int, str, str]]:
    with transaction(engine) as tx:
        void_store.insert_void(tx, void)
        return void_store.void_batches_from(tx, void.first, now=NOON, reason="shown to be false")


def forget(engine: Engine, number: int) -> None:
    with transaction(engine) as tx:
        void_store.delete_batch(tx, number)


def test_voids__none__nothing_found(engine: Engine) -> None:
    with reading(engine) as tx:
        assert (void_store.last_void_id(tx), void_store.find_void(tx, 1)) == (0, None)
        assert (void_store.unresumed_voids(tx), void_store.void_batch_ids(tx)) == ([], [])


def test_voids__some__found_by_number(engine: Engine) -> None:
    inner = Void(first=5, last=7, fraud=0, challenger="0x02", block_number=20, is_own=False)
    outer = Void(first=4, last=9, fraud=1, challenger="0x03", block_number=30, is_own=False)
    with transaction(engine) as tx:
        for void in (OWN, inner, outer):
            void_store.insert_void(tx, void)

    with reading(engine) as tx:
        assert void_store.last_void_id(tx) == 9
        assert [void_store.last_void_id_below(tx, number) for number in (2, 3, 8, 10)] == [0, 2, 7, 9]
        found = [void_store.find_void(tx, number) for number in (1, 2, 3, 4, 6, 8, 10)]
        assert found == [None, OWN, None, outer, inner, outer, None]
    assert [void.reason for void in (OWN, inner, outer)] == ["a wrong root", "malformed data", "wrong totals"]
    with pytest.raises(ConstraintRefused), transaction(engine) as tx:
        void_store.insert_void(tx, replace(inner, last=8))


def test_voids__one_of_our_own__there_until_resumed(engine: Engine) -> None:
    with transaction(engine) as tx:
        void_store.insert_void(tx, OWN)
        assert void_store.unresumed_voids(tx) == [OWN]
        void_store.set_resumed(tx, now=NOON)

    with reading(engine) as tx:
        assert void_store.unresumed_voids(tx) == []
        assert void_store.find_void(tx, 2) == replace(OWN, resumed_at=NOON)


def test_void_batches_from__a_number__once(engine: Engine) -> None:
    _, second, third = seal_three(engine)

    assert sorted(void_second(engine)) == [(2, to_hex(second.hash), "final"), (3, to_hex(third.hash), "sealed")]
    with transaction(engine) as tx:
        assert void_store.void_batches_from(tx, 2, now=NOON, reason="again") == []
        assert void_store.void_batch_ids(tx) == [2, 3]


def test_delete_batch__only_what_is_void_and_was_never_on_chain(engine: Engine) -> None:
    seal_three(engine)
    for number in (1, 3):
        with pytest.raises(ConstraintRefused, match="append-only"):
            forget(engine, number)
    void_second(engine)
    with pytest.raises(ConstraintRefused, match="append-only"):
        forget(engine, 2)

    forget(engine, 3)

    with reading(engine) as tx:
        assert store.read_batch(tx, 3) is None
        assert (store.read_updates(tx, 3), store.read_receipts(tx, 3)) == ({}, [])


def test_seal_step__a_void_batch__goes_on_behind_it(engine: Engine) -> None:
    first, _, third = seal_three(engine)
    void_second(engine)
    assert seal(engine) is None  # the third batch's number is to be given again, and it is still there
    forget(engine, 3)

    sealed = seal(engine)

    assert sealed is not None
    again = sealed.batch
    assert (again.header.batch_id, again.from_position, again.to_position) == (3, 2, 3)
    assert again.header.prev_hash == first.hash
    assert (again.header.supply, again.header.burned) == (13, 4)
    assert again.header.balance_root == third.header.balance_root
    with reading(engine) as tx:
        assert [receipt.batch_id for receipt in store.receipts_of_member(tx, "m1")] == [1, 3]
        assert [receipt.batch_id for receipt in store.receipts_of_entry(tx, "b")] == [3]
        assert [receipt.batch_id for receipt in store.receipts_of_cause(tx, "shop/b")] == [3]
        assert store.settled_balances(tx, 2) == {1: 10}
        assert store.settled_balances(tx, 3) == {1: 6, 2: 7}
        assert store.sum_burned(tx) == 4
        assert store.batch_before(tx, 3) == replace(first, state="final")
        assert store.last_final(tx) == replace(first, state="final")
        assert store.last_batch(tx) == again
