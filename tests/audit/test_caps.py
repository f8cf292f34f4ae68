"""check_caps, fold_settings

given caps that changed over time
├── when every batch is within those in force at its place
│   └── nothing is found                                     (also against the contract's own arithmetic)
├── when one is above a cap, its bucket, or the supply's
│   └── that batch is named with the bound                   (one case a bound)
└── when the times of blocks are not known
    └── buckets are not judged, and this is said
given a pause
└── a batch in it is found
given logs of changes that do not lead from one to the next
└── the gap is found
"""

from collections.abc import Mapping, Sequence

import eth_abi
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyaltychain.audit.block_times import BlockTimes
from loyaltychain.audit.check_caps import Bucket, check_caps
from loyaltychain.audit.log_shapes import CAP_NAMES, CAP_TYPES, Fact, read_log
from loyaltychain.audit.settings_log import fold_settings
from loyaltychain.chain.rpc import Log
from tests.audit.builders import address_word, make_header, make_log, settled_logs

CAPS = {
    "issuePerBatch": 100, "burnPerBatch": 50, "issuePerPeriod": 150, "burnPerPeriod": 60, "periodSeconds": 1_000,
    "supplyCap": 300,
}  # fmt: skip
NOTHING = dict.fromkeys(CAP_NAMES, 0)
ONE, OTHER = "0x" + "a1" * 20, "0x" + "a2" * 20


def caps_log(before: Mapping[str, int], present: Mapping[str, int], *, block: int) -> Log:
    kind = f"({','.join(CAP_TYPES)})"
    data = eth_abi.encode([kind, kind], [tuple(before.values()), tuple(present.values())])
    return make_log(f"CapsChanged({kind},{kind})", data=data, block=block)


def batch_log(batch_id: int, *, block: int, issued: int = 0, burned: int = 0, supply: int = 0) -> Log:
    header = make_header(batch_id=batch_id, issued=issued, burned=burned, supply=supply)
    return settled_logs(header, b"\x01", block=block)[0]


def settler_log(before: str, present: str, *, block: int) -> Log:
    topics = [address_word(before), address_word(present)]
    return make_log("SettlerChanged(address,address)", topics=topics, block=block)


def facts(*logs: Log) -> list[Fact]:
    read = [read_log(log) for log in logs]
    assert all(isinstance(fact, Fact) for fact in read)
    return [fact for fact in read if isinstance(fact, Fact)]


def found(*logs: Log, times: Mapping[int, int] | None = None) -> list[tuple[str, str, str]]:
    """(code, subject, expected) of each finding; a block's time is its number unless told otherwise."""
    blocks = {log.block_number: log.block_number for log in logs}
    findings, _ = check_caps(facts(*logs), BlockTimes(None, blocks if times is None else times))
    return [(finding.code, finding.subject, finding.expected) for finding in findings]


BEGIN = caps_log(NOTHING, CAPS, block=10)
OVER: dict[str, tuple[Sequence[Log], str, str]] = {
    "issued": ([batch_log(1, block=11, issued=101)], "batch 1 issued", "at most 100, which a batch may issue"),
    "burned": ([batch_log(1, block=11, burned=51)], "batch 1 burned", "at most 50, which a batch may burn"),
    "supply": ([batch_log(1, block=11, issued=1, supply=301)], "batch 1 supply",
               "at most 300, which the supply may reach"),
    "the bucket of what is issued": (
        [batch_log(1, block=11, issued=100), batch_log(2, block=12, issued=51)],
        "batch 2 issued", "at most 50, which its bucket holds",
    ),
    "the bucket of what is burned": (
        [batch_log(1, block=11, burned=50), batch_log(2, block=12, burned=11)],
        "batch 2 burned", "at most 10, which its bucket holds",
    ),
    "the bucket, half refilled": (
        [batch_log(1, block=11, issued=100), batch_log(2, block=211, issued=81)],
        "batch 2 issued", "at most 80, which its bucket holds",
    ),
    "the bucket, under caps that were lowered": (
        [batch_log(1, block=11, issued=100), caps_log(CAPS, CAPS | {"issuePerPeriod": 110}, block=12),
         batch_log(2, block=13, issued=11)],
        "batch 2 issued", "at most 10, which its bucket holds",
    ),
    "lowered caps": (
        [caps_log(CAPS, CAPS | {"issuePerBatch": 7}, block=11), batch_log(1, block=12, issued=8)],
        "batch 1 issued", "at most 7, which a batch may issue",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("logs", "subject", "expected"), OVER.values(), ids=OVER)
def test_check_caps__a_batch_above__is_named(logs: Sequence[Log], subject: str, expected: str) -> None:
    assert found(BEGIN, *logs) == [("batch-over-cap", subject, expected)]


def test_check_caps__batches_within__find_nothing() -> None:
    raised = caps_log(CAPS, CAPS | {"issuePerBatch": 140}, block=13)

    assert found(
        BEGIN, batch_log(1, block=11, issued=100, supply=100), batch_log(2, block=12, issued=50, burned=50, supply=300),
        raised, batch_log(3, block=1_013, issued=140, supply=300), batch_log(4, block=1_014, burned=7, supply=9_999),
    ) == []  # fmt: skip


def test_check_caps__before_any_caps__a_batch_is_found() -> None:
    assert found(batch_log(1, block=11)) == [("batch-over-cap", "batch 1", "caps")]


def test_check_caps__times_unknown__judges_no_bucket_and_says_so() -> None:
    logs = (BEGIN, batch_log(1, block=11, issued=100), batch_log(2, block=12, issued=100))

    assert found(*logs, times={}) == []
    assert check_caps(facts(*logs), BlockTimes(None, {11: 11}))[1] is False
    assert check_caps(facts(*logs), BlockTimes(None, {11: 11, 12: 12}))[1] is True


def test_check_caps__a_batch_in_a_pause__is_found() -> None:
    paused = make_log("LedgerPaused(address)", topics=[address_word(ONE)], block=11)
    unpaused = make_log("LedgerUnpaused(address)", topics=[address_word(ONE)], block=13)

    assert found(BEGIN, paused, batch_log(1, block=12), unpaused, batch_log(2, block=14)) == [
        ("batch-paused", "batch 1", "no batch")
    ]


@given(
    cap=st.integers(0, 50),
    period=st.integers(1, 40),
    takes=st.lists(st.tuples(st.integers(0, 30), st.integers(0, 50)), max_size=30),
)
@settings(deadline=None, max_examples=200)
def test_bucket__any_takes__never_give_out_more_than_full_and_refilled(
    cap: int, period: int, takes: list[tuple[int, int]]
) -> None:
    bucket = Bucket()
    now = given_out = 0
    for wait, wanted in takes:
        now += wait
        bucket.refill(cap=cap, period=period, now=now)
        taken = min(wanted, max(cap - bucket.used, 0))
        bucket.used += taken
        given_out += taken

        assert bucket.used <= cap
        assert bucket.used_at <= now
        assert given_out * period <= cap * (period + now), "more than a full bucket and what time refilled"


def test_fold_settings__a_change_that_is_missing__is_found() -> None:
    lowered = CAPS | {"supplyCap": 5}
    first, second = settler_log("0x" + "00" * 20, ONE, block=10), settler_log(OTHER, ONE, block=12)

    whole = fold_settings(facts(BEGIN, first, caps_log(CAPS, lowered, block=11)))
    broken = fold_settings(facts(first, caps_log(CAPS, lowered, block=11), second))

    assert whole.findings == []
    assert [(change.what, change.subject, change.before, change.after) for change in whole.changes[-1:]] == [
        ("caps", "supplyCap", "300", "5")
    ]
    assert {(finding.code, finding.subject) for finding in broken.findings} == {
        ("settings-history", f"PointsLedger {name}") for name in (*CAP_NAMES, "settler")
    }
