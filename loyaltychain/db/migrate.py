"""Bring a database to this release's tables. Forward only: there is no way down."""

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, column, select, table
from sqlalchemy.schema import CreateSchema

from loyaltychain.db.engine import Tx, open_database, schema_of, transaction
from loyaltychain.db.lock import lock


def migrate(engine: Engine) -> None:
    """Create or update every table and trigger, in one transaction. Does nothing when all is there already.

    Two processes may start at once: the second waits, and finds the work done. The schema that the URL names is
    created where it is missing.

    Raises:
        DatabaseBusy: another process kept the database for too long.
    """
    with transaction(engine) as tx:
        lock(tx, "db.migrate")
        create_schema(tx)
        config = Config()
        config.set_main_option("script_location", "loyaltychain.db:migrations")
        config.attributes["tx"] = tx
        command.upgrade(config, "head")


def create_schema(tx: Tx) -> None:
    """Create the schema that the database's URL names, where it is missing."""
    schema = schema_of(tx)
    if schema is None:
        return
    namespaces = table("pg_namespace", column("nspname"), schema="pg_catalog")
    if tx.execute(select(namespaces.c.nspname).where(namespaces.c.nspname == schema)).first() is None:
        tx.execute(CreateSchema(schema))  # not IF NOT EXISTS: that asks for the right to create where there is one


def open_migrated(url: str) -> Engine:
    """The database at ``url``, brought to this release's tables."""
    engine = open_database(url)
    migrate(engine)
    return engine
