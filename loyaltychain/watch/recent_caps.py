"""Batches against the caps and pauses in force at their place, as they come; old ones without their blocks' times.

The refilling buckets need the time of each batch's block, a question each. So they are replayed from the 64 batches on
that were the newest when the watch began, as if they had been full then: nothing that was allowed is reported for it.
"""

from collections.abc import Sequence
from typing import Final

from loyaltychain.audit.block_times import BlockTimes
from loyaltychain.audit.check_caps import check_caps
from loyaltychain.audit.findings import Finding
from loyaltychain.audit.log_shapes import Fact

TIMED: Final = 64  # batches that are there at the beginning and are held against the buckets
_PAUSES: Final = ("LedgerPaused", "LedgerUnpaused")


class RecentCaps:
    """What breaks the caps or a pause in one ledger's logs so far."""

    def __init__(self, *, timed: int = TIMED) -> None:
        self.findings: list[Finding] = []
        self._timed = timed
        self._of_old: list[Finding] = []
        self._first: int | None = None  # the first of the logs that are held against the buckets
        self._in_force: list[Fact] = []  # the caps and the pause that were in force there

    def take(self, facts: Sequence[Fact], times: BlockTimes) -> None:
        """All logs about caps, pauses and batches so far; the new ones are at the end.

        Raises:
            RpcUnavailable: the node did not tell the time of a block.
        """
        if self._first is None:
            batches = [number for number, fact in enumerate(facts) if fact.name == "BatchSettled"]
            self._first = batches[-self._timed] if len(batches) > self._timed else 0
            old = facts[: self._first]
            self._of_old = check_caps(old, BlockTimes(None))[0]
            self._in_force = sorted(
                (*_newest(old, "CapsChanged"), *_newest(old, *_PAUSES)), key=lambda fact: fact.place.key
            )
        recent = check_caps([*self._in_force, *facts[self._first :]], times)[0]
        self.findings = [*self._of_old, *recent]


def _newest(facts: Sequence[Fact], *names: str) -> list[Fact]:
    """The newest log of these names, if there is one."""
    return [fact for fact in facts if fact.name in names][-1:]
