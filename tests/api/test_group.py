"""Events of many requests in one transaction
├── given many at once: fewer transactions than requests, and each has its own result and its own record
├── given one that the database refuses: it alone fails
├── given two with one Idempotency-Key in one group: one effect; for another body: 422
├── given one event told twice in one group, or with other content: known, or a conflict
├── an event's answer is what GET says of it, whichever way it came
├── given a client that goes away: what was committed stays, and the retry is told so
└── given kill -9 amid fifty writes under one key: effect and record, or neither; the retry gets the one answer
"""

import asyncio
import json
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import DDL, Engine, func, select

from loyaltychain.api.group import Answer, Group, Wish, commit_group
from loyaltychain.api.intake import Taken
from loyaltychain.api.problems import Problem
from loyaltychain.api.records import Place
from loyaltychain.api.tables import idempotency_records
from loyaltychain.db.engine import reading, transaction
from loyaltychain.events.tables import events
from loyaltychain.events.types import Event
from tests.api.processes import serving
from tests.api.serving import AT, Served, event
from tests.api.test_contract import check_problem
from tests.api.test_process import ask, new_key, use_postgresql
from tests.database import ENGINES
from tests.e2e.processes import Commands
from tests.projects import NOW, new_project

_numbers = count(1)


def hello(id_: str, **changes: Any) -> dict[str, Any]:
    return event(type="hello", payload={}, id=id_, **changes)


def wish(key_id: str, *ids: str, key: str | None = None, fingerprint: str = "f", member: str = "ann") -> Wish:
    def finish(tx: Any, now: int, taken: Any, new: Any) -> Answer:
        fates = ["known" if fate.is_known else "refused" if fate.problem else "new" for fate in taken]
        return Answer(202, json.dumps(fates))

    told = [Event("shop", id_, "hello", member, NOW, {}) for id_ in ids]
    place = Place(key_id, "POST /v1/events", key or f"k{next(_numbers)}")
    return Wish(place, fingerprint, "req", told, finish, shows=False)


def key_of(api: Served) -> str:
    return api.key.split("_")[2]


def told(outcome: Any) -> Any:
    return json.loads(outcome.body) if not isinstance(outcome, Exception) else outcome


def rows(api: Served, table: Any) -> int:
    with reading(api.context.engine) as tx:
        return int(tx.execute(select(func.count()).select_from(table)).scalar_one())


def test_many_at_once__are_committed_together__each_with_its_result(api: Served) -> None:
    sizes: list[int] = []

    async def run() -> list[Any]:
        group = Group(api.context, sizes.append)
        return await asyncio.gather(*(group.commit(wish(key_of(api), f"e{number}")) for number in range(60)))

    outcomes = asyncio.run(run())

    assert [told(outcome) for outcome in outcomes] == [["new"]] * 60
    assert sum(sizes) == 60 and len(sizes) < 10
    assert (rows(api, events), rows(api, idempotency_records)) == (60, 60)


def test_group__is_of_at_most_a_thousand_events(api: Served) -> None:
    sizes: list[int] = []

    async def run() -> None:
        group = Group(api.context, sizes.append)
        many = [wish(key_of(api), *(f"{part}-{number}" for number in range(600))) for part in range(3)]
        await asyncio.gather(*(group.commit(each) for each in many))

    asyncio.run(run())
    assert sizes == [1, 1, 1]


def refuse(engine: Engine, source_id: str) -> None:
    """Let the database refuse one event, for a reason that no check of ours knows."""
    condition = f"NEW.id = '{source_id}'"
    with transaction(engine) as tx:
        if engine.dialect.name == "sqlite":
            tx.execute(DDL(f"CREATE TRIGGER poison BEFORE INSERT ON events WHEN {condition} "
                           "BEGIN SELECT RAISE(ABORT, 'poison'); END"))  # fmt: skip
            return
        tx.execute(DDL(f"CREATE TRIGGER poison BEFORE INSERT ON events FOR EACH ROW WHEN ({condition}) "
                       "EXECUTE FUNCTION refuse_change()"))  # fmt: skip


def test_poisoned_one__stops_no_other(api: Served) -> None:
    refuse(api.context.engine, "bad")

    outcomes = commit_group(api.context, [wish(key_of(api), id_) for id_ in ("a", "bad", "b")])

    assert [told(outcomes[0]), told(outcomes[2])] == [["new"], ["new"]]
    assert isinstance(outcomes[1], Exception)
    assert (rows(api, events), rows(api, idempotency_records)) == (2, 2)


def test_one_idempotency_key_in_a_group__has_one_effect(api: Served) -> None:
    key_id = key_of(api)
    same = [wish(key_id, "x", key="k"), wish(key_id, "x", key="k"), wish(key_id, "y", key="k", fingerprint="other")]

    first, second, other = commit_group(api.context, same)

    assert [told(first), told(second)] == [["new"], ["new"]]
    assert [outcome.headers.get("idempotent-replayed") for outcome in (first, second)] == [None, "true"]  # type: ignore[union-attr]
    assert isinstance(other, Problem) and other.code == "idempotency-key-reused"
    assert (rows(api, events), rows(api, idempotency_records)) == (1, 1)


def test_one_event_in_a_group__is_new_then_known_then_a_conflict(api: Served) -> None:
    key_id = key_of(api)

    outcomes = commit_group(api.context, [wish(key_id, "x"), wish(key_id, "x", "z"), wish(key_id, "x", member="bob")])

    assert [told(outcome) for outcome in outcomes] == [["new"], ["known", "new"], ["refused"]]
    assert Taken().problem is None


@pytest.mark.parametrize("parameters", [{}, {"silent": "false"}])
def test_answer__is_what_get_says(api: Served, parameters: dict[str, str]) -> None:
    """Without routing, and by the route."""
    for body in (event(), event(id="S-2", member="zoë"),
                 hello("S 3/ü", occurred_at="2026-05-28T11:00:00.9+01:00")):  # fmt: skip
        headers = {"Idempotency-Key": f"k{next(_numbers)}"}
        answer = api.http.post("/v1/events", json=body, params=parameters, headers=headers)
        assert answer.status_code == 202
        assert answer.json()["status"] == "accepted"
        assert answer.json()["event"] == api.get(f"/v1/events/shop/{body['id']}").json()
        assert answer.headers["cache-control"] == "no-store" and answer.headers["request-id"].startswith("req_")


def test_both_ways__refuse_alike(api: Served) -> None:
    foreign = api.new_key("till")
    for body in (event(source="pub"), event(payload={}), event(id=""), event(fly=1), {}, event(payload={"x": 2**60})):
        for key in (api.key, foreign):
            with api.with_key(key) as http:
                answers = [
                    http.post("/v1/events", json=body, params=params, headers={"Idempotency-Key": "k"})
                    for params in ({}, {"silent": "false"})
                ]
            documents = [answer.json() | {"request_id": ""} for answer in answers]
            assert documents[0] == documents[1]
            assert answers[0].status_code in (403, 422)


def test_client_that_goes_away__changes_nothing(api: Served) -> None:
    at = httpx2.URL(api.url)
    body = json.dumps(hello("gone")).encode()
    head = (f"POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {api.key}\r\nIdempotency-Key: gone\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n")  # fmt: skip
    for _ in range(5):
        with socket.create_connection((at.host, at.port or 0), timeout=30) as connection:
            connection.sendall(head.encode() + body)
    half = socket.create_connection((at.host, at.port or 0), timeout=30)
    half.sendall(head.encode() + body[:10])
    half.close()

    answer = api.post("/v1/events", hello("gone"), key="gone")

    assert answer.status_code == 202
    assert (rows(api, events), rows(api, idempotency_records)) == (1, 1)


def test_many_clients__one_key_each__all_are_answered(api: Served) -> None:
    def tell(number: int) -> tuple[int, int]:
        with api.with_key(api.key) as http:
            answer = http.post("/v1/events", json=hello(f"m{number}"), headers={"Idempotency-Key": f"m{number}"})
            return answer.status_code, answer.json()["event"]["position"]

    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(tell, range(64)))

    assert {status for status, _ in found} == {202}
    assert sorted(position for _, position in found) == list(range(1, 65))


def test_problem_of_one__is_not_kept(api: Served) -> None:
    api.post("/v1/events", hello("c"))
    check_problem(api.post("/v1/events", hello("c", member="bob"), key="k"), 409, "idempotency-conflict")
    assert api.post("/v1/events", hello("d"), key="k").status_code == 202


@pytest.mark.parametrize("engine_name", ENGINES)
def test_kill_9__amid_fifty_writes_under_one_key__leaves_one_effect(tmp_path: Path, engine_name: str) -> None:
    project = Commands(new_project(tmp_path / "shop").home)
    if engine_name == "postgresql":
        use_postgresql(project)
    key = new_key(project)
    body = hello("once", occurred_at=AT)
    answered: list[httpx2.Response] = []
    begun = threading.Semaphore(0)

    def keep_asking(url: str) -> None:
        with ask(url, key) as http:
            while True:
                begun.release()
                try:
                    answered.append(http.post("/v1/events", json=body))
                except httpx2.TransportError:
                    return

    with serving(project) as (process, url):
        threads = [threading.Thread(target=keep_asking, args=(url,)) for _ in range(50)]
        for thread in threads:
            thread.start()
        for _ in range(80):
            begun.acquire()
        process.kill()
        for thread in threads:
            thread.join()
    with serving(project) as (_, url), ask(url, key) as http:
        last = http.post("/v1/events", json=body)
        found = http.get("/v1/events/shop/once")

    assert {answer.status_code for answer in answered} <= {202}
    assert {answer.content for answer in answered} <= {last.content}
    assert last.status_code == 202
    assert not answered or last.headers["idempotent-replayed"] == "true"
    assert found.json()["position"] == 1
