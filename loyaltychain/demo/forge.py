"""A false batch, as a thief with the settler's key would make it. For the drill and for tests; never for a programme.

What he logs is small and well-formed: one point for one member. The root that he settles is of another tree, in which
she has a million points more. One word far away from all members holds random bytes, so that nobody but him can work
out a single path in his tree: he could show her balance to the contract later, and nobody could show him wrong by it.
"""

import secrets
from dataclasses import dataclass
from typing import Any, Final

from loyaltychain.audit.headers import GENESIS
from loyaltychain.audit.rebuild import Rebuilt
from loyaltychain.audit.word_tree import WordTree
from loyaltychain.chain import artifacts
from loyaltychain.chain.abi import encode_call
from loyaltychain.settlement.codec import encode

CREDITED: Final = 1_000_000  # points that stand in the root alone
LOGGED: Final = 1
HIDDEN_WORD: Final = 2**24 - 2  # no member has a number that high


@dataclass(frozen=True, slots=True)
class Forgery:
    """A batch as ``settle`` takes it, and what only its maker knows."""

    batch: dict[str, Any]
    data: bytes
    member: int
    balance: int  # hers, in his tree
    tree: WordTree

    @property
    def calldata(self) -> bytes:
        """Of ``settle``."""
        return encode_call(artifacts.load("PointsLedger").abi, "settle", [self.batch, self.data])


def forge(rebuilt: Rebuilt, *, now: int) -> Forgery:
    """A false batch on top of what the logs say, which credits the first member."""
    member = min(rebuilt.balances.of, default=1)
    before = rebuilt.batches[-1].header if rebuilt.batches else GENESIS
    twin = rebuilt.balances.copy()
    twin.apply([(member, LOGGED + CREDITED)])
    twin.tree.write({HIDDEN_WORD: int.from_bytes(secrets.token_bytes(32))})
    batch = {
        "batchId": rebuilt.last_id + 1,
        "prevHash": rebuilt.last_hash,
        "balanceRoot": twin.tree.root,
        "receiptRoot": bytes(32),
        "ledgerHead": before.ledger_head,
        "programHash": before.program_hash,
        "time": now,
        "updates": 1,
        "issued": LOGGED,
        "burned": 0,
    }
    return Forgery(batch, encode({member: LOGGED}, mode="root"), member, twin.of[member], twin.tree)
