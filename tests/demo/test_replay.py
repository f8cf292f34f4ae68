"""replay
├── given a log: weekly files by its own dates, each row with its number in the log
├── a row that is older than the one before it comes late, a broken row comes where it stood
├── shuffled and twice: the same rows, each day for itself
├── its clock stands at the beginning of the first week, and never goes back
└── a log without rows is refused
"""

import csv
from collections import Counter
from pathlib import Path

import pytest

from loyaltychain.core import errors
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.demo.play import Play
from loyaltychain.demo.replay import Disturbance, replay
from loyaltychain.events.map import packaged_map

HEADER = "InvoiceNo,StockCode,Quantity,InvoiceDate,UnitPrice,CustomerID\n"
LOG = HEADER + (
    "1,cup,2,2025-01-02T10:00:00,1.00,7\n"
    "1,mug,1,2025-01-02T10:00:00,2.00,7\n"
    "broken\n"
    "2,cup,1,2025-01-03T10:00:00,1.00,8\n"
    "3,cup,1,2025-01-20T10:00:00,1.00,8\n"
    "4,cup,1,2025-01-01T10:00:00,1.00,8\n"
)


def play(folder: Path, text: str = LOG, disturbance: Disturbance = Disturbance()) -> Play:  # noqa: B008 - frozen
    log = folder / "log.csv"
    log.write_text(text, encoding="utf-8")
    return replay(
        log,
        event_map=packaged_map("online_retail"),
        program="",
        folder=folder / "weeks",
        disturbance=disturbance,
        on_row=lambda _: None,
    )


def rows_of(played: Play) -> list[list[list[str]]]:
    return [list(csv.reader(week.file.read_text(encoding="utf-8").splitlines()))[1:] for week in played.weeks]


def test_replay__a_log__weekly_files(tmp_path: Path) -> None:
    played = play(tmp_path)

    weeks = rows_of(played)
    assert [[row[0] for row in week] for week in weeks] == [["1", "1", "broken", "2"], ["3", "4"]]
    assert [row[-1] for week in weeks for row in week] == ["2", "3", "broken", "5", "6", "7"]
    assert played.event_map.lines is not None
    assert played.event_map.lines.id.column == "log_line"
    assert played.weeks[1].ends_at - played.weeks[0].ends_at == 14 * 86_400


def test_replay__shuffled_and_twice__the_same_rows_in_their_days(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    plain = rows_of(play(tmp_path / "a"))
    moved = rows_of(play(tmp_path / "b", disturbance=Disturbance(shuffle=3, twice=True)))

    assert moved != plain
    for before, after in zip(plain, moved, strict=True):
        assert Counter(map(tuple, after)) == Counter(map(tuple, before * 2))
    first_day = [row[0] for row in moved[0]][:6]
    assert Counter(first_day) == Counter({"1": 4, "broken": 2})


def test_replay__its_clock__never_goes_back(tmp_path: Path) -> None:
    played = play(tmp_path)

    assert played.clock() == played.weeks[0].ends_at - 7 * 86_400
    played.advance(played.weeks[1].ends_at)
    played.advance(UnixSeconds(0))
    assert played.clock() == played.weeks[1].ends_at


@pytest.mark.parametrize("text", [HEADER, HEADER + "broken\n"])
def test_replay__no_rows__is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(errors.InvalidMap, match="no rows"):
        play(tmp_path, text)
