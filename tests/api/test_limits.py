"""Rates that all processes share
├── given any course of takings by any processes: no more than the bucket, what has filled, and a slice a process
├── given a clock that is set back: nothing is lost, and nobody is locked out
├── given two server processes: together no more than that, by counting what they answered
├── given the limit of a member: redemptions and holds of one, not of another; of a key: of that key
├── a refusal says when to come again, in headers too
├── within a slice no request writes
└── a bucket that nobody asks for is removed
"""

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, event, func, select

from loyaltychain.api.limits import Limiter, Rate, take_slice
from loyaltychain.api.problems import Problem
from loyaltychain.api.tables import rate_buckets
from loyaltychain.config.api import Api, Limits
from loyaltychain.config.project import Project
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import reading, transaction
from tests.api.processes import serving
from tests.api.serving import PROGRAM, Clock, Served, database_for_threads, served_project
from tests.api.test_contract import check_problem
from tests.api.test_process import new_key
from tests.database import ENGINES
from tests.e2e.processes import Commands
from tests.projects import NOW, new_project

RATES = st.builds(Rate, st.just("b"), st.just("key"), st.integers(1, 200), st.sampled_from([1, 60]))


def processes(engine: Engine, clock: Clock, count: int) -> list[Limiter]:
    return [Limiter(lambda: transaction(engine), clock) for _ in range(count)]


async def admits(limiter: Limiter, rate: Rate) -> bool:
    try:
        await limiter.admit([rate])
    except Problem as problem:
        return problem.status != 429
    return True


@given(
    RATES,
    st.lists(
        st.tuples(st.integers(0, 2), st.integers(1, 40), st.sampled_from([0, 0, 1, 3, 61])), min_size=1, max_size=12
    ),
)
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_course__never_above_the_bound(database: Engine, rate: Rate, course: list[tuple[int, int, int]]) -> None:
    clock = Clock()
    with transaction(database) as tx:
        tx.execute(rate_buckets.delete())
    limiters = processes(database, clock, 3)

    async def run() -> None:
        admitted: list[int] = []
        for process, requests, pause in course:
            clock.now = UnixSeconds(clock.now + pause)
            admitted += [clock.now for _ in range(requests) if await admits(limiters[process], rate)]
            for start in {*admitted}:
                inside = sum(start <= at for at in admitted)
                bound = rate.count + rate.count * (clock.now - start) / rate.seconds + 3 * rate.slice
                assert inside <= bound, (start, inside, bound)

    asyncio.run(run())


@given(RATES)
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
def test_one_process__gets_the_whole_bucket_and_what_fills(database: Engine, rate: Rate) -> None:
    clock = Clock()
    with transaction(database) as tx:
        tx.execute(rate_buckets.delete())
    [limiter] = processes(database, clock, 1)

    async def drain() -> int:
        count = 0
        while await admits(limiter, rate):
            count += 1
        return count

    async def run() -> None:
        assert await drain() == rate.count
        clock.now = UnixSeconds(clock.now + rate.seconds)
        assert await drain() == rate.count

    asyncio.run(run())


def test_clock_set_back__locks_nobody_out(database: Engine) -> None:
    clock, rate = Clock(), Rate("b", "key", 16, 1)
    [limiter] = processes(database, clock, 1)

    async def run() -> None:
        assert [await admits(limiter, rate) for _ in range(17)] == [True] * 16 + [False]
        clock.now = UnixSeconds(clock.now - 3600)
        assert not await admits(limiter, rate)
        clock.now = UnixSeconds(clock.now + 3601)
        assert await admits(limiter, rate)

    asyncio.run(run())


def test_within_a_slice__no_request_writes(database: Engine) -> None:
    statements: list[str] = []
    event.listen(database, "before_cursor_execute", lambda *found: statements.append(found[2]))
    [limiter] = processes(database, Clock(), 1)
    rate = Rate("b", "key", 1600, 1)

    async def run() -> None:
        for _ in range(rate.slice):
            assert await admits(limiter, rate)

    asyncio.run(run())
    assert sum(statement.startswith("UPDATE") for statement in statements) == 1


def test_bucket__that_nobody_asks_for__is_removed(database: Engine) -> None:
    with transaction(database) as tx:
        take_slice(tx, Rate("old", "key", 5, 1), NOW)
        take_slice(tx, Rate("new", "key", 5, 1), UnixSeconds(NOW + 3602))
        assert tx.execute(select(func.count()).select_from(rate_buckets)).scalar_one() == 1


@pytest.fixture(params=ENGINES)
def limited(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Served]:
    """A project with narrow limits."""
    engine = database_for_threads(request.param, tmp_path)
    project = new_project(tmp_path / "project")
    project.program_file.write_text(PROGRAM, encoding="utf-8")
    api = Api(limits=Limits(key_per_second=40, member_per_minute=3, expensive_per_minute=1))
    project = Project(project.home, project.settings.model_copy(update={"api": api}))
    with served_project(project, engine) as one:
        yield one
    engine.dispose()


def test_member__is_limited_in_redemptions_and_holds__another_is_not(limited: Served) -> None:
    for name in ("ann", "bob"):
        limited.give(name, 100)
    spending = {"source": "shop", "member": "ann", "points": 1}
    answers = [limited.post("/v1/redemptions", spending | {"id": f"r{number}"}) for number in range(2)]
    answers += [limited.post("/v1/holds", spending | {"id": f"h{number}"}) for number in range(2)]

    assert [answer.status_code for answer in answers] == [201, 201, 201, 429]
    problem = check_problem(answers[-1], 429, "rate-limited")
    assert problem["facts"] == {"limit": "member", "count": 3, "seconds": 60}
    assert answers[-1].headers["retry-after"] == "20"
    assert answers[-1].headers["ratelimit-policy"] == '"member";q=3;w=60'
    assert answers[-1].headers["ratelimit"] == '"member";r=0;t=20'
    assert limited.post("/v1/redemptions", spending | {"id": "b", "member": "bob"}).status_code == 201
    assert limited.get("/v1/members/ann/balance").json()["available"] == 97
    limited.clock.now = UnixSeconds(limited.clock.now + 20)
    assert limited.post("/v1/redemptions", spending | {"id": "later"}).status_code == 201
    with reading(limited.context.engine) as tx:
        names = json.dumps(list(tx.execute(select(rate_buckets.c.name)).scalars()))
    assert "ann" not in names and "bob" not in names


def test_key__is_limited__another_is_not(limited: Served) -> None:
    other = limited.new_key("shop")
    statuses = [limited.get("/v1/rewards").status_code for _ in range(42)]

    assert statuses == [200] * 40 + [429] * 2
    with limited.with_key(other) as another:
        assert another.get("/v1/rewards").status_code == 200
    assert limited.http.get("/healthz").status_code == 200


def test_expensive_routes__have_a_rate_of_their_own(limited: Served) -> None:
    statuses = [limited.get("/v1/reports/none").status_code for _ in range(2)]

    assert statuses == [404, 429]
    assert limited.get("/v1/rewards").status_code == 200


@pytest.mark.parametrize("engine_name", ENGINES)
def test_two_server_processes__together_keep_the_bound(tmp_path: Path, engine_name: str) -> None:
    project = Commands(new_project(tmp_path / "shop").home)
    if engine_name == "postgresql":
        from tests.api.test_process import use_postgresql

        use_postgresql(project)
    text = (project.home / "loyaltychain.toml").read_text(encoding="utf-8")
    project.write("loyaltychain.toml", text + "\n[api.limits]\nkey_per_second = 20\n")
    key = new_key(project)
    with ExitStack() as stack:
        urls = [stack.enter_context(serving(project))[1] for _ in range(2)]
        clients = [
            stack.enter_context(httpx2.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=30))
            for url in urls
        ]
        started, statuses = time.monotonic(), []
        for _ in range(150):
            statuses += [client.get("/v1/rewards").status_code for client in clients]
        seconds = time.monotonic() - started

    rate = Rate("b", "key", 20, 1)
    # The clock counts whole seconds: one more may have begun.
    assert 20 <= statuses.count(200) <= rate.count + rate.count * (seconds + 1) + 2 * rate.slice
    assert {*statuses} <= {200, 429}
