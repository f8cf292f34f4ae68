"""The chart of accounts: which accounts exist, and which of them may go below zero. Pure.

An account opens in the database when an entry first names it.
"""

from loyaltychain.core.amounts import MemberNumber
from loyaltychain.ledger.types import AccountId

ISSUED = AccountId("program:issued")  # where points come from: minus all that was ever awarded
REDEEMED = AccountId("program:redeemed")  # where redeemed points go
EXPIRED = AccountId("program:expired")  # where points go that ran out
REVERSED = AccountId("program:reversed")  # where points go whose reason was taken back
MERGED = AccountId("program:merged")  # between two members who become one, or two again: empty after each time
BADGES = AccountId("program:badges")  # where badges come from, and go back to: minus all that are held
ADJUSTED = AccountId("program:adjusted")  # the other side of corrections by hand: below zero when they gave more

_MEMBER = "member:"
DEBT = ":debt"  # the end of such an account
ON_CHAIN = (":available", ":held")  # the ends of those whose points stand on chain


def available(member: MemberNumber) -> AccountId:
    """The account of what the member can redeem, and of what ran out and was not booked yet."""
    return AccountId(f"{_MEMBER}{member}:available")


def held(member: MemberNumber) -> AccountId:
    """The account of what is reserved for a redemption that is not decided yet."""
    return AccountId(f"{_MEMBER}{member}:held")


def pending(member: MemberNumber) -> AccountId:
    """The account of what was awarded and cannot be redeemed yet."""
    return AccountId(f"{_MEMBER}{member}:pending")


def debt(member: MemberNumber) -> AccountId:
    """The account of what the member owes, as a balance of zero or below: points taken back that she had spent."""
    return AccountId(f"{_MEMBER}{member}{DEBT}")


def qualifying(member: MemberNumber) -> AccountId:
    """The account of what counts towards a tier."""
    return AccountId(f"{_MEMBER}{member}:qualifying")


def badges(member: MemberNumber) -> AccountId:
    """The account of the badges that the member holds, a unit each; no points are in it."""
    return AccountId(f"{_MEMBER}{member}:badges")


def is_member(account: str) -> bool:
    """Whether it is one of a member's accounts."""
    return account.startswith(_MEMBER)


def is_debt(account: str) -> bool:
    """Whether it is a member's debt: the one account of hers that may be below zero, and may never be above."""
    return account.startswith(_MEMBER) and account.endswith(DEBT)


def may_overdraw(account: AccountId) -> bool:
    """Whether the account may be below zero."""
    return account in (ISSUED, ADJUSTED, BADGES) or is_debt(account)
