"""run_audit

given a programme that ran
└── it finds nothing
"""

from tests.audit.scenario import Scenario


def test_run_audit__a_clean_programme__finds_nothing(scenario: Scenario) -> None:
    report = scenario.audit()

    for f in report.findings:
        print(f)
    print(report)
    assert report.findings == ()
