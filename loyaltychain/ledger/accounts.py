"""The chart of accounts: which accounts exist, and which of them may go below zero. Moves nothing."""

from collections.abc import Iterable

from loyaltychain.core.amounts import MemberNumber, Unit
from loyaltychain.db.engine import Tx
from loyaltychain.ledger import store
from loyaltychain.ledger.types import AccountId, Entry

ISSUED = AccountId("program:issued")  # where points come from: minus all that was ever awarded
REDEEMED = AccountId("program:redeemed")  # where redeemed points go
EXPIRED = AccountId("program:expired")  # where points go that ran out
REVERSED = AccountId("program:reversed")  # where points go whose reason was taken back
ADJUSTED = AccountId("program:adjusted")  # the other side of corrections by hand: below zero when they gave more

_MEMBER = "member:"
_ON_CHAIN = (":available", ":held")
_DEBT = ":debt"


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
    return AccountId(f"{_MEMBER}{member}{_DEBT}")


def qualifying(member: MemberNumber) -> AccountId:
    """The account of what counts towards a tier."""
    return AccountId(f"{_MEMBER}{member}:qualifying")


def holder(account: AccountId) -> str | None:
    """``member:<number>``, the owner on chain of what stands in ``account``; None for what stands on no chain."""
    on_chain = account.startswith(_MEMBER) and account.endswith(_ON_CHAIN)
    return account.rsplit(":", 1)[0] if on_chain else None


def is_member(account: str) -> bool:
    """Whether it is one of a member's accounts."""
    return account.startswith(_MEMBER)


def is_debt(account: str) -> bool:
    """Whether it is a member's debt: the one account of hers that may be below zero, and may never be above."""
    return account.startswith(_MEMBER) and account.endswith(_DEBT)


def may_overdraw(account: AccountId) -> bool:
    """Whether the account may be below zero."""
    return account in (ISSUED, ADJUSTED) or is_debt(account)


def open_program_accounts(tx: Tx, unit: Unit) -> None:
    """Open ISSUED and REDEEMED in ``unit``. Opening twice changes nothing."""
    _open(tx, {(ISSUED, unit), (REDEEMED, unit)})


def open_member_accounts(tx: Tx, members: Iterable[MemberNumber], unit: Unit) -> None:
    """Open what each member owns on chain in ``unit``, and the programme's accounts. Twice changes nothing."""
    open_program_accounts(tx, unit)
    _open(tx, {(account(member), unit) for member in members for account in (available, held)})


def open_named(tx: Tx, entries: Iterable[Entry]) -> None:
    """Open every account that these entries name and that is not open yet."""
    named = {
        (account, posting.unit)
        for entry in entries
        for posting in entry.postings
        for account in (posting.source, posting.destination)
    }
    for unit in sorted({unit for _, unit in named}):
        known = store.balances(tx, [account for account, its in named if its == unit], unit)
        _open(tx, {(account, its) for account, its in named if its == unit and account not in known})


def _open(tx: Tx, wanted: Iterable[tuple[AccountId, Unit]]) -> None:
    together: dict[tuple[Unit, bool], list[AccountId]] = {}
    for account, unit in wanted:
        together.setdefault((unit, may_overdraw(account)), []).append(account)
    for (unit, overdraw), accounts in sorted(together.items()):
        store.open_accounts(tx, accounts, unit, may_overdraw=overdraw)
