"""run_demo on a real shop's log

given the first 20,000 lines of UCI Online Retail, where that folder is present
├── on SQLite and on PostgreSQL the totals are those of a straight computation, the books prove themselves, and the
│   audit is clean
└── shuffled within each day and with every row twice: the same totals
"""

from pathlib import Path

import pytest

from loyaltychain.demo.replay import Disturbance, replay
from loyaltychain.demo.run import Demo, run_demo
from loyaltychain.events.map import packaged_map
from loyaltychain.program.load import template
from tests.database import ENGINES, fresh_postgresql_url
from tests.real_log import compute, slice_of_log

LINES = 20_000


def play(log: Path, home: Path, disturbance: Disturbance, database: str | None) -> Demo:
    return run_demo(
        home,
        make_play=lambda folder: replay(
            log,
            event_map=packaged_map("online_retail"),
            program=template("online_retail"),
            folder=folder,
            disturbance=disturbance,
            on_row=lambda _: None,
        ),
        on_step=lambda *_: None,
        database=database,
    )


@pytest.mark.parametrize(
    ("disturbance", "engine"),
    [
        (Disturbance(), "sqlite"),
        (Disturbance(shuffle=7, twice=True), "sqlite"),
        *((Disturbance(), engine) for engine in ENGINES if engine != "sqlite"),
    ],
    ids=lambda value: value if isinstance(value, str) else "as it is" if value == Disturbance() else "shuffled, twice",
)
def test_run_demo__real_log__agrees_with_a_straight_computation(
    tmp_path: Path, disturbance: Disturbance, engine: str
) -> None:
    log = slice_of_log(tmp_path, LINES)
    expected = compute(log)
    times = 2 if disturbance.twice else 1

    demo = play(log, tmp_path / "home", disturbance, None if engine == "sqlite" else fresh_postgresql_url())

    document = demo.document()
    assert (document["rows"], document["left_out"]) == (times * expected.rows, times * expected.left_out)
    assert document["repeated"] == (times - 1) * (expected.rows - expected.left_out)
    assert (document["members"], document["events"]) == (expected.members, expected.events)
    assert (document["rejected"], document["known"], demo.done.refused) == (0, 0, 0)
    assert document["points_issued"] == expected.issued
    assert document["points_reversed"] == expected.reversed > 0
    assert document["points_outstanding"] == expected.issued - expected.reversed == demo.audit.supply
    assert (document["points_owed"], document["points_redeemed"], document["points_expired"]) == (0, 0, 0)
    assert document["returns_in_full"] == expected.in_full
    assert document["returns_in_part"] == expected.in_part
    assert document["returns_not_at_all"] == expected.not_at_all
    assert document["pieces_parked"] == expected.pieces_parked
    assert document["batches"] >= 2
    assert document["points_burned_on_chain"] > 0
    assert demo.is_clean
