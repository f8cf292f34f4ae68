"""migrate, given states in the form of a release before
└── every member is folded anew by the next run: nothing changes but the states, and a replay finds nothing
"""

from sqlalchemy import Engine, text

from loyaltychain.db.engine import reading, transaction
from loyaltychain.db.migrate import migrate
from loyaltychain.operations.conduct.tables import fold_states
from loyaltychain.reports.replay.verify import verify
from tests.operations.conduct.forum import DAY, NOW, asked, check, fold, forum, history, snapshot, take

OLD = '{"what": "another release kept"}'


def test_migrate__states_of_a_release_before__folded_anew(engine: Engine) -> None:
    take(engine, *history())
    fold(engine, forum())
    before = snapshot(engine)
    with transaction(engine) as tx:
        tx.execute(fold_states.update().values(document=OLD))
        tx.execute(text("UPDATE alembic_version SET version_num = '0019'"))

    migrate(engine)
    fold(engine, forum())

    check(engine)
    assert snapshot(engine) == before
    with reading(engine) as tx:
        found = verify(tx, now=NOW)
    assert (found.findings, found.waiting) == ([], 0)
    take(engine, asked("q9", "ann", 9 * DAY))
    fold(engine, forum())
    assert snapshot(engine) != before
    check(engine)
