"""A batch and a published programme as rows, for what reports read of them."""

from sqlalchemy import Engine

from loyaltychain.chain.tables import deployments, publications
from loyaltychain.core import canonical
from loyaltychain.core.hashing import to_hex
from loyaltychain.db.engine import transaction
from loyaltychain.program.types import Program
from loyaltychain.settlement.tables import batches


def settle(engine: Engine, upto: int) -> None:
    """A final batch of everything up to this position."""
    row = {
        "id": 1, "from_position": 1, "to_position": upto, "state": "final", "time": 10, "updates": 1, "issued": 7,
        "burned": 0, "supply": 7,
    } | dict.fromkeys(
        ("prev_hash", "balance_root", "receipt_root", "ledger_head", "program_hash", "data", "data_hash", "batch_hash"),
        "0x00",
    )  # fmt: skip
    with transaction(engine) as tx:
        tx.execute(batches.insert(), [row])


def publish(engine: Engine, program: Program) -> None:
    """The programme as it stands in the database when it is published."""
    with transaction(engine) as tx:
        tx.execute(deployments.insert(), [{"network": "local", "chain_id": 1, "genesis_hash": "0x0a",
                                           "instance_id": "0x0b", "manifest": "{}"}])  # fmt: skip
        tx.execute(publications.insert(), [{
            "network": "local", "number": 1, "from_position": 1, "digest": to_hex(program.digest),
            "document": canonical.encode_text(program.document), "block_number": 4,
        }])  # fmt: skip
