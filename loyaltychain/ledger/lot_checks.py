"""Prove what goes along with the entries: lots, holds and debts against the balances that the postings produce.

Reads bare rows, as ``ledger/checks.py`` does. Repairs nothing.
"""

import json
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
    for row in raw.read_stray_lots(tx):
        yield Problem("stray-lot", f"{row.name} at position {row.position}", expected="an entry", actual="none")
    for row in raw.read_moved_lots(tx):
        yield Problem(
            "lot-moves", f"lot at position {row.position}", expected=str(row.moved), actual=str(row.remaining)
        )
    ran_out, booked = raw.read_expired(tx), points.get(accounts.EXPIRED, 0)
    if ran_out != booked:
        yield Problem("expired-mismatch", accounts.EXPIRED, expected=str(booked), actual=str(ran_out))
    yield from _check_redemptions(tx)
    for account, balance in sorted(points.items()):
        if accounts.is_debt(account) and balance > 0:
            yield Problem("debt-above-zero", f"{account} {POINTS}", expected="<= 0", actual=str(balance))


def _check_redemptions(tx: Tx) -> Iterator[Problem]:
    """What redemptions say that was spent and came back, against the entries that did it."""
    came_back: dict[str, int] = {}
    for row in raw.read_refunds(tx):
        name = _redemption_of(row.details)
        came_back[name] = came_back.get(name, 0) + _moved(row.postings, "from")
    for row in raw.read_redemptions(tx):
        expected = _moved(row.postings or "[]", "to"), came_back.get(row.entry_id, 0)
        if (row.amount, row.refunded) != expected:
            said = "{} redeemed, {} refunded".format
            yield Problem(
                "redemption-mismatch", row.entry_id, expected=said(*expected), actual=said(row.amount, row.refunded)
            )


def _redemption_of(details: str | None) -> str:
    try:
        return str(json.loads(details or "{}").get("redemption"))
    except (ValueError, AttributeError):
        return ""


def _moved(postings: str, end: str) -> int:
    """0 for what cannot be read: the entry does not have its digest then, which is said elsewhere."""
    try:
        return sum(
            each["amount"] for each in json.loads(postings) if each[end] == accounts.REDEEMED and each["unit"] == POINTS
        )
    except (ValueError, TypeError, KeyError):
        return 0


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
