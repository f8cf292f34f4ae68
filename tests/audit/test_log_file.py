"""write_log_file, read_log_file

given a chain log
├── when written and read
│   └── it is the same, and so many logs were promised
├── when written over an older file
│   └── the file is new and nothing else is left behind
given a file
├── when a line was deleted
│   └── the promise tells
├── when lines stand in another order
│   └── they are read in chain order
└── when it is missing, empty, something else, or a line is no JSON or lacks a field
    └── it is refused by name
"""

import json
from pathlib import Path

import pytest

from loyaltychain.audit.chain_log import ChainLog, Pin
from loyaltychain.audit.log_file import read_log_file, write_log_file
from loyaltychain.core import json_text
from loyaltychain.core.errors import InvalidSettings
from tests.audit.builders import ACCESS, CHAIN_ID, LEDGER, REGISTRY, History, word


def make_chain_log() -> ChainLog:
    history = History()
    history.settle({3: 5, 17: 12})
    history.settle({3: -5})
    addresses = {"PointsLedger": LEDGER, "ProgramRegistry": REGISTRY, "AccessManager": ACCESS}
    return ChainLog(CHAIN_ID, "local", 2, Pin(40, word(40)), addresses, tuple(history.logs))


def test_log_file__written_and_read__is_the_same(tmp_path: Path) -> None:
    path = tmp_path / "logs of the shop.jsonl"
    path.write_text("an older file")
    chain_log = make_chain_log()

    write_log_file(chain_log, path)

    assert read_log_file(path) == (chain_log, 5)
    assert [file.name for file in tmp_path.iterdir()] == ["logs of the shop.jsonl"]


def test_log_file__a_line_deleted__promises_more(tmp_path: Path) -> None:
    path = tmp_path / "logs.jsonl"
    write_log_file(make_chain_log(), path)
    lines = path.read_text().splitlines()

    path.write_text("\n".join(lines[:-1]))

    chain_log, promised = read_log_file(path)
    assert (len(chain_log.logs), promised) == (4, 5)


def test_log_file__another_order__is_read_in_chain_order(tmp_path: Path) -> None:
    path = tmp_path / "logs.jsonl"
    write_log_file(make_chain_log(), path)
    header, *lines = path.read_text().splitlines()

    path.write_text("\n".join([header, *reversed(lines)]))

    assert read_log_file(path) == (make_chain_log(), 5)


def test_log_file__missing__is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings, match=r"cannot be read.*no\.jsonl"):
        read_log_file(tmp_path / "no.jsonl")


@pytest.mark.parametrize("content", ["", '{"format": "something/else"}', "{}"])
def test_log_file__something_else__is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "logs.jsonl"
    path.write_text(content)

    with pytest.raises(InvalidSettings, match="not a file of chain logs"):
        read_log_file(path)


@pytest.mark.parametrize(("line", "message"), [("{", "not JSON.*line: 2"), ("[]", "not an object.*line: 2")])
def test_log_file__a_broken_line__is_named(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "logs.jsonl"
    write_log_file(make_chain_log(), path)
    lines = path.read_text().splitlines()

    path.write_text("\n".join([lines[0], line, *lines[2:]]))

    with pytest.raises(InvalidSettings, match=message):
        read_log_file(path)


def test_log_file__a_line_without_end__is_not_read_to_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "logs.jsonl"
    write_log_file(make_chain_log(), path)
    monkeypatch.setattr(json_text, "LINE_MAX", max(map(len, path.read_text().splitlines())) + 1)
    assert read_log_file(path)[1] == 5
    with path.open("a") as file:
        file.write(" " * 10_000)

    with pytest.raises(InvalidSettings, match="a line is longer than"):
        read_log_file(path)


@pytest.mark.parametrize(("place", "field"), [(0, "last_block"), (0, "exported"), (1, "time"), (1, "block")])
def test_log_file__a_number_beyond_all__is_refused(tmp_path: Path, place: int, field: str) -> None:
    path = tmp_path / "logs.jsonl"
    write_log_file(make_chain_log(), path)
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    endless = float("inf")
    rows[place][field] = {"head": endless, "safe": None, "final": None, "by": "tag"} if field == "exported" else endless
    path.write_text("\n".join(map(json.dumps, rows)))

    with pytest.raises(InvalidSettings, match="lacks a field"):
        read_log_file(path)


@pytest.mark.parametrize("field", ["block", "block_hash", "tx_hash", "index", "address", "topics", "data"])
def test_log_file__a_field_missing__is_named(tmp_path: Path, field: str) -> None:
    path = tmp_path / "logs.jsonl"
    write_log_file(make_chain_log(), path)
    lines = path.read_text().splitlines()
    log = json.loads(lines[1])
    del log[field]

    path.write_text("\n".join([lines[0], json.dumps(log), *lines[2:]]))

    with pytest.raises(InvalidSettings, match=f"lacks a field.*{field}"):
        read_log_file(path)
