"""Whether a new event is let in. Pure."""

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.events.types import Event, Intake, Member, RefusalCode


def refuse(
    event: Event, member: Member | None, *, received_at: UnixSeconds, intake: Intake | None
) -> tuple[RefusalCode, str] | None:
    """Why the event is not let in, as a code and a sentence; None when it is.

    Args:
        member: Whose event it is; None for somebody who has not joined.
        intake: None for the operator's own import: it may be of any age, and whoever it names joins.
    """
    if member is not None and member.closed_at is not None:
        return "member-closed", f"The member is closed since {member.closed_at}: no events are taken any more."
    if intake is None:
        return None
    if member is None and intake.join == "explicit":
        return "unknown-member", f"No member has the id {event.member_id!r}: let the member join first."
    if intake.horizon_seconds is not None and event.occurred_at < received_at - intake.horizon_seconds:
        return "too-old", f"The event happened more than {intake.horizon_seconds} seconds ago, at {event.occurred_at}."
    if event.occurred_at > received_at + intake.skew_seconds:
        ahead = event.occurred_at - received_at
        return "in-the-future", f"The event lies {ahead} seconds ahead of our clock: set the source's clock right."
    return None
