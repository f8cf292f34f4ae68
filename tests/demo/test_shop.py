"""weekly_files: given one seed, it gives the same text, in time order, with every member in it, blemishes included."""

import csv
import io

from loyaltychain.demo.shop import HEADER, Shop, weekly_files


def rows_of(shop: Shop) -> list[dict[str, str]]:
    return [row for text in weekly_files(shop) for row in csv.DictReader(io.StringIO(text))]


def test_weekly_files__same_seed__same_text() -> None:
    assert list(weekly_files(Shop())) == list(weekly_files(Shop()))
    assert list(weekly_files(Shop())) != list(weekly_files(Shop(seed=1)))


def test_weekly_files__default__every_member_and_every_blemish() -> None:
    rows = rows_of(Shop())

    assert tuple(rows[0]) == HEADER
    assert {row["customer"] for row in rows} - {""} == {f"member-{number:03d}" for number in range(1, 201)}
    assert sum(row["customer"] == "" for row in rows) == 13
    assert sum(row["at"] == "yesterday" for row in rows) == 13
    ids = [row["order_id"] for row in rows]
    assert len(ids) - len(set(ids)) == 13


def test_weekly_files__sales_and_redemptions__are_in_time_order_and_whole() -> None:
    for text in weekly_files(Shop(members=20, days=30)):
        rows = list(csv.DictReader(io.StringIO(text)))
        times = [row["at"] for row in rows[:-3]]
        assert times == sorted(times)
        assert all((row["kind"] == "sale") == bool(row["total"]) for row in rows)
