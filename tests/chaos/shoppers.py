"""Members who buy, redeem and do what a community does, all the time, new ones among them; and what each must have.

They come in as the API's and the command's events do, by the one way of capture. Where the database does not answer,
the same rows are told again until it does: that is what a shop does, and events are known by their ids.
"""

import random
import threading
import time
from collections import Counter
from itertools import islice
from pathlib import Path

from sqlalchemy import Engine

from loyaltychain.core import errors
from loyaltychain.core.clock import system_clock
from loyaltychain.events.ingest import ingest_file
from loyaltychain.events.map import packaged_map
from loyaltychain.events.types import Event
from tests.community import Community, as_line

HEADER = "order_id,customer,kind,at,total,points\n"
_AT = "2026-02-01T10:00:00Z"


class Shoppers:
    """A thread that tells of what they do. What is public is to be read once it has stopped."""

    def __init__(self, engine: Engine, directory: Path, *, seed: int, pause: float) -> None:
        self._engine, self._directory, self._pause = engine, directory, pause
        self._dice = random.Random(f"shoppers {seed}")
        self._map = packaged_map("simulated_shop")
        self._community = Community(seed).tell()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._shop)
        self.expected: Counter[str] = Counter()  # points of purchases, less what was redeemed, by member
        self.told = 0  # purchases and redemptions
        self.acts: list[Event] = []  # what else was told, in that order, some of it late or twice
        self.repeated = 0  # files that had to be told again
        self.failure: BaseException | None = None
        self._is_given_up = False

    def start(self) -> None:
        self._thread.start()

    def quit(self) -> None:
        """End the thread, whatever it is at."""
        self._is_given_up = True
        self._end()

    def stop(self) -> None:
        """No more events; raises what has ended the thread before."""
        self._end()
        if self.failure is not None:
            raise self.failure

    def _end(self) -> None:
        self._ended.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _shop(self) -> None:
        try:
            while not self._ended.wait(self._pause):
                rows = self._make_rows()
                self._tell("told.csv", HEADER + "".join(rows), count=len(rows))
                acts = list(islice(self._community, self._dice.randint(1, 4)))
                self.acts += acts
                self._tell("told.jsonl", "".join(map(as_line, acts)), count=len(acts))
        except BaseException as failure:  # noqa: BLE001  raised where it is waited for
            self.failure = failure

    def _make_rows(self) -> list[str]:
        """A few sales, and redemptions of no more than is there."""
        rows = []
        for _ in range(self._dice.randint(1, 6)):
            # The crowd grows, so that members join at all times.
            member = f"m{self._dice.randrange(5 + self.told // 20)}"
            self.told += 1
            if self.expected[member] > 10 and self._dice.random() < 0.3:
                points = self._dice.randint(1, self.expected[member])
                rows.append(f"E-{self.told},{member},redeem,{_AT},,{points}\n")
                self.expected[member] -= points
            else:
                points = self._dice.randint(1, 99)
                rows.append(f"E-{self.told},{member},sale,{_AT},{points}.50,\n")
                self.expected[member] += points
        return rows

    def _tell(self, name: str, text: str, *, count: int) -> None:
        file, is_csv = self._directory / name, name.endswith(".csv")
        file.write_text(text, encoding="utf-8")
        while True:
            try:
                report = ingest_file(
                    self._engine, file, format="csv" if is_csv else "jsonl", event_map=self._map if is_csv else None,
                    received_at=system_clock(), rejects=self._directory / "rejects",
                )  # fmt: skip
            except errors.RetryableError:
                if self._is_given_up:
                    return
                self.repeated += 1
                time.sleep(0.2)
                continue
            assert report.taken + report.known == count, report
            return
