"""Balances
├── given any balances and any deltas: a step has words, proof and roots, and changes nothing until it is taken
└── given a delta that leaves its lane: it is refused
BalanceKeeper
├── given seals one after the other: it makes nothing anew but the first balances
├── given a seal by somebody else, or a batch that was voided: it makes them anew
├── given a seal that was killed before it was durable: the next seal is the true one
└── given rows that do not add up to the last batch's root: it refuses, and goes on when they do
"""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, event, text

import loyaltychain.chain.tables
import loyaltychain.db.cursors
import loyaltychain.operations.tables  # noqa: F401  (all tables, so that create_all makes all)
from loyaltychain.core.amounts import LANE_MAX, MEMBER_MAX
from loyaltychain.core.errors import InvariantError, RootMismatch
from loyaltychain.db.engine import is_read_only, open_database, transaction
from loyaltychain.db.tables import metadata
from loyaltychain.settlement import balance_tree, store
from loyaltychain.settlement.balance_tree import roots_through
from loyaltychain.settlement.kept import BalanceKeeper, Balances
from loyaltychain.settlement.words import pack
from tests.settlement.books import book, join, seal
from tests.settlement.builders import earn, redeem

members = st.integers(1, 20) | st.sampled_from([MEMBER_MAX, MEMBER_MAX - 8])
holdings = st.dictionaries(members, st.integers(1, LANE_MAX), max_size=8)


@settings(deadline=None, max_examples=50)
@given(holdings, st.data())
def test_step__any_deltas__words_proof_and_root_of_both(before: dict[int, int], draws: st.DataObject) -> None:
    kept, now = Balances(before), dict(before)
    for _ in range(3):
        wanted = draws.draw(st.dictionaries(members, st.integers(0, LANE_MAX), max_size=5))
        deltas = {member: to - now.get(member, 0) for member, to in wanted.items() if to != now.get(member, 0)}
        root = kept.root

        step = kept.step(deltas)

        now |= wanted
        assert kept.root == root
        assert step.root == balance_tree.root(pack(now))
        if deltas:
            assert roots_through(step.words, step.after, step.proof) == (root, step.root)
        kept.take(step)
        assert kept.root == step.root


@pytest.mark.parametrize(("member", "delta"), [(1, -6), (1, LANE_MAX - 4), (9, -1), (0, 1), (MEMBER_MAX + 1, 1)])
def test_step__leaves_its_lane__refused(member: int, delta: int) -> None:
    kept = Balances({1: 5, 2: 7})
    with pytest.raises(InvariantError, match=f"member: {member}"):
        kept.step({2: 1, member: delta})
    assert kept.root == balance_tree.root(pack({1: 5, 2: 7}))


@contextmanager
def counted(engine: Engine) -> Iterator[list[str]]:
    """The statements that add up all updates, as they are made."""
    made: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if "sum(batch_updates.delta)" in statement.lower():
            made.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield made
    event.remove(engine, "before_cursor_execute", note)


def root_of(engine: Engine) -> bytes:
    """Of all updates, from nothing."""
    with transaction(engine) as tx:
        return balance_tree.root(pack(store.settled_balances(tx, 10**6)))


def seal_once(engine: Engine, name: str, keeper: BalanceKeeper) -> bytes:
    """Another award to member 1; the root that the batch names."""
    book(engine, earn(name, 1, 10))
    sealed = seal(engine, keeper=keeper)
    assert sealed is not None
    return sealed.batch.header.balance_root


def test_keeper__one_seal_after_the_other__adds_up_once(engine: Engine) -> None:
    join(engine, [1, 2])
    book(engine, earn("a", 2, 3))
    seal(engine)
    keeper = BalanceKeeper()

    with counted(engine) as made:
        roots = [seal_once(engine, name, keeper) for name in "bcd"]
        assert len(made) == 1
        assert seal(engine, keeper=keeper) is None
        assert len(made) == 1

    assert roots[-1] == root_of(engine) == balance_tree.root(pack({1: 30, 2: 3}))
    assert len(set(roots)) == 3


def test_keeper__sealed_by_another__made_anew(engine: Engine) -> None:
    join(engine, [1, 2])
    keeper, other = BalanceKeeper(), BalanceKeeper()
    seal_once(engine, "a", keeper)
    seal_once(engine, "b", other)

    with counted(engine) as made:
        assert seal_once(engine, "c", keeper) == root_of(engine)

    assert len(made) == 2  # one is of ``root_of``


def test_keeper__last_batch_voided__made_anew(engine: Engine) -> None:
    join(engine, [1])
    keeper = BalanceKeeper()
    first = seal_once(engine, "a", keeper)
    second = seal_once(engine, "b", keeper)
    with transaction(engine) as tx:
        tx.execute(text("UPDATE batches SET state = 'void' WHERE id = 2"))
        before = store.last_batch(tx)

        assert before is not None and before.header.batch_id == 1
        assert keeper.after(tx, before).root == first != second


class SimulatedKillError(BaseException):
    """The process ends here."""


def test_keeper__killed__next_seal_is_the_true_one(engine: Engine) -> None:
    join(engine, [1, 2])
    keeper = BalanceKeeper()
    seal_once(engine, "a", keeper)
    book(engine, earn("b", 2, 5))

    def die(connection: Connection) -> None:
        if not is_read_only(connection):
            raise SimulatedKillError

    event.listen(engine, "commit", die)
    with pytest.raises(SimulatedKillError):
        seal(engine, keeper=keeper)
    event.remove(engine, "commit", die)
    book(engine, redeem("c", 1, 4))

    sealed = seal(engine, keeper=keeper)

    assert sealed is not None
    assert sealed.batch.header.batch_id == 2
    assert sealed.batch.header.balance_root == root_of(engine) == balance_tree.root(pack({1: 6, 2: 5}))


def test_keeper__rows_do_not_add_up__refuses_until_they_do() -> None:
    engine = open_database("sqlite://")
    metadata.create_all(engine)  # without triggers, so that a test can change what never changes
    join(engine, [1])
    seal_once(engine, "a", BalanceKeeper())
    book(engine, earn("b", 1, 10))
    keeper = BalanceKeeper()
    for delta, is_refused in ((11, True), (10, False)):
        with transaction(engine) as tx:
            tx.execute(text(f"UPDATE batch_updates SET delta = {delta}"))
        if is_refused:
            with pytest.raises(RootMismatch, match="balance_root"):
                seal(engine, keeper=keeper)
    assert seal(engine, keeper=keeper) is not None
    engine.dispose()
