"""rebuild, where stored words, history and the switch to root mode are concerned

given more than 64 batches
└── older ones cannot be void, and words of older ones cannot be synced
given words synced of a batch that is void, unknown or long past, or in push mode
└── it finds them
given a ledger that was switched
├── when root and batch are true
│   └── stored words are those of the last push batch, and Rice codes are read from then on
└── when they are not
    └── it finds that
"""

from typing import Any

import pytest

from loyaltychain.audit.manifest import PUSH, Mode
from tests.audit.builders import History, word
from tests.audit.test_fold import LIE, codes, rebuild_history
from tests.contracts.rice import encode_rice


def test_rebuild__more_than_64_batches__old_ones_cannot_be_void() -> None:
    history = History()
    for number in range(1, 67):
        history.settle({number: 1})
    history.sync(0, 2)
    history.sync(0, 1)

    rebuilt = rebuild_history(history)
    voided = History()
    voided.__dict__.update(history.__dict__)
    voided.logs = list(history.logs)
    voided.void(2)

    assert codes(rebuilt) == [("word-synced", "word 0")]
    assert rebuilt.checkpoint == rebuilt.genesis_hash
    assert codes(rebuild_history(voided))[-1] == ("void-unfounded", "batches 2 to 66")
    assert rebuilt.balances_before(3).of == {1: 1, 2: 1}


def test_rebuild__words_of_no_good_batch__are_found() -> None:
    history = History()
    history.settle({3: 5})
    history.settle({3: 1}, issued=2)
    history.void(2, 1)
    history.sync(0, 2)
    history.sync(0, 7)
    history.sync(0, 1)

    rebuilt = rebuild_history(history)

    assert [code for code, _ in codes(rebuilt)] == ["batch-voided", "word-synced", "word-synced"]
    assert rebuilt.stored is not None
    assert [(sync.before, sync.present) for sync in rebuilt.stored.syncs] == [(0, 5 << 96)]


def test_rebuild__words_synced_in_push_mode__are_found() -> None:
    history = History()
    history.settle({3: 5})
    history.sync(0, 1)

    assert codes(rebuild_history(history, mode=PUSH)) == [("word-synced", "word 0")]


def switched(**changes: Any) -> History:
    history = History()
    history.settle({3: 5, 17: 7})
    history.propose(changes.get("root"), batch_id=changes.get("batch_id"))
    history.activate(changes.get("activated"))
    history.settle({3: 1}, content=encode_rice({3: 1}))
    return history


def test_rebuild__a_switched_ledger__stores_the_last_push_batch() -> None:
    history = switched()
    history.sync(2, 2)

    rebuilt = rebuild_history(history, mode=PUSH)

    assert codes(rebuilt) == []
    assert rebuilt.mode == Mode("root", 3_600)
    assert [batch.mode.name for batch in rebuilt.batches] == ["push", "root"]
    assert [rebuilt.stored_word(index) for index in (0, 2, 5)] == [5 << 96, 7 << 32, 0]
    assert rebuilt.balances.word(0) == 6 << 96


@pytest.mark.parametrize("changes", [{"root": LIE, "activated": LIE}, {"batch_id": 9}, {"activated": LIE}])
def test_rebuild__a_switch_on_another_root__is_found(changes: dict[str, Any]) -> None:
    assert [code for code, _ in codes(rebuild_history(switched(**changes), mode=PUSH))] == ["switch-root"]


def test_rebuild__rice_codes_in_push_mode__are_malformed() -> None:
    history = History()
    history.settle({3: 1}, content=encode_rice({3: 1}))

    assert ("data-malformed", "batch 1") in codes(rebuild_history(history, mode=PUSH))


def test_rebuild__a_switch_cancelled__is_none() -> None:
    history = History()
    history.settle({3: 1})
    history.propose()
    assert rebuild_history(history, mode=PUSH).proposed is not None
    history.log("RootModeCancelled(uint32,address)", [word(0), bytes(32)])

    rebuilt = rebuild_history(history, mode=PUSH)

    assert (rebuilt.proposed, rebuilt.mode, codes(rebuilt)) == (None, PUSH, [])
