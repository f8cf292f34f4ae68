"""enqueue
├── given a new id: the intent stands there, pending, addresses in lower case
├── given the same intent again: nothing changes
└── given a known id with any other content: IdempotencyConflict
read_intent
└── given an unknown id: InvariantError, or None from find_intent
next_nonce
├── given no nonce yet: 0
├── given nonces that somebody else used: the first one behind them
└── given nonces of several signers and chains: one more than the largest of this signer here
append_first_attempt
├── given a pending intent: nonce, bytes and state together
├── given an intent that is signed already: DatabaseBusy, and nothing is kept
└── given a nonce that the signer has used: ConstraintRefused, and nothing is kept
append_replacement
├── given a broadcast intent: a further attempt behind the first, and it waits to be sent
└── given an intent without a nonce: DatabaseBusy
set_broadcast, set_mined, set_final, set_reverted, set_parked
├── given the way to an end: each state and its facts
├── given an intent that can never happen: an end of its own, without a place in the chain
├── given a reorganisation: the place in the chain is forgotten
├── given any pair of states: exactly the listed transitions
└── given that somebody else has moved it: DatabaseBusy
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import product
from typing import Any, get_args

import pytest
from sqlalchemy import Engine

from loyaltychain.chain import outbox
from loyaltychain.chain.intents import TRANSITIONS, Intent, IntentState, Mined
from loyaltychain.core import errors
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import Tx, reading, transaction
from tests.chain.intent_builders import (
    BLOCK,
    CHAIN_ID,
    NONCE,
    SIGNER,
    TARGET,
    make_attempt,
    make_hash,
    make_intent,
    make_new_intent,
)
from tests.chain.outbox_rows import NOW, given_intent, read
from tests.database import ENGINES, fresh_database

MINED = Mined(make_hash(1), BLOCK, make_hash(BLOCK), gas_used=40_000, contract_address="0x" + "d4" * 20)


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    database = fresh_database(request.param)
    yield database
    database.dispose()


def test_enqueue__new_id__pending_intent(engine: Engine) -> None:
    with transaction(engine) as tx:
        is_new = outbox.enqueue(tx, make_new_intent(signer=SIGNER.upper().replace("X", "x")), now=NOW)

    assert is_new is True
    assert read(engine) == make_intent(state="pending", nonce=None, created_at=NOW)


def test_enqueue__creation__has_no_target(engine: Engine) -> None:
    with transaction(engine) as tx:
        outbox.enqueue(tx, make_new_intent(target=None), now=NOW)

    assert read(engine).target is None


def test_enqueue__same_again__changes_nothing(engine: Engine) -> None:
    given_intent(engine)

    with transaction(engine) as tx:
        is_new = outbox.enqueue(tx, make_new_intent(target=TARGET.upper().replace("X", "x")), now=UnixSeconds(2_000))

    assert is_new is False
    assert read(engine).created_at == NOW


@pytest.mark.parametrize(
    "changes",
    [
        {"chain_id": CHAIN_ID + 1},
        {"signer": TARGET},
        {"target": SIGNER},
        {"target": None},
        {"calldata": b"\x01\x02\x03\x05"},
    ],
)
def test_enqueue__other_content__conflict(engine: Engine, changes: dict[str, Any]) -> None:
    given_intent(engine)

    with pytest.raises(errors.IdempotencyConflict, match="settle:1"), transaction(engine) as tx:
        outbox.enqueue(tx, make_new_intent(**changes), now=NOW)


def test_read_intent__unknown_id__invariant_error(engine: Engine) -> None:
    with pytest.raises(errors.InvariantError, match="settle:9"):
        read(engine, "settle:9")
    with reading(engine) as tx:
        assert outbox.find_intent(tx, "settle:9") is None


def test_next_nonce__none_yet__zero(engine: Engine) -> None:
    given_intent(engine)

    with reading(engine) as tx:
        assert outbox.next_nonce(tx, CHAIN_ID, SIGNER) == 0


def test_next_nonce__several__one_more_than_the_largest_here(engine: Engine) -> None:
    for name, chain_id, signer, nonce in (
        ("a", CHAIN_ID, SIGNER, 3),
        ("b", CHAIN_ID, SIGNER, 4),
        ("c", CHAIN_ID, TARGET, 9),
        ("d", CHAIN_ID + 1, SIGNER, 8),
    ):
        given_intent(engine, id=name, chain_id=chain_id, signer=signer, nonce=nonce, state="final")

    with reading(engine) as tx:
        assert outbox.next_nonce(tx, CHAIN_ID, "0x" + SIGNER[2:].upper()) == 5


def test_next_nonce__used_by_somebody_else__behind_them(engine: Engine) -> None:
    given_intent(engine, state="reverted", nonce=3)
    given_intent(engine, id="settle:2", state="reverted")
    with transaction(engine) as tx:
        outbox.insert_foreign(tx, outbox.read_intent(tx, "settle:2"), next_nonce=7, now=NOW)

    with reading(engine) as tx:
        assert outbox.next_nonce(tx, CHAIN_ID, "0x" + SIGNER[2:].upper()) == 7
        assert outbox.next_nonce(tx, CHAIN_ID, TARGET) == 0


def test_append_first_attempt__pending__nonce_bytes_and_state_together(engine: Engine) -> None:
    given_intent(engine, state="parked", reason="Closed()")

    with transaction(engine) as tx:
        outbox.append_first_attempt(tx, make_attempt(), nonce=NONCE)

    assert read(engine) == make_intent(state="signed", nonce=NONCE, created_at=NOW)
    with reading(engine) as tx:
        assert outbox.read_attempts(tx, "settle:1") == [make_attempt()]
        assert outbox.find_in_flight(tx, CHAIN_ID, SIGNER) == "settle:1"


def test_append_first_attempt__signed_already__refused(engine: Engine) -> None:
    given_intent(engine)
    with transaction(engine) as tx:
        outbox.append_first_attempt(tx, make_attempt(1), nonce=NONCE)

    with pytest.raises(errors.DatabaseBusy, match="settle:1"), transaction(engine) as tx:
        outbox.append_first_attempt(tx, make_attempt(2), nonce=NONCE + 1)

    with reading(engine) as tx:
        assert outbox.read_attempts(tx, "settle:1") == [make_attempt(1)]


def test_append_first_attempt__nonce_used__refused(engine: Engine) -> None:
    given_intent(engine)
    with transaction(engine) as tx:
        outbox.append_first_attempt(tx, make_attempt(1), nonce=NONCE)
        outbox.enqueue(tx, make_new_intent(id="settle:2"), now=NOW)

    with pytest.raises(errors.ConstraintRefused), transaction(engine) as tx:
        outbox.append_first_attempt(tx, make_attempt(2, intent_id="settle:2"), nonce=NONCE)

    with reading(engine) as tx:
        assert outbox.read_attempts(tx, "settle:2") == []
    assert read(engine, "settle:2").state == "pending"


def test_append_replacement__broadcast__waits_to_be_sent(engine: Engine) -> None:
    given_intent(engine)
    with transaction(engine) as tx:
        outbox.append_first_attempt(tx, make_attempt(1), nonce=NONCE)
        outbox.set_broadcast(tx, outbox.read_intent(tx, "settle:1"), reason=None, now=NOW)

    with transaction(engine) as tx:
        outbox.append_replacement(tx, make_attempt(2))

    assert read(engine) == make_intent(state="signed", created_at=NOW)
    with reading(engine) as tx:
        assert outbox.read_attempts(tx, "settle:1") == [make_attempt(1), make_attempt(2)]


def test_append_replacement__without_nonce__refused(engine: Engine) -> None:
    given_intent(engine)

    with pytest.raises(errors.DatabaseBusy), transaction(engine) as tx:
        outbox.append_replacement(tx, make_attempt(2))


def test_set_states__to_an_end__each_with_its_facts(engine: Engine) -> None:
    given_intent(engine)
    place = {
        "tx_hash": MINED.tx_hash,
        "block_number": BLOCK,
        "block_hash": MINED.block_hash,
        "gas_used": 40_000,
        "contract_address": MINED.contract_address,
    }
    seen = []

    for move in (
        lambda tx, intent: outbox.set_parked(tx, intent, "Closed()", now=NOW),
        lambda tx, intent: outbox.append_first_attempt(tx, make_attempt(), nonce=NONCE),
        lambda tx, intent: outbox.set_reason(tx, intent, "busy"),
        lambda tx, intent: outbox.set_broadcast(tx, intent, reason=None, now=NOW),
        lambda tx, intent: outbox.set_mined(tx, intent, MINED, now=NOW),
        lambda tx, intent: outbox.set_final(tx, intent, MINED, now=NOW),
    ):
        with transaction(engine) as tx:
            move(tx, outbox.read_intent(tx, "settle:1"))
        seen.append(read(engine))

    signed = make_intent(state="signed", created_at=NOW)
    assert seen == [
        replace(signed, state="parked", reason="Closed()", nonce=None),
        signed,
        replace(signed, reason="busy"),
        replace(signed, state="broadcast"),
        replace(signed, state="mined", **place),
        replace(signed, state="final", **place),
    ]


def test_set_broadcast__after_reorganisation__forgets_the_place(engine: Engine) -> None:
    given_intent(engine)
    with transaction(engine) as tx:
        outbox.append_first_attempt(tx, make_attempt(), nonce=NONCE)
        outbox.set_mined(tx, outbox.read_intent(tx, "settle:1"), MINED, now=NOW)

    with transaction(engine) as tx:
        outbox.set_broadcast(tx, outbox.read_intent(tx, "settle:1"), reason="vanished", now=NOW)

    assert read(engine) == make_intent(state="broadcast", reason="vanished", created_at=NOW)


MOVES: dict[IntentState, Callable[[Tx, Intent], None]] = {
    "parked": lambda tx, intent: outbox.set_parked(tx, intent, "Closed()", now=NOW),
    "broadcast": lambda tx, intent: outbox.set_broadcast(tx, intent, reason=None, now=NOW),
    "mined": lambda tx, intent: outbox.set_mined(tx, intent, MINED, now=NOW),
    "final": lambda tx, intent: outbox.set_final(tx, intent, MINED, now=NOW),
    "reverted": lambda tx, intent: outbox.set_reverted(tx, intent, MINED, reason="Closed()", now=NOW),
}


@pytest.mark.parametrize("state", ["pending", "parked", "signed", "broadcast", "mined"])
def test_set_dead__any_state_but_an_end__ended_without_a_place(engine: Engine, state: IntentState) -> None:
    given_intent(engine, state=state, tx_hash="0x01", block_number=5, block_hash="0x02", gas_used=3)

    with transaction(engine) as tx:
        outbox.set_dead(tx, outbox.read_intent(tx, "settle:1"), reason="used by another", now=NOW)

    dead = read(engine)
    assert (dead.state, dead.reason, dead.is_dead) == ("reverted", "used by another", True)
    assert (dead.tx_hash, dead.block_number, dead.block_hash, dead.gas_used) == (None, None, None, None)
    with transaction(engine) as tx, pytest.raises(errors.DatabaseBusy):  # nothing is ever signed for it
        outbox.append_first_attempt(tx, make_attempt(), nonce=NONCE)


def test_set_states__any_pair__only_the_listed(engine: Engine) -> None:
    for was, to in product(get_args(IntentState), MOVES):
        name = f"{was}-{to}"
        given_intent(engine, id=name, state=was)
        with transaction(engine) as tx:
            if to in TRANSITIONS[was]:
                MOVES[to](tx, outbox.read_intent(tx, name))
            else:
                with pytest.raises(errors.InvariantError, match="no such transition"):
                    MOVES[to](tx, outbox.read_intent(tx, name))

        assert read(engine, name).state == (to if to in TRANSITIONS[was] else was)


def test_set_states__moved_by_somebody_else__busy(engine: Engine) -> None:
    given_intent(engine, state="broadcast", nonce=NONCE)
    stale = replace(read(engine), state="mined")

    with pytest.raises(errors.DatabaseBusy, match="settle:1"), transaction(engine) as tx:
        outbox.set_final(tx, stale, MINED, now=NOW)

    assert read(engine).state == "broadcast"
