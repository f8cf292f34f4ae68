"""cut_by_time, derive, of SIMULATED communities

given more acts than are folded at once
    each act is in one portion, and none of a later portion was done before one of an earlier
    rows that are no acts are in none; they are counted, and named by the lines of the files themselves
    the badges are those of all acts at once, in any order
    of two rows with one id and different contents the first in its file counts
given fewer
    the files come as they are
"""

from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from loyaltychain.core import errors
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.migrate import open_migrated
from loyaltychain.events.cells import read_id, read_time
from loyaltychain.events.files import open_text
from loyaltychain.events.rows import Row, read_header
from loyaltychain.reports.comparison.dealing import Disorder, Piece, deal
from loyaltychain.reports.comparison.plan import find_comparison
from loyaltychain.reports.comparison.run import Derived, derive
from loyaltychain.reports.comparison.slices import cut_by_time
from tests.reports.comparison.builders import Rows, two_maps, vote, write_community
from tests.reports.comparison.simulated import LAYOUT, simulate

COMPARISON = find_comparison("stack_exchange")
NOW = UnixSeconds(1_767_268_800)  # 2026
Act = tuple[str, str]  # source and id


def written(folder: Path, files: dict[str, Rows]) -> Path:
    return write_community(folder, files, layout=LAYOUT)


def acts_of(pieces: tuple[Piece, ...]) -> dict[Act, UnixSeconds]:
    found: dict[Act, UnixSeconds] = {}
    for piece in pieces:
        with open_text(piece.file, newline="") as stream:
            for row in read_header(stream)[1]:
                assert isinstance(row, Row)
                key = piece.event_map.source, read_id(piece.event_map.id, row, prefix="")
                assert key not in found
                found[key] = read_time(piece.event_map, row, received_at=NOW)
    return found


def badges(tmp_path: Path, folder: Path, disorder: Disorder, *, most: int) -> Derived:
    scratch = tmp_path / f"{most}-{disorder.seed}"
    scratch.mkdir()
    engine = open_migrated(f"sqlite:///{scratch}/compare.sqlite")
    try:
        return derive(engine, COMPARISON, folder, disorder, now=NOW, scratch=scratch, most=most)
    finally:
        engine.dispose()


@pytest.mark.parametrize("most", [1, 100, 500])
def test_cut_by_time__any_width__each_act_once_in_order(tmp_path: Path, most: int) -> None:
    folder = written(tmp_path / "community", simulate(25, seed=most))
    whole = cut_by_time(deal(COMPARISON, folder, Disorder(), scratch=tmp_path), received_at=NOW, scratch=tmp_path)

    cut = cut_by_time(whole.portions[0], received_at=NOW, scratch=tmp_path, most=most)

    portions = [acts_of(portion) for portion in cut.portions]
    assert len(portions) > 1
    for earlier, later in pairwise(portions):
        assert max(earlier.values()) < min(later.values())
    counted = Counter(act for portion in portions for act in portion)
    assert set(counted.values()) == {1}
    assert len(whole.portions) == 1
    assert cut.rejected == whole.rejected == ()
    derived = badges(tmp_path, folder, Disorder(), most=10**6)
    assert (counted.total(), cut.left_out) == (derived.events, derived.left_out)


def test_cut_by_time__few_acts__the_files_as_they_are(tmp_path: Path) -> None:
    pieces = deal(COMPARISON, written(tmp_path / "community", simulate(3)), Disorder(), scratch=tmp_path)

    assert cut_by_time(pieces, received_at=NOW, scratch=tmp_path).portions == (tuple(pieces),)


def test_cut_by_time__rows_that_are_no_acts__by_the_lines_of_their_file(tmp_path: Path) -> None:
    files = simulate(25)
    files["votes"].insert(7, vote(10**6, 1, "2", "some day"))
    pieces = deal(COMPARISON, written(tmp_path / "community", files), Disorder(), scratch=tmp_path)

    cut = cut_by_time(pieces, received_at=NOW, scratch=tmp_path, most=50)

    assert [(each.file, each.line) for each in cut.rejected] == [("votes.csv.gz", 9)]


def test_derive__any_portions_and_any_order__the_same_badges(tmp_path: Path) -> None:
    folder = written(tmp_path / "community", simulate(40, seed=5))

    once = badges(tmp_path, folder, Disorder(), most=10**6)

    assert len({badge.achievement for badge in once.badges}) > 12
    assert badges(tmp_path, folder, Disorder(), most=150).badges == once.badges
    assert badges(tmp_path, folder, Disorder(3, twice=True, late=True), most=10**6).badges == once.badges


def test_derive__one_id_twice__the_first_in_the_file_counts(tmp_path: Path) -> None:
    files = simulate(40, seed=5)
    begun = files["comments"][0]["CreationDate"]
    files["comments"] += [{**row, "CreationDate": begun, "UserId": "150"} for row in files["comments"]]  # but earlier
    files["votes"] += files["votes"][:50]  # the very same
    folder = written(tmp_path / "community", files)

    once, cut = badges(tmp_path, folder, Disorder(), most=10**6), badges(tmp_path, folder, Disorder(), most=150)

    assert cut.badges == once.badges
    assert cut.repeated == once.repeated > 40
    assert sorted((each.file, each.line) for each in cut.rejects) == sorted(
        (each.file, each.line) for each in once.rejects
    )


def test_cut_by_time__two_maps_of_one_source_on_one_file__acts_of_both(tmp_path: Path) -> None:
    gave, got = two_maps(tmp_path)
    rows = [f"g{n},t{n},G{n},T{n},2025-01-0{n % 9 + 1}T00:00:00Z" for n in range(20)]
    file = tmp_path / "acts.csv"
    file.write_text("\n".join(["gid,tid,giver,taker,at", *rows, ""]), "utf-8")

    cut = cut_by_time([Piece(file, gave), Piece(file, got)], received_at=NOW, scratch=tmp_path, most=5)

    counted = Counter(act for portion in cut.portions for act in acts_of(portion))
    assert counted == Counter(("shop", f"{letter}{n}") for letter in "gt" for n in range(20))


def test_cut_by_time__a_file_that_is_none__named(tmp_path: Path) -> None:
    folder = written(tmp_path / "community", simulate(3))
    (folder / "users.csv.gz").write_bytes(b"\x1f\x8b\x08 and no more")
    pieces = deal(COMPARISON, folder, Disorder(), scratch=tmp_path)

    with pytest.raises(errors.InvalidEvent, match=r"cannot be read.*users.csv.gz"):
        cut_by_time(pieces, received_at=NOW, scratch=tmp_path)
