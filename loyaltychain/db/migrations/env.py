"""What Alembic runs on each upgrade: the versions, in the transaction that ``migrate`` has opened."""

from alembic import context

context.configure(connection=context.config.attributes["tx"])
context.run_migrations()
