"""What the ledger's checks report."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One fact that does not hold.

    ``code`` is one of: entry-digest, chain-head, position-gap, volume-mismatch, overdraft, debt-above-zero, unbalanced,
    empty-entry; and of what goes with the entries: stray-lot (there is no entry that made it or moved it),
    lot-mismatch, hold-mismatch (an account holds another number of points than its lots or open holds), lot-moves (a
    lot has another number than its moves leave), expired-mismatch, redemption-mismatch (another number was redeemed or
    came back than the entries say).
    """

    code: str
    subject: str
    expected: str
    actual: str
