"""read_decided: up to where everything is decided on
├── given a programme without behaviours: as far as rules have come
├── given behaviours, and rules alone that have come so far: nothing yet
└── given both: as far as the fold has come
"""

from loyaltychain.db.engine import reading
from loyaltychain.operations.conduct.step import conduct_step, read_decided
from loyaltychain.operations.earn import earn_step
from tests.operations.conduct.forum import NOW, forum, history, take
from tests.program.builders import make_program


def decided(engine) -> int:
    with reading(engine) as tx:
        return read_decided(tx)


def test_decided__no_behaviours__as_far_as_rules_are(database) -> None:
    take(database, *history())
    assert decided(database) == 0
    earn_step(database, make_program(), now=NOW, limit=5)
    assert decided(database) == 5
    assert conduct_step(database, make_program(), now=NOW).work == 0
    assert decided(database) == 5


def test_decided__behaviours__as_far_as_the_fold_is(database) -> None:
    take(database, *history())
    earn_step(database, forum(), now=NOW)
    assert decided(database) == 0
    conduct_step(database, forum(), now=NOW, limit=5)
    assert decided(database) == 5
