"""The many events of a run that need no purse: they award points to members of whom the run takes nothing.

Which members these are depends on the whole run, what becomes of an event does not: the same entries, lots and outcomes
come of it on the desk (``operations/decide.py``), as a test proves.
"""

from collections.abc import Sequence
from typing import NamedTuple

from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import Tx
from loyaltychain.events.store import EventRow, parse_payload
from loyaltychain.ledger.plain import Plain, Rule, not_plain
from loyaltychain.operations import order_store
from loyaltychain.operations.conduct.told import is_good
from loyaltychain.operations.own_events import CORRECTED
from loyaltychain.operations.told import role_of_type, types_of_acts
from loyaltychain.operations.types import Bounds, OutcomeRow
from loyaltychain.program.expiry import DAY_SECONDS, expires_at
from loyaltychain.program.types import Program
from loyaltychain.rules.prices import Worth, prices
from loyaltychain.rules.types import Award

_MOST_POINTS = 2**29  # in one plain award: far from where a lane ends


class Run(NamedTuple):
    """The events of a run, by their places: what the plain ones are worth, and whose events go to the desk."""

    rows: Sequence[EventRow]
    worths: list[Worth | None]
    desk_members: set[MemberNumber]


def sort_out(tx: Tx, program: Program, rows: Sequence[EventRow], bounds: Bounds) -> Run:
    """Find out whose events are plain. The caller has called ``lock_posts``."""
    if needs_desk(program, rows):
        return all_for_desk(rows)
    listed = prices(program)
    roles = {type_: role_of_type(program, type_) for type_ in {row.type for row in rows}}
    most = min(bounds.award, _MOST_POINTS)
    acts = types_of_acts(program)
    worths: list[Worth | None] = []
    desk_members: set[MemberNumber] = set()
    total = 0
    for row in rows:
        worth = None
        payload = parse_payload(row.payload) if roles[row.type] == "other" else None
        if payload is not None and (row.type not in acts or is_good(row.type, payload)):
            worth = listed.worth(row.type, payload)
            if worth is not None and (worth.points > most or any(award.pending for award in worth.awards)):
                worth = None
        if worth is None:
            desk_members.add(row.member)
        else:
            total += worth.points
        worths.append(worth)
    rest = {row.member for row in rows} - desk_members
    desk_members |= order_store.read_closed(tx, rest)
    desk_members |= not_plain(tx, rest - desk_members, total)
    return Run(rows, worths, desk_members)


def needs_desk(program: Program, rows: Sequence[EventRow]) -> bool:
    """Whether what becomes of events may hang on more than their sums: on a rate, a signal, a correction in the run."""
    return program.currencies is not None or bool(program.signals) or any(row.type == CORRECTED for row in rows)


def all_for_desk(rows: Sequence[EventRow]) -> Run:
    """A run without plain events."""
    return Run(rows, [None] * len(rows), {row.member for row in rows})


class Till:
    """Awards plain events."""

    def __init__(self, program: Program, program_hash: str, now: UnixSeconds) -> None:
        self._program = program
        self._rules = {rule.id: Rule(rule.id, program_hash, now) for rule in program.rules}

    def award(self, row: EventRow, worth: Worth) -> tuple[list[Plain], OutcomeRow]:
        """What an event earns, and what is said of it.

        Raises InvalidEvent when no expiry can be told.
        """
        if not worth.awards:
            return [], (row.position, "nothing", None, "{" + worth.explanation)
        cause = f"{row.source}/{row.id}"
        plain = [self._award(row, cause, award) for award in worth.awards]
        ids = ",".join([each.quoted_id for each in plain])
        return plain, (row.position, "posted", plain[0].written.id, f'{{"entries":[{ids}],{worth.explanation}')

    def _award(self, row: EventRow, cause: str, award: Award) -> Plain:
        occurred_at, due_at, expiry = row.occurred_at, None, None
        if award.pending_days is not None:
            due_at = UnixSeconds(occurred_at + award.pending_days * DAY_SECONDS)
        if self._program.expiry is not None or award.lifetime is not None:
            expiry = expires_at(self._program, occurred_at if due_at is None else due_at, own=award.lifetime)
        return self._rules[award.rule].award(
            row.member, cause, occurred_at, award.amount, award.qualifying, expiry, due_at
        )
