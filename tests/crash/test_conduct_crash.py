"""``loyaltychain worker`` of a community, killed while it folds what members do
├── at each commit of the conduct step, at those around it, and at moments of chance, life after life
│   └── the books are sound after each of them, and the end is that of a run that nobody disturbed
├── at each commit of catching up with a new version, by which acts of the past count: the same
└── and its PostgreSQL server with it, by ``kill -9``: the same
"""

import random
import time
from pathlib import Path

import pytest

from loyaltychain.program.load import template
from tests.community import next_version
from tests.concurrency.servers import own_server
from tests.crash.club import TEMPLATE, Club, deployed_club
from tests.database import ENGINES, fresh_postgresql_url

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

#: Where each life ends; those of the step itself, with something to do, and before and behind it.
LIVES = (
    "conduct.before_commit",
    "conduct.after_commit",
    "earn.after_commit",
    "conduct.before_commit",
    "conduct.before_commit:2",  # of what time decides, or of a round that has nothing to do
    "conduct.after_commit:2",
    "earn.before_commit",
    "seal.before_commit",
    "conduct.after_commit",
)
PORTION = 17

postgresql = pytest.mark.skipif("postgresql" not in ENGINES, reason="no PostgreSQL server, and no means to start one")


def live(club: Club, *, seed: int) -> None:
    """Each life with acts that wait for it, and acts that come while it works."""
    dice = random.Random(seed)
    for at in LIVES:
        club.tell(PORTION)
        worker = club.start(at)
        club.tell(dice.randint(1, PORTION))
        club.await_death(worker)
        club.check_books()
    for _ in range(3):
        club.tell(PORTION)
        worker = club.start()
        time.sleep(dice.uniform(0.2, 1.2))
        club.tell(PORTION)
        time.sleep(dice.uniform(0, 0.4))
        club.kill(worker)
        club.check_books()
    worker = club.start()
    club.await_settled()
    club.end(worker)


@pytest.mark.parametrize("engine_name", ENGINES)
def test_worker__killed_life_after_life__everybody_has_what_is_hers(engine_name: str, tmp_path: Path) -> None:
    url = fresh_postgresql_url() if engine_name == "postgresql" else None
    with deployed_club(tmp_path / "club", seed=1, database=url) as club:
        live(club, seed=1)
        club.check_end()


@pytest.mark.parametrize("engine_name", ENGINES)
def test_worker__killed_while_it_catches_up__everybody_has_what_is_hers(engine_name: str, tmp_path: Path) -> None:
    url = fresh_postgresql_url() if engine_name == "postgresql" else None
    with deployed_club(tmp_path / "club", seed=5, database=url) as club:
        club.tell(12 * PORTION)
        worker = club.start()
        club.await_settled()
        club.end(worker)
        club.publish(next_version(template(TEMPLATE)))
        for at in ("before_commit", "after_commit", "before_commit", "after_commit", "before_commit:2"):
            club.await_death(club.start(f"conduct.{at}"))
            club.check_books()
        club.tell(6 * PORTION)
        worker = club.start()
        club.await_settled()
        club.end(worker)
        found = club.check_end()
        assert {rule for _, rule, _, _ in found.grants} >= {"behaviour:thanked", "achievement:thanks"}


@postgresql
def test_worker__killed_with_its_server__everybody_has_what_is_hers(tmp_path: Path) -> None:
    dice = random.Random(3)
    with own_server() as server, deployed_club(tmp_path / "club", seed=2, database=server.url) as club:
        for _ in range(3):
            club.tell(3 * PORTION)
            worker = club.start()
            time.sleep(dice.uniform(0.2, 1.2))
            club.tell(3 * PORTION)
            time.sleep(dice.uniform(0, 0.3))
            server.kill()
            club.kill(worker)
            club.check_books()
        worker = club.start()
        club.await_settled()
        club.tell(PORTION)
        server.kill()  # under a worker that lives on
        club.tell(PORTION)
        club.await_settled()
        club.end(worker)
        club.check_end()
