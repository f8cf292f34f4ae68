"""The log of events, corrections, explanations and lists
├── given filters: the events of this type, member and outcome, newest first
├── given pages while others write: what was there at the beginning comes once, in order
├── given a cursor of another list, of other filters, of another programme, or changed: 422
├── given an award, of zero too: awarded, desired, rules and what was held back
├── given a dry run: the answer, and nothing stays; a later instant; never the past
├── given silent: 204
└── entries have a type, metadata and what they belong to
"""

from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loyaltychain.core.calendar import UnixSeconds
from tests.api.serving import Served, event
from tests.api.test_contract import check_problem

PROGRAM = """
name: Corner shop
version: 1
timezone: Europe/London
currency: GBP
rules:
  - {id: visit, kind: points_per_currency_unit, event: bill, points: 1, per: "1.00", max_points: 50}
  - {id: spend, kind: points_per_currency_unit, event: order, points: 1, per: "1.00"}
  - {id: large, kind: bonus_from_amount, event: bill, points: 10, from: "40.00"}
redemption: {event: redemption}
orders: {event: order, returns: return, cancellations: cancellation, edits: order_edit, match: none}
expiry: {after: {months: 12}, end_of: day}
"""
_numbers = count(1)
ANY = settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))


def bill(id_: str, amount: int, member: str = "ann", **changes: Any) -> dict[str, Any]:
    return event(id=id_, type="bill", member=member, payload={"amount": amount, "currency": "GBP"}) | changes


def correction(id_: str, amount: Any) -> dict[str, Any]:
    return {"source": "shop", "id": id_, "payload": {"amount": amount, "currency": "GBP"}, "reason": "a typo",
            "actor": "carla"}  # fmt: skip


def available(api: Served, member: str = "ann") -> int:
    found = api.get(f"/v1/members/{member}/balance").json()
    return int(found["available"]) - int(found["debt"])


@pytest.fixture
def shop(api: Served) -> Served:
    api.context.project.program_file.write_text(PROGRAM, encoding="utf-8")
    return api


def test_list__by_type_member_and_outcome__newest_first(shop: Served) -> None:
    for place, (id_, amount, member) in enumerate([("1", 900, "ann"), ("2", 5, "bob"), ("3", 700, "ann")]):
        assert shop.post("/v1/events", bill(id_, amount, member)).is_success, place
    shop.post("/v1/events", bill("4", 1) | {"payload": {}})
    shop.work()
    shop.post("/v1/events", event(id="5", type="hello", payload={}))

    def ids(**filters: str) -> list[str]:
        return [each["id"] for each in shop.get("/v1/events", **filters).json()["events"]]

    assert ids() == ["5", "4", "3", "2", "1"]
    assert ids(type="bill", member="ann") == ["4", "3", "1"]
    assert (ids(outcome="posted"), ids(outcome="nothing"), ids(outcome="refused"), ids(outcome="waiting")) == (
        ["3", "1"], ["2"], ["4"], ["5"])  # fmt: skip
    [first] = shop.get("/v1/events", type="hello").json()["events"]
    assert (first["outcome"], first["result"], first["position"], first["member"]) == (None, None, 5, "ann")
    check_problem(shop.get("/v1/events", member="nobody"), 404, "unknown-member")
    check_problem(shop.get("/v1/events", outcome="lost"), 422, "invalid-request")


@ANY
@given(before=st.integers(0, 7), limit=st.integers(1, 4), written=st.lists(st.integers(0, 2), max_size=8))
def test_pages__while_others_write__show_what_was_there_once(
    shop: Served, before: int, limit: int, written: list[int]
) -> None:
    member = f"member-{next(_numbers)}"
    told = [bill(f"{member}-{number}", 100 + number, member) for number in range(before + 1)]
    shop.post("/v1/events/batch", {"events": told})
    shop.work()
    paths = {"/v1/events": "events", f"/v1/members/{member}/entries": "entries"}
    filters = {"/v1/events": {"member": member}}
    there = {path: [each["id"] for each in shop.get(path, **filters.get(path, {})).json()[name]]
             for path, name in paths.items()}  # fmt: skip
    more = iter(written)
    for path, name in paths.items():
        seen: list[str] = []
        cursor: dict[str, str] = {}
        while True:
            page = shop.get(path, limit=limit, **filters.get(path, {}), **cursor).json()
            seen += [each["id"] for each in page[name]]
            for number in range(next(more, 0)):
                shop.clock.now = UnixSeconds(shop.clock.now + number)
                shop.post("/v1/events", bill(f"{member}-late-{next(_numbers)}", 100, member))
                shop.work()
            if not page["has_more"]:
                assert page["next_cursor"] is None
                break
            cursor = {"cursor": page["next_cursor"]}
        assert [each for each in seen if each in there[path]] == there[path]
        assert len(seen) == len({*seen})


def changed(cursor: str, place: int) -> str:
    return cursor[:place] + ("B" if cursor[place] != "B" else "C") + cursor[place + 1 :]


def test_cursor__of_another_list__or_changed__is_422(shop: Served, tmp_path_factory: Any) -> None:
    for number in range(3):
        shop.post("/v1/events", bill(str(number), 100))
    shop.work()
    cursor = shop.get("/v1/events", limit=1).json()["next_cursor"]
    of_member = shop.get("/v1/events", limit=1, member="ann").json()["next_cursor"]

    assert shop.get("/v1/events", limit=2, cursor=cursor).status_code == 200  # pages may differ in size
    for path, parameters in (
        ("/v1/events", {"cursor": of_member}), ("/v1/events", {"cursor": cursor, "member": "ann"}),
        ("/v1/batches", {"cursor": cursor}), ("/v1/events", {"cursor": changed(cursor, 0)}),
        ("/v1/events", {"cursor": changed(cursor, len(cursor) // 2)}),
        ("/v1/events", {"cursor": ""}), ("/v1/events", {"cursor": "W10"}),
    ):  # fmt: skip
        problem = check_problem(shop.get(path, **parameters), 422, "invalid-request")
        assert problem["errors"][0]["pointer"] == "parameter:cursor"


def test_explanation__of_awards__and_of_zero(shop: Served) -> None:
    for id_, amount in (("capped", 9000), ("small", 30), ("minus", -500)):
        shop.post("/v1/events", bill(id_, amount))
    shop.post("/v1/events", bill("huge", 10**14))
    shop.post("/v1/events", event(id="other", type="hello", payload={}))
    waiting = shop.get("/v1/events/shop/capped").json()
    shop.work()
    found = {id_: shop.get(f"/v1/events/shop/{id_}").json() for id_ in ("capped", "small", "minus", "huge", "other")}

    assert (waiting["awarded"], waiting["rules"]) == (None, [])
    assert [(each["awarded"], each["desired"]) for each in found.values()] == [
        (60, 100), (0, 0), (0, 0), (60, 10**12 + 10), (0, 0)]  # fmt: skip
    assert [(rule["id"], rule["points"]) for rule in found["capped"]["rules"]] == [("visit", 50), ("large", 10)]
    assert [each["rule"] for each in found["capped"]["suppressed"]] == ["visit"]
    assert "at most 50" in found["capped"]["suppressed"][0]["reason"]
    assert [each["rule"] for each in found["small"]["suppressed"]] == ["visit", "large"]
    assert all(each["reason"] for each in found["minus"]["suppressed"])
    assert (found["other"]["rules"], found["other"]["suppressed"]) == ([], [])


def test_dry_run__answers_as_it_would__and_leaves_nothing(shop: Served) -> None:
    shop.give("ann", 100)
    everything = [shop.get("/v1/members/ann/entries").json(), shop.get("/v1/events").json()]

    def try_it(path: str, body: dict[str, Any], **parameters: str) -> Any:
        return shop.http.post(path, json=body, params={"dry": "true"} | parameters)

    spend = {"source": "shop", "id": "1", "member": "ann", "points": 40}
    tried = try_it("/v1/events", bill("E-1", 4200))
    assert (tried.status_code, tried.headers["dry-run"]) == (200, "true")
    assert (tried.json()["event"]["awarded"], tried.json()["event"]["outcome"]["status"]) == (52, "posted")
    assert try_it("/v1/redemptions", spend).status_code == 201
    assert try_it("/v1/holds", spend).status_code == 201
    check_problem(try_it("/v1/redemptions", spend | {"points": 101}), 409, "insufficient-balance")
    gift = {"source": "shop", "id": "g", "member": "ann", "points": 5, "reason": "r", "actor": "carla"}
    assert try_it("/v1/adjustments", gift).status_code == 201
    check_problem(try_it("/v1/events", bill("E-1", 4200), now="2020-01-01T00:00:00Z"), 422, "invalid-request")
    check_problem(shop.http.post("/v1/redemptions", json=spend, params={"now": "2030-01-01T00:00:00Z"},
                                 headers={"Idempotency-Key": "k"}), 422, "invalid-request")  # fmt: skip
    assert [shop.get("/v1/members/ann/entries").json(), shop.get("/v1/events").json()] == everything
    shop.post("/v1/events", bill("E-2", 5000))
    shop.work()
    assert try_it("/v1/redemptions", spend | {"points": 120}).status_code == 201
    later = try_it("/v1/redemptions", spend | {"points": 120}, now="2028-01-01T00:00:00Z")
    assert check_problem(later, 409, "insufficient-balance")["facts"]["available"] == 100  # the award is gone by then
    assert shop.post("/v1/redemptions", spend).status_code == 201


@ANY
@given(amount=st.integers(-100, 10_000))
def test_dry_run__of_an_event__is_what_it_then_gets(shop: Served, amount: int) -> None:
    name = f"dry-{next(_numbers)}"
    body = bill(name, amount, name)

    tried = shop.http.post("/v1/events", json=body, params={"dry": "true"}).json()["event"]
    shop.post("/v1/events", body)
    shop.work()
    done = shop.get(f"/v1/events/shop/{name}").json()

    for shown in (tried, done):
        for entry in shown["entries"]:
            entry["position"] = None
    assert tried == done


def test_silent__has_no_body(shop: Served) -> None:
    answer = shop.http.post("/v1/events", json=bill("E-1", 100), params={"silent": "true"},
                            headers={"Idempotency-Key": "k"})  # fmt: skip

    assert (answer.status_code, answer.content) == (204, b"")
    assert shop.get("/v1/events/shop/E-1").status_code == 200


def test_entries__have_a_type__metadata__and_what_they_belong_to(shop: Served) -> None:
    shop.give("ann", 100)
    shop.post("/v1/events", event())
    shop.work()
    spend = {"source": "shop", "id": "H-1", "member": "ann", "points": 40}
    shop.post("/v1/holds", spend)
    shop.post("/v1/holds/shop/H-1/commit", {"points": 30})
    shop.post("/v1/holds", spend | {"id": "H-2"})
    shop.post("/v1/holds/shop/H-2/release", {})
    shop.post("/v1/redemptions/shop/H-1/refund", {"source": "shop", "id": "F-1", "points": 5, "reason": "broken"})
    shop.post("/v1/redemptions", spend | {"id": "R-1", "points": 1})
    back = {"order": "S-1", "lines": [{"line": "1", "quantity": 1}]}
    shop.post("/v1/events", event(id="R", type="return", payload=back))
    shop.work()

    found = {entry["id"]: entry for entry in shop.get("/v1/members/ann/entries").json()["entries"]}
    told = {
        id_: (entry["type"], entry["related_entry"]) for id_, entry in found.items() if not id_.startswith("adjust")
    }
    assert told == {
        "earn:shop/S-1:spend": ("accrue", None), "hold:shop/H-1": ("hold", None),
        "commit:shop/H-1": ("commit", "hold:shop/H-1"), "hold:shop/H-2": ("hold", None),
        "release:shop/H-2": ("release", "hold:shop/H-2"), "refund:request:shop/F-1": ("refund", "commit:shop/H-1"),
        "redeem:shop/R-1": ("redeem", None), "reverse:shop/R": ("clawback", "earn:shop/S-1:spend"),
    }  # fmt: skip
    assert found["refund:request:shop/F-1"]["metadata"] == {"redemption": "commit:shop/H-1", "reason": "broken"}
    assert found["release:shop/H-2"]["metadata"] == {"hold": "shop/H-2", "end": "release"}
    assert found["reverse:shop/R"]["metadata"] == {"award": "shop/S-1", "event": "shop/R"}
