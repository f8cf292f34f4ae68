"""What became of an intent that was carried out: where it stands on chain, or the error that says why nowhere."""

from dataclasses import dataclass
from typing import Self

from loyaltychain.chain.intents import Intent
from loyaltychain.core import errors


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an intent that succeeded."""

    intent_id: str
    tx_hash: bytes
    block_number: int
    block_hash: bytes
    gas_used: int
    contract_address: str | None  # of a creation, lower-case

    @classmethod
    def of(cls, intent: Intent) -> Self:
        """Where the final intent stands on chain."""
        assert intent.tx_hash is not None, intent.id
        assert intent.block_number is not None, intent.id
        assert intent.block_hash is not None, intent.id
        assert intent.gas_used is not None, intent.id
        return cls(
            intent_id=intent.id,
            tx_hash=intent.tx_hash,
            block_number=intent.block_number,
            block_hash=intent.block_hash,
            gas_used=intent.gas_used,
            contract_address=intent.contract_address,
        )


def read_outcome(intent: Intent) -> Outcome | None:
    """Where the intent stands; None while it is on its way.

    Raises:
        NonceTaken: a transaction that is not ours used its nonce, for good; it cannot happen any more.
        IntentReverted: it failed on chain, for good.
        Reverted: its rehearsal was refused or it cannot be paid; nothing was signed.
    """
    if intent.state == "final":
        return Outcome.of(intent)
    if intent.is_dead:
        raise errors.NonceTaken(intent=intent.id, signer=intent.signer, nonce=intent.nonce, reason=intent.reason)
    if intent.state == "reverted":
        raise errors.IntentReverted(intent=intent.id, reason=intent.reason, block=intent.block_number)
    if intent.state == "parked":
        raise errors.Reverted("Nothing was sent: its rehearsal failed.", intent=intent.id, reason=intent.reason)
    return None
