"""verify
├── given a log as it was recorded, and heads that were kept of it: nothing
├── given 1,000 random tamperings, made with the guards taken away: each is found
│   ├── by the log alone: an edit of any column, a row taken out, put in, or exchanged
│   └── by a head that was kept: the end cut, or all from somewhere on written anew
├── given a kept head beyond the end, or another one: says which
└── given text that is no head: it is refused
"""

import json
import random
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine, delete, insert, select, text, update

from loyaltychain.actions.log import Head, head, next_head
from loyaltychain.actions.tables import actions
from loyaltychain.actions.verify import parse_head, verify
from loyaltychain.core import canonical, errors
from loyaltychain.core.hashing import ZERO_HASH, from_hex, to_hex
from loyaltychain.db.engine import Tx, reading, transaction
from tests.actions.builders import LENGTH, fill

TAMPERINGS = 1_000
COLUMNS = [column.name for column in actions.columns]
NUMBERS = {"position", "at"}

Rows = list[dict[str, Any]]


def rows_of(tx: Tx) -> Rows:
    return [dict(row._mapping) for row in tx.execute(select(actions).order_by(actions.c.position))]


def other_value(dice: random.Random, column: str, value: Any) -> Any:
    """Another value of this column: near the true one, empty, or somebody else's."""
    if column in NUMBERS:
        return value + dice.choice([-1, 1, 1000])
    others: list[Any] = ["", f"{value} ", f"{value}x", "0x" + "ab" * 32, '{"cost":3}', str(value).upper()]
    if column in ("request_id", "details"):
        others.append(None)
    return dice.choice([other for other in others if other != value])


def edit(dice: random.Random, rows: Rows) -> Rows:
    row, column = dice.choice(rows), dice.choice(COLUMNS)
    row[column] = other_value(dice, column, row[column])
    return rows if len({row["position"] for row in rows}) == len(rows) else edit_text(dice, rows, row)


def edit_text(dice: random.Random, rows: Rows, row: dict[str, Any]) -> Rows:
    """The number that was chosen is another row's: that row goes, as if it had been written over."""
    return [each for each in rows if each is row or each["position"] != row["position"]]


def take_out(dice: random.Random, rows: Rows) -> Rows:
    del rows[dice.randrange(len(rows) - 1)]
    return rows


def take_out_and_close(dice: random.Random, rows: Rows) -> Rows:
    """Take a row out and number the others anew, as if it had never been."""
    del rows[dice.randrange(len(rows) - 1)]
    for position, row in enumerate(rows, start=1):
        row["position"] = position
    return rows


def exchange(dice: random.Random, rows: Rows) -> Rows:
    one, two = dice.sample(rows, 2)
    one["position"], two["position"] = two["position"], one["position"]
    return rows


def exchange_content(dice: random.Random, rows: Rows) -> Rows:
    """Two actions change places, each with a digest that is its own."""
    one, two = dice.sample(rows, 2)
    for column in set(COLUMNS) - {"position", "head"}:
        one[column], two[column] = two[column], one[column]
    return rows


def put_in(dice: random.Random, rows: Rows) -> Rows:
    """A forged action at the end, or before another one, with a true digest and a head of nowhere."""
    forged = dict(dice.choice(rows)) | {"actor": "mallory", "head": dice.choice(rows)["head"]}
    forged["digest"] = true_digest(forged)
    place = dice.randrange(len(rows) + 1)
    rows.insert(place, forged)
    for position, row in enumerate(rows, start=1):
        row["position"] = position
    return rows


def cut_the_end(dice: random.Random, rows: Rows) -> Rows:
    return rows[: dice.randrange(len(rows))]


def write_anew(dice: random.Random, rows: Rows) -> Rows:
    """Change one action and make digests and heads true from there on: the log alone cannot know."""
    first = dice.randrange(len(rows))
    rows[first]["actor"] = "mallory"
    chain = from_hex(rows[first - 1]["head"]) if first else ZERO_HASH
    for row in rows[first:]:
        row["digest"] = true_digest(row)
        chain = next_head(chain, position=row["position"], digest=from_hex(row["digest"]))
        row["head"] = to_hex(chain)
    return rows


def true_digest(row: dict[str, Any]) -> str:
    names = ("actor", "action", "subject", "reason", "at", "request_id")
    details = None if row["details"] is None else json.loads(row["details"])
    return to_hex(canonical.digest({name: row[name] for name in names} | {"details": details}))


ALONE = [edit, edit, edit, take_out, take_out_and_close, exchange, exchange_content, put_in]
WITH_A_HEAD = [cut_the_end, write_anew]


def take_guards_away(tx: Tx) -> None:
    on = " ON actions" if tx.dialect.name == "postgresql" else ""
    for change in ("update", "delete"):
        tx.execute(text(f"DROP TRIGGER no_{change}_actions{on}"))


def tampered(tx: Tx, tamper: Callable[[random.Random, Rows], Rows], dice: random.Random) -> Rows | None:
    """Write what ``tamper`` makes of the log; None where it is still what it was."""
    before = rows_of(tx)
    after = tamper(dice, rows_of(tx))
    if after == before:
        return None
    tx.execute(delete(actions))
    if after:
        tx.execute(insert(actions), after)
    return after


def test_verify__true_log__nothing(engine: Engine) -> None:
    done = fill(engine)
    kept = [Head(action.position, action.head) for action in done] + [Head(0, ZERO_HASH)]
    with reading(engine) as tx:
        assert verify(tx) == []
        assert verify(tx, heads=kept) == []
        assert parse_head(str(head(tx))) == head(tx)


def test_verify__random_tamperings__each_is_found(engine: Engine) -> None:
    fill(engine)
    dice = random.Random(20_261_126)
    found = missed = 0
    with transaction(engine) as tx:
        take_guards_away(tx)
        kept = head(tx)
        while found + missed < TAMPERINGS:
            tamper = dice.choice(ALONE + WITH_A_HEAD)
            save = tx.begin_nested()
            after = tampered(tx, tamper, dice)
            if after is not None:
                problems = verify(tx, heads=[] if tamper in ALONE else [kept])
                found, missed = found + bool(problems), missed + (not problems)
                assert problems, (tamper.__name__, after)
            save.rollback()
        assert verify(tx, heads=[kept]) == []
    assert (found, missed) == (TAMPERINGS, 0)


def test_verify__cut_or_written_anew__the_log_alone_cannot_know(engine: Engine) -> None:
    fill(engine)
    dice = random.Random(7)
    with transaction(engine) as tx:
        take_guards_away(tx)
        kept = head(tx)
        for tamper, code in ((cut_the_end, "action-cut"), (write_anew, "action-other")):
            save = tx.begin_nested()
            assert tampered(tx, tamper, dice) is not None
            assert verify(tx) == []
            assert [problem.code for problem in verify(tx, heads=[kept])] == [code]
            save.rollback()


def test_verify__heads_that_are_not_its_own__says_where(engine: Engine) -> None:
    fill(engine)
    wrong = b"\x01" * 32
    with reading(engine) as tx:
        found = verify(tx, heads=[Head(3, wrong), Head(LENGTH + 1, wrong), Head(0, wrong)])
    assert [(problem.code, problem.subject) for problem in found] == [
        ("action-other", "action 3"), ("action-other", "action 0"), ("action-cut", f"action {LENGTH + 1}"),
    ]  # fmt: skip


def test_verify__an_edit_on_disk__is_found(engine: Engine) -> None:
    """One plain case to read: somebody who owns the database changes who did it."""
    fill(engine)
    with transaction(engine) as tx:
        take_guards_away(tx)
        tx.execute(update(actions).where(actions.c.position == 4).values(actor="key:9"))
        assert [(problem.code, problem.subject) for problem in verify(tx)] == [("action-digest", "action 4")]


@pytest.mark.parametrize("wrong", ["", "4", "4:0x12", "04:0x" + "00" * 32, "x:0x" + "00" * 32])
def test_parse_head__no_head__is_refused(wrong: str) -> None:
    with pytest.raises(errors.InvalidOperation, match="loyaltychain actions head"):
        parse_head(wrong)
