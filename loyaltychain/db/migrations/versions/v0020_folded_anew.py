"""States that acts were folded into are kept in another form: they are of no use, and every member is folded anew.

They hold nothing that events and decisions do not say; the next runs of the worker work them out again.
"""

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Set them aside, and the checkpoints."""
    op.execute("UPDATE fold_states SET is_stale = 1, due_at = NULL")
    op.execute("DELETE FROM fold_checkpoints")
