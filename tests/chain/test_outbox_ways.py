"""What the database itself keeps of intents, and what the settlement log tells of them
├── given any pair of states, past the outbox: refused exactly where no such way is listed
├── given another nonce, content, or a deletion: refused
└── given a life with a replacement and a reorganisation: each transition has its line, one behind the other
"""

from collections.abc import Callable, Iterator
from itertools import product
from typing import get_args

import pytest
from sqlalchemy import Engine, select, text

from loyaltychain.chain import outbox
from loyaltychain.chain.intents import TRANSITIONS, Intent, IntentState, Mined
from loyaltychain.chain.settlement_log import read_transitions
from loyaltychain.chain.tables import intents
from loyaltychain.core import errors
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.hashing import to_hex
from loyaltychain.db.engine import Tx, reading, transaction
from tests.chain.intent_builders import BLOCK, NONCE, make_attempt, make_hash, make_new_intent
from tests.chain.outbox_rows import NOW, given_intent, read
from tests.database import ENGINES, fresh_database

MINED = Mined(make_hash(1), BLOCK, make_hash(BLOCK), gas_used=40_000, contract_address=None)


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    database = fresh_database(request.param)
    yield database
    database.dispose()


def test_update__any_pair_past_this_file__the_database_refuses_what_is_not_listed(engine: Engine) -> None:
    states = get_args(IntentState)
    for was, to in product(states, states):
        name = f"{was}-{to}"
        given_intent(engine, id=name, state=was)
        change = text("UPDATE intents SET state = :to WHERE id = :name")
        if to == was or to in TRANSITIONS[was]:
            with transaction(engine) as tx:
                tx.execute(change, {"to": to, "name": name})
        else:
            with pytest.raises(errors.ConstraintRefused, match="no such transition"), transaction(engine) as tx:
                tx.execute(change, {"to": to, "name": name})


@pytest.mark.parametrize(
    "change", ["nonce = 6", "nonce = NULL", "calldata = '0x05'", "digest = '0x05'", "target = NULL"]
)
def test_update__of_a_nonce_or_content__refused(engine: Engine, change: str) -> None:
    given_intent(engine, state="signed", nonce=NONCE)

    with pytest.raises(errors.ConstraintRefused), transaction(engine) as tx:
        tx.execute(text(f"UPDATE intents SET {change}"))
    with pytest.raises(errors.ConstraintRefused), transaction(engine) as tx:
        tx.execute(text("DELETE FROM intents"))

    assert read(engine).nonce == NONCE


def test_settlement_log__a_whole_life__one_line_a_transition(engine: Engine) -> None:
    other = make_attempt(2, signed_at=UnixSeconds(1_060))
    moves: list[Callable[[Tx, Intent], None]] = [
        lambda tx, intent: outbox.set_parked(tx, intent, "Closed()", now=UnixSeconds(1_010)),
        lambda tx, intent: outbox.set_parked(tx, intent, "Closed()", now=UnixSeconds(1_020)),
        lambda tx, intent: outbox.append_first_attempt(tx, make_attempt(1, signed_at=UnixSeconds(1_030)), nonce=NONCE),
        lambda tx, intent: outbox.set_broadcast(tx, intent, reason="timeout", now=UnixSeconds(1_040)),
        lambda tx, intent: outbox.append_replacement(tx, other),
        lambda tx, intent: outbox.set_mined(tx, intent, MINED, now=UnixSeconds(1_070)),
        lambda tx, intent: outbox.set_broadcast(tx, intent, reason=None, now=UnixSeconds(1_080)),
        lambda tx, intent: outbox.set_final(tx, intent, MINED, now=UnixSeconds(1_090)),
    ]
    with transaction(engine) as tx:
        outbox.enqueue(tx, make_new_intent(), now=NOW)
        outbox.enqueue(tx, make_new_intent(), now=NOW)
    for move in moves:
        with transaction(engine) as tx:
            move(tx, outbox.read_intent(tx, "settle:1"))

    place = f"block {BLOCK} {to_hex(make_hash(BLOCK))}, transaction {to_hex(make_hash(1))}"
    with reading(engine) as tx:
        lines = read_transitions(tx, "intent", "settle:1")
        state = tx.execute(select(intents.c.state)).scalar_one()
    assert [(line.at, line.was, line.became, line.reason) for line in lines] == [
        (1_000, None, "pending", None),
        (1_010, "pending", "parked", "Closed()"),  # once, however often it is tried
        (1_030, "parked", "signed", f"nonce {NONCE}, transaction {to_hex(make_hash(1))}"),
        (1_040, "signed", "broadcast", "timeout"),
        (1_060, "broadcast", "signed", f"replaced by transaction {to_hex(make_hash(2))}"),
        (1_070, "signed", "mined", place),
        (1_080, "mined", "broadcast", None),
        (1_090, "broadcast", "final", place),
    ]
    assert (lines[-1].became, [line.number for line in lines]) == (state, [*range(1, 9)])
    with pytest.raises(errors.ConstraintRefused, match="append-only"), transaction(engine) as tx:
        tx.execute(text("UPDATE settlement_log SET reason = NULL"))
