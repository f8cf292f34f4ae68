"""The queries on publications. Decides nothing."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy import insert as insert_into

from loyaltychain.chain.intents import ENDS, NewIntent
from loyaltychain.chain.tables import intents, publications
from loyaltychain.core.hashing import from_hex, to_hex
from loyaltychain.db.engine import Tx
from loyaltychain.ledger.tables import entries


@dataclass(frozen=True, slots=True)
class Publication:
    """One programme, and the ledger position from which it counts."""

    number: int  # 1, 2, 3 …; the registry's index plus 1
    digest: bytes
    from_position: int


def insert(tx: Tx, network: str, publication: Publication, *, document: str, block_number: int) -> None:
    """Raises ConstraintRefused if the number is taken."""
    tx.execute(
        insert_into(publications).values(
            network=network,
            number=publication.number,
            from_position=publication.from_position,
            digest=to_hex(publication.digest),
            document=document,
            block_number=block_number,
        )
    )


def read_latest(tx: Tx, network: str) -> Publication | None:
    """The newest publication, whose rules count now; None before the first."""
    newest = (
        select(publications).where(publications.c.network == network).order_by(publications.c.number.desc()).limit(1)
    )
    row = tx.execute(newest).mappings().one_or_none()
    return None if row is None else Publication(row["number"], from_hex(row["digest"]), row["from_position"])


def read_latest_document(tx: Tx, network: str) -> str | None:
    """The newest publication's programme, as it was hashed; None before the first."""
    newest = (
        select(publications.c.document)
        .where(publications.c.network == network)
        .order_by(publications.c.number.desc())
        .limit(1)
    )
    found = tx.execute(newest).scalar_one_or_none()
    return None if found is None else str(found)


def next_position(tx: Tx) -> int:
    """The position that the next entry will get, also while some still wait for theirs."""
    return int(tx.execute(select(func.count()).select_from(entries)).scalar_one()) + 1


def read_begun(tx: Tx, prefix: str) -> list[NewIntent]:
    """The publications whose bytes were signed and whose end is not known: they may still happen by themselves.

    Args:
        prefix: What the ids of these intents begin with.
    """
    signed = (
        select(intents)
        .where(intents.c.id.startswith(prefix, autoescape=True))
        .where(intents.c.nonce.is_not(None), intents.c.state.not_in(ENDS))
        .order_by(intents.c.nonce)
    )
    return [
        NewIntent(row["id"], row["chain_id"], row["signer"], row["target"], from_hex(row["calldata"]))
        for row in tx.execute(signed).mappings()
    ]
