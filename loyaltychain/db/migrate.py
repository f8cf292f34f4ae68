"""Bring a database to this release's tables. Forward only: there is no way down."""

from sqlalchemy import Engine, column, inspect, select, table
from sqlalchemy.schema import CreateSchema

from loyaltychain.db.engine import Tx, open_database, reading, schema_of, transaction
from loyaltychain.db.lock import lock
from loyaltychain.db.migrations import NEWEST

_VERSION = table("alembic_version", column("version_num"))


def migrate(engine: Engine) -> None:
    """Create or update every table and trigger, in one transaction. Does nothing when all is there already.

    Two processes may start at once: the second waits, and finds the work done. The schema that the URL names is
    created where it is missing.

    Raises:
        DatabaseBusy: another process kept the database for too long.
    """
    with reading(engine) as tx:
        if read_version(tx) == NEWEST:
            return
    from alembic import command  # loaded by those who need it: every command opens the database
    from alembic.config import Config

    with transaction(engine) as tx:
        lock(tx, "db.migrate")
        create_schema(tx)
        config = Config()
        config.set_main_option("script_location", "loyaltychain.db:migrations")
        config.attributes["tx"] = tx
        command.upgrade(config, "head")


def read_version(tx: Tx) -> str | None:
    """The last step that the database has; None where there are no tables of ours."""
    if not inspect(tx).has_table(_VERSION.name):
        return None
    version: str | None = tx.execute(select(_VERSION.c.version_num)).scalar_one_or_none()
    return version


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
