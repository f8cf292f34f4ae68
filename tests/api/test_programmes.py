"""Several programmes in one process: a key opens the one whose database holds it, and nothing of another
├── given every route of the contract with another programme's ids: 404, exactly as for ids that nobody has
├── given the same ids in both: each programme has its own
├── given one Idempotency-Key in both: two calls
└── given a database that was copied: its keys open nothing
"""

import json
import re
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from sqlalchemy import insert, select

from loyaltychain.api.tables import api_keys
from loyaltychain.db.engine import reading, transaction
from tests.api.serving import Served, database_for_threads, event, side_by_side
from tests.database import ENGINES

_numbers = count(1)
HIS = {
    "source": "shop", "event_id": "HIS-1", "member_id": "his-member", "redemption_id": "HIS-R", "hold_id": "HIS-H",
    "reward_id": "his-mug", "order_id": "HIS-1", "batch": "1", "index": "0",
}  # fmt: skip
#: What nobody has, spelt so that nothing else differs.
NOBODYS = {name: value.replace("HIS", "NON").replace("his", "non") for name, value in HIS.items()}
#: What one programme has anyway and what makes a thing instead of looking for one.
MAKES = re.compile(r"^(PUT /v1/(rewards|orders)/|GET /v1/rewards$)")


@pytest.fixture(scope="module", params=ENGINES)
def both(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, Served]]:
    homes = [tmp_path_factory.mktemp(name) for name in ("hers", "his")]
    engines = [database_for_threads(request.param, home) for home in homes]
    with side_by_side([home / "project" for home in homes], engines) as (hers, his):
        fill(his)
        yield hers, his
    for engine in engines:
        engine.dispose()


def fill(his: Served) -> None:
    """Everything that a path can name, in his programme."""
    his.give("his-member", 500)
    reward = {"name": "A mug", "cost": 5}
    assert his.http.put("/v1/rewards/his-mug", json=reward, headers={"Idempotency-Key": "r"}).is_success
    for path, body in (
        ("/v1/events", event(id="HIS-1", member="his-member")),
        ("/v1/redemptions", {"source": "shop", "id": "HIS-R", "member": "his-member", "points": 5}),
        ("/v1/holds", {"source": "shop", "id": "HIS-H", "member": "his-member", "points": 5}),
    ):
        answer = his.post(path, body)
        assert answer.is_success, answer.text
    his.work()


def routes(api: Served) -> list[tuple[str, str]]:
    paths: dict[str, Any] = api.http.get("/openapi.json").json()["paths"]
    return [
        (method.upper(), path)
        for path, methods in paths.items()
        for method in methods
        if "{" in path and not MAKES.match(f"{method.upper()} {path}")
    ]


def bodies(ids: dict[str, str]) -> list[dict[str, Any]]:
    """Bodies that some route takes, naming what the ids name."""
    spending = {"source": "shop", "id": f"s-{next(_numbers)}", "member": ids["member_id"], "points": 1}
    return [{}, {"reason": "r", "actor": "a"}, spending, spending | {"reason": "r", "actor": "a"}]


def ask(api: Served, method: str, path: str, ids: dict[str, str]) -> list[tuple[int, str]]:
    """Status and answer, without what is of the request alone, for each body."""
    for name, value in ids.items():
        path = path.replace(f"{{{name}}}", value)
    path = re.sub(r"\{[a-z_]+\}", ids["event_id"], path)
    told = []
    for body in bodies(ids) if method in ("POST", "PUT", "PATCH") else [None]:
        headers = {"Idempotency-Key": f"k-{next(_numbers)}"}
        answer = api.http.request(method, path, json=body, headers=headers)
        text = re.sub(r"req_[0-9a-f]+", "", answer.text)
        for mine, name in ((value, key) for key, value in ids.items()):
            text = text.replace(mine, name)
        told.append((answer.status_code, re.sub(r"s-[0-9]+", "", text)))
    return told


def test_every_route__with_his_ids__is_as_if_there_were_nothing(both: tuple[Served, Served]) -> None:
    hers, his = both
    found = routes(hers)
    assert len(found) >= 15
    for method, path in found:
        with_his, with_nobodys = ask(hers, method, path, HIS), ask(hers, method, path, NOBODYS)
        assert with_his == with_nobodys, (method, path)
        assert all(status in (404, 409, 422, 403) for status, _ in with_his), (method, path, with_his)
    assert his.get("/v1/members/his-member/balance").status_code == 200


def test_bodies__that_name_his_member__find_nobody(both: tuple[Served, Served]) -> None:
    hers, his = both
    before = his.get("/v1/members/his-member/balance").json()
    spending = {"source": "shop", "id": "x", "member": "his-member", "points": 1}
    for path, body in (
        ("/v1/redemptions", spending), ("/v1/holds", spending),
        ("/v1/adjustments", spending | {"reason": "r", "actor": "a"}),
    ):  # fmt: skip
        answer = hers.post(path, body)
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown-member"), path
    assert his.get("/v1/members/his-member/balance").json() == before


def test_lists__hold_nothing_of_his(both: tuple[Served, Served]) -> None:
    hers, _ = both
    for method, path in [
        (m.upper(), p) for p, ms in hers.http.get("/openapi.json").json()["paths"].items() for m in ms
    ]:
        if method == "GET" and "{" not in path and path.startswith("/v1"):
            text = hers.http.get(path).text
            assert not [value for value in HIS.values() if value.lower().startswith("his") and value in text], path


def test_same_ids_and_one_idempotency_key__are_two_things(both: tuple[Served, Served]) -> None:
    hers, his = both
    answers = [api.post("/v1/events", event(id="SAME", member="ann"), key="one") for api in (hers, his)]

    assert [answer.status_code for answer in answers] == [202, 202]
    assert all("idempotent-replayed" not in answer.headers for answer in answers)
    positions = [answer.json()["event"]["position"] for answer in answers]
    assert positions[1] > positions[0] == 1


def test_key_in_two_databases__opens_neither(both: tuple[Served, Served]) -> None:
    hers, his = both
    text = his.new_key("shop")
    with reading(his.context.engine) as tx:
        row = tx.execute(select(api_keys).where(api_keys.c.id == text.split("_")[2])).one()
    with transaction(hers.context.engine) as tx:
        tx.execute(insert(api_keys), [dict(row._mapping)])

    with hers.with_key(text) as copied:
        answer = copied.get("/v1/rewards")
    assert answer.status_code == 401, json.dumps(answer.json())
