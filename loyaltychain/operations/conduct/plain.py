"""New points and badges for members of whom a run takes nothing: written at once, without opening a purse.

That is nearly all that a run gives. It comes to the same entries and lots as through the purse (``post.py``), which a
property test proves row by row.
"""

from collections.abc import Sequence

from loyaltychain.core.amounts import POINTS, QUALIFYING, MemberNumber, Unit
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.canonical import quote
from loyaltychain.db.engine import Tx
from loyaltychain.ledger import accounts, lot_store
from loyaltychain.ledger.plain import Plain, not_plain
from loyaltychain.ledger.types import EntryId
from loyaltychain.ledger.written import Move, write_parts
from loyaltychain.operations.conduct.change import Change, Standing
from loyaltychain.operations.conduct.names import badge_unit, entry_id

_NOTHING = Standing()
_MOST_POINTS = 2**29  # in one plain award: far from where a lane ends


def is_plain(change: Change) -> bool:
    """Whether it is points that are new, good at once, and need nothing of what the member has."""
    grant = change.grant
    return (
        change.revision == 1
        and change.before == _NOTHING
        and grant.state == "given"
        and 0 < grant.awarded <= _MOST_POINTS
        and grant.qualifying >= 0
    )


def find_plain(tx: Tx, moving: Sequence[tuple[MemberNumber, Change]], now: UnixSeconds) -> frozenset[MemberNumber]:
    """Those of these members of whom no purse has to be opened. The posts are locked (``lock_posts``).

    Args:
        moving: The changes that move points, with whoever stands for their members.
    """
    others = {head for head, change in moving if not is_plain(change)}
    found = {head for head, _ in moving} - others
    if not found:
        return frozenset()
    found -= not_plain(tx, found, sum(change.grant.awarded for head, change in moving if head in found))
    found -= lot_store.read_due(tx, found, now)
    return frozenset(found)


def write_points(change: Change, head: MemberNumber, expires_at: UnixSeconds | None, now: UnixSeconds) -> Plain:
    """New points of a plain change, with the qualifying ones that come with them."""
    grant = change.grant
    moves: list[Move] = [(accounts.ISSUED, accounts.available(head), POINTS, grant.awarded)]
    if grant.qualifying:
        moves.append((accounts.ISSUED, accounts.qualifying(head), QUALIFYING, grant.qualifying))
    id_ = entry_id("earn", change.revision, change.award)
    return _write(change, id_, "earn", head, moves, now, points=grant.awarded, expires_at=expires_at)


def write_badge(change: Change, now: UnixSeconds) -> Plain:
    """A badge that is given, to whom the act was of."""
    way = accounts.BADGES, accounts.badges(change.member)
    moves: list[Move] = [(*way, Unit(badge_unit(change.grant.rule)), 1)]
    return _write(change, entry_id("badge", change.revision, change.award), "badge", change.member, moves, now)


def _write(
    change: Change,
    id_: EntryId,
    kind: str,
    member: MemberNumber,
    moves: Sequence[Move],
    now: UnixSeconds,
    *,
    points: int = 0,
    expires_at: UnixSeconds | None = None,
) -> Plain:
    grant = change.grant
    written = write_parts(
        id_, kind, member, grant.cause, grant.rule, change.named_version, grant.at, now, tuple(moves), _details(change)
    )
    return Plain(written, points, expires_at, None, "", change.award)


def _details(change: Change) -> str:
    """``Change.details`` as canonical JSON: its keys are in order here, and its inputs are canonical already."""
    grant = change.grant
    reason = "" if grant.reason is None else f'"reason":{quote(grant.reason)},'
    return (
        f'{{"award":{quote(change.award)},"awarded":{grant.awarded},"desired":{grant.desired},"grant":{quote(grant.rule)}'
        f',"inputs":{change.inputs},{reason}"version":{quote(grant.version)}}}'
    )
