"""ingest_file

given a CSV or JSON lines file, plain or packed
    it takes every good row and counts the others; the same file again takes nothing
    when rows are bad
        they are written to the rejects file with line, reason and raw text, and the rest is taken
    when an id was taken before with other content
        that row is rejected and nothing changes
    when no row is bad
        there is no rejects file
    when its member is closed
        that row is rejected
given a map with ids by line
    equal lines are separate events; the same content packed takes nothing twice
given a map that names a column that is not there, or rejects that would overwrite the file
    it raises before anything is taken
given a kill at any commit, and the same file again
    nothing is lost and nothing is taken twice
given any size of chunk
    it takes the same events in the same order
"""

import csv
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, func, select

from loyaltychain.core import errors
from loyaltychain.db.cursors import cursors
from loyaltychain.db.engine import open_database, transaction
from loyaltychain.events.identity import close_member, join
from loyaltychain.events.ingest import IngestReport, ingest_file
from loyaltychain.events.map import EventMap, parse_map
from loyaltychain.events.store import read_events
from loyaltychain.events.tables import events
from loyaltychain.events.types import SequencedEvent
from tests.events.builders import HEADER, LATER, SHOP_MAP, Killed, killed_at_commit, make_event, write_file

BY_LINE = parse_map(SHOP_MAP.replace("id: {column: order_id}", "id: line"))
BY_ORDER = parse_map(SHOP_MAP)
TOO_FINE = "The amount has more than 2 fraction digits; declare a rounding in the map to allow that."


def line(order: object = "INV-1", member: str = "ann", total: str = "15.30", kind: str = "sale") -> str:
    return f"{order},{kind},{member},2026-01-01T12:00:00,{total}\n"


def ingest(engine: Engine, path: Path, *, event_map: EventMap = BY_ORDER, chunk: int = 2) -> IngestReport:
    kind = "jsonl" if "jsonl" in path.name else "csv"
    return ingest_file(
        engine,
        path,
        format=kind,
        event_map=event_map,
        received_at=LATER,
        rejects=path.parent / "rejects.csv",
        chunk=chunk,
    )


def stored(engine: Engine) -> list[SequencedEvent]:
    with transaction(engine) as tx:
        return read_events(tx, 0, 10_000)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_ingest_file__good_rows__taken_once(engine: Engine, tmp_path: Path, kind: str, packed: bool) -> None:
    content = HEADER + line() + line("INV-2", "") + line("INV-3", "bob", "0.99")
    if kind == "jsonl":
        rows = csv.DictReader(content.splitlines())
        content = "".join(json.dumps(row | {"total": "#"}).replace('"#"', row["total"]) + "\n" for row in rows)
    path = write_file(tmp_path / f"file.{kind}", content, packed=packed)

    first, again = ingest(engine, path), ingest(engine, path)

    assert first == IngestReport(read=3, taken=2, known=0, left_out=1, rejected=0, rejects_file=None)
    assert again == IngestReport(read=3, taken=0, known=2, left_out=1, rejected=0, rejects_file=None)
    assert [each.event for each in stored(engine)] == [
        make_event(),
        make_event(id="INV-3", member_id="bob", payload={"amount": 99, "currency": "GBP"}),
    ]
    assert not (tmp_path / "rejects.csv").exists()


def test_ingest_file__bad_rows__set_aside_with_reasons(engine: Engine, tmp_path: Path) -> None:
    formula = "=cmd|' /C calc'!A0"
    content = (
        HEADER.encode()
        + line().encode()
        + line("INV-2", total="1.005").encode()
        + b"INV-3,sale,ann\n"
        + b'INV-4,sale,"an\nn",2026-01-01,1.00\n'
        + line(formula, "", kind="loan").encode()
        + line("INV-5", "\x00").encode()
        + b"INV-6,sale,\xff,2026-01-01,1.00\n"
        + line("INV-7", "bob").encode()
        + line("INV-1", total="15.31").encode()
        + line(f'"{formula}, ""x"""', kind="loan").encode()
    )
    path = write_file(tmp_path / "file.csv", content)

    report = ingest(engine, path, chunk=100)

    rejects = tmp_path / "rejects.csv"
    assert report == IngestReport(read=10, taken=2, known=0, left_out=1, rejected=7, rejects_file=rejects)
    assert [each.event.id for each in stored(engine)] == ["INV-1", "INV-7"]
    with rejects.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.reader(stream, strict=True))
    assert rows[0] == ["line", "reason", "raw"]
    assert [int(row[0]) for row in rows[1:]] == [3, 4, 5, 8, 9, 11, 12]
    for row, reason in zip(
        rows[1:],
        [
            f"{TOO_FINE} [amount: total 1.005]",
            "the row has 3 columns, the header has 5",
            "The member must be printable text of 1 to 200 characters. [member: an\\nn]",
            "The member must be printable text of 1 to 200 characters. [member: \\x00]",
            "the row holds bytes that are not UTF-8",
            "This event's id was taken before with other content. [id: INV-1]",
            "The map has no type for this word. [column: kind; found: loan]",
        ],
        strict=True,
    ):
        assert row[1] == reason
    assert rows[3][2] == 'INV-4,sale,"an\nn",2026-01-01,1.00'
    assert rows[5][2] == "INV-6,sale,\\udcff,2026-01-01,1.00"
    assert rows[7][2] == f'"{formula}, ""x""",loan,ann,2026-01-01T12:00:00,15.30'


def test_ingest_file__conflict_with_an_earlier_file__rejected(engine: Engine, tmp_path: Path) -> None:
    ingest(engine, write_file(tmp_path / "first.csv", HEADER + line()))
    before = stored(engine)

    report = ingest(engine, write_file(tmp_path / "second.csv", HEADER + line(total="15.31") + line()))

    assert report == IngestReport(read=2, taken=0, known=1, rejected=1, rejects_file=tmp_path / "rejects.csv")
    assert stored(engine) == before


def test_ingest_file__no_bad_row_any_more__old_rejects_are_gone(engine: Engine, tmp_path: Path) -> None:
    path = write_file(tmp_path / "file.csv", HEADER + line(total="x"))
    assert ingest(engine, path).rejects_file == tmp_path / "rejects.csv"

    ingest(engine, write_file(path, HEADER + line()))

    assert not (tmp_path / "rejects.csv").exists()


def test_ingest_file__closed_member__that_row_rejected(engine: Engine, tmp_path: Path) -> None:
    with transaction(engine) as tx:
        close_member(tx, join(tx, "ann", LATER), LATER, "left")

    report = ingest(engine, write_file(tmp_path / "file.csv", HEADER + line() + line("INV-2", "bob")))

    assert report == IngestReport(read=2, taken=1, rejected=1, rejects_file=tmp_path / "rejects.csv")
    assert "2,The member is closed since" in (tmp_path / "rejects.csv").read_text()


def test_ingest_file__ids_by_line__equal_lines_stay_two(engine: Engine, tmp_path: Path) -> None:
    content = HEADER + line() + line()
    plain = write_file(tmp_path / "file.csv", content)
    packed = write_file(tmp_path / "other.csv.gz", content, packed=True)

    reports = [ingest(engine, path, event_map=BY_LINE) for path in (plain, packed)]

    assert reports == [IngestReport(read=2, taken=2), IngestReport(read=2, known=2)]
    ids = [each.event.id for each in stored(engine)]
    assert [event_id[16:] for event_id in ids] == [":2", ":3"]
    assert ids[0][:16] == ids[1][:16]


def test_ingest_file__map_does_not_fit__nothing_taken(engine: Engine, tmp_path: Path) -> None:
    path = write_file(tmp_path / "file.csv", HEADER.replace("total", "sum") + line())

    with pytest.raises(errors.InvalidMap, match="'total' is not in"):
        ingest(engine, path)

    assert stored(engine) == []


def test_ingest_file__rejects_are_the_file__refused(engine: Engine, tmp_path: Path) -> None:
    path = write_file(tmp_path / "rejects.csv", HEADER + line())

    with pytest.raises(errors.InvalidEvent, match="overwrite"):
        ingest(engine, path)

    assert path.read_text() == HEADER + line()


def test_ingest_file__progress__the_report_so_far(engine: Engine, tmp_path: Path) -> None:
    path = write_file(tmp_path / "file.csv", HEADER + "".join(line(n) for n in range(5)))
    seen: list[IngestReport] = []

    report = ingest_file(
        engine,
        path,
        format="csv",
        event_map=BY_ORDER,
        received_at=LATER,
        rejects=tmp_path / "rejects.csv",
        on_progress=seen.append,
        chunk=2,
    )

    assert [each.read for each in seen] == [2, 4, 5]
    assert seen[-1] == report == IngestReport(read=5, taken=5)


def test_ingest_file__killed_at_any_commit__same_events(engine: Engine, tmp_path: Path) -> None:
    content = HEADER + "".join(line(n % 6, f"m{n % 4}", f"{n % 6}.00") for n in range(9))
    path = write_file(tmp_path / "file.csv", content)
    kills = 0
    for number in range(1, 20):
        with killed_at_commit(engine, number) as tried:
            try:
                ingest(engine, path, event_map=BY_LINE)
                break
            except Killed:
                kills += 1
        assert len(stored(engine)) == 2 * (number - 1)

    assert (kills, tried) == (5, [5])
    found = stored(engine)
    assert [each.position for each in found] == list(range(1, 10))
    assert [each.event.id[17:] for each in found] == [str(n) for n in range(2, 11)]
    assert [each.member for each in found] == [1, 2, 3, 4, 1, 2, 3, 4, 1]
    with transaction(engine) as tx:
        assert tx.execute(select(func.count()).select_from(events)).scalar_one() == 9


order_rows = st.lists(
    st.tuples(st.integers(1, 6), st.sampled_from(["ann", "bob", "", "\x07"]), st.sampled_from(["1.00", "2.50", "x"])),
    max_size=12,
)


def bare_database() -> Engine:
    """In memory and without migrations: there is a new one for each example."""
    fresh = open_database("sqlite://")
    with transaction(fresh) as tx:
        cursors.metadata.create_all(tx, tables=[cursors.metadata.tables[name] for name in TABLES])
    return fresh


TABLES = ("members", "events", "member_aliases", "member_closures", "intake_refusals")


@settings(deadline=None, max_examples=40)
@given(order_rows, st.integers(1, 13))
def test_ingest_file__any_chunk__same_events_and_counts(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[int, str, str]], chunk: int
) -> None:
    content = HEADER + "".join(line(order, member, total) for order, member, total in rows)
    path = write_file(tmp_path_factory.mktemp("any") / "file.csv", content)
    engines = bare_database(), bare_database()

    reports = [ingest(engine, path, chunk=size) for engine, size in zip(engines, (chunk, 100), strict=True)]

    assert reports[0] == reports[1]
    one, other = (stored(engine) for engine in engines)
    assert one == other
    assert (
        reports[0].read
        == len(rows)
        == sum((reports[0].taken, reports[0].known, reports[0].left_out)) + (reports[0].rejected)
    )
    for each in engines:
        each.dispose()
