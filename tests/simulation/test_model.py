"""check
├── given the real plan in a small worker, 10,000 courses of faults from as many seeds: every promise is kept
├── given the same seed twice: the same course, to the last block
├── given a key that another used, whose transaction a reorganisation forgets: it halts; filling the gap frees it
├── given a worker that sends, waits and records: points are settled twice
├── given a worker that the contract alone guards: the books call failed what is on chain
└── given a worker that trusts ``pending``: nothing is doubled, the books are right, and one batch has two nonces
"""

import os
from collections import Counter

import pytest

from tests.crash.harness import Fuse
from tests.simulation.chain import FakeChain, FakeClock
from tests.simulation.course import Course, MakePlayer, check, follow, make_setting
from tests.simulation.model import ModelPlayer
from tests.simulation.wrong import GuardOnly, Naive, TrustPending

SEEDS = int(os.environ.get("LOYALTYCHAIN_TEST_SEEDS", "10000"))
_SHARES = 10  # so that several processes can take them


@pytest.mark.slow
@pytest.mark.parametrize("share", range(_SHARES))
def test_check__plan_in_any_course__keeps_every_promise(share: int) -> None:
    for seed in range(share, SEEDS, _SHARES):
        assert check(follow(seed, ModelPlayer)) == [], f"seed {seed}"


def test_check__same_seed__same_course() -> None:
    first, second = (follow(7, ModelPlayer).chain for _ in range(2))

    assert first.view == second.view
    assert first.sent == second.sent


def test_check__first_nonce_on_a_block_that_vanishes__operator_fills_the_gap() -> None:
    # Found by these courses: the first nonce is the chain's, whoever used the ones before it.
    setting = make_setting(1)
    setting.chain = FakeChain(setting.rng, FakeClock(), 2)
    player = ModelPlayer(setting)
    player.node.is_calm = True
    program = player.start(Fuse(None))
    program.step()  # submitted
    setting.chain.use_key()
    setting.chain.add_block()
    program.step()  # signed on top of it
    setting.chain.reorganise(1, keeps=0)
    course = Course(setting, player)
    course.calm_down()

    assert course.gaps_filled
    assert check(course) == []


@pytest.mark.parametrize(
    ("worker", "is_guarded", "broken", "kept"),
    [
        pytest.param(Naive, False, {"doubled", "once"}, set(), id="naive"),
        pytest.param(GuardOnly, True, {"booked"}, {"doubled"}, id="guard-only"),
        pytest.param(TrustPending, True, {"nonce"}, {"doubled", "booked"}, id="pending"),
    ],
)
def test_check__wrong_worker__broken_in_its_own_way(
    worker: MakePlayer, is_guarded: bool, broken: set[str], kept: set[str]
) -> None:
    seen: Counter[str] = Counter()
    for seed in range(200):
        seen.update({promise.split(":")[0] for promise in check(follow(seed, worker, is_guarded=is_guarded))})

    assert {name for name in broken if seen[name] >= 10} == broken, seen
    assert not kept & set(seen), seen
    assert all(check(follow(seed, ModelPlayer, is_guarded=is_guarded)) == [] for seed in range(200))
