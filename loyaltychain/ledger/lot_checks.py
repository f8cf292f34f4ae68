"""Prove what goes along with the entries: lots, holds and debts against the balances that the postings produce.

Reads bare rows, as ``ledger/checks.py`` does. Repairs nothing.
"""

from collections.abc import Iterator, Mapping

from loyaltychain.core.amounts import POINTS, MemberNumber
from loyaltychain.db.engine import Tx
from loyaltychain.ledger import accounts, raw
from loyaltychain.ledger.problems import Problem

_NOT_IN_LOTS = (":debt", ":qualifying")


def check_lots(tx: Tx, balances: Mapping[tuple[str, str], int]) -> Iterator[Problem]:
    """All that does not fit.

    Args:
        balances: of every (account, unit) that a posting names, from the postings.
    """
    points = {account: balance for (account, unit), balance in balances.items() if unit == POINTS}
    yield from _check_buckets(tx, points)
    for row in raw.read_moved_lots(tx):
        yield Problem("lot-moves", row.id, expected=str(row.moved), actual=str(row.remaining))
    ran_out, booked = raw.read_expired(tx), points.get(accounts.EXPIRED, 0)
    if ran_out != booked:
        yield Problem("expired-mismatch", accounts.EXPIRED, expected=str(booked), actual=str(ran_out))
    for account, balance in sorted(points.items()):
        if accounts.is_debt(account) and balance > 0:
            yield Problem("debt-above-zero", f"{account} {POINTS}", expected="<= 0", actual=str(balance))


def _check_buckets(tx: Tx, points: Mapping[str, int]) -> Iterator[Problem]:
    """What lots and open holds say that is in a member's accounts, and what is."""
    said: dict[str, int] = {}
    for row in raw.read_lot_sums(tx):
        bucket = accounts.pending if row.is_pending else accounts.available
        said[bucket(MemberNumber(row.member))] = int(row.remaining)
    for row in raw.read_hold_sums(tx):
        said[accounts.held(MemberNumber(row.member))] = int(row.amount)
    buckets = {account for account in points if accounts.is_member(account) and not account.endswith(_NOT_IN_LOTS)}
    for account in sorted(said.keys() | buckets):
        expected, actual = points.get(account, 0), said.get(account, 0)
        if expected != actual:
            code = "hold-mismatch" if account.endswith(":held") else "lot-mismatch"
            yield Problem(code, account, expected=str(expected), actual=str(actual))
