"""UCI Online Retail where it lies beside this project, and its totals by a straight computation without any of ours."""

import csv
import gzip
from collections import defaultdict
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from itertools import islice
from pathlib import Path

import pytest

FILE = Path(__file__).parents[1].parent / "shared" / "data" / "online_retail" / "online_retail.csv.gz"


@dataclass(frozen=True)
class Straight:
    """What one point per whole pound of a line comes to, and what returns take back, latest first."""

    rows: int
    left_out: int
    members: int
    events: int
    issued: int
    reversed: int
    in_full: int
    in_part: int
    not_at_all: int
    pieces_parked: int


def slice_of_log(folder: Path, lines: int) -> Path:
    """The header and the first ``lines`` lines as a file; skips the test where the log is not at hand."""
    if not FILE.exists():
        pytest.skip("UCI Online Retail is not beside this project")
    target = folder / "log.csv"
    with gzip.open(FILE, "rt", encoding="utf-8", newline="") as log:
        target.write_text("".join(islice(log, lines + 1)), encoding="utf-8", newline="")
    return target


def compute(file: Path) -> Straight:
    """The totals, in the order of the file."""
    stacks: dict[tuple[str, str], list[list[int]]] = defaultdict(list)  # [bought, kept, award]
    rows = left_out = issued = taken = units = 0
    found = {"full": 0, "part": 0, "none": 0}
    members, invoices = set(), set()
    with file.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            rows += 1
            if not row["CustomerID"]:
                left_out += 1
                continue
            members.add(row["CustomerID"])
            invoices.add(row["InvoiceNo"])
            quantity, key = int(row["Quantity"]), (row["CustomerID"], row["StockCode"])
            if quantity > 0:
                worth = (quantity * Decimal(row["UnitPrice"])).to_integral_value(ROUND_FLOOR)
                stacks[key].append([quantity, quantity, int(worth)])
                issued += int(worth)
                continue
            wanted = -quantity
            for line in reversed(stacks[key]):
                bought, kept, award = line
                back = min(kept, wanted)
                taken += award * kept // bought - award * (kept - back) // bought
                line[1] -= back
                wanted -= back
            units += wanted
            found["full" if not wanted else "part" if wanted < -quantity else "none"] += 1
    return Straight(rows, left_out, len(members), len(invoices), issued, taken, found["full"], found["part"],
                    found["none"], units)  # fmt: skip
