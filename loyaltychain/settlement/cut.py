"""Where a batch ends: which run of ledger entries goes into the next one, and what it changes.

Pure. Reads no table and makes no hash; what becomes of the run is the seal's business.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from loyaltychain.core.amounts import POINTS
from loyaltychain.core.errors import CapTooLow, InvariantError
from loyaltychain.ledger.types import Entry, SequencedEntry
from loyaltychain.ledger.written import write_entry
from loyaltychain.settlement import codec, records, rice
from loyaltychain.settlement.gas import gas_bound
from loyaltychain.settlement.types import Mode
from loyaltychain.settlement.words import LANES

_ON_CHAIN = re.compile(r"member:([1-9][0-9]*):(?:available|held)")


@dataclass(frozen=True, slots=True)
class Limits:
    """What one batch may hold, so that the contract accepts it and it can be disputed within one block.

    ``issued`` and ``burned`` are the contract's caps, in points, and ``gas`` is what one transaction may need: a batch
    beyond any of them would wait for ever.
    """

    updates: int
    data_bytes: int
    issued: int
    burned: int
    gas: int
    mode: Mode = "push"
    rice_from: int = codec.RICE_FROM
    transfer_logs: bool = False  # whether the contract logs each change of a bound wallet, which takes gas


@dataclass(frozen=True, slots=True)
class Change:
    """What one entry changes of one member's balance on chain."""

    member: int
    amount: int  # signed, never 0
    entry_id: str
    entry_digest: bytes


@dataclass(frozen=True, slots=True)
class Run:
    """Consecutive entries that one batch settles."""

    first: int  # positions
    last: int
    head: bytes  # of the ledger's hash chain at ``last``
    program: str | None  # 0x digest; None if no entry was made under any
    changes: tuple[Change, ...]  # by (position, member): the order of the receipts
    deltas: dict[int, int]  # by member; no zeros
    is_cut: bool  # the entry behind it has to go into another batch


def changes_of(entry: Entry) -> list[Change]:
    """The changes by ascending member. Empty if nothing moves on chain: another unit, or her own accounts alone."""
    net: dict[int, int] = {}
    for posting in entry.postings:
        if posting.unit == POINTS:
            for account, sign in ((posting.source, -1), (posting.destination, 1)):
                owner = _ON_CHAIN.fullmatch(account)
                if owner:
                    member = int(owner[1])
                    net[member] = net.get(member, 0) + sign * posting.amount
    if not any(net.values()):
        return []
    digest = write_entry(entry).digest  # as ``entry.digest``, in a third of the time
    return [Change(member, net[member], entry.id, digest) for member in sorted(net) if net[member]]


def take_run(sequenced: Iterable[SequencedEntry], limits: Limits) -> Run | None:
    """The longest run from the first entry on that keeps to ``limits`` and to one programme; None if there is none.

    An entry without a programme goes with any. (Of data too long for records and written as Golomb-Rice codes, the run
    is one that fits and is not far from the longest.)

    Raises:
        CapTooLow: the first entry alone moves more points than the contract's caps allow.
        InvariantError: the first entry alone is beyond the other limits.
    """
    taken, is_cut = _gather(sequenced, limits)
    deltas = _net(taken)
    if taken and not _fits(deltas, limits):
        taken, is_cut = taken[: _count_fitting(taken, limits)], True
        deltas = _net(taken)
    if not taken:
        if is_cut:
            raise InvariantError("One entry alone is more than a batch may hold.", limits=limits)
        return None
    last = taken[-1].sequenced
    program = next((each.sequenced.entry.program for each in taken if each.sequenced.entry.program), None)
    changes = tuple(change for each in taken for change in each.changes)
    return Run(taken[0].sequenced.position, last.position, last.head, program, changes, deltas, is_cut=is_cut)


@dataclass(frozen=True, slots=True)
class _Taken:
    sequenced: SequencedEntry
    changes: list[Change]


class _Deltas:
    """Net changes by member, no zeros, with their two sums and their words kept as they come."""

    def __init__(self) -> None:
        self.by_member: dict[int, int] = {}
        self._in_word: Counter[int] = Counter()  # members by word; a word that loses its last one leaves
        self.issued = 0
        self.burned = 0

    def add(self, changes: Iterable[Change]) -> None:
        for change in changes:
            before = self.by_member.pop(change.member, 0)
            after = before + change.amount
            if after:
                self.by_member[change.member] = after
            self._count(change.member // LANES, by=bool(after) - bool(before))
            self.issued += max(after, 0) - max(before, 0)
            self.burned += max(-after, 0) - max(-before, 0)

    def _count(self, word: int, *, by: int) -> None:
        self._in_word[word] += by
        if not self._in_word[word]:
            del self._in_word[word]

    def gas_bound(self, limits: Limits) -> int:
        return gas_bound(
            words=len(self._in_word),
            updates=len(self.by_member),
            transfer_logs=limits.transfer_logs,
            mode=limits.mode,
        )


def _gather(sequenced: Iterable[SequencedEntry], limits: Limits) -> tuple[list[_Taken], bool]:
    """The entries up to the first that goes beyond a limit or to another programme, and whether there is such a one.

    Where Golomb-Rice codes may be shorter than records, the limit of bytes is left to the caller.
    """
    taken: list[_Taken] = []
    deltas = _Deltas()
    program: str | None = None
    headroom = limits.data_bytes - 1
    for one in sequenced:
        if program and one.entry.program and one.entry.program != program:
            return taken, True
        changes = changes_of(one.entry)
        deltas.add(changes)
        # One change grows the data by one wide record at most. Its size is measured only when that bound is used up.
        headroom -= records.RECORD_BYTES_MAX * len(changes)
        if headroom < 0 and not _may_be_rice(len(deltas.by_member), limits):
            headroom = limits.data_bytes - len(records.encode(deltas.by_member))
            if headroom < 0:
                return taken, True
        is_over_cap = deltas.issued > limits.issued or deltas.burned > limits.burned
        if is_over_cap and not taken:
            raise CapTooLow(
                "The contract's caps are lower than what one entry moves: let the config role raise them.",
                entry=one.entry.id, issue_cap=limits.issued, burn_cap=limits.burned,
            )  # fmt: skip
        if is_over_cap or len(deltas.by_member) > limits.updates or deltas.gas_bound(limits) > limits.gas:
            return taken, True
        taken.append(_Taken(one, changes))
        program = program or one.entry.program
    return taken, False


def _may_be_rice(updates: int, limits: Limits) -> bool:
    return limits.mode == "root" and limits.rice_from <= updates <= rice.COUNT_MAX


def _net(taken: Iterable[_Taken]) -> dict[int, int]:
    """Net changes by member, no zeros."""
    net: dict[int, int] = {}
    for each in taken:
        for change in each.changes:
            net[change.member] = net.get(change.member, 0) + change.amount
    return {member: delta for member, delta in net.items() if delta}


def _fits(deltas: Mapping[int, int], limits: Limits) -> bool:
    if records.RECORD_BYTES_MAX * len(deltas) < limits.data_bytes:
        return True
    most = limits.data_bytes
    return len(codec.encode(deltas, mode=limits.mode, rice_from=limits.rice_from, most=most)) <= most


def _count_fitting(taken: Sequence[_Taken], limits: Limits) -> int:
    """How many of the entries, which do not fit together, do; found by halving."""
    fitting, beyond = 0, len(taken)
    while beyond - fitting > 1:
        middle = (fitting + beyond) // 2
        if _fits(_net(taken[:middle]), limits):
            fitting = middle
        else:
            beyond = middle
    return fitting
