"""While a reconciliation finds other points of a member in one place than in another, she can spend none. Reads only.

Her entries are settled like everybody's: a batch is a run of the ledger's positions, and leaves nobody out.
"""

from loyaltychain.core import errors
from loyaltychain.core.amounts import MemberNumber
from loyaltychain.db.engine import Tx
from loyaltychain.db.reconciliations import find_frozen


def check_not_frozen(tx: Tx, *members: MemberNumber) -> None:
    """Raise PointsFrozen when one of the members is."""
    frozen = find_frozen(tx, members)
    for member in members:
        refuse_frozen(member, is_frozen=member in frozen)


def refuse_frozen(member: MemberNumber, *, is_frozen: bool) -> None:
    """Raise PointsFrozen."""
    if is_frozen:
        raise errors.PointsFrozen(
            "Ledger and chain do not agree on this member's points: none can be spent until `loyaltychain reconcile` "
            "finds no difference.",
            member=member,
        )
