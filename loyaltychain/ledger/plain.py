"""An award in its plainest form: new points for somebody who owes nothing, as rows at once.

It says in a fraction of the time exactly what ``Purse.earn`` would, which a test proves row by row. Whom it may be
used for is asked here too: where nothing is owed and no lane can overflow, a purse need not be opened to be filled.
"""

from collections.abc import Collection
from hashlib import sha256
from typing import NamedTuple

from loyaltychain.core.amounts import LANE_MAX, POINTS, QUALIFYING, MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.canonical import quote
from loyaltychain.db.engine import Tx
from loyaltychain.ledger import accounts, store, term_store
from loyaltychain.ledger.types import AccountId
from loyaltychain.ledger.written import Move, Written, write_postings

_ON_CHAIN_OR_PENDING = (accounts.available, accounts.held, accounts.pending)


class Plain(NamedTuple):
    """An award and its lot, if it brings points; ``quoted_id`` is the entry's id as JSON has it, where somebody asks.

    ``award``: what the lot's points are an award of, where that is not the entry's own cause and rule.
    """

    written: Written
    amount: int
    expires_at: UnixSeconds | None
    due_at: UnixSeconds | None
    quoted_id: str
    award: str | None = None


class Rule:
    """One rule of a programme, with all that its awards have in common.

    Args:
        program: The programme's digest as 0x hex.
        now: When its awards are recorded.
    """

    def __init__(self, rule: str, program: str, now: UnixSeconds) -> None:
        self._rule, self._program, self._now = rule, program, now
        self._quoted_end = quote(rule)[1:]
        self._end = f',"program":{quote(program)},"rule":{quote(rule)}}}'

    def award(
        self,
        member: MemberNumber,
        cause: str,
        occurred_at: UnixSeconds,
        amount: int,
        qualifying: int,
        expires_at: UnixSeconds | None,
        due_at: UnixSeconds | None,
    ) -> Plain:
        """``amount`` points, at least 1, for a cause, with the id that its rule and cause give it.

        Source: docs/PROTOCOL.md, section 6; the document's keys in the order of RFC 8785.
        """
        assert amount >= 1, amount
        account = AccountId(f"member:{member}:available" if due_at is None else f"member:{member}:pending")
        postings = f'[{{"amount":{amount},"from":"program:issued","to":"{account}","unit":"points"}}]'
        moves: tuple[Move, ...] = ((accounts.ISSUED, account, POINTS, amount),)
        if qualifying:
            counted = accounts.qualifying(member)
            moves += ((accounts.ISSUED, counted, QUALIFYING, qualifying),)
            postings = write_postings(moves)
        quoted = quote(cause)
        quoted_id = f'"earn:{quoted[1:-1]}:{self._quoted_end}'
        document = (
            f'{{"cause":{quoted},"id":{quoted_id},"kind":"earn","member":{member},"occurred_at":{occurred_at}'
            f',"postings":{postings}{self._end}'
        )
        written = Written(
            f"earn:{cause}:{self._rule}", "earn", member, cause, self._rule, self._program, occurred_at, self._now,
            postings, sha256(document.encode()).digest(), None, moves,
        )  # fmt: skip
        return Plain(written, amount, expires_at, due_at, quoted_id)


def not_plain(tx: Tx, members: Collection[MemberNumber], most: int) -> set[MemberNumber]:
    """Those of the members who owe something, whose points may lapse, or whose lane ``most`` more could overflow.

    The caller has called ``lock_posts``.
    """
    found = {int(account.split(":")[1]) for account in store.below_zero(tx, map(accounts.debt, members))}
    found |= term_store.read_lapses(tx, members).keys()
    if store.ever_given(tx) + most > LANE_MAX:  # else nobody can own so much
        owned: dict[int, int] = {}
        every = [(account(member), POINTS) for account in _ON_CHAIN_OR_PENDING for member in members]
        for (account, _), balance in store.read_balances(tx, every).items():
            member = int(account.split(":")[1])
            owned[member] = owned.get(member, 0) + balance
        found |= {member for member, points in owned.items() if points + most > LANE_MAX}
    return {MemberNumber(member) for member in found}
