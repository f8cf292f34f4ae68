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
├── given a balance beyond its lane: it raises InvariantError and keeps nothing
├── given a database that stores something else than it was told: it raises RootMismatch and keeps nothing
├── given a kill at any commit: the rerun gives the same batches, byte for byte
└── given any history, sealed at any moments: batches rebuild the ledger's balances, receipts add up, the data alone
    gives the roots
"""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, event, text

from loyaltychain.core.amounts import LANE_MAX, POINTS, MemberNumber, Unit
from loyaltychain.core.errors import InvariantError, RootMismatch
from loyaltychain.core.hashing import ZERO_HASH, from_hex, keccak256
from loyaltychain.db.engine import transaction
from loyaltychain.ledger.accounts import ISSUED, available
from loyaltychain.ledger.store import head
from loyaltychain.ledger.types import Entry
from loyaltychain.settlement import balance_tree, codec, store
from loyaltychain.settlement.header import Header, batch_hash, genesis_hash
from loyaltychain.settlement.receipt_tree import make_tree
from loyaltychain.settlement.seal import Sealed, seal_step
from loyaltychain.settlement.types import Batch, Receipt
from loyaltychain.settlement.words import pack
from tests.database import fresh_database
from tests.settlement.books import book, holdings, join
from tests.settlement.builders import (
    DEPLOYMENT,
    NEXT_PROGRAM,
    NOON,
    PROGRAM,
    earn,
    hold,
    make_entry,
    make_posting,
    redeem,
)

ON_CHAIN = {"chain_id": DEPLOYMENT.chain_id, "ledger": DEPLOYMENT.ledger}
GENESIS = genesis_hash(**ON_CHAIN)


class SimulatedKill(BaseException):
    """The process ends here."""


def seal(engine: Engine, **changes: Any) -> Sealed | None:
    return seal_step(engine, DEPLOYMENT, **{"now": NOON} | changes)


def seal_all(engine: Engine, **changes: Any) -> list[Batch]:
    batches = []
    while sealed := seal(engine, **changes):
        batches.append(sealed.batch)
    return batches


def stored(engine: Engine) -> list[tuple[Batch, dict[int, int], list[Receipt]]]:
    with transaction(engine) as tx:
        last = store.last_batch(tx)
        numbers = range(1, last.header.batch_id + 1 if last else 1)
        return [
            (store.read_batch(tx, number), store.read_updates(tx, number), store.read_receipts(tx, number))
            for number in numbers
        ]


def receipt_root(engine: Engine, number: int) -> bytes:
    with transaction(engine) as tx:
        return make_tree([receipt.leaf for receipt in store.read_receipts(tx, number)]).root


def ledger_head(engine: Engine) -> bytes:
    with transaction(engine) as tx:
        return head(tx).hash


def badge(name: str, member: int, **changes: Any) -> Entry:
    posting = make_posting(ISSUED, available(MemberNumber(member)), 1, unit=Unit("badge:helper"))
    return make_entry(name, posting, member=MemberNumber(member), **changes)


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
    join(engine, [1], units=[POINTS, "badge:helper"])
    book(engine, badge("a", 1))

    assert seal(engine) is None


def test_seal_step__change_nobody_and_one_behind__go_with_it(engine: Engine) -> None:
    join(engine, [1], units=[POINTS, "badge:helper"])
    book(engine, badge("a", 1), earn("b", 1, 3))

    sealed = seal(engine)

    assert sealed is not None
    assert (sealed.batch.from_position, sealed.batch.to_position, sealed.receipts) == (1, 2, 1)


def test_seal_step__change_nobody_and_another_programme_behind__batch_of_their_own(engine: Engine) -> None:
    join(engine, [1], units=[POINTS, "badge:helper"])
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

    with pytest.raises(InvariantError, match="member=1"):
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

    with pytest.raises(RootMismatch, match=f"field='{field}"):
        seal(engine)
    assert stored(engine) == []
    engine.dispose()


def test_seal_step__kill_at_any_commit__rerun_gives_the_same_batches(engine: Engine) -> None:
    undisturbed = _write_three_batches_worth(engine)
    seal_all(engine)

    kills = 0
    while _is_killed_at_commit(kills + 1, world := _write_three_batches_worth(fresh_database(engine.dialect.name))):
        kills += 1
        assert len(stored(world)) == kills - 1
        seal_all(world)
        assert stored(world) == stored(undisturbed)
        world.dispose()

    assert len(stored(undisturbed)) == 3
    assert kills == 4  # one a batch, and one when nothing was left to seal
    assert stored(world) == stored(undisturbed)
    world.dispose()


def _write_three_batches_worth(engine: Engine) -> Engine:
    join(engine, [1, 2])
    book(engine, earn("a", 1, 10), earn("b", 2, 20), earn("c", 1, 1, program=NEXT_PROGRAM), redeem("d", 2, 20))
    return engine


def _is_killed_at_commit(number: int, engine: Engine) -> bool:
    """Seal everything, but die when commit ``number`` begins. False if there are fewer commits that write."""
    commits = 0

    def die(_connection: object) -> None:
        nonlocal commits
        commits += 1
        if commits == number:
            raise SimulatedKill

    event.listen(engine, "commit", die)
    try:
        seal_all(engine)
    except SimulatedKill:
        return True
    finally:
        event.remove(engine, "commit", die)
    return False


kinds = st.sampled_from(["earn", "redeem", "hold", "badge", "seal", "next programme"])
actions = st.lists(st.tuples(kinds, st.sampled_from([1, 2, 9, 700]), st.integers(1, 50_000)), max_size=25)


@settings(deadline=None, max_examples=25)
@given(actions, st.integers(1, 4), st.integers(11, 40))
def test_seal_step__any_history__batches_rebuild_the_ledger(
    history: list[tuple[str, int, int]], max_updates: int, max_bytes: int
) -> None:
    engine = fresh_database("sqlite")
    numbers = [1, 2, 9, 700]
    join(engine, numbers, units=[POINTS, "badge:helper"])
    _live(engine, history, limits={"max_updates": max_updates, "max_bytes": max_bytes})

    batches = stored(engine)

    assert _rebuild(batches) == holdings(engine, numbers)
    positions = [place for batch, _, _ in batches for place in range(batch.from_position, batch.to_position + 1)]
    assert positions == list(range(1, len(positions) + 1))
    for batch, updates, receipts in batches:
        assert len(updates) <= max_updates
        assert len(batch.data) <= max_bytes
        totals = Counter[int]()
        for receipt in receipts:
            totals[receipt.member] += receipt.amount
        assert {member: total for member, total in totals.items() if total} == updates
    engine.dispose()


def _live(engine: Engine, history: list[tuple[str, int, int]], *, limits: dict[str, int]) -> None:
    """Play the history; then let everybody earn once more, so that nothing waits, and seal to the end."""
    free: Counter[int] = Counter()
    program = PROGRAM
    for place, (kind, member, amount) in enumerate([*history, *(("earn", number, 1) for number in (1, 2, 9, 700))]):
        name = f"e{place}"
        if kind == "seal":
            seal(engine, **limits)
        elif kind == "next programme":
            program = NEXT_PROGRAM if program == PROGRAM else PROGRAM
        elif kind == "badge":
            book(engine, badge(name, member, program=program))
        elif kind == "earn":
            free[member] += amount
            book(engine, earn(name, member, amount, program=program))
        elif free[member]:
            amount = min(amount, free[member])
            free[member] -= amount
            book(engine, {"redeem": redeem, "hold": hold}[kind](name, member, amount, program=program))
    seal_all(engine, **limits)


def _rebuild(batches: list[tuple[Batch, dict[int, int], list[Receipt]]]) -> dict[int, int]:
    """Balances from the batches' data alone, each root and link proven on the way."""
    balances: Counter[int] = Counter()
    before = GENESIS
    for number, (batch, _, _) in enumerate(batches, start=1):
        for member, delta in codec.decode(batch.data):
            balances[member] += delta
        assert batch.header.batch_id == number
        assert batch.header.prev_hash == before
        assert batch.header.balance_root == balance_tree.root(pack(balances))
        before = batch.hash
    return {member: balance for member, balance in balances.items() if balance}
