"""Redemptions, holds, refunds, adjustments and rewards over HTTP
├── redemptions: points or items, too few points, changed price, out of stock
├── refunds: some, the rest, more than is left; by an id of their own
├── holds: commit in part, commit twice, release, timed out; the balance at each step
├── adjustments and rewards: for a managing key alone; who may owe and who may not
└── a key of another source moves nothing
"""

from typing import Any

import pytest

from loyaltychain.core.calendar import UnixSeconds
from tests.api.serving import Served
from tests.api.test_contract import check_problem

SPENDING = {"source": "shop", "id": "1", "member": "ann"}
GIFT = {"source": "shop", "id": "g1", "member": "ann", "points": 5, "reason": "sorry", "actor": "carla"}


def parts(api: Served) -> tuple[int, int, int, int]:
    """(available, held, spent, debt) of ann."""
    found = api.get("/v1/members/ann/balance").json()
    return found["available"], found["held"], found["spent"], found["debt"]


def put_reward(api: Served, **changes: Any) -> None:
    body = {"name": "A mug", "cost": 30, "stock": 3} | changes
    headers = {"Idempotency-Key": f"put-{body}"}
    assert api.http.put("/v1/rewards/mug", json=body, headers=headers).status_code == 200


def test_redemption__of_points(api: Served) -> None:
    api.give("ann", 100)

    answer = api.post("/v1/redemptions", SPENDING | {"points": 40, "reference": "O-7"})

    assert answer.status_code == 201
    assert answer.json() == {
        "entry": "redeem:shop/1", "member": "ann", "points": 40, "items": [], "refunded": 0, "reference": "O-7",
        "occurred_at": "2026-05-28T20:26:40Z",
    }  # fmt: skip
    assert api.get("/v1/redemptions/shop/1").json() == answer.json()
    assert parts(api) == (60, 0, 40, 0)
    problem = check_problem(
        api.post("/v1/redemptions", SPENDING | {"id": "2", "points": 61}), 409, "insufficient-balance"
    )
    assert problem["facts"]
    check_problem(api.post("/v1/redemptions", SPENDING | {"member": "bob", "points": 1}), 404, "unknown-member")
    check_problem(api.get("/v1/redemptions/shop/none"), 404, "unknown-redemption")


def test_redemption__of_rewards(api: Served) -> None:
    api.give("ann", 200)
    put_reward(api)
    bought = SPENDING | {"items": [{"reward": "mug", "quantity": 2, "cost": 30}]}

    answer = api.post("/v1/redemptions", bought)

    assert (answer.status_code, answer.json()["points"]) == (201, 60)
    assert answer.json()["items"] == [{"reward": "mug", "quantity": 2, "cost": 30}]
    assert api.get("/v1/rewards").json()["rewards"][0]["stock"] == 1
    check_problem(api.post("/v1/redemptions", bought | {"id": "2"}), 409, "out-of-stock")
    put_reward(api, cost=31)
    one = bought | {"id": "3", "items": [{"reward": "mug", "cost": 30}]}
    problem = check_problem(api.post("/v1/redemptions", one), 409, "price-changed")
    assert (problem["facts"]["quoted"], problem["facts"]["cost"]) == (30, 31)
    check_problem(api.post("/v1/redemptions", one | {"items": [{"reward": "hat"}]}), 404, "unknown-reward")
    assert parts(api) == (140, 0, 60, 0)


def test_refund__in_parts(api: Served) -> None:
    api.give("ann", 100)
    api.post("/v1/redemptions", SPENDING | {"points": 40})
    refund = {"source": "shop", "id": "f1", "points": 15, "reason": "one of two"}

    first = api.post("/v1/redemptions/shop/1/refund", refund)
    again = api.post("/v1/redemptions/shop/1/refund", refund)
    check_problem(api.post("/v1/redemptions/shop/1/refund", refund | {"id": "f2", "points": 26}), 409, "return-refused")
    rest = api.post("/v1/redemptions/shop/1/refund", {"source": "shop", "id": "f2", "reason": "the other"})

    assert (first.status_code, again.status_code, again.json()) == (201, 200, first.json())
    assert (first.json()["points"], first.json()["redemption"], rest.json()["points"]) == (15, "redeem:shop/1", 25)
    assert api.get("/v1/redemptions/shop/1").json()["refunded"] == 40
    assert parts(api) == (100, 0, 0, 0)
    check_problem(api.post("/v1/redemptions/shop/9/refund", refund | {"id": "f3"}), 404, "unknown-redemption")


def test_hold__committed_in_part(api: Served) -> None:
    api.give("ann", 100)
    hold = api.post("/v1/holds", SPENDING | {"points": 40, "seconds": 60})
    assert (hold.status_code, hold.json()["state"], hold.json()["until"]) == (201, "open", "2026-05-28T20:27:40Z")
    assert parts(api) == (60, 40, 0, 0)

    done = api.post("/v1/holds/shop/1/commit", {"points": 25})

    assert (done.status_code, done.json()["points"], done.json()["entry"]) == (200, 25, "commit:shop/1")
    assert parts(api) == (75, 0, 25, 0)
    assert api.post("/v1/holds/shop/1/commit", {"points": 25}).json() == done.json()
    assert api.get("/v1/redemptions/shop/1").json() == done.json()
    assert api.get("/v1/holds/shop/1").json()["state"] == "commit"
    check_problem(api.post("/v1/holds/shop/1/release", {}), 409, "hold-ended")
    check_problem(api.post("/v1/holds/shop/none/commit", {}), 404, "unknown-hold")
    check_problem(api.get("/v1/holds/shop/none"), 404, "unknown-hold")


def test_hold__released(api: Served) -> None:
    api.give("ann", 100)
    api.post("/v1/holds", SPENDING | {"points": 40})

    done = api.post("/v1/holds/shop/1/release", {})

    assert (done.status_code, done.json()["state"]) == (200, "release")
    assert api.post("/v1/holds/shop/1/release", {}).json() == done.json()
    assert parts(api) == (100, 0, 0, 0)
    check_problem(api.post("/v1/holds/shop/1/commit", {}), 409, "hold-ended")


def test_hold__timed_out(api: Served) -> None:
    api.give("ann", 100)
    api.post("/v1/holds", SPENDING | {"points": 40, "seconds": 60})
    api.clock.now = UnixSeconds(api.clock.now + 60)

    problem = check_problem(api.post("/v1/holds/shop/1/commit", {}), 409, "hold-ended")

    assert problem["facts"]["end"] == "time-out"
    assert parts(api) == (100, 0, 0, 0)


def test_adjustment__and_reward__need_a_managing_key(api: Served) -> None:
    api.give("ann", 10)
    with api.with_key(api.new_key("shop")) as till:
        headers = {"Idempotency-Key": "k"}
        check_problem(till.post("/v1/adjustments", json=GIFT, headers=headers), 403, "forbidden")
        check_problem(till.put("/v1/rewards/mug", json={"name": "M", "cost": 1}, headers=headers), 403, "forbidden")

    assert api.post("/v1/adjustments", GIFT).status_code == 201
    assert api.post("/v1/adjustments", GIFT).status_code == 200
    take = GIFT | {"id": "g2", "points": -20}
    check_problem(api.post("/v1/adjustments", take), 409, "insufficient-balance")
    assert api.post("/v1/adjustments", take | {"may_owe": True}).status_code == 201
    assert parts(api) == (0, 0, 0, 5)
    check_problem(api.post("/v1/adjustments", GIFT | {"id": "g3", "actor": "ann"}), 422, "invalid-request")
    found = api.get("/v1/members/ann/entries").json()["entries"]
    [entry] = [each for each in found if each["id"] == "adjust:shop/g2"]
    assert (entry["changes"], entry["details"]["actor"]) == ({"available": -15, "debt": 5}, "carla")


@pytest.mark.parametrize(
    ("path", "body"),
    [("/v1/redemptions", SPENDING | {"points": 1}), ("/v1/holds", SPENDING | {"points": 1}),
     ("/v1/holds/shop/1/commit", {}), ("/v1/holds/shop/1/release", {}),
     ("/v1/redemptions/shop/1/refund", {"source": "bank", "id": "f", "reason": "r"})],
)  # fmt: skip
def test_foreign_source__moves_nothing(shared: Served, path: str, body: dict[str, Any]) -> None:
    before = shared.get("/v1/members/ann/balance").json()
    with shared.with_key(shared.new_key("bank", manages=True)) as bank:
        check_problem(bank.post(path, json=body, headers={"Idempotency-Key": "k"}), 403, "forbidden")

    after = shared.get("/v1/members/ann/balance").json()
    assert {**after, "as_of": ""} == {**before, "as_of": ""}


def test_entries__are_paged_newest_first(api: Served) -> None:
    for number in range(5):
        api.clock.now = UnixSeconds(api.clock.now + number // 2)  # some in the same second
        body = GIFT | {"id": f"p{number}", "points": number + 1}
        api.give("ann", 1) if not number else None
        assert api.post("/v1/adjustments", body).status_code == 201
    everything = api.get("/v1/members/ann/entries").json()["entries"]

    found, cursor = [], None
    while True:
        page = api.get("/v1/members/ann/entries", limit=2, **({"cursor": cursor} if cursor else {})).json()
        found += page["entries"]
        assert page["has_more"] == (page["next_cursor"] is not None)
        if not page["has_more"]:
            break
        cursor = page["next_cursor"]

    assert (found, len(found)) == (everything, 6)
    times = [entry["recorded_at"] for entry in found]
    assert times == sorted(times, reverse=True)
