"""What is to be said of each batch: true, false or not to be told; until when it can be voided; and what logs lack.

Asks the ledger at one block; folds nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from loyaltychain.audit.lies import Fraud
from loyaltychain.audit.rebuild import Rebuilt
from loyaltychain.audit.settled import SettledBatch
from loyaltychain.audit.views import View
from loyaltychain.core.hashing import to_hex
from loyaltychain.watch.differences import OF_THE_NODE

#: Batches whose time of settlement the contract still knows; none before them is pending.
KEPT: Final = 64


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to be said of one batch that stands. Instants in unix seconds."""

    batch_id: int
    hash: bytes
    is_true: bool | None  # None: it hangs on a false batch, or logs are missing, so that nobody can tell
    fraud: Fraud | None
    final_at: int | None  # None in push mode, and where it left the contract's history long ago
    is_pending: bool  # whether it can still be voided

    def document(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return {
            "batch": self.batch_id,
            "hash": to_hex(self.hash),
            "true": self.is_true,
            "fraud": None if self.fraud is None else self.fraud.name.lower().replace("_", "-"),
            "final_at": self.final_at,
            "pending": self.is_pending,
        }


def judge(rebuilt: Rebuilt, ledger: View | None, *, now: int) -> tuple[Verdict, ...]:
    """The newest 64 batches that stand, and every false one; those that the ledger has and the logs lack included.

    Args:
        ledger: None where its answers prove nothing: then nobody can tell until when a batch can be voided.
        now: The time of the ledger's block.
    """
    recent = [batch for batch in rebuilt.batches if batch.header.batch_id > rebuilt.last_id - KEPT]
    old = [batch for batch in rebuilt.batches[: -len(recent) or None] if batch.is_lie]
    last_id = rebuilt.last_id if ledger is None else ledger.number("lastBatchId()")
    known = range(max(last_id - KEPT, 0) + 1, last_id + 1)
    lacking = [batch_id for batch_id in known if batch_id > rebuilt.last_id]
    # In a switched ledger, batches of push mode were applied by the contract: there was never anything to believe.
    in_root = [batch.header.batch_id for batch in recent if batch.mode.is_root]
    asked = [batch_id for batch_id in in_root if batch_id in known] + (lacking if rebuilt.mode.is_root else [])
    settled_at = _ask(ledger, "settledAt(uint32)", asked)
    hashes = _ask(ledger, "batchHashOf(uint32)", lacking)
    clock = _Clock(settled_at, rebuilt.mode.challenge_window, now)
    return (
        *(_judge_batch(batch, clock) for batch in (*old, *recent)),
        *(Verdict(batch_id, hashes[batch_id].to_bytes(32), None, None, *clock.of(batch_id)) for batch_id in lacking),
    )


def find_gaps(rebuilt: Rebuilt, ledger: View | None) -> tuple[str, ...]:
    """Where the logs are not all that the contract wrote, one sentence each."""
    gaps = [
        f"{finding.subject}: {finding.code}, expected {finding.expected}, got {finding.actual}"
        for finding in rebuilt.findings
        if finding.code in OF_THE_NODE
    ]
    if ledger is None:
        return tuple(gaps)
    last_id, last_hash = ledger.number("lastBatchId()"), ledger.word("lastBatchHash()")
    if (last_id, last_hash) != (rebuilt.last_id, rebuilt.last_hash):
        gaps.append(
            f"the ledger stands at batch {last_id}, {to_hex(last_hash)}; the node's logs lead to batch "
            f"{rebuilt.last_id}, {to_hex(rebuilt.last_hash)}"
        )
    return tuple(gaps)


@dataclass(frozen=True, slots=True)
class _Clock:
    """When batches become final."""

    settled_at: dict[int, int]  # by batch id
    window: int  # seconds
    now: int

    def of(self, batch_id: int) -> tuple[int | None, bool]:
        """(when it becomes final, whether it can still be voided)."""
        settled_at = self.settled_at.get(batch_id)
        final_at = None if settled_at is None else settled_at + self.window
        return final_at, final_at is not None and final_at > self.now


def _ask(ledger: View | None, signature: str, batch_ids: Sequence[int]) -> dict[int, int]:
    if ledger is None or not batch_ids:
        return {}
    return dict(zip(batch_ids, ledger.numbers(signature, batch_ids), strict=True))


def _judge_batch(batch: SettledBatch, clock: _Clock) -> Verdict:
    final_at, is_pending = clock.of(batch.header.batch_id)
    return Verdict(
        batch_id=batch.header.batch_id,
        hash=batch.hash,
        is_true=batch.fraud is None if batch.is_judged else None,
        fraud=batch.fraud if batch.is_judged else None,
        final_at=final_at,
        is_pending=is_pending,
    )
