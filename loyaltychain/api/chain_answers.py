"""The bodies of answers about what stands on chain: batches, proofs, programmes."""

from typing import Any, Literal

from pydantic import Field

from loyaltychain.api.answer import Answer


class Batch(Answer):
    """A batch: ``header`` under the names that it has on chain."""

    id: int
    state: str
    header: dict[str, Any]
    tx_hash: str | None


class Batches(Answer):
    """Newest first."""

    batches: list[Batch]
    has_more: bool
    next_cursor: str | None


class BalanceProof(Answer):
    """What a member owned after a batch, and the siblings that prove it under the batch's balance root."""

    format: Literal["loyaltychain/balance/v1"] = "loyaltychain/balance/v1"
    network: str
    chain_id: int
    ledger: str
    batch: dict[str, Any]
    member: int
    balance: int
    word_index: int
    word: str = Field(description="256 bits, 0x hex")
    siblings: list[str] = Field(description="24, from the leaf upwards")


class InForce(Answer):
    """The programme whose hash counts, and from which ledger position."""

    digest: str
    from_position: int


class Published(Answer):
    """A programme whose digest stands on chain, and from which ledger position it counts."""

    number: int
    digest: str
    name: str
    version: int
    from_position: int
    to_position: int | None = Field(description="the last that it counts for; null: it is in force")
    block_number: int


class PublishedWhole(Published):
    """The same with its document, which hashes to the digest."""

    document: dict[str, Any]


class Publications(Answer):
    """All programmes that were published, newest first."""

    programs: list[Published]
    has_more: bool
    next_cursor: str | None


class Program(Answer):
    """The programme file as it is hashed; ``in_force`` is what was published last."""

    digest: str
    document: dict[str, Any]
    in_force: InForce | None
