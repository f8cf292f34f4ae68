"""The audit log's table. Append-only without exception."""

from sqlalchemy import CheckConstraint, Column, Table

from loyaltychain.db.tables import Number, String, metadata

actions = Table(
    "actions",
    metadata,
    Column("position", Number, CheckConstraint("position >= 1", name="position"), primary_key=True,
           autoincrement=False),
    Column("actor", String, nullable=False),  # "key:<id>", or how an operator calls herself
    Column("action", String, nullable=False),  # "key.new", "adjustment.approve"
    Column("subject", String, nullable=False),  # what it was done to: "member:17", "key:ab12", "period:3"
    Column("reason", String, nullable=False),
    Column("at", Number, nullable=False),
    Column("request_id", String),
    Column("details", String),  # canonical JSON: a number before and after, a digest
    Column("digest", String, nullable=False),
    Column("head", String, nullable=False),  # the hash chain up to and including this action
)  # fmt: skip
