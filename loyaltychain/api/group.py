"""Events of many requests in one transaction: whoever waits for the same database is committed together.

The first request that finds nobody at work takes all that wait by then, up to ``EVENTS_MAX`` events, and so on until
none waits. It waits some milliseconds for more only where the last group had more. Each request keeps its own record
and its own result, and is answered after the commit. If the whole group fails, each of it is tried by itself, so that
one which the database refuses stops no other.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from starlette.responses import Response

from loyaltychain.api import records
from loyaltychain.api.context import Context
from loyaltychain.api.intake import Taken, take_behind
from loyaltychain.api.problems import Problem
from loyaltychain.core import errors
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import Tx
from loyaltychain.db.lock import lock
from loyaltychain.events.sequence import WRITERS
from loyaltychain.events.store import read_events
from loyaltychain.events.types import Event, SequencedEvent

EVENTS_MAX = 1000  # of one transaction
_LULL_SECONDS = 0.003  # without anybody new, while fewer wait than were in the last group
_GATHER_SECONDS = 0.02  # that anybody waits at most for others


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request is told; ``problem`` instead of a body: a refusal, which is not kept."""

    status: int
    body: str = ""
    problem: Problem | None = None


New = dict[tuple[str, str], SequencedEvent]
Finish = Callable[[Tx, UnixSeconds, Sequence[Taken], New], Answer]


@dataclass(frozen=True, slots=True)
class Wish:
    """A request's events, and how it is answered once it is known what became of each.

    ``finish`` is given the transaction, its time, one result for each event, and the events that are new by
    (source, id).
    """

    place: records.Place
    fingerprint: str
    request_id: str
    events: Sequence[Event]
    finish: Finish
    shows: bool  # wants the new events with their positions


Outcome = Response | Exception


class Group:
    """The requests that wait for one database, in one process. For one event loop."""

    def __init__(self, context: Context, on_commit: Callable[[int], None] = lambda size: None) -> None:
        self._context = context
        self._waiting: list[tuple[Wish, asyncio.Future[Response]]] = []
        self._is_working = False
        self._expected = 1  # requests
        self._is_full = asyncio.Event()
        self._writer = ThreadPoolExecutor(1, "group")
        self.on_commit = on_commit  # is told how many requests were committed together

    async def commit(self, wish: Wish) -> Response:
        """The answer, after the commit. Raises Problem and LoyaltyError: nothing was written then."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Response] = loop.create_future()
        self._waiting.append((wish, future))
        if len(self._waiting) >= self._expected:
            self._is_full.set()
        if not self._is_working:
            self._is_working = True
            self._worker = loop.create_task(self._work())  # kept: the loop itself holds tasks weakly
        return await future

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._waiting:
                await self._gather()
                group = self._next()
                outcomes = await loop.run_in_executor(
                    self._writer, commit_group, self._context, [wish for wish, _ in group]
                )
                self.on_commit(len(group))
                for (_, future), outcome in zip(group, outcomes, strict=True):
                    if future.done():  # whoever asked is gone; what was committed stays
                        continue
                    if isinstance(outcome, Exception):
                        future.set_exception(outcome)
                    else:
                        future.set_result(outcome)
        finally:
            self._is_working = False

    async def _gather(self) -> None:
        """Let those join who were in the last group and are just asking again: a group costs much, one more little.

        Over when as many are there, when nobody came for ``_LULL_SECONDS``, or after ``_GATHER_SECONDS``.
        """
        loop = asyncio.get_running_loop()
        end, seen = loop.time() + _GATHER_SECONDS, 0
        while seen < len(self._waiting) < self._expected and loop.time() < end:
            seen = len(self._waiting)
            self._is_full.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LULL_SECONDS):
                    await self._is_full.wait()
        self._expected = len(self._waiting)

    def _next(self) -> list[tuple[Wish, "asyncio.Future[Response]"]]:
        size = count = 0
        for wish, _ in self._waiting:
            size += len(wish.events)
            if count and size > EVENTS_MAX:
                break
            count += 1
        group, self._waiting = self._waiting[:count], self._waiting[count:]
        return group


def commit_group(context: Context, wishes: Sequence[Wish]) -> list[Outcome]:
    """Each request's answer, or why it has none, in their order. All of them in one transaction, or each in its own."""
    try:
        return _commit(context, wishes)
    except errors.RetryableError as error:
        return [error] * len(wishes)
    except Exception as error:  # noqa: BLE001 - told to the request that caused it, below
        if len(wishes) == 1:
            return [error]
    return [outcome for wish in wishes for outcome in commit_group(context, [wish])]


def _commit(context: Context, wishes: Sequence[Wish]) -> list[Outcome]:
    with context.writing() as tx:
        lock(tx, WRITERS)  # whoever records an answer of these routes holds it, so that no two do so for one key
        now = context.clock()
        known = records.find(tx, [wish.place for wish in wishes])
        fresh = {wish.place: wish for wish in reversed(wishes) if wish.place not in known}
        answers = _take(context, tx, list(fresh.values())[::-1], now)
        kept = [
            records.Record(place, fresh[place].fingerprint, answer.status, answer.body)
            for place, answer in answers.items()
            if answer.problem is None
        ]
        records.keep(tx, kept, now, purge=context.may_purge(now))
    return [_outcome(wish, known.get(wish.place), fresh.get(wish.place), answers) for wish in wishes]


def _take(context: Context, tx: Tx, wishes: Sequence[Wish], now: UnixSeconds) -> dict[records.Place, Answer]:
    """What becomes of all their events, in one call."""
    events = [event for wish in wishes for event in wish.events]
    taken, before, new = take_behind(context, tx, events, now=now) if events else ([], 0, 0)
    shown: New = {}
    if new and any(wish.shows for wish in wishes):
        shown = {(found.event.source, found.event.id): found for found in read_events(tx, before, new)}
    answers: dict[records.Place, Answer] = {}
    at = 0
    for wish in wishes:
        answers[wish.place] = wish.finish(tx, now, taken[at : at + len(wish.events)], shown)
        at += len(wish.events)
    return answers


def _outcome(
    wish: Wish, known: records.Found | None, first: Wish | None, answers: dict[records.Place, Answer]
) -> Outcome:
    try:
        if known is not None:
            return records.replay(known, wish.fingerprint)
        assert first is not None
        answer = answers[wish.place]
        if answer.problem is not None:
            return answer.problem.response(wish.request_id)
        if first is not wish:
            return records.replay_text(answer.status, answer.body, first.fingerprint, wish.fingerprint)
        return Response(answer.body, answer.status, media_type="application/json")
    except Problem as problem:
        return problem
