"""The auditor's own reads of the project's database. Long tables come page by page, in key order.

Decides nothing and writes nothing. Texts that should be 0x hex come as they are; ``octets`` reads them.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Literal, NamedTuple

from sqlalchemy import Connection, text

PAGE: Final = 2_000

Row = Mapping[Any, Any]  # a database row by column name; the types are the database's
OnCount = Callable[[int, int | None], None]  # (how many rows are dealt with, of how many where it is known)


class EntryRow(NamedTuple):
    """A row of ``entries``."""

    position: int
    id: str
    kind: str
    member: int | None
    cause: str
    rule: str | None
    program: str | None
    occurred_at: int
    recorded_at: int
    postings: str
    digest: str
    head: str
    details: str | None


_ENTRIES = text(
    f"SELECT {', '.join(EntryRow._fields)} FROM entries WHERE position > :after ORDER BY position LIMIT :page"  # noqa: S608 - names of ours
)


def read_entries(tx: Connection) -> Iterator[EntryRow]:
    """All entries, in order of their positions."""
    after = 0
    while page := tx.execute(_ENTRIES, {"after": after, "page": PAGE}).all():
        for row in page:
            yield EntryRow(*row)
        after = int(page[-1][0])


def read_batches(tx: Connection) -> list[Row]:
    """The batches by id, without their data, with the block in which the database saw each settled, if it did."""
    query = text(
        "SELECT b.id, b.state, b.batch_hash, b.prev_hash, i.block_number AS settled_in FROM batches b"
        " LEFT JOIN intents i ON (i.id = 'settle:' || b.id OR i.id LIKE 'settle:' || b.id || ':%')"
        " AND i.state = 'final' ORDER BY b.id"
    )
    return list(tx.execute(query).mappings())


def read_batch(tx: Connection, line: Row) -> Row:
    """The whole row of a batch that ``read_batches`` named."""
    row = tx.execute(text("SELECT * FROM batches WHERE id = :id"), {"id": line["id"]}).mappings().one()
    return {**row, "settled_in": line["settled_in"]}


def last_position(tx: Connection, table: Literal["entries", "events"]) -> int:
    """The last position that a table has; 0 when it is empty. For progress: nothing is counted."""
    query = {"entries": "SELECT MAX(position) FROM entries", "events": "SELECT MAX(position) FROM events"}[table]
    return tx.execute(text(query)).scalar() or 0


def read_voids(tx: Connection) -> list[Row]:
    """What the database saw voided on chain, by the first batch of each void."""
    return list(tx.execute(text("SELECT * FROM batch_voids ORDER BY first_id")).mappings())


def read_updates(tx: Connection, batch: int) -> list[tuple[int, int]]:
    """(member, delta) of a batch by ascending member."""
    query = text("SELECT member, delta FROM batch_updates WHERE batch = :batch ORDER BY member")
    return [(member, delta) for member, delta in tx.execute(query, {"batch": batch}).all()]


class ReceiptRow(NamedTuple):
    """A row of ``receipts``, and its member's key where there still is one."""

    index_: int
    member: int
    unit: str
    amount: int
    entry_id: str
    entry_digest: str
    salt: str
    leaf: str
    receipt_key: str | None


def read_receipts(tx: Connection, batch: int) -> list[ReceiptRow]:
    """A batch's receipts by index."""
    query = text(
        'SELECT r."index", r.member, r.unit, r.amount, r.entry_id, r.entry_digest, r.salt, r.leaf, k.key'
        " FROM receipts r LEFT JOIN receipt_keys k ON k.member = r.member"
        ' WHERE r.batch = :batch ORDER BY r."index"'
    )
    return [ReceiptRow(*row) for row in tx.execute(query, {"batch": batch}).all()]


def read_volumes(tx: Connection) -> Iterator[tuple[str, str, int, int]]:
    """(account, unit, total in, total out) that are cached for every account, in order of their names."""
    query = text(
        "SELECT account, unit, total_in, total_out FROM volumes WHERE (account, unit) > (:account, :unit)"
        " ORDER BY account, unit LIMIT :page"
    )
    account, unit = "", ""
    while page := tx.execute(query, {"account": account, "unit": unit, "page": PAGE}).all():
        for row in page:
            yield tuple(row)
        account, unit = page[-1][:2]


class EventRow(NamedTuple):
    """An event with its member's id, its outcome, and the cause of the entry that the outcome names."""

    position: int
    source: str
    id: str
    type: str
    occurred_at: int
    payload: str
    digest: str
    member_id: str | None
    outcome: str | None
    entry_id: str | None
    cause: str | None


def read_events(tx: Connection) -> Iterator[list[EventRow]]:
    """All events, by position, page by page."""
    query = text(
        "SELECT e.position, e.source, e.id, e.type, e.occurred_at, e.payload, e.digest, m.member_id,"
        " o.outcome, o.entry_id, n.cause FROM events e LEFT JOIN members m ON m.number = e.member"
        " LEFT JOIN outcomes o ON o.position = e.position LEFT JOIN entries n ON n.id = o.entry_id"
        " WHERE e.position > :after ORDER BY e.position LIMIT :page"
    )
    after = 0
    while page := tx.execute(query, {"after": after, "page": PAGE}).all():
        yield [EventRow(*row) for row in page]
        after = int(page[-1][0])


def read_stray_outcomes(tx: Connection) -> list[int]:
    """The positions at which an outcome stands and no event."""
    query = text(
        "SELECT o.position FROM outcomes o LEFT JOIN events e ON e.position = o.position"
        " WHERE e.position IS NULL ORDER BY o.position"
    )
    return [int(position) for (position,) in tx.execute(query)]


def read_causeless(tx: Connection) -> list[tuple[str, str]]:
    """(entry, cause) of every award and take-back whose cause is no event; an award's must have posted it.

    A return may have waited for its order, so what it takes back need not be its own outcome. What behaviours give
    (rules of a kind: ``behaviour:reply``) stands in no outcome; a tier's may come of another entry, which the source
    ``loyaltychain`` names, and time takes back what nobody let go. Redemptions and what else an app asks for by a call
    have no event.
    """
    # As TEXT, or SQLite sees no affinity, makes no index of it, and reads all events anew for each entry.
    query = text(
        "SELECT n.id, n.cause FROM entries n"
        " LEFT JOIN (SELECT CAST(e.source || '/' || e.id AS TEXT) AS cause, o.outcome"
        " FROM events e JOIN outcomes o ON o.position = e.position) c ON c.cause = n.cause"
        " WHERE n.kind IN ('earn', 'reverse', 'reinstate') AND CASE"
        " WHEN n.kind = 'earn' AND n.rule LIKE '%\\:%' THEN c.cause IS NULL AND n.cause NOT LIKE 'loyaltychain/%'"
        " WHEN n.kind <> 'earn' AND c.cause IS NULL THEN n.cause NOT LIKE 'clock/%'"
        " ELSE c.cause IS NULL OR (n.kind = 'earn' AND c.outcome <> 'posted') END ORDER BY n.id"
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
    if type(content) is not str or content[:2] != "0x":
        return b""
    try:
        return bytes.fromhex(content[2:])
    except ValueError:
        return b""
