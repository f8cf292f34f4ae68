"""ingest_file and earn_step on real rows

given the first 5,000 lines of UCI Online Retail, where that folder is present
    lines without a customer are left out, equal lines stay separate events
    points are those of a straight computation: one for every whole pound of a positive line
    the same file again changes nothing
"""

import gzip
from collections import Counter
from decimal import ROUND_FLOOR, Decimal
from itertools import islice
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select

from loyaltychain.core.amounts import POINTS
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import transaction
from loyaltychain.events.ingest import IngestReport, ingest_file
from loyaltychain.events.map import packaged_map
from loyaltychain.events.store import read_numbers
from loyaltychain.events.tables import events
from loyaltychain.ledger.store import balances
from tests.operations.builders import everything, run_all

FILE = Path(__file__).parents[2].parent / "shared" / "data" / "online_retail" / "online_retail.csv.gz"
LINES = 5_000


@pytest.fixture
def lines() -> list[str]:
    """The header and the first 5,000 lines; none of them has a quoted newline."""
    if not FILE.exists():
        pytest.skip("UCI Online Retail is not beside this project")
    with gzip.open(FILE, "rt", encoding="utf-8", newline="") as stream:
        return list(islice(stream, LINES + 1))


def ingest(engine: Engine, path: Path) -> IngestReport:
    return ingest_file(
        engine,
        path,
        format="csv",
        event_map=packaged_map("online_retail"),
        received_at=UnixSeconds(1_767_268_800),
        rejects=path.with_suffix(".rejects"),
        chunk=700,
    )


def test_earn_step__real_rows__points_of_a_straight_computation(
    engine: Engine, tmp_path: Path, lines: list[str]
) -> None:
    path = tmp_path / "first.csv"
    path.write_text("".join(lines), encoding="utf-8", newline="")
    expected: Counter[str] = Counter()
    kept: list[str] = []
    for line in lines[1:]:
        # From the right: only the description may hold a comma.
        _, quantity, _, price, customer, _ = line.rsplit(",", 5)
        if customer:
            kept.append(line)
            worth = (Decimal(quantity) * Decimal(price)).to_integral_value(ROUND_FLOOR)
            expected[customer] += max(0, int(worth))

    report = ingest(engine, path)
    steps = run_all(engine, limit=900)

    assert report == IngestReport(read=LINES, taken=len(kept), left_out=LINES - len(kept))
    assert len(set(kept)) < len(kept)  # there are equal lines among them
    with transaction(engine) as tx:
        assert tx.execute(select(func.count()).select_from(events)).scalar_one() == len(kept)
        numbers = read_numbers(tx, expected)
        held = balances(tx, [f"member:{number}:available" for number in numbers.values()], POINTS)
    assert {member: held[f"member:{number}:available"] for member, number in numbers.items()} == dict(expected)
    assert sum(step.issued for step in steps) == sum(expected.values())
    assert sum(step.refused for step in steps) == 0

    before = everything(engine)
    assert ingest(engine, path) == IngestReport(read=LINES, known=len(kept), left_out=LINES - len(kept))
    assert run_all(engine) == []
    assert everything(engine) == before
