"""The end of an account: edge case 66

given a member with an open hold, a debt, or an adjustment that waits for a second person
    she is not closed, and the refusal says what is open and what to do
    when that is settled
        she is closed
given receipts of a member who was closed since
    they verify as before, and so does what is settled after them
given a leaf of hers
    without her key, nobody can try out whether an entry that he guesses is behind it
"""

import json

import pytest
from sqlalchemy import Engine

from loyaltychain.audit.receipt import verify_receipt
from loyaltychain.core import canonical, errors
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import reading, transaction
from loyaltychain.operations.adjust import adjust
from loyaltychain.operations.approvals import propose_adjustment, reject
from loyaltychain.operations.holds import hold, release
from loyaltychain.operations.identities import close
from loyaltychain.operations.redeem import redeem
from loyaltychain.operations.types import Bounds
from loyaltychain.settlement.receipts import show_receipt
from loyaltychain.settlement.salts import receipt_salt
from loyaltychain.settlement.seal import seal_step
from tests.edge_cases.story import number_of, points
from tests.operations.builders import NOW
from tests.operations.member_world import do, prove
from tests.operations.order_builders import Has, back, has, order, work
from tests.settlement.builders import DEPLOYMENT


def close_ann(engine: Engine) -> UnixSeconds:
    ann = number_of(engine)
    with transaction(engine) as tx:
        return close(tx, member=ann, reason="she asked for it", actor="eve@shop", now=NOW)


def refusal_of_close(engine: Engine) -> str:
    with pytest.raises(errors.CloseRefused) as refusal:
        close_ann(engine)
    assert refusal.value.message.endswith(("times out.", "pay them.", "decide on it first."))
    return str(refusal.value.context["code"])


def test_edge_66__open_hold_then_debt_then_approval__each_refuses_until_it_is_settled(database: Engine) -> None:
    work(database, order(1))
    ann = number_of(database)
    do(database, hold, id_="h", member=ann, points=30)
    assert refusal_of_close(database) == "open-hold"

    do(database, release, id_="h")
    do(database, redeem, id_="1", member=ann, points=40)
    work(database, back(1, 1, {"1": 3, "2": 1}))
    assert (has(database), refusal_of_close(database)) == (Has(0, owes=40), "debt")

    do(database, adjust, id_="a", member=ann, points=40, reason="written off", actor="eve@shop")
    do(database, propose_adjustment, id_="b", member=ann, points=900, reason="goodwill", actor="eve@shop",
       bounds=Bounds(approve_above=100))  # fmt: skip
    assert refusal_of_close(database) == "pending-approval"

    with transaction(database) as tx:
        reject(tx, id_="app/b", actor="adam@shop", reason="she leaves", now=NOW)
    assert close_ann(database) == NOW
    assert points(database, NOW).closed_at == NOW


def test_edge_66__receipts_of_a_closed_member__verify_as_before(database: Engine) -> None:
    work(database, order(1))
    prove(database)
    assert seal_step(database, DEPLOYMENT, now=NOW) is not None
    close_ann(database)
    work(database, order(2, member="bob"))
    prove(database)
    assert seal_step(database, DEPLOYMENT, now=NOW) is not None

    for entry in ("earn:shop/E-1:spend", "earn:shop/E-2:spend"):
        with reading(database) as tx:
            shown = json.loads(canonical.encode(show_receipt(tx, DEPLOYMENT, entry_id=entry)))
        assert verify_receipt(shown).ok
        guessed = receipt_salt(b"\x00" * 32, entry_digest=bytes.fromhex(shown["entry_digest"][2:]), unit="points")
        assert not verify_receipt(shown | {"salt": f"0x{guessed.hex()}"}).ok
