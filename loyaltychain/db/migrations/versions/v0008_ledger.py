"""An entry is one row, which has its postings, its position and the head of the hash chain. Lots go by positions."""

import json
from itertools import groupby

import sqlalchemy as sa
from alembic import op

from loyaltychain.core import errors
from loyaltychain.db.migrations.guard import guard
from loyaltychain.db.migrations.last_positions import place_the_last
from loyaltychain.db.migrations.parts import check, key, number, position, text, unique

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_PAGE = 5_000
_GONE = ("postings", "entry_positions", "lots", "lot_moves")  # tables whose references go with them
_COLUMNS = "id, kind, member, cause, rule, program, occurred_at, recorded_at, digest, details"
_READ = sa.text(
    f"SELECT p.position, p.head, {', '.join('e.' + name for name in _COLUMNS.split(', '))},"  # noqa: S608 - ours
    " l.source, l.destination, l.unit, l.amount"
    " FROM entry_positions p JOIN old_entries e ON e.id = p.entry_id JOIN postings l ON l.entry_id = e.id"
    " WHERE p.position > :after AND p.position <= :upto ORDER BY p.position, l.line"
)
_WRITE = sa.text(
    f"INSERT INTO entries (position, {_COLUMNS}, postings, head) VALUES (:position,"  # noqa: S608 - ours
    f" {', '.join(':' + name for name in _COLUMNS.split(', '))}, :postings, :head)"
)
#: An award under the programme's own rule says by its entry what it is for.
_AWARD = (
    "CASE WHEN e.kind = 'earn' AND o.award = e.cause AND e.id = 'earn:' || e.cause || ':' || COALESCE(e.rule, '')"
    " THEN NULL ELSE o.award END"
)
_VIEW = {
    "sqlite": (
        "CREATE VIEW postings AS SELECT e.id AS entry_id, e.position AS position, j.key AS line,"
        " json_extract(j.value, '$.from') AS source, json_extract(j.value, '$.to') AS destination,"
        " json_extract(j.value, '$.unit') AS unit, json_extract(j.value, '$.amount') AS amount"
        " FROM entries e JOIN json_each(e.postings) j"
    ),
    "postgresql": (
        "CREATE VIEW postings AS SELECT e.id AS entry_id, e.position AS position, j.place - 1 AS line,"
        " j.line->>'from' AS source, j.line->>'to' AS destination,"
        " j.line->>'unit' AS unit, (j.line->>'amount')::bigint AS amount"
        " FROM entries e CROSS JOIN LATERAL jsonb_array_elements(e.postings::jsonb)"
        " WITH ORDINALITY AS j(line, place)"
    ),
}


def upgrade() -> None:
    """Carry every entry, lot and move over; what had no position yet gets one."""
    tx = op.get_bind()
    place_the_last(tx)
    others = _let_go(tx)
    for table in ("entries", "lots", "lot_moves"):
        op.execute(f"CREATE TABLE old_{table} AS SELECT * FROM {table}")  # noqa: S608 - ours
    for table in ("lot_moves", "lots", "entries"):
        op.drop_table(table)
    _create_entries()
    _create_lots()
    _fill(tx)
    for table in ("postings", "entry_positions", "old_entries", "old_lots", "old_lot_moves"):
        op.drop_table(table)
    if tx.dialect.name == "sqlite":
        op.drop_index("passing", "redemptions")
    for name, table, column in others:
        op.create_foreign_key(name, table, "entries", [column], ["id"])
    op.execute(_VIEW[tx.dialect.name])
    for table in ("entries", "lot_moves"):
        guard(table)
    guard("lots", "position", "member", "award", "earned_at", "expires_at", "due_at", "in_grace", "amount")
    op.drop_index("ix_redemptions_member", "redemptions")
    op.drop_index("ix_redemptions_reference", "redemptions")
    _partial("redemptions", "reference", "reference IS NOT NULL")


def _let_go(tx: sa.Connection) -> list[tuple[str, str, str]]:
    """Free the entries of what refers to them: (name, table, column) of the keys to be set again."""
    if tx.dialect.name == "sqlite":  # the rows of other tables find theirs again before the transaction ends
        op.execute("PRAGMA defer_foreign_keys = ON")
        op.create_index("passing", "redemptions", ["drawn_by"])  # else all of them are read for each entry that goes
        return []
    inspector, found = sa.inspect(tx), []
    for table in inspector.get_table_names():
        for reference in inspector.get_foreign_keys(table):
            if reference["referred_table"] in ("entries", "lots"):
                op.drop_constraint(str(reference["name"]), table)
                if table not in _GONE:
                    found.append((str(reference["name"]), table, reference["constrained_columns"][0]))
    return found


def _create_entries() -> None:
    op.create_table(
        "entries",
        position(), text("id"), text("kind"), number("member", null=True), text("cause"), text("rule", null=True),
        text("program", null=True), number("occurred_at"), number("recorded_at"), text("postings"), text("digest"),
        text("head"), text("details", null=True),
        key("entries", "position"), unique("entries", "id"), check("entries", "position", "position >= 1"),
    )  # fmt: skip
    op.create_index("ix_entries_member", "entries", ["member", "position"])


def _create_lots() -> None:
    op.create_table(
        "lots",
        position(), number("member"), text("award", null=True), number("earned_at"), number("expires_at", null=True),
        number("due_at", null=True), number("in_grace"), number("amount"), number("remaining"), number("expired"),
        text("returned_by", null=True),
        key("lots", "position"), check("lots", "in_grace", "in_grace IN (0, 1)"),
        check("lots", "amount", "amount > 0"),
        check("lots", "remaining", "remaining >= 0 AND expired >= 0 AND remaining + expired <= amount"),
    )  # fmt: skip
    _partial("lots", "member", "remaining > 0")
    _partial("lots", "award", "award IS NOT NULL")
    for column in ("expires_at", "due_at"):
        _partial("lots", column, f"remaining > 0 AND {column} IS NOT NULL")
    op.create_table(
        "lot_moves",
        position(), position("lot"), number("amount"),
        key("lot_moves", "position", "lot"), check("lot_moves", "amount", "amount <> 0"),
        sqlite_with_rowid=False,
    )  # fmt: skip


def _fill(tx: sa.Connection) -> None:
    last = tx.execute(sa.text("SELECT COALESCE(MAX(position), 0) FROM entry_positions")).scalar_one()
    for after in range(0, last, _PAGE):
        lines = tx.execute(_READ, {"after": after, "upto": after + _PAGE})
        rows = []
        for _, same in groupby(lines, key=lambda line: line.position):
            entry = list(same)
            moved = [
                {"amount": line.amount, "from": line.source, "to": line.destination, "unit": line.unit}
                for line in entry
            ]
            said = json.dumps(moved, ensure_ascii=False, separators=(",", ":"))  # plain names: canonical as it is
            rows.append({**entry[0]._mapping, "postings": said})
        tx.execute(_WRITE, rows)
    counts = [tx.execute(sa.text(f"SELECT COUNT(*) FROM {table}")).scalar_one() for table in ("old_entries", "entries")]  # noqa: S608 - ours
    if counts[0] != counts[1]:
        raise errors.InvariantError(
            "Entries without postings cannot be carried over.", had=counts[0], carried=counts[1]
        )
    tx.execute(
        sa.text(
            f"INSERT INTO lots SELECT e.position, o.member, {_AWARD}, o.earned_at, o.expires_at, o.due_at, o.in_grace,"  # noqa: S608 - ours
            " o.amount, o.remaining, o.expired, o.returned_by FROM old_lots o JOIN entries e ON e.id = o.id"
        )
    )
    tx.execute(
        sa.text(
            "INSERT INTO lot_moves SELECT e.position, l.position, m.amount FROM old_lot_moves m"
            " JOIN entries e ON e.id = m.entry_id JOIN entries l ON l.id = m.lot_id WHERE m.entry_id <> m.lot_id"
        )
    )


def _partial(table: str, column: str, condition: str) -> None:
    op.create_index(
        f"ix_{table}_{column}", table, [column], sqlite_where=sa.text(condition), postgresql_where=sa.text(condition)
    )
