"""Who signed a transaction, recovered once: in Python that takes as long as running it.

A transaction is asked about when it comes, and by each receipt and look-up, which read it from the file again.
"""

from dataclasses import dataclass, field
from functools import lru_cache

from eth.abc import SignedTransactionAPI
from eth_typing import Address

_REMEMBERED = 256  # they are asked about soon after they came


def sender_of(tx: SignedTransactionAPI) -> Address:
    """The account that signed it. Raises what py-evm raises for a signature that is none."""
    return _recover(_Signed(tx.hash, tx))


@dataclass(frozen=True, slots=True)
class _Signed:
    """Transactions of one hash have one signature."""

    tx_hash: bytes
    tx: SignedTransactionAPI = field(compare=False)


@lru_cache(_REMEMBERED)
def _recover(signed: _Signed) -> Address:
    return signed.tx.sender
