"""
settle, by its caps
├── given a batch at a batch cap, it settles, and one above is refused
├── given batches that use a period's cap up, one more point is refused
├── given time, whole points come back, and no instant counts twice
├── given steps shorter than two points take, no instant counts twice
├── given a small cap and batches all the time, it is not starved
├── given a cap of 0, nothing of it passes, ever
├── given the supply cap, it settles at it and is refused above
└── given any course of batches, never more passes than capacity and refill allow, and then the bucket fills
lowerCaps, raiseCaps
├── given any cap in the other direction, they refuse with both
├── given the very same caps, they take them
├── given a period of 0, it is refused
├── given a cap lowered below what is used, nothing passes until time has passed
├── given a supply cap lowered below the supply, it may only shrink
└── given a raise, time that passed before does not count at the new rate
available
└── given caps, use and supply, it is the least of what is left
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.contracts import evm
from tests.contracts.builders import CAPS, World, act, make_world, read, settle
from tests.contracts.evm import refused, rolled_back

FIELDS = ("issuePerBatch", "burnPerBatch", "issuePerPeriod", "burnPerPeriod", "periodSeconds", "supplyCap")
SMALL = dict(zip(FIELDS, (6, 4, 10, 5, 1000, 20), strict=True))  # 1 issued point comes back in 100 s, 1 burned in 200 s


def tight(**changes: int) -> tuple[int, ...]:
    return tuple((SMALL | changes).values())


@pytest.fixture
def small(world: World) -> World:
    """The ledger under the small caps."""
    act(world, "guardian", "lowerCaps", tight(periodSeconds=86_400))
    act(world, "config", "raiseCaps", tight())
    return world


def available(world: World) -> object:
    return read(world, "available", types=("uint256", "uint256"))


def test_settle__given_a_batch_at_the_batch_caps__settles(small: World) -> None:
    settle(small, {1: 6})
    settle(small, {1: -4})

    assert read(small, "totalSupply") == 2


def test_settle__given_a_batch_above_the_issue_cap__is_refused(small: World) -> None:
    with refused("IssueOverBatchCap", 7, 6):
        settle(small, {1: 3, 2: 4})


def test_settle__given_a_batch_above_the_burn_cap__is_refused(small: World) -> None:
    settle(small, {1: 6})

    with refused("BurnOverBatchCap", 5, 4):
        settle(small, {1: -5})


def test_settle__given_a_used_up_issue_period__is_refused(small: World) -> None:
    settle(small, {1: 6})
    settle(small, {1: 4})

    with refused("IssueOverPeriodCap", 1, 0):
        settle(small, {1: 1})


def test_settle__given_a_used_up_burn_period__is_refused(small: World) -> None:
    settle(small, {1: 6})
    settle(small, {1: -4})

    with refused("BurnOverPeriodCap", 2, 1):
        settle(small, {1: -2})


def test_settle__given_time__whole_points_come_back(small: World) -> None:
    settle(small, {1: 6})
    settle(small, {1: 4})

    evm.travel(small.chain, seconds=350)

    assert available(small) == (3, 4)
    with refused("IssueOverPeriodCap", 4, 3):
        settle(small, {2: 4})
    settle(small, {2: 3})
    assert available(small) == (0, 4)
    evm.travel(small.chain, seconds=40)
    assert available(small) == (0, 4)
    evm.travel(small.chain, seconds=30)  # the 50 s that were left over, and these 70 s
    assert available(small) == (1, 4)


def test_settle__given_a_small_cap_and_batches_all_the_time__is_not_starved(small: World) -> None:
    settle(small, {1: 6})
    settle(small, {1: 4})

    for _ in range(11):
        evm.travel(small.chain, seconds=30)
        settle(small, {})

    assert available(small) == (3, 4)


def test_settle__given_a_cap_of_0__nothing_passes_ever(small: World) -> None:
    settle(small, {1: 3})
    act(small, "guardian", "lowerCaps", tight(issuePerPeriod=0))
    evm.travel(small.chain, seconds=100_000)

    with refused("IssueOverPeriodCap", 1, 0):
        settle(small, {1: 1})
    settle(small, {1: -1})

    assert available(small) == (0, 4)


def test_settle__given_the_supply_cap__settles_at_it_and_not_above(small: World) -> None:
    for amount in (6, 4):
        settle(small, {1: amount})
    evm.travel(small.chain, seconds=1000)
    for amount in (6, 3):
        settle(small, {1: amount})

    with refused("SupplyOverCap", 21, 20):
        evm.travel(small.chain, seconds=1000)
        settle(small, {1: 2})
    assert available(small) == (1, 4)
    settle(small, {1: 1})

    assert read(small, "totalSupply") == 20


@pytest.mark.parametrize("field", FIELDS)
def test_lower_caps__given_a_looser_cap__is_refused(small: World, field: str) -> None:
    wanted = tight(**{field: SMALL[field] + (-1 if field == "periodSeconds" else 1)})

    with refused("NotLower", tight(), wanted):
        act(small, "guardian", "lowerCaps", wanted)


@pytest.mark.parametrize("field", FIELDS)
def test_raise_caps__given_a_tighter_cap__is_refused(small: World, field: str) -> None:
    wanted = tight(**{field: SMALL[field] + (1 if field == "periodSeconds" else -1)})

    with refused("NotHigher", tight(), wanted):
        act(small, "config", "raiseCaps", wanted)


@pytest.mark.parametrize("field", FIELDS)
def test_caps__given_one_step_there_and_back__are_as_before(small: World, field: str) -> None:
    step = tight(**{field: SMALL[field] + (1 if field == "periodSeconds" else -1)})

    act(small, "guardian", "lowerCaps", step)
    lowered = read(small, "caps", types=("uint48", "uint48", "uint48", "uint48", "uint32", "uint64"))
    act(small, "config", "raiseCaps", tight())

    assert lowered == step
    assert read(small, "caps", types=("uint48", "uint48", "uint48", "uint48", "uint32", "uint64")) == tight()


def test_caps__given_the_same__are_taken(small: World) -> None:
    act(small, "guardian", "lowerCaps", tight())
    act(small, "config", "raiseCaps", tight())

    assert available(small) == (6, 4)


def test_raise_caps__given_a_period_of_0__is_refused(small: World) -> None:
    with refused("ZeroPeriod"):
        act(small, "config", "raiseCaps", tight(periodSeconds=0))


def test_lower_caps__given_a_cap_below_what_is_used__waits(small: World) -> None:
    settle(small, {1: 6})
    act(small, "guardian", "lowerCaps", tight(issuePerPeriod=4))

    assert available(small) == (0, 4)
    evm.travel(small.chain, seconds=760)  # 3 of 6 come back at 4 in 1000 s: 3 are used of 4

    assert available(small) == (1, 4)


def test_lower_caps__given_a_supply_cap_below_the_supply__only_shrinks(small: World) -> None:
    settle(small, {1: 6})
    act(small, "guardian", "lowerCaps", tight(supplyCap=3))

    with refused("SupplyOverCap", 7, 3):
        settle(small, {1: -1, 2: 2})
    settle(small, {1: -2, 2: 1})

    assert read(small, "totalSupply") == 5
    assert available(small) == (0, 3)


def test_raise_caps__given_time_before_it__counts_at_the_old_rate(small: World) -> None:
    settle(small, {1: 6})
    settle(small, {1: 4})
    evm.travel(small.chain, seconds=200)

    act(small, "config", "raiseCaps", tight(issuePerPeriod=1000, issuePerBatch=1000, supplyCap=5000))

    assert available(small) == (992, 4)


def test_available__given_roomy_caps__is_the_batch_cap(world: World) -> None:
    assert available(world) == (CAPS[0], CAPS[1])


@pytest.fixture(scope="module")
def rationed() -> World:
    """A ledger whose period caps alone bind: 50 points in 70 s."""
    return make_world(caps=(1000, 1000, 50, 50, 70, 2**32))


def test_settle__given_steps_shorter_than_two_points__no_instant_counts_twice(rationed: World) -> None:
    with rolled_back(rationed.chain):
        settle(rationed, {1: 50})
        start = evm.now(rationed.chain)
        for _ in range(20):
            evm.travel(rationed.chain, seconds=2)
            left = int(read(rationed, "available", types=("uint256", "uint256"))[0])
            settle(rationed, {1: left} if left else {})

        passed = int(read(rationed, "totalSupply")) - 50
        elapsed = evm.now(rationed.chain) - start

    assert 15 <= passed <= 50 * elapsed // 70


steps = st.lists(st.tuples(st.integers(1, 40), st.integers(1, 60)), min_size=1, max_size=8)


@settings(max_examples=15, deadline=None)
@given(course=steps)
def test_settle__given_any_course__never_passes_more_than_allowed(
    rationed: World, course: list[tuple[int, int]]
) -> None:
    with rolled_back(rationed.chain):
        settle(rationed, {})
        start, passed = evm.now(rationed.chain), 0
        for seconds, wanted in course:
            evm.travel(rationed.chain, seconds=seconds)
            left = int(read(rationed, "available", types=("uint256", "uint256"))[0])
            amount = min(wanted, left)
            settle(rationed, {1: amount} if amount else {})
            passed += amount
            elapsed = evm.now(rationed.chain) - start

            # the bucket as it was at first, and what 70 s bring back
            assert passed * 70 <= 50 * 70 + 50 * elapsed
        evm.travel(rationed.chain, seconds=72)  # a whole period, and the second that rounding may cost
        assert read(rationed, "available", types=("uint256", "uint256")) == (50, 50)
