"""explain, nudges, dry-run, export, simulate, replay, spoken to in process, on a forum that is a month old
├── explain: a member, an event, an award, an entry; what is pending, waits, counts for nothing; what is not clear
├── dry-run: events from a file and from stdin, with their problems; at a later instant; nothing stays
├── export awards: CSV and JSON lines of one and the same, to stdout or a new file; without ids
├── simulate: the draft beside the programme in force; a draft that cannot be read
├── replay: clean; with a row changed, exit code 1
└── nudges: who is near
"""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from loyaltychain.cli.output import stdout
from loyaltychain.core.clock import system_clock
from loyaltychain.core.times import format_instant
from loyaltychain.db.engine import reading
from loyaltychain.db.migrate import open_migrated
from loyaltychain.events.store import last_position
from loyaltychain.program.load import parse_program
from tests.cli.test_commands import Speaker
from tests.reports import forum
from tests.worker.tampering import drop_triggers, execute

BEGIN = system_clock() // forum.DAY * forum.DAY - 30 * forum.DAY + 43_200  # at noon, so that no day ends meanwhile


@pytest.fixture
def speaker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Speaker:
    for name in ("HOME", "DATABASE", "NETWORK", "RPC", "PROGRAM"):
        monkeypatch.delenv(f"LOYALTYCHAIN_{name}", raising=False)
    monkeypatch.setattr(stdout, "_width", 200)
    monkeypatch.chdir(tmp_path)
    speaker = Speaker(monkeypatch, capsys)
    assert speaker.say("init", "--template", "shop")[0] == 0
    (tmp_path / "program.yaml").write_text(forum.TEXT, encoding="utf-8")
    return speaker


@pytest.fixture
def books(speaker: Speaker, tmp_path: Path) -> Iterator[Engine]:
    """The forum's history, decided on."""
    engine = open_migrated(f"sqlite:///{tmp_path / 'ledger.sqlite3'}")
    forum.tell(engine, forum.acts_since(BEGIN), now=system_clock())
    forum.work(engine, now=system_clock())
    yield engine
    engine.dispose()


def answer(speaker: Speaker, *line: str, code: int = 0) -> dict[str, Any]:
    found, out = speaker.say(*line, "--json")
    assert found == code, out
    return dict(json.loads(out))


def said(speaker: Speaker, *line: str) -> str:
    code, out = speaker.say(*line)
    assert code == 0, out
    return str(out)


def test_explain__awards__as_many_as_asked_for(speaker: Speaker, books: Engine) -> None:
    assert answer(speaker, "explain", "bob", "--awards", "0")["awards"] == []
    assert len(answer(speaker, "explain", "bob", "--awards", "2")["awards"]) == 2
    assert speaker.say("explain", "bob", "--awards", "-1")[0] == 2


def test_explain__an_award_of_nothing__is_not_called_given(speaker: Speaker, books: Engine) -> None:
    [capped] = [each for each in answer(speaker, "explain", "forum/a3")["event"]["awards"] if not each["awarded"]]
    [history] = answer(speaker, "explain", capped["award"])["history"]
    assert history.endswith(": 0 of 20, nothing (cap-points).")


def test_explain__a_member__how_she_stands_and_her_awards(speaker: Speaker, books: Engine) -> None:
    found = answer(speaker, "explain", "bob")
    assert (found["kind"], found["member"], found["balance"]["available"]) == ("member", "bob", 117)
    assert found["progress"]["tier"]["id"] == "gold"
    assert {each["reason"] for each in found["awards"]} == {None, "cap-points"}
    text = said(speaker, "explain", "member:bob")
    assert "Can spend 117 spokes; 0 pending" in text and "Badges: Helper, Good answer." in text
    assert "Nothing of 20 spokes for forum/a3." in text


def test_explain__events_awards_and_entries__one_story(speaker: Speaker, books: Engine) -> None:
    event = answer(speaker, "explain", "forum/a3")
    assert (event["kind"], event["event"]["awarded"], event["event"]["desired"]) == ("event", 0, 20)
    [award] = event["event"]["awards"]
    text = said(speaker, "explain", award["award"])
    assert "The rule's cap is 40 points a day; 40 were used before." in text
    by_award = answer(speaker, "explain", award["award"])
    assert by_award["award"] == award
    by_entry = answer(speaker, "explain", "earn:behaviour:help:2::forum/a1")
    assert (by_entry["kind"], by_entry["award"]["event"]) == ("award", "forum/a1")
    assert "Behaviour help, version 1" in said(speaker, "explain", "entry:earn:behaviour:help:2::forum/a1")


def test_explain__pending__until_when_and_what_is_missing(speaker: Speaker, books: Engine) -> None:
    text = said(speaker, "explain", "forum/g3")
    assert "100 spokes are pending for forum/g3." in text
    assert "It is given with 2 approved by other members (1 so far), before" in text


def test_explain__what_counts_for_nothing__says_why(speaker: Speaker, books: Engine) -> None:
    vote = answer(speaker, "explain", "forum/v1")
    assert vote["event"]["uncounted"] == ["It counts for what is told of the object: score."]
    word = answer(speaker, "explain", "forum/ok1")
    assert word["event"]["uncounted"] == ["It speaks of acts that wait or may be taken back: guide."]
    assert answer(speaker, "explain", "forum/a3")["event"]["uncounted"] == []
    forum.tell(books, [forum.act("odd", "sneezed", "ann", 0)], now=system_clock())
    forum.work(books, now=system_clock())
    assert "No behaviour of version 1 goes by events of the type sneezed." in said(speaker, "explain", "forum/odd")


def test_explain__waiting_event__says_so(speaker: Speaker, books: Engine) -> None:
    forum.tell(books, [forum.act("late", "asked", "ann", 0)], now=system_clock())
    assert "It waits for the worker: loyaltychain run --once" in said(speaker, "explain", "forum/late")


def test_explain__several_or_none__says_how(speaker: Speaker, books: Engine) -> None:
    forum.tell(books, [forum.act("x", "asked", "forum/a1", 0)], now=system_clock())  # a member's id like an event's
    unclear = answer(speaker, "explain", "forum/a1", code=2)["error"]
    assert unclear["facts"]["say"] == ["member:forum/a1", "event:forum/a1"]
    assert answer(speaker, "explain", "event:forum/a1")["kind"] == "event"
    assert answer(speaker, "explain", "member:forum/a1")["kind"] == "member"
    for nothing in ("zoe", "forum/none", "award:999", "award:x", "entry:none", "member:zoe"):
        assert answer(speaker, "explain", nothing, code=2)["error"]["code"] == "InvalidOperation"


def test_explain__entry_by_hand__is_no_events(speaker: Speaker, books: Engine) -> None:
    answer(speaker, "adjust", "bob", "5", "--reason", "a gift", "--actor", "eve", "--id", "g")
    refused = answer(speaker, "explain", "adjust:operator/g", code=2)["error"]
    assert refused["facts"]["kind"] == "adjust"


def stdin(text: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(text.encode()), encoding="utf-8")


def line(id_: str, type_: str, member: str, **payload: Any) -> str:
    told = {"source": "forum", "id": id_, "type": type_, "member": member,
            "occurred_at": format_instant(system_clock() - 60), "payload": payload}  # fmt: skip
    return json.dumps(told) + "\n"


def test_dry_run__from_a_file__each_on_top_of_the_other(speaker: Speaker, books: Engine, tmp_path: Path) -> None:
    file = tmp_path / "try.jsonl"
    file.write_text(
        line("n1", "reviewed", "zoe") + line("n2", "answered", "zoe", object="q1") + line("n1", "asked", "x")
    )
    found = answer(speaker, "dry-run", str(file), code=1)["events"]
    [review] = found[0]["event"]["awards"]
    assert (review["awarded"], review["reason"]) == (0, "budget")
    assert {each["rule"] for each in found[1]["event"]["awards"]} == {"behaviour:help", "achievement:first"}
    assert found[2]["problem"]["code"] == "idempotency-conflict"
    code, text = speaker.say("dry-run", str(file))
    assert code == 1 and "The badge Helper was given for forum/n2." in text
    assert "reviewed by zoe" in text and "tried as of" in text and "it came in" not in text
    with reading(books) as tx:
        assert last_position(tx) == len(forum.acts())


def test_dry_run__what_brings_nothing__why_and_the_nearest_type(
    speaker: Speaker, books: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = line("n1", "anwsered", "zoe", object="q1") + line("n2", "vote", "zoe", object="a1", value=1)
    monkeypatch.setattr("sys.stdin", stdin(odd))
    found = answer(speaker, "dry-run", "-")
    assert found["unknown_types"] == {"anwsered": 1}
    assert found["events"][1]["event"]["uncounted"] == ["It counts for what is told of the object: score."]
    monkeypatch.setattr("sys.stdin", stdin(odd))
    text = said(speaker, "dry-run", "-")
    assert "Forum has nothing for 1 event of the type anwsered (did you mean 'answered'?)." in text
    assert "It counts for what is told of the object: score." in text


def test_dry_run__what_it_changes_of_others__is_told_and_undone(
    speaker: Speaker, books: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = {"event": "forum/a1", "fraud": False, "reason": "a mistake"}
    monkeypatch.setattr("sys.stdin", stdin(line("n1", "loyaltychain.act.retracted", "bob", **told)))
    [found] = answer(speaker, "dry-run", "-")["events"]
    by_rule = {(each["rule"], each["event"]): each for each in found["event"]["changed"]}
    helped = by_rule["behaviour:help", "forum/a1"]
    assert (helped["awarded"], helped["reason"], helped["member"]) == (0, "retracted", "bob")
    assert by_rule["behaviour:help", "forum/a3"]["awarded"] == 20  # the cap has room again
    assert {each["event"] for each in found["event"]["awards"]} <= {"forum/n1"}
    monkeypatch.setattr("sys.stdin", stdin(line("n1", "loyaltychain.act.retracted", "bob", **told)))
    assert "For bob, of forum/a1\n  Nothing of 20 spokes for forum/a1." in said(speaker, "dry-run", "-")
    assert answer(speaker, "explain", "forum/a3")["event"]["awards"][0]["awarded"] == 0


def test_explain__an_event_that_changed_others__names_them(speaker: Speaker, books: Engine) -> None:
    forum.tell(books, [forum.act("undo", "loyaltychain.act.retracted", "bob", 0, event="shop/a1", fraud=False,
                                 reason="a mistake")], now=system_clock())  # fmt: skip
    forum.tell(books, [forum.act("undo2", "loyaltychain.act.retracted", "bob", 0, event="forum/a1", fraud=False,
                                 reason="a mistake")], now=system_clock())  # fmt: skip
    forum.work(books, now=system_clock())
    text = said(speaker, "explain", "forum/undo2")
    assert "What it changed of other awards" in text
    assert "for bob, behaviour:help of forum/a1: 0 of 20, nothing (retracted)." in text
    assert answer(speaker, "explain", "forum/undo")["changed"] == []


def test_dry_run__bytes_of_any_kind__are_text_or_refused(speaker: Speaker, books: Engine, tmp_path: Path) -> None:
    file = tmp_path / "try.jsonl"
    separated = json.loads(line("n1", "asked", "zoe", text="one\u2028two\x85three"))
    file.write_bytes(b"\xef\xbb\xbf" + json.dumps(separated, ensure_ascii=False).encode() + b"\r\n\r\n")
    [told] = answer(speaker, "dry-run", str(file))["events"]
    assert told["event"]["payload"]["text"] == "one\u2028two\x85three"
    file.write_bytes(b"\xff\xfe{}")
    assert answer(speaker, "dry-run", str(file), code=2)["error"]["code"] == "InvalidOperation"


def test_dry_run__later_and_wrong__are_told(speaker: Speaker, books: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", stdin(line("n1", "asked", "zoe")))
    later = format_instant(system_clock() + forum.DAY)
    assert answer(speaker, "dry-run", "-", "--now", later)["now"] == later
    for text, when in (("", later), ("{", later), (line("n1", "asked", "zoe"), "2020-01-01T00:00:00Z"), ("{}", "soon")):
        monkeypatch.setattr("sys.stdin", stdin(text))
        assert answer(speaker, "dry-run", "-", "--now", when, code=2)["error"]["code"] == "InvalidOperation"


def test_export__awards__csv_is_json_lines(speaker: Speaker, books: Engine, tmp_path: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(said(speaker, "export", "awards"))))
    assert answer(speaker, "export", "awards", "--format", "jsonl", "--out", "a.jsonl")["rows"] == len(rows) == 18
    lines = [json.loads(each) for each in (tmp_path / "a.jsonl").read_text().splitlines()]
    assert [{name: "" if value is None else str(value) for name, value in each.items()} for each in lines] == rows
    badge = next(each for each in lines if each["badge"] == "badge:first")
    assert (badge["member_id"], badge["object"], badge["points"], badge["event"]) == ("bob", "a1", None, "forum/a1")
    capped = next(each for each in lines if each["reason"] == "cap-points")
    assert (capped["points"], capped["desired"], capped["rule"]) == (0, 20, "behaviour:help")
    nameless = list(csv.DictReader(io.StringIO(said(speaker, "export", "awards", "--pseudonymous"))))
    assert {(each["member_id"], each["event"], each["object"]) for each in nameless} == {("", "", "")}
    assert [each["member"] for each in nameless] == [each["member"] for each in rows]
    for wrong, why in (
        (["--format", "xml"], "InvalidOperation"),
        (["--out", "a.jsonl"], "FileExists"),
        (["--out", "nowhere/a.csv"], "InvalidSettings"),
        ([], "InvalidOperation"),
    ):
        error = answer(speaker, "export", "awards", *wrong, code=2)["error"]
        assert error["code"] == why and ".part" not in json.dumps(error)


def test_nudges__none__says_what_is_missing(speaker: Speaker, tmp_path: Path) -> None:
    assert "No programme has counted yet" in said(speaker, "nudges")
    assert answer(speaker, "nudges")["nudges"] == []
    without = parse_program(forum.TEXT[: forum.TEXT.index("nudges:")])
    engine = open_migrated(f"sqlite:///{tmp_path / 'ledger.sqlite3'}")
    forum.tell(engine, forum.acts_since(BEGIN), now=system_clock())
    assert "No programme has counted yet" in said(speaker, "explain", "bob")
    forum.work(engine, without, now=system_clock())
    engine.dispose()
    assert "Forum has no `nudges`" in said(speaker, "nudges")


def test_replay__chain_not_running__told_at_once_with_both_ways_out(speaker: Speaker, books: Engine) -> None:
    manifest = Path("deployments/local.json")
    manifest.parent.mkdir(exist_ok=True)
    manifest.write_text("{}")
    error = answer(speaker, "replay", "--verify", code=2)["error"]
    assert error["code"] == "ChainNotRunning"
    assert "--no-chain" in error["facts"]["or"] and "chain start" in error["facts"]["hint"]
    assert answer(speaker, "replay", "--verify", "--no-chain")["findings"] == []


def test_simulate__a_draft__beside_what_is_in_force(speaker: Speaker, books: Engine, tmp_path: Path) -> None:
    draft = tmp_path / "draft.yaml"
    draft.write_text(forum.TEXT.replace("points: 20", "points: 30").replace("version: 1", "version: 2"))
    found = answer(speaker, "simulate", "--program", "draft.yaml", "--history")
    assert (found["in_force"]["version"], found["draft"]["version"]) == (1, 2)
    assert {each["name"]: each["difference"] for each in found["rules"]}["behaviour:help"] == 10
    text = said(speaker, "simulate", "--program", "draft.yaml", "--history")
    assert "members who get more  1, +10 together" in text and "behaviour:help" in text
    draft.write_text("name: x")
    assert answer(speaker, "simulate", "--program", "draft.yaml", code=2)["error"]["code"] == "InvalidProgram"


def test_replay__clean_and_changed__exit_codes(speaker: Speaker, books: Engine) -> None:
    found = answer(speaker, "replay", "--verify")
    assert (found["findings"], found["grants"], found["chain"]) == ([], 18, None)
    assert "Everything is what events, decisions and programmes make it." in said(speaker, "replay", "--verify")
    drop_triggers(books)
    execute(books, "UPDATE grants SET awarded = 19 WHERE cause = 'forum/a1' AND rule = 'behaviour:help'")
    codes = {each["code"] for each in answer(speaker, "replay", "--verify", code=1)["findings"]}
    assert {"grant-differs", "grant-posted"} <= codes
    assert speaker.say("replay", "--verify")[0] == 1


def test_nudges__who_is_near__by_member(speaker: Speaker, books: Engine) -> None:
    [found] = answer(speaker, "nudges")["nudges"]
    assert (found["member"], found["about"], found["id"]) == ("carl", "achievement_near", "rare")
    assert "carl" in said(speaker, "nudges")
