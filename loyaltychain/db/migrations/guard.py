"""Triggers that refuse to change what is a fact. PostgreSQL's function is of version 0002."""

from alembic import op


def guard(table: str, *columns: str) -> None:
    """Refuse every DELETE, and an UPDATE of these columns; without columns: of any."""
    of = f"OF {', '.join(columns)}" if columns else ""
    if op.get_bind().dialect.name == "postgresql":
        for change, limit, each in (("UPDATE", of, "ROW"), ("DELETE", "", "ROW"), ("TRUNCATE", "", "STATEMENT")):
            op.execute(
                f"CREATE TRIGGER no_{change.lower()}_{table} BEFORE {change} {limit} ON {table} "
                f"FOR EACH {each} EXECUTE FUNCTION refuse_change()"
            )
        return
    for change, limit in (("UPDATE", of), ("DELETE", "")):
        op.execute(
            f"CREATE TRIGGER no_{change.lower()}_{table} BEFORE {change} {limit} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )
