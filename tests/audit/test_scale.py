"""What keeps an audit of many members quick and small

given many events
└── entries without an event are found by an index, not by reading all events for each   (on SQLite, by its plan)
given another process for checks
└── it answers what is answered here, in order, and what a check raises is raised
given balances that change and are put back
└── words, roots, supply and members are those before
"""

import operator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, event, text

from loyaltychain.audit.balances import Balances
from loyaltychain.audit.helper import ALONE, helped
from loyaltychain.audit.store import read_causeless
from loyaltychain.db.engine import reading
from tests.database import fresh_database


def test_read_causeless__on_sqlite__finds_events_by_an_index() -> None:
    engine = fresh_database("sqlite")
    asked: list[str] = []
    with reading(engine) as tx:
        event.listen(tx, "before_cursor_execute", lambda *call: asked.append(call[2]))
        assert read_causeless(tx) == []
        plan = _explain(tx, asked[0])
    engine.dispose()

    joined = [line for line in plan if " c " in f"{line} " or line.endswith(" c")]
    assert joined, plan
    assert all(line.startswith("SEARCH c USING AUTOMATIC") for line in joined if "LEFT-JOIN" in line), plan


def _explain(tx: Connection, query: str) -> list[str]:
    return [str(row[-1]) for row in tx.execute(text("EXPLAIN QUERY PLAN " + query.replace(":", r"\:")))]


def test_helper__another_process__answers_as_this_one(tmp_path: Path) -> None:
    with helped(processes=2) as helper:
        answers = [helper.run(divmod, number, 7) for number in range(20)]
        failing = helper.run(operator.truediv, 1, 0)

        assert [answer() for answer in answers] == [ALONE.run(divmod, number, 7)() for number in range(20)]
        with pytest.raises(ZeroDivisionError):
            failing()


CHANGES = st.dictionaries(st.integers(1, 40), st.integers(-20, 2**31), max_size=8)


@given(st.lists(CHANGES, max_size=6))
@settings(deadline=None, max_examples=100)
def test_balances__put_back__are_those_before(steps: list[dict[int, int]]) -> None:
    balances = Balances()
    undone = []
    for step in steps:
        changes = sorted((member, delta) for member, delta in step.items() if delta)
        before = (dict(balances.of), balances.root, balances.supply, balances.word_indexes)
        undone.append((balances.save(changes), before))
        balances.apply(changes)

        assert balances.supply == sum(balances.of.values())
        assert len(balances.of) == len(list(balances.of))
    for undo, before in reversed(undone):
        balances.restore(undo)

        assert (dict(balances.of), balances.root, balances.supply, balances.word_indexes) == before
