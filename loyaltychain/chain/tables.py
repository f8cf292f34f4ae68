"""Intents, their signed attempts, and which deployment this database belongs to."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Table

from loyaltychain.db.tables import Number, String, metadata

#: pending -> signed -> broadcast -> mined -> final; parked (dry run refused; nothing signed) and
#: reverted (final with status 0) are ends that an operator acts on.
INTENT_STATES = ("pending", "signed", "broadcast", "mined", "final", "parked", "reverted")

intents = Table(
    "intents",
    metadata,
    Column("id", String, primary_key=True),  # "settle:<n>", "deploy:<step>"
    Column("chain_id", Number, nullable=False),
    Column("signer", String, nullable=False),
    Column("target", String),  # null: a contract creation
    Column("calldata", String, nullable=False),
    Column("digest", String, nullable=False),  # of all above: the same id must mean the same thing
    Column("nonce", Number),  # taken once, kept by every attempt
    Column("state", String, CheckConstraint(
        "state IN ('pending','signed','broadcast','mined','final','parked','reverted')", name="state"), nullable=False),
    Column("reason", String),  # why parked or reverted
    Column("tx_hash", String),  # the attempt that was mined
    Column("block_number", Number),
    Column("block_hash", String),
    Column("gas_used", Number),
    Column("contract_address", String),  # of a creation, once mined
    Column("created_at", Number, nullable=False),
    Index("uq_intents_nonce", "chain_id", "signer", "nonce", unique=True),
)  # fmt: skip

attempts = Table(
    "attempts",
    metadata,
    Column("tx_hash", String, primary_key=True),  # computed here, never taken from a node
    Column("intent_id", String, ForeignKey("intents.id"), nullable=False, index=True),
    Column("raw", String, nullable=False),  # the signed bytes, stored before they are sent
    Column("gas", Number, nullable=False),
    Column("max_fee", Number, nullable=False),  # wei a gas
    Column("tip", Number, nullable=False),  # wei a gas
    Column("signed_at", Number, nullable=False),
)

foreign_nonces = Table(
    "foreign_nonces",
    metadata,
    Column("intent_id", String, ForeignKey("intents.id"), primary_key=True),  # the one that could not happen for that
    Column("chain_id", Number, nullable=False),
    Column("signer", String, nullable=False),
    Column("next_nonce", Number, nullable=False),  # of the first nonce that was free behind the foreign ones
    Column("at", Number, nullable=False),
)

settlement_log = Table(
    "settlement_log",
    metadata,
    Column("kind", String, CheckConstraint("kind IN ('batch','intent')", name="kind"), primary_key=True),
    Column("id", String, primary_key=True),
    Column("number", Number, primary_key=True, autoincrement=False),
    Column("at", Number, nullable=False),
    Column("was", String),  # null: it was made
    Column("became", String, nullable=False),
    Column("reason", String),
)

deployments = Table(
    "deployments",
    metadata,
    Column("network", String, primary_key=True),
    Column("chain_id", Number, nullable=False),
    Column("genesis_hash", String, nullable=False),
    Column("instance_id", String, nullable=False),  # random, written into the ledger contract
    Column("manifest", String, nullable=False),  # canonical JSON, as in deployments/<network>.json
)

publications = Table(
    "publications",
    metadata,
    Column("network", String, ForeignKey("deployments.network"), primary_key=True),
    Column("number", Number, primary_key=True, autoincrement=False),  # 1, 2, 3 …; the newest is in force
    Column("from_position", Number, nullable=False),
    Column("digest", String, nullable=False),
    Column("document", String, nullable=False),  # the programme as canonical JSON
    Column("block_number", Number, nullable=False),
)
