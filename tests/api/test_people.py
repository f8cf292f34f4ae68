"""Members' accounts over HTTP
├── joining: 201, again 200; her ids: another one added, one of somebody else's refused
├── merge and unmerge: the points go along and come back; each id finds them; dry runs leave nothing
├── close: refused with a debt; then nothing more happens on the account
├── all of these need a managing key, a reason and an actor
├── adjustments above the limit wait: 202; a second key and person approves, or rejects; a rotated key is no second
├── pending awards: listed, activated, cancelled; decided once
└── balances: as they were known then, as they are, as they will be
"""

from typing import Any

import pytest

from loyaltychain.api.keys import revoke_key, rotate_key
from loyaltychain.config.project import open_project
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.times import format_instant
from loyaltychain.db.engine import transaction
from tests.api.serving import Served, event
from tests.api.test_contract import check_problem

WHY = {"reason": "she asked", "actor": "carla"}
PENDING = """
name: Corner shop
version: 1
timezone: Europe/London
currency: GBP
rules:
  - id: review
    kind: points_per_currency_unit
    event: review
    points: 1
    per: "1.00"
    pending: {until: review_approved, reject: review_rejected, days: 30, otherwise: cancel}
"""


def balance(api: Served, member: str, **parameters: str) -> dict[str, Any]:
    answer = api.get(f"/v1/members/{member}/balance", **parameters)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_join__and_identities(api: Served) -> None:
    first, again = api.post("/v1/members", {"id": "ann"}), api.post("/v1/members", {"id": "ann"})
    assert (first.status_code, again.status_code, first.json()) == (201, 200, again.json())
    assert first.json() == {"id": "ann", "number": 1, "closed_at": None}
    api.post("/v1/members", {"id": "bob"})

    added = api.post("/v1/members/ann/identities", WHY | {"id": "ann@work"})
    assert added.status_code == 201, added.text
    assert [(each["id"], each["kind"]) for each in added.json()["identities"]] == [
        ("ann", "joined"), ("ann@work", "alias")]  # fmt: skip
    assert api.get("/v1/members/ann%40work/identities").json() == added.json()
    check_problem(api.post("/v1/members/ann/identities", WHY | {"id": "bob"}), 409, "idempotency-conflict")
    check_problem(api.get("/v1/members/eve/identities"), 404, "unknown-member")


def test_merge_and_unmerge__move_the_points_and_bring_them_back(api: Served) -> None:
    api.give("ann", 100)
    api.give("bob", 40)
    before = [balance(api, "ann"), balance(api, "bob")]

    tried = api.http.post("/v1/members/bob/merge", json=WHY | {"into": "ann"}, params={"dry": "true"})
    assert (tried.status_code, [balance(api, "ann"), balance(api, "bob")]) == (200, before)
    done = api.post("/v1/members/bob/merge", WHY | {"into": "ann"})
    again = api.post("/v1/members/bob/merge", WHY | {"into": "ann"})
    assert (done.status_code, done.json()["merge"]["points"], again.json()) == (200, 40, done.json())
    assert (balance(api, "ann")["available"], balance(api, "bob")["available"]) == (140, 140)
    assert balance(api, "ann")["merged"] == 40
    check_problem(api.post("/v1/members/ann/merge", WHY | {"into": "bob"}), 409, "merge-refused")
    types = [entry["type"] for entry in api.get("/v1/members/ann/entries").json()["entries"]]
    assert "merge_in" in types
    spent = {"source": "shop", "id": "R-1", "member": "bob", "points": 130}
    assert api.post("/v1/redemptions", spent).status_code == 201

    for name in ("BOB", "ann"):
        check_problem(api.post("/v1/members/bob/unmerge", WHY | {"actor": name}), 422, "invalid-request")
    undone = api.post("/v1/members/bob/unmerge", WHY).json()
    assert undone["points"] + sum(each["short"] for each in undone["shortage"]) == 40
    assert balance(api, "ann")["available"] + balance(api, "bob")["available"] == 10
    assert api.get("/v1/members/bob/identities").json()["merged_into"] is None


def test_close__with_a_debt_is_refused__then_nothing_happens_any_more(api: Served) -> None:
    api.give("ann", 10)
    take = {"source": "shop", "id": "A-1", "member": "ann", "points": -15, "may_owe": True, "reason": "r", "actor": "c"}
    api.post("/v1/adjustments", take)
    problem = check_problem(api.post("/v1/members/ann/close", WHY), 409, "close-refused")
    assert problem["facts"]["code"] == "debt"
    api.post("/v1/adjustments", take | {"id": "A-2", "points": 5})

    closed = api.post("/v1/members/ann/close", WHY)
    assert (closed.status_code, closed.json()["closed_at"]) == (200, format_instant(api.clock.now))
    spent = {"source": "shop", "id": "R-1", "member": "ann", "points": 1}
    check_problem(api.post("/v1/redemptions", spent), 410, "member-closed")
    check_problem(api.post("/v1/events", event()), 410, "member-closed")


@pytest.mark.parametrize(
    ("path", "body"),
    [("identities", WHY | {"id": "x"}), ("merge", WHY | {"into": "bob"}), ("unmerge", WHY), ("close", WHY)],
)
def test_accounts__need_a_managing_key__a_reason_and_an_actor(shared: Served, path: str, body: dict[str, Any]) -> None:
    with shared.with_key(shared.new_key("shop")) as till:
        answer = till.post(f"/v1/members/ann/{path}", json=body, headers={"Idempotency-Key": "k"})
    check_problem(answer, 403, "forbidden")
    for name in ("reason", "actor"):
        less = {key: value for key, value in body.items() if key != name}
        problem = check_problem(shared.post(f"/v1/members/ann/{path}", less), 422, "invalid-request")
        assert [each["pointer"] for each in problem["errors"]] == [f"/{name}"]


def let_wait(api: Served) -> None:
    """Adjustments above 50 points wait for a second person."""
    settings = api.context.project.home / "loyaltychain.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace("[approvals]\n", "[approvals]\nadjust_above = 50\n"), encoding="utf-8")
    api.context.project = open_project(api.context.project.home, {})


def test_approval__by_a_rotated_key__is_none_of_a_second(api: Served) -> None:
    let_wait(api)
    api.give("ann", 10)
    gift = {"source": "shop", "id": "G-1", "member": "ann", "points": 60, "reason": "r", "actor": "carla"}
    assert api.post("/v1/adjustments", gift).status_code == 202
    with transaction(api.context.engine) as tx:
        _, rotated, old = rotate_key(tx, "tests", environment="test", now=api.clock())
    path, said = "/v1/approvals/shop%2FG-1/approve", WHY | {"actor": "dora"}
    with api.with_key(rotated) as half, api.with_key(api.new_key("shop", manages=True)) as second:
        for _ in range(2):
            refused = half.post(path, json=said, headers={"Idempotency-Key": "a"})
            assert check_problem(refused, 409, "approval-refused")["facts"]["code"] == "same-key"
            with transaction(api.context.engine) as tx:
                revoke_key(tx, old.id, now=api.clock())  # whoever asked has only the new one from now on
        full_width = second.post(path, json=WHY | {"actor": "ＣＡＲＬＡ"}, headers={"Idempotency-Key": "b"})
        assert check_problem(full_width, 409, "approval-refused")["facts"]["code"] == "same-actor"
        assert second.post(path, json=said, headers={"Idempotency-Key": "c"}).status_code == 200


def test_adjustment__above_the_limit__waits_for_a_second_person(api: Served) -> None:
    let_wait(api)
    api.give("ann", 10)
    gift = {"source": "shop", "id": "G-1", "member": "ann", "points": 60, "reason": "r", "actor": "carla"}

    asked, again = api.post("/v1/adjustments", gift), api.post("/v1/adjustments", gift)
    assert (asked.status_code, asked.json()["state"], again.json()) == (202, "pending", asked.json())
    assert [each["id"] for each in api.get("/v1/approvals", state="pending").json()["approvals"]] == ["shop/G-1"]
    assert balance(api, "ann")["available"] == 10
    check_problem(api.post("/v1/approvals/shop%2FG-1/approve", WHY | {"actor": "dora"}), 409, "approval-refused")
    with api.with_key(api.new_key("shop", manages=True)) as second:
        own = second.post("/v1/approvals/shop%2FG-1/approve", json=WHY, headers={"Idempotency-Key": "a"})
        check_problem(own, 409, "approval-refused")
        good = second.post("/v1/approvals/shop%2FG-1/approve", json=WHY | {"actor": "dora"},
                           headers={"Idempotency-Key": "b"})  # fmt: skip
        assert (good.status_code, good.json()["state"], good.json()["entry"]) == (200, "approved", "adjust:shop/G-1")
        api.post("/v1/adjustments", gift | {"id": "G-2"})
        bad = second.post("/v1/approvals/shop%2FG-2/reject", json=WHY | {"actor": "dora"},
                          headers={"Idempotency-Key": "c"})  # fmt: skip
        assert bad.json()["state"] == "rejected"
    assert balance(api, "ann")["available"] == 70
    assert api.post("/v1/adjustments", gift).status_code == 200
    check_problem(api.post("/v1/approvals/shop%2FX/approve", WHY), 404, "unknown-approval")
    first = api.get("/v1/approvals", limit=1).json()
    rest = api.get("/v1/approvals", limit=1, cursor=first["next_cursor"]).json()
    assert [each["id"] for each in first["approvals"] + rest["approvals"]] == ["shop/G-1", "shop/G-2"]


def test_awards__pending__are_listed_activated_and_cancelled(api: Served) -> None:
    api.context.project.program_file.write_text(PENDING, encoding="utf-8")
    for id_ in ("E-1", "E-2", "E-3"):
        api.post("/v1/events", event(id=id_, type="review", payload={"amount": 700, "currency": "GBP"}))
    api.work()
    listed = api.get("/v1/awards", member="ann").json()["awards"]
    assert [(each["event"], each["points"], each["until"]) for each in listed] == [
        (id_, 7, "review_approved") for id_ in ("E-1", "E-2", "E-3")]  # fmt: skip

    given, taken = (api.post(f"/v1/awards/shop/{path}", WHY) for path in ("E-1/activate", "E-2/cancel"))
    again = api.post("/v1/awards/shop/E-1/activate", WHY)
    assert (given.status_code, given.json()["decision"], again.json()) == (200, "activated", given.json())
    assert (taken.json()["decision"], taken.json()["points"]) == ("cancelled", 7)
    check_problem(api.post("/v1/awards/shop/E-1/cancel", WHY), 409, "award-decided")
    check_problem(api.post("/v1/awards/shop/none/cancel", WHY), 404, "unknown-award")
    found = balance(api, "ann")
    assert (found["available"], found["pending"]) == (7, 7)
    types = {entry["id"]: (entry["type"], entry["related_entry"])
             for entry in api.get("/v1/members/ann/entries").json()["entries"]}  # fmt: skip
    assert types["activate:earn:shop/E-1:review"] == ("activate", "earn:shop/E-1:review")
    assert types["reverse:earn:shop/E-2:review"] == ("clawback", "earn:shop/E-2:review")


def test_balance__as_of_then_now_and_later(api: Served) -> None:
    api.give("ann", 10)
    then = balance(api, "ann")
    api.clock.now = UnixSeconds(api.clock.now + 86_400)
    api.post("/v1/events", event(occurred_at=format_instant(UnixSeconds(api.clock.now - 3 * 86_400))))
    api.work()

    assert balance(api, "ann")["available"] == 25
    assert balance(api, "ann", as_of=then["as_of"]) == then
    assert balance(api, "ann", as_of=then["as_of"], by="occurred")["available"] == 25
    later = balance(api, "ann", as_of="2028-01-01T00:00:00Z")
    assert (later["available"], later["expired"]) == (10, 15)
    check_problem(api.get("/v1/members/eve/balance", as_of=then["as_of"]), 404, "unknown-member")
