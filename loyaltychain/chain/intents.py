"""What we want done on chain once (an intent), and the signed transactions that would do it (attempts).

Values and the list of transitions only; the SQL is in ``outbox``, the decisions are in ``plan``.
"""

from dataclasses import dataclass
from typing import Literal, Self

from loyaltychain.chain.facts import Receipt
from loyaltychain.core import canonical
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.hashing import to_hex

IntentState = Literal["pending", "signed", "broadcast", "mined", "final", "parked", "reverted"]

#: Every transition there is. A state that stands in its own list may be refreshed with newer facts.
TRANSITIONS: dict[IntentState, tuple[IntentState, ...]] = {
    "pending": ("signed", "parked", "reverted"),  # reverted: given up before anything was signed
    "parked": ("signed", "parked", "reverted"),
    "signed": ("broadcast", "mined", "final", "reverted"),
    "broadcast": ("signed", "mined", "final", "reverted"),  # back to signed: a replacement waits to be sent
    "mined": ("broadcast", "mined", "final", "reverted"),  # back to broadcast: its block was reorganised away
    "final": (),
    "reverted": (),
}
UNSIGNED: tuple[IntentState, ...] = ("pending", "parked")
IN_FLIGHT: tuple[IntentState, ...] = ("signed", "broadcast", "mined")
ENDS: tuple[IntentState, ...] = ("final", "reverted")


@dataclass(frozen=True, slots=True)
class NewIntent:
    """One call (or, with ``target`` None, one contract creation) that is to happen exactly once."""

    id: str
    chain_id: int
    signer: str  # address
    target: str | None  # address
    calldata: bytes

    @property
    def digest(self) -> bytes:
        """SHA-256 of all of it: the same id must mean the same thing for ever."""
        return canonical.digest(
            {
                "id": self.id,
                "chain_id": self.chain_id,
                "signer": self.signer.lower(),
                "target": None if self.target is None else self.target.lower(),
                "calldata": to_hex(self.calldata),
            }
        )


@dataclass(frozen=True, slots=True)
class Intent:
    """An intent as the outbox holds it. Addresses are lower-case."""

    id: str
    chain_id: int
    signer: str
    target: str | None
    calldata: bytes
    nonce: int | None
    state: IntentState
    reason: str | None
    tx_hash: bytes | None
    block_number: int | None
    block_hash: bytes | None
    gas_used: int | None
    contract_address: str | None
    created_at: UnixSeconds

    @property
    def is_dead(self) -> bool:
        """Ended without ever having been mined, and never to be: nothing was signed, or another took its nonce."""
        return self.state == "reverted" and self.tx_hash is None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One signed transaction of an intent. All attempts of an intent share its nonce, target and calldata."""

    tx_hash: bytes
    intent_id: str
    raw: bytes
    gas: int
    max_fee: int  # wei a gas
    tip: int  # wei a gas
    signed_at: UnixSeconds


@dataclass(frozen=True, slots=True)
class Mined:
    """Where an attempt stands on chain."""

    tx_hash: bytes
    block_number: int
    block_hash: bytes
    gas_used: int
    contract_address: str | None

    @classmethod
    def of(cls, receipt: Receipt) -> Self:
        """The place that the receipt names."""
        address = receipt.contract_address
        return cls(
            tx_hash=receipt.tx_hash,
            block_number=receipt.block_number,
            block_hash=receipt.block_hash,
            gas_used=receipt.gas_used,
            contract_address=None if address is None else address.lower(),
        )
