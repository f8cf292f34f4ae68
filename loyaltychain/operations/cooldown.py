"""For some time after a member's ids or wallet changed nothing of hers can be spent: whoever has taken over an account
has to wait, and she can notice. Reads only.

A wallet's change is known here when this project sent it; what others sent to the registry is not.
"""

from sqlalchemy import func, or_, select

from loyaltychain.chain.tables import intents
from loyaltychain.core import errors
from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.times import format_instant
from loyaltychain.db.engine import Tx
from loyaltychain.events import links
from loyaltychain.events.tables import member_aliases

_WALLET_CALLS = ("bind", "executeRebind")  # as wallets/bindings.py names its intents: wallet:<…>:<call>:<member>:<…>


def check_cooldown(tx: Tx, member: MemberNumber, *, seconds: int, now: UnixSeconds) -> None:
    """Raise CoolingDown when the member's ids or wallet changed less than ``seconds`` ago; 0: never.

    The fact ``from`` is the instant from which she can spend again.
    """
    if seconds:
        refuse_cooling(member, last_change(tx, member), seconds=seconds, at=now)


def refuse_cooling(member: MemberNumber, changed: UnixSeconds | None, *, seconds: int, at: UnixSeconds) -> None:
    """Raise CoolingDown for what is decided ``at`` less than ``seconds`` after the change."""
    if changed is not None and changed <= at < changed + seconds:
        again = format_instant(UnixSeconds(changed + seconds))
        raise errors.CoolingDown(
            f"This member's ids or wallet changed a short time ago: she can spend from {again} on.",
            member=member,
            **{"from": again},
        )


def last_change(tx: Tx, member: MemberNumber) -> UnixSeconds | None:
    """When an id was added, members became one or two, or a wallet was bound; the last of all. None: never."""
    found = [
        tx.execute(select(func.max(member_aliases.c.since)).where(member_aliases.c.number == member)).scalar_one(),
        tx.execute(
            select(func.max(intents.c.created_at)).where(
                or_(*(intents.c.id.like(f"wallet:%:{call}:{member}:%") for call in _WALLET_CALLS)),
                intents.c.state != "reverted",
            )
        ).scalar_one(),
    ]
    for link in links.read_links(tx, member):
        found += [link.since, link.ended_at]
    return max((UnixSeconds(instant) for instant in found if instant is not None), default=None)
