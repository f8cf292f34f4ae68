"""Whether a new event is let in. Pure."""

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.times import format_instant
from loyaltychain.core.words import counted
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
        since = format_instant(member.closed_at)
        return "member-closed", f"The member is closed since {since}: no events are taken any more."
    if intake is None:
        return None
    if member is None and intake.join == "explicit":
        return "unknown-member", f"No member has the id {event.member_id!r}: let the member join first."
    if intake.horizon_seconds is not None and event.occurred_at < received_at - intake.horizon_seconds:
        days, rest = divmod(intake.horizon_seconds, 86_400)
        span = counted(intake.horizon_seconds, "second") if rest else counted(days, "day")
        return "too-old", f"The event happened at {format_instant(event.occurred_at)}, more than {span} ago."
    if event.occurred_at > received_at + intake.skew_seconds:
        then, now = format_instant(event.occurred_at), format_instant(received_at)
        return "in-the-future", f"The event lies at {then}, our clock says {now}: set the source's clock right."
    return None
