"""Rates of requests that all processes of a programme share, through the database, without a write a request.

A bucket holds at most ``count`` tokens and fills by ``count`` every ``seconds``. A process takes a slice of them in one
transaction and spends it in memory. So over any time T, all processes together let in at most
``count + count * T / seconds`` requests, and one slice more for each process (what it had in hand before).
"""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from sqlalchemy import delete, select, update
from starlette.concurrency import run_in_threadpool

from loyaltychain.api.problems import Problem
from loyaltychain.api.tables import rate_buckets as buckets
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.clock import Clock
from loyaltychain.db.engine import Tx
from loyaltychain.db.insert import insert_new

SLICES = 16  # a bucket has so many, at least
_HELD_MAX = 10_000  # buckets that a process keeps in mind
_HELD_SECONDS = 60  # a slice is not kept for longer
_IDLE_SECONDS = 3600  # a bucket that nobody asked for so long is full again, and removed
_PURGE_MAX = 100


@dataclass(frozen=True, slots=True)
class Rate:
    """At most ``count`` requests every ``seconds`` for whoever ``name`` names."""

    name: str  # names the bucket; holds no member's id
    kind: str  # for the caller: key, program, member or expensive
    count: int
    seconds: int

    @property
    def slice(self) -> int:
        """How many tokens a process takes at once."""
        return max(1, self.count // SLICES)


def member_name(member: str) -> str:
    """A member's bucket, by a hash of the id."""
    return "member:" + hashlib.sha256(member.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def take_slice(tx: Tx, rate: Rate, now: UnixSeconds) -> tuple[int, int]:
    """Tokens out of the shared bucket, and, where there are none, in how many seconds there is one."""
    full = rate.count * rate.seconds
    tx.execute(insert_new(tx, buckets), [{"name": rate.name, "level": full, "filled_at": now}])
    row = tx.execute(select(buckets).where(buckets.c.name == rate.name).with_for_update()).one()
    passed = max(0, now - row.filled_at)  # of two machines, one clock may be behind
    level = min(full, row.level + passed * rate.count)
    taken = min(rate.slice, level // rate.seconds)
    values = {"level": level - taken * rate.seconds, "filled_at": max(now, row.filled_at)}
    tx.execute(update(buckets).where(buckets.c.name == rate.name).values(values))
    if taken:
        _purge(tx, now)
        return taken, 0
    return 0, max(1, -(-(rate.seconds - level) // rate.count))


def _purge(tx: Tx, now: UnixSeconds) -> None:
    idle = (
        select(buckets.c.name)
        .where(buckets.c.filled_at < now - _IDLE_SECONDS)
        .order_by(buckets.c.filled_at)
        .limit(_PURGE_MAX)
        .with_for_update(skip_locked=True)
    )
    if found := list(tx.execute(idle).scalars()):
        tx.execute(delete(buckets).where(buckets.c.name.in_(found)))


@dataclass(slots=True)
class _Slice:
    left: int = 0
    until: int = 0  # when what is left is forgotten
    refused_until: int = 0
    taking: asyncio.Lock = field(default_factory=asyncio.Lock)


class Limiter:
    """What one process has in hand of a programme's buckets. For one event loop."""

    def __init__(self, writing: Callable[[], AbstractContextManager[Tx]], clock: Clock) -> None:
        self._writing = writing
        self._clock = clock
        self.on_refusal: Callable[[str], None] = lambda kind: None  # is told which rate refused a request
        self._slices: OrderedDict[str, _Slice] = OrderedDict()

    async def admit(self, rates: Iterable[Rate]) -> None:
        """Spend a token of each of these. Raises a Problem, 429, when one has none."""
        for rate in rates:
            if not rate.count:
                continue
            wait = await self._spend(rate)
            if wait:
                self.on_refusal(rate.kind)
                raise _refusal(rate, wait)

    async def _spend(self, rate: Rate) -> int:
        """Spend one token; where there is none, in how many seconds there is one."""
        held = self._held(rate.name)
        now = self._clock()
        if held.left > 0 and now < held.until:
            held.left -= 1
            return 0
        async with held.taking:
            now = self._clock()
            if held.left <= 0 or now >= held.until:
                if 0 < held.refused_until - now <= rate.seconds:  # not when the clock was set back
                    return held.refused_until - now
                held.left, wait = await run_in_threadpool(self._take, rate, now)
                held.until = now + _HELD_SECONDS
                if not held.left:
                    held.refused_until = now + wait
                    return wait
            held.left -= 1
            return 0

    def _take(self, rate: Rate, now: UnixSeconds) -> tuple[int, int]:
        with self._writing() as tx:
            return take_slice(tx, rate, now)

    def _held(self, name: str) -> _Slice:
        held = self._slices.get(name)
        if held is None:
            held = self._slices[name] = _Slice()
            if len(self._slices) > _HELD_MAX:
                self._slices.popitem(last=False)
        return held


def _refusal(rate: Rate, wait: int) -> Problem:
    window = f"{rate.seconds} second{'' if rate.seconds == 1 else 's'}"
    return Problem(
        "rate-limited",
        f"More than {rate.count} requests in {window} for this {rate.kind}. Send the same one again in {wait} s.",
        facts={"limit": rate.kind, "count": rate.count, "seconds": rate.seconds},
        headers={
            "Retry-After": str(wait),
            "RateLimit-Policy": f'"{rate.kind}";q={rate.count};w={rate.seconds}',
            "RateLimit": f'"{rate.kind}";r=0;t={wait}',
        },
    )
