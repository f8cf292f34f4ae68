"""find_fate: in words, what became of an event: its outcome, that it waits, or that there is none."""

from sqlalchemy import Engine

from loyaltychain.db.engine import reading, transaction
from loyaltychain.events.capture import capture
from loyaltychain.operations.earn import earn_step
from loyaltychain.operations.store import find_fate
from tests.operations.builders import NOW, purchase, redemption
from tests.program.builders import make_program


def test_find_fate__each_kind__in_words(database: Engine) -> None:
    with transaction(database) as tx:
        capture(tx, [purchase(1), redemption(1, points=900)], received_at=NOW)
    with reading(database) as tx:
        assert find_fate(tx, "shop", "INV-1") == "This event waits to be worked off: loyaltychain run --once."

    earn_step(database, make_program(), now=NOW)

    with reading(database) as tx:
        assert find_fate(tx, "shop", "INV-1").startswith("15 points. ")
        assert find_fate(tx, "shop", "RED-1") == ("Refused: 900 points wanted, 15 available.")
        assert find_fate(tx, "shop", "INV-2").startswith("There is no event of this id.")
