"""replay --verify over versions that change what members' facts are, with merges between: no difference

What the worlds found once, each by itself: they are drawn anew with every change of how they are drawn.
"""

import pytest
from sqlalchemy import Engine

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import reading, transaction
from loyaltychain.events.identity import find_member
from loyaltychain.events.types import Event
from loyaltychain.operations.conduct.step import conduct_step
from loyaltychain.operations.merge import merge
from loyaltychain.program.types import Program
from loyaltychain.reports.replay.verify import verify
from tests.reports.forum import DAY, NOW, act, acts, changed, program, tell, work

REFERRALS = """
  friend:
    {{event: referred, qualified_by: answered, title: Bring a friend to us., days: 20, referrer: 50, referee: 20{}}}
"""


def clean(engine: Engine) -> None:
    with reading(engine) as tx:
        assert verify(tx, now=NOW).findings == []


def with_referrals(version: int, more: str) -> Program:
    referral = "nudges:", f"referrals:{REFERRALS.format(more)}nudges:"
    return changed(("version: 1", f"version: {version}"), referral)


def sent() -> list[Event]:
    return [
        act("f0", "asked", "ann", 0, object="q7", device="d", ip="i"),
        act("f1", "referred", "bob", 10, referrer="ann", device="d", ip="i"),
        act("f2", "referred", "carl", 20, referrer="ann", device="d"),
        act("f3", "referred", "dora", DAY, referrer="ann", ip="i"),
    ]


@pytest.mark.parametrize(("first", "second"), [
    ("", ", hold_on: [device]"), (", hold_on: [device]", ", hold_on: [ip]"), (", signal_on: [ip]", ""),
    (", velocity: {times: 1, per: day}", ", velocity: {times: 1, per: month}"),
])  # fmt: skip
def test_referrals__compared_or_counted_otherwise_in_a_new_version__clean(
    engine: Engine, first: str, second: str
) -> None:
    tell(engine, [*acts(), *sent()])
    work(engine, with_referrals(1, first))
    clean(engine)
    tell(engine, [act("f4", "referred", "eve", 2 * DAY, referrer="ann", device="d", ip="i"),
                  act("late", "asked", "bob", 5, object="q8", device="d")])  # fmt: skip
    work(engine, with_referrals(2, second))
    clean(engine)


def test_merged__then_a_new_version__clean(engine: Engine) -> None:
    tell(engine, acts())
    work(engine)
    with transaction(engine) as tx:
        carl, dora = find_member(tx, "carl"), find_member(tx, "dora")
        merge(tx, merged=carl, survivor=dora, reason="same", actor="eve", now=UnixSeconds(NOW - 1))
    work(engine)
    clean(engine)
    tell(engine, [act("z1", "asked", "ann", 29 * DAY, object="z1")])
    work(engine, changed(("version: 1", "version: 2"), ("points: 5}", "points: 6}")))
    clean(engine)


def test_nobody__another_member_in_a_new_version__clean(engine: Engine) -> None:
    tell(engine, acts())
    work(engine)
    tell(engine, [act("z1", "reviewed", "carl", 29 * DAY)])
    work(engine, changed(("version: 1", "version: 2"), ("units:", "nobody: carl\nunits:")))
    clean(engine)


def test_new_version__old_events_are_asked_in_portions__waiting_meanwhile(engine: Engine) -> None:
    """A version that asks for more than was asked for is caught up with run by run: nothing is wrong until then."""
    tell(engine, [*acts(), *(act(f"l{each}", "logged", "ann", each) for each in range(5))])
    work(engine, program())
    more = changed(
        ("version: 1", "version: 2"), ("  ask:", "  log: {event: logged, title: Log in., points: 1}\n  ask:")
    )
    assert conduct_step(engine, more, now=NOW, limit=2).work
    with reading(engine) as tx:
        found = verify(tx, now=NOW)
    assert found.findings == [] and found.waiting
    work(engine, more)
    clean(engine)


def test_what_took_acts_back__is_an_act_in_a_new_version__old_ones_are_asked(engine: Engine) -> None:
    """It was looked at before, and was nobody's fact."""
    takes = "points: 10\n    budget", "points: 10\n    retracted_by: [flagged]\n    budget"
    tell(engine, [*acts(), act("x1", "flagged", "eve", 6 * DAY, event="forum/r1")])
    work(engine, changed(takes))
    clean(engine)
    second = changed(("version: 1", "version: 2"), takes, ("  ask:", "  flag: {event: flagged, title: Flag.}\n  ask:"))
    work(engine, second)
    tell(engine, [act("x2", "asked", "eve", 7 * DAY, object="q9")])
    work(engine, second)
    clean(engine)
