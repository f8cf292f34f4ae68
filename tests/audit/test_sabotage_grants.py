"""run_audit of a forum that settles what its members did, with its programme and its export, and nothing else

given the forum's own export: no finding, and the report says what was worked out and what was not
given an operator that inflates one behaviour's award in its own books, and settles it like any other
└── it is found from the export and the chain alone, though both agree
"""

from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from loyaltychain.audit.page import render_page
from loyaltychain.audit.recompute import AwardFiles
from loyaltychain.audit.report import Report, print_report
from loyaltychain.audit.run import run_audit
from loyaltychain.core.amounts import POINTS, Amount, MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.hashing import to_hex
from loyaltychain.db.engine import transaction
from loyaltychain.ledger import accounts
from loyaltychain.ledger.post import post
from loyaltychain.ledger.types import Entry, EntryId, Posting
from loyaltychain.worker import run_once
from tests.audit.scenario import NOW, Scenario, begin, copied, opened
from tests.audit.test_sabotage_awards import export_of
from tests.reports import forum


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a forum of which everything is settled; not to be changed."""
    home = tmp_path_factory.mktemp("forum") / "home"
    home.mkdir()
    begin(home, forum.TEXT)
    with opened(home) as scenario:
        forum.tell(scenario.world.engine, forum.acts(), now=UnixSeconds(NOW))
        run_once(scenario.world)
    return home


@dataclass(frozen=True, slots=True)
class Outside:
    """What an auditor does who has the manifest, the logs, the programme and the export."""

    scenario: Scenario
    home: Path

    def audit(self) -> Report:
        logs = self.home / "logs.jsonl"
        self.scenario.audit(export=logs)
        given = AwardFiles(
            [self.scenario.world.program().document], export_of(self.scenario.world.engine, self.home / "export.jsonl")
        )
        return run_audit(None, self.scenario.manifest, clock=lambda: 0.0, logs=logs, awards=given)


def test_run_audit__of_a_forum__no_finding_and_what_was_worked_out(built: Path, tmp_path: Path) -> None:
    with copied(built, tmp_path / "home") as scenario:
        report = Outside(scenario, tmp_path).audit()

    assert (report.findings, report.is_clean) == ((), True)
    found = report.recomputed
    assert found is not None
    assert (found.grants, found.grant_points, found.badges, found.conditions) == (14, 347, 3, 7)
    assert (found.awards, found.other_awards, found.sealed) == (0, 0, 0)
    out = StringIO()
    print_report(report, Console(file=out, width=400))
    assert (
        "14 awards of behaviours (347 points, 3 badges): amounts held against the programme, 7 conditions not worked "
        "out anew, which `replay --verify` does for who has the database"
    ) in out.getvalue()
    assert "Conditions that were not worked out" in render_page(report, made_at=NOW)


def inflated(scenario: Scenario, event: str, amount: int, **details: Any) -> None:
    """The operator gives bob so much for an answer of his, in entry, head and settlement alike."""
    version = to_hex(scenario.world.program().digest)
    award = f"behaviour:help:2::{event}"
    said = {"award": award, "grant": "behaviour:help", "desired": amount, "awarded": amount, "version": version,
            "inputs": {"base": amount, "give": amount}} | details  # fmt: skip
    posting = Posting(accounts.ISSUED, accounts.available(MemberNumber(2)), POINTS, Amount(amount))
    entry = Entry(
        EntryId(f"earn:{award}"), "earn", MemberNumber(2), event, "behaviour:help", version,
        UnixSeconds(forum.BEGIN + 5 * forum.DAY), UnixSeconds(NOW), (posting,), said,
    )  # fmt: skip
    with transaction(scenario.world.engine) as tx:
        assert post(tx, [entry]) == [True]
    run_once(scenario.world)


@pytest.mark.parametrize(
    ("event", "amount", "details", "codes"),
    [
        ("forum/v1", 2_000, {}, {"award-differs", "award-exceeds", "award-unfounded", "award-unchecked"}),
        ("forum/a3", 2_000, {"desired": 20}, {"award-exceeds", "award-unchecked"}),
        ("forum/a3", 2_000, {"desired": 20, "awarded": 20}, {"award-exceeds", "award-unchecked"}),
        ("forum/a3", 60, {"desired": 60, "inputs": {"give": 20, "base": 20, "boosts": [
            {"id": "christmas", "times": 3, "per": 1, "rounding": "down"}]}},
         {"award-differs", "award-exceeds", "award-unfounded", "award-unchecked"}),
    ],
)  # fmt: skip
def test_run_audit__an_inflated_award__is_found_from_export_and_chain(
    built: Path, tmp_path: Path, event: str, amount: int, details: dict[str, Any], codes: set[str]
) -> None:
    with copied(built, tmp_path / "home") as scenario:
        inflated(scenario, event, amount, **details)
        report = Outside(scenario, tmp_path).audit()

    assert {each.code for each in report.findings} == codes
    assert all(event in each.subject for each in report.findings)
