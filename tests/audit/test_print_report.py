"""print_report: given findings, each stands with its meaning; given none, what was looked at"""

from io import StringIO

from rich.console import Console

from loyaltychain.audit.heads import FinalityRule
from loyaltychain.audit.report import print_report
from tests.audit.scenario import Scenario

ONE_ON_TOP = FinalityRule(tag=None, depth=1)


def test_print_report__findings__stand_with_their_meaning(scenario: Scenario) -> None:
    scenario.send("guardian", "PointsLedger", "pause", ())
    clean, paused = StringIO(), StringIO()

    print_report(scenario.audit(rule=ONE_ON_TOP, at="final"), Console(file=clean, width=140))
    print_report(scenario.audit(), Console(file=paused, width=140))

    assert "local: 2 batches, 4 updates, 5 receipts, 2 members, 349 points, up to block 29 (final)" in clean.getvalue()
    assert clean.getvalue().endswith("Nothing was found.\n")
    assert paused.getvalue().splitlines()[1] == "Finality: 2 final; final is by 0 blocks on top."
    assert paused.getvalue().splitlines()[2].startswith("Back-fill: 4 awards, 449 points, for events from 2026-01-05T")
    assert paused.getvalue().splitlines()[4:] == [
        "",
        "warning paused: PointsLedger, block 30",
        "  expected  running",
        "  actual    paused",
        "  The ledger is paused: no batch can be settled.",
        "",
        "1 finding, 1 warning among them.",
    ]
