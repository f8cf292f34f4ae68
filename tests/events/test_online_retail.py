"""ingest_file of the whole of UCI Online Retail, where that folder is present

given its 541,909 rows and the packaged map
    rows without a customer are left out, every other row is a line, none is rejected or repeated
    there are as many orders, returns and members as a straight reading of the file counts
    each payload is one that parse_order or parse_return accepts, and the amounts add up to the file's
"""

import csv
import gzip
from decimal import ROUND_DOWN, Decimal
from pathlib import Path

import pytest
from sqlalchemy import Engine

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import transaction
from loyaltychain.events.ingest import IngestReport, ingest_file
from loyaltychain.events.map import packaged_map
from loyaltychain.events.orders import parse_order, parse_return
from loyaltychain.events.store import last_number, read_events
from loyaltychain.events.types import Event
from tests.database import fresh_database

FILE = Path(__file__).parents[2].parent / "shared" / "data" / "online_retail" / "online_retail.csv.gz"


def every_event(engine: Engine) -> list[Event]:
    with transaction(engine) as tx:
        return [each.event for each in read_events(tx, 0, 1_000_000)]


def straight_reading() -> tuple[set[str], set[str], int, int]:
    """Orders, returns, minor units of all orders, pieces of all returns."""
    orders, returns, amounts, pieces = set(), set(), 0, 0
    with gzip.open(FILE, "rt", encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            if not row["CustomerID"]:
                continue
            if row["InvoiceNo"].startswith("C"):
                returns.add(row["InvoiceNo"])
                pieces -= int(row["Quantity"])
            else:
                orders.add(row["InvoiceNo"])
                worth = Decimal(row["Quantity"]) * Decimal(row["UnitPrice"]) * 100
                amounts += int(worth.to_integral_value(ROUND_DOWN))
    return orders, returns, amounts, pieces


@pytest.mark.slow
def test_ingest_file__whole_log__its_control_totals(tmp_path: Path) -> None:
    if not FILE.exists():
        pytest.skip("UCI Online Retail is not beside this project")
    engine = fresh_database("sqlite")
    orders, returns, amounts, pieces = straight_reading()

    report = ingest_file(
        engine,
        FILE,
        format="csv",
        event_map=packaged_map("online_retail"),
        received_at=UnixSeconds(1_767_268_800),
        rejects=tmp_path / "rejects.csv",
    )

    assert report == IngestReport(read=541_909, taken=22_190, left_out=135_080, lines=406_829)
    events = every_event(engine)
    bought = [parse_order(event) for event in events if event.type == "order"]
    back = [parse_return(event) for event in events if event.type == "return"]
    assert {order.order for order in bought} == orders
    assert {event.id for event in events if event.type == "return"} == returns
    assert (len(bought), len(back)) == (len(orders), len(returns)) == (18_536, 3_654)
    assert sum(line.amount for order in bought for line in order.lines) == amounts
    assert sum(line.quantity for each in back for line in each.lines) == pieces
    assert sum(len(each.lines) for each in [*bought, *back]) == report.lines
    with transaction(engine) as tx:
        assert last_number(tx) == 4_372
    engine.dispose()
