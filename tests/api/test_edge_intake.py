"""One order from several sides: edge cases 3, 4 and 11, by number
├── given the same order from web, till and an import: one award, and one account of it
├── given it with different amounts: the first counts, each other is a conflict that names it, and no second award
├── given its event again with another amount: 409, and nothing changes
└── given its event again after a change of rules: the first outcome
"""

from pathlib import Path
from typing import Any

import pytest

from loyaltychain.db.engine import reading
from loyaltychain.events.ingest import ingest_file
from loyaltychain.events.map import parse_map
from loyaltychain.operations.refused import list_refused
from tests.api.serving import PROGRAM, Served, event
from tests.api.test_contract import check_problem
from tests.projects import NOW

IMPORT_MAP = """
source: import
id: {column: order}
member: {column: customer}
type: {constant: order}
time: {column: at, format: iso, zone: UTC}
lines:
  id: {column: no}
  item: {column: item}
  quantity: {column: pieces}
  amount: {column: total, currency: GBP}
"""
CSV = "order,no,item,pieces,customer,at,total\nS-1,1,cup,2,ann,2026-05-28T10:00:00Z,{total}\n"


def told(amount: int, **changes: Any) -> dict[str, Any]:
    line = {"line": "1", "item": "cup", "quantity": 2, "amount": amount}
    return event(payload={"currency": "GBP", "order": "S-1", "lines": [line]}, **changes)


def bring_in(api: Served, home: Path, total: str) -> None:
    path = home / "orders.csv"
    path.write_text(CSV.format(total=total), encoding="utf-8")
    report = ingest_file(
        api.context.engine, path, format="csv", event_map=parse_map(IMPORT_MAP), received_at=NOW,
        rejects=home / "rejects.csv",
    )  # fmt: skip
    assert (report.taken, report.rejected) == (1, 0)


def fate(api: Served, name: str) -> tuple[str, str]:
    outcome = api.get(f"/v1/events/{name}").json()["outcome"]
    return outcome["status"], outcome["result"]


def available(api: Served) -> int:
    return int(api.get("/v1/members/ann/balance").json()["available"])


def test_edge_4__same_order_from_three_sides__one_award(api: Served, tmp_path: Path) -> None:
    assert api.post("/v1/events", told(1530)).status_code == 202
    assert api.post("/v1/events", told(1530, source="till", id="T-9")).status_code == 202
    bring_in(api, tmp_path, "15.30")
    api.work()

    assert available(api) == 15
    assert fate(api, "shop/S-1")[0] == "posted"
    assert fate(api, "till/T-9") == fate(api, "import/S-1") == ("nothing", "The order is known as shop/S-1.")


def test_edge_4__with_different_amounts__conflicts_and_one_award(api: Served, tmp_path: Path) -> None:
    api.post("/v1/events", told(1530))
    api.post("/v1/events", told(1630, source="till", id="T-9"))
    bring_in(api, tmp_path, "99.00")
    api.work()

    assert available(api) == 15
    for name in ("till/T-9", "import/S-1"):
        status, result = fate(api, name)
        assert status == "refused" and "known as shop/S-1 with other content" in result
    with reading(api.context.engine) as tx:
        raised = {(each.source, each.event_id, each.reason) for each in list_refused(tx)}
    assert raised == {("till", "T-9", "order-conflict"), ("import", "S-1", "order-conflict")}


@pytest.mark.parametrize("is_decided", [False, True])
def test_edge_3__same_event_with_another_amount__409_and_nothing_changes(api: Served, is_decided: bool) -> None:
    api.post("/v1/events", told(1530))
    if is_decided:
        api.work()
    check_problem(api.post("/v1/events", told(9900)), 409, "idempotency-conflict")
    api.work()

    assert available(api) == 15


def test_edge_11__again_after_a_change_of_rules__the_first_outcome(api: Served) -> None:
    api.post("/v1/events", told(1530))
    api.work()
    before = api.get("/v1/events/shop/S-1").json()
    file = api.context.project.program_file
    file.write_text(PROGRAM.replace("version: 1", "version: 2").replace("points: 1,", "points: 9,"), encoding="utf-8")
    again = api.post("/v1/events", told(1530))
    api.work()

    assert (again.status_code, again.json()["status"]) == (202, "known")
    assert again.json()["event"] == api.get("/v1/events/shop/S-1").json() == before
    assert api.context.program().version == 2
    assert available(api) == 15
