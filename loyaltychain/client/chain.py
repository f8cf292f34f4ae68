"""What stands on chain, over the API: receipts, batches, proofs of balances, programmes."""

from collections.abc import Iterator
from typing import Any, cast

from loyaltychain.client import chain_types as types
from loyaltychain.client.calls import Calls, path_of


class Chain:
    """What ``Client.chain`` does."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def receipt(self, batch: int, index: int) -> dict[str, Any]:
        """A receipt's document, for the member to keep."""
        return cast(dict[str, Any], self._calls.get(f"/v1/receipts/{batch}/{index}"))

    def batches(self) -> Iterator[types.Batch]:
        """All batches, newest first."""
        return cast(Iterator[types.Batch], self._calls.each("/v1/batches", "batches"))

    def batch(self, number: int) -> types.Batch:
        """One batch."""
        return cast(types.Batch, self._calls.get(f"/v1/batches/{number}"))

    def balance_proof(self, batch: int, member: str) -> types.BalanceProof:
        """What the member owned after a batch, with its proof: check it with ``verify_balance``."""
        return cast(types.BalanceProof, self._calls.get(f"/v1/batches/{batch}/proof/{path_of(member)}"))

    def programs(self) -> Iterator[types.Published]:
        """All programmes that were published, newest first."""
        return cast(Iterator[types.Published], self._calls.each("/v1/programs", "programs"))

    def published(self, digest: str) -> types.PublishedWhole:
        """A programme by its digest, with the document that hashes to it."""
        return cast(types.PublishedWhole, self._calls.get(f"/v1/programs/{path_of(digest)}"))

    def program(self) -> types.Program:
        """The programme, and which one is in force."""
        return cast(types.Program, self._calls.get("/v1/program"))
