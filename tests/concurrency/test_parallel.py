"""Forty at once, each with a connection of its own

├── redemptions of the last points: as many succeed as the balance goes to, the rest are told that it does not
│   ├── from forty threads
│   └── from four processes of ten threads
├── redemptions of the last item in stock: one succeeds, and points and stock agree
├── commits and releases of one hold: it ends once
├── refunds of one redemption: together never more than it was
├── one redemption, one adjustment, one event: each counts once, and everybody is answered alike
└── other content under one id: one of them counts, the other is a conflict
"""

import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine

from loyaltychain.core import errors
from loyaltychain.core.amounts import MemberNumber
from loyaltychain.db.engine import reading
from loyaltychain.db.retry import Patience, write_again
from loyaltychain.events.capture import capture
from loyaltychain.events.types import Captured, Event
from loyaltychain.ledger.checks import check_ledger
from loyaltychain.operations.adjust import adjust
from loyaltychain.operations.balance import read_balance
from loyaltychain.operations.holds import commit, hold, release
from loyaltychain.operations.redeem import redeem
from loyaltychain.operations.refund import refund
from loyaltychain.operations.request import Item
from loyaltychain.operations.rewards import read_reward, set_reward
from tests.concurrency.books import START, open_bank
from tests.concurrency.teller import NOW
from tests.database import ENGINES, fresh_postgresql_url

FORTY = 40
ANN = MemberNumber(1)
PATIENT = Patience(tries=100, seconds=60)
TEN_REDEMPTIONS = """
import sys
from loyaltychain.db.engine import open_database
from tests.concurrency import test_parallel as forty
engine = open_database(sys.argv[1])
answers = forty.at_once(lambda n: forty.try_redeem(engine, f"{sys.argv[2]}-{n}", 7), times=10)
sys.stdout.write(" ".join(answers))
"""


@pytest.fixture(params=ENGINES)
def url(request: pytest.FixtureRequest, tmp_path) -> str:
    return f"sqlite:///{tmp_path / 'bank.db'}" if request.param == "sqlite" else fresh_postgresql_url()


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    engine = open_bank(url)
    yield engine
    engine.dispose()


def at_once(act: Callable[[int], object], *, times: int = FORTY) -> list[str]:
    """What each call answered, or the name of what it raised; all begin together."""
    answers: list[str] = []
    start = threading.Barrier(times)

    def run(number: int) -> None:
        start.wait(30)
        try:
            answers.append(str(act(number)))
        except errors.LoyaltyError as error:
            answers.append(type(error).__name__)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == times
    return answers


def try_redeem(engine: Engine, id_: str, points: int) -> int:
    return write_again(
        engine,
        lambda tx: redeem(tx, source="app", id_=id_, member=ANN, points=points, now=NOW).points,
        patience=PATIENT,
    )


def check(engine: Engine, *, available: int, spent: int) -> None:
    with reading(engine) as tx:
        balance = read_balance(tx, ANN, at=NOW)
        assert check_ledger(tx) == []
    assert (balance.available, balance.held, balance.spent) == (available, 0, spent)


def test_forty__redeem_the_last_points__as_far_as_they_go(engine) -> None:
    answers = at_once(lambda number: try_redeem(engine, f"R-{number}", 7))
    assert Counter(answers) == {"7": START // 7, "InsufficientBalance": FORTY - START // 7}
    check(engine, available=START % 7, spent=START - START % 7)


def test_forty__redeem_from_four_processes__as_far_as_they_go(url, engine) -> None:
    command = [sys.executable, "-c", TEN_REDEMPTIONS, url]
    processes = [subprocess.Popen([*command, str(n)], stdout=subprocess.PIPE, text=True) for n in range(4)]
    answers = [word for process in processes for word in process.communicate(timeout=120)[0].split()]
    assert Counter(answers) == {"7": START // 7, "InsufficientBalance": FORTY - START // 7}
    check(engine, available=START % 7, spent=START - START % 7)


def test_forty__redeem_the_last_item__one_gets_it(engine) -> None:
    write_again(engine, lambda tx: set_reward(tx, id_="mug", name="A mug", cost=2, stock=1, now=NOW))

    def take(number: int) -> int:
        return write_again(
            engine,
            lambda tx: redeem(
                tx, source="app", id_=f"R-{number}", member=ANN, items=[Item("mug", 1)], now=NOW
            ).points,
            patience=PATIENT,
        )  # fmt: skip

    assert Counter(at_once(take)) == {"2": 1, "OutOfStock": FORTY - 1}
    check(engine, available=START - 2, spent=2)
    with reading(engine) as tx:
        assert read_reward(tx, "mug").stock == 0


def test_forty__commit_and_release_one_hold__it_ends_once(engine) -> None:
    write_again(engine, lambda tx: hold(tx, source="app", id_="H", member=ANN, points=30, seconds=60, now=NOW))
    ways = {0: commit, 1: release}

    def end(number: int) -> str:
        write_again(engine, lambda tx: ways[number % 2](tx, source="app", id_="H", now=NOW), patience=PATIENT)
        return ways[number % 2].__name__

    answers = Counter(at_once(end))
    [won] = answers.keys() - {"HoldEnded"}
    assert answers == {won: FORTY // 2, "HoldEnded": FORTY // 2}  # the same again is answered as the first time
    spent = 30 if won == "commit" else 0
    check(engine, available=START - spent, spent=spent)


def test_forty__refund_one_redemption__never_more_than_it(engine) -> None:
    try_redeem(engine, "R", 30)

    def give_back(number: int) -> int:
        return write_again(
            engine,
            lambda tx: refund(
                tx, source="app", id_=f"F-{number}", redemption="app/R", points=7, reason="broken", grace_seconds=0,
                now=NOW,
            ).points,
            patience=PATIENT,
        )  # fmt: skip

    answers = Counter(at_once(give_back))
    assert answers.pop("7") == 4
    assert sum(answers.values()) == FORTY - 4
    assert all(name[0].isupper() for name in answers), answers  # errors, by name
    check(engine, available=START - 30 + 28, spent=2)


def test_forty__one_and_the_same__counts_once(engine) -> None:
    def once(number: int) -> int:
        return write_again(
            engine,
            lambda tx: adjust(
                tx, source="app", id_="A", member=ANN, points=5, reason="count", actor="till", now=NOW
            ).points,
            patience=PATIENT,
        )  # fmt: skip

    assert at_once(lambda _: try_redeem(engine, "R", 60)) == ["60"] * FORTY
    assert at_once(once) == ["5"] * FORTY
    check(engine, available=START - 60 + 5, spent=60)


def test_forty__one_event__is_taken_once(engine) -> None:
    event = Event("shop", "S-1", "purchase", "ann", NOW, {"amount": 500, "currency": "GBP"})

    def offer(number: int) -> str:
        found: Captured = write_again(engine, lambda tx: capture(tx, [event], received_at=NOW), patience=PATIENT)
        return f"{found.taken} taken, {found.known} known"

    assert Counter(at_once(offer)) == {"1 taken, 0 known": 1, "0 taken, 1 known": FORTY - 1}


def test_forty__other_content_under_one_id__one_counts(engine) -> None:
    answers = Counter(at_once(lambda number: try_redeem(engine, "R", 10 + number % 2)))
    [won] = answers.keys() - {"IdempotencyConflict"}
    assert answers == {won: FORTY // 2, "IdempotencyConflict": FORTY // 2}
    check(engine, available=START - int(won), spent=int(won))
