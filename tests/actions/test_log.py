"""record, read_actions, head
├── given an empty log: its head is position 0 and zeros
├── given some actions
│   ├── they are read newest first, page by page, of one action or subject
│   └── each head is SHA-256 of the one before, the position and the digest
├── given a transaction that rolls back: nothing is recorded, and the next one has its position
├── given two who record at once: one after the other, without a gap
└── given an empty or endless text, or a float: it is refused
"""

import hashlib
import threading

import pytest
from sqlalchemy import Engine

from loyaltychain.actions.log import Action, Head, head, read_actions, record
from loyaltychain.actions.verify import verify
from loyaltychain.core import canonical, errors
from loyaltychain.core.hashing import ZERO_HASH
from loyaltychain.db.engine import open_database, reading, transaction
from loyaltychain.db.migrate import migrate
from tests.actions.builders import fill, make_action
from tests.database import ENGINES, fresh_database


def test_head__empty__zeros(engine: Engine) -> None:
    with reading(engine) as tx:
        assert head(tx) == Head(0, ZERO_HASH)
        assert str(head(tx)) == "0:0x" + "00" * 32
        assert read_actions(tx) == []


def test_read_actions__some__newest_first(engine: Engine) -> None:
    done = fill(engine)
    with reading(engine) as tx:
        assert read_actions(tx) == done[::-1]
        assert read_actions(tx, before=5, limit=2) == [done[3], done[2]]
        assert read_actions(tx, subject="reward:7") == [done[6]]
        assert read_actions(tx, action="key.new") == []
        assert head(tx) == Head(12, done[-1].head)


def test_record__chain__as_it_is_said(engine: Engine) -> None:
    done = fill(engine, 3)
    chain = ZERO_HASH
    for number, action in enumerate(done, start=1):
        said = {"request_id": None, "details": None} | make_action(number)
        assert action.digest == hashlib.sha256(canonical.encode(said)).digest()
        chain = hashlib.sha256(chain + number.to_bytes(8) + action.digest).digest()
        assert (action.position, action.head) == (number, chain)


def test_record__rolled_back__leaves_nothing(engine: Engine) -> None:
    fill(engine, 1)
    with pytest.raises(errors.InvalidOperation), transaction(engine) as tx:
        assert [record(tx, **make_action(2)).position, record(tx, **make_action(3, reason=""))] == []
    with transaction(engine) as tx:
        assert record(tx, **make_action(3)).position == 2
        assert verify(tx) == []


@pytest.mark.parametrize("engine_name", ENGINES)
def test_record__at_once__no_gap(engine_name: str, tmp_path) -> None:
    if engine_name == "sqlite":
        shared = open_database(f"sqlite:///{tmp_path / 'log.db'}")
        migrate(shared)
    else:
        shared = fresh_database(engine_name)
    done: list[Action] = []
    start = threading.Barrier(4)

    def work(first: int) -> None:
        start.wait()
        for number in range(first, first + 10):
            with transaction(shared) as tx:
                done.append(record(tx, **make_action(number)))

    threads = [threading.Thread(target=work, args=(n * 10,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with reading(shared) as tx:
        assert verify(tx) == []
        assert head(tx).position == 40
    assert sorted(action.position for action in done) == list(range(1, 41))
    shared.dispose()


@pytest.mark.parametrize(
    "changes", [{"reason": " "}, {"actor": ""}, {"subject": "x" * 501}, {"action": "a\x00b"}], ids=str
)
def test_record__text_that_says_nothing__is_refused(engine: Engine, changes) -> None:
    with pytest.raises(errors.InvalidOperation, match="text of 1 to 500"), transaction(engine) as tx:
        record(tx, **make_action(1, **changes))
