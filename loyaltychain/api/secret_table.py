"""Secrets of a project that its API needs and nobody else: the key that signs cursors."""

from sqlalchemy import Column, Table

from loyaltychain.db.tables import String, metadata

api_secrets = Table(
    "api_secrets",
    metadata,
    Column("name", String, primary_key=True),
    Column("secret", String, nullable=False),  # 0x hex
)
