"""replay --verify, on each engine
├── an untouched history, told in any order, in runs of any size, with acts taken back, new versions and merges: clean
├── a row that somebody changed, of grants, decisions, entries, events, programmes, routes or states: a finding
├── an entry that is forged with all that hangs on it in the ledger: the grant says otherwise
├── a grant that is due and not yet booked: no finding
└── nothing to replay: clean
"""

import random
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import Tx, reading, transaction
from loyaltychain.events.identity import find_member
from loyaltychain.events.types import Event
from loyaltychain.operations.merge import merge
from loyaltychain.operations.unmerge import unmerge
from loyaltychain.reports.replay.findings import MEANINGS
from loyaltychain.reports.replay.verify import Verified, verify
from tests.database import ENGINES, fresh_database
from tests.reports.forum import DAY, NOW, act, acts, changed, play, program, tell, work
from tests.worker.tampering import drop_triggers

LATER = UnixSeconds(NOW + 30 * DAY)


def replay(tx: Tx, now: UnixSeconds = NOW) -> Verified:
    return verify(tx, now=now)


def codes(tx: Tx) -> set[str]:
    return {each.code for each in replay(tx).findings}


@pytest.fixture(scope="module", params=ENGINES)
def played(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """The forum's history, without what keeps facts from being changed."""
    engine = fresh_database(request.param)
    play(engine)
    drop_triggers(engine)
    yield engine
    engine.dispose()


class _UndoneError(Exception):
    """Ends a transaction that must leave nothing."""


def found_after(engine: Engine, *statements: str) -> set[str]:
    """What a replay finds after these changes, which are undone."""
    found: set[str] = set()
    try:
        with transaction(engine) as tx:
            for statement in statements:
                assert tx.execute(text(statement.replace(":", "\\:"))).rowcount >= 1, statement
            found = codes(tx)
            raise _UndoneError
    except _UndoneError:
        return found


def test_untouched__clean_and_counted(played: Engine) -> None:
    with reading(played) as tx:
        found = replay(tx)
    assert found.findings == []
    assert (found.events, found.members, found.decisions, found.waiting) == (len(acts()), 7, 6, 0)
    assert found.grants == 18


def test_nothing__to_replay__clean(engine: Engine) -> None:
    with reading(engine) as tx:
        assert replay(tx).findings == []
    tell(engine, acts())
    work(engine, changed(("version: 1", "version: 2")))
    with reading(engine) as tx:
        assert replay(tx).findings == []


GRANT = "cause = 'forum/a1' AND rule = 'behaviour:help'"
PENDING = "cause = 'forum/g3' AND rule = 'behaviour:guide'"
FIRST_DECISION = "number = (SELECT MIN(number) FROM decisions WHERE resource LIKE 'budget:%')"

CHANGES = [
    (f"UPDATE grants SET awarded = awarded - 1 WHERE {GRANT}", {"grant-differs", "grant-posted"}),
    (f"UPDATE grants SET awarded = awarded - 1, posted = posted - 1 WHERE {GRANT}", {"grant-differs", "entry-differs"}),
    (f"UPDATE grants SET desired = 21 WHERE {GRANT}", {"grant-differs"}),
    (f"UPDATE grants SET inputs = '{{}}' WHERE {GRANT}", {"grant-differs"}),
    (f"UPDATE grants SET qualifying = 19 WHERE {GRANT}", {"grant-differs"}),
    (f"UPDATE grants SET at = at + 1 WHERE {GRANT}", {"grant-differs"}),
    (f"UPDATE grants SET member = 1 WHERE {GRANT}", {"grant-missing", "grant-unfounded", "entry-differs"}),
    (f"UPDATE grants SET is_latest = 0 WHERE {GRANT}", {"grant-missing"}),
    (f"UPDATE grants SET due_at = due_at + 1 WHERE {PENDING}", {"grant-differs"}),
    ("UPDATE grants SET reason = NULL WHERE reason = 'cap-points'", {"grant-differs"}),
    ("UPDATE grants SET reason = 'fraud' WHERE reason = 'timed-out'", {"grant-differs"}),
    ("UPDATE grants SET awarded = 19 WHERE revision = 1 AND is_latest = 0", {"grant-posted"}),
    ("UPDATE grants SET role = NULL WHERE role IS NOT NULL", {"grant-differs"}),
    ("DELETE FROM grants WHERE unit = 'badge' AND rule = 'achievement:rare'", {"grant-missing", "entry-unfounded"}),
    ("DELETE FROM grant_entries WHERE entry_id LIKE 'badge:%rare%'", {"entry-unfounded", "entry-differs"}),
    (f"UPDATE decisions SET granted = granted - 1 WHERE {FIRST_DECISION}", {"grant-differs"}),
    (f"UPDATE decisions SET wanted = wanted + 1 WHERE {FIRST_DECISION}", {"decision-differs"}),
    (f"UPDATE decisions SET most = most + 1 WHERE {FIRST_DECISION}", {"decision-differs"}),
    (f"UPDATE decisions SET key = 'else' WHERE {FIRST_DECISION}", {"decision-missing", "decision-unasked"}),
    ("UPDATE decisions SET granted = wanted WHERE granted < wanted", {"decision-exceeds", "grant-differs"}),
    ("UPDATE events SET payload = '{}' WHERE id = 'v1'", {"event-digest", "grant-missing"}),
    ("UPDATE events SET occurred_at = occurred_at + 1 WHERE id = 'q1'", {"event-digest", "grant-differs"}),
    ("UPDATE events SET member = 1 WHERE id = 'a1'", {"event-digest", "grant-missing"}),
    ("UPDATE program_versions SET document = REPLACE(document, 'Ask a', 'Ask the')", {"version-digest"}),
    ("UPDATE stream SET roles = 'owner' WHERE roles = 'actor,owner'", {"stream-differs"}),
    ("DELETE FROM stream WHERE position = 1", {"stream-differs"}),
    ("UPDATE fold_states SET document = REPLACE(document, '\"joined_at\":', '\"joined_at\":1')", {"state-differs"}),
    ("UPDATE entries SET postings = REPLACE(postings, '\"amount\":50', '\"amount\":51')",
     {"entry-differs", "ledger-entry-digest", "ledger-volume-mismatch"}),
    ("UPDATE entries SET details = REPLACE(details, 'behaviour:help', 'behaviour:hulp') WHERE id LIKE '%:forum/a2'",
     {"entry-differs", "ledger-entry-digest"}),
    ("UPDATE lots SET remaining = remaining - 1 WHERE remaining > 5", {"ledger-lot-moves"}),
    ("DELETE FROM program_versions", {"version-missing"}),
    ("UPDATE program_versions SET document = '{'", {"version-digest", "unreadable"}),
    ("UPDATE events SET payload = payload || 'x' WHERE id = 'v1'", {"event-digest"}),
    ("UPDATE events SET payload = '{' WHERE id = 'v1'", {"event-digest", "unreadable"}),
    ("UPDATE members SET number = number + 1000 WHERE member_id = 'voter-1'", {"member-missing"}),
    ("UPDATE fold_states SET document = '{'", {"state-differs"}),
    *((f"UPDATE fold_states SET {change}", {"state-differs"}) for change in (
        "facts = facts + 1", "at = at + 1", "source = 'else'", "event_id = 'else'", "numbers = '[99]'", "due_at = 7",
    )),
    *((f"UPDATE objects SET {change} WHERE id = 'a2'", {"object-differs"}) for change in (
        "kind = 'question'", "owner = owner + 1", "made_at = made_at + 1", "parent = 'q9'", "position = position + 1",
    )),
    ("DELETE FROM objects WHERE id = 'a1'", {"object-differs"}),
    ("DELETE FROM mentions WHERE name = 'a1'", {"mention-differs"}),
    ("UPDATE mentions SET name = 'a9' WHERE name = 'a1'", {"mention-differs"}),
    ("UPDATE stream SET occurred_at = occurred_at + 1 WHERE position = 1", {"stream-differs"}),
    ("INSERT INTO retractions VALUES (1, 2, 0, 0)", {"retraction-differs"}),
    ("UPDATE pools SET taken = taken + 1", {"pool-differs"}),
]  # fmt: skip


@pytest.mark.parametrize(("statement", "expected"), CHANGES, ids=[statement for statement, _ in CHANGES])
def test_changed_row__anywhere__is_found(played: Engine, statement: str, expected: set[str]) -> None:
    found = found_after(played, statement)
    assert expected <= found, found
    assert {code for code in found if not code.startswith("ledger-")} <= MEANINGS.keys()


def test_forged__entry_with_its_ledger__the_grant_says_otherwise(played: Engine) -> None:
    """Whoever owns the database can make the ledger prove itself again; grant and events still speak."""
    found = found_after(
        played,
        "UPDATE entries SET postings = REPLACE(postings, '\"amount\":50', '\"amount\":51')",
        "UPDATE grants SET awarded = 51, desired = 51, posted = 51 WHERE occurrence = 'points'",
    )
    assert "grant-differs" in found


def test_due__not_booked_yet__no_finding(engine: Engine) -> None:
    play(engine)
    with reading(engine) as tx:
        assert replay(tx, LATER).findings == []
    work(engine, now=LATER)
    with reading(engine) as tx:
        assert replay(tx, LATER).findings == []


def taken_back() -> list[Event]:
    """Acts taken back, one of them as fraud; and a badge that a person revoked."""
    return [
        act("t1", "loyaltychain.act.retracted", "bob", 5 * DAY, event="forum/a1", fraud=False, reason="deleted"),
        act("t2", "loyaltychain.act.retracted", "carl", 5 * DAY, event="forum/r1", fraud=True, reason="a bot"),
        act("t3", "loyaltychain.badge.revoked", "bob", 6 * DAY, achievement="first", reason="rude"),
    ]


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32), limit=st.sampled_from([1, 2, 5, 100]), pieces=st.integers(1, 4))
def test_any_order__runs_versions_and_merges__clean(seed: int, limit: int, pieces: int) -> None:
    engine, chance = fresh_database("sqlite"), random.Random(seed)
    told = [*acts(), *taken_back()]
    chance.shuffle(told)
    size = -(-len(told) // pieces)
    versions = [
        program(),
        changed(("version: 1", "version: 2"), ("times: 3}", "times: 2}"), ("points: 5}", "points: 6}")),
    ]
    for piece in range(pieces):
        tell(engine, told[piece * size : (piece + 1) * size])
        work(engine, versions[min(piece, 1)], limit=limit)
        with reading(engine) as tx:
            assert replay(tx).findings == []
    join_and_part(engine, chance.random() < 0.5)
    work(engine, versions[min(pieces - 1, 1)], limit=limit, now=UnixSeconds(NOW + 2))
    with reading(engine) as tx:
        assert replay(tx).findings == []
    engine.dispose()


def join_and_part(engine: Engine, parts: bool) -> None:
    """Carl goes over into dora, and perhaps comes out again."""
    with transaction(engine) as tx:
        carl, dora = find_member(tx, "carl"), find_member(tx, "dora")
        merge(tx, merged=carl, survivor=dora, reason="same", actor="eve", now=UnixSeconds(NOW + 1))
    if parts:
        work(engine)
        with transaction(engine) as tx:
            unmerge(tx, merged=carl, reason="not the same", actor="eve", now=UnixSeconds(NOW + 1))


def test_less_of_what_members_share__in_a_new_version__clean(engine: Engine) -> None:
    """Nobody loses what was given while there was more."""
    tell(engine, acts())
    work(engine)
    less = changed(("version: 1", "version: 2"), ("points: 25, per: ever", "points: 5, per: ever"))
    tell(engine, [act("z1", "reviewed", "dora", 29 * DAY)])
    work(engine, less)
    with reading(engine) as tx:
        assert replay(tx).findings == []
