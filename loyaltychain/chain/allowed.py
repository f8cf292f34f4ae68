"""What a signer may sign: calls of one chain, by target and selector; creations and value with leave alone."""

from collections.abc import Collection
from dataclasses import dataclass

from loyaltychain.chain.transactions import UnsignedTx
from loyaltychain.core import errors
from loyaltychain.core.hashing import to_hex


@dataclass(frozen=True, slots=True)
class AllowedCall:
    """One function of one contract. An empty selector allows a transfer of value without calldata."""

    target: str
    selector: bytes  # 4 bytes, or none


class AllowList:
    """The calls of one chain that a signer lets through. Nothing can be added to it."""

    __slots__ = ("_calls", "_chain_id", "_creations", "_value")

    def __init__(self, calls: Collection[AllowedCall], *, chain_id: int, creations: bool, value: bool) -> None:
        self._calls = frozenset((call.target.lower(), call.selector) for call in calls)
        self._chain_id = chain_id
        self._creations = creations
        self._value = value

    def check(self, tx: UnsignedTx) -> None:
        """Raise SendRefused for another chain, a call that is not on the list, a creation or value without leave."""
        facts = {"chain_id": tx.chain_id, "target": tx.target, "selector": to_hex(tx.calldata[:4])}
        if type(tx.chain_id) is not int or tx.chain_id != self._chain_id:
            raise errors.SendRefused("This key signs for another chain.", allowed=self._chain_id, **facts)
        if tx.value != 0 and not self._value:
            raise errors.SendRefused("This key may not send value.", value=tx.value, **facts)
        if tx.target is None:
            if not self._creations:
                raise errors.SendRefused("This key may not create contracts.", **facts)
        elif (tx.target.lower(), tx.calldata[:4]) not in self._calls:
            raise errors.SendRefused("This key may not make this call.", **facts)

    def __repr__(self) -> str:
        return f"AllowList({len(self._calls)} calls, chain_id={self._chain_id})"
