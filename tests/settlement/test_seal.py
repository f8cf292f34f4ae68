"""seal_step
├── given an empty ledger: it gives None and writes nothing
├── given entries: it gives the next batch, as it is stored, every field from its own source
├── given a second seal: it hangs on the first, and its root is of all balances
├── given nothing new: it gives None
├── given points earned and lost before the seal: a batch without updates, with both receipts
├── given points held: she owns them still
├── given entries that change nobody
│   ├── and nothing behind them: they wait
│   ├── and one behind them that does: they go with it
│   └── and another programme behind them: they make a batch of their own
├── given a change of programme: two batches, each with its own digest
├── given entries without a programme: the last batch's digest stays, zero before the first
├── given more than a batch may hold: as many batches as it takes
├── given a ledger in root mode: Golomb-Rice codes from so many updates on, else records
├── given a balance beyond its lane: it raises InvariantError and keeps nothing
└── given a database that stores something else than it was told: it raises RootMismatch and keeps nothing
"""

from dataclasses import replace

import pytest
from sqlalchemy import Engine, text

from loyaltychain.core.amounts import LANE_MAX
from loyaltychain.core.errors import InvariantError, RootMismatch
from loyaltychain.core.hashing import ZERO_HASH, from_hex, keccak256
from loyaltychain.db.engine import transaction
from loyaltychain.ledger.store import head
from loyaltychain.settlement import balance_tree, codec, records, rice, store
from loyaltychain.settlement.header import Header, batch_hash, genesis_hash
from loyaltychain.settlement.receipt_tree import make_tree
from loyaltychain.settlement.seal import Sealed, seal_step
from loyaltychain.settlement.types import Batch
from loyaltychain.settlement.words import pack
from tests.database import fresh_database
from tests.settlement.books import book, join, seal, seal_all, stored
from tests.settlement.builders import (
    DEPLOYMENT,
    NEXT_PROGRAM,
    NOON,
    PROGRAM,
    badge,
    earn,
    hold,
    redeem,
)

ON_CHAIN = {"chain_id": DEPLOYMENT.chain_id, "ledger": DEPLOYMENT.ledger}
GENESIS = genesis_hash(**ON_CHAIN)


def receipt_root(engine: Engine, number: int) -> bytes:
    with transaction(engine) as tx:
        return make_tree([receipt.leaf for receipt in store.read_receipts(tx, number)]).root


def ledger_head(engine: Engine) -> bytes:
    with transaction(engine) as tx:
        return head(tx).hash


def test_seal_step__empty_ledger__none(engine: Engine) -> None:
    assert seal(engine) is None
    assert stored(engine) == []


def test_seal_step__entries__next_batch_from_its_sources(engine: Engine) -> None:
    join(engine, [1, 17, 300])
    book(engine, earn("a", 17, 40_000), earn("b", 1, 5), redeem("c", 17, 100), earn("d", 300, 7))

    sealed = seal(engine)

    deltas = {1: 5, 17: 39_900, 300: 7}
    data = codec.encode(deltas)
    header = Header(
        batch_id=1,
        prev_hash=GENESIS,
        balance_root=balance_tree.root(pack(deltas)),
        receipt_root=receipt_root(engine, 1),
        ledger_head=ledger_head(engine),
        program_hash=from_hex(PROGRAM),
        data_hash=keccak256(data),
        time=NOON,
        updates=3,
        issued=39_912,
        burned=0,
        supply=39_912,
    )
    expected = Batch(header, 1, 4, data, batch_hash(header, **ON_CHAIN), "sealed")
    assert sealed == Sealed(batch=expected, receipts=4)
    batch, updates, receipts = stored(engine)[0]
    assert (batch, updates) == (expected, deltas)
    assert [(each.index, each.member, each.unit, each.amount, each.entry_id) for each in receipts] == [
        (0, 17, "points", 40_000, "a"),
        (1, 1, "points", 5, "b"),
        (2, 17, "points", -100, "c"),
        (3, 300, "points", 7, "d"),
    ]


def test_seal_step__second_seal__hangs_on_the_first(engine: Engine) -> None:
    join(engine, [1, 2])
    book(engine, earn("a", 1, 10), earn("b", 2, 20))
    first = seal_all(engine)[0]
    book(engine, redeem("c", 1, 10), earn("d", 2, 1))

    second = seal_all(engine)[0]

    assert second.header.prev_hash == first.hash
    assert (second.header.batch_id, second.from_position, second.to_position) == (2, 3, 4)
    assert (second.header.updates, second.header.issued, second.header.burned) == (2, 1, 10)
    assert (first.header.supply, second.header.supply) == (30, 21)
    assert second.header.balance_root == balance_tree.root(pack({2: 21}))


def test_seal_step__nothing_new__none(engine: Engine) -> None:
    join(engine, [1])
    book(engine, earn("a", 1, 10))
    seal(engine)

    assert seal(engine) is None
    assert len(stored(engine)) == 1


def test_seal_step__earned_and_lost_before__no_updates_both_receipts(engine: Engine) -> None:
    join(engine, [1])
    book(engine, earn("a", 1, 10), redeem("b", 1, 10))

    batch = seal_all(engine)[0]

    assert (batch.data, batch.header.updates, batch.header.balance_root) == (b"\x01", 0, ZERO_HASH)
    assert [receipt.amount for receipt in stored(engine)[0][2]] == [10, -10]


def test_seal_step__points_held__hers_still(engine: Engine) -> None:
    join(engine, [1])
    book(engine, earn("a", 1, 10), hold("b", 1, 4))

    seal(engine)

    batch, updates, receipts = stored(engine)[0]
    assert (batch.to_position, updates, len(receipts)) == (2, {1: 10}, 1)


def test_seal_step__change_nobody_and_nothing_behind__wait(engine: Engine) -> None:
    join(engine, [1])
    book(engine, badge("a", 1))

    assert seal(engine) is None


def test_seal_step__change_nobody_and_one_behind__go_with_it(engine: Engine) -> None:
    join(engine, [1])
    book(engine, badge("a", 1), earn("b", 1, 3))

    sealed = seal(engine)

    assert sealed is not None
    assert (sealed.batch.from_position, sealed.batch.to_position, sealed.receipts) == (1, 2, 1)


def test_seal_step__change_nobody_and_another_programme_behind__batch_of_their_own(engine: Engine) -> None:
    join(engine, [1])
    book(engine, badge("a", 1), earn("b", 1, 3, program=NEXT_PROGRAM))

    first, second = seal_all(engine)

    assert (first.to_position, first.header.program_hash) == (1, from_hex(PROGRAM))
    assert (first.data, first.header.receipt_root, first.header.balance_root) == (b"\x01", ZERO_HASH, ZERO_HASH)
    assert (second.to_position, second.header.program_hash) == (2, from_hex(NEXT_PROGRAM))


def test_seal_step__change_of_programme__two_batches(engine: Engine) -> None:
    join(engine, [1])
    book(engine, earn("a", 1, 3), earn("b", 1, 4, program=NEXT_PROGRAM), redeem("c", 1, 1, program=NEXT_PROGRAM))

    first, second = seal_all(engine)

    assert [(batch.from_position, batch.to_position) for batch in (first, second)] == [(1, 1), (2, 3)]
    assert [batch.header.program_hash for batch in (first, second)] == [from_hex(PROGRAM), from_hex(NEXT_PROGRAM)]


def test_seal_step__no_programme__the_last_ones_stays(engine: Engine) -> None:
    join(engine, [1])
    digests = []
    for place, program in enumerate([None, PROGRAM, None]):
        book(engine, earn(f"e{place}", 1, 1, program=program))
        digests.append(seal_all(engine)[0].header.program_hash)

    assert digests == [ZERO_HASH, from_hex(PROGRAM), from_hex(PROGRAM)]


def test_seal_step__more_than_a_batch_may_hold__as_many_as_it_takes(engine: Engine) -> None:
    join(engine, range(1, 12))
    book(engine, *(earn(f"e{number}", number, number) for number in range(1, 12)))

    by_updates = seal_all(engine, max_updates=4)
    book(engine, *(earn(f"f{number}", number, number) for number in range(1, 12)))
    by_bytes = seal_all(engine, max_bytes=1 + 3 * 5)

    assert [batch.header.updates for batch in by_updates] == [4, 4, 3]
    assert [len(batch.data) for batch in by_bytes] == [16, 16, 4]
    assert [batch.header.batch_id for batch in by_updates + by_bytes] == [1, 2, 3, 4, 5, 6]
    assert by_bytes[-1].header.balance_root == balance_tree.root(pack({n: 2 * n for n in range(1, 12)}))


def test_seal_step__balance_beyond_its_lane__refused(engine: Engine) -> None:
    join(engine, [1])
    book(engine, earn("a", 1, LANE_MAX), earn("b", 1, 1))

    with pytest.raises(InvariantError, match="member: 1"):
        seal(engine)
    assert stored(engine) == []


@pytest.mark.parametrize(
    ("table", "change", "field"),
    [
        ("batch_updates", "UPDATE batch_updates SET delta = delta + 1", "updates"),
        ("receipts", "UPDATE receipts SET amount = amount + 1", "receipts"),
        ("batches", "UPDATE batches SET time = time + 1", "hash"),
    ],
)
def test_seal_step__database_stores_something_else__keeps_nothing(table: str, change: str, field: str) -> None:
    engine = fresh_database("sqlite")
    join(engine, [1])
    book(engine, earn("a", 1, 10))
    with transaction(engine) as tx:
        tx.execute(text(f"DROP TRIGGER no_update_{table}"))
        tx.execute(text(f"CREATE TRIGGER faulty AFTER INSERT ON {table} BEGIN {change}; END"))

    with pytest.raises(RootMismatch, match=f"field: {field}"):
        seal(engine)
    assert stored(engine) == []
    engine.dispose()


def test_seal_step__root_mode__rice_from_so_many_updates_on(engine: Engine) -> None:
    members = range(1, 41)
    join(engine, members)
    book(engine, *(earn(f"e{member}", member, 5) for member in members))
    rooted = replace(DEPLOYMENT, mode="root", challenge_window=60)

    one = seal_step(engine, rooted, now=NOON, max_updates=19, rice_from=20)
    other = seal_step(engine, rooted, now=NOON, rice_from=20)

    assert one is not None
    assert other is not None
    assert one.batch.data == records.encode(dict.fromkeys(range(1, 20), 5))
    assert other.batch.data == rice.encode(dict.fromkeys(range(20, 41), 5))
