"""deal, find_file, read_awarded

given a folder of plain or packed files
    in order, the files themselves come as they stand, each once for each of its maps
    shuffled, twice and late, the pieces hold the same rows, twice, in another order, and one seed deals one order
    a file that is not there is named; rows that cannot be read are in no piece
given the badges that were awarded
    they are read with their day in the zone
    a row that is no badge, or a column that is not there, is an error: half a truth is none
"""

import csv
from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from loyaltychain.core import errors
from loyaltychain.reports.comparison.awarded import read_awarded
from loyaltychain.reports.comparison.dealing import PIECES, Disorder, Piece, deal, find_file
from loyaltychain.reports.comparison.plan import find_comparison
from loyaltychain.reports.comparison.table import Award
from loyaltychain.rules.engine.days import make_days
from tests.reports.comparison.builders import badge, community, two_maps, write_community

COMPARISON = find_comparison("stack_exchange")


def rows_of(pieces: list[Piece]) -> Counter[tuple[str, ...]]:
    found: Counter[tuple[str, ...]] = Counter()
    for piece in pieces:
        with piece.file.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        columns = sorted(set(piece.event_map.columns.values()))
        found.update((piece.event_map.source, *(row[column] for column in columns)) for row in rows)
    return found


def test_deal__in_order__the_files_themselves(tmp_path: Path) -> None:
    folder = write_community(tmp_path / "community", community())

    pieces = deal(COMPARISON, folder, Disorder(), scratch=tmp_path)

    assert [(piece.file.name, piece.event_map.source) for piece in pieces] == [
        ("posts.csv.gz", "se-posts"),
        ("posts.csv.gz", "se-views"),
        ("posts.csv.gz", "se-closures"),
        ("votes.csv.gz", "se-votes"),
        ("comments.csv.gz", "se-comments"),
        ("posthistory.csv.gz", "se-history"),
        ("users.csv.gz", "se-totals"),
    ]


@pytest.mark.parametrize("disorder", [Disorder(seed=1), Disorder(late=True), Disorder(7, twice=True, late=True)])
def test_deal__in_disorder__the_same_rows(tmp_path: Path, disorder: Disorder) -> None:
    folder = write_community(tmp_path / "community", community(), packed=False)

    plain = deal(COMPARISON, folder, Disorder(), scratch=tmp_path)
    dealt = deal(COMPARISON, folder, disorder, scratch=tmp_path)

    times = 2 if disorder.twice else 1
    assert rows_of(dealt) == Counter({row: count * times for row, count in rows_of(plain).items()})
    assert len(dealt) == len(plain) * (PIECES if disorder.late else 1)


def test_deal__two_maps_of_one_source_on_one_file__rows_of_both(tmp_path: Path) -> None:
    maps = two_maps(tmp_path)
    (tmp_path / "acts.csv").write_text("gid,tid,giver,taker,at\ng1,t1,G,T,2025-01-01T00:00:00Z\n", "utf-8")
    comparison = replace(COMPARISON, acts={"acts.csv": maps})

    dealt = deal(comparison, tmp_path, Disorder(seed=1), scratch=tmp_path)

    assert rows_of(dealt) == Counter(
        [("shop", "2025-01-01T00:00:00Z", "g1", "G"), ("shop", "2025-01-01T00:00:00Z", "T", "t1")]
    )


def test_deal__one_seed__one_order_and_another_for_another(tmp_path: Path) -> None:
    folder = write_community(tmp_path / "community", community())

    def order(seed: int) -> list[str]:
        scratch = tmp_path / str(seed)
        scratch.mkdir(exist_ok=True)
        return [piece.file.name for piece in deal(COMPARISON, folder, Disorder(seed, late=True), scratch=scratch)]

    assert order(1) == order(1) != order(2)


def test_find_file__not_there__named(tmp_path: Path) -> None:
    folder = write_community(tmp_path / "community", community())
    (folder / "votes.csv.gz").unlink()

    with pytest.raises(errors.InvalidSettings, match=r"has no file votes.csv or votes.csv.gz"):
        find_file(folder, "votes.csv")


def test_deal__a_file_that_is_no_csv__refused(tmp_path: Path) -> None:
    folder = write_community(tmp_path / "community", community(), packed=False)
    (folder / "votes.csv").write_text("", "utf-8")

    with pytest.raises(errors.InvalidMap, match=r"no header.*votes.csv"):
        deal(COMPARISON, folder, Disorder(seed=1), scratch=tmp_path)


def test_deal__rows_that_cannot_be_read__in_no_piece(tmp_path: Path) -> None:
    folder = write_community(tmp_path / "community", community(), packed=False)
    whole = rows_of(deal(COMPARISON, folder, Disorder(seed=1, late=True), scratch=tmp_path))
    with (folder / "votes.csv").open("ab") as stream:
        stream.write(b'9000,1,2\r\n9001,1,2,2023-03-06,\r\n9002,1,"2"2,2023-03-06\r\n9003,1,2,\xff\r\n')

    assert rows_of(deal(COMPARISON, folder, Disorder(seed=1, late=True), scratch=tmp_path)) == whole


@pytest.mark.parametrize(("zone", "later"), [("UTC", 0), ("Pacific/Kiritimati", 1)])
def test_read_awarded__badges__with_their_day(tmp_path: Path, zone: str, later: int) -> None:
    rows = [badge(1, "Student", "2023-03-06T12:00:00.123"), badge(2, "Nice Answer", "2000-01-01T00:00:00.000")]
    folder = write_community(tmp_path, {"badges": rows})

    awards = read_awarded(folder / "badges.csv.gz", COMPARISON.badges, day_of=make_days(zone))

    first = date(2000, 1, 1).toordinal()
    second = date(2023, 3, 6 + later).toordinal()
    assert awards == [Award("1", "Student", second), Award("2", "Nice Answer", first)]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("Id,UserId,Name\n1,2,Student\n", "badges.time.column: the file has no single column 'Date'"),
        ("UserId,Name,Date\n1,Student\n", "cannot be read.*line: 2"),
        ("UserId,Name,Date\n1,,2023-03-06\n", "no member or no name.*line: 2"),
        ("UserId,Name,Date\n1,Student,soon\n", "not a time.*soon"),
        ("", "no header"),
    ],
)
def test_read_awarded__half_a_truth__refused(tmp_path: Path, text: str, problem: str) -> None:
    file = tmp_path / "badges.csv"
    file.write_text(text, "utf-8")

    with pytest.raises(errors.RequestError, match=problem):
        read_awarded(file, COMPARISON.badges, day_of=make_days("UTC"))
