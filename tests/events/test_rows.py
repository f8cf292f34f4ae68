"""read_header, read_json_lines, open_text, file_identity

given CSV
    it gives rows with the line that they began on, quotes and embedded newlines understood, blank lines passed over
    when a row has another number of columns, or bytes that are not UTF-8
        only that row is broken
    when quotes are broken
        what they swallowed is broken with them and never becomes rows
    when there is no header
        it raises InvalidMap
given JSON lines
    it gives rows whose numbers are the text that was written
    when a line is not an object, not JSON, too deep, or has a key twice
        only that line is broken
given a line without an end
    it raises InvalidEvent
given a file, plain or packed
    its text and its identity are the same
    when it is cut or missing
        it raises InvalidEvent
"""

import csv
import hashlib
import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyaltychain.core import errors
from loyaltychain.events.files import file_identity, open_text
from loyaltychain.events.rows import LINE_MAX, RAW_MAX, BrokenRow, Row, read_header, read_json_lines
from tests.events.builders import write_file


def read_csv(text: str) -> list[Row | BrokenRow]:
    return list(read_header(io.StringIO(text, newline=""))[1])


def test_read_header__quotes_and_newlines__rows_with_first_lines() -> None:
    rows = read_csv('a,b\r\n1,"x, ""y"""\r\n\r\n2,"two\r\nlines"\r\n3, z \r\n')

    assert rows == [
        Row(2, '1,"x, ""y"""', {"a": "1", "b": 'x, "y"'}),
        Row(4, '2,"two\r\nlines"', {"a": "2", "b": "two\r\nlines"}),
        Row(6, "3, z ", {"a": "3", "b": " z "}),
    ]


def test_read_header__wrong_number_of_columns__that_row_is_broken() -> None:
    rows = read_csv("a,b\n1\n1,2,3\n1,2\n")

    assert rows == [
        BrokenRow(2, "1", "the row has 1 columns, the header has 2"),
        BrokenRow(3, "1,2,3", "the row has 3 columns, the header has 2"),
        Row(4, "1,2", {"a": "1", "b": "2"}),
    ]


def test_read_header__text_after_a_quote__that_row_is_broken() -> None:
    rows = read_csv('a,b\n1,"x"y\n2,z\n')

    assert [type(row) for row in rows] == [BrokenRow, Row]
    assert rows[0].reason == "lines 2 to 2 are not CSV: ',' expected after '\"'"  # type: ignore[union-attr]
    assert rows[1] == Row(3, "2,z", {"a": "2", "b": "z"})


def test_read_header__quote_never_closed__the_rest_is_one_broken_row() -> None:
    rows = read_csv('a,b\n1,2\n3,"x\n4,5\n6,7\n')

    assert rows[0] == Row(2, "1,2", {"a": "1", "b": "2"})
    assert rows[1:] == [BrokenRow(3, '3,"x\n4,5\n6,7', "lines 3 to 5 are not CSV: unexpected end of data")]


def test_read_header__oversized_quoted_field__its_lines_never_become_rows() -> None:
    note = "1,1\n" * (csv.field_size_limit() // 2)

    rows = read_csv(f'a,b\n2,"{note}"\n3,4\n')

    assert len(rows) == 2
    assert isinstance(rows[0], BrokenRow)
    assert rows[0].reason.endswith("field larger than field limit (131072)")
    assert len(rows[0].raw) == RAW_MAX
    assert rows[1] == Row(65_539, "3,4", {"a": "3", "b": "4"})


def test_read_header__broken_quotes_inside__nothing_within_becomes_a_row() -> None:
    rows = read_csv('a,b\n1,"he said "hi"\n9,9\nand left"\n3,4\n')

    assert [row.line for row in rows if isinstance(row, Row)] == [5]
    assert [row.line for row in rows if isinstance(row, BrokenRow)] == [2]


@pytest.mark.parametrize(("text", "problem"), [("", "is empty"), ('"a', "header is not CSV")])
def test_read_header__none__refused(text: str, problem: str) -> None:
    with pytest.raises(errors.InvalidMap, match=problem):
        read_header(io.StringIO(text, newline=""))


def test_read_header__line_without_end__refused() -> None:
    with pytest.raises(errors.InvalidEvent, match=r"too long.*line: 2"):
        read_csv("a,b\n" + "x" * LINE_MAX)


cells = st.text(st.characters(codec="utf-8"), max_size=8)


@settings(deadline=None, max_examples=100)
@given(st.lists(st.tuples(st.text("ab1", min_size=1), cells), max_size=8))
def test_read_header__whatever_a_csv_writer_writes__read_back(table: list[tuple[str, str]]) -> None:
    written = io.StringIO(newline="")
    csv.writer(written).writerows([("x", "y"), *table])

    rows = read_csv(written.getvalue())

    assert [(row.cells["x"], row.cells["y"]) for row in rows if isinstance(row, Row)] == table
    assert len(rows) == len(table)


def test_read_json_lines__good_and_broken__numbers_stay_text() -> None:
    text = (
        '{"id": 17850, "total": 15.30, "ok": true, "none": null, "big": 1e999, "in": {"a": 1}, "name": "é"}\n'
        "\n[1]\n{\n" + "[" * 100_000 + '\n{"a": 1, "a": 2}\n{"a": NaN}\n'
    )

    rows = list(read_json_lines(io.StringIO(text)))

    assert rows[0].line == 1
    assert rows[0].cells == {  # type: ignore[union-attr]
        "id": "17850",
        "total": "15.30",
        "ok": "true",
        "none": "",
        "big": "1e999",
        "in": None,
        "name": "é",
    }
    broken = [(row.line, row.reason) for row in rows if isinstance(row, BrokenRow)]
    assert [line for line, _ in broken] == [3, 4, 5, 6]
    assert broken[0][1] == "the row is not a JSON object"
    assert broken[1][1].startswith("the row is not JSON: Expecting property name")
    assert broken[3][1] == "the row is not JSON: a key stands twice"
    assert rows[-1] == Row(7, '{"a": NaN}', {"a": "NaN"})


@pytest.mark.parametrize("packed", [False, True])
def test_open_text__plain_or_packed__same_text_and_identity(tmp_path: Path, packed: bool) -> None:
    content = "\ufeffa,b\r\n1,é\n".encode()
    path = write_file(tmp_path / "file", content, packed=packed)

    with open_text(path, newline="") as stream:
        text = stream.read()

    assert text == "a,b\r\n1,é\n"
    assert file_identity(path) == hashlib.sha256(content).hexdigest()[:16]


def test_open_text__bytes_outside_of_utf8__only_their_row_is_broken(tmp_path: Path) -> None:
    path = write_file(tmp_path / "file", b"a,b\n1,\xe9\n2,\xc3\xa9\n")

    with open_text(path, newline="") as stream:
        rows = list(read_header(stream)[1])

    assert rows == [
        BrokenRow(2, "1,\udce9", "the row holds bytes that are not UTF-8"),
        Row(3, "2,é", {"a": "2", "b": "é"}),
    ]


def test_file_identity__cut_or_missing__refused(tmp_path: Path) -> None:
    path = write_file(tmp_path / "file.gz", "a,b\n1,2\n" * 1000, packed=True)
    path.write_bytes(path.read_bytes()[:-20])

    for each in (path, tmp_path / "none", tmp_path):
        with pytest.raises(errors.InvalidEvent, match="cannot be read"):
            file_identity(each)
