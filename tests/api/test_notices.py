"""Notices over HTTP
├── due ones are listed with what is left of the points, in pages; confirmed ones leave the list
├── confirming twice is as once; an unknown one is not found
└── a key that does not manage sees none
"""

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.times import format_instant
from loyaltychain.operations.notices import notice_step
from loyaltychain.program.types import Expiry
from tests.api.serving import Served
from tests.api.test_contract import check_problem
from tests.program.builders import make_program
from tests.projects import NOW

DAY = 86_400
PROGRAM = make_program(expiry=Expiry(12, None, "month", 30, notice_days=30))


def gift(api: Served, number: int, member: str, points: int, days: int) -> None:
    body = {"source": "shop", "id": f"n-{number}", "type": "hello", "member": member,
            "occurred_at": format_instant(NOW - DAY), "payload": {}}  # fmt: skip
    assert api.post("/v1/events", body).is_success
    body = {"source": "shop", "id": f"g-{number}", "member": member, "points": points, "reason": "a test",
            "actor": "tester", "expires_at": format_instant(UnixSeconds(NOW + days * DAY))}  # fmt: skip
    assert api.post("/v1/adjustments", body).status_code == 201


def test_notices__due__listed_and_confirmed(api: Served) -> None:
    gift(api, 1, "ann", 50, 20)
    gift(api, 2, "bob", 30, 10)
    assert notice_step(api.context.engine, PROGRAM, now=NOW) == 2
    assert api.post("/v1/redemptions", {"source": "shop", "id": "r", "member": "ann", "points": 20}).is_success

    first = api.get("/v1/notices", state="due", limit=1).json()
    rest = api.get("/v1/notices", state="due", limit=1, cursor=first["next_cursor"]).json()

    assert (first["has_more"], rest["has_more"]) == (True, False)
    [notice] = [each for each in first["notices"] + rest["notices"] if each["member"] == "ann"]
    at = NOW + 20 * DAY
    assert notice == {
        "id": f"points.expiring:1:{at}", "kind": "points.expiring", "because": "age", "member": "ann",
        "member_number": 1, "points": 30, "at": format_instant(at), "state": "due",
        "created_at": format_instant(NOW), "sent_at": None,
    }  # fmt: skip

    sent = api.post(f"/v1/notices/{notice['id']}/sent", {})
    again = api.post(f"/v1/notices/{notice['id']}/sent", {})

    assert (sent.status_code, sent.json()) == (200, notice | {"state": "sent", "sent_at": format_instant(NOW)})
    assert again.json() == sent.json()
    assert [each["member"] for each in api.get("/v1/notices").json()["notices"]] == ["bob"]
    assert [each["member"] for each in api.get("/v1/notices", state="sent").json()["notices"]] == ["ann"]
    assert api.get("/v1/notices", state="void").json()["notices"] == []


def test_notices__wrong__problems(api: Served) -> None:
    check_problem(api.post("/v1/notices/points.expiring:1:1/sent", {}), 404, "unknown-notice")
    check_problem(api.post("/v1/notices/points.expiring:1:1/sent", {"at": "now"}), 422, "invalid-request")
    check_problem(api.get("/v1/notices", state="new"), 422, "invalid-request")

    with api.with_key(api.new_key("shop")) as http:
        check_problem(http.get("/v1/notices"), 403, "forbidden")
        answer = http.post("/v1/notices/n/sent", json={}, headers={"Idempotency-Key": "a"})
        check_problem(answer, 403, "forbidden")
