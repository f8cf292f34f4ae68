"""answer, questions, words of the page

given a finding
├── its question is answered with no, or with remarks where it is a warning
├── questions that it leaves open are answered in part
└── every code belongs to one question
every role and cap has a meaning; times and waits are told in words
"""

import pytest

from loyaltychain.audit.findings import make_finding
from loyaltychain.audit.log_shapes import CAP_NAMES
from loyaltychain.audit.manifest import ROLES
from loyaltychain.audit.page_words import CAP_MEANINGS, ROLE_MEANINGS, say_delay, say_time
from loyaltychain.audit.questions import Answer, answer, question_of, unasked_codes

ALL = ("logs", "contracts", "database", "export")


def test_answer__a_warning__is_a_remark() -> None:
    paused = make_finding("paused", "PointsLedger", expected="running", actual="paused")

    assert answer(question_of("paused"), [paused], ALL) is Answer.REMARKS
    assert answer(question_of("paused"), [paused], ("logs",)) is Answer.NOT_ASKED
    assert answer(question_of("paused"), [], ALL) is Answer.YES


def test_answer__foreign_code__leaves_what_it_answers_open() -> None:
    foreign = make_finding("implementation-foreign", "PointsLedger", expected="released code", actual="other")
    balances = question_of("member-balance")

    assert answer(balances, [foreign], ALL) is Answer.IN_PART
    assert answer(question_of("implementation-foreign"), [foreign], ALL) is Answer.NO


def test_answer__data_kept_back__leaves_sums_open() -> None:
    missing = make_finding("data-missing", "batch 1", expected="content", actual=None)

    assert answer(question_of("batch-supply"), [missing], ALL) is Answer.IN_PART


def test_answer__what_the_node_did_not_serve__is_only_a_part() -> None:
    unavailable = make_finding("history-unavailable", "PointsLedger", expected="code", actual=None)

    assert answer(question_of("history-unavailable"), [unavailable], ALL) is Answer.IN_PART


def test_questions__every_code__belongs_to_one() -> None:
    assert unasked_codes() == set()


def test_page_words__every_role_and_cap__has_a_meaning() -> None:
    assert ROLE_MEANINGS.keys() == ROLES.keys()
    assert tuple(CAP_MEANINGS) == CAP_NAMES


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "at once"), (1, "1 second"), (86_400, "1 day"), (2 * 86_400 + 3 * 3_600, "2 days 3 hours"),
     (3_661, "1 hour 1 minute 1 second")],
)  # fmt: skip
def test_say_delay__seconds__in_words(seconds: int, words: str) -> None:
    assert say_delay(seconds) == words


def test_say_time__outside_of_the_calendar__is_the_number() -> None:
    assert (say_time(2**70), say_time(None)) == (str(2**70), "time not known")
