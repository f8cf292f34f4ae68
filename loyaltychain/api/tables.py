"""Keys of the API, and the answers that were given under an ``Idempotency-Key``."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Table

from loyaltychain.db.tables import Number, String, metadata

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", String, primary_key=True),  # the part of the key that is no secret
    Column("name", String, nullable=False),
    Column("secret_hash", String, nullable=False),  # SHA-256, 0x hex
    Column("sources", String, nullable=False),  # canonical JSON: the event sources that it may write
    Column("manages", Number, CheckConstraint("manages IN (0, 1)", name="manages"), nullable=False),
    Column("created_at", Number, nullable=False),
    Column("revoked_at", Number),
)

idempotency_records = Table(
    "idempotency_records",
    metadata,
    Column("key_id", String, ForeignKey("api_keys.id"), primary_key=True),
    Column("route", String, primary_key=True),  # method and path
    Column("key", String, primary_key=True),  # the caller's
    Column("fingerprint", String, nullable=False),  # of the request's content
    Column("status", Number, nullable=False),
    Column("body", String, nullable=False),
    Column("created_at", Number, nullable=False, index=True),
)
