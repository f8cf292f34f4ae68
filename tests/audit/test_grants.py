"""GrantCheck, of what a forum and a club really gave

given random histories of a club with everything in it, over two versions, told late, taken back, merged
└── nothing is found but what sealed entries leave open
given a forum's export in which one thing is false
└── exactly that is found
given a programme that is not at hand, or was never published
└── it is said
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import transaction
from loyaltychain.events.identity import find_member
from loyaltychain.operations.merge import merge
from loyaltychain.program.load import parse_program
from loyaltychain.program.types import Program
from tests.audit.granting import Lines, audit, export_of
from tests.database import fresh_database
from tests.reports import forum
from tests.reports.replay.test_club import MEMBERS, SECOND, TEXT, Crowd

BEHAVIOURS = """
name: Shop
version: 1
timezone: Europe/London
currency: GBP
behaviours:
  scan:
    event: scanned
    title: Scan pages.
    points: {give: 2, per: 10, of: pages, each: issues, rounding: half_even}
    caps: [{points: 40, per: week}, {points: 30, per: day, each: device}]
  read: {event: read, title: Read pages., points: {give: 3, per: 7, of: n, rounding: up}, every: 2}
  break: {event: broke, title: Break nothing., points: -4}
  open: {event: opened, title: Open it., points: 6, caps: [{times: 2, per: day}]}
boosts:
  week: {times: "1.5", rounding: up, behaviours: [read, open], from: "2026-05-01", to: "2026-06-30"}
"""


def history(seed: int, *, merged: bool) -> Lines:
    """The export of what a club's members did by chance, in two versions."""
    engine, crowd = fresh_database("sqlite"), Crowd(seed)
    for member in MEMBERS:
        crowd.say("joined", member)
    for piece in range(4):
        start = len(crowd.told) if piece else 0
        for _ in range(40):
            crowd.act()
        told, now = crowd.told[start:], UnixSeconds(forum.NOW + 10 * piece)
        crowd.chance.shuffle(told)
        forum.tell(engine, told, now=now)
        forum.work(
            engine, parse_program(TEXT if piece < 2 else SECOND), now=now, limit=crowd.chance.choice([1, 7, 100])
        )
    if merged:
        with transaction(engine) as tx:
            one, other = (find_member(tx, each) for each in crowd.chance.sample(MEMBERS, 2))
            merge(tx, merged=one, survivor=other, reason="same", actor="zoe", now=UnixSeconds(forum.NOW + 41))
    forum.work(engine, parse_program(SECOND), now=UnixSeconds(forum.NOW + 30 * forum.DAY))
    lines = export_of(engine, parse_program(TEXT), parse_program(SECOND))
    engine.dispose()
    return lines


@pytest.mark.parametrize("seed", range(6))
def test_grants__random_histories__no_finding(seed: int, tmp_path: Path) -> None:
    found = audit(history(seed, merged=False), tmp_path, parse_program(TEXT), parse_program(SECOND))

    assert [each for each in found.findings if each.subject != "edits of orders"] == []
    assert found.grants.awards > 90
    assert found.grants.badges > 8
    assert found.grants.conditions > 90
    assert found.sealed < 6


@pytest.mark.parametrize("seed", range(3))
def test_grants__merged_members__are_not_accused(seed: int, tmp_path: Path) -> None:
    found = audit(history(seed, merged=True), tmp_path, parse_program(TEXT), parse_program(SECOND))

    assert found.codes <= {"award-unchecked"}
    assert found.grants.awards > 90


@pytest.fixture(scope="module")
def told() -> Lines:
    """The forum's own export."""
    engine = fresh_database("sqlite")
    forum.play(engine)
    lines = export_of(engine, forum.program())
    engine.dispose()
    return lines


def entry(lines: Lines, id_: str) -> dict[str, Any]:
    return next(line for line in lines if line["document"] is not None and line["document"]["id"] == id_)


ANSWER, BONUS, BADGE = "earn:behaviour:help:2::forum/a1", "earn:achievement:first:2:points:forum/a1", \
    "badge:achievement:first:2::forum/a1"  # fmt: skip
STREAK, REVIEW, GUIDE = "earn:streak:daily:2:2:forum/a4", "earn:behaviour:review:7::forum/s1", \
    "earn:behaviour:guide:6::forum/g3"  # fmt: skip


def says(id_: str, **details: Any) -> Callable[[Lines], None]:
    """An entry's details say something else."""
    return lambda lines: entry(lines, id_)["document"]["details"].update(details)


def moves(id_: str, amount: int, place: int = 0) -> Callable[[Lines], None]:
    return lambda lines: entry(lines, id_)["document"]["postings"][place].update(amount=amount)


def gives(id_: str, amount: int, **details: Any) -> Callable[[Lines], None]:
    """An award of so much, in posting and details alike."""

    def spoil(lines: Lines) -> None:
        moves(id_, amount)(lines)
        says(id_, desired=amount, awarded=amount, **details)(lines)

    return spoil


def again(id_: str, name: str, before: str = "", after: str = "", *, later: int = 0) -> Callable[[Lines], None]:
    """The entry another time, under another id, and with a part of its award's name replaced."""

    def spoil(lines: Lines) -> None:
        line = json.loads(
            json.dumps(entry(lines, id_)).replace(before, after) if before else json.dumps(entry(lines, id_))
        )
        line["document"]["id"] = name
        line |= {"position": len(lines) + 1, "recorded_at": line["recorded_at"] + later}
        lines.append(line)
        if later:
            lines.append(json.loads(json.dumps(line)) | {"recorded_at": line["recorded_at"] + 1, "document": None})

    return spoil


def of(id_: str, **values: Any) -> Callable[[Lines], None]:
    return lambda lines: entry(lines, id_).update(values)


def document(id_: str, **values: Any) -> Callable[[Lines], None]:
    return lambda lines: entry(lines, id_)["document"].update(values)


def test_grants__forum__all_is_held_against_the_programme(told: Lines, tmp_path: Path) -> None:
    found = audit(told, tmp_path, forum.program())

    assert found.findings == []
    grants = found.grants
    assert (grants.awards, grants.points, grants.badges, grants.conditions, found.sealed) == (14, 347, 3, 7, 0)


@pytest.mark.parametrize(
    ("spoil", "codes"),
    [
        (gives(ANSWER, 200, inputs={"base": 200, "give": 200}), {"award-differs", "award-exceeds", "award-unchecked"}),
        (gives(ANSWER, 30, inputs={"base": 20, "give": 20, "boosts": [
            {"id": "double", "times": 3, "per": 2, "rounding": "down"}]}),
         {"award-unfounded", "award-differs", "award-exceeds", "award-unchecked"}),
        (moves(ANSWER, 21), {"award-exceeds", "award-unchecked"}),
        (moves(ANSWER, 19), {"award-differs"}),
        (moves(ANSWER, 21, place=1), {"award-differs"}),
        (gives(BONUS, 51), {"award-differs", "award-exceeds"}),
        (gives(STREAK, 8), {"award-differs", "award-exceeds"}),
        (says(REVIEW, awarded=10), {"award-differs"}),
        (gives(REVIEW, 10), {"award-unchecked"}),
        (says(REVIEW, inputs={"base": 10, "give": 10, "cap": {"most": 30, "per": "ever", "unit": "points"}}),
         {"award-unfounded"}),
        (moves(BADGE, 2), {"award-exceeds", "award-unfounded"}),
        (says(ANSWER, version="0x" + "11" * 32), {"entry-program"}),
        (document(ANSWER, program="0x" + "11" * 32), {"entry-program"}),
        (document(ANSWER, rule="behaviour:ask"), {"award-unfounded"}),
        (document(ANSWER, cause="forum/q1"), {"award-unfounded"}),
        (document(ANSWER, kind="redeem"), {"award-unfounded"}),
        (document(BADGE, details=None), {"award-unfounded"}),
        (document(ANSWER, details=None), {"award-unfounded"}),
        (of(ANSWER, event=None, type=None, facts=None), {"award-unfounded"}),
        (of(ANSWER, type="asked"), {"award-unfounded"}),
        (again(ANSWER, f"{ANSWER}x"), {"award-exceeds", "award-unchecked"}),
        (again(ANSWER, "earn:behaviour:hulp:2::forum/a1", "behaviour:help", "behaviour:hulp"), {"award-unfounded"}),
        (again(ANSWER, "earn:behaviour:help:2::forum/a9", "forum/a1", "forum/a9"), {"award-unchecked"}),
        (again(ANSWER, "earn:behaviour:help:2::forum/a9", "forum/a1", "forum/a9", later=1), {"award-exceeds"}),
        (again(BADGE, "badge:achievement:first:2::forum/a9", "forum/a1", "forum/a9", later=1), {"award-exceeds"}),
        (again(BONUS, "earn:achievement:first:2:points:forum/a9", "forum/a1", "forum/a9", later=1), {"award-exceeds"}),
        (again(STREAK, "earn:streak:daily:2:3:forum/a4", ":2:2:", ":2:3:"), {"award-unfounded"}),
        (again("badge:achievement:rare:7::forum/s3", "badge:achievement:rare:9::forum/s3", ":7:", ":9:",
               later=1), {"award-exceeds"}),
    ],
)  # fmt: skip
def test_grants__one_thing_false__is_found(
    told: Lines, tmp_path: Path, spoil: Callable[[Lines], None], codes: set[str]
) -> None:
    lines = json.loads(json.dumps(told))
    spoil(lines)

    assert audit(lines, tmp_path, forum.program()).codes == codes


def test_grants__rules_not_at_hand__are_unchecked_and_never_published_ones_false(told: Lines, tmp_path: Path) -> None:
    assert audit(told, tmp_path, published=[forum.program()]).codes == {"award-unchecked"}
    assert audit(told, tmp_path, forum.program(), published=[]).codes == {"entry-program"}


def play_shop(program: Program) -> Lines:
    engine = fresh_database("sqlite")
    forum.tell(engine, [
        forum.act("s1", "scanned", "ann", 0, issues=[{"pages": 25}, {"pages": 15}, {"pages": "9"}, {}], device="phone"),
        forum.act("s2", "scanned", "ann", 9, issues=[{"pages": 160}]),
        forum.act("s3", "scanned", "ann", 10, issues=[{"pages": 160}], device="phone"),
        forum.act("s4", "scanned", "bob", 10, issues="none"),
        *(forum.act(f"r{each}", "read", "bob", each * forum.DAY, n=10 * each) for each in range(1, 5)),
        forum.act("b1", "broke", "bob", 5 * forum.DAY),
        *(forum.act(f"o{each}", "opened", "cay", each) for each in range(1, 5)),
    ])  # fmt: skip
    forum.work(engine, program)
    lines = export_of(engine, program)
    engine.dispose()
    return lines


def test_grants__in_proportion_by_item_boosted_and_below_zero__are_worked_out(tmp_path: Path) -> None:
    program = parse_program(BEHAVIOURS)
    lines = play_shop(program)

    found = audit(lines, tmp_path, program)
    assert found.findings == []
    assert (found.grants.awards, found.grants.points, found.sealed) == (7, 88, 0)
    told = next(line for line in lines if line["document"]["cause"] == "forum/s1")
    assert told["facts"] == {"items": [25, 15, None, None]}
    told["facts"]["items"][0] = 35
    assert audit(lines, tmp_path, program).codes == {"award-differs"}
    told["facts"] = None
    assert audit(lines, tmp_path, program).codes == {"award-unchecked"}


def test_grants__a_device_or_a_reason__is_in_no_byte(tmp_path: Path) -> None:
    program = parse_program(BEHAVIOURS.replace("points: 30, per: day", "points: 5, per: day"))
    lines = play_shop(program)

    assert "phone" not in json.dumps(lines)
    found = audit(lines, tmp_path, program)
    assert (found.findings, found.sealed) == ([], 1)
    club = history(1, merged=False)
    assert '"why"' not in json.dumps(club)
