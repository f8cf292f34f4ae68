"""check_acts
├── given acts of each kind as they were recorded: nothing
├── given any cell of their rows that is changed, a row taken out or one put in: told, with what the log says
├── given lines of the log that are no lines of ours: told, whatever they hold
├── given a second line of the log on one thing: the first one counts
└── given a line that an older version wrote: the row is held against what it says
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Column, Engine, Table, delete, insert, select, text, update
from sqlalchemy.sql import sqltypes

from loyaltychain.actions import log
from loyaltychain.actions.tables import actions
from loyaltychain.core.amounts import MemberNumber
from loyaltychain.db.engine import Tx, reading, transaction
from loyaltychain.events.links import member_link_ends, member_links
from loyaltychain.events.tables import member_closures
from loyaltychain.ledger.problems import Problem
from loyaltychain.operations.act_checks import check_acts
from loyaltychain.operations.approval_store import Approval, insert_request
from loyaltychain.operations.approvals import approve, propose_adjustment, reject
from loyaltychain.operations.identities import close
from loyaltychain.operations.own_events import CORRECTED
from loyaltychain.operations.people_tables import approval_ends, approvals, merge_lots
from loyaltychain.operations.shop_tables import corrections
from loyaltychain.operations.types import Bounds
from tests.operations.member_world import NOW, after, do, give, join
from tests.operations.people_world import part, tell, unite

TABLES: list[Table] = [
    approvals, approval_ends, member_links, member_link_ends, merge_lots, member_closures, corrections,
]  # fmt: skip
CELLS = [(table, column) for table in TABLES for column in table.columns if column is not merge_lots.c.place]
WHY: dict[str, Any] = {"reason": "well argued", "now": NOW}


def ask(engine: Engine, id_: str, member: MemberNumber, **changes: Any) -> None:
    said = {"points": 50, "reason": "goodwill", "actor": "eve", "bounds": Bounds(approve_above=5)}
    do(engine, propose_adjustment, **({"id_": id_, "member": member} | said | changes))


def say(engine: Engine, act: Callable[..., Approval], id_: str, **changes: Any) -> None:
    with transaction(engine) as tx:
        act(tx, **({"id_": f"app/{id_}", "actor": "adam"} | WHY | changes))


@pytest.fixture
def acted(engine: Engine) -> Engine:
    """Each kind of act was done: two adjustments approved, one rejected, one waits; a merge and its end, a closure."""
    ann, bob, cid = join(engine), join(engine, "bob"), join(engine, "cid")
    give(engine, bob, 30, "shop/1")
    ask(engine, "by-key", ann, key="key:k1", expires_at=after(9), may_owe=True)
    say(engine, approve, "by-key", key="key:k2")
    ask(engine, "by-hand", ann, points=-20)
    say(engine, approve, "by-hand")
    ask(engine, "no", ann)
    say(engine, reject, "no", actor="eve")
    ask(engine, "waits", ann)
    unite(engine, bob, ann)
    part(engine, bob)
    with transaction(engine) as tx:
        close(tx, member=cid, actor="eve", **WHY)
    tell(engine, "purchase", "S-1", "ann", {"amount": 700, "currency": "GBP"})
    corrected = {"corrects": {"source": "shop", "id": "S-1"}, "payload": {"amount": 900, "currency": "GBP"}}
    assert tell(engine, CORRECTED, "C-1", "ann", corrected)["corrects"] == "shop/S-1"
    return engine


@contextmanager
def unguarded(engine: Engine) -> Iterator[Tx]:
    """A transaction in which nothing keeps rows as they are; it is undone at the end."""
    with engine.connect() as tx, tx.begin() as begun:
        if engine.dialect.name == "postgresql":
            tx.execute(text("SET LOCAL session_replication_role = replica"))
        else:
            tx.execute(text("PRAGMA defer_foreign_keys = ON"))
            for name in tx.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars().all():
                tx.execute(text(f'DROP TRIGGER "{name}"'))
        yield tx
        begun.rollback()


def other_value(column: Column[Any], value: Any) -> Any:
    if column is approval_ends.c.verdict:
        return {"approved": "rejected", "rejected": "approved"}[value]
    if column is approvals.c.may_owe:
        return 1 - value
    if isinstance(column.type, sqltypes.Integer):
        return 7_000 if value is None else value + 1_000
    return f"{value or ''}x"


def test_acts__as_recorded__nothing(acted: Engine) -> None:
    with reading(acted) as tx:
        assert check_acts(tx) == []
        assert {table.name for table in TABLES if not tx.execute(select(table)).all()} == set()


@pytest.mark.parametrize(("table", "column"), CELLS, ids=str)
def test_acts__any_cell_changed__told(acted: Engine, table: Table, column: Column[Any]) -> None:
    with reading(acted) as tx:
        rows = [row._mapping for row in tx.execute(select(table).order_by(*table.primary_key.columns))]
    for row in rows:
        one = [each == row[each.name] for each in table.primary_key.columns]
        with unguarded(acted) as tx:
            done = tx.execute(update(table).where(*one).values({column: other_value(column, row[column.name])}))
            assert done.rowcount == 1
            assert check_acts(tx), dict(row)


@pytest.mark.parametrize("table", TABLES, ids=str)
def test_acts__row_taken_out__told(acted: Engine, table: Table) -> None:
    with reading(acted) as tx:
        rows = [row._mapping for row in tx.execute(select(table))]
    for row in rows:
        with unguarded(acted) as tx:
            tx.execute(delete(table).where(*(each == row[each.name] for each in table.primary_key.columns)))
            assert check_acts(tx), dict(row)


def test_acts__row_put_in__told_what_it_says(acted: Engine) -> None:
    forged = {"approval": "app/waits", "verdict": "approved", "actor": "adam", "decided_by": None, "reason": "mine",
              "decided_at": NOW}  # fmt: skip
    with unguarded(acted) as tx:
        tx.execute(insert(approval_ends), [forged])
        found = check_acts(tx)
    assert [each.code for each in found] == ["act-unlogged", "approval-entry"]
    assert (found[0].subject, found[0].expected) == ("verdict app/waits", "none")


def test_acts__approver_exchanged__each_difference_told(acted: Engine) -> None:
    with unguarded(acted) as tx:
        tx.execute(update(approval_ends).where(approval_ends.c.approval == "app/by-key").values(actor="zoe"))
        found = check_acts(tx)
    assert found == [
        Problem("act-differs", "verdict app/by-key: by", expected="adam", actual="zoe"),
        Problem("approval-entry", "adjustment app/by-key: approved_by", expected="adam", actual="zoe"),
    ]


@pytest.mark.parametrize("details", [None, "", "{", "[1]", '{"link":"x","lots":"y"}', '{"link":2.5,"lots":[],"by":[]}'])
def test_acts__line_that_is_none_of_ours__told(acted: Engine, details: str | None) -> None:
    with unguarded(acted) as tx:
        tx.execute(update(actions).values(details=details))
        assert {"act-missing", "act-unlogged"} <= {each.code for each in check_acts(tx)}
        tx.execute(update(actions).values(subject="", details=details))
        assert "act-twice" in {each.code for each in check_acts(tx)}


def test_acts__second_line__the_first_counts(acted: Engine) -> None:
    with unguarded(acted) as tx:
        tx.execute(update(member_closures).values(reason="another"))
        log.record(tx, actor="eve", action="member.close", subject="member:3", reason="another", at=NOW)
        assert [(each.code, each.actual) for each in check_acts(tx)] == [
            ("act-twice", f"action {log.head(tx).position}"), ("act-differs", "another"),
        ]  # fmt: skip


def test_acts__older_line__held_against_what_it_says(engine: Engine) -> None:
    ann, bob = join(engine), join(engine, "bob")
    asked = Approval("app/old", ann, 50, "goodwill", "eve", None, None, False, NOW, after(9), "pending", None, None,
                     None, None)  # fmt: skip
    unite(engine, bob, ann)
    with transaction(engine) as tx:
        insert_request(tx, asked)
        log.record(tx, actor="eve", action="adjustment.request", subject="entry:adjust:app/old", reason="goodwill",
                   at=NOW, details={"member": ann, "points": 50})  # fmt: skip
        assert check_acts(tx) == []
    with unguarded(engine) as tx:
        tx.execute(update(approvals).values(actor="zoe"))
        tx.execute(update(member_links).values(actor="zoe"))
        assert [(each.subject, each.actual) for each in check_acts(tx)] == [
            ("merge 1: actor", "zoe"), ("request app/old: by_or_key", "zoe"),
        ]  # fmt: skip
