"""A worker's process, of which several contend for one database: ``python -m …contender URL NAME HOME``.

While it leads it writes one row of ``deeds`` after the other, with the epoch that it writes in. As long as the file
``HOME/hold`` is there, it stays in the middle of a transaction, and says so by the file ``HOME/NAME.inside``. What it
has to say, and each failed step, is a line of ``HOME/NAME.log``. SIGTERM ends it.
"""

import signal
import sys
import threading
import time
from pathlib import Path

from sqlalchemy import Engine, text

from loyaltychain.core import errors
from loyaltychain.core.clock import system_clock
from loyaltychain.db.engine import open_database, transaction
from loyaltychain.db.leader import leader_of

DEEDS = "CREATE TABLE deeds (id {key}, epoch bigint NOT NULL, name text NOT NULL)"


def main(url: str, name: str, home: Path) -> None:
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    engine = open_database(url)

    def say(line: str) -> None:
        with (home / f"{name}.log").open("a", encoding="utf-8") as log:
            log.write(line + "\n")

    with leader_of(engine, clock=system_clock) as leader:
        while leader.lead(stopping, say):
            epoch, term = leader.epoch, leader.fence(engine)
            say(f"leads {epoch}")
            while not leader.is_over() and not stopping.wait(0.02):
                try:
                    do(term, name, epoch, home)
                except errors.RetryableError as problem:
                    say(f"{type(problem).__name__} in {epoch}")
    engine.dispose()


def do(term: Engine, name: str, epoch: int | None, home: Path) -> None:
    with transaction(term) as tx:
        tx.execute(text("INSERT INTO deeds (epoch, name) VALUES (:epoch, :name)"), {"epoch": epoch, "name": name})
        if (home / "hold").exists():
            (home / f"{name}.inside").touch()
        while (home / "hold").exists():
            time.sleep(0.02)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
