"""post, from four threads at once
├── when they move points between the same members: totals stay, nobody is below zero, nobody deadlocks
└── when they post the same entries: each is recorded once
"""

import random
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from loyaltychain.core import errors
from loyaltychain.core.amounts import POINTS
from loyaltychain.db.engine import open_database, reading, transaction
from loyaltychain.db.migrate import migrate
from loyaltychain.ledger import store
from loyaltychain.ledger.accounts import available
from loyaltychain.ledger.checks import check_entries
from loyaltychain.ledger.post import post
from loyaltychain.ledger.types import Entry
from tests.database import ENGINES, fresh_database
from tests.ledger.builders import MEMBERS, make_entry, make_posting, post_all

THREADS = 4
CALLS = 30


@pytest.fixture(params=ENGINES)
def shared(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A database with as many connections as there are threads: SQLite in a file. Each member has 100 points."""
    if request.param == "sqlite":
        engine = open_database(f"sqlite:///{tmp_path / 'points.db'}")
        migrate(engine)
    else:
        engine = fresh_database(request.param)
    post_all(engine, *(make_entry(f"earn:{member}", make_posting(destination=available(member))) for member in MEMBERS))
    yield engine
    engine.dispose()


def run_threads(work: Callable[[int], None]) -> None:
    threads = [threading.Thread(target=work, args=(n,)) for n in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def post_patiently(engine: Engine, call: list[Entry], busy: list[errors.DatabaseBusy]) -> list[bool]:
    """Post, again while SQLite's only writer is another one; PostgreSQL has no excuse."""
    while True:
        try:
            with transaction(engine) as tx:
                return post(tx, call)
        except errors.DatabaseBusy as error:
            busy.append(error)


def test_post__four_threads_transfer__totals_stay(shared) -> None:
    posted: list[int] = []
    refused: list[int] = []
    busy: list[errors.DatabaseBusy] = []

    def transfer(n: int) -> None:
        dice = random.Random(n)
        for call in range(CALLS):
            entries = []
            for line in range(3):
                giver, taker = dice.sample(MEMBERS, 2)
                moved = make_posting(available(giver), available(taker), amount=dice.randint(1, 40))
                entries.append(make_entry(f"transfer:{n}:{call}:{line}", moved))
            try:
                posted.append(sum(post_patiently(shared, entries, busy)))
            except errors.InsufficientBalance:
                refused.append(3)

    run_threads(transfer)
    with reading(shared) as tx:
        balances = store.balances(tx, [available(member) for member in MEMBERS], POINTS)
        assert check_entries(tx) == []
        assert store.head(tx).position == sum(posted) + len(MEMBERS)
    assert sum(balances.values()) == 300
    assert min(balances.values()) >= 0
    assert sum(posted) + sum(refused) == THREADS * CALLS * 3
    assert sum(posted) > 0
    if shared.dialect.name == "postgresql":
        assert busy == []


def test_post__four_threads_same_entries__records_each_once(shared) -> None:
    entries = [make_entry(f"e{n}", make_posting(amount=1)) for n in range(200)]
    answers: list[bool] = []
    busy: list[errors.DatabaseBusy] = []

    def post_shuffled(n: int) -> None:
        mine = random.Random(n).sample(entries, len(entries))
        for start in range(0, len(mine), 50):
            answers.extend(post_patiently(shared, mine[start : start + 50], busy))

    run_threads(post_shuffled)
    with reading(shared) as tx:
        assert store.balance(tx, available(MEMBERS[0]), POINTS) == 300
        assert check_entries(tx) == []
    assert (len(answers), sum(answers)) == (800, 200)
    if shared.dialect.name == "postgresql":
        assert busy == []
