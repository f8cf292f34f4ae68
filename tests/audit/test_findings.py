"""CODES

given the list of codes
├── every code is kebab-case and has a meaning in one sentence
├── every code is provoked by a test
└── every code is made somewhere in the auditor, and no other is
"""

import re
from pathlib import Path

import loyaltychain.audit
from loyaltychain.audit.findings import CODES, Severity, differences, make_finding

SOURCES = Path(loyaltychain.audit.__file__).parent.glob("*.py")
MADE = re.compile(r'(?:make_finding|differences|_check_release|_check_old)\(\s*"([a-z0-9-]+)"')


def test_codes__each__is_kebab_case_with_a_sentence() -> None:
    for name, code in CODES.items():
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", name)
        assert re.fullmatch(r"[A-Z][^.]*\.", code.meaning), name


def test_codes__each__is_made_somewhere_and_no_other_is() -> None:
    made = {code for source in SOURCES for code in MADE.findall(source.read_text("utf-8"))}

    assert made == CODES.keys()


def test_codes__each__is_provoked_by_a_test() -> None:
    tests = "".join(test.read_text("utf-8") for test in Path(__file__).parent.glob("test_*.py"))

    assert [code for code in CODES if f'"{code}"' not in tests] == []


def test_make_finding__bytes_and_nothing__are_spelled_out() -> None:
    finding = make_finding("paused", "PointsLedger", expected=b"\x01\xff", actual=None, block=3)

    assert (finding.severity, finding.expected, finding.actual) == (Severity.WARNING, "0x01ff", "nothing")


def test_differences__equal__are_none() -> None:
    assert differences("supply", "PointsLedger", expected=1, actual=1) == []
    assert [finding.code for finding in differences("supply", "PointsLedger", expected=1, actual=2)] == ["supply"]
