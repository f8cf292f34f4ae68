"""ingest_file without a map: JSON lines of events as the HTTP API takes them

given good lines
    they are the events that the API would have taken, once, however often the file comes
given bad lines among them
    each is rejected with its line and its reason, and the rest is taken
given a file of columns
    it needs a map
given any text in a line
    it is an event, or rejected
"""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from loyaltychain.core import errors
from loyaltychain.core.times import parse_instant
from loyaltychain.db.engine import transaction
from loyaltychain.events.ingest import IngestReport, ingest_file
from loyaltychain.events.own_lines import OwnRows
from loyaltychain.events.rows import Row
from loyaltychain.events.store import read_events
from loyaltychain.program.starters import example_events, template_names
from tests.events.builders import LATER

LINE: dict[str, Any] = {"source": "forum", "id": "e-1", "type": "reply", "member": "ann",
                        "occurred_at": "2026-01-01T10:00:00+01:00",
                        "payload": {"object": "r-1", "likes": [1, 2]}}  # fmt: skip


def text_of(*changes: dict[str, Any]) -> str:
    return "".join(json.dumps(LINE | each) + "\n" for each in changes)


def ingest(engine: Engine, path: Path, content: str) -> IngestReport:
    path.write_text(content, encoding="utf-8", errors="surrogateescape")
    return ingest_file(engine, path, format="jsonl", event_map=None, received_at=LATER, rejects=path.parent / "bad.csv")


def test_good_lines__taken_once(engine: Engine, tmp_path: Path) -> None:
    content = text_of({}, {"id": "e-2", "payload": {}}) + "\n"

    first, second = (ingest(engine, tmp_path / "a.jsonl", content) for _ in range(2))

    assert (first.read, first.taken, first.rejected) == (2, 2, 0)
    assert (second.taken, second.known) == (0, 2)
    with transaction(engine) as tx:
        stored = [each.event for each in read_events(tx, 0, 10)]
    assert [(each.id, each.type, each.member_id) for each in stored] == [
        ("e-1", "reply", "ann"),
        ("e-2", "reply", "ann"),
    ]
    assert stored[0].occurred_at == parse_instant("2026-01-01T09:00:00Z", pattern="iso", zone=None)
    assert stored[0].payload == LINE["payload"]


def test_payload__left_out__is_empty(engine: Engine, tmp_path: Path) -> None:
    bare = {name: value for name, value in LINE.items() if name != "payload"}

    assert ingest(engine, tmp_path / "a.jsonl", json.dumps(bare)).taken == 1


BAD = {
    "{": "not JSON",
    "[1]": "not a JSON object",
    '{"id": 1, "id": 2}': "a key stands twice",
    text_of({"kind": "x"}): "no field 'kind'",
    text_of({"memb": "x"}): "did you mean 'member'?",
    text_of({"member": 7}): "'member' must be there, as text",
    text_of({"payload": []}): "'payload' must be a JSON object",
    text_of({"payload": {"x": 2**60}}): "not exact JSON",
    text_of({"source": "a/b"}): "source",
    text_of({"occurred_at": "yesterday"}): "not a time",
    text_of({"occurred_at": "2026-01-01T10:00:00"}): "no offset",
    text_of({"occurred_at": "2999-01-01T10:00:00Z"}): "future",
    text_of({"member": "a"}).replace('"a"', '"\udcff"'): "not UTF-8",
}


@pytest.mark.parametrize("bad", BAD)
def test_bad_line__rejected_with_its_reason__and_the_rest_taken(engine: Engine, tmp_path: Path, bad: str) -> None:
    report = ingest(engine, tmp_path / "a.jsonl", text_of({"id": "before"}) + bad.strip("\n") + "\n" + text_of({}))

    assert (report.taken, report.rejected) == (2, 1)
    assert report.rejects_file is not None
    with report.rejects_file.open(encoding="utf-8", errors="surrogateescape", newline="") as stream:
        (row,) = csv.DictReader(stream)
    assert row["line"] == "2"
    assert BAD[bad] in row["reason"]


def test_columns__without_a_map__refused(engine: Engine, tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("id,member\n1,ann\n", encoding="utf-8")

    with pytest.raises(errors.InvalidMap, match="needs a map"):
        ingest_file(engine, file, format="csv", event_map=None, received_at=LATER, rejects=tmp_path / "bad.csv")


@pytest.mark.parametrize("name", [name for name in template_names() if example_events(name)])
def test_examples_of_a_template__all_taken(engine: Engine, tmp_path: Path, name: str) -> None:
    content = example_events(name)
    assert content is not None

    path = tmp_path / "a.jsonl"
    path.write_text(content, encoding="utf-8")
    now = parse_instant("2026-06-01T00:00:00Z", pattern="iso", zone=None)
    report = ingest_file(engine, path, format="jsonl", event_map=None, received_at=now, rejects=tmp_path / "bad.csv")

    assert report.taken == report.read > 4


@given(
    st.text()
    | st.fixed_dictionaries(dict.fromkeys(LINE, st.text() | st.integers() | st.floats() | st.none())).map(json.dumps)
)
def test_any_text__an_event_or_rejected(text: str) -> None:
    found = OwnRows(received_at=LATER).sort([Row(1, text, {})])

    assert len(found.offered) + len(found.rejected) == 1
