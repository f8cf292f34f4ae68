"""create_job, run_jobs, file_of; cell
├── given each kind of export: its columns and rows, as CSV and as JSON lines, under its own digest
├── given payloads and details: objects in JSON lines, their bytes those that are hashed; texts in CSV
├── given entries that are recorded after it was asked for: they are not in it
├── given positions or a member that it is limited to: those alone
├── given a process that is killed again and again: the file is the one of an undisturbed run
├── given a page that was written and not counted: it is written anew, not twice
├── given a period that is unknown, a parameter or a kind that is not: it is refused
├── given a job that cannot be written: it is failed with its reason, and the next one goes on
├── given somebody else at work: nothing happens
└── texts that a spreadsheet would run get an apostrophe, and any text can be read back
"""

import csv
import hashlib
import io
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from loyaltychain.actions.log import read_actions
from loyaltychain.core import canonical, errors
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.hashing import to_hex
from loyaltychain.db.engine import open_database, reading, transaction
from loyaltychain.db.migrate import migrate
from loyaltychain.events.capture import capture
from loyaltychain.operations.adjust import adjust
from loyaltychain.operations.redeem import redeem
from loyaltychain.reports.jobs import DIRECTORY, Job, create_job, file_of, list_jobs, read_job, run_jobs
from loyaltychain.reports.lines_text import cell, encode_rows
from loyaltychain.reports.sources import SOURCES
from tests.events.builders import make_event
from tests.operations.member_world import DAY, NOW, after, do, give, join
from tests.reports import forum
from tests.reports.settled import settle

PARAMETERS: dict[str, dict[str, Any]] = {"roll-forward": {"ends_at": NOW + 9 * DAY, "timezone": "UTC"}}


def make_history(engine: Engine) -> None:
    """Three entries of two members, settled, and an event."""
    ann, bob = join(engine), join(engine, "=bob")
    give(engine, ann, 100, qualifying=100)
    give(engine, bob, 5, "shop/2")
    do(engine, redeem, id_="1", member=ann, points=30)
    settle(engine, 3)
    with transaction(engine) as tx:
        capture(tx, [make_event(id="9", member_id="ann")], received_at=NOW)


def ask(engine: Engine, kind: str, format_: str = "csv", now: int = NOW + DAY, **parameters: Any) -> Job:
    with transaction(engine) as tx:
        return create_job(tx, kind=kind, format_=format_, parameters=parameters, actor="key:k1", now=UnixSeconds(now))


def export(engine: Engine, home: Path, kind: str, format_: str = "csv", **parameters: Any) -> bytes:
    """Ask, run, and read the file."""
    job = ask(engine, kind, format_, **parameters)
    assert run_jobs(engine, home, now=after(2 * DAY), page_size=2) == 1
    with reading(engine) as tx:
        job = read_job(tx, job.id)
    content = file_of(home, job).read_bytes()
    assert (job.state, job.done, job.total, job.finished_at) == ("done", job.upto, job.upto, after(2 * DAY))
    assert job.sha256 == to_hex(hashlib.sha256(content).digest())
    assert list((home / DIRECTORY).glob(".*.part")) == []
    return content


@pytest.mark.parametrize("kind", SOURCES)
def test_run_jobs__each_kind__csv_is_json_lines(engine: Engine, tmp_path: Path, kind: str) -> None:
    (forum.play if kind == "grants" else make_history)(engine)
    asked = PARAMETERS.get(kind, {})
    as_csv = list(csv.DictReader(io.StringIO(export(engine, tmp_path, kind, **asked).decode())))
    as_json = [json.loads(line) for line in export(engine, tmp_path, kind, "jsonl", **asked).splitlines()]
    assert as_json
    assert [{name: in_csv(value) for name, value in row.items()} for row in as_json] == as_csv
    assert list(as_csv[0]) == list(SOURCES[kind].fields)


def in_csv(value: Any) -> str:
    """What a value of JSON lines is as a cell; an object there is the text of its canonical JSON."""
    return cell(canonical.encode_text(value) if isinstance(value, dict) else value)


def test_run_jobs__objects_in_json_lines__byte_for_byte_what_is_hashed(engine: Engine, tmp_path: Path) -> None:
    payload = {"\u00fc": 1.5, "a": [1e-7, 1e21, {"\u2028": '\u0007="x'}], "\U0001f600": "", "\uffee": None}
    ann = join(engine)
    give(engine, ann, 100)
    with transaction(engine) as tx:
        capture(tx, [make_event(id="9", member_id="ann", payload=payload)], received_at=NOW)
        adjust(tx, source="o", id_="1", member=ann, points=5, reason="\u00dcbel", actor="eve", now=NOW)

    [line] = export(engine, tmp_path, "events", "jsonl").splitlines()
    assert json.loads(line)["payload"] == payload
    assert line.endswith(b'"payload":' + canonical.encode(payload) + b"}")
    details = [json.loads(line)["details"] for line in export(engine, tmp_path, "entries", "jsonl").splitlines()]
    assert (details[0], details[-1]["reason"]) == (None, "\u00dcbel")
    for kind, column in (("events", "payload"), ("entries", "details")):
        rows = csv.DictReader(io.StringIO(export(engine, tmp_path, kind).decode(), newline=""))
        assert [row[column] for row in rows][-1] == canonical.encode_text(payload if kind == "events" else details[-1])


def test_run_jobs__content__what_the_ledger_says(engine: Engine, tmp_path: Path) -> None:
    make_history(engine)
    entries = [json.loads(line) for line in export(engine, tmp_path, "entries", "jsonl").splitlines()]
    assert [
        (row["position"], row["kind"], row["member"], row["from"], row["to"], row["amount"]) for row in entries
    ] == [
        (1, "earn", 1, "program:issued", "member:1:available", 100),
        (1, "earn", 1, "program:issued", "member:1:qualifying", 100),
        (2, "earn", 2, "program:issued", "member:2:available", 5),
        (3, "redeem", 1, "member:1:available", "program:redeemed", 30),
    ]
    awards = [json.loads(line) for line in export(engine, tmp_path, "awards", "jsonl").splitlines()]
    assert [(row["cause"], row["points"], row["qualifying"]) for row in awards] == [
        ("shop/1", 100, 100),
        ("shop/2", 5, 0),
    ]
    members = export(engine, tmp_path, "members").decode().splitlines()
    assert [line.split(",")[:2] + line.split(",")[4:5] for line in members[1:]] == [
        ["1", "ann", "70"], ["2", "'=bob", "5"],
    ]  # fmt: skip
    [event] = [json.loads(line) for line in export(engine, tmp_path, "events", "jsonl").splitlines()]
    assert (event["position"], event["id"], event["outcome"]) == (1, "9", None)
    rows = [json.loads(line) for line in export(engine, tmp_path, "roll-forward", "jsonl",
                                                **PARAMETERS["roll-forward"]).splitlines()]  # fmt: skip
    assert sum(row["closing"] for row in rows if row["unit"] == "points") == 75


def test_run_jobs__limits__those_alone(engine: Engine, tmp_path: Path) -> None:
    make_history(engine)

    def positions(**asked: int) -> list[int]:
        return [
            json.loads(line)["position"] for line in export(engine, tmp_path, "entries", "jsonl", **asked).splitlines()
        ]

    assert positions(from_position=2) == [2, 3]
    assert positions(to_position=2) == [1, 1, 2]
    assert positions(from_position=2, to_position=2) == [2]
    assert positions(member=2) == [2]
    assert positions(from_position=9) == []


def test_run_jobs__recorded_later__is_not_in_it(engine: Engine, tmp_path: Path) -> None:
    make_history(engine)
    jobs = [ask(engine, kind) for kind in ("entries", "members")]
    give(engine, join(engine, "eve"), 7, "shop/3", at=after(2 * DAY))
    assert run_jobs(engine, tmp_path, now=after(3 * DAY)) == 2
    with reading(engine) as tx:
        assert all(b"shop/3" not in file_of(tmp_path, read_job(tx, job.id)).read_bytes() for job in jobs)
        assert b",eve," not in file_of(tmp_path, read_job(tx, jobs[1].id)).read_bytes()
        assert [job.id for job in list_jobs(tx, limit=9)] == sorted(job.id for job in jobs)
        assert {action.subject for action in read_actions(tx)} == {f"job:{job.id}" for job in jobs}


WORK = """
import sys
from pathlib import Path
from loyaltychain.db.engine import open_database
from loyaltychain.reports.jobs import run_jobs

print("at work", flush=True)
run_jobs(open_database(sys.argv[1]), Path(sys.argv[2]), now=1_780_000_000, page_size=1)
"""


def test_run_jobs__killed_again_and_again__the_same_file(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'points.db'}"
    engine = open_database(url)
    migrate(engine)
    ann = join(engine)
    for number in range(60):
        give(engine, ann, number + 1, f"shop/{number}")
    undisturbed = export(engine, tmp_path, "entries")
    job = ask(engine, "entries")
    dice, kills, state = random.Random(5), 0, "queued"
    while state != "done":
        work = subprocess.Popen(
            [sys.executable, "-c", WORK, url, str(tmp_path)], stdout=subprocess.PIPE, env=os.environ
        )
        assert work.stdout is not None
        work.stdout.readline()
        if kills < 5:
            time.sleep(dice.random() * 0.4)
            work.send_signal(signal.SIGKILL)
        work.wait()
        work.stdout.close()
        kills += 1
        with reading(engine) as tx:
            state = read_job(tx, job.id).state
            assert read_job(tx, job.id).state != "failed"
    with reading(engine) as tx:
        assert file_of(tmp_path, read_job(tx, job.id)).read_bytes() == undisturbed
    engine.dispose()


def test_run_jobs__page_written_and_not_counted__once(engine: Engine, tmp_path: Path) -> None:
    make_history(engine)
    undisturbed = export(engine, tmp_path, "entries")
    job = ask(engine, "entries")
    run_jobs(engine, tmp_path, now=NOW, pages=1, page_size=1)
    with (tmp_path / DIRECTORY / f".{job.id}.part").open("ab") as part:
        part.write(b"half a page")
    run_jobs(engine, tmp_path, now=NOW, pages=2, page_size=1)
    with reading(engine) as tx:
        job = read_job(tx, job.id)
        assert (job.state, job.done) == ("running", 3)
        with pytest.raises(errors.UnknownJob, match="not done"):
            file_of(tmp_path, job)
    (tmp_path / DIRECTORY / f".{job.id}.part").rename(tmp_path / DIRECTORY / f"entries-{job.id}.csv")  # then killed
    assert run_jobs(engine, tmp_path, now=NOW) == 1
    with reading(engine) as tx:
        assert file_of(tmp_path, read_job(tx, job.id)).read_bytes() == undisturbed


@pytest.mark.parametrize(
    ("kind", "parameters", "says"),
    [
        ("everything", {}, "one of these kinds"),
        ("entries", {"until": 3}, "takes these parameters"),
        ("entries", {"member": "ann"}, "takes these parameters"),
        ("entries", {"from_position": -1}, "not below 0"),
        ("roll-forward", {}, "closed period, or until"),
        ("roll-forward", {"period": 1, "timezone": "UTC"}, "closed period, or until"),
        ("roll-forward", {"ends_at": 1, "begins_at": 1, "timezone": "UTC"}, "ends after it begins"),
        ("roll-forward", {"ends_at": 1, "timezone": "Mars"}, "IANA"),
        ("roll-forward", {"period": 4}, "No period of this number"),
    ],
)
def test_create_job__not_like_that__is_refused(engine: Engine, kind: str, parameters: Any, says: str) -> None:
    with pytest.raises(errors.RequestError, match=says):
        ask(engine, kind, **parameters)
    with pytest.raises(errors.InvalidOperation, match="csv or jsonl"):
        ask(engine, "entries", "xlsx")
    with pytest.raises(errors.UnknownJob), reading(engine) as tx:
        read_job(tx, "nothing")


def test_run_jobs__cannot_be_written__failed_and_the_next_goes_on(engine: Engine, tmp_path: Path) -> None:
    make_history(engine)
    bad, good = ask(engine, "entries", now=NOW), ask(engine, "entries", now=NOW + 1)
    (tmp_path / DIRECTORY).mkdir()
    (tmp_path / DIRECTORY / f".{bad.id}.part").mkdir()  # a folder stands where its file should
    assert run_jobs(engine, tmp_path, now=after(DAY)) == 1
    with reading(engine) as tx:
        assert (read_job(tx, bad.id).state, read_job(tx, good.id).state) == ("failed", "done")
        assert "directory" in (read_job(tx, bad.id).problem or "")


def test_run_jobs__somebody_at_work__nothing_happens(engine: Engine, tmp_path: Path) -> None:
    make_history(engine)
    job = ask(engine, "entries")
    (tmp_path / DIRECTORY).mkdir()
    with FileLock(tmp_path / DIRECTORY / ".lock"):
        assert run_jobs(engine, tmp_path, now=after(DAY)) == 0
    with reading(engine) as tx:
        assert read_job(tx, job.id).state == "queued"


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
def test_cell__any_text__no_formula_and_read_back(text: str) -> None:
    assert not cell(text).startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    content = encode_rows(["a"], [{"a": text}], format_="csv", header=False).decode()
    [[found]] = list(csv.reader(io.StringIO(content, newline=""))) or [[""]]
    assert (found.removeprefix("'") if cell(text) != text else found) == text
    assert (cell(-5), cell(None)) == ("-5", "")
