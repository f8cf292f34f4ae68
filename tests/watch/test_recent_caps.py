"""Batches against caps and pauses, as they come

given any history, of which some was there at the beginning
├── what is found is what the whole history has, but for buckets of the old batches
└── nothing is found that the whole history does not have
given a history that is short
└── it is the same, buckets included, and no time of an old block is asked for
"""

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from loyaltychain.audit.block_times import BlockTimes
from loyaltychain.audit.check_caps import check_caps
from loyaltychain.audit.findings import Finding
from loyaltychain.audit.log_shapes import CAP_NAMES, Fact, Place
from loyaltychain.watch.recent_caps import RecentCaps
from tests.audit.builders import LEDGER, word

BUCKET = "its bucket holds"
Step = tuple[str, int, int]  # what, seconds since the one before, points
STEPS = st.lists(
    st.tuples(st.sampled_from(["settle", "settle", "settle", "caps", "pause", "unpause"]), st.integers(0, 40),
              st.integers(0, 120)),
    max_size=14,
)  # fmt: skip


def make_facts(steps: Sequence[Step]) -> tuple[list[Fact], dict[int, int]]:
    """The logs, and the times of their blocks."""
    facts, times, now = [], {}, 1_000
    for block, (kind, passed, points) in enumerate([("caps", 0, 50), *steps]):
        now += passed
        times[block] = now
        numbers: dict[str, int] = {}
        if kind == "settle":
            numbers = {"id": block, "issued": points, "burned": 0, "supply": 10 * points}
        elif kind == "caps":
            numbers = dict.fromkeys(CAP_NAMES, points) | {"issuePerBatch": 100, "periodSeconds": 60, "supplyCap": 1_100}
        name = {"settle": "BatchSettled", "caps": "CapsChanged", "pause": "LedgerPaused"}.get(kind, "LedgerUnpaused")
        facts.append(Fact(name, LEDGER, Place(block, 0, word(block), word(block)), numbers, {}, {}))
    return facts, times


def is_of_bucket(finding: Finding) -> bool:
    return BUCKET in finding.expected


@given(STEPS, st.integers(0, 14), st.integers(1, 4))
@settings(deadline=None, max_examples=300)
def test_take__any_history__finds_what_the_whole_has_but_for_old_buckets(
    steps: list[Step], there: int, timed: int
) -> None:
    facts, times = make_facts(steps)
    whole = check_caps(facts, BlockTimes(None, times))[0]
    recent = RecentCaps(timed=timed)

    recent.take(facts[:there], BlockTimes(None, times))
    recent.take(facts, BlockTimes(None, times))

    assert [each for each in recent.findings if not is_of_bucket(each)] == [
        each for each in whole if not is_of_bucket(each)
    ]
    known = {(each.subject, each.block) for each in whole}
    assert {(each.subject, each.block) for each in recent.findings} <= known


@given(STEPS)
def test_take__a_short_history__finds_the_same(steps: list[Step]) -> None:
    facts, times = make_facts(steps)
    recent = RecentCaps()

    recent.take(facts, BlockTimes(None, times))

    assert recent.findings == check_caps(facts, BlockTimes(None, times))[0]


def test_take__a_long_history__asks_for_the_times_of_the_newest() -> None:
    facts, times = make_facts([("settle", 60, 50)] * 5 + [("settle", 0, 50)] * 2)
    asked: list[int] = []

    class Times(BlockTimes):
        def of(self, block: int) -> int | None:
            asked.append(block)
            return super().of(block)

    recent = RecentCaps(timed=2)
    recent.take(facts[:-1], Times(None, times))
    recent.take(facts, Times(None, times))

    assert set(asked) == {5, 6, 7}
    assert [(each.code, each.subject) for each in recent.findings] == [
        ("batch-over-cap", "batch 6 issued"),
        ("batch-over-cap", "batch 7 issued"),
    ]
