"""What each reconciliation of ledger, batches and chain found. Kept for good; the newest one of a network counts.

While that one has differences, no batch is sealed, and the members whose points differ can spend none. Compares
nothing itself: that is the worker's.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import CheckConstraint, Column, ForeignKey, RowMapping, Table, func, insert, select

from loyaltychain.core import canonical
from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.errors import DatabaseBusy
from loyaltychain.core.hashing import from_hex, to_hex
from loyaltychain.core.times import format_instant
from loyaltychain.core.words import counted
from loyaltychain.db.engine import Tx
from loyaltychain.db.lock import lock
from loyaltychain.db.tables import Number, String, metadata

#: So many differences stand in a record word by word; all are counted, and every member's stands in a row of its own.
KEPT = 100
_INSERTED_AT_ONCE = 5_000
_PARAMETERS_MAX = 1_000  # values in one IN list: below the limit of either engine

reconciliations = Table(
    "reconciliations",
    metadata,
    Column("number", Number, CheckConstraint("number >= 1", name="number"), primary_key=True, autoincrement=False),
    Column("network", String, nullable=False),
    Column("at", Number, nullable=False),
    Column("actor", String, nullable=False),  # "worker", or who asked for it
    Column("block_number", Number, nullable=False),  # the final block by which the chain was read
    Column("block_hash", String, nullable=False),
    Column("batches", Number, nullable=False),  # that the chain had settled by then
    Column("members", Number, nullable=False),
    Column("ledger_points", String, nullable=False),  # digits: what differs may be of any size
    Column("batch_points", String, nullable=False),
    Column("chain_points", String, nullable=False),
    Column("members_off", Number, CheckConstraint("members_off >= 0", name="members_off"), nullable=False),
    Column("differences", Number, CheckConstraint("differences >= 0", name="differences"), nullable=False),
    Column("findings", String, nullable=False),  # canonical JSON: the first of them
)

reconciliation_members = Table(
    "reconciliation_members",
    metadata,
    Column("reconciliation", Number, ForeignKey("reconciliations.number"), primary_key=True, autoincrement=False),
    Column("member", Number, primary_key=True, autoincrement=False),  # maybe a number that only the chain knows
    Column("ledger_points", String, nullable=False),
    Column("batch_points", String, nullable=False),
    Column("chain_points", String, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Points:
    """The same points as the three know them, in whole units."""

    ledger: int
    batches: int
    chain: int

    @property
    def agree(self) -> bool:
        """Whether all three are equal."""
        return self.ledger == self.batches == self.chain


@dataclass(frozen=True, slots=True)
class MemberPoints:
    """A member's points, settled and final, where the three do not agree."""

    member: MemberNumber
    points: Points


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as it must be.

    Args:
        place: Where: "ledger" (entries, totals, lots), "batches" (the database's batches and receipts), "chain"
            (what is settled there) or "supply".
        code: Permanent; a code of the audit, or of the ledger's own check.
        subject: What it is about: "batch 3", "member 17", "lot at position 5".
    """

    place: str
    code: str
    subject: str
    expected: str
    actual: str


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What one comparison found."""

    network: str
    at: UnixSeconds
    actor: str
    block_number: int
    block_hash: bytes
    batches: int
    members: int
    supply: Points
    count: int  # of all differences, members' included
    members_off: int  # of members whose points differ
    differences: tuple[Difference, ...]  # in a record that was read: the first ``KEPT`` of them
    off: tuple[MemberPoints, ...]  # the members whose points differ

    @property
    def is_clean(self) -> bool:
        """Whether ledger, batches, chain and supply agree."""
        return self.count == 0

    def summary(self) -> str:
        """When, how many, and where, in words; without a member's number, for it is shown to everybody."""
        places = {each.place for each in self.differences} | ({"members' points"} if self.members_off else set())
        return f"the reconciliation of {format_instant(self.at)} found {counted(self.count, 'difference')}" + (
            f" ({', '.join(sorted(places))})" if places else ""
        )


def insert_reconciliation(tx: Tx, found: Reconciliation) -> int:
    """Keep what was found; it counts from now on. Answers its number.

    Raises DatabaseBusy where a look at a later block found a difference meanwhile, which a clean one would hide.
    """
    lock(tx, "reconciliations")
    last = _newest(tx, found.network)
    if found.is_clean and last is not None and last["differences"] and last["block_number"] > found.block_number:
        raise DatabaseBusy(
            "Another comparison, at a later block, has found a difference meanwhile: compare again.",
            block=found.block_number, later=last["block_number"],
        )  # fmt: skip
    number = int(tx.execute(select(func.coalesce(func.max(reconciliations.c.number), 0))).scalar_one()) + 1
    row = {
        "number": number, "network": found.network, "at": found.at, "actor": found.actor,
        "block_number": found.block_number, "block_hash": to_hex(found.block_hash), "batches": found.batches,
        "members": found.members, **_columns(found.supply),
        "members_off": found.members_off, "differences": found.count,
        "findings": canonical.encode([asdict(each) for each in found.differences[:KEPT]]).decode(),
    }  # fmt: skip
    tx.execute(insert(reconciliations), [row])
    rows = [{"reconciliation": number, "member": each.member, **_columns(each.points)} for each in found.off]
    for start in range(0, len(rows), _INSERTED_AT_ONCE):
        tx.execute(insert(reconciliation_members), rows[start : start + _INSERTED_AT_ONCE])
    return number


def last_reconciliation(tx: Tx, network: str, *, is_brief: bool = False) -> Reconciliation | None:
    """The newest one of this network, which counts; None before the first.

    Args:
        is_brief: Leave the members out: they may be many.
    """
    row = _newest(tx, network)
    if row is None:
        return None
    of = reconciliation_members.c.reconciliation == row["number"]
    query = select(reconciliation_members).where(of).order_by(reconciliation_members.c.member)
    off: Iterable[RowMapping] = () if is_brief else tx.execute(query).mappings()
    return Reconciliation(
        network=network,
        at=UnixSeconds(row["at"]),
        actor=row["actor"],
        block_number=row["block_number"],
        block_hash=from_hex(row["block_hash"]),
        batches=row["batches"],
        members=row["members"],
        supply=_points(row),
        count=row["differences"],
        members_off=row["members_off"],
        differences=tuple(Difference(**each) for each in json.loads(row["findings"])),
        off=tuple(MemberPoints(MemberNumber(each["member"]), _points(each)) for each in off),
    )


def find_frozen(tx: Tx, members: Sequence[MemberNumber]) -> frozenset[MemberNumber]:
    """Those of whom the newest reconciliation of a network found other points in one place than in another."""
    newest = select(func.max(reconciliations.c.number)).group_by(reconciliations.c.network)
    concerned = reconciliation_members.c.reconciliation.in_(newest)
    found: set[MemberNumber] = set()
    for start in range(0, len(members), _PARAMETERS_MAX):
        some = reconciliation_members.c.member.in_(members[start : start + _PARAMETERS_MAX])
        found.update(tx.execute(select(reconciliation_members.c.member).where(some, concerned)).scalars())
    return frozenset(found)


def _newest(tx: Tx, network: str) -> RowMapping | None:
    of = select(reconciliations).where(reconciliations.c.network == network)
    return tx.execute(of.order_by(reconciliations.c.number.desc()).limit(1)).mappings().one_or_none()


def _columns(points: Points) -> dict[str, str]:
    return {
        "ledger_points": str(points.ledger),
        "batch_points": str(points.batches),
        "chain_points": str(points.chain),
    }


def _points(row: RowMapping) -> Points:
    return Points(int(row["ledger_points"]), int(row["batch_points"]), int(row["chain_points"]))
