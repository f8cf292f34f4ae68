"""ingest_file and earn_step on real rows

given the first 20,000 lines of UCI Online Retail, where that folder is present
    points, returns and what is parked are those of a straight computation
    the same file again changes nothing
    in any order of arrival, in runs of a few events or of all, the end is the same
given the whole log, where LOYALTYCHAIN_TEST_FULL_LOG is set
    the totals are those that are published with this project
"""

import os
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import Engine

from loyaltychain.core.amounts import POINTS
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import reading
from loyaltychain.events.ingest import IngestReport, ingest_file
from loyaltychain.events.map import packaged_map
from loyaltychain.events.store import last_number, read_events
from loyaltychain.ledger.checks import check_ledger
from loyaltychain.ledger.store import balances
from loyaltychain.operations.parked import ReturnCounts, count_returns
from loyaltychain.operations.types import StepReport
from loyaltychain.program.load import parse_program, template
from tests import real_log
from tests.operations.builders import bare_database, everything, run_all, take
from tests.operations.order_builders import matched

LINES = 20_000
FULL = "LOYALTYCHAIN_TEST_FULL_LOG"
PROGRAM = parse_program(template("online_retail"))


def ingest(engine: Engine, path: Path) -> IngestReport:
    return ingest_file(
        engine,
        path,
        format="csv",
        event_map=packaged_map("online_retail"),
        received_at=UnixSeconds(1_767_268_800),
        rejects=path.with_suffix(".rejects"),
        chunk=700,
    )


def totals(steps: list[StepReport]) -> dict[str, int]:
    return {
        "issued": sum(step.issued for step in steps),
        "reversed": sum(step.reversed - step.reinstated for step in steps),
        "refused": sum(step.refused for step in steps),
        "owed": sum(step.owed for step in steps),
    }


def points_of_all(engine: Engine) -> list[int]:
    """What each member has available, by number."""
    with reading(engine) as tx:
        accounts = [f"member:{number}:available" for number in range(1, last_number(tx) + 1)]
        found = balances(tx, accounts, POINTS)  # type: ignore[arg-type]
    return [found.get(account, 0) for account in accounts]  # type: ignore[call-overload]


def test_earn_step__real_rows__as_a_straight_computation(engine: Engine, tmp_path: Path) -> None:
    path = real_log.slice_of_log(tmp_path, LINES)
    expected = real_log.compute(path)

    report = ingest(engine, path)
    steps = run_all(engine, program=PROGRAM, limit=300)

    assert (report.read, report.left_out, report.taken, report.rejected) == (
        expected.rows,
        expected.left_out,
        expected.events,
        0,
    )
    assert totals(steps) == {"issued": expected.issued, "reversed": expected.reversed, "refused": 0, "owed": 0}
    with reading(engine) as tx:
        counts = count_returns(tx)
        assert check_ledger(tx) == []
    assert (counts.in_full, counts.in_part, counts.not_at_all, counts.pieces_parked) == (
        expected.in_full,
        expected.in_part,
        expected.not_at_all,
        expected.pieces_parked,
    )
    assert sum(points_of_all(engine)) == expected.issued - expected.reversed

    before = everything(engine)
    assert ingest(engine, path).known == expected.events
    assert run_all(engine, program=PROGRAM) == []
    assert everything(engine) == before


@pytest.mark.parametrize("limit", [7, 100_000])
def test_earn_step__real_rows_shuffled__same_end(tmp_path: Path, limit: int) -> None:
    in_time, shuffled = bare_database(), bare_database()
    ingest(in_time, real_log.slice_of_log(tmp_path, LINES))
    expected = totals(run_all(in_time, program=PROGRAM))
    with reading(in_time) as tx:
        events = [each.event for each in read_events(tx, 0, LINES)]
    Random(limit).shuffle(events)

    take(shuffled, *events)
    found = totals(run_all(shuffled, program=PROGRAM, limit=limit))

    assert found == expected
    assert matched(shuffled) == matched(in_time)
    assert sorted(points_of_all(shuffled)) == sorted(points_of_all(in_time))
    for each in (in_time, shuffled):
        each.dispose()


def test_earn_step__whole_log__published_totals(tmp_path: Path) -> None:
    if FULL not in os.environ:
        pytest.skip(f"takes minutes: set {FULL}=1 to work the whole of UCI Online Retail off")
    path = real_log.slice_of_log(tmp_path, 1_000_000)
    engine = bare_database()

    report = ingest(engine, path)
    steps = run_all(engine, program=PROGRAM)

    assert (report.read, report.left_out, report.taken, report.rejected) == (541_909, 135_080, 22_190, 0)
    assert totals(steps) == {"issued": 8_715_721, "reversed": 515_936, "refused": 0, "owed": 0}
    with reading(engine) as tx:
        assert count_returns(tx) == ReturnCounts(8_905, 7_516, 54, 1_335, 23_970, 0, 0, 0, 0)
    points = points_of_all(engine)
    assert (sum(points), sum(each > 0 for each in points)) == (8_199_785, 4_327)
    engine.dispose()
