"""run_audit with published rules and a pseudonymous export

given what the programme's own export tells
└── every award follows from the rules, also without the books, and the report says what was worked out
given an export or books in which one thing is false
└── exactly that is found
given files that are none, rules that were not published
└── it is refused, and says what to ask for
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from sqlalchemy import Engine

from loyaltychain.audit.award_file import EntryLine, read_lines
from loyaltychain.audit.check_export import ChainCheck
from loyaltychain.audit.log_file import read_log_file
from loyaltychain.audit.page import render_page
from loyaltychain.audit.rebuild import rebuild
from loyaltychain.audit.recompute import AwardFiles
from loyaltychain.audit.report import Report, print_report
from loyaltychain.audit.run import run_audit
from loyaltychain.core import canonical
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.errors import InvalidSettings
from loyaltychain.core.hashing import to_hex
from loyaltychain.db.engine import reading
from loyaltychain.reports.jobs import write_now
from tests.audit.scenario import NOW, THIRD_WEEK, Scenario, copied
from tests.cli.test_commands import Speaker

Lines = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Told:
    """What an auditor has who has no node and no books: manifest, logs, rules, export."""

    manifest: dict[str, Any]
    logs: Path
    program: dict[str, Any]
    lines: Lines
    home: Path

    def audit(self, lines: Lines, *, programs: list[Any] | None = None) -> Report:
        file = self.home / "export.jsonl"
        file.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
        given = AwardFiles([self.program] if programs is None else programs, file)
        return run_audit(None, self.manifest, clock=lambda: 0.0, logs=self.logs, awards=given)

    def codes(self, lines: Lines, **given: Any) -> list[str]:
        return [finding.code for finding in self.audit(lines, **given).findings]

    def copy(self) -> Lines:
        return list(map(dict, json.loads(json.dumps(self.lines))))


def export_of(engine: Engine, file: Path) -> Path:
    with reading(engine) as tx, file.open("wb") as stream:
        write_now(tx, stream, kind="pseudonymous", at=UnixSeconds(NOW))
    return file


@pytest.fixture(scope="module")
def told(built_programme: Path, exported_logs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """The programme's own export: five entries, four of them awards, and an event that gave nothing."""
    home = tmp_path_factory.mktemp("told")
    with copied(built_programme, home / "home") as scenario:
        file = export_of(scenario.world.engine, home / "own.jsonl")
        lines = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
        yield Told(scenario.manifest, exported_logs, scenario.world.program().document, lines, home)


def test_run_audit__its_own_export__every_award_follows(told: Told) -> None:
    report = told.audit(told.lines)

    assert report.findings == ()
    assert report.sources == ("logs", "export")
    found = report.recomputed
    assert found is not None
    assert (found.entries, found.sealed, found.batches) == (5, 0, 2)
    assert (found.awards, found.points, found.other_awards) == (4, 449, 0)
    assert (found.idle_events, found.refused) == (1, {})
    assert report.document()["awards"] == found.document()
    out = StringIO()
    print_report(report, Console(file=out, width=300))
    assert "Awards: 4 awards of 449 points follow from the published rules" in out.getvalue()
    page = re.sub("<[^>]*>", "", render_page(report, made_at=NOW))
    assert "Awards that were worked out again4" in page
    assert found.sha256 in page


def test_run_audit__books_and_export__agree(scenario: Scenario, tmp_path: Path) -> None:
    file = export_of(scenario.world.engine, tmp_path / "export.jsonl")
    given = AwardFiles([scenario.world.program().document], file)

    assert scenario.audit(awards=given).findings == ()
    scenario.work(THIRD_WEEK)
    assert scenario.codes(awards=given) == ["export-short"]


def change(place: int, **values: Any) -> Callable[[Lines], None]:
    """A line that says something else."""

    def spoil(lines: Lines) -> None:
        lines[place] |= values

    return spoil


def facts(place: int, **values: Any) -> Callable[[Lines], None]:
    def spoil(lines: Lines) -> None:
        lines[place]["facts"] = values

    return spoil


def document(place: int, **values: Any) -> Callable[[Lines], None]:
    """A document that says something else, with the digest that it then has."""

    def spoil(lines: Lines) -> None:
        lines[place]["document"] |= values
        lines[place]["digest"] = to_hex(canonical.digest(lines[place]["document"]))

    return spoil


def seal(*places: int) -> Callable[[Lines], None]:
    def spoil(lines: Lines) -> None:
        for place in places:
            lines[place] |= dict.fromkeys(("document", "event", "type", "facts"))

    return spoil


def drop(place: int) -> Callable[[Lines], None]:
    def spoil(lines: Lines) -> None:
        del lines[place]

    return spoil


def twice(lines: Lines) -> None:
    """The second award is said to come from the first one's event."""
    for name in ("event", "type", "facts"):
        lines[1][name] = lines[0][name]


@pytest.mark.parametrize(
    ("spoil", "codes"),
    [
        (facts(0, amount=1_150, currency="GBP"), ["award-differs"]),
        (facts(0, amount=1_350, currency="GBP"), ["award-differs"]),
        (facts(0, amount=1_250, currency="EUR"), ["award-differs"]),
        (change(0, type="visit"), ["award-unfounded"]),
        (change(0, event=None, type=None, facts=None), ["award-unfounded"]),
        (change(1, event=1), ["award-unfounded"]),
        (change(3, event=2), ["award-unfounded"]),
        (twice, ["award-unfounded"]),
        (facts(0, currency="GBP"), ["award-unchecked"]),
        (facts(5, amount=100, currency="GBP"), ["award-missing"]),
        (seal(0), ["award-sealed"]),
        (seal(2), []),
        (change(0, digest="0x" + "00" * 32), ["export-chain", "export-entry"]),
        (document(0, kind="adjust"), ["award-unfounded", "export-chain"]),
        (document(4, postings=[]), ["award-differs", "export-chain"]),
        (document(0, rule=None), ["award-unchecked", "export-chain"]),
        (document(4, rule="another"), ["award-missing", "award-unfounded", "export-chain"]),
        (change(1, recorded_at=NOW + 1), ["export-chain"]),
        (drop(0), ["export-chain"]),
        (drop(4), ["export-chain"]),
        (lambda lines: lines.__delitem__(slice(2, 5)), ["export-short"]),
        (lambda lines: lines.insert(5, lines[4] | {"position": 6}), ["award-unfounded", "export-short"]),
        (lambda lines: lines.clear(), ["export-short"]),
    ],
)  # fmt: skip
def test_run_audit__one_thing_false__is_found(told: Told, spoil: Callable[[Lines], None], codes: list[str]) -> None:
    lines = told.copy()
    spoil(lines)

    assert sorted(set(told.codes(lines))) == codes


def test_run_audit__points_that_no_open_entry_gave__are_named_with_their_sum(told: Told) -> None:
    lines = told.copy()
    seal(0, 1)(lines)

    report = told.audit(lines)
    assert [(finding.subject, finding.actual) for finding in report.findings] == [("batch 1", "412 points or more")]
    assert report.recomputed is not None
    assert report.recomputed.sealed == 2


def test_run_audit__rules_that_are_not_at_hand__leave_awards_open(told: Told) -> None:
    report = told.audit(told.lines, programs=[])

    assert {finding.code for finding in report.findings} == {"award-unchecked"}
    assert len(report.findings) == 4


def test_run_audit__a_refused_event__is_counted_by_its_reason(told: Told) -> None:
    lines = told.copy()
    lines[5] |= {"outcome": "over-cap", "facts": {"amount": 10_000, "currency": "GBP"}}

    report = told.audit(lines)
    assert report.findings == ()
    assert report.recomputed is not None
    assert report.recomputed.refused == {"over-cap": 1}


def test_chain_check__a_batch_of_other_changes_than_its_entries__is_found(told: Told) -> None:
    first, second = rebuild(read_log_file(told.logs)[0]).batches
    check = ChainCheck([replace(first, content=second.content), second])
    file = told.home / "whole.jsonl"
    file.write_text("".join(f"{json.dumps(line)}\n" for line in told.lines), encoding="utf-8")
    for line in read_lines(file):
        if isinstance(line, EntryLine):
            check.take(line)
    check.finish()

    assert [(found.code, found.subject, found.expected, found.actual) for found in check.findings] == [
        ("export-delta", "batch 1, member 1", "12", "7"), ("export-delta", "batch 1, member 2", "400", "-70"),
    ]  # fmt: skip


def test_run_audit__rules_that_were_never_published__are_refused(told: Told) -> None:
    with pytest.raises(InvalidSettings, match="was not published"):
        told.audit(told.lines, programs=[told.program | {"name": "another"}])
    with pytest.raises(InvalidSettings, match="is a JSON object"):
        told.audit(told.lines, programs=[[1]])


@pytest.mark.parametrize(
    "spoil",
    [change(0, more=1), change(0, record="act"), change(0, position=-1), change(0, position=True),
     change(0, recorded_at=2**64), change(0, digest="0x00"), change(0, document=[1]), change(0, facts=[1]),
     change(0, type=5), change(5, event=None), change(5, outcome=None), change(5, outcome="\x1b[31m"),
     change(5, type="\ud800"), change(0, facts={"currency": "\ud800"}),
     lambda lines: lines[0]["document"].pop("kind"), lambda lines: lines[0]["document"].pop("rule"),
     lambda lines: lines[0]["document"]["postings"].append({}),
     lambda lines: lines[0]["document"]["postings"][0].update(amount="5")],
)  # fmt: skip
def test_run_audit__a_file_of_another_form__is_refused(told: Told, spoil: Callable[[Lines], Any]) -> None:
    lines = told.copy()
    spoil(lines)

    with pytest.raises(InvalidSettings, match="no pseudonymous export") as refused:
        told.audit(lines)
    assert refused.value.context["line"] == (1 if json.dumps(lines[0]) != json.dumps(told.lines[0]) else 6)


def test_audit__spoken_with_files_alone__answers_and_writes_the_page(
    told: Told, scenario: Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home = scenario.world.project.home
    speaker = Speaker(monkeypatch, capsys)
    monkeypatch.chdir(home)
    code, out = speaker.say("report", "pseudonymous", "export.jsonl", "--json")
    written = json.loads(out)
    assert (code, written["rows"]) == (0, 6)
    (published,) = (home / "programs").glob("*.json")
    (tmp_path / "manifest.json").write_text(json.dumps(told.manifest), encoding="utf-8")
    base = ["audit", "--manifest", str(tmp_path / "manifest.json"), "--logs", str(told.logs), "--json"]

    for rules in (str(published), "program.yaml"):
        code, out = speaker.say(*base, "--program", rules, "--events", "export.jsonl", "--html", "page.html")
        answer = json.loads(out)
        assert (code, answer["findings"], answer["awards"]["points"]) == (0, [], 449)
        assert answer["awards"]["sha256"] == written["sha256"]
    assert written["sha256"] in (home / "page.html").read_text("utf-8")
    for half in (["--events", "export.jsonl"], ["--program", str(published)]):
        assert "go together" in speaker.error(*base[:-1], *half)[1]["message"]
    message = speaker.error(*base[:-1], "--program", "export.jsonl", "--events", "export.jsonl")[1]["message"]
    assert "cannot be read as a programme" in message
