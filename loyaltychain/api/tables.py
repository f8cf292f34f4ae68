"""Keys of the API, answers that were given under an ``Idempotency-Key``, and the rates that all processes share."""

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
    Column("scopes", String),  # canonical JSON; null: a key of a release without scopes
    Column("expires_at", Number),  # exclusive
    Column("used_at", Number),  # to about a minute
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

rate_buckets = Table(
    "rate_buckets",
    metadata,
    Column("name", String, primary_key=True),  # no member's id: a hash of it
    Column("level", Number, nullable=False),  # tokens times the seconds in which the bucket fills
    Column("filled_at", Number, nullable=False, index=True),
)
