"""Maps whose rows are events with a payload of fields

given a map with fields
    its columns are all that they name; the event's payload is what they say, its member the column's or a constant
    a field with types stands in events of those alone; an empty cell leaves a field out
    together with an amount the payload holds both
    a time of which only the day is known is the end of that day, in the map's zone
given a map that breaks a rule
    it raises InvalidMap naming the field and the problem
given a cell that is no such value
    it raises InvalidEvent naming the column and what stands there
given skip with one_of or none_of
    rows with one of these words, or with none of them, are left out
given the same file and two maps of different sources
    each row is two events
"""

from pathlib import Path
from typing import Any

import pytest

from loyaltychain.core import errors
from loyaltychain.core.times import format_instant
from loyaltychain.db.engine import transaction
from loyaltychain.events.cells import is_left_out
from loyaltychain.events.ingest import ingest_file
from loyaltychain.events.map import EventMap, parse_map
from loyaltychain.events.rows import Row
from loyaltychain.events.shape import make_event
from loyaltychain.events.store import read_events
from loyaltychain.events.types import Event
from tests.database import fresh_database
from tests.events.builders import LATER, write_file

POSTS_MAP = """
source: forum-posts
id: {column: Id}
member: {column: Owner, when_empty: nobody}
type: {column: Kind, values: {"1": question_asked, "2": answer_given}}
time: {column: At, format: iso, zone: UTC}
fields:
  object: {column: Id, prefix: post-}
  parent: {column: Parent, prefix: post-}
  views: {column: Views, as: integer, types: [question_asked]}
  votes: {sum: [Up, Down]}
  mood: {column: Mood, values: {"+": 1, "-": -1, "?": false}}
  channel: {constant: forum}
skip:
  - {column: Kind, none_of: ["1", "2"]}
"""
CELLS = {
    "Id": "7", "Owner": "ann", "Kind": "1", "At": "2026-01-01T12:00:00.987", "Parent": "", "Views": "12",
    "Up": "3", "Down": "1", "Mood": "-",
}  # fmt: skip


def shaped(event_map: str = POSTS_MAP, **cells: str | None) -> Event:
    return make_event(parse_map(event_map), Row(2, "raw", CELLS | cells), file_id="f", received_at=LATER)


def changed(old: str, new: str) -> str:
    assert old in POSTS_MAP
    return POSTS_MAP.replace(old, new)


def test_parse_map__fields__names_its_columns() -> None:
    assert parse_map(POSTS_MAP).columns == {
        "id.column": "Id",
        "member.column": "Owner",
        "type.column": "Kind",
        "time.column": "At",
        "fields.object.column": "Id",
        "fields.parent.column": "Parent",
        "fields.views.column": "Views",
        "fields.votes.sum[0]": "Up",
        "fields.votes.sum[1]": "Down",
        "fields.mood.column": "Mood",
        "skip[0].column": "Kind",
    }


def test_make_event__fields__are_its_payload_and_milliseconds_are_dropped() -> None:
    event = shaped()

    assert event.payload == {"object": "post-7", "views": 12, "votes": 4, "mood": -1, "channel": "forum"}
    assert (event.source, event.id, event.type, event.member_id) == ("forum-posts", "7", "question_asked", "ann")
    assert event.occurred_at == shaped(At="2026-01-01T12:00:00").occurred_at


def test_make_event__other_type__has_its_own_fields() -> None:
    assert shaped(Kind="2", Parent="5", Mood="?").payload == {
        "object": "post-7", "parent": "post-5", "votes": 4, "mood": False, "channel": "forum",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("cells", "left"),
    [
        ({"Views": " "}, {"object", "votes", "mood", "channel"}),
        ({"Up": ""}, {"object", "views", "votes", "mood", "channel"}),
        ({"Up": "", "Down": ""}, {"object", "views", "mood", "channel"}),
        ({"Mood": ""}, {"object", "views", "votes", "channel"}),
    ],
)
def test_make_event__empty_cells__leave_their_field_out(cells: dict[str, str], left: set[str]) -> None:
    assert shaped(**cells).payload.keys() == left


def test_make_event__fields_and_amount__both_in_the_payload() -> None:
    event = shaped(changed("fields:", "amount: {column: Views, currency: GBP}\nfields:"))

    assert event.payload == {
        "amount": 1200, "currency": "GBP", "object": "post-7", "views": 12, "votes": 4, "mood": -1, "channel": "forum",
    }  # fmt: skip


def test_make_event__no_fields_at_all__empty_payload() -> None:
    event_map = POSTS_MAP[: POSTS_MAP.index("fields:")] + "fields: {}\n"

    assert shaped(event_map).payload == {}


@pytest.mark.parametrize(
    ("part", "owner", "member"),
    [
        ("{column: Owner, when_empty: nobody}", " ", "nobody"),
        ("{column: Owner, when_empty: nobody}", "bob", "bob"),
        ("{constant: community}", "bob", "community"),
    ],
)
def test_make_event__member__by_column_or_constant(part: str, owner: str, member: str) -> None:
    assert shaped(changed("{column: Owner, when_empty: nobody}", part), Owner=owner).member_id == member


@pytest.mark.parametrize(
    ("zone", "at", "end"),
    [
        ("UTC", "2026-01-01T00:00:00.000", "2026-01-01T23:59:59Z"),
        ("UTC", "2025-12-31T23:59:59", "2025-12-31T23:59:59Z"),
        ("Europe/London", "2025-10-26", "2025-10-26T23:59:59Z"),  # a day of 25 hours
        ("Europe/London", "2025-03-30T00:30", "2025-03-30T22:59:59Z"),  # and one of 23
    ],
)
def test_make_event__a_day_alone__its_end(zone: str, at: str, end: str) -> None:
    event_map = changed("zone: UTC}", f"zone: {zone}, moment: end_of_day}}")

    assert format_instant(shaped(event_map, At=at).occurred_at) == end


@pytest.mark.parametrize(
    ("cells", "problem"),
    [
        ({"Views": "many"}, "not a whole number.*column: Views; found: many"),
        ({"Views": "1.5"}, "not a whole number.*column: Views"),
        ({"Up": "x"}, "not a whole number.*column: Up"),
        ({"Up": "9007199254740991"}, "too large.*column: Up; found: 9007199254740992"),
        ({"Mood": "!"}, "no value for this word.*column: Mood; found: !"),
        ({"Views": None}, "list or an object.*column: Views"),
    ],
)
def test_make_event__wrong_cell__says_which(cells: dict[str, Any], problem: str) -> None:
    with pytest.raises(errors.InvalidEvent, match=problem):
        shaped(**cells)


def test_make_event__empty_member_and_nobody_in_its_place__refused() -> None:
    with pytest.raises(errors.InvalidEvent, match=r"empty or missing.*column: Owner"):
        shaped(changed(", when_empty: nobody", ""), Owner="")


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("{column: Owner, when_empty: nobody}", "{}", "member: give exactly one of column, constant; given: none"),
        ("{column: Owner, when_empty: nobody}", "{constant: a, when_empty: b}", "member: when_empty goes with a col"),
        ("{column: Owner, when_empty: nobody}", "{constant: ''}", "member.constant: .*at least 1 character"),
        ("{constant: forum}", "{}", "fields.channel: give exactly one of constant, column, sum"),
        ("{constant: forum}", "{constant: a, column: Id}", "fields.channel: give exactly one of constant, column"),
        ("{constant: forum}", "{constant: 1.5}", None),  # text: the file's numbers are whole or text
        ("{constant: forum}", "{constant: a, prefix: b}", "fields.channel: as, prefix and values go with a column"),
        ("zone: UTC}", "zone: UTC, moment: noon}", "time.moment: .*'end_of_day'"),
        ("format: iso, zone: UTC}", "format: unix, moment: end_of_day}", "time: end_of_day goes with a zone"),
        ("as: integer", "as: number", "fields.views.as: .*'text' or 'integer'"),
        ("as: integer", "as: integer, prefix: x", "fields.views: give one of as, prefix and values"),
        ("[Up, Down]", "[Up]", "fields.votes.sum: .*at least 2"),
        ("prefix: post-}\n  parent", "post: x}\n  parent", r"fields.object.post: there is no such field"),
        ("types: [question_asked]", "types: []", "fields.views.types: .*at least 1"),
        ("  channel:", "  a b:", "fields.a b: .*pattern|fields.a b.*match pattern"),
        ("fields:", "amount: {column: V, currency: GBP}\nfields:\n  unit: {constant: x}", "writes these .*: unit"),
        ("none_of: [", "one_of: ['1'], none_of: [", r"skip\[0\]: give exactly one of empty, equals, one_of, none_of"),
        ("none_of: ['1', '2']".replace("'", '"'), "none_of: []", r"skip\[0\].none_of: .*at least 1"),
    ],
)
def test_parse_map__breaks_a_rule__says_where(old: str, new: str, problem: str | None) -> None:
    if problem is None:
        assert parse_map(changed(old, new)).fields
        return
    with pytest.raises(errors.InvalidMap, match=problem):
        parse_map(changed(old, new))


def test_parse_map__fields_with_lines__refused() -> None:
    lines = "lines: {id: line, item: {column: i}, quantity: {column: q}, amount: {column: a, currency: GBP}}\nskip:"

    with pytest.raises(errors.InvalidMap, match="fields go with rows that are events"):
        parse_map(changed("skip:", lines))


@pytest.mark.parametrize(
    ("condition", "text", "is_out"),
    [
        ('none_of: ["1", "2"]', "1", False),
        ('none_of: ["1", "2"]', "5", True),
        ('none_of: ["1", "2"]', "", True),
        ('one_of: ["4", "5"]', "5", True),
        ('one_of: ["4", "5"]', "1", False),
        ('one_of: ["4", "5"]', "", False),
    ],
)
def test_is_left_out__one_of_and_none_of__hold(condition: str, text: str, is_out: bool) -> None:
    event_map = parse_map(changed('none_of: ["1", "2"]', condition))

    assert is_left_out(event_map, Row(2, "raw", CELLS | {"Kind": text})) is is_out


def test_ingest_file__one_file_by_two_maps__two_events_a_row(tmp_path: Path) -> None:
    engine = fresh_database("sqlite")
    file = write_file(tmp_path / "posts.csv", ",".join(CELLS) + "\n" + ",".join(CELLS.values()) + "\n")
    views = changed("source: forum-posts", "source: forum-views")
    views = views.replace('{column: Kind, values: {"1": question_asked, "2": answer_given}}', "{constant: views_read}")
    maps: list[EventMap] = [parse_map(POSTS_MAP), parse_map(views)]

    reports = [
        ingest_file(engine, file, format="csv", event_map=each, received_at=LATER, rejects=tmp_path / "r.csv")
        for each in maps
    ]

    assert [(each.taken, each.rejected) for each in reports] == [(1, 0), (1, 0)]
    with transaction(engine) as tx:
        assert [each.event.type for each in read_events(tx, 0, 10)] == ["question_asked", "views_read"]
    engine.dispose()
