"""A scratch database: who the members are and what happened, copied into memory, so that the steps can run on it anew.

What they decide there touches nothing else. Points that people moved by hand, and redemptions that apps made without
an event, are not events and are not copied. Members who went over are the survivors' from the beginning.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Engine, Table, func, select

from loyaltychain.db.bulk import fetch, insert_rows
from loyaltychain.db.engine import Tx, open_database, transaction
from loyaltychain.db.migrate import migrate
from loyaltychain.events.attest import attestations
from loyaltychain.events.links import member_link_ends, member_links
from loyaltychain.events.tables import events, member_aliases, member_closures, members
from loyaltychain.operations.conduct.tables import actor_roles
from loyaltychain.operations.proofs.tables import proof_decisions

PEOPLE: Final = (members, member_aliases, member_closures, member_links, member_link_ends)
DECIDED: Final = (attestations, proof_decisions, actor_roles)
_ROWS_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class Scratch:
    """The scratch database and the one that it is a copy of. ``last``: the position of the last event there is."""

    engine: Engine
    source: Tx
    last: int

    def copy_events(self, *, after: int, upto: int) -> int:
        """Copy the events at these positions. Answers how many there are."""
        count = 0
        place = events.c.position
        for begin in range(after, upto, _ROWS_AT_ONCE):
            query = select(events).where(place > begin, place <= min(begin + _ROWS_AT_ONCE, upto)).order_by(place)
            rows = fetch(self.source, query)
            with transaction(self.engine) as tx:
                insert_rows(tx, events, rows)
            count += len(rows)
        return count

    def copy_decided(self) -> None:
        """Copy what was decided about the events, all of which are copied: their proofs, and who spoke as what."""
        self.copy_tables(*DECIDED)

    def copy_tables(self, *tables: Table) -> None:
        """Copy all rows of these tables."""
        with transaction(self.engine) as tx:
            for table in tables:
                insert_rows(tx, table, fetch(self.source, select(table)))


@contextmanager
def scratch_of(tx: Tx) -> Iterator[Scratch]:
    """A scratch database with the members of this snapshot, and none of its events yet. In memory: about 1 KB an
    event."""
    engine = open_database("sqlite://")
    try:
        migrate(engine)
        last = int(tx.execute(select(func.coalesce(func.max(events.c.position), 0))).scalar_one())
        scratch = Scratch(engine, tx, last)
        scratch.copy_tables(*PEOPLE)
        yield scratch
    finally:
        engine.dispose()
