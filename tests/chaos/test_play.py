"""The short form of the play: each failpoint once, kills at random, reorganisations, and every other fault, while
members shop. ``LOYALTYCHAIN_TEST_CHAOS_SEED`` plays one again; ``scripts/chaos.py --long`` is the long form.

after all of it, and after each fault
├── settled, booked and the sum of the batches are the same, for each member and together
├── each number stands for one transaction, and it is ours
└── nothing is lost, nothing doubled, and the audit has no findings
"""

import os
import secrets

import pytest

from loyaltychain.core.failpoints import FAILPOINTS
from tests.chaos.faults import FAULTS
from tests.chaos.play import perform
from tests.chaos.script import short
from tests.database import ENGINES


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.skipif("postgresql" not in ENGINES, reason="no PostgreSQL server, and no means to start one")
def test_play__short_form__survived() -> None:
    seed = int(os.environ.get("LOYALTYCHAIN_TEST_CHAOS_SEED", secrets.randbelow(2**32)))

    summary = perform(short(seed))

    print(summary)  # noqa: T201  with the seed, when something below fails
    assert set(summary.kills) == {*FAILPOINTS, "at random"}
    assert (summary.reorgs.total(), set(summary.faults)) == (5, set(FAULTS))
    assert (summary.lost, summary.doubled, summary.findings) == (0, 0, [])
    assert summary.events > 0 < summary.batches
