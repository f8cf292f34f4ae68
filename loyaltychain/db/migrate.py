"""Bring a database to this release's tables. Forward only: there is no way down."""

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine

from loyaltychain.db.engine import open_database, transaction
from loyaltychain.db.lock import lock


def migrate(engine: Engine) -> None:
    """Create or update every table and trigger, in one transaction. Does nothing when all is there already.

    Two processes may start at once: the second waits, and finds the work done.

    Raises:
        DatabaseBusy: another process kept the database for too long.
    """
    with transaction(engine) as tx:
        lock(tx, "db.migrate")
        config = Config()
        config.set_main_option("script_location", "loyaltychain.db:migrations")
        config.attributes["tx"] = tx
        command.upgrade(config, "head")


def open_migrated(url: str) -> Engine:
    """The database at ``url``, brought to this release's tables."""
    engine = open_database(url)
    migrate(engine)
    return engine
