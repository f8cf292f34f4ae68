"""The order in which committed entries get their positions. Pure.

A batch may be cut after any position, so that no member may stand below zero at one: an entry that takes points
must stand after the entries that brought them, whatever the clocks said when both were recorded.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from loyaltychain.core.amounts import Unit
from loyaltychain.ledger.accounts import holder
from loyaltychain.ledger.types import AccountId, EntryId, Posting, Waiting

_Holding = tuple[str, Unit]  # what a member owns on chain of one unit


def order(waiting: Sequence[Waiting], balances: Mapping[tuple[AccountId, Unit], int]) -> list[Waiting]:
    """``waiting`` by (recorded_at, id), an entry that would overdraw a member put off until it would not.

    As long as each entry moves the points of one member, none is left over: what is put off at the end only
    takes, and the balance after all of it is not below zero. Entries between members that cannot be placed
    so keep the plain order.

    Args:
        balances: of every account in them, after all of them.
    """
    effects = {entry.id: _effects(entry.postings) for entry in waiting}
    standing = _standing_before(effects.values(), balances)
    ordered: list[Waiting] = []
    put_off: list[Waiting] = []
    for entry in sorted(waiting, key=lambda entry: (entry.recorded_at, entry.id)):
        put_off.append(entry)
        while (placed := _first_that_fits(put_off, standing, effects)) is not None:
            standing.update(effects[placed.id])
            put_off.remove(placed)
            ordered.append(placed)
    return ordered + put_off


def _first_that_fits(
    put_off: Sequence[Waiting], standing: Mapping[_Holding, int], effects: Mapping[EntryId, Mapping[_Holding, int]]
) -> Waiting | None:
    for entry in put_off:
        if all(change >= 0 or standing[holding] + change >= 0 for holding, change in effects[entry.id].items()):
            return entry
    return None


def _effects(postings: Sequence[Posting]) -> Counter[_Holding]:
    effects: Counter[_Holding] = Counter()
    for posting in postings:
        if (giver := holder(posting.source)) is not None:
            effects[giver, posting.unit] -= posting.amount
        if (taker := holder(posting.destination)) is not None:
            effects[taker, posting.unit] += posting.amount
    return effects


def _standing_before(
    effects: Iterable[Counter[_Holding]], balances: Mapping[tuple[AccountId, Unit], int]
) -> Counter[_Holding]:
    """What each member owned in these accounts before all of these entries."""
    standing: Counter[_Holding] = Counter()
    for (account, unit), balance in balances.items():
        if (owner := holder(account)) is not None:
            standing[owner, unit] += balance
    for change in effects:
        standing.subtract(change)
    return standing
