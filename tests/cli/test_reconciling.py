"""reconcile, as an operator meets it: on a chain that is served, from the command line alone

given true books: exit code 0, and it is recorded
given a lot of one point less: exit code 1, the place and what to do, nothing is sealed; put back: it goes on
given an older backup, restored: takes over the batch that its ledger proves, and the worker may go on
given one whose ledger does not: exit code 1, what differs by member, and the worker signs nothing
"""

# ruff: noqa: F811  fixtures are named where they are used

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_commands import ROWS, Speaker, home, speaker  # noqa: F401  fixtures

pytestmark = pytest.mark.slow
HEADER = ROWS.splitlines()[0]


@pytest.fixture
def shop(speaker: Speaker) -> Iterator[Speaker]:
    """A deployed project with one final batch: ann's 15 points."""
    for line in ("chain start", "deploy"):
        assert speaker.say(*line.split())[0] == 0
    ingest(speaker, ROWS.splitlines()[1])
    assert speaker.say("run", "--once")[0] == 0
    yield speaker
    assert speaker.say("chain", "stop")[0] == 0


def ingest(speaker: Speaker, row: str) -> None:
    Path("orders.csv").write_text(f"{HEADER}\n{row}\n", encoding="utf-8")
    assert speaker.say("ingest", "orders.csv", "--map", "simulated_shop")[0] == 0


def answer(speaker: Speaker, *line: str, code: int = 0) -> dict[str, Any]:
    found, out = speaker.say(*line, "--json")
    assert found == code, out
    return dict(json.loads(out))


def redeem(speaker: Speaker, id_: str) -> None:
    """An entry that no batch has yet: by hand, for a member whose receipt key is there."""
    line = ("adjust", "ann", "-1", "--id", id_, "--actor", "eve", "--reason", "a test")
    code, out = speaker.say(*line)
    assert code == 0, out


def change_lot(by: int) -> None:
    with closing(sqlite3.connect("ledger.sqlite3")) as books, books:
        books.execute("DROP TRIGGER IF EXISTS no_update_lots")
        assert books.execute("UPDATE lots SET remaining = remaining + ?", (by,)).rowcount == 1


def test_reconcile__drift_then_restore__each_says_what_to_do(shop: Speaker, monkeypatch: pytest.MonkeyPatch) -> None:
    check_drift(shop)
    check_restore(shop, monkeypatch)


def check_drift(shop: Speaker) -> None:
    assert "Nothing was ever compared" in shop.say("reconcile", "--last")[1]
    clean = answer(shop, "reconcile", "--actor", "eve")
    assert (clean["clean"], clean["taken_over"], clean["released"]) == (True, [], False)
    kept = clean["reconciliation"]
    assert (kept["by"], kept["batches"], kept["supply"]) == ("eve", 1, {"ledger": 15, "batches": 15, "chain": 15})
    assert "Ledger, batches, chain and supply agree." in shop.say("reconcile")[1]

    redeem(shop, "A-1")
    change_lot(-1)
    found = answer(shop, "reconcile", code=1)["reconciliation"]
    assert {(each["place"], each["subject"]) for each in found["differences"]} == {
        ("ledger", "member:1:available"), ("ledger", "lot at position 1"),
    }  # fmt: skip
    code, out = shop.say("run", "--once")
    assert "found 2 differences (ledger), and nothing is sealed" in " ".join(out.split()), (code, out)
    code, out = shop.say("reconcile", "--last")
    assert code == 1 and "lot-mismatch" in out and "never overwrite one" in " ".join(out.split())
    assert answer(shop, "status")["batches"] == {"final": 1}

    change_lot(1)
    assert answer(shop, "reconcile")["clean"]
    assert shop.say("run", "--once")[0] == 0
    assert answer(shop, "status")["batches"] == {"final": 2}


def restore(speaker: Speaker, monkeypatch: pytest.MonkeyPatch, file: str) -> None:
    url = f"sqlite:///{Path.cwd() / file}.sqlite3"
    code, out = speaker.say("restore", file, "--into", url, "--actor", "eve", "--reason", "a drill")
    assert code == 0, out
    monkeypatch.setenv("LOYALTYCHAIN_DATABASE", url)
    code, error = speaker.error("run", "--once")
    assert (code, error["code"]) == (4, "NotReconciled") and "loyaltychain reconcile" in error["message"]


def check_restore(shop: Speaker, monkeypatch: pytest.MonkeyPatch) -> None:
    assert shop.say("backup", "older.backup")[0] == 0
    redeem(shop, "A-2")
    assert shop.say("backup", "newer.backup")[0] == 0
    assert shop.say("run", "--once")[0] == 0

    restore(shop, monkeypatch, "older.backup")
    found = answer(shop, "reconcile", code=1)
    assert (found["taken_over"], found["stopped"]["batch"], found["released"]) == ([], 3, False)
    assert "its entries are missing here" in found["stopped"]["reason"]
    [ann] = found["reconciliation"]["frozen"]
    assert ann == {"member": 1, "ledger": 14, "batches": 14, "chain": 13, "difference": -1}
    text = " ".join(shop.say("reconcile")[1].split())
    assert "member 1: ledger 14, batches 14, chain 13, difference -1" in text and "newest database" in text
    assert shop.error("run", "--once")[1]["code"] == "NotReconciled"

    restore(shop, monkeypatch, "newer.backup")
    found = answer(shop, "reconcile")
    assert (found["clean"], found["taken_over"], found["released"]) == (True, [3], True)
    ingest(shop, "S-2,ann,sale,2026-01-06T10:00:00Z,5.00,")
    assert shop.say("run", "--once")[0] == 0
    assert answer(shop, "status")["batches"] == {"final": 4}
    assert shop.say("audit")[0] == 0
