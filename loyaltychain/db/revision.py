"""Which release's tables a database has. Reads only; ``migrate`` brings it to this one's."""

from dataclasses import dataclass

from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from loyaltychain.db.engine import Tx


@dataclass(frozen=True, slots=True)
class Revision:
    """The database's revision beside the newest that this release knows."""

    found: str | None  # None: there are no tables of ours
    newest: str
    is_known: bool  # False: it was made by a later release

    @property
    def is_current(self) -> bool:
        return self.found == self.newest


def read_revision(tx: Tx) -> Revision:
    """How far the database is."""
    config = Config()
    config.set_main_option("script_location", "loyaltychain.db:migrations")
    scripts = ScriptDirectory.from_config(config)
    newest = scripts.get_current_head()
    assert newest is not None, "there is a first migration"
    found = MigrationContext.configure(tx).get_current_revision()
    known = {script.revision for script in scripts.walk_revisions()}
    return Revision(found, newest, found is None or found in known)
