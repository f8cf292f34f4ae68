"""Awards as they are shown and exported, on each engine
├── by number: an old revision's number names the award as it is now; by entry; what there is not is None
├── of a member: newest first, from behind a place; those of who went over into her, too
├── export: each award once; asked for again up to the same number, the rows are the same whatever came since
├── achievements: holders and what is left; a badge that was revoked is held no more
└── an award beyond the caps: words say what is not in the ledger
"""

from sqlalchemy import Engine

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import reading, transaction
from loyaltychain.events.identity import find_member
from loyaltychain.operations.conduct.step import conduct_step
from loyaltychain.operations.earn import earn_step
from loyaltychain.operations.merge import merge
from loyaltychain.operations.types import Bounds
from loyaltychain.reports import grant_rows
from loyaltychain.reports.achievements import read_rarity
from loyaltychain.reports.awards import award_by_id, awards_of_event, awards_of_member, total
from loyaltychain.reports.grant_lines import FIELDS, grant_lines
from tests.reports.forum import DAY, NOW, act, acts, play, program, tell, work


def test_by_number__any_revision_or_entry__the_award_as_it_is(engine: Engine) -> None:
    play(engine)
    with reading(engine) as tx:
        [guide] = awards_of_event(tx, "forum/g2")
        assert (guide.granted.revision, guide.granted.grant.state, guide.granted.grant.awarded) == (2, "given", 100)
        first = grant_rows.revisions_of(tx, guide.granted)[0]
        assert (first.revision, first.grant.state) == (1, "pending")
        assert award_by_id(tx, f"award:{first.number}") == award_by_id(tx, guide.id) == guide
        assert [award_by_id(tx, entry) for entry in guide.entries] == [guide] * len(guide.entries) != []
        for nothing in ("award:99999", "award:", "award:1x", "award:99999999999999999999", "none"):
            assert award_by_id(tx, nothing) is None
        assert total(awards_of_event(tx, "forum/a1")) == (70, 70)
        assert awards_of_event(tx, "forum/none") == []


def test_of_member__and_who_went_over__newest_first(engine: Engine) -> None:
    play(engine)
    with transaction(engine) as tx:
        carl, dora = find_member(tx, "carl"), find_member(tx, "dora")
        merge(tx, merged=carl, survivor=dora, reason="same", actor="eve", now=UnixSeconds(NOW + 1))
    work(engine, now=UnixSeconds(NOW + 2))
    with reading(engine) as tx:
        found = awards_of_member(tx, dora, limit=50)
        assert {each.member for each in found} == {"carl", "dora"}
        places = [(each.granted.last_at, each.granted.number) for each in found]
        assert places == sorted(places, reverse=True)
        behind = grant_rows.of_members(tx, [carl, dora], before=places[2], limit=50)
        assert [(each.last_at, each.number) for each in behind] == places[3:]


def test_export__asked_for_again__the_same_rows(engine: Engine) -> None:
    told = acts()
    tell(engine, told[:-2])
    work(engine)
    with reading(engine) as tx:
        end = grant_rows.last_grant(tx)
        before = grant_lines(tx, after=0, upto=end, end=end, with_ids=True)
    tell(engine, told[-2:])
    work(engine)
    with reading(engine) as tx:
        assert grant_rows.last_grant(tx) > end
        again = [row for at in range(0, end, 3)
                 for row in grant_lines(tx, after=at, upto=min(at + 3, end), end=end, with_ids=True)]  # fmt: skip
        now = grant_lines(tx, after=0, upto=10**6, end=10**6, with_ids=True)
    assert again == before
    assert [row["state"] for row in before if row["event"] == "forum/g2"] == ["pending"]
    assert [row["state"] for row in now if row["event"] == "forum/g2"] == ["given"]
    assert all(row.keys() == set(FIELDS) for row in now)
    names = [(row["event"], row["rule"], row["occurrence"]) for row in now]
    assert len(names) == len(set(names))


def test_achievements__revoked_badge__is_held_no_more(engine: Engine) -> None:
    play(engine)
    with reading(engine) as tx:
        assert [(each.achievement.id, each.holders, each.left) for each in read_rarity(tx, program())] == [
            ("first", 1, None), ("rare", 1, 0), ("good", 1, None),
        ]  # fmt: skip
    revoked = act("x1", "loyaltychain.badge.revoked", "bob", 29 * DAY, achievement="first", reason="rude")
    tell(engine, [revoked])
    work(engine)
    with reading(engine) as tx:
        assert [each.holders for each in read_rarity(tx, program())] == [0, 1, 1]
        badge = next(each for each in awards_of_event(tx, "forum/a1") if each.granted.grant.unit == "badge")
        assert (badge.granted.grant.awarded, badge.granted.grant.reason) == (0, "revoked")
        assert badge.words.why is not None and badge.words.why.startswith("It was revoked")


def test_beyond_the_caps__says_what_is_not_in_the_ledger(engine: Engine) -> None:
    tell(engine, acts())
    small = Bounds(award=60, redemption=60)
    while earn_step(engine, program(), now=NOW, bounds=small).events:
        pass
    while conduct_step(engine, program(), now=NOW, bounds=small).work:
        pass
    with reading(engine) as tx:
        [guide] = awards_of_event(tx, "forum/g2")
    assert (guide.granted.grant.awarded, guide.granted.posted, guide.granted.problem) == (100, 0, "over-cap")
    assert guide.lines()[-1].startswith("Not all of it is in the ledger: one entry may not move more")
