"""parse_program: expiry of a rule's own, half-years, days of the year, inactivity, pending until an event, exchange

given the new fields
    it is the Program with them; each changes the digest
    when they are left out
        document and digest are what they were
given a file that breaks a rule of theirs
    it raises InvalidProgram naming the field and what to do, in the file's own words
    when a notice would be due before any points are earned
        it is refused, and only then
"""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from loyaltychain.core import errors
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.program.expiry import DAY_SECONDS, expires_at
from loyaltychain.program.lifetime import Lifetime
from loyaltychain.program.load import parse_program
from loyaltychain.program.types import Currencies, Expiry, Inactivity, PendingUntil
from tests.program.builders import ORDERS_TEXT, PROGRAM_TEXT, make_program

REVIEW = (
    "  - {id: review, kind: points_per_currency_unit, event: review, points: 5, per: '1.00', "
    "pending: {until: review_approved, reject: review_rejected, days: 30, otherwise: cancel}}\n"
)


def with_rule(rule: str) -> str:
    return PROGRAM_TEXT.replace("redemption: {}", f"{rule}redemption: {{}}")


def with_expiry(expiry: str) -> str:
    return PROGRAM_TEXT + f"expiry: {expiry}\n"


def with_own(expiry: str) -> str:
    return PROGRAM_TEXT.replace('per: "1.00"', f'per: "1.00", expiry: {expiry}')


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("{after: {months: 12}, end_of: half_year}", Expiry(12, None, "half_year", 30)),
        ('{on: "12-31"}', Expiry(None, None, None, 30, on="12-31")),
        ('{after: {days: 90}, on: "06-30", notice_days: 14}', Expiry(None, 90, None, 30, on="06-30", notice_days=14)),
        ("{end_of: quarter}", Expiry(None, None, "quarter", 30)),
        ("{inactivity: {months: 12}}", Expiry(None, None, None, 30, inactivity=Inactivity(12, None, 30))),
        (
            "{after: {months: 36}, grace_days: 7, inactivity: {days: 90, notice_days: 14}}",
            Expiry(36, None, None, 7, inactivity=Inactivity(None, 90, 14)),
        ),
    ],
)
def test_parse_program__expiry__as_said(said: str, expected: Expiry) -> None:
    program = parse_program(with_expiry(said))

    assert program == make_program(expiry=expected)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("never", Lifetime()),
        ("{after: {days: 90}}", Lifetime(days=90)),
        ('{after: {months: 6}, on: "01-31"}', Lifetime(6, on="01-31")),
    ],
)
def test_parse_program__expiry_of_a_rule__its_own(said: str, expected: Lifetime) -> None:
    assert parse_program(with_own(said)).rules[0].expiry == expected


def test_parse_program__pending_until__its_types_are_signals() -> None:
    program = parse_program(with_rule(REVIEW))

    assert program.rules[1].pending == PendingUntil("review_approved", "review_rejected", 30, "cancel")
    assert program.signals == {"review_approved", "review_rejected"}


def test_parse_program__currencies__as_said() -> None:
    text = PROGRAM_TEXT + "currencies: {accept: exchange, rounding: half_even}\n"

    assert parse_program(text).currencies == Currencies("exchange", "half_even")
    assert parse_program(PROGRAM_TEXT + "currencies: {accept: exchange}\n").currencies == Currencies("exchange", "down")


def test_document__without_them__knows_nothing_of_them() -> None:
    document = parse_program(ORDERS_TEXT).document

    assert "currencies" not in document
    assert {"on", "notice_days", "inactivity"}.isdisjoint(document["expiry"])
    assert all({"pending", "expiry"}.isdisjoint(rule) for rule in document["rules"])


def test_digest__each_of_them__another() -> None:
    texts = [
        PROGRAM_TEXT,
        with_expiry("{after: {months: 12}}"),
        with_expiry("{after: {months: 12}, end_of: half_year}"),
        with_expiry('{after: {months: 12}, on: "12-31"}'),
        with_expiry("{after: {months: 12}, notice_days: 30}"),
        with_expiry("{after: {months: 12}, inactivity: {months: 12}}"),
        with_expiry("{after: {months: 12}, inactivity: {months: 12, notice_days: 14}}"),
        with_own("never"),
        with_own("{after: {days: 90}}"),
        with_rule(REVIEW),
        with_rule(REVIEW.replace("otherwise: cancel", "otherwise: give")),
        with_rule(REVIEW.replace("reject: review_rejected, ", "")),
        PROGRAM_TEXT + "currencies: {accept: exchange}\n",
        PROGRAM_TEXT + "currencies: {accept: exchange, rounding: up}\n",
    ]

    assert len({parse_program(text).digest for text in texts}) == len(texts)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (with_expiry("{}"), r"expiry: .*say when: after, end_of, on or inactivity \(or remove the section"),
        (with_expiry('{end_of: year, on: "12-31"}'), r"expiry.on: say either end_of or on \(remove one\)"),
        (with_expiry('{on: "02-29"}'), r"expiry.on: .*not in every year \(say '02-28' or '03-01'\)"),
        (with_expiry('{on: "13-01"}'), r"expiry.on: .*no day of the year such as '12-31'"),
        (with_expiry("{inactivity: {months: 12}, notice_days: 9}"), r"notice_days: nothing expires by its age"),
        (with_expiry("{inactivity: {}}"), r"expiry.inactivity: .*say either months or days"),
        (with_expiry("{inactivity: {months: 1, notice_days: 0}}"), r"expiry.inactivity.notice_days: .*equal to 1"),
        (
            with_expiry("never"),
            r"line 9: expiry: say when, .*never expire there is no such section: remove it, found 'never'",
        ),
        (with_expiry("{after: 12}"), r"expiry.after: say the number with its unit, {months: 12} or .*, found 12 "),
        (with_expiry("{inactivity: 12}"), r"expiry.inactivity: say for how long, {months: 12} or .*, found 12 "),
        (with_expiry("{after: {days: 30}, notice_days: 30}"), r"notice_days: points are good for 30 days at most"),
        (with_expiry("{end_of: day, notice_days: 1}"), r"notice_days: points are good for 1 day at most"),
        (with_expiry("{after: {months: 1}, end_of: month, notice_days: 62}"), r"good for 62 days at most.*say fewer"),
        (with_expiry("{inactivity: {days: 30}}"), r"expiry.inactivity.notice_days: she may be inactive for 30 days"),
        (with_own("12"), r"rules\[0\].expiry: write `never`, or say when: {after: {days: 90}}, found 12"),
        (with_own("{after: 12}"), r"^program.yaml, line 7: rules\[0\].expiry.after: say the number with its unit, "),
        (
            with_own("{afer: {days: 9}}"),
            r"^program.yaml, line 7: rules\[0\].expiry.afer: there is .* \(did you mean 'after'\?\)",
        ),
        (
            PROGRAM_TEXT.replace("redemption: {}", "redemption: spend"),
            "redemption: this is a section: write its fields",
        ),
        (with_own("{}"), r"rules\[0\].expiry.*say when: after, end_of or on; or write `expiry: never`"),
        (with_rule(REVIEW.replace(", otherwise: cancel", "")), r"rules\[1\].pending.otherwise: Field required"),
        (with_rule(REVIEW.replace("days: 30, ", "")), r"rules\[1\].pending.days: Field required"),
        (
            with_rule(REVIEW.replace("review_rejected", "review_approved")),
            r"rules\[1\].pending.reject: this type gives the points",
        ),
        (
            with_rule(REVIEW.replace("pending:", "pending_days: 3, pending:")),
            r"rules\[1\].pending_days: pending has days of its own \(remove one",
        ),
        (
            with_rule(REVIEW.replace("until: review_approved", "until: purchase")),
            r"rules\[0\].event: 'purchase' is the event that decides about pending points",
        ),
        (
            with_rule(REVIEW.replace("until: review_approved", "until: redemption")),
            r"rules\[1\].pending.until: 'redemption' is the event that takes points",
        ),
        (
            ORDERS_TEXT.replace("qualifying: true", "pending: {until: delivered, days: 9, otherwise: give}"),
            r"rules\[0\].pending: an order's points wait by time alone.*\(use pending_days",
        ),
        (PROGRAM_TEXT + "currencies: {}\n", r"currencies.accept: Field required"),
        (PROGRAM_TEXT + "currencies: {accept: any}\n", r"currencies.accept: .*'exchange'"),
    ],
)
def test_parse_program__breaks_a_rule__says_where(text: str, message: str) -> None:
    with pytest.raises(errors.InvalidProgram, match=message):
        parse_program(text, file="program.yaml")


@pytest.mark.parametrize(
    "said",
    ["{after: {days: 30}, notice_days: 29}", "{end_of: month, notice_days: 30}", '{on: "12-31", notice_days: 365}',
     "{after: {months: 1}, end_of: month, notice_days: 61}", "{inactivity: {months: 1}}",
     "{after: {months: 24}, notice_days: 730}"],
)  # fmt: skip
def test_parse_program__notice_within_the_lifetime__as_said(said: str) -> None:
    assert parse_program(with_expiry(said)).expiry is not None


@given(
    after=st.sampled_from(["", "after: {months: 1}", "after: {months: 11}", "after: {days: 9}", "after: {days: 400}"]),
    end=st.sampled_from(["", "end_of: day", "end_of: quarter", "end_of: year", 'on: "06-30"']),
    notice=st.integers(1, 800),
    earned_at=st.integers(1_700_000_000, 2_000_000_000),
)
def test_parse_program__notice_that_is_refused__longer_than_any_lifetime(
    after: str, end: str, notice: int, earned_at: int
) -> None:
    said = ", ".join(each for each in (after, end) if each)
    assume(said)
    try:
        parse_program(with_expiry(f"{{{said}, notice_days: {notice}}}"))
    except errors.InvalidProgram:
        ends_at = expires_at(parse_program(with_expiry(f"{{{said}}}")), UnixSeconds(earned_at))
        assert ends_at is not None
        assert ends_at - earned_at <= notice * DAY_SECONDS + 3_600  # an hour: clocks may go back meanwhile
