"""What the database says of void batches, against the chain. It may lag behind the chain, and be ahead of the pin."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from loyaltychain.audit.findings import Finding, differences, make_finding
from loyaltychain.audit.rebuild import Rebuilt
from loyaltychain.audit.settled import SettledBatch
from loyaltychain.audit.store import Row, octets


@dataclass(frozen=True, slots=True)
class _Facts:
    """What both sides know of a void."""

    last_id: int
    fraud: int
    challenger: str
    block_number: int


def check_voids(rows: Sequence[Row], rebuilt: Rebuilt, *, block: int) -> list[Finding]:
    """Voids that the database has seen up to ``block``, and that the chain has not, or has otherwise."""
    known = {void.first: _Facts(void.last, void.fraud, void.by, void.place.block_number) for void in rebuilt.voids}
    found = []
    for row in rows:
        if row["block_number"] > block:
            continue
        subject = f"void from batch {row['first_id']}"
        facts = known.get(row["first_id"])
        if facts is None:
            found.append(make_finding("void-row", subject, expected=None, actual=f"to batch {row['last_id']}"))
            continue
        for name, expected in asdict(facts).items():
            found += differences("void-row", f"{subject} {name}", expected=expected, actual=row[name])
    return found


def find_void(rows: Sequence[Row], voids: Sequence[Row], rebuilt: Rebuilt) -> set[int]:
    """The batches in ``rows`` that never were: by the chain, by what the database saw, or behind such a one."""
    on_chain = {batch.hash for void in rebuilt.voids for batch in void.batches}
    seen = {batch_id for void in voids for batch_id in range(void["first_id"], void["last_id"] + 1)}
    ids: set[int] = set()
    hashes: set[bytes] = set()
    for row in rows:
        own = octets(row["batch_hash"])
        marked = row["state"] == "void" and row["id"] in seen
        if marked or own in on_chain or octets(row["prev_hash"]) in hashes:
            ids.add(row["id"])
            hashes.add(own)
    return ids


def is_same(row: Row, batch: SettledBatch | None) -> bool:
    """Whether the batch on chain is the row's."""
    return batch is not None and batch.hash == octets(row["batch_hash"])


def check_void_row(row: Row, batch: SettledBatch | None, voids: Sequence[Row], *, block: int) -> list[Finding]:
    """Whether a row is marked void when the database has seen that it is, and only then.

    Args:
        batch: The row's own batch where it stands on chain at ``block``.
    """
    seen = [void for void in voids if void["first_id"] <= row["id"] <= void["last_id"]]
    if batch is not None and any(void["block_number"] > block for void in seen):
        return []
    expected = "void" if seen and batch is None else row["state"] if batch is None else "not void"
    return differences("batch-row", f"batch {row['id']} state", expected=expected, actual=row["state"])
