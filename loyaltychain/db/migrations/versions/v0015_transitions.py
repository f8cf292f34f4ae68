"""No batch and no intent goes a way that is not on the list, and each transition has a line in ``settlement_log``.

An intent's content never changes, and its nonce not once it has one. Rows that are inserted, as a restore does, may be
in any state.
"""

from alembic import op

from loyaltychain.db.migrations.guard import guard
from loyaltychain.db.migrations.parts import check, key, number, refers, text

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

BATCHES = (
    "sealed>submitted", "sealed>halted", "submitted>final", "submitted>halted", "halted>final", "halted>submitted",
    "sealed>void", "submitted>void", "halted>void", "final>void",
)  # fmt: skip
INTENTS = (
    "pending>signed", "pending>parked", "pending>reverted", "parked>signed", "parked>reverted", "signed>broadcast",
    "signed>mined", "signed>final", "signed>reverted", "broadcast>signed", "broadcast>mined", "broadcast>final",
    "broadcast>reverted", "mined>broadcast", "mined>final", "mined>reverted",
)  # fmt: skip
_CONTENT = ("id", "chain_id", "signer", "target", "calldata", "digest", "created_at")


def upgrade() -> None:
    """Create the two tables and the triggers."""
    op.create_table(
        "settlement_log",
        text("kind"), text("id"), number("number"), number("at"), text("was", null=True), text("became"),
        text("reason", null=True),
        key("settlement_log", "kind", "id", "number"),
        check("settlement_log", "kind", "kind IN ('batch','intent')"),
    )  # fmt: skip
    op.create_table(
        "foreign_nonces",
        text("intent_id"), number("chain_id"), text("signer"), number("next_nonce"), number("at"),
        key("foreign_nonces", "intent_id"), refers("foreign_nonces", "intent_id", "intents.id"),
    )  # fmt: skip
    guard("settlement_log")
    guard("foreign_nonces")
    guard("intents", *_CONTENT)
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION refuse_transition() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "RAISE EXCEPTION '% knows no such transition', TG_TABLE_NAME "
            "USING ERRCODE = 'integrity_constraint_violation'; END $$"
        )
    for table, ways in (("batches", BATCHES), ("intents", INTENTS)):
        listed = ", ".join(f"'{way}'" for way in ways)
        _refuse(table, "state", f"NEW.state <> OLD.state AND OLD.state || '>' || NEW.state NOT IN ({listed})")
    _refuse("intents", "nonce", "OLD.nonce IS NOT NULL AND (NEW.nonce IS NULL OR NEW.nonce <> OLD.nonce)")


def _refuse(table: str, column: str, when: str) -> None:
    head = f"CREATE TRIGGER only_listed_{column}_{table} BEFORE UPDATE OF {column} ON {table}"
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"{head} FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION refuse_transition()")
    else:
        op.execute(
            f"{head} FOR EACH ROW WHEN {when} BEGIN SELECT RAISE(ABORT, '{table} knows no such transition'); END"
        )
