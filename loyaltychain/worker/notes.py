"""Keeps in the database what the worker knows of the chain and how it stands, without writing the same thing twice."""

import threading
from dataclasses import replace
from typing import Literal

from sqlalchemy import Engine

from loyaltychain.core.clock import Clock
from loyaltychain.db.engine import reading, transaction
from loyaltychain.settlement import standing
from loyaltychain.settlement.deployment import Deployment
from loyaltychain.settlement.standing import Half, Head, Known, Standing

BEAT_SECONDS = 5  # between two signs of life; each is a commit


class Notes:
    """For both halves of one worker, which run in threads of their own."""

    def __init__(self, engine: Engine, deployment: Deployment, clock: Clock) -> None:
        """Raises DatabaseBusy, DatabaseUnavailable, LeadershipLost; so does every method that writes."""
        self._engine, self._network, self._clock = engine, deployment.network, clock
        self._lock = threading.Lock()
        with reading(engine) as tx:
            is_known = standing.is_of(tx, deployment)
        if not is_known:
            with transaction(engine) as tx:
                standing.begin(tx, deployment, now=clock())
        with reading(engine) as tx:
            found = standing.read_standing(tx, self._network)
        assert found is not None, "begin has made it"
        self._last: Standing = found

    @property
    def known(self) -> Known | None:
        """What the chain said when it was last asked."""
        return self._last.known

    def know(self, known: Known, head: Head | None) -> None:
        """Take over what a look at the chain has shown."""
        with self._lock:
            last = self._last
            is_same = last.known is not None and replace(known, read_at=last.known.read_at) == last.known
            is_recent = last.known is not None and known.read_at < last.known.read_at + BEAT_SECONDS
            if is_same and (is_recent or head == last.head):
                return
            with transaction(self._engine) as tx:
                standing.write_known(tx, self._network, known)
                standing.write_head(tx, self._network, head)
            self._last = replace(last, known=known, head=head)

    def stand(
        self, half: Literal["deciding", "settling"], state: str, *, code: str | None = None, reason: str | None = None
    ) -> None:
        """Note how a half stands, if that is news."""
        with self._lock:
            before: Half = getattr(self._last, half)
            if (state, code, reason) == (before.state, before.code, before.reason):
                return
            since = before.since if state == before.state else self._clock()
            now = Half(state, code, reason, since)
            with transaction(self._engine) as tx:
                standing.write_half(tx, self._network, half, now)
            if half == "deciding":
                self._last = replace(self._last, deciding=now)
            else:
                self._last = replace(self._last, settling=now)

    def beat(self) -> None:
        """Give a sign of life, if the last one is a while ago."""
        with self._lock:
            now = self._clock()
            if now < self._last.beat_at + BEAT_SECONDS:
                return
            with transaction(self._engine) as tx:
                standing.write_beat(tx, self._network, now=now)
            self._last = replace(self._last, beat_at=now)
