"""The entries that were made for a cause. They have no index: each entry would pay for a rare question."""

from sqlalchemy import ColumnElement, select

from loyaltychain.db.engine import Tx
from loyaltychain.events.links import ever_with
from loyaltychain.events.tables import events
from loyaltychain.ledger.tables import entries


def made_for(tx: Tx, cause: str) -> ColumnElement[bool]:
    """The condition on ``entries``. Where the cause is an event, only entries of its member are looked at, and of those
    into whom she ever went over."""
    source, _, event_id = cause.partition("/")
    query = select(events.c.member).where(events.c.source == source, events.c.id == event_id)
    member = tx.execute(query).scalar_one_or_none()
    condition = entries.c.cause == cause
    return condition if member is None else condition & entries.c.member.in_(sorted(ever_with(tx, member)))
