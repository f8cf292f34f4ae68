"""One Idempotency-Key, one effect
├── given the same request again: the first answer, byte for byte, marked as replayed
├── given the key with another body: 422; on another route or path or by another API key: its own
├── given another spelling of the same JSON: the same request
├── given a refusal: nothing is kept, and the retry is judged anew
├── given twenty at once: one effect, one first answer, nineteen replays
├── given twenty with keys of their own but one business id: one effect, the same answer
├── given a first request that is still running (PostgreSQL): 409, and nothing is done twice
└── given records older than a day: a write removes them, and never a younger one
"""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import httpx2
import pytest
from sqlalchemy import func, select

from loyaltychain.api.tables import idempotency_records
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import reading, transaction
from loyaltychain.db.lock import lock
from tests.api.serving import Served
from tests.api.test_contract import check_problem
from tests.database import ENGINES

AT_ONCE = 20


def redemption(**changes: Any) -> dict[str, Any]:
    return {"source": "shop", "id": "R-1", "member": "ann", "points": 40} | changes


def balance(api: Served) -> int:
    return int(api.get("/v1/members/ann/balance").json()["available"])


def test_same_request__again__is_replayed(api: Served) -> None:
    api.give("ann", 100)

    first = api.post("/v1/redemptions", redemption(), key="k")
    api.clock.now = UnixSeconds(api.clock.now + 3600)
    again = api.post("/v1/redemptions", redemption(), key="k")

    assert (first.status_code, again.status_code, again.content) == (201, 201, first.content)
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert balance(api) == 60


def test_other_body__is_422__other_route_or_api_key__is_its_own_call(api: Served) -> None:
    api.give("ann", 100)
    api.post("/v1/redemptions", redemption(), key="k")

    check_problem(api.post("/v1/redemptions", redemption(points=41), key="k"), 422, "idempotency-key-reused")
    assert api.post("/v1/holds", redemption(id="H-1"), key="k").status_code == 201
    with api.with_key(api.new_key("shop")) as other:
        answer = other.post("/v1/redemptions", json=redemption(id="R-2", points=1), headers={"Idempotency-Key": "k"})
    assert (answer.status_code, balance(api)) == (201, 19)


def test_same_key__ids_that_a_url_spells_alike__are_calls_of_their_own(api: Served) -> None:
    api.give("ann", 100)
    for id_ in ("a?1", "a%3F1"):
        body = {"source": "shop", "id": id_, "member": "ann", "points": 10}
        assert api.post("/v1/holds", body).status_code == 201

    answers = [api.post(f"/v1/holds/shop/{quote(id_, safe='')}/release", {}, key="k") for id_ in ("a?1", "a%3F1")]

    assert [answer.json()["id"] for answer in answers] == ["a?1", "a%3F1"]
    assert balance(api) == 100


def test_other_spelling__is_the_same_request(api: Served) -> None:
    api.give("ann", 100)
    body = redemption(reference="süß")
    spelt = [json.dumps(body), json.dumps(dict(reversed(body.items())), indent=3, ensure_ascii=False)]

    headers = {"Idempotency-Key": "k", "Content-Type": "application/json"}
    answers = [api.http.post("/v1/redemptions", content=text.encode(), headers=headers) for text in spelt]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[1].headers["idempotent-replayed"] == "true"


def test_refusal__is_not_kept(api: Served) -> None:
    api.give("ann", 10)
    check_problem(api.post("/v1/redemptions", redemption(), key="k"), 409, "insufficient-balance")
    api.give("ann", 90)

    assert api.post("/v1/redemptions", redemption(), key="k").status_code == 201
    assert balance(api) == 60


def test_business_id__with_a_fresh_key__answers_what_was_recorded_first(api: Served) -> None:
    api.give("ann", 100)
    first = api.post("/v1/redemptions", redemption())
    again = api.post("/v1/redemptions", redemption())

    assert (first.status_code, again.status_code, again.json()) == (201, 200, first.json())
    check_problem(api.post("/v1/redemptions", redemption(points=1)), 409, "idempotency-conflict")
    assert balance(api) == 60


def at_once(api: Served, body: dict[str, Any], keys: list[str]) -> list[httpx2.Response]:
    """All of them at the same time; DatabaseBusy (503) is asked again, as clients do."""

    def ask(key: str) -> httpx2.Response:
        with api.with_key(api.key) as own:
            for _ in range(20):
                answer = own.post("/v1/redemptions", json=body, headers={"Idempotency-Key": key})
                if answer.status_code != 503:
                    return answer
            return answer

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(ask, keys))


def test_twenty_at_once__one_key__have_one_effect(api: Served) -> None:
    api.give("ann", 100)

    answers = at_once(api, redemption(), ["k"] * AT_ONCE)

    assert {(answer.status_code, answer.content) for answer in answers} == {(201, answers[0].content)}
    assert sum("idempotent-replayed" not in answer.headers for answer in answers) == 1
    assert balance(api) == 60


def test_twenty_at_once__own_keys_and_one_id__have_one_effect(api: Served) -> None:
    api.give("ann", 1000)

    answers = at_once(api, redemption(), [f"k{number}" for number in range(AT_ONCE)])

    assert sorted(answer.status_code for answer in answers) == [200] * (AT_ONCE - 1) + [201]
    assert len({answer.content for answer in answers}) == 1
    assert balance(api) == 960


@pytest.mark.parametrize("api", sorted({*ENGINES} - {"sqlite"}), indirect=True)  # SQLite has one writer at a time
def test_first_request__still_running__is_409(api: Served) -> None:
    api.give("ann", 100)
    key_id = api.key.split("_")[2]
    with transaction(api.context.engine) as tx:
        lock(tx, f"api/{key_id}\nPOST /v1/redemptions\nk")

        answer = api.post("/v1/redemptions", redemption(), key="k")

    check_problem(answer, 409, "idempotency-key-in-use")
    assert answer.headers["retry-after"] == "1"
    assert api.post("/v1/redemptions", redemption(), key="k").status_code == 201


def test_records__older_than_a_day__are_removed_by_a_write(api: Served) -> None:
    def kept() -> list[str]:
        with reading(api.context.engine) as tx:
            return sorted(tx.execute(select(idempotency_records.c.key)).scalars())

    api.give("ann", 100)
    api.post("/v1/redemptions", redemption(id="1", points=1), key="old")
    api.clock.now = UnixSeconds(api.clock.now + 86_400)
    api.post("/v1/redemptions", redemption(id="2", points=1), key="young")
    assert {"old", "young"} <= {*kept()}

    api.clock.now = UnixSeconds(api.clock.now + 1)
    api.post("/v1/redemptions", redemption(id="3", points=1), key="new")

    assert kept() == ["new", "young"]
    with reading(api.context.engine) as tx:
        assert tx.execute(select(func.count()).select_from(idempotency_records)).scalar_one() == 2
