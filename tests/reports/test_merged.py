"""Reports over members who become one and two again
└── given a random history with merges and unmerges
    ├── each member's balance as of each moment is what was answered then
    └── the roll-forward leads from nothing to what there is, and merges move nothing in all
"""

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import reading
from loyaltychain.operations.balance import MemberBalance
from loyaltychain.operations.sweep import sweep_step
from loyaltychain.reports.as_of import read_as_of
from loyaltychain.reports.roll_forward import roll_forward
from tests.database import ENGINES
from tests.operations.member_world import points_of
from tests.operations.test_merge_machine import Merges
from tests.reports.histories import play


class Merged(Merges):
    """Keeps what was answered at each moment; what that machine proves of each step is proven there."""

    @invariant()
    def look(self) -> None:
        if not hasattr(self, "answered"):
            self.answered: dict[tuple[int, int], MemberBalance] = {}
        for member in (1, 2, 3):
            self.answered[member, self.now] = points_of(self.engine, MemberNumber(member), self.now)

    @rule(hours=st.sampled_from([6, 24, 30]), swept=st.booleans())
    def wait(self, hours: int, swept: bool) -> None:
        self.look()
        self.now = UnixSeconds(self.now + hours * 3_600)
        if swept:
            sweep_step(self.engine, now=self.now)

    def teardown(self) -> None:
        if hasattr(self, "answered"):
            self.judge()
        super().teardown()

    def judge(self) -> None:
        with reading(self.engine) as tx:
            for (member, at), answer in self.answered.items():
                assert read_as_of(tx, MemberNumber(member), at=UnixSeconds(at)) == answer
            totals = roll_forward(tx, begins_at=None, ends_at=UnixSeconds(self.now + 1), timezone="UTC").totals()
        assert (totals["merged"], totals["moved"]) == (0, 0)


for proven in ("the_ledger_proves_itself", "nobody_gains_value", "who_went_over_has_nothing", "nobody_gains_validity"):
    setattr(Merged, proven, lambda self: None)


@pytest.mark.slow
@pytest.mark.parametrize("engine_name", ENGINES)
def test_reports__merges_and_unmerges__as_answered_and_nothing_in_all(engine_name: str) -> None:
    play(Merged, engine_name, examples=9)
