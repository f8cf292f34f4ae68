"""One worker at a time may write. The place (``db/seat.py``) says who should; the epoch proves it.

Whoever takes the place raises the epoch by one, and each write transaction of a worker begins with a look whether the
epoch is still its own. So one that was stopped and wakes up, or whose lock was lost unnoticed, writes nothing more.
On PostgreSQL such a transaction also shares a lock until it ends, which the taker needs alone: no transaction of the
epoch before can end after the new one has begun; one that will not end is broken off.
"""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import CheckConstraint, Column, Engine, Table, select, text, update

from loyaltychain.core import errors
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.clock import Clock
from loyaltychain.core.times import format_instant
from loyaltychain.db.engine import Tx, fenced, reading, schema_of, transaction
from loyaltychain.db.lock import lock_key
from loyaltychain.db.seat import POLL_SECONDS, Seat, seat_of
from loyaltychain.db.tables import Number, String, metadata

leadership = Table(
    "leadership",
    metadata,
    Column("name", String, primary_key=True),
    Column("epoch", Number, CheckConstraint("epoch >= 1", name="epoch"), nullable=False),
    Column("holder", String, nullable=False),  # host:process
    Column("taken_at", Number, nullable=False),
)

_WORKER = "worker"
_TRIES = 3  # to get the fence's lock alone; after each, those who hold it are broken off
_WAIT_MS = 500  # for transactions of the epoch before to end by themselves, and for broken ones to be gone
_SHARE = text("SELECT pg_try_advisory_xact_lock_shared(:key)")
_ALONE = text("SELECT pg_advisory_xact_lock(:key)")
_BREAK_OFF = text("""
SELECT pg_terminate_backend(pid, :wait) FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1
AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
AND ((classid::bigint << 32) | objid::bigint) = :key AND pid <> pg_backend_pid()
""")


@dataclass(frozen=True, slots=True)
class Leadership:
    """Who led last, and since when. ``holder`` is host and process."""

    epoch: int
    holder: str
    taken_at: UnixSeconds


class Leader:
    """One process that leads, or would. One thread calls it; the engines that it fences are for any number of them."""

    def __init__(self, engine: Engine, seat: Seat, *, holder: str, clock: Clock) -> None:
        self._engine, self._seat = engine, seat
        self._holder, self._clock = holder, clock
        self._epoch: int | None = None
        self._has_place = False  # or what is left of it

    @property
    def epoch(self) -> int | None:
        """Of our leadership; None while we do not lead, as far as is known."""
        return self._epoch if self._seat.is_held() else None

    @property
    def can_wait(self) -> bool:
        """Whether a second worker may stand by at this database."""
        return self._seat.can_wait

    @property
    def place(self) -> str:
        """What whoever leads holds, for people."""
        return self._seat.name

    def read_last(self) -> Leadership | None:
        """Who leads, or led last. Raises DatabaseUnavailable."""
        with reading(self._engine) as tx:
            return read_leadership(tx)

    def fence(self, engine: Engine) -> Engine:
        """The same database, in which every write transaction raises LeadershipLost once this leadership is over.

        A later one of the same process needs an engine of its own: what was begun in an earlier one stays refused.
        """
        mine = self.epoch
        return fenced(engine, lambda tx: self._check(tx, mine))

    def is_over(self) -> bool:
        """Whether ``lead`` is to be called again: the place is lost, or a command asks for it. Asks no server."""
        return self.epoch is None or self._seat.is_wanted()

    def take(self) -> bool:
        """Lead now, if nobody else does or asks to. Raises DatabaseBusy, DatabaseUnavailable."""
        if self.epoch is not None:
            return True
        if self._has_place:
            self.give_up()  # what is left of it
        return not self._seat.is_wanted() and self._take()

    def take_from(self, *, seconds: float) -> bool:
        """Lead within ``seconds``: who leads is asked to stand aside, and does so between two steps. False if not.

        Raises DatabaseBusy when another one has been asking for as long, DatabaseUnavailable.
        """
        if self.take():
            return True
        end = time.monotonic() + seconds
        with self._seat.want(seconds):
            while not self._take():
                if time.monotonic() >= end:
                    return False
                time.sleep(POLL_SECONDS / 4)
        return True

    def lead(self, stopping: threading.Event, say: Callable[[str], None]) -> bool:
        """Stand by until we lead: True then, and at once while we do. False once ``stopping`` is set.

        A command that asks for the place is let in here, between two steps of ours.

        Args:
            say: Is told when we stand by, for whom, and when we lead again.
        """
        told = None
        if self.epoch is not None and self.is_over():
            say(told := "This worker stands aside for a command that changes the deployment.")
            self.give_up()
            stopping.wait(POLL_SECONDS)
        while not stopping.is_set():
            try:
                if self.take():
                    if told is not None:
                        say(f"This worker leads now, in epoch {self._epoch}.")
                    return True
                words = self._waits_for()
            except errors.RetryableError as problem:
                words = f"This worker stands by: {problem}"
            if words != told:
                say(told := words)
            stopping.wait(POLL_SECONDS)
        return False

    def give_up(self) -> None:
        """Lead no more; nothing happens if we do not."""
        self._epoch, self._has_place = None, False
        self._seat.give_up()

    def _take(self) -> bool:
        if not self._seat.try_take():
            return False
        self._has_place = True
        try:
            self._epoch = _begin_epoch(self._engine, holder=self._holder, now=self._clock())
        except BaseException:
            self.give_up()
            raise
        return True

    def _waits_for(self) -> str:
        last = self.read_last()
        who = "Another worker" if last is None else f"{last.holder}, since {format_instant(last.taken_at)},"
        return f"{who} leads. This worker stands by, and takes over within ten seconds of the other's end."

    def _check(self, tx: Tx, mine: int | None) -> None:
        """The fence. On PostgreSQL first the lock, then the look: a statement sees what was before it began."""
        if mine is None or mine != self.epoch or not _share(tx):
            raise errors.LeadershipLost(epoch=mine)
        last = read_leadership(tx)
        if last is None or last.epoch != mine:
            self._epoch = self._epoch if self._epoch != mine else None  # `is_over` says so at once
            raise errors.LeadershipLost(epoch=mine, leader=last and last.holder)


@contextmanager
def leader_of(engine: Engine, *, clock: Clock) -> Iterator[Leader]:
    """A candidate for the worker's place at a migrated database, who leads nothing yet, and nothing any more after."""
    leader = Leader(engine, seat_of(engine), holder=f"{socket.gethostname()}:{os.getpid()}", clock=clock)
    try:
        yield leader
    finally:
        leader.give_up()


def read_leadership(tx: Tx) -> Leadership | None:
    """Who led last, whether or not somebody does now; None if nobody ever did."""
    query = select(leadership.c.epoch, leadership.c.holder, leadership.c.taken_at).filter_by(name=_WORKER)
    row = tx.execute(query).one_or_none()
    return Leadership(*row) if row else None


def find_leader(engine: Engine) -> Leadership | None:
    """Who leads now; None if nobody does. Raises DatabaseUnavailable."""
    seat = seat_of(engine)
    try:
        if not seat.is_taken():
            return None
    finally:
        seat.give_up()
    with reading(engine) as tx:
        return read_leadership(tx)


def _begin_epoch(engine: Engine, *, holder: str, now: UnixSeconds) -> int:
    """Raise the epoch when no transaction of the one before is open. Raises DatabaseBusy when that cannot be had."""
    for left in range(_TRIES - 1, -1, -1):
        try:
            with transaction(engine) as tx:
                if tx.dialect.name == "postgresql":
                    tx.execute(text(f"SET LOCAL lock_timeout = {_WAIT_MS}"))
                    tx.execute(_ALONE, {"key": _fence_key(tx)})
                return _raise_epoch(tx, holder, now)
        except errors.DatabaseBusy:
            if not left:
                raise
        _break_off(engine)
    raise AssertionError("it is tried once at least")


def _share(tx: Tx) -> bool:
    """Keep a new epoch from beginning until this transaction ends; False where one is just about to."""
    return tx.dialect.name != "postgresql" or bool(tx.execute(_SHARE, {"key": _fence_key(tx)}).scalar_one())


def _raise_epoch(tx: Tx, holder: str, now: UnixSeconds) -> int:
    last = read_leadership(tx)
    epoch = 1 if last is None else last.epoch + 1
    row = {"epoch": epoch, "holder": holder, "taken_at": now}
    if last is None:
        tx.execute(leadership.insert(), [{"name": _WORKER, **row}])
    else:
        tx.execute(update(leadership).filter_by(name=_WORKER).values(row))
    return epoch


def _break_off(engine: Engine) -> None:
    """End the sessions of an earlier epoch whose transactions do not end: a process is stopped, or its host gone."""
    if engine.dialect.name == "postgresql":
        with transaction(engine) as tx:
            tx.execute(_BREAK_OFF, {"key": _fence_key(tx), "wait": _WAIT_MS}).all()


def _fence_key(tx: Tx) -> int:
    return lock_key(schema_of(tx), "worker.fence")
