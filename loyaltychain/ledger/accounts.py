"""The chart of accounts: which accounts exist, and which of them may go below zero. Moves nothing."""

from collections.abc import Iterable

from loyaltychain.core.amounts import MemberNumber, Unit
from loyaltychain.db.engine import Tx
from loyaltychain.ledger import store
from loyaltychain.ledger.types import AccountId

ISSUED = AccountId("program:issued")  # where points come from: minus what is in circulation or was redeemed
REDEEMED = AccountId("program:redeemed")  # where redeemed points go

_MEMBER = "member:"


def available(member: MemberNumber) -> AccountId:
    """The account of what the member can redeem now."""
    return AccountId(f"{_MEMBER}{member}:available")


def held(member: MemberNumber) -> AccountId:
    """The account of what is reserved for a redemption that is not decided yet."""
    return AccountId(f"{_MEMBER}{member}:held")


def holder(account: AccountId) -> str | None:
    """``member:<number>``, the owner on chain of what stands in ``account``; None for the programme's accounts."""
    return account.rsplit(":", 1)[0] if account.startswith(_MEMBER) else None


def open_program_accounts(tx: Tx, unit: Unit) -> None:
    """Open the programme's accounts in ``unit``. Opening twice changes nothing. Only ISSUED may go below zero."""
    store.open_accounts(tx, [ISSUED], unit, may_overdraw=True)
    store.open_accounts(tx, [REDEEMED], unit, may_overdraw=False)


def open_member_accounts(tx: Tx, members: Iterable[MemberNumber], unit: Unit) -> None:
    """Open both accounts of each member in ``unit``, and the programme's. Opening twice changes nothing."""
    open_program_accounts(tx, unit)
    accounts = [account for member in members for account in (available(member), held(member))]
    store.open_accounts(tx, accounts, unit, may_overdraw=False)
