"""Corrections of events over HTTP
├── given a correction: the difference is posted, by the rules of the first award, and both events point at each other
│   ├── given one of a correction: only of the newest; a chain cannot fork
│   ├── given orders, unknown events, another member's: refused, and nothing stays
│   ├── given many in any order, decided one by one or in one run: the points are those of the last content
│   └── given rules that were changed since: by those of the award
└── programmes: all that were published, with digests and ledger positions
"""

from itertools import count

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert

from loyaltychain.chain.tables import deployments, publications
from loyaltychain.core import canonical
from loyaltychain.core.hashing import to_hex
from loyaltychain.db.engine import transaction
from loyaltychain.events.tables import events
from loyaltychain.operations.own_events import CORRECTED
from tests.api.serving import Served, event
from tests.api.test_contract import check_problem
from tests.api.test_events import count_rows
from tests.api.test_log import ANY, PROGRAM, available, bill, correction, shop

_numbers = count(1)
__all__ = ["shop"]  # the fixture


def test_correction__posts_the_difference__and_points_at_the_event(shop: Served) -> None:
    shop.post("/v1/events", bill("E-1", 2000))
    shop.work()
    taken = shop.post("/v1/events/shop/E-1/corrections", correction("C-1", 4500))
    shop.work()
    done = shop.get("/v1/events/shop/C-1").json()

    assert (taken.status_code, taken.json()["status"], taken.json()["event"]["type"]) == (202, "accepted", CORRECTED)
    assert (available(shop), done["awarded"], done["corrects"]) == (55, 35, {"source": "shop", "id": "E-1"})
    assert shop.get("/v1/events/shop/E-1").json()["corrected_by"] == {"source": "shop", "id": "C-1"}
    [entry] = done["entries"]
    assert (entry["type"], entry["metadata"]["corrects"]) == ("accrue", "shop/E-1")
    assert entry["related_entry"] is None or entry["related_entry"].startswith("earn:")
    again = shop.post("/v1/events/shop/E-1/corrections", correction("C-1", 4500))
    assert (again.status_code, again.json()["status"]) == (200, "known")

    fork = shop.post("/v1/events/shop/E-1/corrections", correction("C-2", 100))
    problem = check_problem(fork, 409, "correction-refused")
    assert (problem["facts"]["reason"], problem["facts"]["event"]) == ("already-corrected", "shop/C-1")
    shop.post("/v1/events/shop/C-1/corrections", correction("C-3", 100))
    shop.work()
    assert available(shop) == 1
    [back] = shop.get("/v1/events/shop/C-3").json()["entries"]
    assert (back["type"], back["metadata"]["award"]) == ("clawback", "shop/E-1")
    assert back["related_entry"].startswith("earn:")


def test_correction__that_cannot_be__leaves_nothing(shop: Served) -> None:
    shop.post("/v1/events", event())
    shop.work()
    before = count_rows(shop, events)

    order = shop.post("/v1/events/shop/S-1/corrections", correction("C-1", 1))
    assert check_problem(order, 409, "correction-refused")["facts"]["reason"] == "not-correctable"
    check_problem(shop.post("/v1/events/shop/none/corrections", correction("C-1", 1)), 404, "unknown-event")
    check_problem(shop.post("/v1/events/bank/S-1/corrections", correction("C-1", 1)), 403, "forbidden")
    foreign = event(id="C-9", type=CORRECTED, member="bob",
                    payload={"corrects": {"source": "shop", "id": "S-1"}, "payload": {}})  # fmt: skip
    assert count_rows(shop, events) == before
    shop.post("/v1/events", foreign)
    nowhere = {"corrects": {"source": "a", "id": "b"}, "payload": {}}
    shop.post("/v1/events", foreign | {"id": "C-8", "payload": nowhere})
    shop.work()
    said = [shop.get(f"/v1/events/shop/{id_}").json()["outcome"]["explanation"]["reason"] for id_ in ("C-9", "C-8")]
    assert said == ["foreign-event", "unknown-event"]
    check_problem(shop.post("/v1/events", event(id="x", type="loyaltychain.made.up")), 422, "invalid-event")
    check_problem(shop.post("/v1/events", event(id="x", type=CORRECTED, payload={})), 422, "invalid-event")


@ANY
@given(contents=st.lists(st.integers(-100, 9000) | st.none(), min_size=1, max_size=5), at_once=st.booleans())
def test_corrections__any_chain__ends_in_the_points_of_the_last(
    shop: Served, contents: list[int | None], at_once: bool
) -> None:
    name = f"chain-{next(_numbers)}"

    def points(amount: int | None) -> int:
        return 0 if amount is None or amount < 0 else min(amount // 100, 50) + (10 if amount >= 4000 else 0)

    shop.post("/v1/events", bill(name, 3000, name))
    standing, last = points(3000), name
    for place, amount in enumerate(contents):
        if not at_once:
            shop.work()
        id_ = f"{name}-{place}"
        told = shop.post(f"/v1/events/shop/{last}/corrections", correction(id_, amount))
        if at_once:
            assert told.status_code == 202, told.text
        if amount is None:  # no whole amount: refused, at once or by the worker
            assert told.status_code in (202, 409, 422), told.text
        else:
            standing, last = points(amount), id_
    shop.work()

    assert available(shop, name) == standing


def test_correction__after_the_rules_changed__is_by_those_of_the_award(shop: Served) -> None:
    shop.post("/v1/events", bill("E-1", 2000))
    shop.work()
    old = shop.context.program()
    shop.context.project.program_file.write_text(PROGRAM.replace("points: 1,", "points: 3,"), encoding="utf-8")
    refused = shop.post("/v1/events/shop/E-1/corrections", correction("C-1", 3000))
    assert check_problem(refused, 409, "correction-refused")["facts"]["reason"] == "rules-unknown"
    with transaction(shop.context.engine) as tx:
        tx.execute(insert(deployments), [{"network": "local", "chain_id": 1, "genesis_hash": "0x", "instance_id": "0x",
                                          "manifest": "{}"}])  # fmt: skip
        rows = [
            {"network": "local", "number": number, "from_position": number, "digest": to_hex(each.digest),
             "document": canonical.encode(each.document).decode(), "block_number": number}
            for number, each in enumerate((old, shop.context.program()), start=1)
        ]  # fmt: skip
        tx.execute(insert(publications), rows)

    shop.post("/v1/events/shop/E-1/corrections", correction("C-1", 3000))
    shop.work()
    assert available(shop) == 30
    listed = shop.get("/v1/programs").json()["programs"]
    places = [(each["number"], each["from_position"], each["to_position"]) for each in listed]
    assert places == [(2, 2, None), (1, 1, 1)]
    whole = shop.get(f"/v1/programs/{listed[1]['digest']}").json()
    assert to_hex(canonical.digest(whole["document"])) == listed[1]["digest"]
    assert (whole["version"], whole["name"]) == (1, "Corner shop")
    check_problem(shop.get("/v1/programs/0x" + "0" * 64), 404, "unknown-program")
    assert shop.get("/v1/events/shop/E-1").json()["rules"][0]["version"] == 1
