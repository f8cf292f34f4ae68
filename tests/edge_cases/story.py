"""What the stories share: instants as people write them, and a member's points after the ledger has proven itself."""

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import reading
from loyaltychain.events.identity import find_member
from loyaltychain.ledger.checks import check_ledger
from loyaltychain.operations.balance import MemberBalance, read_balance

LONDON, NEW_YORK, AUCKLAND = "Europe/London", "America/New_York", "Pacific/Auckland"
SANTIAGO = "America/Santiago"  # clocks change at midnight there


def instant(local: str, zone: str = LONDON) -> UnixSeconds:
    """The second that clocks in ``zone`` call ``local``: "2026-12-31 23:59:59"."""
    return UnixSeconds(int(datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(zone)).timestamp()))


def points(engine: Engine, at: int, member: str = "ann") -> MemberBalance:
    """The member's balance at ``at``; its figures add up, and the ledger finds nothing wrong with itself."""
    with reading(engine) as tx:
        assert check_ledger(tx) == []
        return read_balance(tx, find_member(tx, member), at=UnixSeconds(at))


def number_of(engine: Engine, member: str = "ann") -> MemberNumber:
    """The number of a member who has joined."""
    with reading(engine) as tx:
        return find_member(tx, member)
