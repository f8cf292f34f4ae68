"""conduct_step, killed at every commit
├── before it, or after it, however often: the same grants, entries and balances as if nobody had been killed
└── the ledger and the grants agree at each restart
"""

import os
import signal
from pathlib import Path

import pytest
from sqlalchemy import select

from loyaltychain.core.failpoints import VARIABLE
from loyaltychain.db.engine import open_database, reading
from loyaltychain.db.migrate import migrate
from loyaltychain.ledger.tables import entries
from loyaltychain.operations.conduct.step import conduct_step, conduct_tidy
from loyaltychain.operations.earn import earn_step
from tests.operations.conduct.forum import NOW, check, forum, history, snapshot, take


def _work(url: str, failpoint: str) -> None:
    """Ends by SIGKILL at the failpoint; returns when the work is done before."""
    os.environ[VARIABLE] = failpoint
    engine, program = open_database(url), forum()
    while earn_step(engine, program, now=NOW, limit=100).events:
        pass
    while conduct_step(engine, program, now=NOW, limit=3).work:
        pass
    conduct_tidy(engine, program, now=NOW)


def _run_killed(url: str, failpoint: str) -> bool:
    """Whether the process was killed."""
    child = os.fork()
    if not child:
        try:
            _work(url, failpoint)
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def _ended(engine):
    with reading(engine) as tx:
        ids = [(row.id, row.digest) for row in tx.execute(select(entries.c.id, entries.c.digest))]
    return snapshot(engine), ids


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A database in a file, with the history in it."""
    found = f"sqlite:///{tmp_path / 'points.db'}"
    engine = open_database(found)
    migrate(engine)
    take(engine, *history())
    engine.dispose()
    return found


@pytest.mark.parametrize("place", ["conduct.before_commit", "conduct.after_commit"])
def test_conduct_step__killed_at_every_commit__same_end(url, tmp_path, place) -> None:
    whole = f"sqlite:///{tmp_path / 'whole.db'}"
    (tmp_path / "whole.db").write_bytes((tmp_path / "points.db").read_bytes())
    assert not _run_killed(whole, "")
    for _ in range(7):  # each life gets one commit further
        assert _run_killed(url, f"{place}:{1 if place.endswith('after_commit') else 2}")
        engine = open_database(url)
        check(engine)
        engine.dispose()
    assert not _run_killed(url, "")
    found, expected = open_database(url), open_database(whole)
    assert _ended(found) == _ended(expected)
    found.dispose()
    expected.dispose()
