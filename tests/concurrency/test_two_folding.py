"""``loyaltychain worker``, twice at one PostgreSQL database, folding what a community does
├── given a leader that is stopped in the conduct step, before its commit or just behind it
│   ├── the other takes over, and folds what the first had begun
│   ├── when the first wakes up: it writes nothing more, and stands by
│   └── when the other is killed then: the first leads again
└── after all of that: each grant is there once, and everybody has what a run without a pause would have given
"""

import os
import signal
from pathlib import Path

import pytest

from loyaltychain.db.engine import reading
from loyaltychain.db.leader import read_leadership
from tests.chaos.proxy import eventually
from tests.crash.club import Club, deployed_club
from tests.database import ENGINES, fresh_postgresql_url

pytestmark = [
    pytest.mark.skipif("postgresql" not in ENGINES, reason="no PostgreSQL server, and no means to start one"),
    pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs Linux's /proc"),
    pytest.mark.timeout(900),
    pytest.mark.slow,
]


def leads(club: Club, worker: int) -> bool:
    with reading(club.engine) as tx:
        last = read_leadership(tx)
    return last is not None and last.holder.endswith(f":{worker}")


@pytest.mark.parametrize("moment", ["before_commit", "after_commit"])
def test_two__leader_stops_in_the_conduct_step__each_grant_once(moment: str, tmp_path: Path) -> None:
    with deployed_club(tmp_path / "club", seed=4, database=fresh_postgresql_url()) as club:
        club.tell(60)
        first = club.start(f"conduct.{moment}:1:stop")
        club.await_stop(first)
        begun = len(club.awards().grants)
        assert (begun > 0) == (moment == "after_commit")

        second = club.start()
        club.tell(20)
        eventually(lambda: leads(club, second), "the other takes over")
        club.await_settled()
        club.check_books()
        before = club.awards(), club.rows()

        os.kill(first, signal.SIGCONT)
        eventually(lambda: any("This worker stands by" in line for line in club.said(first)), "the first stands by")
        assert (club.awards(), club.rows()) == before
        assert leads(club, second)

        club.tell(60)
        club.kill(second)
        eventually(lambda: leads(club, first), "the first leads again")
        club.tell(20)
        club.await_settled()
        club.end(first)
        club.check_end()
