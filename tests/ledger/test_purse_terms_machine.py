"""Lapses and conditions amid anything else that can happen to points, in memory and through the database.

EDGE_CASES 26 (what has run out cannot be spent, booked or not), 30 (only what the member does herself resets it).
"""

from typing import ClassVar

from hypothesis import settings
from hypothesis.stateful import initialize, rule

from loyaltychain.db.engine import transaction
from loyaltychain.events import identity
from loyaltychain.ledger import book, term_store
from loyaltychain.ledger.lots import Lapse
from tests.database import ENGINES
from tests.ledger.builders import ANN
from tests.ledger.purse_builders import START
from tests.ledger.purse_terms_machine import TermsMachine
from tests.ledger.test_book_machine import BookMachine

TestTerms = TermsMachine.TestCase
TestTerms.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)


class BookTermsMachine(TermsMachine, BookMachine):
    engine_name: ClassVar[str]

    @initialize()
    def begin(self) -> None:
        super().begin()
        with transaction(self.database) as tx:
            assert identity.join(tx, "ann", START) == ANN

    @rule()
    def sweep(self) -> None:
        """What is left of no lapse is not looked for again, until something comes back."""
        super().sweep()
        with transaction(self.database) as tx:
            term_store.close_lapses(tx, self.now)

    def warn(self, lapse: Lapse) -> None:
        with transaction(self.database) as tx:
            term_store.insert_lapse(tx, ANN, lapse)
            self.purse = book.load_purses(tx, [ANN])[ANN]


for _engine in ENGINES:
    _machine = type(f"BookTermsMachine_{_engine}", (BookTermsMachine,), {"engine_name": _engine})
    _machine.TestCase.settings = settings(max_examples=12, stateful_step_count=25, deadline=None)
    globals()[f"TestBookTerms_{_engine}"] = _machine.TestCase
del BookMachine
