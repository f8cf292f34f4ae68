"""A sealed batch and its receipts, as values. No logic: ``seal`` makes them, ``store`` keeps them."""

from dataclasses import dataclass
from typing import Literal

from loyaltychain.settlement.header import Header

State = Literal["sealed", "submitted", "final", "halted", "void"]
Mode = Literal["push", "root"]  # how the ledger contract surfaces balances


@dataclass(frozen=True, slots=True)
class Batch:
    """One batch as the database keeps it. All but ``state`` is fixed by the seal."""

    header: Header
    from_position: int  # first ledger position that it settles
    to_position: int  # last one
    data: bytes  # the encoded deltas
    hash: bytes  # of the header, on its chain and in its ledger contract
    state: State


@dataclass(frozen=True, slots=True)
class Receipt:
    """One change of one member's balance on chain, with what makes its leaf."""

    batch_id: int
    index: int  # in its batch, from 0
    member: int
    unit: str
    amount: int  # signed whole units
    entry_id: str
    entry_digest: bytes
    salt: bytes
    leaf: bytes  # the leaf's hash
