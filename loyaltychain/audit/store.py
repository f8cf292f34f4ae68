"""The auditor's own reads of the project's database. Long tables come page by page, in key order.

Decides nothing and writes nothing. Texts that should be 0x hex come as they are; ``octets`` reads them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

from sqlalchemy import Connection, text

from loyaltychain.core.hashing import from_hex

PAGE: Final = 2_000

Row = Mapping[Any, Any]  # a database row by column name; the types are the database's


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """An entry as its rows hold it. ``content`` is None where a position has no entry."""

    position: int | None
    head: str | None
    entry_id: str
    content: Row | None
    postings: Sequence[Row]


_POSITIONED = text(
    "SELECT p.position, p.entry_id, p.head, e.id, e.kind, e.member, e.cause, e.rule, e.program, e.occurred_at,"
    " e.recorded_at, e.digest, e.details FROM entry_positions p LEFT JOIN entries e ON e.id = p.entry_id"
    " WHERE p.position > :after ORDER BY p.position LIMIT :page"
)
_UNPOSITIONED = text(
    "SELECT NULL AS position, e.id AS entry_id, NULL AS head, e.id, e.kind, e.member, e.cause, e.rule, e.program,"
    " e.occurred_at, e.recorded_at, e.digest, e.details FROM entries e"
    " WHERE NOT EXISTS (SELECT 1 FROM entry_positions p WHERE p.entry_id = e.id) AND e.id > :after"
    " ORDER BY e.id LIMIT :page"
)
_POSTINGS = text(
    "SELECT l.entry_id, l.line, l.source, l.destination, l.unit, l.amount FROM postings l"
    " JOIN entry_positions p ON p.entry_id = l.entry_id"
    " WHERE p.position > :after AND p.position <= :upto ORDER BY p.position, l.line"
)
_POSTINGS_OF = text(
    "SELECT entry_id, line, source, destination, unit, amount FROM postings WHERE entry_id = :entry_id ORDER BY line"
)


def read_positioned(tx: Connection) -> Iterator[StoredEntry]:
    """All entries that have a position, in order of it."""
    after = 0
    while page := tx.execute(_POSITIONED, {"after": after, "page": PAGE}).mappings().all():
        upto = int(page[-1]["position"])
        lines = tx.execute(_POSTINGS, {"after": after, "upto": upto}).mappings().all()
        postings = {entry_id: list(group) for entry_id, group in groupby(lines, key=lambda line: line["entry_id"])}
        for row in page:
            yield _stored(row, postings.get(row["entry_id"], []))
        after = upto


def read_unpositioned(tx: Connection) -> Iterator[StoredEntry]:
    """All entries that have no position yet, by id."""
    after = ""
    while page := tx.execute(_UNPOSITIONED, {"after": after, "page": PAGE}).mappings().all():
        for row in page:
            yield _stored(row, tx.execute(_POSTINGS_OF, {"entry_id": row["entry_id"]}).mappings().all())
        after = page[-1]["entry_id"]


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


def read_posting_sums(tx: Connection) -> dict[tuple[str, str], tuple[int, int]]:
    """(in, out) of every (account, unit) that a posting names."""
    query = text(
        "SELECT account, unit, CAST(SUM(came) AS BIGINT) AS came, CAST(SUM(went) AS BIGINT) AS went FROM ("
        "SELECT destination AS account, unit, amount AS came, 0 AS went FROM postings UNION ALL "
        "SELECT source AS account, unit, 0 AS came, amount AS went FROM postings) AS moves GROUP BY account, unit"
    )
    return {(row.account, row.unit): (int(row.came), int(row.went)) for row in tx.execute(query)}


def read_events(tx: Connection) -> Iterator[Row]:
    """All sequenced events with their member's id and outcome, by position."""
    query = text(
        "SELECT p.position, p.source, p.id, e.type, e.occurred_at, e.payload, e.digest, m.member_id,"
        " o.outcome, o.entry_id, n.cause FROM event_positions p"
        " LEFT JOIN events e ON e.source = p.source AND e.id = p.id LEFT JOIN members m ON m.number = e.member"
        " LEFT JOIN outcomes o ON o.position = p.position LEFT JOIN entries n ON n.id = o.entry_id"
        " WHERE p.position > :after ORDER BY p.position LIMIT :page"
    )
    after = 0
    while page := tx.execute(query, {"after": after, "page": PAGE}).mappings().all():
        yield from page
        after = int(page[-1]["position"])


def read_causeless(tx: Connection) -> list[tuple[str, str]]:
    """(entry, cause) of every award and take-back whose cause is no event; an award's must have posted it.

    A return may have waited for its order, so what it takes back need not be its own outcome. Redemptions and what
    else an app asks for by a call have no event.
    """
    query = text(
        "SELECT n.id, n.cause FROM entries n LEFT JOIN (SELECT p.source || '/' || p.id AS cause, o.outcome"
        " FROM event_positions p JOIN outcomes o ON o.position = p.position) c ON c.cause = n.cause"
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


def _stored(row: Row, postings: Sequence[Row]) -> StoredEntry:
    return StoredEntry(
        position=row["position"],
        head=row["head"],
        entry_id=row["entry_id"],
        content=row if row["id"] is not None else None,
        postings=postings,
    )
