"""The auditor's own reads of the project's database. Long tables come page by page, in key order.

Decides nothing and writes nothing. Texts that should be 0x hex come as they are; ``octets`` reads them.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from sqlalchemy import Connection, text

from loyaltychain.core.hashing import from_hex

PAGE: Final = 2_000

Row = Mapping[Any, Any]  # a database row by column name; the types are the database's


_ENTRIES = text("SELECT * FROM entries WHERE position > :after ORDER BY position LIMIT :page")


def read_entries(tx: Connection) -> Iterator[Row]:
    """All entries, in order of their positions."""
    after = 0
    while page := tx.execute(_ENTRIES, {"after": after, "page": PAGE}).mappings().all():
        yield from page
        after = int(page[-1]["position"])


def read_batches(tx: Connection) -> list[Row]:
    """The batches by id, with the block in which the database saw each settled, if it did."""
    query = text(
        "SELECT b.*, i.block_number AS settled_in FROM batches b"
        " LEFT JOIN intents i ON (i.id = 'settle:' || b.id OR i.id LIKE 'settle:' || b.id || ':%')"
        " AND i.state = 'final' ORDER BY b.id"
    )
    return list(tx.execute(query).mappings())


def read_voids(tx: Connection) -> list[Row]:
    """What the database saw voided on chain, by the first batch of each void."""
    return list(tx.execute(text("SELECT * FROM batch_voids ORDER BY first_id")).mappings())


def read_updates(tx: Connection, batch: int) -> list[tuple[int, int]]:
    """(member, delta) of a batch by ascending member."""
    query = text("SELECT member, delta FROM batch_updates WHERE batch = :batch ORDER BY member")
    return [(int(member), int(delta)) for member, delta in tx.execute(query, {"batch": batch})]


def read_receipts(tx: Connection, batch: int) -> list[Row]:
    """A batch's receipts by index, with their member's key where there still is one."""
    query = text(
        "SELECT r.*, k.key AS receipt_key FROM receipts r LEFT JOIN receipt_keys k ON k.member = r.member"
        ' WHERE r.batch = :batch ORDER BY r."index"'
    )
    return list(tx.execute(query, {"batch": batch}).mappings())


def read_volumes(tx: Connection) -> list[Row]:
    """The cached totals of every account."""
    return list(tx.execute(text("SELECT account, unit, total_in, total_out FROM volumes")).mappings())


def read_events(tx: Connection) -> Iterator[Row]:
    """All events with their member's id and outcome, by position."""
    query = text(
        "SELECT e.position, e.source, e.id, e.type, e.occurred_at, e.payload, e.digest, m.member_id,"
        " o.outcome, o.entry_id, n.cause FROM events e LEFT JOIN members m ON m.number = e.member"
        " LEFT JOIN outcomes o ON o.position = e.position LEFT JOIN entries n ON n.id = o.entry_id"
        " WHERE e.position > :after ORDER BY e.position LIMIT :page"
    )
    after = 0
    while page := tx.execute(query, {"after": after, "page": PAGE}).mappings().all():
        yield from page
        after = int(page[-1]["position"])


def read_stray_outcomes(tx: Connection) -> list[int]:
    """The positions at which an outcome stands and no event."""
    query = text(
        "SELECT o.position FROM outcomes o LEFT JOIN events e ON e.position = o.position"
        " WHERE e.position IS NULL ORDER BY o.position"
    )
    return [int(position) for (position,) in tx.execute(query)]


def read_causeless(tx: Connection) -> list[tuple[str, str]]:
    """(entry, cause) of every award and take-back whose cause is no event; an award's must have posted it.

    A return may have waited for its order, so what it takes back need not be its own outcome. Redemptions and what
    else an app asks for by a call have no event.
    """
    query = text(
        "SELECT n.id, n.cause FROM entries n LEFT JOIN (SELECT e.source || '/' || e.id AS cause, o.outcome"
        " FROM events e JOIN outcomes o ON o.position = e.position) c ON c.cause = n.cause"
        " WHERE n.kind IN ('earn', 'reverse', 'reinstate')"
        " AND (c.cause IS NULL OR (n.kind = 'earn' AND c.outcome <> 'posted')) ORDER BY n.id"
    )
    return [(entry_id, cause) for entry_id, cause in tx.execute(query)]


def read_publications(tx: Connection, network: str) -> list[Row]:
    """The published programmes of a network in their order."""
    query = text("SELECT * FROM publications WHERE network = :network ORDER BY number")
    return list(tx.execute(query, {"network": network}).mappings())


def read_deployment(tx: Connection, network: str) -> Row | None:
    """Which deployment the database says it belongs to; None when it has none on this network."""
    query = text("SELECT chain_id, genesis_hash, instance_id FROM deployments WHERE network = :network")
    return tx.execute(query, {"network": network}).mappings().one_or_none()


def octets(content: object) -> bytes:
    """The bytes of a 0x text; empty, which equals no hash, for anything else."""
    try:
        return from_hex(str(content))
    except ValueError:
        return b""
