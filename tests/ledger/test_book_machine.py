"""The same machine as in memory, through the database: what is loaded is what was in memory, and it proves itself.

Every movement is recorded, and recorded a second time, which changes nothing. EDGE_CASES 27: a sweep that runs twice.
"""

from typing import ClassVar

from hypothesis import settings
from hypothesis.stateful import initialize, invariant

from loyaltychain.db.engine import reading, transaction
from loyaltychain.ledger import book, store
from loyaltychain.ledger.checks import check_ledger
from loyaltychain.ledger.lots import Movement, Redemption
from loyaltychain.ledger.purse import Purse
from tests.database import ENGINES, fresh_database
from tests.ledger.builders import ANN
from tests.ledger.purse_machine import PurseMachine


class BookMachine(PurseMachine):
    engine_name: ClassVar[str]

    @initialize()
    def begin(self) -> None:
        self.database = fresh_database(self.engine_name)
        super().begin()

    def keep(self, movements: list[Movement]) -> None:
        with transaction(self.database) as tx:
            book.record(tx, movements)
        with transaction(self.database) as tx:
            book.record(tx, movements)
            loaded = book.load_purses(tx, [ANN])[ANN]
        assert state_of(loaded) == state_of(self.purse)
        self.purse = loaded

    def find_award(self, award: str) -> None:
        with reading(self.database) as tx:
            self.purse.adopt(book.lots_of_awards(tx, {award: []}))

    def find_redemption(self, id_: str) -> Redemption:
        with reading(self.database) as tx:
            [redemption] = book.find_redemptions(tx, entry_ids=[id_])
            self.purse.adopt(book.lots_by_id(tx, [lot for lot, _ in redemption.draws]))
        return redemption

    @invariant()
    def the_ledger_proves_itself(self) -> None:
        with reading(self.database) as tx:
            assert check_ledger(tx) == []

    @invariant()
    def who_is_due_is_found(self) -> None:
        due = self.purse.next_due()
        with reading(self.database) as tx:
            assert book.members_due(tx, self.now, 10) == ([ANN] if due is not None and due <= self.now else [])

    def teardown(self) -> None:
        """At no position of the ledger is her lane on chain below zero."""
        with transaction(self.database) as tx:
            placed = store.read_entries(tx, 0, store.head(tx).position)
        owned = 0
        for each in placed:
            for posting in each.entry.postings:
                owned -= posting.amount * posting.source.endswith((":available", ":held"))
                owned += posting.amount * posting.destination.endswith((":available", ":held"))
            assert owned >= 0, each.entry.id
        assert owned == self.purse.owned
        self.database.dispose()


def state_of(purse: Purse) -> tuple:
    lots = sorted((lot for lot in purse.lots if lot.remaining), key=lambda lot: lot.id)
    holds = sorted(purse.holds, key=lambda hold: hold.id)
    return lots, holds, purse.debt, purse.owned, purse.pending


for _engine in ENGINES:
    _machine = type(f"BookMachine_{_engine}", (BookMachine,), {"engine_name": _engine})
    _machine.TestCase.settings = settings(max_examples=12, stateful_step_count=25, deadline=None)
    globals()[f"TestBook_{_engine}"] = _machine.TestCase
