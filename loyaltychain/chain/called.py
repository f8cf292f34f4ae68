"""What a call came to at a node: what it returned, or the chain's refusal. So several nodes' can be compared."""

from dataclasses import dataclass, field

from loyaltychain.chain.rpc import Rpc
from loyaltychain.core import errors


@dataclass(frozen=True, slots=True)
class Called:
    """What a call returned, or the revert bytes; the words for a refusal are each node's own."""

    returned: bytes | None
    data: object = None
    refusal: errors.Reverted | None = field(default=None, compare=False)

    @classmethod
    def by(cls, rpc: Rpc, target: str | None, calldata: bytes, *, sender: str | None, block: int | None) -> "Called":
        """As ``Rpc.call``, but that a refusal is an answer."""
        try:
            return cls(rpc.call(target, calldata, sender=sender, block=block))
        except errors.Reverted as refusal:
            return cls(None, refusal.context.get("data"), refusal)

    def unwrap(self) -> bytes:
        """What it returned. Raises Reverted where it was refused."""
        if self.refusal is not None:
            raise self.refusal
        assert self.returned is not None, self
        return self.returned
