"""A SIMULATED log of orders and returns, one row a line, in the columns of the packaged map ``online_retail``."""

import csv
import random
from collections import deque
from datetime import datetime, timedelta
from pathlib import Path

MAP = "online_retail"
PROGRAM = "online_retail"
_HEADER = ("InvoiceNo", "StockCode", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID")
_START = datetime(2025, 1, 1, 8)  # noqa: DTZ001 - local time, as tills write it; the map names the zone
_LINES_A_MEMBER = 100
_RETURNED = 0.02  # of lines
_ITEMS = 3_000
_REMEMBERED = 2_000  # latest lines that may come back: memory must not grow before the first row is measured


def write_log(file: Path, *, lines: int, seed: int = 1) -> None:
    """Exactly ``lines`` rows, by time: orders of about 20 lines, and now and then a return of something bought."""
    dice = random.Random(seed)  # noqa: S311 - a simulation, not a secret
    members = max(10, lines // _LINES_A_MEMBER)
    bought: deque[tuple[int, str]] = deque(maxlen=_REMEMBERED)
    at, number, left = _START, 0, lines
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(_HEADER)
        while left:
            number += 1
            at += timedelta(seconds=dice.randrange(5, 60))
            if bought and dice.random() < _RETURNED * 10:
                member, item = dice.choice(bought)
                writer.writerow((f"C{number}", item, -1, at.isoformat(), "1.00", member))
                left -= 1
                continue
            size = min(left, max(1, int(dice.expovariate(1 / 20))))
            member = dice.randrange(members)
            for _ in range(size):
                item, price = f"item-{dice.randrange(_ITEMS):04d}", dice.randrange(40, 1500)
                quantity = dice.randrange(1, 13)
                writer.writerow(
                    (f"{number}", item, quantity, at.isoformat(), f"{price // 100}.{price % 100:02d}", member)
                )
                bought.append((member, item))
            left -= size
