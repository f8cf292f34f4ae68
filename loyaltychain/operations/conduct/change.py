"""A new revision of a grant as the ledger meets it: what stands there for it, and what it is now. Pure."""

from dataclasses import dataclass
from typing import Any

import orjson

from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.ledger.lots import Condition
from loyaltychain.program.types import Program
from loyaltychain.rules.engine.types import Grant


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands in the ledger for a grant: points or a badge, qualifying points, and whether they wait."""

    posted: int = 0
    counted: int = 0
    is_pending: bool = False


@dataclass(slots=True)
class Change:
    """A new revision of a grant that is to be posted. Nobody changes it.

    Args:
        member: Whose act it was.
        cause: The event that brought the revision about: "source/id", or "clock/…".
        at: When that was.
        inputs: The grant's, as they are stored.
        award: What its lots are an award of.
        named_version: The programme that its award names: none where that one is not in force any more.
        condition: What points that wait are waiting for.
    """

    grant: Grant
    member: MemberNumber
    revision: int
    before: Standing
    cause: str
    at: UnixSeconds
    program: Program
    inputs: str
    award: str
    named_version: str | None
    condition: Condition | None = None

    @property
    def details(self) -> dict[str, Any]:
        """What its entries say beside their postings."""
        grant = self.grant
        said: dict[str, Any] = {
            "award": self.award, "grant": grant.rule, "desired": grant.desired, "awarded": grant.awarded,
            "version": grant.version, "inputs": orjson.loads(self.inputs),
        }  # fmt: skip
        if grant.reason is not None:
            said["reason"] = grant.reason
        return said
