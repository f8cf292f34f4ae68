"""Checkpoints
├── of any history that grows: few, the newest all there, and from any fact the next one back is not far
└── kept: those that are too many go, and no other member's
"""

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from loyaltychain.db.engine import reading, transaction
from loyaltychain.operations.conduct.state_store import EVERY, too_many, write_checkpoints
from loyaltychain.operations.conduct.tables import fold_checkpoints


@given(st.lists(st.integers(1, 40), min_size=1, max_size=60))
def test_too_many__history_grows_run_by_run__few_and_never_far(runs) -> None:
    kept: set[int] = set()
    newest = 0
    for more in runs:
        kept |= {newest + EVERY * (number + 1) for number in range(more)}
        newest += EVERY * more
        kept -= set(too_many(kept))

    assert newest in kept
    assert len(kept) <= 4 * (newest // EVERY).bit_length() + 4
    for late_by in range(EVERY, newest, EVERY):
        before = max((facts for facts in kept if facts <= newest - late_by), default=0)
        assert newest - before <= 2 * late_by + EVERY * 4


def test_write_checkpoints__too_many__only_hers_go(database) -> None:
    with transaction(database) as tx:
        write_checkpoints(tx, {}, {7: [(60 * n, EVERY * n, "{}") for n in range(1, 41)], 8: [(60, EVERY, "{}")]})
    with reading(database) as tx:
        rows = tx.execute(select(fold_checkpoints.c.member, fold_checkpoints.c.facts)).all()

    hers = [row.facts // EVERY for row in rows if row.member == 7]
    assert {40, 39, 38, 37} <= set(hers)
    assert 5 <= len(hers) < 20
    assert [row.facts for row in rows if row.member == 8] == [EVERY]
