"""Random histories of members, played by the real steps, for what reports must say of them."""

from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from loyaltychain.core.calendar import UnixSeconds
from tests.operations.member_world import DAY
from tests.operations.test_member_machine import LONG, Members


class History(Members):
    """The members of ``tests/operations``, without what that test proves of each step; this one's end is what counts.

    A subclass says what is to be kept along the way (``look``) and what must be so at the end (``judge``).
    """

    look: Callable[[Any], None]
    judge: Callable[[Any], None]

    @invariant()
    def ledger_proves_itself(self) -> None:
        """Proven there."""
        self.look()

    @rule(seconds=st.sampled_from([1, 600, DAY, DAY, 2 * DAY]))
    def wait(self, seconds: int) -> None:
        self.ledger_proves_itself()  # some acts wait in their midst: what was so before is looked at too
        self.now = UnixSeconds(self.now + seconds)

    def teardown(self) -> None:
        if hasattr(self, "engine"):
            self.judge()
        super().teardown()


for name in ("no_gain_of_value", "no_gain_of_validity", "stock_is_what_was_not_taken"):
    setattr(History, name, lambda self: None)


def play(history: type[RuleBasedStateMachine], engine_name: str, *, examples: int = 12, steps: int = 30) -> None:
    """Play random histories on this kind of database. LOYALTYCHAIN_TEST_LONG=1 plays much longer."""
    machine = type(history.__name__, (history,), {"engine_name": engine_name})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=(examples * (40 if LONG else 1)) // (1 if engine_name == "sqlite" else 3),
            stateful_step_count=steps,
            deadline=None,
            phases=[Phase.reuse, Phase.generate] + ([Phase.shrink] if LONG else []),  # shrinking takes minutes
            suppress_health_check=list(HealthCheck),
        ),
    )
