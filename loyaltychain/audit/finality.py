"""When batches of root mode become final (PROTOCOL §12), by the times of their blocks."""

from bisect import bisect_right

from loyaltychain.audit.block_times import BlockTimes
from loyaltychain.audit.chain_log import Pin
from loyaltychain.audit.findings import Finding, differences, make_finding
from loyaltychain.audit.lies import FRAUD_WORDS, Lie
from loyaltychain.audit.log_shapes import Place
from loyaltychain.audit.rebuild import Rebuilt
from loyaltychain.audit.settled import SettledBatch
from loyaltychain.audit.views import View
from loyaltychain.core.times import format_instant


class Finality:
    """Which batches can still be voided at one pinned block. Needs a node that tells the times of blocks."""

    def __init__(self, times: BlockTimes, pin: Pin) -> None:
        self._times = times
        self.now = self._time_of(pin.number)

    def final_at(self, place: Place, *, window: int) -> int:
        """The unix second from which on nobody can void what was settled there."""
        return self._time_of(place.block_number) + window

    def count_pending(self, rebuilt: Rebuilt) -> int:
        """How many batches that stand can still be voided: always the newest ones."""
        batches = _voidable(rebuilt)
        return len(batches) - bisect_right(batches, False, key=self._is_pending)

    def check_last_final(self, ledger: View, rebuilt: Rebuilt) -> list[Finding]:
        """Nothing when the contract's newest final batch is the one that its window and the blocks make final."""
        if not rebuilt.mode.is_root:
            return []
        final = rebuilt.batches[: len(rebuilt.batches) - self.count_pending(rebuilt)]
        expected = final[-1].hash if final else rebuilt.genesis_hash
        actual = rebuilt.hash_at(ledger.number("lastFinalId()"))
        return differences("last-final", "PointsLedger", expected=expected, actual=actual, block=ledger.block)

    def _is_pending(self, batch: SettledBatch) -> bool:
        return self.final_at(batch.place, window=batch.mode.challenge_window) > self.now

    def _time_of(self, block: int) -> int:
        time = self._times.of(block)
        assert time is not None, "a node answers, or raises"
        return time


def check_lies(rebuilt: Rebuilt, finality: Finality | None) -> list[Finding]:
    """One finding for each false batch that stands in root mode: until when it can be challenged, or that it is late.

    Args:
        finality: None where no node was asked.
    """
    return [_say_lie(lie, finality) for lie in rebuilt.lies]


def _say_lie(lie: Lie, finality: Finality | None) -> Finding:
    subject, actual, block = f"batch {lie.disputed.batch_id}", FRAUD_WORDS[lie.fraud], lie.place.block_number
    if finality is None:
        expected = f"a challenge within {lie.challenge_window} seconds of block {block}"
        return make_finding("batch-false", subject, expected=expected, actual=actual, block=block)
    final_at = finality.final_at(lie.place, window=lie.challenge_window)
    instant = format_instant(final_at)
    if final_at > finality.now:
        expected = f"a challenge before {instant}"
        return make_finding("batch-false-pending", subject, expected=expected, actual=actual, block=block)
    expected = f"a true batch; final since {instant}"
    return make_finding("batch-false-final", subject, expected=expected, actual=actual, block=block)


def check_switch(rebuilt: Rebuilt) -> list[Finding]:
    """A warning while a switch to root mode is under way."""
    proposed = rebuilt.proposed
    if proposed is None:
        return []
    actual = f"root mode with a window of {proposed.numbers['challenge_window']} seconds"
    block = proposed.place.block_number
    return [make_finding("switch-pending", "PointsLedger", expected="no switch under way", actual=actual, block=block)]


def _voidable(rebuilt: Rebuilt) -> list[SettledBatch]:
    """The batches that stand and can be pending, oldest first."""
    return list(rebuilt.batches[len(rebuilt.batches) - len(rebuilt.undos) :])
