"""False batches, told as the contract tells them (PROTOCOL §12), and what is needed to prove them false.

How a watcher comes to a proof, from the logs alone::

    chain_log = fetch_chain_log(rpc, manifest, pin=pin)
    rebuilt = rebuild(chain_log, mode=manifest.first_mode)
    for lie in rebuilt.lies:                    # oldest first; voiding one voids all behind it
        if lie.fraud.needs_words:               # a lane left, or a wrong root: ``retrace``, from
            before = rebuilt.balances_before(lie.disputed.batch_id)
            before.word(index), before.tree.siblings(indexes), before.apply(some of lie.changes), ...
        else: ...                               # false data or totals: ``challenge``, its word proof is ignored

Judges; asks no node, knows no time: whether a lie can still be voided its block and the ledger's window decide.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from loyaltychain.audit.headers import Header
from loyaltychain.audit.log_shapes import Place
from loyaltychain.audit.malformed import Changes, Malformed


class Fraud(IntEnum):
    """What is false about a batch: the contract's own numbers, and its order. The first that holds counts."""

    MALFORMED_DATA = 0
    WRONG_TOTALS = 1
    LANE_LEFT = 2
    WRONG_ROOT = 3

    @property
    def needs_words(self) -> bool:
        """Whether to prove it takes balances before the batch; else headers and data are enough."""
        return self >= Fraud.LANE_LEFT


FRAUD_WORDS: Final = {
    Fraud.MALFORMED_DATA: "its data are malformed",
    Fraud.WRONG_TOTALS: "its totals are not those of its data",
    Fraud.LANE_LEFT: "it takes a balance below zero or above what a lane holds",
    Fraud.WRONG_ROOT: "its root is not that of the balances before it plus its deltas",
}


@dataclass(frozen=True, slots=True)
class Lie:
    """A false batch that stands, settled in root mode. Whether it is pending or final time decides.

    Of a lane left or a wrong root it is certain that ``previous.balance_root`` is the root of the balances before,
    so that these can be opened. What hangs on a false root is not judged that way: it falls with it.
    """

    previous: Header  # of the batch on which it hangs, GENESIS for none
    disputed: Header
    batch_hash: bytes  # of ``disputed``
    data: bytes
    changes: Changes  # what the data say: (member, delta), ascending; empty when they are malformed
    fraud: Fraud
    place: Place  # of its log; the window runs from the time of this block
    challenge_window: int  # seconds


def find_fraud(header: Header, changes: Changes | Malformed, *, is_within: bool, root: bytes) -> Fraud | None:
    """What is false about a batch; None for a true one.

    Args:
        changes: What its data say.
        is_within: Whether all of these stay in their lanes.
        root: Of the balances before it plus the changes.
    """
    if isinstance(changes, Malformed):
        return Fraud.MALFORMED_DATA
    issued = sum(delta for _, delta in changes if delta > 0)
    burned = -sum(delta for _, delta in changes if delta < 0)
    if (len(changes), issued, burned) != (header.updates, header.issued, header.burned):
        return Fraud.WRONG_TOTALS
    if not is_within:
        return Fraud.LANE_LEFT
    return None if root == header.balance_root else Fraud.WRONG_ROOT


def is_founded(claimed: int, fraud: Fraud | None) -> bool:
    """Whether a batch may be void for ``claimed`` when ``fraud`` is what is false about it.

    By one word a wrong root can be shown of a batch that takes another word out of its lane as well.
    """
    return claimed == fraud or (claimed, fraud) == (Fraud.WRONG_ROOT, Fraud.LANE_LEFT)
