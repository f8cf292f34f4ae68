"""What a batch changes, by its data, against the database's copy of it and against the ledger's entries in it."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet

from loyaltychain.audit.data import VERSIONS, decode_data
from loyaltychain.audit.findings import Finding, differences
from loyaltychain.audit.malformed import Malformed


def check_changes(
    batch_id: int,
    content: bytes,
    kept: Mapping[int, int],
    moved: Sequence[Mapping[int, int]],
    *,
    versions: AbstractSet[int] = VERSIONS,
) -> list[Finding]:
    """What differs, member by member. Asks nobody.

    Args:
        content: The batch's data; empty or malformed data change nobody.
        kept: The database's change by member.
        moved: What each of the batch's entries changes, by member.
        versions: Those of data that the ledger takes.
    """
    changes = decode_data(content, versions=versions) if content else ()
    due = {} if isinstance(changes, Malformed) else dict(changes)
    return _check_updates(batch_id, kept, due) + _check_entries(batch_id, moved, due)


def _check_updates(batch_id: int, kept: Mapping[int, int], due: Mapping[int, int]) -> list[Finding]:
    if kept == due:
        return []
    return [
        finding
        for member in sorted(kept.keys() | due.keys())
        for finding in differences(
            "update-row",
            f"batch {batch_id} member {member}",
            expected=due.get(member),
            actual=kept.get(member),
        )
    ]


def _check_entries(batch_id: int, moved: Sequence[Mapping[int, int]], settled: Mapping[int, int]) -> list[Finding]:
    folded: dict[int, int] = {}
    for changes in moved:
        for member, change in changes.items():
            folded[member] = folded.get(member, 0) + change
    if folded == settled:
        return []
    return [
        finding
        for member in sorted(folded.keys() | settled.keys())
        for finding in differences(
            "batch-delta",
            f"batch {batch_id} member {member}",
            expected=folded.get(member, 0),
            actual=settled.get(member, 0),
        )
    ]
