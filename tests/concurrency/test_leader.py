"""leader: processes that contend
├── given two processes at one PostgreSQL database
│   ├── the second stands by, and says for whom
│   ├── when the first is killed: the second leads
│   ├── when the first is stopped, in the middle of a transaction or between two
│   │   ├── the second leads
│   │   └── when the first wakes up: it writes nothing more, stands by, and leads again after the second
│   ├── when the first's lock is taken from it in the middle of a transaction: the second leads, the first stands by
│   └── when the server crashes and comes back: one leads, in an epoch of its own
├── the waits of a takeover together are shorter than the ten seconds that are promised
└── given an SQLite file: one leads; no second stands by; a killed one's place is free
"""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from loyaltychain.core.clock import system_clock
from loyaltychain.db import leader as leaders
from loyaltychain.db import seat
from loyaltychain.db.engine import transaction
from loyaltychain.db.leader import find_leader, leader_of
from tests.concurrency.contest import Contest, contest, eventually
from tests.concurrency.servers import own_server
from tests.database import ENGINES, fresh_postgresql_url

PROMISED = 10  # seconds in which a standby takes over

postgresql = pytest.mark.skipif("postgresql" not in ENGINES, reason="no PostgreSQL server, and no means to start one")
linux = pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs Linux's /proc")


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Contest]:
    """Ann leads on PostgreSQL, and Bob stands by."""
    with contest(fresh_postgresql_url(), tmp_path) as played:
        played.start("ann")
        played.await_deeds("ann")
        played.start("bob")
        eventually(lambda: bool(played.said("bob")))
        yield played


@postgresql
def test_two__second__stands_by_and_says_for_whom(two: Contest) -> None:
    holder = find_leader(two.engine)

    assert holder is not None
    assert holder.holder.endswith(f":{two.running['ann'].pid}")
    who = f"{holder.holder}, since {leaders.format_instant(holder.taken_at)}, leads."
    assert two.said("bob") == [f"{who} This worker stands by, and takes over within ten seconds of the other's end."]
    assert (two.end("bob"), two.end("ann"), find_leader(two.engine)) == (0, 0, None)
    assert {who for _, who in two.deeds()} == {"ann"}


@postgresql
def test_two__first_is_killed__second_leads(two: Contest) -> None:
    two.send("ann", signal.SIGKILL)

    eventually(lambda: two.epoch() == 2)
    two.await_deeds("bob")
    two.check()


@postgresql
@pytest.mark.parametrize("moment", ["in the middle", "between two"])
def test_two__first_is_stopped_and_wakes__writes_nothing_more(two: Contest, moment: str) -> None:
    if moment == "in the middle":
        two.hold("ann")
    two.send("ann", signal.SIGSTOP)
    eventually(lambda: two.epoch() == 2)
    if moment == "in the middle":
        two.let_go()
    two.await_deeds("bob")
    of_ann = two.done_by("ann")

    two.send("ann", signal.SIGCONT)
    eventually(lambda: any("leads. This worker stands by" in line for line in two.said("ann")))
    two.await_deeds("bob")

    assert two.done_by("ann") == of_ann
    assert two.end("bob") == 0
    two.await_deeds("ann")
    two.check()


@postgresql
def test_two__lock_is_lost_in_the_middle__second_leads(two: Contest) -> None:
    two.hold("ann")
    with transaction(two.engine) as tx:
        ended = tx.execute(
            text("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted "
                 "AND ((classid::bigint << 32) | objid::bigint) = :key"),
            {"key": seat.lock_key(None, "worker")},
        ).all()  # fmt: skip
    assert len(ended) == 1

    eventually(lambda: two.epoch() == 2)
    two.let_go()
    two.await_deeds("bob")
    eventually(lambda: any("leads. This worker stands by" in line for line in two.said("ann")))

    assert "DatabaseUnavailable in 1" in two.said("ann"), "its transaction was broken off"
    two.check()


@postgresql
def test_two__server_crashes__one_leads(tmp_path: Path) -> None:
    with own_server() as server, contest(server.url, tmp_path) as played:
        for name in ("ann", "bob"):
            played.start(name)
        eventually(lambda: len(played.deeds()) > 3)
        for mode in ("immediate", "fast"):
            before, done = played.epoch(), len(played.deeds())
            server.restart(mode)
            played.engine.dispose()
            eventually(lambda: played.epoch() > before and len(played.deeds()) > done + 3)  # noqa: B023
        played.check()
        assert (played.end("ann"), played.end("bob")) == (0, 0)


def test_promise__all_waits_together__stay_below_it() -> None:
    longest = seat.SILENT_SECONDS + seat.POLL_SECONDS + leaders._TRIES * 2 * leaders._WAIT_MS / 1_000
    assert longest < PROMISED


@linux
def test_sqlite__killed__place_is_free(tmp_path: Path) -> None:
    with contest(f"sqlite:///{tmp_path}/books.sqlite3", tmp_path) as played:
        played.start("ann")
        played.await_deeds("ann")
        with leader_of(played.engine, clock=system_clock) as second:
            assert not second.can_wait
            assert not second.take()
            last = find_leader(played.engine)
            assert last is not None
            assert last.holder.endswith(f":{played.running['ann'].pid}")
            played.send("ann", signal.SIGKILL)
            eventually(second.take)
            assert second.epoch == 2
