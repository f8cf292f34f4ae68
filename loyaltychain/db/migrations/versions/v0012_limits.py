"""Keys with rights, an end and a last use; and the buckets of tokens that all processes share."""

import sqlalchemy as sa
from alembic import op

from loyaltychain.db.migrations.parts import key, number, text

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; a key without ``scopes`` is of an older release and keeps what it could do."""
    op.add_column("api_keys", sa.Column("scopes", sa.Text(), nullable=True))
    op.add_column("api_keys", sa.Column("expires_at", sa.BigInteger(), nullable=True))
    op.add_column("api_keys", sa.Column("used_at", sa.BigInteger(), nullable=True))
    _guard("api_keys", "scopes", "expires_at")
    op.create_table(
        "rate_buckets",
        text("name"), number("level"), number("filled_at"),
        key("rate_buckets", "name"),
    )  # fmt: skip
    op.create_index("ix_rate_buckets_filled_at", "rate_buckets", ["filled_at"])


def _guard(table: str, *columns: str) -> None:
    """Refuse an UPDATE of these columns, beside the trigger that guards the older ones."""
    of = f"BEFORE UPDATE OF {', '.join(columns)} ON {table}"
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"CREATE TRIGGER no_update_rights_{table} {of} FOR EACH ROW EXECUTE FUNCTION refuse_change()")
        return
    op.execute(f"CREATE TRIGGER no_update_rights_{table} {of} BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END")
