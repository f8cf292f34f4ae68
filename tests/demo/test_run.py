"""run_demo: given a small simulated shop, its figures agree with the shop's own lines, and the audit is clean."""

import csv
import io
from pathlib import Path

from loyaltychain.demo.play import simulated
from loyaltychain.demo.run import run_demo
from loyaltychain.demo.shop import Shop, weekly_files

SHOP = Shop(members=12, days=28, seed=5)


def straight_computation(shop: Shop) -> tuple[int, int, int]:
    """Points issued, redeemed and outstanding, computed without any of the ledger's code."""
    balances: dict[str, int] = {}
    issued = redeemed = 0
    seen: set[str] = set()
    for text in weekly_files(shop):
        for row in csv.DictReader(io.StringIO(text)):
            if row["order_id"] in seen or not row["customer"] or row["at"] == "yesterday":
                continue
            seen.add(row["order_id"])
            if row["kind"] == "sale":
                points = int(row["total"].split(".")[0])
                issued += points
            else:
                points = -int(row["points"])
                if balances.get(row["customer"], 0) + points < 0:
                    continue
                redeemed -= points
            balances[row["customer"]] = balances.get(row["customer"], 0) + points
    return issued, redeemed, sum(balances.values())


def test_run_demo__small_shop__agrees_with_a_straight_computation(tmp_path: Path) -> None:
    steps: list[tuple[int, int]] = []

    demo = run_demo(
        tmp_path / "kept",
        make_play=lambda folder: simulated(SHOP, folder=folder),
        on_step=lambda done, total: steps.append((done, total)),
    )

    document = demo.document()
    issued, redeemed, outstanding = straight_computation(SHOP)
    assert (document["points_issued"], document["points_redeemed"]) == (issued, redeemed)
    assert document["points_outstanding"] == outstanding == demo.audit.supply
    assert (document["members"], document["batches"], document["rejected"]) == (12, 4, 4)
    assert document["findings"] == []
    assert document["receipt_verified"] is True
    assert demo.is_clean
    assert list(document) == [
        "members", "events", "rejected", "points_issued", "points_redeemed", "points_expired", "points_reversed",
        "points_outstanding", "batches", "updates", "gas_per_update", "findings", "receipt_verified", "seconds",
        "peak_mb", "rows", "known", "left_out", "repeated", "points_owed", "points_burned_on_chain", "returns_in_full",
        "returns_in_part", "returns_not_at_all", "pieces_parked",
    ]  # fmt: skip
    assert steps == [(week, 4) for week in range(5)]
    assert (tmp_path / "kept" / "deployments" / "local.json").exists()
