"""The order in which committed entries get their positions. Pure.

A batch may be cut after any position, so that no member may stand below zero at one: an entry that takes points
must stand after the entries that brought them, whatever the clocks said when both were recorded.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from loyaltychain.core.amounts import Unit
from loyaltychain.ledger.accounts import holder
from loyaltychain.ledger.types import AccountId, EntryId, Posting, Waiting

_Holding = tuple[str, Unit]  # what a member owns on chain of one unit
_Ranked = tuple[int, Waiting]  # with its place in the plain order


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
    put_off: dict[_Holding, dict[EntryId, _Ranked]] = defaultdict(dict)  # by what it takes from, in plain order
    for ranked in enumerate(sorted(waiting, key=lambda entry: (entry.recorded_at, entry.id))):
        placed: _Ranked | None = ranked if _fits(ranked[1], standing, effects) else None
        for holding in () if placed else _takes_from(effects[ranked[1].id]):
            put_off[holding][ranked[1].id] = ranked
        risen: set[_Holding] = set()
        while placed is not None:
            entry, changes = placed[1], effects[placed[1].id]
            ordered.append(entry)
            standing.update(changes)
            for holding in _takes_from(changes):
                put_off[holding].pop(entry.id, None)
            risen |= {holding for holding, change in changes.items() if change > 0 and put_off.get(holding)}
            placed = _first_that_fits([put_off[holding] for holding in risen], standing, effects)
    left = {ranked for of_one in put_off.values() for ranked in of_one.values()}
    return ordered + [entry for _, entry in sorted(left, key=lambda ranked: ranked[0])]


def _first_that_fits(
    put_off: Sequence[Mapping[EntryId, _Ranked]],
    standing: Mapping[_Holding, int],
    effects: Mapping[EntryId, Mapping[_Holding, int]],
) -> _Ranked | None:
    """The first in plain order; only what takes from a holding that has risen can fit now."""
    fitting = (
        next((ranked for ranked in of_one.values() if _fits(ranked[1], standing, effects)), None) for of_one in put_off
    )
    return min((ranked for ranked in fitting if ranked is not None), key=lambda ranked: ranked[0], default=None)


def _fits(entry: Waiting, standing: Mapping[_Holding, int], effects: Mapping[EntryId, Mapping[_Holding, int]]) -> bool:
    return all(change >= 0 or standing[holding] + change >= 0 for holding, change in effects[entry.id].items())


def _takes_from(changes: Mapping[_Holding, int]) -> list[_Holding]:
    return [holding for holding, change in changes.items() if change < 0]


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
