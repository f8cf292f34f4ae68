"""A forum: its programme, its events, and what its database holds of a member."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Engine, select

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import reading, transaction
from loyaltychain.events.capture import capture
from loyaltychain.events.store import read_members
from loyaltychain.events.tables import members
from loyaltychain.events.types import Event
from loyaltychain.ledger.checks import check_ledger
from loyaltychain.ledger.tables import volumes
from loyaltychain.operations.conduct.step import ConductReport, conduct_step, conduct_tidy
from loyaltychain.operations.conduct.tables import decisions, grants
from loyaltychain.operations.earn import earn_step
from loyaltychain.operations.types import NO_BOUNDS, Bounds
from loyaltychain.program.load import parse_program
from loyaltychain.program.types import Program

START = UnixSeconds(1_772_323_200)  # 1 March 2026, 00:00 in London
DAY = 86_400
NOW = UnixSeconds(START + 90 * DAY)

FORUM = """
name: Forum
version: 1
timezone: Europe/London
currency: GBP
nobody: community
objects:
  question: {made_by: asked}
  answer: {made_by: answered, parent: question}
measures:
  score: {sum: value, of: voted}
behaviours:
  question:
    event: asked
    title: Ask.
    points: 5
    caps: [{points: 10, per: day}]
  answer:
    event: answered
    title: Answer somebody's question.
    points: 20
    qualifying: true
    retracted_by: [deleted]
    pending: {until: approved, reject: rejected, days: 7, otherwise: cancel}
  thanked:
    event: voted
    title: Be thanked.
    for: owner
    points: 3
    where: {value: {at_least: 1}}
    budget: {points: 9, per: ever}
achievements:
  answerer: {title: Answer twice., name: Answerer, count: {of: answer, times: 2}, points: 50, role: mentor}
  liked: {title: Be liked., name: Liked, object: {of: [answer], where: {score: {at_least: 2}}}, repeat: object}
  curious: {title: Ask first., name: Curious, count: {of: question, times: 1}, supply: 2}
streaks:
  asking: {title: Ask daily., of: [question], period: day, rewards: {2: 7}}
tiers:
  period: ever
  levels:
    - {id: member, name: Member, from: 0}
    - {id: gold, name: Gold, from: 40}
"""


def forum(text: str = FORUM, **changes: str) -> Program:
    """The programme, with these texts of it replaced by others."""
    for was, becomes in changes.items():
        assert was in text, was
        text = text.replace(was, becomes)
    return parse_program(text)


def act(id_: str, type_: str, member: str, at: int, **payload: Any) -> Event:
    """An event ``at`` seconds after the beginning."""
    return Event("forum", id_, type_, member, UnixSeconds(START + at), payload)


def asked(id_: str, member: str, at: int) -> Event:
    """A question, whose id is the event's."""
    return act(id_, "asked", member, at, object=id_)


def answered(id_: str, member: str, at: int, to: str) -> Event:
    """An answer to a question, by the id of its event."""
    return act(id_, "answered", member, at, object=id_, parent=to)


def voted(id_: str, member: str, at: int, about: str, value: int = 1) -> Event:
    """A vote about an object."""
    return act(id_, "voted", member, at, object=about, value=value)


def approved(id_: str, at: int, about: str, by: str = "mod") -> Event:
    """The word that lets an answer's points go."""
    return act(id_, "approved", by, at, event=f"forum/{about}")


def retracted(id_: str, at: int, about: str, *, fraud: bool = False) -> Event:
    """An act was taken back."""
    return act(id_, "loyaltychain.act.retracted", "mod", at, event=f"forum/{about}", fraud=fraud, reason="r")


def take(engine: Engine, *events: Event, received_at: UnixSeconds = NOW) -> None:
    """Capture events in this order."""
    with transaction(engine) as tx:
        capture(tx, events, received_at=received_at)


def fold(
    engine: Engine,
    program: Program,
    *,
    now: UnixSeconds = NOW,
    limit: int = 1000,
    bounds: Bounds = NO_BOUNDS,
    tidy: bool = True,
) -> list[ConductReport]:
    """Run both steps until nothing is left to do, and let time pass."""
    while earn_step(engine, program, now=now, limit=limit, bounds=bounds).events:
        pass
    reports: list[ConductReport] = []
    while not reports or reports[-1].work:
        reports.append(conduct_step(engine, program, now=now, limit=limit, bounds=bounds))
        assert len(reports) < 500, reports[-3:]
    if tidy:
        conduct_tidy(engine, program, now=now, bounds=bounds)
    return reports


def granted(engine: Engine) -> dict[tuple[str, str, str, str], tuple[Any, ...]]:
    """By member's id, rule, cause and occurrence: (awarded, state, reason), of grants that were not given up."""
    names = names_of(engine)
    with reading(engine) as tx:
        rows = tx.execute(select(grants).where(grants.c.is_latest == 1, grants.c.state != "gone")).all()
    return {
        (names[row.member], row.rule, row.cause.partition("/")[2], row.occurrence): (
            row.awarded, row.state, row.reason,
        )
        for row in rows
    }  # fmt: skip


def names_of(engine: Engine) -> dict[int, str]:
    """Members' ids by their numbers."""
    with reading(engine) as tx:
        return {row.number: row.member_id for row in tx.execute(select(members))}


def balances(engine: Engine) -> dict[tuple[str, str, str], int]:
    """By member's id, bucket and unit: what is there; buckets without anything are left out."""
    names = names_of(engine)
    found = {}
    with reading(engine) as tx:
        for row in tx.execute(select(volumes).where(volumes.c.account.like("member:%"))):
            _, number, bucket = row.account.split(":")
            if row.total_in != row.total_out:
                found[names[int(number)], bucket, row.unit] = row.total_in - row.total_out
    return found


def taken(engine: Engine) -> dict[tuple[str, str], tuple[int, int]]:
    """Decisions in force: (wanted, granted) by resource and key."""
    with reading(engine) as tx:
        rows = tx.execute(select(decisions).where(decisions.c.is_latest == 1, decisions.c.wanted > 0)).all()
    return {(row.resource, row.key): (row.wanted, row.granted) for row in rows}


def check(engine: Engine) -> None:
    """The ledger is sound, and holds for each grant exactly what the grant says."""
    with reading(engine) as tx:
        assert check_ledger(tx) == []
        rows = tx.execute(select(grants).where(grants.c.is_latest == 1)).all()
    for row in rows:
        assert row.problem is not None or row.state == "held" or row.posted == row.awarded, row


def number_of(engine: Engine, member: str) -> int:
    """A member's number."""
    with reading(engine) as tx:
        return read_members(tx, [member])[member].number


Snapshot = tuple[Mapping[Any, Any], Mapping[Any, Any]]


def snapshot(engine: Engine) -> Snapshot:
    """What does not depend on the order of arrival."""
    return granted(engine), balances(engine)


def history() -> Sequence[Event]:
    """Two members who ask, answer, vote, approve and take back, in the order of time."""
    return (
        asked("q1", "ann", 0),
        asked("q2", "ann", 100),
        asked("q3", "ann", 200),
        answered("a1", "bob", 300, "q1"),
        voted("v1", "cat", 400, "a1"),
        approved("p1", 500, "a1"),
        answered("a2", "bob", DAY, "q2"),
        voted("v2", "dan", DAY + 100, "a1"),
        voted("v3", "cat", DAY + 200, "a2"),
        approved("p2", DAY + 300, "a2"),
        voted("v4", "dan", DAY + 400, "a2"),
        asked("q4", "ann", DAY + 500),
        retracted("r1", DAY + 600, "q1"),
        answered("a3", "ann", 2 * DAY, "q4"),
        act("d1", "deleted", "mod", 2 * DAY + 10, object="a2"),
        answered("a4", "ann", 2 * DAY + 20, "q4"),
    )
