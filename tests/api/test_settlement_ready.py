"""/readyz/settlement, for alarms: red while settlement waits for somebody to look. It names no member."""

from dataclasses import replace

import pytest

from loyaltychain.core.amounts import MemberNumber
from loyaltychain.db.engine import transaction
from loyaltychain.db.reconciliations import Difference, MemberPoints, Points, Reconciliation, insert_reconciliation
from loyaltychain.db.restores import mark_reconciled, mark_restored
from tests.api.serving import Served
from tests.api.test_contract import check_problem
from tests.database import ENGINES


@pytest.mark.parametrize("api", ENGINES, indirect=True)
def test_settlement_readiness__a_difference__is_red_and_names_no_member(api: Served) -> None:
    engine, now = api.context.engine, api.clock.now
    points = Points(7, 7, 8)
    found = Reconciliation(
        network="local", at=now, actor="worker", block_number=3, block_hash=bytes(32), batches=1, members=1,
        supply=points, count=2, members_off=1, off=(MemberPoints(MemberNumber(1_234_567), points),),
        differences=(Difference("chain", "batch-unknown", "batch 9", "a row", "nothing"),),
    )  # fmt: skip
    path = "/readyz/settlement"
    assert api.http.get(path).json() == {"status": "ok"}
    with transaction(engine) as tx:
        mark_restored(tx, backup="0x01", taken_at=now, now=now)
    told = check_problem(api.http.get(path), 503, "settlement-stopped")
    assert "loyaltychain reconcile" in told["detail"]
    with transaction(engine) as tx:
        mark_reconciled(tx, now=now)
        insert_reconciliation(tx, found)

    told = check_problem(api.http.get(path), 503, "settlement-stopped")

    assert "found 2 differences (chain, members' points)" in told["detail"] and told["facts"] == {"program": 0}
    ready = api.http.get("/readyz")
    assert (ready.status_code, ready.json()["differences"]) == (200, 2)
    assert ready.json()["warnings"] == ["reconciliation-differs"]
    assert "1234567" not in ready.text + str(told)
    with transaction(engine) as tx:
        insert_reconciliation(tx, replace(found, count=0, members_off=0, off=(), differences=()))
    assert api.http.get(path).status_code == 200
