"""What the API answers about what stands on chain, as typed dictionaries."""

from typing import Any, TypedDict


class Batch(TypedDict):
    """A batch, its header under the names that it has on chain."""

    id: int
    state: str
    header: dict[str, Any]
    tx_hash: str | None


class BalanceProof(TypedDict):
    """What a member owned after a batch, with its proof. ``client.verify`` checks it."""

    format: str
    network: str
    chain_id: int
    ledger: str
    batch: dict[str, Any]
    member: int
    balance: int
    word_index: int
    word: str
    siblings: list[str]


class InForce(TypedDict):
    """The programme that counts."""

    digest: str
    from_position: int


class Published(TypedDict):
    """A programme that was published, and for which ledger positions it counts."""

    number: int
    digest: str
    name: str
    version: int
    from_position: int
    to_position: int | None
    block_number: int


class PublishedWhole(Published):
    """The same with its document."""

    document: dict[str, Any]


class Program(TypedDict):
    """The programme file as it is hashed."""

    digest: str
    document: dict[str, Any]
    in_force: InForce | None
