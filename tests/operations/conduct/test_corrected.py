"""A correction of an event that behaviours count
├── is refused, with what to do instead, and changes nothing; also when only an earlier version counted it
├── retracted and told anew: what it should have been
└── of an event that they do not count: is posted
"""

import json
from typing import Any

from sqlalchemy import Engine, select

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import reading
from loyaltychain.events.store import read_event
from loyaltychain.events.types import Event
from loyaltychain.operations.own_events import CORRECTED
from loyaltychain.operations.tables import outcomes
from loyaltychain.program.load import parse_program
from tests.operations.conduct.forum import NOW, START, act, check, fold, snapshot, take

TEXT = """
name: Readers
version: 1
timezone: Europe/London
currency: GBP
rules:
  - {id: spend, kind: points_per_currency_unit, event: bought, points: 1, per: "1.00", rounding: down}
  - {id: fee, kind: points_per_currency_unit, event: paid, points: 1, per: "1.00", rounding: down}
behaviours:
  read: {event: read, title: Read pages., points: {give: 1, per: 10, of: pages}}
  buy: {event: bought, title: Buy a book., points: 7}
"""
LATER = TEXT.replace("version: 1", "version: 2").replace(
    "  buy: {event: bought, title: Buy a book., points: 7}\n", ""
)  # fmt: skip


def corrected(id_: str, of: str, **payload: Any) -> Event:
    said = {"corrects": {"source": "forum", "id": of}, "payload": payload}
    return Event("forum", id_, CORRECTED, "ann", UnixSeconds(START + 500), said)


def outcome(engine: Engine, id_: str) -> tuple[str, dict[str, Any]]:
    with reading(engine) as tx:
        event = read_event(tx, "forum", id_)
        assert event is not None
        row = tx.execute(select(outcomes).where(outcomes.c.position == event.position)).one()
    return row.outcome, json.loads(row.explanation)


def test_correction__of_an_act__is_refused_and_changes_nothing(engine: Engine) -> None:
    program = parse_program(TEXT)
    take(engine, act("r1", "read", "ann", 10, pages=100),
         act("b1", "bought", "ann", 20, amount=900, currency="GBP"))  # fmt: skip
    fold(engine, program)
    before = snapshot(engine)

    take(engine, corrected("c1", "r1", pages=500), corrected("c2", "b1", amount=9_000, currency="GBP"),
         corrected("c3", "c1", pages=1))  # fmt: skip
    fold(engine, program)
    for id_ in ("c1", "c2", "c3"):
        found, said = outcome(engine, id_)
        assert (found, said["reason"]) == ("refused", "not-correctable"), said
        assert "loyaltychain.act.retracted" in json.dumps(said)
    assert snapshot(engine) == before

    take(engine, corrected("c4", "b1", amount=9_000, currency="GBP"))
    fold(engine, parse_program(LATER))
    assert outcome(engine, "c4")[0] == "refused"
    check(engine)


def test_correction__of_what_they_do_not_count__is_posted(engine: Engine) -> None:
    take(
        engine,
        act("p1", "paid", "ann", 20, amount=900, currency="GBP"),
        corrected("c1", "p1", amount=1_500, currency="GBP"),
    )
    fold(engine, parse_program(TEXT))

    assert outcome(engine, "c1")[0] == "posted"
    check(engine)


def test_correction__retracted_and_told_anew__is_what_it_should_have_been(engine: Engine) -> None:
    program = parse_program(TEXT)
    take(engine, act("r1", "read", "ann", 10, pages=100))
    fold(engine, program)
    take(engine, act("x1", "loyaltychain.act.retracted", "ann", 30, event="forum/r1", fraud=False, reason="mistyped"),
         act("r2", "read", "ann", 10, pages=500))  # fmt: skip
    fold(engine, program, now=NOW)

    found, _ = snapshot(engine)
    given = {cause: each[0] for (_, rule, cause, _), each in found.items() if rule == "behaviour:read"}
    assert given == {"r1": 0, "r2": 50}
    check(engine)
