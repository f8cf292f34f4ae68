"""The bank: many tellers, few members

given PostgreSQL, whose server is crashed and restarted under four tellers and a worker
└── every operation that was answered counts once, the others at most once; asked again, exactly once
given SQLite and PostgreSQL, whose writing process is killed with SIGKILL at random
└── the same

LOYALTYCHAIN_TEST_BANK_SECONDS lengthens the play.
"""

import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle

import pytest
from sqlalchemy import Engine

from loyaltychain.core import errors
from tests.concurrency import teller
from tests.concurrency.books import Done, check_books, open_bank, work_off
from tests.concurrency.servers import own_server, seconds_of_play
from tests.database import ENGINES, fresh_postgresql_url

ENOUGH = 100  # operations; on a busy machine they take longer
TELLERS = 4
IN_A_HURRY = teller.Patience(tries=3, seconds=1)  # so that some operations stay unanswered


def play(engine: Engine, seed: int, over: threading.Event, done: list[Done], open_: list[teller.Operation]) -> None:
    for asked in teller.go_on(seed):
        if over.is_set():
            return
        try:
            done.append((asked, teller.perform(engine, asked, patience=IN_A_HURRY)))
        except errors.RetryableError:
            open_.append(asked)


def work(engine: Engine, over: threading.Event) -> None:
    while not over.is_set():
        try:
            work_off(engine)
        except errors.RetryableError:
            continue
        time.sleep(0.02)


@contextmanager
def opened(url: str) -> Iterator[Engine]:
    """The bank at this URL, closed in any case."""
    engine = open_bank(url)
    try:
        yield engine
    finally:
        engine.dispose()


def test_bank__server_restarts__each_operation_counts_once() -> None:
    with own_server() as server, opened(server.url) as engine:
        over, done, unanswered = threading.Event(), [], []
        arguments = [(engine, seed, over, done, unanswered) for seed in range(TELLERS)]
        threads = [threading.Thread(target=play, args=each) for each in arguments]
        threads.append(threading.Thread(target=work, args=(engine, over)))
        for thread in threads:
            thread.start()
        try:
            ends_at = time.monotonic() + seconds_of_play(5)
            for restarts, mode in enumerate(cycle(("immediate", "fast")), start=1):
                time.sleep(1.5)
                server.restart(mode)
                if restarts >= 2 and time.monotonic() > ends_at and len(done) > ENOUGH:
                    break
        finally:
            over.set()
            for thread in threads:
                thread.join()
        done += [(asked, teller.perform(engine, asked)) for asked in unanswered]
        check_books(engine, done)


@pytest.mark.parametrize("kind", ENGINES)
def test_bank__writers_are_killed__each_operation_counts_once(tmp_path, kind) -> None:
    url = f"sqlite:///{tmp_path / 'bank.db'}" if kind == "sqlite" else fresh_postgresql_url()
    with opened(url) as engine:
        kill_writers(url, engine)


def kill_writers(url: str, engine: Engine) -> None:
    dice, done, first = random.Random(5), [], 0
    ends_at = time.monotonic() + seconds_of_play(4)
    while time.monotonic() < ends_at or first <= 20:
        command = [sys.executable, "-m", "tests.concurrency.teller", url, "1", str(first)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            lines = [process.stdout.readline()]  # it has begun
            time.sleep(dice.uniform(0, 0.3))
            process.send_signal(signal.SIGKILL)
            lines += process.stdout
        said = [line.split() for line in lines if line.endswith("\n")]
        asked = teller.plan(1, first + len(said))[first:]
        assert [each.id for each in asked] == [id_ for id_, _ in said]
        done += [(each, None if word == "None" else int(word)) for each, (_, word) in zip(asked, said, strict=True)]
        first += len(said)  # what it was at when it died is asked again by the next one
    check_books(engine, [*done, (last := teller.plan(1, first + 1)[first], teller.perform(engine, last))])


def test_bank__plan__is_the_same_each_time() -> None:
    assert teller.plan(3, 50) == teller.plan(3, 50) != teller.plan(4, 50)
    assert {each.kind for each in teller.plan(3, 200)} == set(teller.KINDS)
