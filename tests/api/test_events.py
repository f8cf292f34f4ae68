"""Events over HTTP
├── given a new event: 202 accepted; the same again 202 known; other content under its id 409 (edge cases 1, 3)
├── given Prefer: wait: 200 with the outcome when it comes in time, 202 when it does not
├── given a type that the programme knows: a wrong payload is 422 with a pointer, and nothing is taken
├── given another type: its payload may be any object
├── given a source that the key may not write: 403
├── given intake: strangers, old and future events, closed members are refused by code (edge cases 8 to 10)
│   └── a known event stays known
├── given many at once: one result each, in order; what is refused stops no other, and repeats are known
└── given an event that was decided: its outcome, entries and the balance
"""

import threading
from typing import Any

import pytest
from sqlalchemy import Engine, func, select

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import reading, transaction
from loyaltychain.events.identity import close_member, find_member, join
from loyaltychain.events.tables import events, intake_refusals, members
from loyaltychain.events.types import Intake
from tests.api.serving import Served, database_for_threads, event, served
from tests.api.test_contract import check_problem
from tests.database import ENGINES

LINE = {"line": "1", "item": "cup", "quantity": 2, "amount": 1530}


def count_rows(api: Served, table: Any) -> int:
    with reading(api.context.engine) as tx:
        return int(tx.execute(select(func.count()).select_from(table)).scalar_one())


def test_event__new_then_known_then_conflict(api: Served) -> None:
    first, again = api.post("/v1/events", event()), api.post("/v1/events", event())
    other = api.post("/v1/events", event(member="bob"))

    assert (first.status_code, first.json()["status"]) == (202, "accepted")
    assert (again.status_code, again.json()["status"]) == (202, "known")
    assert first.json()["event"] == again.json()["event"]
    assert first.json()["event"]["outcome"] is None
    assert "S-1" in check_problem(other, 409, "idempotency-conflict")["detail"]
    assert (count_rows(api, events), count_rows(api, members)) == (1, 1)


def test_event__same_instant_in_another_zone__is_the_same_event(api: Served) -> None:
    api.post("/v1/events", event(occurred_at="2026-05-28T10:00:00Z"))

    again = api.post("/v1/events", event(occurred_at="2026-05-28T11:00:00.900+01:00"))

    assert again.json()["status"] == "known"


def test_event__decided__has_outcome_entries_and_balance(api: Served) -> None:
    api.post("/v1/events", event())
    api.work()

    found = api.get("/v1/events/shop/S-1").json()
    balance = api.get("/v1/members/ann/balance").json()
    entries = api.get("/v1/members/ann/entries").json()

    assert found["outcome"]["status"] == "posted" and found["outcome"]["result"]
    [entry] = found["entries"]
    assert (entry["kind"], entry["cause"], entry["rule"]) == ("earn", "shop/S-1", "spend")
    assert entry["changes"] == {"available": 15}
    assert (entry["position"], entry["occurred_at"]) == (1, "2026-05-28T10:00:00Z")
    assert found["receipts"] == []
    assert {name: balance[name] for name in ("available", "pending", "held", "debt", "spent")} == {
        "available": 15, "pending": 0, "held": 0, "debt": 0, "spent": 0}  # fmt: skip
    assert balance["expiring"] == [{"at": "2027-05-28T23:00:00Z", "points": 15}]
    assert balance["on_chain"] == {"settled": 0, "accrued": 15, "batch": 0}
    assert entries == {"entries": [entry], "has_more": False, "next_cursor": None}


def test_balance__at_a_later_instant__counts_what_expires_until_then(api: Served) -> None:
    api.post("/v1/events", event())
    api.work()

    later = api.get("/v1/members/ann/balance", as_of="2027-05-28T23:00:00Z").json()

    assert (later["available"], later["expired"], later["as_of"]) == (0, 15, "2027-05-28T23:00:00Z")


def test_event__unknown__is_404(api: Served) -> None:
    check_problem(api.get("/v1/events/shop/none"), 404, "unknown-event")
    check_problem(api.get("/v1/members/none/balance"), 404, "unknown-member")
    check_problem(api.get("/v1/members/none/entries"), 404, "unknown-member")
    check_problem(api.get("/v1/members/none/receipts"), 404, "unknown-member")


def test_event__id_with_slashes_and_blanks__can_be_asked_for(api: Served) -> None:
    api.post("/v1/events", event(id="INV/2026 7/balance", member="a/b"))

    assert api.get("/v1/events/shop/INV%2F2026%207%2Fbalance").json()["id"] == "INV/2026 7/balance"
    assert api.get("/v1/members/a%2Fb/balance").json()["member"] == "a/b"


def test_prefer_wait__outcome_in_time__is_200(api: Served) -> None:
    stop = threading.Event()

    def run() -> None:
        while not stop.wait(0.05):
            api.work()

    worker = threading.Thread(target=run)
    worker.start()
    try:
        answer = api.post("/v1/events", event(), Prefer="respond-async, wait=10")
        again = api.post("/v1/events", event(), Prefer="wait=1")
    finally:
        stop.set()
        worker.join()

    assert (answer.status_code, answer.headers["preference-applied"]) == (200, "wait=10")
    assert (answer.json()["status"], answer.json()["event"]["outcome"]["status"]) == ("accepted", "posted")
    assert (again.status_code, again.json()["status"]) == (200, "known")


def test_prefer_wait__no_worker__is_202(api: Served) -> None:
    answer = api.post("/v1/events", event(), key="k", Prefer="wait=1")

    assert (answer.status_code, answer.json()["event"]["outcome"]) == (202, None)
    api.work()
    late = api.post("/v1/events", event(), key="k", Prefer="wait=1")
    assert (late.status_code, late.headers["idempotent-replayed"]) == (200, "true")
    assert late.json()["status"] == "accepted"


@pytest.mark.parametrize(
    ("type_", "payload", "pointer"),
    [("order", {}, "/payload/currency"), ("order", {"currency": "GBP"}, "/payload/lines"),
     ("order", {"currency": "GBP", "lines": [LINE, LINE | {"line": "2", "quantity": 0}]}, "/payload/lines/1/quantity"),
     ("order", {"currency": "GBP", "lines": [LINE | {"amount": 15.3}]}, "/payload/lines/0/amount"),
     ("order_edit", {"currency": "XXX", "lines": [LINE]}, "/payload/currency"),
     ("return", {"lines": [{"line": "1", "quantity": 1}]}, "/payload/lines/0/item"),
     ("cancellation", {}, "/payload/order"), ("redemption", {"amount": 0, "unit": "points"}, "/payload/amount"),
     ("redemption", {"amount": 5}, "/payload/unit")],
)  # fmt: skip
def test_payload__of_a_known_type__is_checked_before_it_is_taken(
    api: Served, type_: str, payload: dict[str, Any], pointer: str
) -> None:
    answer = api.post("/v1/events", event(type=type_, payload=payload))

    problem = check_problem(answer, 422, "invalid-event")
    assert [each["pointer"] for each in problem["errors"]] == [pointer]
    assert count_rows(api, events) == 0


def test_payload__of_the_apps_own_type__may_be_any_object(api: Served) -> None:
    payload = {"stars": 5, "text": "süß \u0000 [[", "deep": {"er": [1.5, None, True]}}

    answer = api.post("/v1/events", event(type="review", payload=payload))

    assert (answer.status_code, answer.json()["event"]["payload"]) == (202, payload)


def test_payload__no_exact_json__is_422(api: Served) -> None:
    check_problem(api.post("/v1/events", event(type="review", payload={"n": 2**60})), 422, "invalid-event")


def test_source__foreign__is_403(api: Served) -> None:
    check_problem(api.post("/v1/events", event(source="bank")), 403, "forbidden")
    result = api.post("/v1/events/batch", {"events": [event(source="bank"), event()]}).json()["results"]

    assert [each["status"] for each in result] == ["refused", "accepted"]
    assert (result[0]["problem"]["code"], result[0]["problem"]["status"]) == ("forbidden", 403)


def test_batch__each_by_itself__in_order(api: Served) -> None:
    api.post("/v1/events", event(id="S-0"))
    offered = [
        event(id="S-0"), event(id="S-0", member="bob"), event(id="S-1"), event(id="S-1"), event(id="S-1", type="x"),
        event(id=""), event(type="order", id="S-2", payload={}), {"fly": 1}, event(id="S-3", payload={"n": 2**60}),
        event(id="S-4"),
    ]  # fmt: skip

    answer = api.post("/v1/events/batch", {"events": offered})

    results = answer.json()["results"]
    assert answer.status_code == 200
    assert [each["index"] for each in results] == list(range(10))
    assert [each["status"] for each in results] == [
        "known", "refused", "accepted", "known", "refused", "refused", "refused", "refused", "refused", "accepted",
    ]  # fmt: skip
    assert [each["problem"]["code"] for each in results if each["problem"]] == [
        "idempotency-conflict", "idempotency-conflict", "invalid-request", "invalid-event", "invalid-request",
        "invalid-event",
    ]  # fmt: skip
    assert count_rows(api, events) == 3


def test_batch__too_many__is_422(api: Served) -> None:
    offered = [event(id=str(number), type="x", payload={}) for number in range(1001)]

    check_problem(api.post("/v1/events/batch", {"events": offered}), 422, "invalid-request")
    assert api.post("/v1/events/batch", {"events": offered[:1000]}).status_code == 200
    assert count_rows(api, events) == 1000


@pytest.fixture(params=ENGINES)
def strict_engine(request: pytest.FixtureRequest, tmp_path: Any) -> Any:
    engine = database_for_threads(request.param, tmp_path)
    yield engine
    engine.dispose()


def test_intake__each_reason__is_refused_by_its_code_and_logged(strict_engine: Engine, tmp_path: Any) -> None:
    intake = Intake(join="explicit", horizon_seconds=10 * 86_400)
    with served(tmp_path / "project", strict_engine, intake=intake) as api:
        check_problem(api.post("/v1/events", event()), 404, "unknown-member")
        with transaction(strict_engine) as tx:
            join(tx, "ann", api.clock())
        assert api.post("/v1/events", event()).status_code == 202
        check_problem(api.post("/v1/events", event(id="2", occurred_at="2026-05-01T00:00:00Z")), 422, "too-old")
        check_problem(api.post("/v1/events", event(id="3", occurred_at="2027-01-01T00:00:00Z")), 422, "in-the-future")
        api.clock.now = UnixSeconds(api.clock.now + 100 * 86_400)
        assert api.post("/v1/events", event()).json()["status"] == "known"
        with transaction(strict_engine) as tx:
            close_member(tx, find_member(tx, "ann"), api.clock(), "asked for it")
        late = event(id="4", occurred_at="2026-09-05T00:00:00Z")
        check_problem(api.post("/v1/events", late), 410, "member-closed")
        [result] = api.post("/v1/events/batch", {"events": [late | {"id": "5"}]}).json()["results"]
        assert result["problem"]["code"] == "member-closed"
        assert (count_rows(api, events), count_rows(api, intake_refusals)) == (1, 5)
