"""Orders as a resource
├── given a full order: created; the same again unchanged, before and after the decision; other content an edit
│   ├── given content that was told before the last: an edit again, since it is not how things stand
│   ├── given an edit that the worker refuses: the next telling of it is judged anew
│   └── given another source: the same order is known to it, other content is a conflict
├── given an order that was told as an event: it is known
├── given another currency with its rate: told as it was paid, counted in the programme's; the same again unchanged
├── GET: lines, what came back of each, awards by line and rule, the state at every time
├── a return: by line or by article; more than bought, too late, unknown lines are refused and leave nothing
│   ├── given the same return again: known, whatever is left by then
│   └── given its order still waits: taken
├── cancel, then reopen: the points are again what they were, and what is not undone is listed
│   ├── given returns before the cancellation: they stay back
│   └── given an order that was not cancelled: refused
└── given no order of this id: 404; a programme without orders: 422
"""

from itertools import count
from pathlib import Path
from typing import Any

import pytest

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.events.tables import events
from tests.api.serving import AT, Served, database_for_threads, event, served
from tests.api.test_contract import check_problem
from tests.api.test_events import count_rows
from tests.database import ENGINES

PROGRAM = """
name: Corner shop
version: 1
timezone: Europe/London
currency: GBP
rules:
  - {id: spend, kind: points_per_currency_unit, event: order, points: 1, per: "1.00"}
  - {id: big, kind: bonus_from_amount, event: order, points: 100, from: "50.00"}
redemption: {event: redemption}
orders:
  {event: order, returns: return, cancellations: cancellation, edits: order_edit, match: "none", return_within_days: 30}
"""
_numbers = count(1)
LINES = [
    {"line": "1", "item": "teapot", "quantity": 1, "amount": 4200},
    {"line": "2", "item": "cup", "quantity": 6, "amount": 1830},
]


def order(**changes: Any) -> dict[str, Any]:
    return {"member": "ann", "occurred_at": AT, "currency": "GBP", "lines": LINES} | changes


def put(api: Served, body: dict[str, Any], path: str = "/v1/orders/shop/S-1", **parameters: Any) -> Any:
    headers = {} if "dry" in parameters else {"Idempotency-Key": f"put-{next(_numbers)}"}
    return api.http.put(path, json=body, headers=headers, params=parameters)


def step(api: Served, what: str, body: dict[str, Any], order_id: str = "S-1", **parameters: Any) -> Any:
    headers = {} if "dry" in parameters else {"Idempotency-Key": f"step-{next(_numbers)}"}
    return api.http.post(f"/v1/orders/shop/{order_id}/{what}", json=body, headers=headers, params=parameters)


def come_back(id_: str, *lines: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"source": "shop", "id": id_, "lines": list(lines), "reason": "broken"} | more


def shown(api: Served, order_id: str = "S-1") -> dict[str, Any]:
    answer = api.get(f"/v1/orders/shop/{order_id}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def available(api: Served) -> int:
    return int(api.get("/v1/members/ann/balance").json()["available"])


@pytest.fixture(params=ENGINES)
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    engine = database_for_threads(request.param, tmp_path)
    with served(tmp_path / "project", engine) as one:
        one.context.project.program_file.write_text(PROGRAM, encoding="utf-8")
        yield one
    engine.dispose()


def test_order__created_then_unchanged_then_edited(shop: Served) -> None:
    first, again = put(shop, order()), put(shop, order())
    assert (first.status_code, first.json()["status"]) == (202, "created")
    assert (again.status_code, again.json()["status"]) == (202, "unchanged")
    assert (first.json()["order"]["decided"], first.json()["order"]["points"]) == (False, 0)
    shop.work()
    later = put(shop, order())
    assert (later.status_code, later.json()["status"], later.json()["event"]["id"]) == (200, "unchanged", "S-1")
    assert available(shop) == 160

    edited = put(shop, order(lines=[LINES[0] | {"amount": 4000}]))
    assert (edited.json()["status"], edited.json()["event"]["id"], edited.json()["event"]["type"]) == (
        "changed", "S-1@2", "order_edit")  # fmt: skip
    shop.work()
    assert available(shop) == 40
    back = put(shop, order())
    assert (back.json()["status"], back.json()["event"]["id"]) == ("changed", "S-1@3")
    shop.work()
    assert available(shop) == 160
    assert count_rows(shop, events) == 3


def test_order__edit_that_is_refused__is_judged_anew(shop: Served) -> None:
    put(shop, order())
    shop.work()
    step(shop, "returns", come_back("R-1", {"line": "2", "quantity": 2}))
    shop.work()
    fewer = order(lines=[LINES[0], LINES[1] | {"quantity": 1, "amount": 305}])

    put(shop, fewer)
    shop.work()
    refused = shop.get("/v1/events/shop/S-1@2").json()["outcome"]
    again = put(shop, fewer)

    assert (refused["status"], refused["explanation"]["reason"]) == ("refused", "returned-already")
    assert (again.json()["status"], again.json()["event"]["id"]) == ("changed", "S-1@3")
    assert put(shop, order()).json()["status"] == "changed"  # the refused one still waits, and it differs


def test_order__from_another_source__is_the_same_or_a_conflict(shop: Served) -> None:
    put(shop, order())
    for _ in range(2):
        assert put(shop, order(), "/v1/orders/till/S-1").json()["status"] == "unchanged"
        other = put(shop, order(lines=LINES[:1]), "/v1/orders/till/S-1")
        check_problem(other, 409, "order-conflict")
        shop.work()
    assert count_rows(shop, events) == 1
    bank = shop.http.put("/v1/orders/bank/S-1", json=order(), headers={"Idempotency-Key": "k"})
    check_problem(bank, 403, "forbidden")


def test_order__told_as_an_event__is_known(shop: Served) -> None:
    payload = {"currency": "GBP", "lines": LINES}
    shop.post("/v1/events", event(payload=payload))
    shop.post("/v1/events", event(id="X-9", payload=payload | {"order": "S-9"}))

    assert put(shop, order()).json()["status"] == "unchanged"
    shop.work()
    assert put(shop, order(), "/v1/orders/shop/S-9").json()["status"] == "unchanged"
    changed = put(shop, order(lines=LINES[:1]), "/v1/orders/shop/S-9").json()
    assert (changed["status"], changed["event"]["id"]) == ("changed", "S-9@1")
    shop.post("/v1/events", event(id="hello", type="hello", payload={}))
    check_problem(put(shop, order(), "/v1/orders/shop/hello"), 409, "idempotency-conflict")


def test_order__in_another_currency__is_compared_as_it_was_told(shop: Served) -> None:
    text = PROGRAM + "currencies: {accept: exchange}\n"
    shop.context.project.program_file.write_text(text, encoding="utf-8")
    rate = {"rate": "0.8571", "source": "ECB", "as_of": AT}
    told = order(currency="EUR", exchange=rate)

    assert put(shop, told).json()["status"] == "created"
    shop.work()
    found = shown(shop)
    assert (found["currency"], found["counted_in"], found["lines"][0]["amount"]) == ("EUR", "GBP", 3599)
    assert put(shop, told).json()["status"] == "unchanged"
    assert put(shop, told | {"lines": LINES[:1]}).json()["status"] == "changed"
    shop.work()
    assert shown(shop)["points"] == 35


def test_order__shows_lines_awards_and_state(shop: Served) -> None:
    put(shop, order())
    assert (shown(shop)["state"], shown(shop)["decided"]) == ("open", False)
    shop.work()
    found = shown(shop)
    assert (found["state"], found["decided"], found["points"], found["source"]) == ("open", True, 160, "shop")
    assert [(line["awarded"], line["points"], line["rules"]) for line in found["lines"]] == [
        (42, 42, [{"rule": "spend", "points": 42}]), (18, 18, [{"rule": "spend", "points": 18}])]  # fmt: skip
    assert found["bonuses"] == [{"rule": "big", "threshold": 5000, "points": 100, "stands": True}]
    assert [rule["rule"] for rule in found["rules"]] == ["spend", "big"]

    step(shop, "returns", come_back("R-1", {"line": "2", "quantity": 4}))
    shop.work()
    found = shown(shop)
    assert (found["state"], found["points"], available(shop)) == ("partially_returned", 48, 48)
    assert [(line["returned"], line["kept"], line["points"]) for line in found["lines"]] == [(0, 1, 42), (4, 2, 6)]
    assert found["bonuses"][0]["stands"] is False
    assert found["returns"] == [{
        "source": "shop", "id": "R-1", "kind": "return", "line": "2", "quantity": 4, "applied": True,
        "occurred_at": found["returns"][0]["occurred_at"]}]  # fmt: skip
    shop.clock.now = UnixSeconds(shop.clock.now + 31 * 86_400)
    assert shown(shop)["state"] == "closed"


def test_return__refused__with_its_reason__and_nothing_stays(shop: Served) -> None:
    put(shop, order())
    shop.work()
    before = count_rows(shop, events)
    for lines, reason in (
        ([{"line": "2", "quantity": 7}], "more-than-bought"), ([{"line": "9", "quantity": 1}], "unknown-line"),
        ([{"item": "spoon", "quantity": 1}], "unknown-line"), ([{"item": "cup", "quantity": 7}], "more-than-bought"),
    ):  # fmt: skip
        problem = check_problem(step(shop, "returns", come_back("R-1", *lines)), 409, "return-refused")
        assert problem["facts"]["reason"] == reason
    shop.clock.now = UnixSeconds(shop.clock.now + 40 * 86_400)
    late = step(shop, "returns", come_back("R-1", {"line": "1", "quantity": 1}))
    assert check_problem(late, 409, "return-refused")["facts"]["reason"] == "too-late"
    assert count_rows(shop, events) == before
    check_problem(step(shop, "returns", come_back("R-1", {"line": "1", "quantity": 1}), "S-7"), 404, "unknown-order")
    check_problem(shop.get("/v1/orders/shop/S-7"), 404, "unknown-order")


def test_return__by_article__and_the_same_again__is_known(shop: Served) -> None:
    twice = [LINES[1], LINES[1] | {"line": "3", "quantity": 2, "amount": 610}]
    put(shop, order(lines=twice))
    by_article = come_back("R-1", {"item": "cup", "quantity": 7})
    taken = step(shop, "returns", by_article)  # its order waits
    assert taken.status_code == 202, taken.text
    assert taken.json()["event"]["payload"]["lines"] == [{"line": "2", "quantity": 6}, {"line": "3", "quantity": 1}]
    shop.work()
    shop.clock.now = UnixSeconds(shop.clock.now + 60)

    again = step(shop, "returns", by_article)
    other = step(shop, "returns", come_back("R-1", {"item": "cup", "quantity": 1}))

    assert (again.status_code, again.json()["status"]) == (200, "known")
    check_problem(other, 409, "idempotency-conflict")
    assert [line["kept"] for line in shown(shop)["lines"]] == [0, 1]


def test_cancel_then_reopen__restores_the_points__and_says_what_stays(shop: Served) -> None:
    put(shop, order())
    shop.work()
    step(shop, "returns", come_back("R-1", {"line": "2", "quantity": 2}))
    shop.work()
    paid = {"source": "shop", "id": "P-1", "member": "ann", "points": 30, "reference": "S-1"}
    assert shop.post("/v1/redemptions", paid).status_code == 201
    before = available(shop)

    check_problem(step(shop, "reopen", {"source": "shop", "id": "O-0"}), 409, "return-refused")
    step(shop, "cancel", {"source": "shop", "id": "C-1", "reason": "changed her mind"})
    shop.work()
    cancelled = shown(shop)
    assert (cancelled["state"], cancelled["points"], available(shop)) == ("cancelled", 0, 0)
    assert [(line["returned"], line["cancelled"]) for line in cancelled["lines"]] == [(0, 1), (2, 4)]
    tried = step(shop, "reopen", {"source": "shop", "id": "O-1"}, dry="true")
    assert tried.status_code == 200 and shown(shop)["state"] == "cancelled"
    assert step(shop, "reopen", {"source": "shop", "id": "O-1"}).status_code == 202
    shop.work()
    reopened = step(shop, "reopen", {"source": "shop", "id": "O-1"}).json()

    assert (reopened["status"], reopened["not_undone"]) == ("known", [{"what": "refunded", "points": 30}])
    assert reopened["order"] == shown(shop) == tried.json()["order"] | {"returns": shown(shop)["returns"]}
    assert (shown(shop)["state"], available(shop)) == ("partially_returned", before + 30)
    again = step(shop, "reopen", {"source": "shop", "id": "O-2"})
    assert check_problem(again, 409, "return-refused")["facts"]["reason"] == "not-cancelled"
    step(shop, "cancel", {"source": "shop", "id": "C-2"})
    shop.work()
    assert (shown(shop)["state"], available(shop)) == ("cancelled", 0)


def test_programme_without_orders__is_422(shop: Served) -> None:
    text = PROGRAM[: PROGRAM.index("orders:")].replace("event: order,", "event: purchase,")
    shop.context.project.program_file.write_text(text, encoding="utf-8")

    check_problem(put(shop, order()), 422, "invalid-request")
