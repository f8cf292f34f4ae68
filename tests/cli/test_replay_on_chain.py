"""replay, as an auditor of the operator's own house meets it: on a chain that is served, from the command line alone

given a forum whose points are settled: clean, with the batches of the chain; the audit is clean, too
given a batch row that somebody changed: exit code 1, and where
given no wish to ask the chain: it is not asked
"""

# ruff: noqa: F811  fixtures are named where they are used

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from loyaltychain.core.times import format_instant
from tests.cli.test_commands import Speaker, home, speaker  # noqa: F401  fixtures
from tests.cli.test_explaining import BEGIN
from tests.reports import forum

pytestmark = pytest.mark.slow


def answer(speaker: Speaker, *line: str, code: int = 0) -> dict[str, Any]:
    found, out = speaker.say(*line, "--json")
    assert found == code, out
    return dict(json.loads(out))


def test_replay__of_a_settled_forum__clean_until_a_row_is_changed(speaker: Speaker) -> None:
    Path("program.yaml").write_text(forum.TEXT, encoding="utf-8")
    lines = [
        json.dumps({"source": each.source, "id": each.id, "type": each.type, "member": each.member_id,
                    "occurred_at": format_instant(each.occurred_at), "payload": each.payload})
        for each in forum.acts_since(BEGIN)
    ]  # fmt: skip
    Path("acts.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    for line in ("chain start", "deploy", "ingest acts.jsonl", "run --once"):
        code, out = speaker.say(*line.split())
        assert code == 0, (line, out)
    try:
        found = answer(speaker, "replay", "--verify")
        assert (found["findings"], found["grants"], found["chain"]["batches"]) == ([], 18, 1)
        assert answer(speaker, "audit")["findings"] == []
        assert answer(speaker, "explain", "bob")["balance"]["available"] == 117

        with closing(sqlite3.connect("ledger.sqlite3")) as books, books:
            books.execute("DROP TRIGGER IF EXISTS no_update_batch_updates")
            books.execute("DROP TRIGGER IF EXISTS only_void_batch_updates")
            assert books.execute("UPDATE batch_updates SET delta = delta + 1 WHERE member = 2").rowcount == 1
        codes = {each["code"] for each in answer(speaker, "replay", "--verify", code=1)["findings"]}
        assert "chain-member" in codes, codes
        alone = answer(speaker, "replay", "--verify", "--no-chain")
        assert (alone["findings"], alone["chain"]) == ([], None)
    finally:
        assert speaker.say("chain", "stop")[0] == 0
