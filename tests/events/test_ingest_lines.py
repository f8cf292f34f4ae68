"""ingest_file with a map of lines

given a file whose rows are lines
    all rows of an id are one event, wherever they stand, taken when the last of them has come; its lines are counted
    the same file again takes nothing; the same rows in another order are the same events
    when a row repeats a line
        it is counted and not taken twice
    when a row cannot be taken, or the rows of an id contradict each other
        no row of that id is taken, each is rejected with its reason, and the mended file is taken
    when an order was taken before with other lines, or its member is closed
        all of its rows are rejected
    when the file changes while it is read
        it raises InvalidEvent
given a kill at any commit, any size of chunk, any order of the rows
    the same events
"""

import csv
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from loyaltychain.core import errors
from loyaltychain.db.engine import transaction
from loyaltychain.events.identity import close_member, join
from loyaltychain.events.ingest import IngestReport, ingest_file
from loyaltychain.events.map import parse_map
from loyaltychain.events.orders import Order, OrderLine, parse_order
from loyaltychain.events.types import Event, encode_event
from tests.events.builders import LATER, NOON, ORDERS_MAP, Killed, killed_at_commit, write_file
from tests.events.test_ingest import bare_database, stored

HEADER = "order,no,customer,at,item,pieces,price,currency,of_order,of_line\n"
MAP = parse_map(ORDERS_MAP)


def line(
    order: object, no: object, *, customer: str = "ann", pieces: object = 1, price: str = "2.00", at: str = "12:00"
) -> str:
    return f"{order},{no},{customer},2026-01-01T{at}:00,mug,{pieces},{price},GBP,,\n"


def ingest(engine: Engine, path: Path, *, chunk: int = 2, **more: Any) -> IngestReport:
    rejects = path.parent / "rejects.csv"
    return ingest_file(
        engine, path, format="csv", event_map=MAP, received_at=LATER, rejects=rejects, chunk=chunk, **more
    )


def events_in(engine: Engine) -> list[Event]:
    return [each.event for each in stored(engine)]


def rejected_in(folder: Path) -> list[tuple[int, str]]:
    with (folder / "rejects.csv").open(newline="", encoding="utf-8") as stream:
        return [(int(row[0]), row[1]) for row in list(csv.reader(stream, strict=True))[1:]]


SCATTERED = [line("A", 1), line("B", 1, customer="bob"), line("A", 2), line("C", 1), line("B", 2, customer="bob")]


def test_ingest_file__scattered_lines__one_event_an_id(engine: Engine, tmp_path: Path) -> None:
    content = HEADER + "".join(SCATTERED) + line("D", 1, customer="") + line("A", 10, pieces=3, at="11:00")
    path = write_file(tmp_path / "file.csv.gz", content, packed=True)
    seen: list[IngestReport] = []

    first = ingest(engine, path, on_progress=seen.append)
    again = ingest(engine, path)

    assert first == seen[-1] == IngestReport(read=7, taken=3, left_out=1, lines=6)
    assert again == IngestReport(read=7, known=3, left_out=1, lines=6)
    assert [(each.read, each.taken, each.lines) for each in seen] == [(2, 0, 0), (4, 1, 1), (6, 2, 3), (7, 3, 6)]
    found = events_in(engine)
    assert [(each.id, each.type, each.member_id) for each in found] == [
        ("C", "return", "ann"),
        ("B", "order", "bob"),
        ("A", "order", "ann"),
    ]
    assert found[2].occurred_at == NOON - 3600
    assert parse_order(found[2]) == Order(
        "A", "GBP", (OrderLine("1", "mug", 1, 200), OrderLine("2", "mug", 1, 200), OrderLine("10", "mug", 3, 600))
    )


def test_ingest_file__json_lines__the_same_events(engine: Engine, tmp_path: Path) -> None:
    content = HEADER + "".join(SCATTERED)
    rows = [json.dumps(row) for row in csv.DictReader(content.splitlines())]
    ingest(engine, write_file(tmp_path / "file.csv", content))
    path = write_file(tmp_path / "file.jsonl", "\n".join(rows))

    report = ingest_file(
        engine, path, format="jsonl", event_map=MAP, received_at=LATER, rejects=tmp_path / "rejects.csv"
    )

    assert report == IngestReport(read=5, known=3, lines=5)


def test_ingest_file__repeated_lines__counted_not_taken(engine: Engine, tmp_path: Path) -> None:
    path = write_file(tmp_path / "file.csv", HEADER + line("A", 1) + line("A", 2) + line("A", 1) + line("A", 1))

    assert ingest(engine, path) == IngestReport(read=4, taken=1, lines=2, repeated=2)
    assert ingest(engine, path) == IngestReport(read=4, known=1, lines=2, repeated=2)
    assert len(parse_order(events_in(engine)[0]).lines) == 2


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (line("A", 3, price="x"), "This is not a decimal number such as 1234.50. [amount: "),
        (line("A", 3, pieces=-1), "quantity must be a whole number of 1 to"),
        (line("A", 3, at="25:00"), "This is not a time of the map's format."),
        (line("A", 1, pieces=2), "another row has this line's id and other content [line: 1]"),
        (line("A", 1, at="12:01"), "another row has this line's id and other content [line: 1]"),
    ],
)
def test_ingest_file__one_bad_row__no_row_of_its_event(engine: Engine, tmp_path: Path, bad: str, reason: str) -> None:
    content = HEADER + line("A", 1) + line("B", 1) + bad + line("A", 2)
    path = write_file(tmp_path / "file.csv", content)

    report = ingest(engine, path)

    assert report == IngestReport(read=4, taken=1, rejected=3, lines=1, rejects_file=tmp_path / "rejects.csv")
    rejected = dict(rejected_in(tmp_path))
    assert sorted(rejected) == [2, 4, 5]
    assert rejected.pop(4).startswith(reason)
    assert set(rejected.values()) == {"another row of this order cannot be taken: line 4"}
    assert [each.id for each in events_in(engine)] == ["B"]

    mended = ingest(engine, write_file(path, content.replace(bad, line("A", 3))))

    assert mended == IngestReport(read=4, taken=1, known=1, lines=4)
    assert len(parse_order(events_in(engine)[1]).lines) == 3


def test_ingest_file__rows_differ_in_member__each_rejected(engine: Engine, tmp_path: Path) -> None:
    path = write_file(tmp_path / "file.csv", HEADER + line("A", 1) + line("A", 2, customer="bob") + line("A", 1))

    report = ingest(engine, path)

    assert report == IngestReport(read=3, rejected=3, rejects_file=tmp_path / "rejects.csv")
    reason = "The rows of one order differ in member. [found: ann, bob]"
    assert sorted(rejected_in(tmp_path)) == [(2, reason), (3, reason), (4, reason)]
    assert events_in(engine) == []


def test_ingest_file__rows_of_no_event__rejected_alone(engine: Engine, tmp_path: Path) -> None:
    path = write_file(tmp_path / "file.csv", HEADER + line("A", 1) + line("", 7) + "A,2\n" + line("B", 1, customer=""))

    report = ingest(engine, path)

    assert report == IngestReport(
        read=4, taken=1, left_out=1, rejected=2, lines=1, rejects_file=tmp_path / "rejects.csv"
    )
    assert [number for number, _ in rejected_in(tmp_path)] == [3, 4]


def test_ingest_file__other_lines_of_a_known_order__all_rows_rejected(engine: Engine, tmp_path: Path) -> None:
    path = write_file(tmp_path / "file.csv", HEADER + line("A", 1))
    ingest(engine, path)
    before = stored(engine)

    report = ingest(engine, write_file(path, HEADER + line("A", 1) + line("A", 2) + line("A", 2)))

    assert report == IngestReport(read=3, rejected=3, rejects_file=tmp_path / "rejects.csv")
    assert {reason for _, reason in rejected_in(tmp_path)} == {
        "This event's id was taken before with other content. [id: A]"
    }
    assert stored(engine) == before


def test_ingest_file__order_of_a_closed_member__all_rows_rejected(engine: Engine, tmp_path: Path) -> None:
    with transaction(engine) as tx:
        close_member(tx, join(tx, "bob", LATER), LATER, "left")

    report = ingest(engine, write_file(tmp_path / "file.csv", HEADER + "".join(SCATTERED)))

    assert report == IngestReport(read=5, taken=2, rejected=2, lines=3, rejects_file=tmp_path / "rejects.csv")
    assert [number for number, _ in rejected_in(tmp_path)] == [3, 6]


def test_ingest_file__file_changes_on_the_way__refused(engine: Engine, tmp_path: Path) -> None:
    content = HEADER + "".join(line(n, 1) for n in range(3000)) + line(0, 2)  # far more than is read ahead
    path = write_file(tmp_path / "file.csv", content)

    def cut(_so_far: IngestReport) -> None:
        os.truncate(path, len(HEADER) + len(line(0, 1)) * 2000)

    with pytest.raises(errors.InvalidEvent, match="changed while it was read"):
        ingest(engine, path, chunk=100, on_progress=cut)


def test_ingest_file__map_does_not_fit__nothing_taken(engine: Engine, tmp_path: Path) -> None:
    path = write_file(tmp_path / "file.csv", HEADER.replace("item", "article") + line("A", 1))

    with pytest.raises(errors.InvalidMap, match=r"lines.item.column: the column 'item' is not in"):
        ingest(engine, path)


def test_ingest_file__killed_at_any_commit__same_events(engine: Engine, tmp_path: Path) -> None:
    path = write_file(tmp_path / "file.csv", HEADER + "".join(line(n % 3, n) for n in range(9)))
    kills = 0
    for number in range(1, 10):
        with killed_at_commit(engine, number):
            try:
                ingest(engine, path, chunk=1)
                break
            except Killed:
                kills += 1
        assert len(stored(engine)) == number - 1

    assert kills == 3
    assert [each.id for each in events_in(engine)] == ["0", "1", "2"]
    assert all(len(parse_order(each).lines) == 3 for each in events_in(engine))


any_rows = st.lists(
    st.builds(
        line,
        st.sampled_from("ABC"),
        st.integers(1, 4),
        customer=st.sampled_from(["ann", "ann", "ann", "bob", ""]),
        pieces=st.sampled_from([1, 1, 1, 2, 0]),
    ),
    max_size=12,
)


@settings(deadline=None, max_examples=60)
@given(st.data(), any_rows, st.integers(1, 13))
def test_ingest_file__any_order_and_chunk__same_events_and_counts(
    tmp_path_factory: pytest.TempPathFactory, data: Any, rows: list[str], chunk: int
) -> None:
    folder = tmp_path_factory.mktemp("any")
    engines = bare_database(), bare_database()
    found, reports = [], []
    for engine, content, size in zip(engines, (rows, data.draw(st.permutations(rows))), (chunk, 100), strict=True):
        path = write_file(folder / "file.csv", HEADER + "".join(content))
        report = ingest(engine, path, chunk=size)
        assert report.read == len(rows) == report.lines + report.repeated + report.left_out + report.rejected
        found.append(sorted((each.id, *encode_event(each)) for each in events_in(engine)))
        assert report.lines == sum(len(each.payload["lines"]) for each in events_in(engine))
        reports.append(report)
        again = ingest(engine, path, chunk=size)
        assert (again.taken, again.known) == (0, report.taken)
        assert (again.lines, again.repeated, again.rejected) == (report.lines, report.repeated, report.rejected)
        engine.dispose()

    assert reports[0] == reports[1]
    assert found[0] == found[1]
