"""What a grant moves in the ledger: the difference between what stands there for it and what it is now. Pure.

Points go through the purse, so that lots, expiry, debt and what waits stay exact. What cannot be posted is said, and
blocks nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from loyaltychain.core import errors
from loyaltychain.core.amounts import LANE_MAX, QUALIFYING, Amount, MemberNumber, Unit
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.ledger import accounts
from loyaltychain.ledger.lots import Lot, Movement, Stamp
from loyaltychain.ledger.plain import Plain
from loyaltychain.ledger.purse import Purse
from loyaltychain.ledger.types import AccountId, Entry, EntryId, Posting
from loyaltychain.operations.conduct.change import Change, Standing
from loyaltychain.operations.conduct.names import badge_unit, entry_id
from loyaltychain.operations.conduct.plain import write_badge, write_points
from loyaltychain.operations.types import Bounds
from loyaltychain.program.expiry import expires_at


@dataclass(slots=True)
class Posted:
    """What stands in the ledger then, the entries that did it, and why it is not all."""

    standing: Standing
    entries: list[EntryId] = field(default_factory=list)
    problem: str | None = None


@dataclass(slots=True)
class Poster:
    """Posts the changes of one run, one after another; the movements are in the order of the entries.

    Args:
        purses: Of those who stand for the members of the changes, brought up to now.
        plain: Those of them who need no purse (``plain.py``).
        qualifying: What each number's account of qualifying points holds.
    """

    purses: Mapping[MemberNumber, Purse]
    bounds: Bounds
    now: UnixSeconds
    qualifying: dict[MemberNumber, int]
    closed: frozenset[MemberNumber] = frozenset()
    plain: frozenset[MemberNumber] = frozenset()
    movements: list[Movement | Plain] = field(default_factory=list)

    def post(self, change: Change, head: MemberNumber) -> Posted:
        """Post a change of a member for whom ``head`` stands."""
        start = len(self.movements)
        before, problem = change.before, None
        try:
            if head in self.closed:
                raise errors.MemberClosed(member=head)
            if change.grant.unit == "badge":
                standing = self._badge(change)
            elif head in self.plain:
                standing = self._plain(change, head)
            else:
                standing = self._points(change, self.purses[head], head)
        except (errors.OverCap, errors.BalanceTooLarge, errors.MemberClosed, errors.InvalidEvent) as found:
            standing, problem = before, _PROBLEMS[type(found)]
        return Posted(standing, [_id_of(each) for each in self.movements[start:]], problem)

    def _badge(self, change: Change) -> Standing:
        target = min(change.grant.awarded, 1)
        if target == change.before.posted:
            return change.before
        if target > change.before.posted:
            self.movements.append(write_badge(change, self.now))
            return Standing(target)
        way = accounts.badges(change.member), accounts.BADGES
        stamp = self._stamp(change, "revoke", change.details)
        self._append(change.member, stamp, "revoke", [(*way, Unit(badge_unit(change.grant.rule)), 1)])
        return Standing(target)

    def _plain(self, change: Change, head: MemberNumber) -> Standing:
        grant = change.grant
        if grant.awarded > self.bounds.award:
            raise errors.OverCap("More than a batch can settle.", amount=grant.awarded, cap=self.bounds.award)
        expiry = expires_at(change.program, grant.at, own=grant.expiry)
        self.movements.append(write_points(change, head, expiry, self.now))
        return Standing(grant.awarded, grant.qualifying)

    def _points(self, change: Change, purse: Purse, head: MemberNumber) -> Standing:
        grant, before = change.grant, change.before
        waits = grant.state == "pending" and grant.awarded > 0
        target = 0 if grant.state == "held" else grant.awarded
        counted = grant.qualifying if grant.state == "given" and grant.awarded > 0 else 0
        self._check(purse, target, target - before.posted)
        expiry = expires_at(change.program, grant.at, own=grant.expiry) if target > before.posted else None
        posted = before.posted
        if before.is_pending and posted > 0 and not waits and target > 0:
            self._activate(change, purse)
        elif waits and not before.is_pending and posted > 0:
            self._take(change, purse, posted, 0)
            posted = 0
        more, less = max(0, target - posted), max(0, posted - target)
        both = max(0, counted - before.counted) if more else max(0, before.counted - counted) if less else 0
        both = 0 if before.posted < 0 else min(both, self.qualifying.get(head, 0)) if less else both
        if more:
            self._give(change, purse, more, both, expiry, waits=waits)
        elif less:
            self._take(change, purse, less, both)
        self.qualifying[head] = self.qualifying.get(head, 0) + (both if more else -both)
        so_far = before.counted + (both if more else -both)
        so_far += self._count(change, head, counted - so_far)
        return Standing(target, so_far, waits)

    def _check(self, purse: Purse, target: int, more: int) -> None:
        if more > self.bounds.award or target < -self.bounds.redemption:
            raise errors.OverCap("More than a batch can settle.", amount=more, cap=self.bounds.award)
        if purse.owned + purse.pending + max(0, more) > LANE_MAX:
            raise errors.BalanceTooLarge("More than a member can own.", owns=purse.owned, award=more)

    def _give(
        self, change: Change, purse: Purse, points: int, qualifying: int, expiry: UnixSeconds | None, *, waits: bool
    ) -> None:
        award, details = change.award, change.details
        again = min(points, max(0, -change.before.posted))  # what it had taken from her
        if again:
            stamp = self._stamp(change, "reinstate", details)
            self.movements.append(purse.reinstate(stamp, again, award=award, expires_at=expiry))
        if points > again:
            stamp = self._stamp(change, "earn", details, by_rule=True)
            self.movements.append(
                purse.earn(
                    stamp, points - again, award=award, expires_at=expiry, qualifying=qualifying,
                    due_at=change.grant.due_at if waits else None, condition=change.condition if waits else None,
                )
            )  # fmt: skip

    def _take(self, change: Change, purse: Purse, points: int, qualifying: int) -> None:
        most, part = max(self.bounds.redemption, 1), 0
        while points > 0:
            part += 1
            stamp = self._stamp(change, "reverse", change.details, part=part)
            taken = min(points, most)
            self.movements.append(purse.take_back(stamp, taken, award=change.award, qualifying=qualifying))
            points, qualifying = points - taken, 0

    def _activate(self, change: Change, purse: Purse) -> None:
        waiting = [lot for lot in purse.lots if _waits(lot, change.award)]
        for lot in sorted(waiting, key=lambda each: each.id):
            stamp = Stamp(EntryId(f"activate:{lot.id}"), change.cause, max(change.at, lot.earned_at), self.now)
            self.movements.append(purse.activate(stamp, lot.id))

    def _count(self, change: Change, head: MemberNumber, more: int) -> int:
        """Qualifying points that come, or go, without points. How many did."""
        account, has = accounts.qualifying(head), self.qualifying.get(head, 0)
        more = max(more, -has)
        if not more:
            return 0
        kind = "earn" if more > 0 else "reverse"
        way = (accounts.ISSUED, account) if more > 0 else (account, accounts.REVERSED)
        stamp = self._stamp(change, kind, change.details, tail="qualifying", by_rule=more > 0)
        self._append(head, stamp, kind, [(*way, QUALIFYING, abs(more))])
        self.qualifying[head] = has + more
        return more

    def _append(
        self, member: MemberNumber, stamp: Stamp, kind: str, lines: Sequence[tuple[AccountId, AccountId, Unit, int]]
    ) -> None:
        postings = tuple(Posting(source, to, unit, Amount(amount)) for source, to, unit, amount in lines)
        self.movements.append(
            Movement(
                Entry(
                    stamp.id, kind, member, stamp.cause, stamp.rule, stamp.program, stamp.occurred_at,
                    stamp.recorded_at, postings, stamp.details,
                )
            )
        )  # fmt: skip

    def _stamp(
        self,
        change: Change,
        kind: str,
        details: Mapping[str, Any],
        *,
        part: int = 1,
        tail: str = "",
        by_rule: bool = False,
    ) -> Stamp:
        """An award is caused by its act, and named by its rule; what takes it back, by what took it back."""
        grant = change.grant
        id_ = entry_id(kind if not tail else f"{kind}:{tail}", change.revision, change.award, part)
        if not by_rule:
            return Stamp(id_, change.cause, max(change.at, grant.at), self.now, details=details)
        return Stamp(id_, grant.cause, grant.at, self.now, grant.rule, change.named_version, details)


_PROBLEMS: dict[type[errors.LoyaltyError], str] = {
    errors.OverCap: "over-cap",
    errors.BalanceTooLarge: "balance-too-large",
    errors.MemberClosed: "member-closed",
    errors.InvalidEvent: "no-expiry",
}


def _id_of(movement: Movement | Plain) -> EntryId:
    return EntryId(movement.written.id) if isinstance(movement, Plain) else movement.entry.id


def _waits(lot: Lot, award: str) -> bool:
    return lot.award == award and lot.due_at is not None and lot.remaining > 0
