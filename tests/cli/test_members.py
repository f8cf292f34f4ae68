"""balance, adjust, reward, member, returns, refused, spoken to in process
├── each answers one JSON object with --json, and a table that fits 80 columns without
├── adjust with an id of its own is one adjustment, however often it is said
└── what cannot be done ends with its code and a message
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from loyaltychain.cli.output import stdout
from loyaltychain.core.clock import system_clock
from loyaltychain.db.engine import transaction
from loyaltychain.db.migrate import open_migrated
from loyaltychain.events import identity
from loyaltychain.events.capture import capture
from loyaltychain.events.types import Event
from loyaltychain.operations.earn import earn_step
from tests.cli.test_commands import Speaker
from tests.operations.member_play import make_program

BY_HAND = ("--reason", "goodwill", "--actor", "eve@shop")


@pytest.fixture
def speaker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Speaker:
    """In a new project of which ann is a member."""
    for name in ("HOME", "DATABASE", "NETWORK", "RPC", "PROGRAM"):
        monkeypatch.delenv(f"LOYALTYCHAIN_{name}", raising=False)
    monkeypatch.setattr(stdout, "_width", 80)
    monkeypatch.chdir(tmp_path)
    speaker = Speaker(monkeypatch, capsys)
    assert speaker.say("init", "--template", "shop")[0] == 0
    return speaker


@pytest.fixture
def books(speaker: Speaker, tmp_path: Path) -> Iterator[Engine]:
    engine = open_migrated(f"sqlite:///{tmp_path / 'ledger.sqlite3'}")
    with transaction(engine) as tx:
        identity.join(tx, "ann", system_clock())
    yield engine
    engine.dispose()


def answer(speaker: Speaker, *line: str) -> dict[str, Any]:
    code, out = speaker.say(*line, "--json")
    assert code == 0, out
    return dict(json.loads(out))


def shown(speaker: Speaker, *line: str) -> str:
    code, out = speaker.say(*line)
    assert code == 0, out
    assert max(map(len, out.splitlines())) <= 80, out
    return out


def test_balance__new_member_then_adjusted__says_so(speaker: Speaker, books: Engine) -> None:
    assert answer(speaker, "balance", "ann")["available"] == 0

    given = answer(speaker, "adjust", "ann", "50", *BY_HAND)
    answer(speaker, "adjust", "ann", "-20", *BY_HAND)

    assert (given["points"], given["actor"], given["is_replay"]) == (50, "eve@shop", False)
    assert answer(speaker, "balance", "ann", "--at", "2090-01-01T00:00:00Z")["available"] == 30
    assert "30 points" in shown(speaker, "balance", "ann")
    assert answer(speaker, "balance", "ann")["on_chain"] == {"settled": 0, "accrued": 30, "batch": 0}
    assert "30 (decided, not settled yet)" in shown(speaker, "balance", "ann")


def test_adjust__same_id_twice__one_adjustment(speaker: Speaker, books: Engine) -> None:
    answer(speaker, "adjust", "ann", "50", "--id", "T-1", *BY_HAND)

    assert answer(speaker, "adjust", "ann", "50", "--id", "T-1", *BY_HAND)["is_replay"]
    assert "it was there already" in shown(speaker, "adjust", "ann", "50", "--id", "T-1", *BY_HAND)
    assert speaker.error("adjust", "ann", "51", "--id", "T-1", *BY_HAND)[1]["code"] == "IdempotencyConflict"
    assert answer(speaker, "balance", "ann")["available"] == 50


def test_adjust__more_than_a_batch_can_settle__refused(speaker: Speaker, books: Engine) -> None:
    for points in ("1000001", "-1000001"):
        assert speaker.error("adjust", "ann", points, *BY_HAND)[1]["code"] == "OverCap"
    answer(speaker, "adjust", "ann", "1000000", *BY_HAND)


def test_reward__set_and_list(speaker: Speaker, books: Engine) -> None:
    assert "no rewards" in shown(speaker, "reward", "list")
    answer(speaker, "reward", "set", "mug", "--name", "A [red] mug", "--cost", "1500", "--stock", "2")
    shown(speaker, "reward", "set", "pen", "--name", "A pen", "--cost", "5")

    assert [(each["id"], each["cost"], each["stock"]) for each in answer(speaker, "reward", "list")["rewards"]] == [
        ("mug", 1500, 2),
        ("pen", 5, None),
    ]
    listed = shown(speaker, "reward", "list")
    assert "A [red] mug" in listed
    assert "1,500" in listed


def test_member__alias_and_close(speaker: Speaker, books: Engine) -> None:
    assert answer(speaker, "member", "alias", "ann@work", "ann")["member"] == 1
    answer(speaker, "adjust", "ann@work", "50", *BY_HAND)
    assert answer(speaker, "balance", "ann")["available"] == 50
    closed = answer(speaker, "member", "close", "ann", "--reason", "asked for it")

    assert answer(speaker, "member", "close", "ann", "--reason", "again")["closed_at"] == closed["closed_at"]
    assert "is closed since" in shown(speaker, "member", "close", "ann", "--reason", "again")
    assert speaker.error("adjust", "ann", "1", *BY_HAND)[1]["code"] == "MemberClosed"


def test_returns__parked__counted_and_listed(speaker: Speaker, books: Engine) -> None:
    assert answer(speaker, "returns")["lines"] == 0
    now = system_clock()
    payload = {"lines": [{"line": "1", "item": "cup", "quantity": 3}]}
    named = {"order": "S-9", "lines": [{"line": "1", "quantity": 1}]}
    with transaction(books) as tx:
        told = [Event("shop", f"R-{n}", "return", "ann", now, each) for n, each in enumerate((payload, named))]
        capture(tx, told, received_at=now)
    earn_step(books, make_program(None), now=now)

    found = answer(speaker, "returns")
    assert (found["lines"], found["not_at_all"], found["pieces_parked"], found["named_parked"]) == (1, 1, 3, 1)
    assert [(line["event_id"], line["item"], line["order_id"]) for line in found["parked"]] == [
        ("R-0", "cup", None),
        ("R-1", None, "S-9"),
    ]
    assert "article cup" in shown(speaker, "returns")
    assert len(answer(speaker, "returns", "--limit", "1")["parked"]) == 1


def test_refused__listed_with_member_and_reason(speaker: Speaker, books: Engine) -> None:
    assert answer(speaker, "refused") == {"refused": []}
    assert "No event was refused" in shown(speaker, "refused")
    now = system_clock()
    with transaction(books) as tx:
        spend = {"amount": 90, "unit": "points"}
        capture(tx, [Event("shop", "R-[1]", "redemption", "ann", now, spend)], received_at=now)
    earn_step(books, make_program(None), now=now)

    (found,) = answer(speaker, "refused")["refused"]
    assert (found["event_id"], found["member_id"], found["reason"]) == ("R-[1]", "ann", "insufficient-balance")
    listed = shown(speaker, "refused", "--limit", "1")
    assert "shop/R-[1]" in listed
    assert "90 points wanted" in " ".join(listed.split())


def test_balance__closed__says_since_when(speaker: Speaker, books: Engine) -> None:
    assert "closed since" not in shown(speaker, "balance", "ann")
    answer(speaker, "adjust", "ann", "50", *BY_HAND)
    answer(speaker, "member", "close", "ann", "--reason", "asked for it")

    told = shown(speaker, "balance", "ann")
    assert "closed since" in told
    assert "+50" in told


def test_balance__day_without_time__says_what_to_add(speaker: Speaker, books: Engine) -> None:
    error = speaker.error("balance", "ann", "--at", "2027-03-01")[1]

    assert (error["code"], "2027-03-01T00:00:00Z" in error["message"]) == ("InvalidOperation", True)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (["balance", "zoe"], "UnknownMember"),
        (["adjust", "ann", "-1", *BY_HAND], "InsufficientBalance"),
        (["adjust", "ann", "1", "--reason", "x", "--actor", "ann"], "InvalidOperation"),
        (["reward", "set", "mug", "--name", "A mug", "--cost", "0"], "InvalidOperation"),
        (["member", "alias", "ann", "zoe"], "UnknownMember"),
    ],
)
def test_members__what_cannot_be_done__exit_2(speaker: Speaker, books: Engine, line: list[str], code: str) -> None:
    exit_, error = speaker.error(*line)

    assert (exit_, error["code"]) == (2, code)
