"""Locks with a name, for steps that only one transaction at a time may take. Not for rows: rows lock themselves."""

import hashlib

from sqlalchemy import text

from loyaltychain.db.engine import Tx, schema_of

_LOCK = text("SELECT pg_advisory_xact_lock(:key)")


def lock(tx: Tx, name: str) -> None:
    """Hold the lock ``name`` until this transaction ends. On SQLite a write transaction already excludes all others.

    Programmes that share a database by schemas do not wait for each other.

    Raises:
        DatabaseBusy: another transaction kept it for too long.
    """
    if tx.dialect.name == "postgresql":
        tx.execute(_LOCK, {"key": lock_key(schema_of(tx), name)})


def lock_key(schema: str | None, name: str) -> int:
    """PostgreSQL's number for the advisory lock ``name`` of the programme in ``schema``: 64 bits, signed."""
    whole = name if schema is None else f"{schema}/{name}"
    return int.from_bytes(hashlib.sha256(whole.encode()).digest()[:8], signed=True)
