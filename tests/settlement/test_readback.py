"""prove_batch
├── given two batches as they were sealed: it returns for each
├── given any one thing changed in the rows beneath the second: it raises RootMismatch that names the field
├── given a step from the batch before: it returns for a true one, and for another word, sibling or place it raises
│   RootMismatch
├── given another chain or ledger: it raises RootMismatch
└── given a batch that is not there: it raises InvariantError
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from sqlalchemy import Engine, text

import loyaltychain.chain.tables
import loyaltychain.db.cursors
import loyaltychain.operations.tables  # noqa: F401  (all tables, so that create_all makes all)
from loyaltychain.core.errors import InvariantError, RootMismatch
from loyaltychain.db.engine import open_database, transaction
from loyaltychain.db.tables import metadata
from loyaltychain.settlement import store
from loyaltychain.settlement.kept import Balances, Step
from loyaltychain.settlement.readback import prove_batch
from loyaltychain.settlement.seal import seal_step
from tests.settlement.books import book, join
from tests.settlement.builders import DEPLOYMENT, NOON, earn, hold, redeem

OTHER = b"\x77" * 32
OTHER_HASH = f"'0x{OTHER.hex()}'"


@pytest.fixture
def open_books() -> Iterator[Engine]:
    """Two sealed batches in a database without triggers, so that a test can change what never changes."""
    engine = open_database("sqlite://")
    metadata.create_all(engine)
    join(engine, [1, 2, 3])
    book(engine, earn("a", 1, 10), earn("b", 2, 20))
    seal_step(engine, DEPLOYMENT, now=NOON)
    book(engine, redeem("c", 1, 4), earn("d", 3, 7), hold("e", 2, 5))
    seal_step(engine, DEPLOYMENT, now=NOON)
    yield engine
    engine.dispose()


def prove_second(engine: Engine) -> None:
    with transaction(engine) as tx:
        prove_batch(tx, DEPLOYMENT, 2)


def test_prove_batch__as_sealed__returns(open_books: Engine) -> None:
    with transaction(open_books) as tx:
        for number in (1, 2):
            prove_batch(tx, DEPLOYMENT, number)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (f"UPDATE batches SET prev_hash = {OTHER_HASH} WHERE id = 2", "prev_hash"),
        (f"UPDATE batches SET batch_hash = {OTHER_HASH} WHERE id = 1", "prev_hash"),
        ("UPDATE batches SET from_position = 4 WHERE id = 2", "from_position"),
        ("UPDATE batches SET to_position = 6 WHERE id = 2", "positions[3]"),
        ("UPDATE batches SET to_position = 4 WHERE id = 2", "ledger_head"),
        (f"UPDATE batches SET ledger_head = {OTHER_HASH} WHERE id = 2", "ledger_head"),
        (f"UPDATE batches SET program_hash = {OTHER_HASH} WHERE id = 2", "programs"),
        ("UPDATE batches SET data = '0x0101fffc020008' WHERE id = 2", "data[1]"),
        (f"UPDATE batches SET data_hash = {OTHER_HASH} WHERE id = 2", "data_hash"),
        ("UPDATE batches SET time = time + 1 WHERE id = 2", "hash"),
        ("UPDATE batches SET updates = 3 WHERE id = 2", "count of updates"),
        ("UPDATE batches SET issued = 8 WHERE id = 2", "issued"),
        ("UPDATE batches SET burned = 3 WHERE id = 2", "burned"),
        ("UPDATE batches SET supply = 34 WHERE id = 2", "supply"),
        ("UPDATE batches SET supply = 29 WHERE id = 1", "supply"),
        ("UPDATE batches SET state = 'void' WHERE id = 1", "batch_id"),
        (f"UPDATE batches SET balance_root = {OTHER_HASH} WHERE id = 2", "balance_root"),
        (f"UPDATE batches SET receipt_root = {OTHER_HASH} WHERE id = 2", "receipt_root"),
        (f"UPDATE batches SET batch_hash = {OTHER_HASH} WHERE id = 2", "hash"),
        ("UPDATE batch_updates SET delta = -3 WHERE batch = 2 AND member = 1", "updates[0]"),
        ("DELETE FROM batch_updates WHERE batch = 2 AND member = 3", "updates[1]"),
        ("INSERT INTO batch_updates VALUES (2, 2, 1)", "updates[1]"),
        ("UPDATE batch_updates SET delta = 21 WHERE batch = 1 AND member = 2", "balance_root"),
        ("UPDATE receipts SET amount = 8 WHERE entry_id = 'd'", "receipts[1]"),
        ("UPDATE receipts SET member = 2 WHERE entry_id = 'd'", "receipts[1]"),
        (f"UPDATE receipts SET entry_digest = {OTHER_HASH} WHERE entry_id = 'd'", "receipts[1]"),
        ("DELETE FROM receipts WHERE entry_id = 'd'", "receipts[1]"),
        (f"UPDATE receipts SET salt = {OTHER_HASH} WHERE entry_id = 'd'", "salts[1]"),
        (f"UPDATE receipts SET leaf = {OTHER_HASH} WHERE entry_id = 'd'", "leaves[1]"),
        ("UPDATE receipts SET unit = 'point' WHERE entry_id = 'd'", "receipts[1]"),
        (f"UPDATE receipt_keys SET key = {OTHER_HASH} WHERE member = 3", "salts[1]"),
        ("DELETE FROM receipt_keys WHERE member = 1", "members with a receipt key[0]"),
        ("UPDATE entries SET postings = replace(postings, '7', '8') WHERE id = 'd'", "receipts[1]"),
        ("UPDATE entries SET cause = 'shop/x' WHERE id = 'c'", "receipts[0]"),
        (f"UPDATE entries SET program = {OTHER_HASH} WHERE id = 'e'", "programs"),
        (f"UPDATE entries SET head = {OTHER_HASH} WHERE position = 5", "ledger_head"),
    ],
)
def test_prove_batch__one_thing_changed__names_the_field(open_books: Engine, change: str, field: str) -> None:
    with transaction(open_books) as tx:
        assert tx.execute(text(change)).rowcount == 1

    with pytest.raises(RootMismatch) as caught:
        prove_second(open_books)

    assert (caught.value.context["batch"], caught.value.context["field"]) == (2, field)


def step_of(engine: Engine) -> Step:
    """What the second batch makes of the balances after the first."""
    with transaction(engine) as tx:
        return Balances(store.settled_balances(tx, 1)).step(store.read_updates(tx, 2))


def test_prove_batch__a_true_step__returns(open_books: Engine) -> None:
    step = step_of(open_books)
    with transaction(open_books) as tx:
        prove_batch(tx, DEPLOYMENT, 2, step=step)


@pytest.mark.parametrize(
    ("bend", "field"),
    [
        (lambda step: replace(step, words={0: step.words[0] ^ 1 << 32}), "balance_root of the batch before"),
        (lambda step: replace(step, words={0: 0}), "balance of member 1"),
        (lambda step: replace(step, words={1: step.words[0]}), "words[0]"),
        (lambda step: replace(step, words={0: step.words[0], 1: 0}), "words[1]"),
        (lambda step: replace(step, proof=(OTHER, *step.proof[1:])), "balance_root of the batch before"),
        (lambda step: replace(step, proof=step.proof[1:]), "balance_root of the batch before"),
    ],
    ids=["word", "balance", "place", "place too many", "sibling", "sibling lacking"],
)
def test_prove_batch__a_false_step__refused(open_books: Engine, bend: Callable[[Step], Step], field: str) -> None:
    step = bend(step_of(open_books))
    with transaction(open_books) as tx, pytest.raises(RootMismatch) as caught:
        prove_batch(tx, DEPLOYMENT, 2, step=step)
    assert caught.value.context["field"] == field


def test_prove_batch__a_true_step_and_another_root__refused(open_books: Engine) -> None:
    step = step_of(open_books)
    with transaction(open_books) as tx:
        tx.execute(text(f"UPDATE batches SET balance_root = {OTHER_HASH} WHERE id = 2"))
    with transaction(open_books) as tx, pytest.raises(RootMismatch, match="field: balance_root") as caught:
        prove_batch(tx, DEPLOYMENT, 2, step=step)
    assert caught.value.context["expected"] == step.root


@pytest.mark.parametrize(
    "other", [replace(DEPLOYMENT, chain_id=1), replace(DEPLOYMENT, ledger=DEPLOYMENT.registry)], ids=["chain", "ledger"]
)
def test_prove_batch__another_chain_or_ledger__refused(open_books: Engine, other: object) -> None:
    with transaction(open_books) as tx, pytest.raises(RootMismatch, match=r"field: leaves\[0\]"):
        prove_batch(tx, other, 2)


def test_prove_batch__not_there__refused(open_books: Engine) -> None:
    with transaction(open_books) as tx, pytest.raises(InvariantError, match="batch: 3"):
        prove_batch(tx, DEPLOYMENT, 3)
