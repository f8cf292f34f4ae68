"""Each template that rewards behaviour, from init to a receipt that proves itself, by the commands alone

given its example events: whoever comes first has a badge of her first act; replay and audit find nothing; her receipt
    verifies against the chain
"""

# ruff: noqa: F811  fixtures are named where they are used

import json
from typing import Any

import pytest

from loyaltychain.program.starters import example_events, template_names
from tests.cli.test_commands import Speaker, home, speaker  # noqa: F401  fixtures

pytestmark = pytest.mark.slow
OF_BEHAVIOUR = [name for name in template_names() if example_events(name) is not None]


def answer(speaker: Speaker, *line: str) -> dict[str, Any]:
    code, out = speaker.say(*line, "--json")
    assert code == 0, (line, out)
    return dict(json.loads(out))


@pytest.mark.parametrize("name", OF_BEHAVIOUR)
def test_template__from_init_to_a_receipt__proves_itself(speaker: Speaker, name: str) -> None:
    first = json.loads(str(example_events(name)).splitlines()[0])
    answer(speaker, "init", "--template", name, "--home", "club")
    for line in ("program check club/program.yaml", "chain start --home club", "deploy --home club"):
        answer(speaker, *line.split())
    try:
        taken = answer(speaker, "ingest", "club/events.example.jsonl", "--home", "club")
        assert (taken["rejected"], taken["unknown_types"]) == (0, {})
        answer(speaker, "run", "--once", "--home", "club")
        event = answer(speaker, "explain", f"{first['source']}/{first['id']}", "--home", "club")["event"]
        assert "badge" in {each["unit"] for each in event["awards"]}  # her first act is her first win
        achievements = answer(speaker, "explain", first["member"], "--home", "club")["progress"]["achievements"]
        assert 5 <= len(achievements) <= 8
        assert answer(speaker, "replay", "--verify", "--home", "club")["findings"] == []
        assert answer(speaker, "audit", "--home", "club")["findings"] == []
        shown = answer(speaker, "receipt", "show", "--member", first["member"], "--home", "club")["receipts"]
        answer(speaker, "receipt", "show", "--entry", shown[0]["entry"], "--out", "receipt.json", "--home", "club")
        assert answer(speaker, "receipt", "verify", "receipt.json", "--home", "club")["ok"]
    finally:
        assert speaker.say("chain", "stop", "--home", "club")[0] == 0
