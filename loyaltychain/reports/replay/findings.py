"""What a replay may find: every code and what it means. Codes are permanent."""

from dataclasses import asdict, dataclass
from typing import Any, Final

MEANINGS: Final = {
    "event-digest": "An event is not what was taken in: its content does not hash to its digest.",
    "version-digest": "A programme is kept that is not the one that counted: it does not hash to its digest.",
    "version-missing": "A grant names a version of the programme that is not kept.",
    "member-missing": "An event is of a member's number that nobody has.",
    "unreadable": "Something that is not what it was cannot even be read: what comes after it was not looked at.",
    "grant-missing": "Events, decisions and programme give a grant that is not stored.",
    "grant-unfounded": "A grant is stored that events, decisions and programme do not give.",
    "grant-differs": "A grant is stored otherwise than events, decisions and programme give it.",
    "grant-revision": "The revisions of a grant do not follow each other, or not exactly one of them counts.",
    "grant-posted": "A grant says that another number stands in the ledger than it awarded, without saying why.",
    "entry-differs": "The ledger's entries for a grant come to another number than the grant says.",
    "entry-unfounded": "The ledger has an entry of a behaviour, achievement, streak or referral that is no grant's.",
    "decision-missing": "A grant needs a decision on something that members share, and none was recorded.",
    "decision-unasked": "A decision gives something that members share to an act that does not ask for it.",
    "decision-differs": "A decision was recorded for another wish, or another limit, than the act and programme have.",
    "decision-exceeds": "More was given of something that members share than there is.",
    "stream-differs": "The step's own list of whom an event concerns is not what the events say.",
    "object-differs": "The step's own word on who made an object is not what the events say.",
    "retraction-differs": "The step's own list of what takes what back is not what the events say.",
    "mention-differs": "The step's own list of what an event names is not what the event says.",
    "pool-differs": "The step's own sum of what is taken of something that members share is not what was decided.",
    "state-differs": "The step's own state of a member is not what her facts come to.",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference. ``subject`` says of what: "award:17", "decision budget:…", "event forum/7"."""

    code: str
    subject: str
    expected: str
    actual: str

    def document(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)
