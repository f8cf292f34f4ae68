"""Exports and reports over HTTP
├── given an export: 202, then done with its progress, its file and the SHA-256 of its bytes
├── given none of this id, or one that is not done: 404, 409
├── given a key without the scope: 403
├── lists: newest first, by pages
└── reports: the roll-forward adds up, the liability is what members have
"""

import hashlib
from typing import Any

from loyaltychain.core.times import format_instant
from loyaltychain.reports.jobs import run_jobs
from tests.api.serving import Served, event
from tests.api.test_contract import check_problem


def run(api: Served) -> None:
    run_jobs(api.context.engine, api.context.project.home, now=api.clock.now)


def test_export__is_written_by_the_worker__and_served_with_its_digest(api: Served) -> None:
    api.give("ann", 100)
    api.post("/v1/events", event())
    api.work()
    asked = api.post("/v1/exports", {"kind": "entries", "format": "jsonl"}, key="tonight")
    again = api.post("/v1/exports", {"kind": "entries", "format": "jsonl"}, key="tonight")
    path = f"/v1/exports/{asked.json()['id']}"
    assert (asked.status_code, asked.json()["state"], again.json()) == (202, "queued", asked.json())
    check_problem(api.get(path + "/file"), 409, "conflict")

    run(api)
    done = api.get(path).json()
    file = api.get(path + "/file")
    assert (done["state"], done["done"], done["total"], done["file"]) == ("done", 2, 2, path + "/file")
    assert done["sha256"] == "0x" + hashlib.sha256(file.content).hexdigest()
    assert file.headers["etag"] == f'"{done["sha256"]}"'
    assert file.text.count("\n") == 2
    check_problem(api.get("/v1/exports/none"), 404, "unknown-job")
    check_problem(api.get("/v1/exports/none/file"), 404, "unknown-job")
    check_problem(api.post("/v1/exports", {"kind": "secrets"}), 422, "invalid-request")
    check_problem(api.post("/v1/exports", {"kind": "entries", "parameters": {"fly": 1}}), 422, "invalid-request")


def test_export__pseudonymous__names_no_member(api: Served) -> None:
    api.give("ann", 100)
    asked = api.post("/v1/exports", {"kind": "pseudonymous", "format": "jsonl"})
    assert (asked.status_code, asked.json()["parameters"]) == (202, {"entries": 0})
    run(api)
    file = api.get(f"/v1/exports/{asked.json()['id']}/file")
    assert (file.status_code, b"ann" in file.content) == (200, False)
    check_problem(api.post("/v1/exports", {"kind": "pseudonymous", "parameters": {"entries": 5}}), 422,
                  "invalid-request")  # fmt: skip


def test_exports__are_listed_newest_first(api: Served) -> None:
    made = [api.post("/v1/exports", {"kind": "members"}).json()["id"] for _ in range(5)]
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = api.get("/v1/exports", limit=2, **cursor).json()
        seen += [each["id"] for each in page["exports"]]
        if not page["has_more"]:
            break
        cursor = {"cursor": page["next_cursor"]}

    assert sorted(seen) == sorted(made)


def test_reports__need_their_scope(api: Served) -> None:
    with api.with_key(api.new_key("shop")) as till:
        for path in ("/v1/exports", "/v1/reports/liability", "/v1/reports/roll-forward"):
            check_problem(till.get(path), 403, "forbidden")


def test_reports__add_up(api: Served) -> None:
    api.give("ann", 100)
    api.post("/v1/redemptions", {"source": "shop", "id": "R-1", "member": "ann", "points": 30})
    api.work()

    report: dict[str, Any] = api.get("/v1/reports/roll-forward").json()["report"]
    owed: dict[str, Any] = api.get("/v1/reports/liability").json()["report"]
    assert "70" in str(report) and "70" in str(owed)
    early = api.get("/v1/reports/roll-forward", to=format_instant(api.clock.now)).json()["report"]
    assert early != report
    check_problem(api.get("/v1/reports/roll-forward", period=1), 404, "unknown-period")
    check_problem(api.get("/v1/reports/roll-forward", period=1, to="2026-01-01T00:00:00Z"), 422, "invalid-request")
    check_problem(api.get("/v1/reports/liability", redemption_rate="0.5"), 422, "invalid-request")
