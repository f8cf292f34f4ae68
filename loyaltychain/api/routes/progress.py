"""What members reached by their acts, why, and how far they are with the rest."""

from fastapi import APIRouter, Request

from loyaltychain.api import award_answers as answers
from loyaltychain.api.instants import format_optional
from loyaltychain.api.paging import Paged
from loyaltychain.api.parts import Here, PathId
from loyaltychain.api.progress_answers import Progress
from loyaltychain.api.views import show_award
from loyaltychain.api.writes import check_manages
from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.times import format_instant
from loyaltychain.db.engine import reading
from loyaltychain.events.identity import find_member
from loyaltychain.operations.conduct.versions import read_versions
from loyaltychain.reports import grant_rows
from loyaltychain.reports.achievements import Rarity, read_rarity
from loyaltychain.reports.awards import show_awards
from loyaltychain.reports.progress import members_after, nudges_of, read_progress

router = APIRouter(tags=["members"])


@router.get("/v1/members/{member_id:path}/awards")
def get_member_awards(member_id: PathId, context: Here, page: Paged) -> answers.Awards:
    """What behaviours, achievements, streaks and referrals brought the member, newest first; zero awards with the
    reason."""
    with reading(context.engine) as tx:
        numbers = grant_rows.numbers_of(tx, find_member(tx, member_id))
        begin = page.begin(tx, int, int)
        before = None if begin is None else (int(begin[0]), int(begin[1]))
        found = grant_rows.of_members(tx, numbers, before=before, limit=page.wanted)
        shown = page.end(tx, found, lambda each: (each.last_at, each.number))
        awards = [show_award(each) for each in show_awards(tx, shown.rows, read_versions(tx))]
    return answers.Awards(awards=awards, has_more=shown.has_more, next_cursor=shown.next_cursor)


@router.get("/v1/members/{member_id:path}/progress")
def get_progress(member_id: PathId, context: Here) -> answers.MemberProgress:
    """How the member stands: badges, progress towards others, streaks, tier, roles; by what the worker has decided."""
    now = context.clock()
    with reading(context.engine) as tx:
        found = read_progress(tx, find_member(tx, member_id), now=now)
    return answers.MemberProgress(
        member=member_id,
        number=found.member,
        as_of=format_instant(now),
        progress=None if found.document is None else Progress.model_validate(found.document),
        words=found.lines,
    )


@router.get("/v1/nudges")
def get_nudges(http: Request, context: Here, page: Paged) -> answers.Nudges:
    """What members should hear now: a streak or tier that ends, an achievement that is near. ``limit`` counts members
    that are looked at, not nudges."""
    check_manages(http)
    with reading(context.engine) as tx:
        begin = page.begin(tx, int)
        after = MemberNumber(0 if begin is None else int(begin[0]))
        members = page.end(tx, members_after(tx, after, page.wanted), lambda member: (member,))
        found = nudges_of(tx, members.rows, now=context.clock())
    nudges = [
        answers.Nudge(
            member=each.member_id,
            member_number=each.member,
            about=each.nudge.about,
            id=each.nudge.id,
            at=format_optional(each.nudge.at),
            words=each.nudge.words,
        )
        for each in found
    ]
    return answers.Nudges(nudges=nudges, has_more=members.has_more, next_cursor=members.next_cursor)


@router.get("/v1/achievements")
def get_achievements(context: Here) -> answers.Achievements:
    """The achievements of the programme file as it stands, without retired ones: how rare each badge is, how many are
    left."""
    with reading(context.engine) as tx:
        found = read_rarity(tx, context.program())
    return answers.Achievements(achievements=[_show(each) for each in found])


def _show(rarity: Rarity) -> answers.AchievementState:
    its = rarity.achievement
    return answers.AchievementState(
        id=its.id,
        title=its.title,
        name=its.name,
        status="locked" if its.status == "locked" else "active",
        points=its.points,
        role=its.role,
        holders=rarity.holders,
        members=rarity.members,
        rarity_permille=rarity.permille,
        supply=its.supply,
        left=rarity.left,
    )
